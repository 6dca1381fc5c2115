//! 70 to 89: pay says PAY_IN_PROGRESS, nobody pays, and then the cancel has trouble.

use super::Parameter::{Count, Time};
use super::Verdict::{NotPaid, Paid, Unknown};
use super::{Charged, Course, OnCancel, Scenario, PLAIN};

/// What the rows with lost cancels depend on.
const PERSISTENCE: &str = "unknown if the till stops cancelling before cancel n + 1";

pub const ROWS: &[Scenario] = &[
    Scenario {
        number: 70,
        name: "cancel-reply-lost",
        parameter: Count,
        does: "cancelled, but the first n replies are lost; a later cancel says UPAY_CANCEL_ORDER_NOOP",
        told: &[NotPaid],
        depends: PERSISTENCE,
        course: Course::NeverPaid,
        on_cancel: OnCancel::FirstRepliesLost,
        ..PLAIN
    },
    Scenario {
        number: 71,
        name: "cancel-request-lost",
        parameter: Count,
        does: "the first n cancels are lost without effect, the next one works",
        told: &[NotPaid],
        depends: PERSISTENCE,
        course: Course::NeverPaid,
        on_cancel: OnCancel::FirstRequestsLost,
        ..PLAIN
    },
    Scenario {
        number: 72,
        name: "cancel-garbage",
        parameter: Count,
        does: "the first n cancels get bytes that are not HTTP and have no effect, the next one works",
        told: &[NotPaid],
        depends: PERSISTENCE,
        course: Course::NeverPaid,
        on_cancel: OnCancel::FirstGarbage,
        ..PLAIN
    },
    Scenario {
        number: 73,
        name: "cancel-held",
        parameter: Time,
        does: "cancelled, but the reply comes after n",
        told: &[NotPaid],
        course: Course::NeverPaid,
        on_cancel: OnCancel::Held,
        ..PLAIN
    },
    Scenario {
        number: 74,
        name: "cancel-other-success",
        does: "cancelled, with CANCEL_SUCCESS where CANCEL_ABORT_SUCCESS is usual",
        told: &[NotPaid],
        course: Course::NeverPaid,
        on_cancel: OnCancel::OtherSuccess,
        ..PLAIN
    },
    Scenario {
        number: 75,
        name: "cancel-paid-just-before",
        does: "paid the moment before: cancel says UPAY_CANCEL_INVALID_ORDER_STATE, a query then PAID",
        told: &[Paid],
        charged: Charged::Yes,
        course: Course::NeverPaid,
        on_cancel: OnCancel::PaidJustBefore,
        ..PLAIN
    },
    Scenario {
        number: 76,
        name: "cancel-in-progress",
        parameter: Time,
        does: "cancel says CANCEL_IN_PROGRESS, the order turns CANCELED after n",
        told: &[NotPaid],
        course: Course::NeverPaid,
        on_cancel: OnCancel::InProgressThenCanceled("CANCEL_IN_PROGRESS"),
        ..PLAIN
    },
    Scenario {
        number: 77,
        name: "cancel-abort-in-progress",
        parameter: Time,
        does: "cancel says CANCEL_ABORT_IN_PROGRESS, the order turns CANCELED after n",
        told: &[NotPaid],
        course: Course::NeverPaid,
        on_cancel: OnCancel::InProgressThenCanceled("CANCEL_ABORT_IN_PROGRESS"),
        ..PLAIN
    },
    Scenario {
        number: 78,
        name: "cancel-in-progress-then-paid",
        parameter: Time,
        does: "cancel says CANCEL_IN_PROGRESS, but the order turns PAID after n",
        told: &[Paid, NotPaid],
        charged: Charged::Depends,
        depends: "not paid if the till cancels once more after n: that cancel works",
        course: Course::NeverPaid,
        on_cancel: OnCancel::InProgressThenPaid,
        ..PLAIN
    },
    Scenario {
        number: 80,
        name: "cancel-error",
        does: "cancel says CANCEL_ERROR, the order is CANCEL_ERROR for ever",
        told: &[Unknown],
        course: Course::NeverPaid,
        on_cancel: OnCancel::Error("CANCEL_ERROR"),
        ..PLAIN
    },
    Scenario {
        number: 81,
        name: "cancel-abort-error",
        does: "cancel says CANCEL_ABORT_ERROR, the order is CANCEL_ERROR for ever",
        told: &[Unknown],
        course: Course::NeverPaid,
        on_cancel: OnCancel::Error("CANCEL_ABORT_ERROR"),
        ..PLAIN
    },
    Scenario {
        number: 82,
        name: "cancel-page-500",
        does: "every cancel gets an HTTP 500 page and has no effect",
        told: &[Unknown],
        course: Course::NeverPaid,
        on_cancel: OnCancel::Always500,
        ..PLAIN
    },
    Scenario {
        number: 83,
        name: "cancel-not-exists",
        does: "every cancel says UPAY_ORDER_NOT_EXISTS and has no effect, though queries show CREATED",
        told: &[Unknown, NotPaid],
        depends: "unknown if the till believes its queries, not paid if it believes its cancels",
        course: Course::NeverPaid,
        on_cancel: OnCancel::AlwaysNotExists,
        ..PLAIN
    },
];
