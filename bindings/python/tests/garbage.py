"""The garbage collector takes nothing that the library may still call, and nothing leaks."""

import gc
import threading
from typing import Any, List

from gateway import NEVER_PAID, PAID, PATIENCE_S, client, sale
from upay import Event, Outcome, Status, _callback, _client

ROUNDS = 15


class Till:
    """A reference cycle that only the collector can free: the client's callbacks refer to the client's owner."""

    def __init__(self, number: int) -> None:
        self.client = client(f"garbage{number}", pay_timeout_ms=600000).start()
        self.ring = self
        self.heard = 0

    def hear(self, event: Event) -> None:
        self.heard += 1
        gc.collect()


def one_round(number: int) -> List[Any]:
    till = Till(number)
    paid = [till.client.submit("pay", **sale(PAID), on_event=till.hear) for _ in range(3)]
    assert all(payment.result(PATIENCE_S).outcome is Outcome.SUCCESS for payment in paid)
    return [till.client.submit("pay", **sale(NEVER_PAID), on_event=lambda event: gc.collect()) for _ in range(3)]


def keep_collecting(done: threading.Event) -> None:
    while not done.is_set():
        gc.collect()


if __name__ == "__main__":
    # What is here so far is never looked at: a collection takes as long as it has objects to look at.
    gc.freeze()
    gc.set_threshold(1)
    done = threading.Event()
    collector = threading.Thread(target=keep_collecting, args=(done,))
    collector.start()
    left = [payment for number in range(ROUNDS) for payment in one_round(number)]
    done.set()
    collector.join()
    # The clients have no references any more, so their payments were ended.
    gc.collect()
    _client._end_abandoned()
    assert {payment.result(PATIENCE_S).status for payment in left} == {Status.E_CLOSED}
    _client._stop_all()
    assert not _callback._listeners, _callback._listeners
