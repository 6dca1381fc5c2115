"""The library's calls back: two functions for all of them, which live as long as the process.

The library gets a number for each listener and passes it back; the listener stays in a table until the library drops
the number. So nothing that the library may still call can be collected. The table is a dict without a lock: its single
steps are atomic, and a lock could be held by the very thread that a collection of garbage interrupts.
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
    """Who hears the events of one action: a function, called with each of them."""

    def __init__(self, on_event: Optional[OnEvent] = None) -> None:
        self._on_event = on_event

    def hear(self, event: Event) -> None:
        """What this raises goes to sys.unraisablehook, as ctypes does it."""
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
    """Marks this thread as one of the library's calls back."""
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
    """Calls a function of the library that takes a listener. A call that fails has not taken it."""
    number = next(_numbers)
    _listeners[number] = listener
    status = function(handle, _HEARD, number, _DROPPED)
    if status != Status.OK:
        del _listeners[number]
    check(status)


def refuse_inside() -> None:
    """A callback that waits would wait for its own thread to go on."""
    if getattr(_this_thread, "in_callback", False):
        raise UpayError(Status.E_REENTRANT, "not from inside a callback: use submit there")
