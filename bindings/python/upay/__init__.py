"""Mobile payments for cash registers through the Shouqianba UPay v2 gateway.

Amounts are whole fen, as int; times are seconds; text is str. A call that fails raises UpayError. A payment that has
ended is an Event, whatever its outcome. The library's header, upay.h, has the rules in full.

    with upay.Client(terminal_sn=..., terminal_key=..., state_dir=...) as client:
        event = client.pay(total_amount=1250, dynamic_id=scanned, subject="Pizza")
        paid = event.outcome is upay.Outcome.SUCCESS
"""

from ._action import ActionFuture, Order
from ._client import Client
from ._event import Event
from ._library import UpayError, version
from ._log import set_log
from ._numbers import Action, Advice, Dialect, LogLevel, Outcome, Status, Table
from ._tools import (
    code_advice,
    code_outcome,
    codes,
    describe,
    qr_bmp,
    qr_svg,
    read_reply,
    sign,
    verify_notify,
)

__version__ = version()

__all__ = [
    "Action",
    "ActionFuture",
    "Advice",
    "Client",
    "Dialect",
    "Event",
    "LogLevel",
    "Order",
    "Outcome",
    "Status",
    "Table",
    "UpayError",
    "code_advice",
    "code_outcome",
    "codes",
    "describe",
    "qr_bmp",
    "qr_svg",
    "read_reply",
    "set_log",
    "sign",
    "verify_notify",
    "version",
]
