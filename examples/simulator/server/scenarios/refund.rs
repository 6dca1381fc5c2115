//! Refunds: what may happen to a refund, to its request and to the queries about it.

use super::Parameter::{Count, Time};
use super::RefundVerdict::{NotRefunded, Refunded, Unknown};
use super::{Charged, Field, OnQuery, QueryFault, RefundAnswer, RefundCourse, RefundStory, Wire, PLAIN};

pub const ROWS: &[RefundStory] = &[
    // 00 to 09: the gateway does it, sooner or later, or does not.
    RefundStory {
        number: 0,
        name: "done-at-once",
        does: "refund says REFUND_SUCCESS; so does every refund without a tag",
        ..PLAIN
    },
    RefundStory {
        number: 1,
        name: "done-after",
        parameter: Time,
        does: "refund says REFUND_IN_PROGRESS, it is done after n",
        course: RefundCourse::InProgressThenDone,
        ..PLAIN
    },
    RefundStory {
        number: 2,
        name: "fails-after",
        parameter: Time,
        does: "refund says REFUND_IN_PROGRESS, after n it has failed and the order is what it was; so it stays for ten minutes",
        told: &[Unknown],
        moved: Charged::No,
        course: RefundCourse::InProgressThenFails,
        ..PLAIN
    },
    RefundStory {
        number: 3,
        name: "never-done",
        does: "refund says REFUND_IN_PROGRESS, and so it stays",
        told: &[Unknown],
        moved: Charged::No,
        course: RefundCourse::InProgressForEver,
        ..PLAIN
    },
    RefundStory {
        number: 4,
        name: "slow-reply",
        parameter: Time,
        does: "done at once; the reply comes after n",
        slow: true,
        ..PLAIN
    },
    // 10 to 29: the gateway says no, does not know, or speaks oddly.
    RefundStory {
        number: 10,
        name: "refund-fail",
        does: "refund says REFUND_FAIL with TRADE_FAILED, no money moves; a repetition fails again",
        told: &[NotRefunded],
        moved: Charged::No,
        course: RefundCourse::Fails,
        ..PLAIN
    },
    RefundStory {
        number: 11,
        name: "seller-balance",
        does: "refund says FAIL with SELLER_BALANCE_NOT_ENOUGH",
        told: &[NotRefunded],
        moved: Charged::No,
        course: RefundCourse::Refused,
        answer: RefundAnswer::Fail("SELLER_BALANCE_NOT_ENOUGH"),
        ..PLAIN
    },
    RefundStory {
        number: 12,
        name: "not-refundable",
        does: "refund says FAIL with UPAY_TCP_ORDER_NOT_REFUNDABLE",
        told: &[NotRefunded],
        moved: Charged::No,
        course: RefundCourse::Refused,
        answer: RefundAnswer::Fail("UPAY_TCP_ORDER_NOT_REFUNDABLE"),
        ..PLAIN
    },
    RefundStory {
        number: 13,
        name: "conflict-but-done",
        does: "done, but refund says FAIL with REFUND_REQUEST_CONFLICT, however often",
        answer: RefundAnswer::Fail("REFUND_REQUEST_CONFLICT"),
        ..PLAIN
    },
    RefundStory {
        number: 14,
        name: "noop-but-done",
        does: "done, but refund says FAIL with UPAY_REFUND_ORDER_NOOP the first time already",
        answer: RefundAnswer::Fail("UPAY_REFUND_ORDER_NOOP"),
        ..PLAIN
    },
    RefundStory {
        number: 15,
        name: "unheard-of-error",
        does: "refund says FAIL with an error_code that is in no table",
        told: &[NotRefunded],
        moved: Charged::No,
        course: RefundCourse::Refused,
        answer: RefundAnswer::Fail("SIMULATED_UNHEARD_OF_ERROR"),
        ..PLAIN
    },
    RefundStory {
        number: 20,
        name: "refund-error",
        does: "refund says REFUND_ERROR, and so it stays; no money moves",
        told: &[Unknown],
        moved: Charged::No,
        course: RefundCourse::ErrorForEver,
        ..PLAIN
    },
    RefundStory {
        number: 21,
        name: "refund-error-moved",
        does: "refund says REFUND_ERROR, and so it stays; the customer has the money",
        told: &[Unknown],
        course: RefundCourse::ErrorForEverMoved,
        ..PLAIN
    },
    RefundStory {
        number: 22,
        name: "refund-error-then-done",
        parameter: Time,
        does: "refund says REFUND_ERROR, it is done after n",
        told: &[Unknown, Refunded],
        course: RefundCourse::ErrorThenDone,
        ..PLAIN
    },
    RefundStory {
        number: 23,
        name: "unheard-of-result-code",
        does: "done, but refund answers with a result_code that is in no table",
        answer: RefundAnswer::ResultCode("REFUND_SIMULATED_UNHEARD_OF"),
        ..PLAIN
    },
    RefundStory {
        number: 24,
        name: "null-data",
        does: "done; refund says REFUND_SUCCESS with data null",
        answer: RefundAnswer::NullData,
        ..PLAIN
    },
    RefundStory {
        number: 25,
        name: "loose-types",
        does: "done; the reply has numbers and nulls for strings, a ctime in words and unknown fields",
        answer: RefundAnswer::LooseTypes,
        ..PLAIN
    },
    RefundStory {
        number: 26,
        name: "other-client-sn",
        parameter: Count,
        does: "the first n requests are lost, and answered with REFUND_SUCCESS for another client_sn; the next one works",
        course: RefundCourse::Lost,
        answer: RefundAnswer::ForAnother(Field::ClientSn),
        ..PLAIN
    },
    RefundStory {
        number: 27,
        name: "other-client-sn-done",
        parameter: Count,
        does: "done, but the first n replies are REFUND_SUCCESS for another client_sn",
        answer: RefundAnswer::ForAnother(Field::ClientSn),
        ..PLAIN
    },
    // 30 to 49: the request and its reply on their way.
    RefundStory {
        number: 30,
        name: "reply-lost",
        parameter: Count,
        does: "done, but the first n replies are lost by a reset; a later one says UPAY_REFUND_ORDER_NOOP",
        wire: Wire::Reset,
        ..PLAIN
    },
    RefundStory {
        number: 31,
        name: "request-lost",
        parameter: Count,
        does: "the first n requests are lost, the connection is closed before any byte of a reply; the next one works",
        course: RefundCourse::Lost,
        wire: Wire::Close,
        ..PLAIN
    },
    RefundStory {
        number: 32,
        name: "request-lost-reset",
        parameter: Count,
        does: "the first n requests are lost, the connection is reset; the next one works",
        course: RefundCourse::Lost,
        wire: Wire::Reset,
        ..PLAIN
    },
    RefundStory {
        number: 33,
        name: "late-arrival",
        parameter: Time,
        does: "the connection is closed, the request arrives after n; a repetition that overtakes it is the one that counts",
        course: RefundCourse::Late,
        wire: Wire::Close,
        ..PLAIN
    },
    RefundStory {
        number: 34,
        name: "page-500",
        parameter: Count,
        does: "done, but the first n replies are an HTTP 500 page",
        wire: Wire::Page(500),
        ..PLAIN
    },
    RefundStory {
        number: 35,
        name: "page-500-lost",
        parameter: Count,
        does: "the first n requests get an HTTP 500 page and have no effect, the next one works",
        course: RefundCourse::Lost,
        wire: Wire::Page(500),
        ..PLAIN
    },
    RefundStory {
        number: 36,
        name: "garbage",
        parameter: Count,
        does: "done, but the first n replies are bytes that are not HTTP",
        wire: Wire::Garbage,
        ..PLAIN
    },
    RefundStory {
        number: 37,
        name: "cut",
        parameter: Count,
        does: "done, but the first n replies end in the middle",
        wire: Wire::CutWithLength,
        ..PLAIN
    },
    RefundStory {
        number: 38,
        name: "empty",
        parameter: Count,
        does: "done, but the first n replies are HTTP 200 with no body",
        wire: Wire::Empty,
        ..PLAIN
    },
    RefundStory {
        number: 39,
        name: "system-error",
        parameter: Count,
        does: "done, but the first n replies are a top-level 500 UNKNOWN_SYSTEM_ERROR",
        answer: RefundAnswer::RequestError("500", "UNKNOWN_SYSTEM_ERROR", 200),
        ..PLAIN
    },
    RefundStory {
        number: 40,
        name: "maintenance",
        parameter: Count,
        does: "the first n requests get a top-level 500 MAINTENANCE_INPROGRESS under HTTP 503, the next one works",
        course: RefundCourse::Lost,
        answer: RefundAnswer::RequestError("500", "MAINTENANCE_INPROGRESS", 503),
        ..PLAIN
    },
    RefundStory {
        number: 41,
        name: "invalid-params",
        does: "the reply is a top-level 400 INVALID_PARAMS under HTTP 200, nothing is done",
        told: &[NotRefunded],
        moved: Charged::No,
        course: RefundCourse::Refused,
        answer: RefundAnswer::RequestError("400", "INVALID_PARAMS", 200),
        ..PLAIN
    },
    RefundStory {
        number: 42,
        name: "dead",
        does: "every request of this refund gets an HTTP 502 page and has no effect",
        told: &[Unknown],
        moved: Charged::No,
        course: RefundCourse::Lost,
        wire: Wire::Page(502),
        ..PLAIN
    },
    RefundStory {
        number: 43,
        name: "dead-but-done",
        does: "done, but every request of this refund gets an HTTP 502 page; queries show it",
        wire: Wire::Page(502),
        ..PLAIN
    },
    // 50 to 59: refund says REFUND_IN_PROGRESS though it is done, and then the queries have trouble.
    RefundStory {
        number: 50,
        name: "query-reset",
        parameter: Count,
        does: "done, refund says REFUND_IN_PROGRESS; the first n queries are reset",
        answer: RefundAnswer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::Wire(Wire::Reset)),
        ..PLAIN
    },
    RefundStory {
        number: 51,
        name: "query-page-500",
        parameter: Count,
        does: "done, refund says REFUND_IN_PROGRESS; the first n queries get an HTTP 500 page",
        answer: RefundAnswer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::Wire(Wire::Page(500))),
        ..PLAIN
    },
    RefundStory {
        number: 52,
        name: "query-garbage",
        parameter: Count,
        does: "done, refund says REFUND_IN_PROGRESS; the first n queries get bytes that are not HTTP",
        answer: RefundAnswer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::Wire(Wire::Garbage)),
        ..PLAIN
    },
    RefundStory {
        number: 53,
        name: "query-not-exists",
        parameter: Count,
        does: "done, refund says REFUND_IN_PROGRESS; the first n queries say TRADE_NOT_EXIST",
        answer: RefundAnswer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::NotExists),
        ..PLAIN
    },
    RefundStory {
        number: 54,
        name: "query-unheard-of-status",
        parameter: Count,
        does: "done, refund says REFUND_IN_PROGRESS; the first n queries show an order_status that is in no table",
        answer: RefundAnswer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::UnheardOfStatus),
        ..PLAIN
    },
    RefundStory {
        number: 55,
        name: "query-other-client-sn",
        parameter: Count,
        does: "done, refund says REFUND_IN_PROGRESS; the first n queries show another client_sn",
        answer: RefundAnswer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::ForAnother(Field::ClientSn)),
        ..PLAIN
    },
    RefundStory {
        number: 56,
        name: "query-dead",
        does: "done, refund says REFUND_IN_PROGRESS, however often; every query gets an HTTP 500 page",
        told: &[Unknown],
        answer: RefundAnswer::InProgress,
        on_query: OnQuery::Always(QueryFault::Wire(Wire::Page(500))),
        ..PLAIN
    },
];
