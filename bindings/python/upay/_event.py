"""Events, read out of the library at once: nothing of theirs is left to be freed."""

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

    action: what it is about. outcome: how that stands; PENDING while it goes on. status: why; OK on success and while
    all goes well. advice: what the cashier does next. message: one sentence for the cashier.

    event["sn"] is one of the gateway's own fields, or of those in the header's table of an event's keys, as text;
    KeyError when there is none.
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
        """All of it, with the payer's account and keys blacked out as in the log: for files and for people."""
        everything: Dict[str, Any] = json.loads(self._json)
        return everything

    def __repr__(self) -> str:
        number = self._fields.get("client_sn", "")
        return f"<Event {self.action.name} {number} {self.outcome.name} {self.status.name}: {self.message}>"


def read(handle: int) -> Event:
    """A lent event, kept."""
    text: bytes = lib.upay_event_json(handle)
    whole = json.loads(text)
    # The JSON names the fields; their values there are blacked out, and a field of an event's own name is missing.
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
    """An event of one's own, read and let go."""
    try:
        return read(handle)
    finally:
        lib.upay_event_free(handle)
