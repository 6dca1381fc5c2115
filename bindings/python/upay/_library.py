"""Finds, loads and declares the shared library, and checks its calls. The only file with C declarations."""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import POINTER, c_char_p, c_int32, c_size_t, c_uint32, c_void_p
from typing import Any, Callable, Optional

from ._numbers import Status

ABI_VERSION = 1
_FILES = {"win32": "upay.dll", "cygwin": "upay.dll", "darwin": "libupay.dylib"}

EVENT_FN = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)
DROP_FN = ctypes.CFUNCTYPE(None, c_void_p)
LOG_FN = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_void_p)

_STATUS = c_int32
_OUT = POINTER(c_void_p)
_LENGTH = POINTER(c_size_t)
_TEXT_OUT = [c_char_p, c_size_t, _LENGTH]
_HEARD = [EVENT_FN, c_void_p, DROP_FN]

# Each function's result and arguments. A handle is a c_void_p: a number that the library checks at every call.
_FUNCTIONS = {
    "upay_abi_version": (c_uint32, []),
    "upay_version": (c_char_p, []),
    "upay_last_error": (c_char_p, []),
    "upay_set_log": (_STATUS, [c_int32, LOG_FN, c_void_p]),
    "upay_client_new": (_STATUS, [_OUT]),
    "upay_client_set": (_STATUS, [c_void_p, c_char_p, c_char_p]),
    "upay_client_get": (_STATUS, [c_void_p, c_char_p, *_TEXT_OUT]),
    "upay_client_activate": (_STATUS, [c_void_p, c_char_p, c_uint32]),
    "upay_client_watch": (_STATUS, [c_void_p, *_HEARD]),
    "upay_client_start": (_STATUS, [c_void_p]),
    "upay_client_checkin": (_STATUS, [c_void_p, c_uint32]),
    "upay_client_call": (_STATUS, [c_void_p, c_char_p, c_char_p, c_uint32, _OUT]),
    "upay_client_unfinished": (_STATUS, [c_void_p, POINTER(c_uint32)]),
    "upay_client_next_event": (_STATUS, [c_void_p, c_uint32, _OUT]),
    "upay_client_stop": (_STATUS, [c_void_p, c_uint32]),
    "upay_client_free": (None, [c_void_p]),
    "upay_order_new": (_STATUS, [c_void_p, c_char_p, _OUT]),
    "upay_order_find": (_STATUS, [c_void_p, c_char_p, _OUT]),
    "upay_order_set": (_STATUS, [c_void_p, c_char_p, c_char_p]),
    "upay_order_get": (_STATUS, [c_void_p, c_char_p, *_TEXT_OUT]),
    "upay_order_pay": (_STATUS, [c_void_p, *_HEARD]),
    "upay_order_precreate": (_STATUS, [c_void_p, *_HEARD]),
    "upay_order_query": (_STATUS, [c_void_p, *_HEARD]),
    "upay_order_refund": (_STATUS, [c_void_p, *_HEARD]),
    "upay_order_cancel": (_STATUS, [c_void_p, *_HEARD]),
    "upay_order_wait": (_STATUS, [c_void_p, c_uint32, _OUT]),
    "upay_order_free": (None, [c_void_p]),
    "upay_event_action": (c_int32, [c_void_p]),
    "upay_event_outcome": (c_int32, [c_void_p]),
    "upay_event_status": (_STATUS, [c_void_p]),
    "upay_event_advice": (c_int32, [c_void_p]),
    "upay_event_message": (c_char_p, [c_void_p]),
    "upay_event_get": (c_char_p, [c_void_p, c_char_p]),
    "upay_event_json": (c_char_p, [c_void_p]),
    "upay_event_copy": (_STATUS, [c_void_p, _OUT]),
    "upay_event_free": (None, [c_void_p]),
    "upay_code_at": (c_char_p, [c_int32, c_size_t]),
    "upay_code_text": (c_char_p, [c_int32, c_char_p, c_char_p]),
    "upay_code_outcome": (c_int32, [c_int32, c_char_p]),
    "upay_code_advice": (c_int32, [c_int32, c_char_p]),
    "upay_sign": (_STATUS, [c_char_p, c_size_t, c_char_p, c_char_p]),
    "upay_read_reply": (_STATUS, [c_int32, c_int32, c_char_p, c_size_t, _OUT]),
    "upay_verify_notify": (_STATUS, [c_char_p, c_size_t, c_char_p, c_char_p, _OUT]),
    "upay_qr": (_STATUS, [c_char_p, c_int32, c_uint32, c_uint32, c_char_p, c_size_t, _LENGTH]),
}


class UpayError(Exception):
    """A call that failed: nothing was started, or the wait ended before the action did (E_TIMEOUT).

    status: why, as a number. message: what went wrong, in words for a programmer; it never holds a secret.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = Status(status)
        self.message = message

    def __str__(self) -> str:
        return f"UPAY_{self.status.name}: {self.message}"


def _load() -> ctypes.CDLL:
    file = os.environ.get("UPAY_LIBRARY") or os.path.join(
        os.path.dirname(os.path.abspath(__file__)), _FILES.get(sys.platform, "libupay.so")
    )
    try:
        library = ctypes.CDLL(file)
    except OSError as error:
        raise ImportError(f"upay: the library cannot be loaded; UPAY_LIBRARY names another file: {error}") from error
    for name, (result, arguments) in _FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            raise ImportError(f"upay: {file} has no {name}: it is another version's") from error
        function.restype = result
        function.argtypes = arguments
    if library.upay_abi_version() != ABI_VERSION:
        raise ImportError(f"upay: {file} has version {library.upay_abi_version()} of the interface, not {ABI_VERSION}")
    return library


lib = _load()


def version() -> str:
    """The library's version, such as "0.1.0"."""
    words: bytes = lib.upay_version()
    return words.decode("ascii")


def check(status: int) -> None:
    """Raises UpayError with the library's words on this thread's last call, unless the call succeeded."""
    if status != Status.OK:
        words: bytes = lib.upay_last_error()
        raise UpayError(status, words.decode("ascii", "replace"))


def text(name: str, value: str) -> bytes:
    """UTF-8 for C. C text ends at its first NUL, so a NUL inside is refused."""
    if "\0" in value:
        raise UpayError(Status.E_VALUE, f"{name}: must not have a NUL")
    return value.encode("utf-8")


def made(function: Callable[..., int], *arguments: Any) -> int:
    """The handle that a function writes through its last argument."""
    out = c_void_p()
    check(function(*arguments, ctypes.byref(out)))
    return out.value or 0


def read_text(function: Callable[..., int], handle: int, key: str) -> str:
    """The text that a function writes into a buffer."""
    capacity = 256
    while True:
        buffer = ctypes.create_string_buffer(capacity)
        length = c_size_t()
        status = function(handle, text("key", key), buffer, capacity, ctypes.byref(length))
        if status != Status.E_BUFFER:
            check(status)
            return buffer.value.decode("utf-8")
        capacity = length.value


def milliseconds(seconds: Optional[float]) -> int:
    """A timeout for the library. None is the longest that the library accepts."""
    longest = 0xFFFF_FFFF
    return longest if seconds is None else max(0, min(longest, int(seconds * 1000)))
