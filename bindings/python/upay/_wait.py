"""Waiting in short slices: between two slices Python handles signals, such as Ctrl-C."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from concurrent.futures import Future
from typing import Callable, Optional, TypeVar

from ._callback import refuse_inside
from ._library import UpayError
from ._numbers import Status

SLICE_S = 0.1

_T = TypeVar("_T")


def in_slices(look: Callable[[float], _T], timeout: Optional[float]) -> _T:
    """Repeats a call for as long as it raises E_TIMEOUT and there is time left; then raises E_TIMEOUT."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        left = SLICE_S if end is None else max(0.0, min(SLICE_S, end - time.monotonic()))
        try:
            return look(left)
        except UpayError as error:
            if error.status != Status.E_TIMEOUT or (end is not None and time.monotonic() >= end):
                raise


def for_result(future: Future[_T], timeout: Optional[float], what: str) -> _T:
    """A future's result or exception; E_TIMEOUT when there is none in time."""
    refuse_inside()

    def look(seconds: float) -> None:
        if not concurrent.futures.wait([future], seconds).done:
            raise UpayError(Status.E_TIMEOUT, f"{what}: has not ended in time and goes on")

    in_slices(look, timeout)
    return future.result()


def run_detached(call: Callable[[], _T]) -> _T:
    """Makes a blocking call. On the main thread a helper thread makes it, so that Ctrl-C can interrupt the waiting."""
    refuse_inside()
    if threading.current_thread() is not threading.main_thread():
        return call()
    future: Future[_T] = Future()

    def make() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # whatever it is, the waiting thread raises it
            future.set_exception(error)

    threading.Thread(target=make, name="upay-call", daemon=True).start()
    return for_result(future, None, "the call")
