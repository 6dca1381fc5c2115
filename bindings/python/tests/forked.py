"""In a forked child every call raises E_FORKED, and the child's exit does no harm; the parent goes on. Importing the
package before the fork does not count as using the library."""

import faulthandler
import os
import signal
import sys
from typing import Callable

import upay
from gateway import NEVER_PAID, PAID, PATIENCE_S, client, sale, status_of
from upay import Outcome, Status

CHILDREN = 20


def refused(till: upay.Client, payment: upay.ActionFuture) -> None:
    assert status_of(lambda: till.pay(**sale(NEVER_PAID))) == Status.E_FORKED
    assert status_of(till.next_event) == Status.E_FORKED
    assert status_of(till.unfinished) == Status.E_FORKED
    assert status_of(lambda: client("child")) == Status.E_FORKED
    assert status_of(payment.cancel) == Status.E_FORKED
    assert status_of(lambda: upay.sign("", "")) == Status.E_FORKED
    assert status_of(till.close) == Status.E_FORKED


def in_child(work: Callable[[], None]) -> None:
    number = os.fork()
    if number == 0:
        signal.alarm(int(PATIENCE_S))
        work()
        # A normal exit, so that all exit handlers run.
        sys.exit(0)
    status = os.waitpid(number, 0)[1]
    assert status == 0, status


def pays_on_its_own() -> None:
    with client("forked_before") as till:
        assert till.pay(**sale(PAID)).outcome is Outcome.SUCCESS


def main() -> None:
    # SIGALRM shows where a process hangs and ends it. The usual watchdog is a thread, and a forked child would wait for
    # that thread when it exits.
    faulthandler.cancel_dump_traceback_later()
    faulthandler.register(signal.SIGALRM, chain=True)
    signal.alarm(int(2 * PATIENCE_S))
    in_child(pays_on_its_own)
    till = client("forked", poll="1", pay_timeout_ms=600000).start()
    payment = till.submit("pay", **sale(NEVER_PAID), on_event=lambda event: None)
    for _ in range(CHILDREN):
        in_child(lambda: refused(till, payment))
    assert payment.cancel()
    assert payment.result(PATIENCE_S).status is Status.E_CANCELLED
    till.close()


if __name__ == "__main__":
    main()
