"""What needs no client: the gateway's codes, its replies and notifications, signatures, pictures."""

from __future__ import annotations

import ctypes
from typing import List, Optional, Union

from ._event import Event, taken
from ._library import check, lib, made, text
from ._numbers import Advice, Dialect, Outcome, QrFormat, Status, Table


def codes(table: Table) -> List[str]:
    """All codes of a table."""
    found: List[str] = []
    while True:
        code: Optional[bytes] = lib.upay_code_at(table, len(found))
        if code is None:
            return found
        found.append(code.decode("ascii"))


def describe(table: Table, code: str, language: str = "zh") -> Optional[str]:
    """What a code means, in one line of Chinese ("zh") or English ("en"); None: no such code. The gateway adds codes
    without notice: show one that is not here as it is, and count it as unknown."""
    meaning: Optional[bytes] = lib.upay_code_text(table, text("code", code), text("language", language))
    return None if meaning is None else meaning.decode("utf-8")


def code_outcome(table: Table, code: str) -> Outcome:
    """The outcome that a code means for its action; UNKNOWN when it is in no table. SUCCESS means "paid" for PAY_SUCCESS
    and for the order_status PAID, and "done" for every other code."""
    return Outcome(lib.upay_code_outcome(table, text("code", code)))


def code_advice(table: Table, code: str) -> Advice:
    """What to do about a code; NONE when it is in no table."""
    return Advice(lib.upay_code_advice(table, text("code", code)))


def read_reply(dialect: Dialect, http_status: int, body: Union[bytes, str]) -> Event:
    """Judges a gateway's reply, for hosts that send requests of their own. Nothing is sent.

    body: the bytes as they were received. SUCCESS means "paid" only with Advice.DELIVER. Compare client_sn, terminal_sn
    and total_amount with the order's. Raises UpayError: E_REPLY and E_GATEWAY (unreadable, so in doubt: query), E_VALUE.
    """
    received = _as_bytes(body)
    return taken(made(lib.upay_read_reply, dialect, http_status, received, len(received)))


def verify_notify(body: bytes, authorization: str, public_key_pem: str) -> Event:
    """Checks the signature of a notification that was posted to an order's notify_url, and reads it.

    body: byte for byte as it arrived. authorization: the value of that header, "" without one. The signature says who
    wrote the notification, not when: compare client_sn and total_amount, and process each order once. Raises UpayError:
    E_SIGN (not from the gateway), E_REPLY, E_VALUE.
    """
    words = text("authorization", authorization), text("public_key_pem", public_key_pem)
    return taken(made(lib.upay_verify_notify, body, len(body), *words))


def sign(body: Union[bytes, str], key: str) -> str:
    """The gateway's signature of a request's body, exactly as it is sent: 32 hexadecimal digits."""
    signed = _as_bytes(body)
    out = ctypes.create_string_buffer(33)
    check(lib.upay_sign(signed, len(signed), text("key", key), out))
    return out.value.decode("ascii")


def qr_svg(content: str, module_px: int = 4, quiet_modules: int = 4) -> str:
    """A QR code as SVG, such as of the qr_code that a customer is to scan.

    module_px: the side of one small square in pixels, 1 to 32. quiet_modules: the white border, in small squares, 0 to
    16. Raises UpayError: E_VALUE.
    """
    return _qr(content, QrFormat.SVG, module_px, quiet_modules).decode("utf-8")


def qr_bmp(content: str, module_px: int = 4, quiet_modules: int = 4) -> bytes:
    """The same as a whole .bmp file of 1 bit a pixel, for windows and receipt printers."""
    return _qr(content, QrFormat.BMP, module_px, quiet_modules)


def _qr(content: str, format: QrFormat, module_px: int, quiet_modules: int) -> bytes:
    words, length = text("content", content), ctypes.c_size_t()
    drawing = words, format, module_px, quiet_modules
    status = lib.upay_qr(*drawing, None, 0, ctypes.byref(length))
    if status != Status.E_BUFFER:
        check(status)
    buffer = ctypes.create_string_buffer(length.value)
    check(lib.upay_qr(*drawing, buffer, len(buffer), ctypes.byref(length)))
    return buffer.raw[: length.value]


def _as_bytes(body: Union[bytes, str]) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else body
