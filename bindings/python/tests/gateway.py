"""The simulator, and clients that are in a hurry."""

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
# A program that hangs says where, and ends.
faulthandler.dump_traceback_later(3 * PATIENCE_S, exit=True)

PAID = "130818341921441147"
NEVER_PAID = "139903000000000000"
NO_MONEY = "139911000000000000"
# The gateway says that it does not know, for a quarter of an hour.
NOBODY_KNOWS = "139920999900000000"
PAID_AFTER_500_MS = "139901000500000000"
PAID_AFTER_2_S = "139901002000000000"

# Pauses and time limits that let a test end soon, in the proportions of the real ones.
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
    """Of a journal of its own, by its name."""
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
    """What a pay needs."""
    return {"total_amount": total_amount, "dynamic_id": barcode, "subject": "Pizza"}


def ledger(client_sn: str) -> Any:
    """What the gateway and the wallets know of an order."""
    (row,) = [order for order in _ask("/ledger")["orders"] if order["client_sn"] == client_sn]
    return row


def scan(qr_code: str) -> None:
    """A customer scans the code and pays."""
    assert _ask("/wallet/pay", {"qr_code": qr_code})["paid"] is True


def status_of(call: Any) -> upay.Status:
    """The status of a call that has to fail."""
    return error_of(call).status


def error_of(call: Any) -> upay.UpayError:
    try:
        result = call()
    except upay.UpayError as error:
        return error
    raise AssertionError(f"did not fail: {result!r}")


def _ask(path: str, body: Optional[Dict[str, str]] = None) -> Any:
    # No proxy stands between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    data = None if body is None else json.dumps(body).encode("utf-8")
    with opener.open(urllib.request.Request(ADDRESS + path, data), timeout=PATIENCE_S) as reply:
        return json.load(reply)
