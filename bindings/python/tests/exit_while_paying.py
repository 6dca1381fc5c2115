"""The interpreter ends cleanly while payments are under way, in every way of ending, and the next start finds them."""

import os
import subprocess
import sys
import threading

from gateway import NEVER_PAID, PATIENCE_S, client, sale
from upay import Event, LogLevel, set_log

PAYMENTS = 20


def till_that_ends(how: str) -> None:
    under_way = threading.Event()

    def hear(event: Event) -> None:
        if event["phase"] == "querying":
            under_way.set()

    set_log(LogLevel.DEBUG, lambda level, line: None)
    till = client(how, poll="1", pay_timeout_ms=600000).start()
    for _ in range(PAYMENTS - 1):
        till.submit("pay", **sale(NEVER_PAID), on_event=lambda event: None)
    last = till.submit("pay", **sale(NEVER_PAID), on_event=hear)
    assert under_way.wait(PATIENCE_S)
    if how == "waiting":
        # A daemon thread: the interpreter does not wait for it.
        threading.Thread(target=last.result, daemon=True).start()
    elif how == "let_go":
        del till, last
    elif how == "raised":
        raise SystemExit(7)


def ends_well(how: str) -> None:
    command = [sys.executable, os.path.abspath(__file__), how]
    ended = subprocess.run(command, timeout=PATIENCE_S, stderr=subprocess.PIPE, universal_newlines=True)
    assert ended.returncode == (7 if how == "raised" else 0), (how, ended)
    assert ended.stderr == "", (how, ended)
    with client(how, pay_timeout_ms=600000) as till:
        assert till.unfinished() == PAYMENTS, (how, till.unfinished())


if __name__ == "__main__":
    if sys.argv[1:]:
        till_that_ends(sys.argv[1])
    else:
        for how in ("falls_off", "waiting", "let_go", "raised"):
            ends_well(how)
