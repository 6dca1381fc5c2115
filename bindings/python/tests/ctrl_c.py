"""Ctrl-C ends the waiting and nothing else: the payment goes on, and its end is heard."""

import os
import signal
import threading
from typing import Callable, List

from gateway import NEVER_PAID, PAID_AFTER_500_MS, PATIENCE_S, client, sale
from upay import Client, Event, Outcome, Status


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

    interrupted(lambda: till.pay(**sale(PAID_AFTER_500_MS), client_sn="interrupted", on_event=hear))
    assert not heard[-1].is_final, heard
    assert till.find("interrupted").wait(PATIENCE_S).outcome is Outcome.SUCCESS
    assert ended.wait(PATIENCE_S)


def every_wait_is_interrupted(till: Client) -> None:
    # The payment is waited for in the pull form while another one, which is heard, presses Ctrl-C.
    order = till.begin("pay", **sale(NEVER_PAID))
    other = till.submit("pay", **sale(NEVER_PAID), on_event=press_ctrl_c)
    interrupted(lambda: order.wait())
    other.cancel()
    assert other.result(PATIENCE_S).status is Status.E_CANCELLED


if __name__ == "__main__":
    with client("ctrl_c") as till:
        a_payment_goes_on(till)
    with client("ctrl_c_wait", poll="60000") as till:
        every_wait_is_interrupted(till)
    # What leaves the block by Ctrl-C is stopped, and left to the journal.
    try:
        with client("ctrl_c_block") as till:
            till.pay(**sale(NEVER_PAID), client_sn="left", on_event=press_ctrl_c)
    except KeyboardInterrupt:
        pass
    with client("ctrl_c_block") as till:
        assert till.unfinished() == 1
