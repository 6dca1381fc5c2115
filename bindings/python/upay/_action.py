"""An order and its actions."""

from __future__ import annotations

import json
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, TypeVar, Union, overload

from . import _callback
from ._callback import Listener, OnEvent, heard_by
from ._event import Event, taken
from ._library import UpayError, check, lib, made, milliseconds, read_text, text
from ._numbers import Status
from ._wait import in_slices

if TYPE_CHECKING:
    _EventFuture = Future[Event]
else:
    _EventFuture = Future

Field = Union[str, int, Dict[str, Any], List[Any]]
"""An order's field: text, a whole number such as an amount in fen, or a value sent as JSON (extended, goods_details)."""

_Default = TypeVar("_Default")

_ACTIONS = {
    "pay": lib.upay_order_pay,
    "precreate": lib.upay_order_precreate,
    "query": lib.upay_order_query,
    "refund": lib.upay_order_refund,
    "cancel": lib.upay_order_cancel,
}


class Order:
    """One order, by its number. Deleting the object cancels nothing."""

    _handle = 0

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.client_sn = read_text(lib.upay_order_get, handle, "client_sn")

    def __del__(self) -> None:
        lib.upay_order_free(self._handle)

    def __repr__(self) -> str:
        return f"<Order {self.client_sn}>"

    @overload
    def get(self, key: str) -> Optional[str]: ...

    @overload
    def get(self, key: str, default: _Default) -> Union[str, _Default]: ...

    def get(self, key: str, default: object = None) -> object:
        """A field that was set or, if it was not, the gateway's latest value of it: "sn", "order_status", ..."""
        try:
            return read_text(lib.upay_order_get, self._handle, key)
        except UpayError as error:
            if error.status != Status.E_NOT_FOUND:
                raise
            return default

    def wait(self, timeout: Optional[float] = None) -> Event:
        """The final event of the order's newest action.

        timeout: seconds; None waits for as long as it takes. Raises UpayError: E_TIMEOUT (the action goes on),
        E_STATE (no action was started through this client), E_REENTRANT (inside a callback).
        """

        def look(seconds: float) -> Event:
            return taken(made(lib.upay_order_wait, self._handle, milliseconds(seconds)))

        return in_slices(look, timeout)


class ActionFuture(_EventFuture):
    """An action under way: a concurrent.futures.Future of its final Event.

    result() returns that Event, whatever the outcome. Functions given to add_done_callback run on a thread of the
    library; while one runs, the client's other events wait.
    """

    def __init__(self, action: str, order: Order, on_event: Optional[OnEvent]) -> None:
        super().__init__()
        self._action = action
        self._order = order
        self._on_event = on_event
        # From here on only the final event can complete it.
        self.set_running_or_notify_cancel()

    @property
    def client_sn(self) -> str:
        """The order's number, also when the library made it."""
        return self._order.client_sn

    def cancel(self) -> bool:
        """Cancels the order of a pay or a precreate: the cashier gives up.

        Returns at once. True: the cancel is under way, and result() says how the payment ended: FAILED with
        E_CANCELLED or, if the customer was faster, SUCCESS. on_event gets the cancel's own events too. False: there is
        nothing to cancel any more. cancelled() stays False, because the gateway decides. Raises UpayError if the cancel
        cannot be started (E_STORAGE, E_LIMIT).
        """
        if self._action not in ("pay", "precreate") or self.done():
            return False
        try:
            heard_by(Listener(self._on_event), lib.upay_order_cancel, self._order._handle)
        except UpayError as error:
            if error.status not in (Status.E_STATE, Status.E_CLOSED):
                raise
            # A cancel is under way already, or the client is stopped.
            return error.status == Status.E_STATE
        return True


class _Resolver(Listener):
    """Completes a future with the final event, also if on_event raises."""

    def __init__(self, future: ActionFuture, on_event: Optional[OnEvent]) -> None:
        super().__init__(on_event)
        self._future = future

    def hear(self, event: Event) -> None:
        try:
            super().hear(event)
        finally:
            if event.is_final:
                self._future.set_result(event)

    def dropped(self) -> None:
        if not self._future.done():
            self._future.set_exception(UpayError(Status.E_UNRESOLVED, "the final event could not be read"))


def new_order(client: int, client_sn: Optional[str], fields: Mapping[str, Optional[Field]]) -> Order:
    """An order with its fields. None leaves a field out."""
    number = None if client_sn is None else text("client_sn", client_sn)
    order = Order(made(lib.upay_order_new, client, number))
    for name, value in fields.items():
        if value is not None:
            check(lib.upay_order_set(order._handle, text("key", name), text(name, _as_text(name, value))))
    return order


def begin(action: str, order: Order) -> None:
    """Starts an action without callbacks."""
    no_one = (_callback.NO_EVENT_FN, None, _callback.NO_DROP_FN)
    check(_function(action)(order._handle, *no_one))


def submit(action: str, order: Order, on_event: Optional[OnEvent]) -> ActionFuture:
    """Starts an action and returns the future of its final event."""
    future = ActionFuture(action, order, on_event)
    heard_by(_Resolver(future, on_event), _function(action), order._handle)
    return future


def _function(action: str) -> Any:
    try:
        return _ACTIONS[action]
    except KeyError:
        raise ValueError(f"{action!r} is none of the actions {', '.join(_ACTIONS)}") from None


def _as_text(name: str, value: Field) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    # A float is refused: an amount is a whole number of fen.
    raise TypeError(f"{name}: is text, an int, or a dict or list that goes as JSON, not {type(value).__name__}")
