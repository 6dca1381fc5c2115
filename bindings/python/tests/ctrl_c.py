"""Ctrl-C ends only the waiting: the payment goes on, and its final event arrives."""

import os
import signal
import threading
from typing import Callable, List

from gateway import NEVER_PAID, PAID_AFTER_2_S, PATIENCE_S, client, sale
from upay import Client, Event, Outcome


def interrupted(call: Callable[[], object]) -> None:
    try:
        result = call()
    except KeyboardInterrupt:
        return
    raise AssertionError(f"was not interrupted: {result!r}")


def press_ctrl_c(event: Event) -> None:
    if event["phase"] == "querying":
        os.kill(os.getpid(), signal.SIGINT)


def a_payment_goes_on(till: Client) -> None:
    ended = threading.Event()
    heard: List[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        if event["phase"] == "querying" and event["queries"] == "0":
            press_ctrl_c(event)
        if event.is_final:
            ended.set()

    interrupted(lambda: till.pay(**sale(PAID_AFTER_2_S), client_sn="interrupted", on_event=hear))
    assert not heard[-1].is_final, heard
    assert till.find("interrupted").wait(PATIENCE_S).outcome is Outcome.SUCCESS
    assert ended.wait(PATIENCE_S)


def a_wait_without_callbacks(till: Client) -> None:
    order = till.begin("pay", **sale(NEVER_PAID))
    # The callback of another payment presses Ctrl-C.
    interrupted(lambda: (till.submit("pay", **sale(NEVER_PAID), on_event=press_ctrl_c), order.wait()))


if __name__ == "__main__":
    # A program that was started in the background may ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with client("ctrl_c") as till:
        a_payment_goes_on(till)
    # With these settings the phase "querying" has one event, so Ctrl-C is pressed once.
    once = {"poll": "600000", "pay_timeout_ms": 600000}
    with client("ctrl_c_wait", **once) as till:
        a_wait_without_callbacks(till)
    # A block that is left by Ctrl-C stops the client, and the journal keeps the order.
    try:
        with client("ctrl_c_block", **once) as till:
            till.pay(**sale(NEVER_PAID), client_sn="left", on_event=press_ctrl_c)
    except KeyboardInterrupt:
        pass
    with client("ctrl_c_block", **once) as till:
        assert till.unfinished() == 1
