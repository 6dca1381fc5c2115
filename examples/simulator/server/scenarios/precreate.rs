//! Precreate, 00 to 59: what may happen to a code that the customer is to scan, and to the request for it.

use super::Parameter::Time;
use super::Verdict::{NotPaid, Paid, Unknown};
use super::{Answer, Charged, Course, Field, Hold, Scenario, Wire, PLAIN};

/// A row in which the code is given out and nobody scans it.
const SHOWN: Scenario = Scenario { course: Course::NeverPaid, told: &[NotPaid], ..PLAIN };

pub const ROWS: &[Scenario] = &[
    // 00 to 09: the customer scans, or does not.
    Scenario {
        number: 0,
        name: "waits-for-scan",
        does: "CREATED until POST /wallet/pay scans the code or it is cancelled; so does every precreate without a tag",
        told: &[Paid, NotPaid],
        charged: Charged::Depends,
        depends: "paid if a wallet scans the code",
        ..SHOWN
    },
    Scenario {
        number: 1,
        name: "paid-after",
        parameter: Time,
        does: "the customer scans the code and pays after n",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::PaidAfterN,
        ..SHOWN
    },
    Scenario {
        number: 2,
        name: "never-paid",
        does: "CREATED until it is cancelled; a wallet that scans the code is turned away",
        course: Course::Unscannable,
        ..SHOWN
    },
    Scenario {
        number: 3,
        name: "wrong-password",
        parameter: Time,
        does: "after n the customer has failed to pay and the order turns PAY_CANCELED",
        course: Course::FailsAfterN,
        ..SHOWN
    },
    Scenario {
        number: 4,
        name: "pay-error-charged",
        parameter: Time,
        does: "after n the order is PAY_ERROR for ever; the customer has paid",
        told: &[Unknown],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::EndsInErrorCharged,
        ..SHOWN
    },
    // 10 to 29: the gateway says no, does not know, or speaks oddly.
    Scenario {
        number: 10,
        name: "precreate-fail",
        does: "precreate says PRECREATE_FAIL with TRADE_FAILED, the order is PAY_CANCELED",
        course: Course::FailsAtOnce,
        ..SHOWN
    },
    Scenario {
        number: 11,
        name: "store-over-limit",
        does: "precreate says FAIL with UPAY_STORE_OVER_DAILY_LIMIT, there is no order",
        course: Course::Refused,
        answer: Answer::Fail("UPAY_STORE_OVER_DAILY_LIMIT"),
        ..SHOWN
    },
    Scenario {
        number: 12,
        name: "conflict-but-created",
        does: "precreate says FAIL with CLIENT_SN_CONFLICT though this very order was created",
        answer: Answer::Fail("CLIENT_SN_CONFLICT"),
        ..SHOWN
    },
    Scenario {
        number: 20,
        name: "fail-error",
        does: "precreate says PRECREATE_FAIL_ERROR, the order is CREATED until it is cancelled",
        told: &[Unknown, NotPaid],
        depends: "not paid if the till asks and cancels, unknown if it believes the code",
        answer: Answer::ResultCode("PRECREATE_FAIL_ERROR"),
        ..SHOWN
    },
    Scenario {
        number: 21,
        name: "fail-in-progress",
        does: "precreate says PRECREATE_FAIL_IN_PROGRESS, the order is CREATED until it is cancelled",
        told: &[Unknown, NotPaid],
        depends: "not paid if the till asks and cancels, unknown if it believes the code",
        answer: Answer::ResultCode("PRECREATE_FAIL_IN_PROGRESS"),
        ..SHOWN
    },
    Scenario {
        number: 22,
        name: "fail-error-for-ever",
        does: "precreate says PRECREATE_FAIL_ERROR, the order is PAY_ERROR for ever",
        told: &[Unknown],
        course: Course::EndsInError,
        ..SHOWN
    },
    Scenario {
        number: 23,
        name: "unheard-of-result-code",
        does: "precreate answers with a result_code that is in no table, the order is CREATED until it is cancelled",
        answer: Answer::ResultCode("PRECREATE_SIMULATED_UNHEARD_OF"),
        ..SHOWN
    },
    Scenario {
        number: 24,
        name: "without-qr-code",
        does: "precreate says PRECREATE_SUCCESS, but the reply has no qr_code",
        answer: Answer::WithoutQrCode,
        ..SHOWN
    },
    Scenario {
        number: 25,
        name: "null-data",
        does: "precreate says PRECREATE_SUCCESS with data null",
        answer: Answer::NullData,
        ..SHOWN
    },
    Scenario {
        number: 26,
        name: "loose-types",
        parameter: Time,
        does: "the reply has numbers and nulls for strings and unknown fields; the customer pays after n",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::PaidAfterN,
        answer: Answer::LooseTypes,
        ..SHOWN
    },
    Scenario {
        number: 27,
        name: "other-client-sn",
        does: "precreate says PRECREATE_SUCCESS for another client_sn",
        answer: Answer::ForAnother(Field::ClientSn),
        ..SHOWN
    },
    Scenario {
        number: 28,
        name: "other-amount",
        does: "precreate says PRECREATE_SUCCESS for another total_amount",
        answer: Answer::ForAnother(Field::TotalAmount),
        ..SHOWN
    },
    // 30 to 59: the request and its reply on their way.
    Scenario {
        number: 30,
        name: "reply-lost",
        does: "created; the connection is reset instead of a reply, so nobody ever sees the code",
        wire: Wire::Reset,
        ..SHOWN
    },
    Scenario {
        number: 31,
        name: "request-lost",
        does: "the connection is closed before any byte of a reply, the gateway never sees the request",
        course: Course::Lost,
        wire: Wire::Close,
        ..SHOWN
    },
    Scenario {
        number: 32,
        name: "request-lost-reset",
        does: "the connection is reset before the request is read to its end, the gateway never sees it",
        course: Course::Lost,
        wire: Wire::Reset,
        ..SHOWN
    },
    Scenario {
        number: 33,
        name: "late-arrival",
        parameter: Time,
        does: "the connection is closed, the request reaches the gateway after n; the order is CREATED until it is cancelled",
        course: Course::ArrivesUnpaid,
        wire: Wire::Close,
        ..SHOWN
    },
    Scenario {
        number: 34,
        name: "page-500",
        does: "created; the reply is an HTTP 500 page",
        wire: Wire::Page(500),
        ..SHOWN
    },
    Scenario {
        number: 35,
        name: "page-500-lost",
        does: "the reply is an HTTP 500 page, there is no order",
        course: Course::Lost,
        wire: Wire::Page(500),
        ..SHOWN
    },
    Scenario {
        number: 36,
        name: "garbage",
        does: "created; the reply is bytes that are not HTTP",
        wire: Wire::Garbage,
        ..SHOWN
    },
    Scenario {
        number: 37,
        name: "cut",
        does: "created; the reply ends in the middle, short of its Content-Length",
        wire: Wire::CutWithLength,
        ..SHOWN
    },
    Scenario {
        number: 38,
        name: "empty",
        does: "created; the reply is HTTP 200 with no body",
        wire: Wire::Empty,
        ..SHOWN
    },
    Scenario {
        number: 39,
        name: "system-error",
        does: "created; the reply is a top-level 500 UNKNOWN_SYSTEM_ERROR",
        answer: Answer::RequestError("500", "UNKNOWN_SYSTEM_ERROR", 200),
        ..SHOWN
    },
    Scenario {
        number: 40,
        name: "maintenance",
        does: "the reply is a top-level 500 MAINTENANCE_INPROGRESS under HTTP 503, there is no order",
        course: Course::Refused,
        answer: Answer::RequestError("500", "MAINTENANCE_INPROGRESS", 503),
        ..SHOWN
    },
    Scenario {
        number: 41,
        name: "invalid-params",
        does: "the reply is a top-level 400 INVALID_PARAMS under HTTP 200, there is no order",
        course: Course::Refused,
        answer: Answer::RequestError("400", "INVALID_PARAMS", 200),
        ..SHOWN
    },
    Scenario {
        number: 42,
        name: "slow-reply",
        parameter: Time,
        does: "created; the reply comes after n",
        hold: Hold::ByNetwork,
        ..SHOWN
    },
    Scenario {
        number: 43,
        name: "redirect-307",
        does: "the reply is a 307 to /elsewhere, there is no order; who follows is counted",
        course: Course::Lost,
        wire: Wire::Redirect(307),
        ..SHOWN
    },
];
