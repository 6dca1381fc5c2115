"""Callbacks: two C functions for all of them, which live as long as the process.

The library gets a number for each listener as user_data. The listener stays in a table until the library calls the drop
function, so nothing that the library may still call can be collected. The table is a dict without a lock: each single
operation is atomic, and a lock could be held by the very thread that the garbage collector interrupts.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from typing import Any, Callable, Dict, Iterator, Optional

from . import _event
from ._event import Event
from ._library import DROP_FN, EVENT_FN, UpayError, check
from ._numbers import Status

OnEvent = Callable[[Event], Any]


class Listener:
    """The listener of one action: a function that is called with each event."""

    def __init__(self, on_event: Optional[OnEvent] = None) -> None:
        self._on_event = on_event

    def hear(self, event: Event) -> None:
        """ctypes passes an exception from here to sys.unraisablehook."""
        if self._on_event is not None:
            self._on_event(event)

    def dropped(self) -> None:
        """No more events follow."""


NO_EVENT_FN = EVENT_FN()
NO_DROP_FN = DROP_FN()

_listeners: Dict[int, Listener] = {}
_numbers = itertools.count(1)
_this_thread = threading.local()


@contextlib.contextmanager
def inside() -> Iterator[None]:
    """Marks this thread as running a callback."""
    outer = getattr(_this_thread, "in_callback", False)
    _this_thread.in_callback = True
    try:
        yield
    finally:
        _this_thread.in_callback = outer


def _heard(handle: int, number: int) -> None:
    with inside():
        _listeners[number].hear(_event.read(handle))


def _dropped(number: int) -> None:
    with inside():
        _listeners.pop(number).dropped()


_HEARD = EVENT_FN(_heard)
_DROPPED = DROP_FN(_dropped)


def heard_by(listener: Listener, function: Callable[..., int], handle: int) -> None:
    """Calls a function of the library that takes a listener. If the call fails, the listener is removed again."""
    number = next(_numbers)
    _listeners[number] = listener
    status = function(handle, _HEARD, number, _DROPPED)
    if status != Status.OK:
        del _listeners[number]
    check(status)


def refuse_inside() -> None:
    """A callback that waits would block the thread that it waits for."""
    if getattr(_this_thread, "in_callback", False):
        raise UpayError(Status.E_REENTRANT, "not from inside a callback: use submit there")
