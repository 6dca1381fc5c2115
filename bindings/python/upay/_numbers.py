"""The numbers of upay.h. Its comments say what each means."""

from __future__ import annotations

from enum import IntEnum
from typing import Type, TypeVar

_Number = TypeVar("_Number", bound="_Numbers")


class _Numbers(IntEnum):
    @classmethod
    def _missing_(cls: Type[_Number], value: object) -> _Number:
        """A newer library may know more numbers: one that has no name here is still a number."""
        if not isinstance(value, int):
            raise ValueError(f"{value!r} is not a number of {cls.__name__}")
        number = int.__new__(cls, value)
        number._name_ = f"NUMBER_{value}"
        number._value_ = value
        return number


class Status(_Numbers):
    """What a call, or an action, came to: UPAY_OK and UPAY_E_... by their names in the header.

    1 to 99: the caller's mistake, nothing was sent. 100 to 199: not sent. 200 to 299: in doubt. 300 to 399: refused by
    the gateway. 900 to 999: a defect of the library.
    """

    OK = 0
    E_ARGUMENT = 1
    E_HANDLE = 2
    E_KEY = 3
    E_VALUE = 4
    E_STATE = 5
    E_TIMEOUT = 6
    E_REENTRANT = 7
    E_MISSING = 8
    E_DUPLICATE = 9
    E_NOT_FOUND = 10
    E_LOCKED = 11
    E_STORAGE = 12
    E_FORKED = 13
    E_CLOSED = 14
    E_LIMIT = 15
    E_BUFFER = 16
    E_RESOLVE = 100
    E_CONNECT = 101
    E_TLS = 102
    E_PROXY = 103
    E_INTERRUPTED = 200
    E_NO_REPLY = 201
    E_REPLY = 202
    E_GATEWAY = 203
    E_UNRESOLVED = 204
    E_REQUEST = 300
    E_SIGN = 301
    E_TERMINAL = 302
    E_REFUSED = 303
    E_EXPIRED = 304
    E_CANCELLED = 305
    E_NO_ORDER = 306
    E_PANIC = 900


class Outcome(_Numbers):
    """How an action stands. For a payment SUCCESS is paid, FAILED is not paid and nothing owed."""

    PENDING = 0
    SUCCESS = 1
    FAILED = 2
    UNKNOWN = 3


class Action(_Numbers):
    """Which action an event is about."""

    ACTIVATE = 1
    CHECKIN = 2
    PAY = 3
    PRECREATE = 4
    QUERY = 5
    REFUND = 6
    CANCEL = 7
    CALL = 8
    READ = 9
    WATCH = 10


class Advice(_Numbers):
    """What the cashier does next."""

    NONE = 0
    DELIVER = 1
    RETRY = 2
    WAIT = 3
    CALL_SUPPORT = 4
    FIX_REQUEST = 5
    CHECK_NETWORK = 6
    RETRY_SAME = 7
    BY_HAND = 8
    ASK_CUSTOMER = 9


class Table(_Numbers):
    """The tables of the gateway's codes."""

    RESULT_CODE = 1
    ORDER_STATUS = 2
    TRANSACTION_STATUS = 3
    REQUEST_ERROR = 4
    BUSINESS_ERROR = 5
    PAYWAY = 6
    SUB_PAYWAY = 7
    CHARGE_ERROR = 8
    CHARGE_HTTP = 9


class Dialect(_Numbers):
    """Whose replies are read."""

    UPAY = 1
    CHARGE = 2


class LogLevel(_Numbers):
    """The chattiest level of the log that is wanted."""

    OFF = 0
    ERROR = 1
    WARN = 2
    INFO = 3
    DEBUG = 4


class QrFormat(_Numbers):
    """How a picture is drawn."""

    SVG = 1
    BMP = 2
