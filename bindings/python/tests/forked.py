"""In a forked child every call says E_FORKED, and its end does no harm; the parent goes on."""

import faulthandler
import gc
import os
import signal
import sys

import upay
from gateway import NEVER_PAID, PATIENCE_S, client, sale, status_of
from upay import Status

CHILDREN = 20


def child(till: upay.Client, payment: upay.ActionFuture) -> None:
    assert status_of(lambda: till.pay(**sale(NEVER_PAID))) == Status.E_FORKED
    assert status_of(till.next_event) == Status.E_FORKED
    assert status_of(till.unfinished) == Status.E_FORKED
    assert status_of(lambda: client("child")) == Status.E_FORKED
    assert status_of(payment.cancel) == Status.E_FORKED
    assert status_of(lambda: upay.sign("", "")) == Status.E_FORKED
    assert status_of(till.close) == Status.E_FORKED


def main() -> None:
    # A process that hangs says where, and is ended, by the system's alarm clock: the usual watchdog is a thread, and the
    # end of a forked child would wait for it.
    faulthandler.cancel_dump_traceback_later()
    faulthandler.register(signal.SIGALRM, chain=True)
    signal.alarm(int(2 * PATIENCE_S))
    till = client("forked", poll="1", pay_timeout_ms=60000).start()
    payment = till.submit("pay", **sale(NEVER_PAID), on_event=lambda event: None)
    for _ in range(CHILDREN):
        number = os.fork()
        if number == 0:
            signal.alarm(int(PATIENCE_S))
            child(till, payment)
            del till, payment
            gc.collect()
            # To the end of the interpreter, with all that runs then.
            sys.exit(0)
        status = os.waitpid(number, 0)[1]
        assert status == 0, status
    assert payment.cancel()
    assert payment.result(PATIENCE_S).status is Status.E_CANCELLED
    till.close()


if __name__ == "__main__":
    main()
