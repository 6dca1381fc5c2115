"""What a callback raises is reported, and changes nothing: the payment's end is heard all the same."""

import sys
import threading
from typing import Any, List

import upay
from gateway import NEVER_PAID, PAID, PATIENCE_S, client, sale, status_of
from upay import Event, LogLevel, Outcome, Status

reported: List[Any] = []
told = threading.Event()


def report(unraisable: Any) -> None:
    # The exception alone: its frames would keep what they hold.
    reported.append(unraisable.exc_type)
    told.set()


def stumble(event: Event) -> None:
    raise ArithmeticError(event.outcome.name)


def stumble_over_line(level: LogLevel, line: str) -> None:
    raise LookupError(line)


def leave(event: Event) -> None:
    sys.exit(3)


if __name__ == "__main__":
    sys.unraisablehook = report
    with client("callback_raises") as till:
        assert till.pay(**sale(PAID), on_event=stumble).outcome is Outcome.SUCCESS
        assert reported == [ArithmeticError] * 2, reported
        assert till.pay(**sale(PAID), on_event=leave).outcome is Outcome.SUCCESS
        assert reported[2:] == [SystemExit] * 2, reported

        # A wait inside a callback would wait for itself: it is refused, and says so.
        refused: List[Status] = []
        inside = lambda event: refused.append(status_of(lambda: till.pay(**sale(PAID))))
        assert till.pay(**sale(PAID), on_event=inside).outcome is Outcome.SUCCESS
        assert set(refused) == {Status.E_REENTRANT}, refused

        # What returns at once is not.
        begun: List[upay.ActionFuture] = []
        till.pay(**sale(PAID), on_event=lambda event: begun.append(till.submit("pay", **sale(PAID))))
        assert {payment.result(PATIENCE_S).outcome for payment in begun} == {Outcome.SUCCESS}

        del reported[:]
        upay.set_log(LogLevel.INFO, stumble_over_line)
        assert till.pay(**sale(PAID)).outcome is Outcome.SUCCESS
        upay.set_log(LogLevel.OFF)
        assert reported and set(reported) == {LookupError}, reported

    # The watcher's, too: the next start tells it how what the first one left over has ended.
    under_way = threading.Event()

    def hear(event: Event) -> None:
        if event["phase"] == "querying":
            under_way.set()

    with client("watch_raises", pay_timeout_ms=600000) as till:
        left = till.submit("pay", **sale(NEVER_PAID), on_event=hear)
        assert under_way.wait(PATIENCE_S)
    assert left.result(0).status is Status.E_CLOSED
    del reported[:]
    told.clear()
    with client("watch_raises", pay_timeout_ms=100, on_watch=stumble):
        assert told.wait(PATIENCE_S)
    assert set(reported) == {ArithmeticError}, reported
