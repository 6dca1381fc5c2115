"""A terminal's client."""

from __future__ import annotations

import atexit
import ctypes
import json
import sys
import time
import weakref
from typing import Any, Mapping, Optional, Set, Type, TypeVar, Union

from . import _action
from ._action import ActionFuture, Field, Order
from ._callback import Listener, OnEvent, heard_by, refuse_inside
from ._event import Event, taken
from ._library import LOG_FN, UpayError, check, lib, made, milliseconds, read_text, text
from ._numbers import LogLevel, Status
from ._wait import for_result, in_slices, run_detached

STOP_TIMEOUT_S = 10.0

_Self = TypeVar("_Self", bound="Client")


class Client:
    """One terminal of one merchant: its settings, its orders and its journal. One for each terminal, kept open for as
    long as the till runs. Every method may be called from every thread.

    The constructor takes the settings; activate() may follow. Entering the `with` block, or start(), starts the client.
    Leaving the block, or close(), stops it. Ctrl-C interrupts a blocking method; the action that it waited for goes on.

    All methods raise UpayError: E_CLOSED or E_HANDLE after close(), E_FORKED in a forked child, and the errors that each
    method lists.
    """

    def __init__(self, *, on_watch: Optional[OnEvent] = None, **settings: Union[str, int, None]) -> None:
        """Sets the given settings: any key of the header's table of a client's keys. None leaves a setting out.

        on_watch: the watcher. It is called for orders that no call waits for: left over from an earlier run, or still
        without a final answer of the gateway. Without it these events come from next_event(). It runs on a thread of the
        library, and is kept until the client is stopped.
        Raises UpayError: E_KEY, E_VALUE.
        """
        _end_abandoned()
        self._handle = made(lib.upay_client_new)
        _open.add(self._handle)
        weakref.finalize(self, _abandon, self._handle).atexit = False
        for key, value in settings.items():
            if value is not None:
                self.set(key, value)
        if on_watch is not None:
            heard_by(Listener(on_watch), lib.upay_client_watch, self._handle)

    def set(self, key: str, value: Union[str, int]) -> None:
        """Sets one setting, before start. "" clears an optional one. Raises UpayError: E_KEY, E_VALUE, E_STATE."""
        if key == "encoding" and value != "utf-8":
            raise UpayError(Status.E_VALUE, "encoding: is utf-8 between Python and the library; text is str")
        check(lib.upay_client_set(self._handle, text("key", key), text(key, str(value))))

    def get(self, key: str) -> str:
        """Reads one setting; "" when it is not set. Raises UpayError: E_KEY, also for a secret."""
        return read_text(lib.upay_client_get, self._handle, key)

    def activate(self, code: str, timeout: Optional[float] = None) -> None:
        """Activates a terminal with an activation code, once per terminal, before start. Needs vendor_sn, vendor_key,
        app_id, device_id and state_dir. The terminal's number and keys are kept in state_dir, and later starts need
        neither. get("terminal_sn") reads the number.

        timeout: seconds in all; None: only connect_timeout_ms and reply_timeout_ms apply. Raises UpayError: E_MISSING,
        E_VALUE, E_STATE (started), E_STORAGE, E_LOCKED; 100 to 199: not sent, try again; 200 to 299: in doubt, try again,
        and ask for a new code if that is refused; 300 to 399: refused.
        """
        handle, words = self._handle, text("code", code)
        run_detached(lambda: check(lib.upay_client_activate(handle, words, _limit(timeout))))

    def start(self: _Self) -> _Self:
        """Opens the terminal's journal and continues what an earlier run left over. Returns the client.

        Raises UpayError: E_MISSING, E_VALUE, E_LOCKED (another client has this terminal), E_STORAGE, E_STATE (already
        started). After an error the settings can be corrected.
        """
        check(lib.upay_client_start(self._handle))
        return self

    def stop(self, timeout: float = STOP_TIMEOUT_S) -> None:
        """Stops for good. Every action under way ends UNKNOWN with E_CLOSED, and the next start continues it. Afterwards
        no callback runs or will run. Orders and events remain usable.

        timeout: seconds. Raises UpayError: E_TIMEOUT (a callback has not returned; stop again), E_REENTRANT.
        """
        handle = self._handle
        in_slices(lambda seconds: check(lib.upay_client_stop(handle, milliseconds(seconds))), timeout)
        _open.discard(handle)

    def close(self, timeout: float = STOP_TIMEOUT_S) -> None:
        """Stops and frees the client. May be called again. Errors as stop()."""
        try:
            self.stop(timeout)
        except UpayError as error:
            if error.status != Status.E_HANDLE:
                raise
        lib.upay_client_free(self._handle)

    def __enter__(self: _Self) -> _Self:
        try:
            self.start()
        except UpayError as error:
            # A client that is already started may enter the block too.
            if error.status != Status.E_STATE:
                # The block is not entered, so __exit__ will not be called.
                self.close()
                raise
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: object, traceback: object) -> None:
        self.close()

    def pay(
        self,
        *,
        total_amount: int,
        dynamic_id: str,
        subject: str,
        client_sn: Optional[str] = None,
        on_event: Optional[OnEvent] = None,
        timeout: Optional[float] = None,
        **fields: Optional[Field],
    ) -> Event:
        """Takes a payment with the code that the customer shows, and waits for its final event.

        total_amount: fen. client_sn: your number for the order, never used before; None makes one. on_event: called with
        every event, the final one too, on a thread of the library. timeout: seconds that this call waits; None: until
        the library has its verdict. fields: any other key of the header's table of an order's keys.

        SUCCESS: paid. FAILED: not charged, or given back in full. UNKNOWN: hand over no goods. None of these raises.
        Raises UpayError: E_MISSING, E_VALUE, E_DUPLICATE, E_STATE (not started), E_STORAGE, E_LIMIT: nothing was
        sent; E_TIMEOUT: the payment goes on, and find(client_sn) finds it; E_REENTRANT: inside a callback.
        """
        fields.update(total_amount=total_amount, dynamic_id=dynamic_id, subject=subject)
        return self._wait("pay", client_sn, on_event, timeout, fields)

    def precreate(
        self,
        *,
        total_amount: int,
        subject: str,
        payway: Union[str, int],
        client_sn: Optional[str] = None,
        on_event: Optional[OnEvent] = None,
        timeout: Optional[float] = None,
        **fields: Optional[Field],
    ) -> Event:
        """Makes a code that the customer scans, and waits for the final event. The content of the code is the field
        "qr_code" of a PENDING event, which on_event gets. Otherwise as pay()."""
        fields.update(total_amount=total_amount, subject=subject, payway=payway)
        return self._wait("precreate", client_sn, on_event, timeout, fields)

    def refund(
        self,
        *,
        refund_request_no: str,
        refund_amount: int,
        client_sn: Optional[str] = None,
        on_event: Optional[OnEvent] = None,
        timeout: Optional[float] = None,
        **fields: Optional[Field],
    ) -> Event:
        """Gives money back, all or a part of it.

        client_sn: the order's number; for an order that was made elsewhere, sn, the gateway's number. refund_request_no:
        this refund's own number; the same number again moves the money once. refund_amount: fen.
        SUCCESS: given back. FAILED: not given back. UNKNOWN: on_watch is told the result later. Raises UpayError as pay().
        """
        fields.update(refund_request_no=refund_request_no, refund_amount=refund_amount)
        return self._wait("refund", client_sn, on_event, timeout, fields)

    def query(
        self,
        *,
        client_sn: Optional[str] = None,
        on_event: Optional[OnEvent] = None,
        timeout: Optional[float] = None,
        **fields: Optional[Field],
    ) -> Event:
        """Queries an order once, by client_sn or sn, or a refund of it, by refund_request_no. SUCCESS: the gateway
        answered; read "order_status". That is no verdict on the payment. FAILED with E_NO_ORDER: the gateway knows no
        such order. Raises UpayError as pay()."""
        return self._wait("query", client_sn, on_event, timeout, fields)

    def cancel(
        self,
        *,
        client_sn: Optional[str] = None,
        on_event: Optional[OnEvent] = None,
        timeout: Optional[float] = None,
        **fields: Optional[Field],
    ) -> Event:
        """Cancels an order, by client_sn or sn: the full amount, on the same Beijing day. A payment under way is given up.
        SUCCESS: not charged, or given back in full. FAILED: the payment stands. Raises UpayError as pay(); E_STATE also
        means: a cancel of this order is under way."""
        return self._wait("cancel", client_sn, on_event, timeout, fields)

    def submit(
        self,
        action: str,
        *,
        client_sn: Optional[str] = None,
        on_event: Optional[OnEvent] = None,
        **fields: Optional[Field],
    ) -> ActionFuture:
        """Starts an action and returns at once: the action is recorded and under way.

        action: "pay", "precreate", "query", "refund" or "cancel". Other arguments and errors as for the method of that
        name.
        """
        return _action.submit(action, self._order(client_sn, fields), on_event)

    def begin(self, action: str, *, client_sn: Optional[str] = None, **fields: Optional[Field]) -> Order:
        """As submit(), for a window's timer: the events come from next_event(), the final one also from the order's
        wait()."""
        order = self._order(client_sn, fields)
        _action.begin(action, order)
        return order

    def next_event(self, timeout: Optional[float] = 0.0) -> Optional[Event]:
        """The oldest event that goes to no function; None when there is none in time.

        timeout: seconds; 0 only looks, None waits. Raises UpayError: E_CLOSED (stopped, and all were taken), E_STATE
        (not started).
        """
        handle = self._handle
        try:
            return in_slices(
                lambda seconds: taken(made(lib.upay_client_next_event, handle, milliseconds(seconds))), timeout
            )
        except UpayError as error:
            if error.status != Status.E_TIMEOUT:
                raise
            return None

    def find(self, client_sn: str) -> Order:
        """An order that the journal knows, also from an earlier run. Raises UpayError: E_NOT_FOUND, E_STATE (not
        started)."""
        return Order(made(lib.upay_order_find, self._handle, text("client_sn", client_sn)))

    def unfinished(self) -> int:
        """The number of orders without a final answer of the gateway. Raises UpayError: E_STATE (not started)."""
        count = ctypes.c_uint32()
        check(lib.upay_client_unfinished(self._handle, ctypes.byref(count)))
        return count.value

    def checkin(self, timeout: Optional[float] = None) -> None:
        """Checks the terminal in now: the gateway gives it a new key. With a device_id and a state_dir the library checks
        in once a day by itself. A check-in that is already under way is joined.

        timeout: as for activate(). Raises UpayError: E_MISSING (device_id), E_STATE (not started, or a payment is under
        way), E_TIMEOUT (the joined check-in goes on), E_STORAGE; 100 to 199: not sent; 200 to 299: in doubt, and the old
        key is still valid; 300 to 399: refused.
        """
        handle = self._handle
        run_detached(lambda: check(lib.upay_client_checkin(handle, _limit(timeout))))

    def call(self, path: str, fields: Mapping[str, Any], timeout: Optional[float] = None) -> Event:
        """Signs a request of your own and sends it once, for what the gateway offers and this library does not know. The
        reply is judged as by read_reply(); a refusal is a reply.

        path: such as "/upay/v2/deposit". fields: the request, sent as JSON. timeout: as for activate(). Raises
        UpayError: E_VALUE, E_STATE (not started); 100 to 199: not sent; 200 to 299: in doubt.
        """
        handle = self._handle
        words = text("path", path), text("fields", json.dumps(fields, ensure_ascii=False))
        return run_detached(lambda: taken(made(lib.upay_client_call, handle, *words, _limit(timeout))))

    def _order(self, client_sn: Optional[str], fields: Mapping[str, Optional[Field]]) -> Order:
        return _action.new_order(self._handle, client_sn, fields)

    def _wait(
        self,
        action: str,
        client_sn: Optional[str],
        on_event: Optional[OnEvent],
        timeout: Optional[float],
        fields: Mapping[str, Optional[Field]],
    ) -> Event:
        refuse_inside()
        future = _action.submit(action, self._order(client_sn, fields), on_event)
        return for_result(future, timeout, f"order {future.client_sn}")


