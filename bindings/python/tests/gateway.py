"""The simulator, and clients with short timeouts."""

from __future__ import annotations

import faulthandler
import json
import os
import urllib.request
from typing import Any, Dict, Optional

import upay

ADDRESS = os.environ.get("UPAY_TEST_GATEWAY", "")
# Longer than anything here takes on the slowest machine; a test that waits this long has failed.
PATIENCE_S = 90.0
# A program that hangs prints where it hangs, and ends.
faulthandler.dump_traceback_later(3 * PATIENCE_S, exit=True)

PAID = "130818341921441147"
NEVER_PAID = "139903000000000000"
NO_MONEY = "139911000000000000"
# For 15 minutes the gateway answers that it does not know.
NOBODY_KNOWS = "139920999900000000"
PAID_AFTER_500_MS = "139901000500000000"
PAID_AFTER_2_S = "139901002000000000"

# Short pauses and timeouts, in the proportions of the real ones.
_QUICK: Dict[str, Any] = {
    "poll": "100",
    "pay_timeout_ms": 6000,
    "cancel_timeout_ms": 8000,
    "not_found_grace_ms": 300,
    "watch": "200",
    "connect_timeout_ms": 3000,
    "reply_timeout_ms": 3000,
    "pay_reply_timeout_ms": 5000,
    "language": "en",
}


def client(name: str, **settings: Any) -> upay.Client:
    """A client with its own journal, named after the test."""
    own: Dict[str, Any] = {
        "api_domain": ADDRESS,
        "terminal_sn": "100000000000001",
        "terminal_key": "simulator-terminal-key",
        "state_dir": os.path.join(os.environ["UPAY_TEST_DIR"], name),
    }
    own.update(_QUICK)
    own.update(settings)
    return upay.Client(**own)


def sale(barcode: str, total_amount: int = 1) -> Dict[str, Any]:
    """The fields that a payment needs."""
    return {"total_amount": total_amount, "dynamic_id": barcode, "subject": "Pizza"}


def ledger(client_sn: str) -> Any:
    """An order in the simulator's ledger."""
    (row,) = [order for order in _ask("/ledger")["orders"] if order["client_sn"] == client_sn]
    return row


def scan(qr_code: str) -> None:
    """A customer scans the code and pays."""
    assert _ask("/wallet/pay", {"qr_code": qr_code})["paid"] is True


def status_of(call: Any) -> upay.Status:
    """The status of a call that must fail."""
    return error_of(call).status


def error_of(call: Any) -> upay.UpayError:
    try:
        result = call()
    except upay.UpayError as error:
        return error
    raise AssertionError(f"did not fail: {result!r}")


def _ask(path: str, body: Optional[Dict[str, str]] = None) -> Any:
    # Requests to this machine must not go through a proxy of the environment.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = None if body is None else json.dumps(body).encode("utf-8")
    with opener.open(urllib.request.Request(ADDRESS + path, data), timeout=PATIENCE_S) as reply:
        return json.load(reply)
