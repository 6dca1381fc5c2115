"""An exception from a callback is reported and changes nothing: the final event still arrives."""

import sys
import threading
from typing import Any, List

import upay
from gateway import NEVER_PAID, PAID, PATIENCE_S, client, sale, status_of
from upay import Event, LogLevel, Outcome, Status

reported: List[Any] = []
told = threading.Event()


def report(unraisable: Any) -> None:
    # Only the exception's type: its frames would keep their objects alive.
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

        # A blocking call inside a callback would wait for itself, so it is refused.
        refused: List[Status] = []
        inside = lambda event: refused.append(status_of(lambda: till.pay(**sale(PAID))))
        assert till.pay(**sale(PAID), on_event=inside).outcome is Outcome.SUCCESS
        assert set(refused) == {Status.E_REENTRANT}, refused

        # A call that returns at once is allowed.
        begun: List[upay.ActionFuture] = []
        till.pay(**sale(PAID), on_event=lambda event: begun.append(till.submit("pay", **sale(PAID))))
        assert {payment.result(PATIENCE_S).outcome for payment in begun} == {Outcome.SUCCESS}

        del reported[:]
        upay.set_log(LogLevel.INFO, stumble_over_line)
        assert till.pay(**sale(PAID)).outcome is Outcome.SUCCESS
        upay.set_log(LogLevel.OFF)
        assert reported and set(reported) == {LookupError}, reported

    # The same for the watcher, which the next start tells how the left-over payment ended.
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
