"""python -m upay takes a payment, and its exit code is the verdict."""

import os
import signal
import subprocess
import sys
from typing import IO, Dict, List

from gateway import ADDRESS, NEVER_PAID, NO_MONEY, NOBODY_KNOWS, PAID, PATIENCE_S, ledger

SETTINGS: Dict[str, str] = {
    "UPAY_API_DOMAIN": ADDRESS,
    "UPAY_TERMINAL_SN": "100000000000001",
    "UPAY_TERMINAL_KEY": "simulator-terminal-key",
    "UPAY_STATE_DIR": os.path.join(os.environ["UPAY_TEST_DIR"], "command_line"),
    "UPAY_LANGUAGE": "en",
}


def started(arguments: List[str], **changed: str) -> "subprocess.Popen[str]":
    environment = dict(os.environ, **SETTINGS)
    environment.update(changed)
    command = [sys.executable, "-m", "upay"] + arguments
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True
    )


def ends(code: int, said: str, arguments: List[str], **changed: str) -> None:
    process = started(arguments, **changed)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, (arguments, process.returncode, out, err)
    assert said in out + err, (arguments, out, err)


def pay(barcode: str) -> List[str]:
    return ["pay", "--amount", "1250", "--barcode", barcode]


def ctrl_c_cancels() -> None:
    process = started(pay(NEVER_PAID) + ["--client-sn", "given-up"])
    progress: IO[str] = process.stderr  # type: ignore[assignment]
    while "Waiting for the customer" not in progress.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1 and out.startswith("NOT PAID given-up"), (process.returncode, out, err)
    assert ledger("given-up")["order_status"] == "CANCELED"


if __name__ == "__main__":
    # A program that was started in the background may ignore Ctrl-C, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ends(0, "PAID", pay(PAID))
    ends(1, "NOT PAID", pay(NO_MONEY))
    ends(2, "UNKNOWN", pay(NOBODY_KNOWS))
    ends(64, "total_amount: must be more than 0", ["pay", "--amount", "0", "--barcode", PAID])
    ends(64, "--barcode", ["pay", "--amount", "1"])
    ends(64, "UPAY_TERMINAL_KEY", pay(PAID), UPAY_TERMINAL_KEY="")
    ends(64, "UPAY_E_VALUE", pay(PAID), UPAY_LANGUAGE="xx")
    ctrl_c_cancels()