def _limit(timeout: Optional[float]) -> int:
    """A timeout in ms, where 0 means none."""
    return 0 if timeout is None else max(1, milliseconds(timeout))


# The handles of clients that are not stopped yet, and of those among them that have no reference any more. These sets
# have no lock: the garbage collector may change them at any point, but each single operation is atomic.
_open: Set[int] = set()
_abandoned: Set[int] = set()


def _abandon(handle: int) -> None:
    """A client was collected that was not closed. This may run on any thread, so it does not wait."""
    if handle in _open:
        _abandoned.add(handle)
        _end_abandoned()
    else:
        lib.upay_client_free(handle)


def _end_abandoned() -> None:
    """Stops abandoned clients as far as that needs no waiting. The rest is tried again later, at the latest when the
    interpreter exits. A running client is not freed, because without its handle nobody could join its threads."""
    for handle in list(_abandoned):
        # Inside a callback no client can be stopped.
        if lib.upay_client_stop(handle, 0) not in (Status.E_TIMEOUT, Status.E_REENTRANT, Status.E_STATE):
            _abandoned.discard(handle)
            _open.discard(handle)
            lib.upay_client_free(handle)


@atexit.register
def _stop_all() -> None:
    """A callback after the interpreter has ended would crash the process."""
    lib.upay_set_log(LogLevel.OFF, LOG_FN(), None)
    end = time.monotonic() + STOP_TIMEOUT_S
    for handle in list(_open):
        # In a forked child this is E_FORKED, and does nothing.
        left = max(0.0, end - time.monotonic())
        if lib.upay_client_stop(handle, milliseconds(left)) == Status.E_TIMEOUT:
            print("upay: a callback has not returned; its client cannot be stopped", file=sys.stderr)
