"""The library's log."""

from __future__ import annotations

from typing import Any, Callable, Optional

from ._callback import inside
from ._library import LOG_FN, check, lib
from ._numbers import LogLevel

OnLine = Callable[[LogLevel, str], Any]

_NO_LOG_FN = LOG_FN()
_on_line: Optional[OnLine] = None


def _line(level: int, line: bytes, user_data: Optional[int]) -> None:
    on_line = _on_line
    if on_line is not None:
        with inside():
            on_line(LogLevel(level), line.decode("utf-8"))


_LINE_FN = LOG_FN(_line)


def set_log(level: LogLevel, on_line: Optional[OnLine] = None) -> None:
    """Sends the log of all clients to a function from now on, up to this level. LogLevel.OFF, or no function, ends it.

    on_line(level, line) runs on any thread, also on one that is inside a call of yours. No line holds a key, a signature,
    a barcode or a payer's account. An exception from it goes to sys.unraisablehook.
    """
    global _on_line
    _on_line = on_line
    check(lib.upay_set_log(level, _NO_LOG_FN if on_line is None else _LINE_FN, None))
