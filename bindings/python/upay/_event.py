"""Events. All of an event is copied into Python at once, so that nothing has to be freed later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Optional, TypeVar, Union, overload

from ._library import lib
from ._numbers import Action, Advice, Outcome, Status

_Default = TypeVar("_Default")


@dataclass(frozen=True, eq=False)
class Event:
    """What happened: an immutable snapshot.

    action: the action that it is about. outcome: PENDING while the action goes on, then how it ended. status: why; OK on
    success and while all goes well. advice: what the cashier does next. message: one sentence for the cashier.

    event["sn"] is a field as text: one of the gateway's, or one from the header's table of an event's keys. KeyError
    when the event does not have it.
    """

    action: Action
    outcome: Outcome
    status: Status
    advice: Advice
    message: str
    _fields: Dict[str, str]
    _json: str

    @property
    def is_final(self) -> bool:
        """No more events follow."""
        return self.outcome != Outcome.PENDING

    def __getitem__(self, key: str) -> str:
        return self._fields[key]

    def __contains__(self, key: object) -> bool:
        return key in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    @overload
    def get(self, key: str) -> Optional[str]: ...

    @overload
    def get(self, key: str, default: _Default) -> Union[str, _Default]: ...

    def get(self, key: str, default: object = None) -> object:
        """The field, or the default when there is none."""
        return self._fields.get(key, default)

    def to_dict(self) -> Dict[str, Any]:
        """All fields, with the payer's account and keys redacted: for files and for people."""
        everything: Dict[str, Any] = json.loads(self._json)
        return everything

    def __repr__(self) -> str:
        number = self._fields.get("client_sn", "")
        return f"<Event {self.action.name} {number} {self.outcome.name} {self.status.name}: {self.message}>"


def read(handle: int) -> Event:
    """Copies a borrowed event."""
    text: bytes = lib.upay_event_json(handle)
    whole = json.loads(text)
    # The JSON gives the names of the fields. Its values are redacted, and it lacks gateway fields named like its own.
    values = {key: lib.upay_event_get(handle, key.encode("utf-8")) for key in whole}
    return Event(
        Action(whole["action"]),
        Outcome(whole["outcome"]),
        Status(whole["status"]),
        Advice(whole["advice"]),
        whole["message"],
        {key: value.decode("utf-8") for key, value in values.items() if value is not None},
        text.decode("utf-8"),
    )


def taken(handle: int) -> Event:
    """Copies an owned event and frees it."""
    try:
        return read(handle)
    finally:
        lib.upay_event_free(handle)
