//! 60 to 69: pay says PAY_IN_PROGRESS, and then the queries have trouble.

use super::Parameter::{Count, Time};
use super::Verdict::{NotPaid, Paid, Unknown};
use super::{Answer, Charged, Course, Field, OnCancel, OnQuery, QueryFault, Scenario, Wire, PLAIN};

/// What most rows here depend on.
const PATIENCE: &str = "not paid if the till gives up and cancels before query n + 1";

pub const ROWS: &[Scenario] = &[
    Scenario {
        number: 60,
        name: "query-reset",
        parameter: Count,
        does: "the first n queries are reset, the next ones show PAID",
        told: &[Paid],
        charged: Charged::Yes,
        depends: PATIENCE,
        answer: Answer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::Wire(Wire::Reset)),
        ..PLAIN
    },
    Scenario {
        number: 61,
        name: "query-held",
        parameter: Count,
        does: "the first n queries get no answer for a minute, the next ones show PAID",
        told: &[Paid],
        charged: Charged::Yes,
        depends: PATIENCE,
        answer: Answer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::Held),
        ..PLAIN
    },
    Scenario {
        number: 62,
        name: "query-page-500",
        parameter: Count,
        does: "the first n queries get an HTTP 500 page, the next ones show PAID",
        told: &[Paid],
        charged: Charged::Yes,
        depends: PATIENCE,
        answer: Answer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::Wire(Wire::Page(500))),
        ..PLAIN
    },
    Scenario {
        number: 63,
        name: "query-garbage",
        parameter: Count,
        does: "the first n queries get bytes that are not HTTP, the next ones show PAID",
        told: &[Paid],
        charged: Charged::Yes,
        depends: PATIENCE,
        answer: Answer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::Wire(Wire::Garbage)),
        ..PLAIN
    },
    Scenario {
        number: 64,
        name: "query-not-exists",
        parameter: Count,
        does: "the first n queries say UPAY_ORDER_NOT_EXISTS, in both spellings, the next ones show PAID",
        told: &[Paid, NotPaid],
        charged: Charged::Depends,
        depends:
            "paid if n is 1; not paid once the till has believed it, and then it finds the order and gives it back",
        answer: Answer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::NotExists),
        ..PLAIN
    },
    Scenario {
        number: 65,
        name: "query-other-amount",
        does: "paid, but every query shows PAID for another total_amount, and cancel is refused",
        told: &[Unknown],
        charged: Charged::Yes,
        answer: Answer::InProgress,
        on_query: OnQuery::Always(QueryFault::ForAnother(Field::TotalAmount)),
        on_cancel: OnCancel::AlwaysRefused,
        ..PLAIN
    },
    Scenario {
        number: 66,
        name: "query-other-client-sn",
        parameter: Count,
        does: "the first n queries show PAID for another client_sn, the next ones for this one",
        told: &[Paid],
        charged: Charged::Yes,
        depends: PATIENCE,
        answer: Answer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::ForAnother(Field::ClientSn)),
        ..PLAIN
    },
    Scenario {
        number: 67,
        name: "refunded",
        parameter: Time,
        does: "after n the order is REFUNDED: paid, and given back by the merchant's back office",
        told: &[NotPaid],
        depends: "a till may have a word of its own for it; no goods are handed over, no money is kept",
        course: Course::RefundedAfterN,
        ..PLAIN
    },
    Scenario {
        number: 68,
        name: "canceled-by-merchant",
        parameter: Time,
        does: "after n the order is CANCELED by the merchant's back office",
        told: &[NotPaid],
        course: Course::CanceledAfterN,
        ..PLAIN
    },
    Scenario {
        number: 69,
        name: "query-dead",
        does: "paid, but every query gets an HTTP 500 page; cancel works and gives the money back",
        told: &[NotPaid],
        answer: Answer::InProgress,
        on_query: OnQuery::Always(QueryFault::Wire(Wire::Page(500))),
        ..PLAIN
    },
];
