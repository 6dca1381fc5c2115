//! 00 to 29: what wallet and gateway may do to a payment while the wire is in order.

use super::Parameter::{Count, Time};
use super::Verdict::{NotPaid, Paid, Unknown};
use super::{Answer, Charged, Course, Hold, OnQuery, QueryFault, Scenario, PLAIN};

pub const ROWS: &[Scenario] = &[
    // 00 to 09: the customer pays, or does not.
    Scenario {
        number: 0,
        name: "paid-at-once",
        does: "the customer pays without a password; so does every ordinary barcode",
        told: &[Paid],
        charged: Charged::Yes,
        ..PLAIN
    },
    Scenario {
        number: 1,
        name: "paid-after",
        parameter: Time,
        does: "pay says PAY_IN_PROGRESS at once, the customer pays after n",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::PaidAfterN,
        ..PLAIN
    },
    Scenario {
        number: 2,
        name: "held-then-paid",
        parameter: Time,
        does: "pay is held open for n (35 s at most) while the customer types a password, then says PAY_SUCCESS",
        told: &[Paid],
        charged: Charged::Yes,
        course: Course::PaidAfterN,
        hold: Hold::ByGateway,
        ..PLAIN
    },
    Scenario {
        number: 3,
        name: "never-paid",
        does: "pay says PAY_IN_PROGRESS, the order stays CREATED until it is cancelled",
        told: &[NotPaid],
        course: Course::NeverPaid,
        ..PLAIN
    },
    Scenario {
        number: 4,
        name: "held-never-paid",
        parameter: Time,
        does: "pay is held open for n (35 s at most), then says PAY_IN_PROGRESS, and nobody ever pays",
        told: &[NotPaid],
        course: Course::NeverPaid,
        hold: Hold::ByGateway,
        ..PLAIN
    },
    Scenario {
        number: 5,
        name: "wrong-password",
        parameter: Time,
        does: "pay says PAY_IN_PROGRESS, after n the password was wrong and the order turns PAY_CANCELED",
        told: &[NotPaid],
        course: Course::FailsAfterN,
        ..PLAIN
    },
    // 10 to 19: the gateway says no, or seems to.
    Scenario {
        number: 10,
        name: "pay-fail",
        does: "pay says PAY_FAIL with TRADE_FAILED at once, the order is PAY_CANCELED",
        told: &[NotPaid],
        course: Course::FailsAtOnce,
        ..PLAIN
    },
    Scenario {
        number: 11,
        name: "insufficient-fund",
        does: "pay says FAIL with INSUFFICIENT_FUND, there is no order",
        told: &[NotPaid],
        course: Course::Refused,
        answer: Answer::Fail("INSUFFICIENT_FUND"),
        ..PLAIN
    },
    Scenario {
        number: 12,
        name: "expired-barcode",
        does: "pay says FAIL with EXPIRED_BARCODE, there is no order",
        told: &[NotPaid],
        course: Course::Refused,
        answer: Answer::Fail("EXPIRED_BARCODE"),
        ..PLAIN
    },
    Scenario {
        number: 13,
        name: "invalid-barcode",
        does: "pay says FAIL with INVALID_BARCODE, there is no order; so does everything that is no barcode",
        told: &[NotPaid],
        course: Course::Refused,
        answer: Answer::Fail("INVALID_BARCODE"),
        ..PLAIN
    },
    Scenario {
        number: 14,
        name: "buyer-over-limit",
        does: "pay says FAIL with BUYER_OVER_DAILY_LIMIT, there is no order",
        told: &[NotPaid],
        course: Course::Refused,
        answer: Answer::Fail("BUYER_OVER_DAILY_LIMIT"),
        ..PLAIN
    },
    Scenario {
        number: 15,
        name: "unheard-of-error",
        does: "pay says FAIL with an error_code that is in no table, there is no order",
        told: &[NotPaid],
        course: Course::Refused,
        answer: Answer::Fail("SIMULATED_UNHEARD_OF_ERROR"),
        ..PLAIN
    },
    Scenario {
        number: 16,
        name: "conflict-but-paid",
        does: "pay says FAIL with CLIENT_SN_CONFLICT though this very order was created and paid",
        told: &[Paid],
        charged: Charged::Yes,
        answer: Answer::Fail("CLIENT_SN_CONFLICT"),
        ..PLAIN
    },
    Scenario {
        number: 17,
        name: "conflict-never-paid",
        does: "pay says FAIL with CLIENT_SN_CONFLICT though this very order was created; nobody ever pays",
        told: &[NotPaid],
        course: Course::NeverPaid,
        answer: Answer::Fail("CLIENT_SN_CONFLICT"),
        ..PLAIN
    },
    // 20 to 29: the gateway does not know, or speaks oddly.
    Scenario {
        number: 20,
        name: "fail-error-then-canceled",
        parameter: Time,
        does: "pay says PAY_FAIL_ERROR, the order is PAY_ERROR and turns PAY_CANCELED after n",
        told: &[Unknown],
        depends: "unknown at first; the watch over unknown orders finds it not paid after n",
        course: Course::ErrorThenFails,
        ..PLAIN
    },
    Scenario {
        number: 21,
        name: "fail-error-then-paid",
        parameter: Time,
        does: "pay says PAY_FAIL_ERROR, the order is PAY_ERROR and turns PAID after n",
        told: &[Unknown],
        charged: Charged::Depends,
        depends: "unknown at first; the watch over unknown orders finds it paid after n and may give it back",
        course: Course::ErrorThenPaid,
        ..PLAIN
    },
    Scenario {
        number: 22,
        name: "fail-in-progress-then-paid",
        parameter: Time,
        does: "pay says PAY_FAIL_IN_PROGRESS, the order is CREATED and turns PAID after n",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::PaidAfterN,
        answer: Answer::ResultCode("PAY_FAIL_IN_PROGRESS"),
        ..PLAIN
    },
    Scenario {
        number: 23,
        name: "pay-error-not-charged",
        parameter: Time,
        does: "pay says PAY_IN_PROGRESS, after n the order is PAY_ERROR for ever; the customer keeps the money",
        told: &[Unknown],
        depends: "not paid if the till gives up and cancels before n",
        course: Course::EndsInError,
        ..PLAIN
    },
    Scenario {
        number: 24,
        name: "pay-error-charged",
        parameter: Time,
        does: "pay says PAY_IN_PROGRESS, after n the order is PAY_ERROR for ever; the customer has paid",
        told: &[Unknown],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::EndsInErrorCharged,
        ..PLAIN
    },
    Scenario {
        number: 25,
        name: "unheard-of-result-code",
        parameter: Time,
        does: "pay answers with a result_code that is in no table, the customer pays after n",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::PaidAfterN,
        answer: Answer::ResultCode("PAY_SIMULATED_UNHEARD_OF"),
        ..PLAIN
    },
    Scenario {
        number: 26,
        name: "unheard-of-order-status",
        parameter: Count,
        does: "pay says PAY_IN_PROGRESS, n queries show an order_status that is in no table, the next ones PAID",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before query n + 1",
        answer: Answer::InProgress,
        on_query: OnQuery::FirstN(QueryFault::UnheardOfStatus),
        ..PLAIN
    },
    Scenario {
        number: 27,
        name: "loose-types",
        does: "paid at once; the reply has numbers and nulls for strings, a ctime in words and unknown fields",
        told: &[Paid],
        charged: Charged::Yes,
        answer: Answer::LooseTypes,
        ..PLAIN
    },
    Scenario {
        number: 28,
        name: "null-data",
        does: "paid at once; pay says PAY_SUCCESS with data null, only a query shows the order",
        told: &[Paid],
        charged: Charged::Yes,
        answer: Answer::NullData,
        ..PLAIN
    },
];
