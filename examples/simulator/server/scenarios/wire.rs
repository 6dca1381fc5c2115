//! 30 to 59: what may happen to a pay request and its reply on their way.

use super::Parameter::Time;
use super::Verdict::{NotPaid, Paid};
use super::{Answer, Charged, Course, Field, Hold, Scenario, Wire, PLAIN};

pub const ROWS: &[Scenario] = &[
    // 30 to 35: no reply at all.
    Scenario {
        number: 30,
        name: "reply-lost-paid",
        does: "paid at once; the connection is reset instead of a reply",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::Reset,
        ..PLAIN
    },
    Scenario {
        number: 31,
        name: "reply-lost-paid-after",
        parameter: Time,
        does: "the connection is reset instead of a reply, the customer pays after n",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::PaidAfterN,
        wire: Wire::Reset,
        ..PLAIN
    },
    Scenario {
        number: 32,
        name: "reply-lost-never-paid",
        does: "the connection is reset instead of a reply, the order stays CREATED until it is cancelled",
        told: &[NotPaid],
        course: Course::NeverPaid,
        wire: Wire::Reset,
        ..PLAIN
    },
    Scenario {
        number: 33,
        name: "request-lost-close",
        does: "the connection is closed before any byte of a reply, the gateway never sees the request",
        told: &[NotPaid],
        course: Course::Lost,
        wire: Wire::Close,
        ..PLAIN
    },
    Scenario {
        number: 34,
        name: "request-lost-reset",
        does: "the connection is reset before the request is read to its end, the gateway never sees it",
        told: &[NotPaid],
        course: Course::Lost,
        wire: Wire::Reset,
        ..PLAIN
    },
    Scenario {
        number: 35,
        name: "late-arrival-paid",
        parameter: Time,
        does: "the connection is closed, the request reaches the gateway after n and is paid at once",
        told: &[Paid, NotPaid],
        charged: Charged::Depends,
        depends:
            "paid if it arrives while the till still asks; else not paid, and the till finds it and gives it back",
        course: Course::ArrivesPaid,
        wire: Wire::Close,
        ..PLAIN
    },
    Scenario {
        number: 36,
        name: "late-arrival-created",
        parameter: Time,
        does: "the connection is closed, the request arrives after n as CREATED and is paid n later unless cancelled",
        told: &[Paid, NotPaid],
        charged: Charged::Depends,
        depends:
            "paid if it arrives while the till still asks; else not paid, and the till finds it and gives it back",
        course: Course::ArrivesCreated,
        wire: Wire::Close,
        ..PLAIN
    },
    // 37 to 43: the reply of something that is not the gateway, or a gateway in trouble.
    Scenario {
        number: 37,
        name: "page-500-paid",
        does: "paid at once; the reply is an HTTP 500 page",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::Page(500),
        ..PLAIN
    },
    Scenario {
        number: 38,
        name: "page-500-lost",
        does: "the reply is an HTTP 500 page, there is no order",
        told: &[NotPaid],
        course: Course::Lost,
        wire: Wire::Page(500),
        ..PLAIN
    },
    Scenario {
        number: 39,
        name: "page-502-paid-after",
        parameter: Time,
        does: "the reply is an HTTP 502 page, the customer pays after n",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::PaidAfterN,
        wire: Wire::Page(502),
        ..PLAIN
    },
    Scenario {
        number: 40,
        name: "page-200-paid",
        does: "paid at once; the reply is an HTML page under HTTP 200",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::Page(200),
        ..PLAIN
    },
    Scenario {
        number: 41,
        name: "system-error-paid",
        does: "paid at once; the reply is a top-level 500 UNKNOWN_SYSTEM_ERROR",
        told: &[Paid],
        charged: Charged::Yes,
        answer: Answer::RequestError("500", "UNKNOWN_SYSTEM_ERROR", 200),
        ..PLAIN
    },
    Scenario {
        number: 42,
        name: "maintenance",
        does: "the reply is a top-level 500 MAINTENANCE_INPROGRESS under HTTP 503, there is no order",
        told: &[NotPaid],
        course: Course::Refused,
        answer: Answer::RequestError("500", "MAINTENANCE_INPROGRESS", 503),
        ..PLAIN
    },
    Scenario {
        number: 43,
        name: "garbage-paid",
        does: "paid at once; the reply is bytes that are not HTTP",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::Garbage,
        ..PLAIN
    },
    // 44 to 53: the gateway's own reply, mistreated.
    Scenario {
        number: 44,
        name: "cut-with-length",
        does: "paid at once; the reply ends in the middle, short of its Content-Length",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::CutWithLength,
        ..PLAIN
    },
    Scenario {
        number: 45,
        name: "cut-without-length",
        does: "paid at once; the reply has no Content-Length and ends in the middle",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::CutWithoutLength,
        ..PLAIN
    },
    Scenario {
        number: 46,
        name: "trickled",
        does: "paid at once; the reply comes one byte every 100 ms, about a minute for all of it",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::Trickled,
        ..PLAIN
    },
    Scenario {
        number: 47,
        name: "slow-reply",
        parameter: Time,
        does: "paid at once; the reply comes after n",
        told: &[Paid],
        charged: Charged::Yes,
        hold: Hold::ByNetwork,
        ..PLAIN
    },
    Scenario {
        number: 48,
        name: "endless",
        does: "paid at once; the reply begins well and goes on for 1 GiB",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::Endless,
        ..PLAIN
    },
    Scenario {
        number: 49,
        name: "empty",
        does: "paid at once; the reply is HTTP 200 with no body",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::Empty,
        ..PLAIN
    },
    Scenario {
        number: 50,
        name: "chunked",
        does: "paid at once; the reply is whole, but comes in chunks",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::Chunked,
        ..PLAIN
    },
    Scenario {
        number: 51,
        name: "after-100",
        does: "paid at once; the reply is whole, but an interim 100 Continue comes first",
        told: &[Paid],
        charged: Charged::Yes,
        wire: Wire::After100,
        ..PLAIN
    },
    Scenario {
        number: 52,
        name: "redirect-302",
        does: "the reply is a 302 to /elsewhere, there is no order; who follows is counted",
        told: &[NotPaid],
        course: Course::Lost,
        wire: Wire::Redirect(302),
        ..PLAIN
    },
    Scenario {
        number: 53,
        name: "redirect-307",
        does: "the reply is a 307 to /elsewhere, there is no order; who follows is counted",
        told: &[NotPaid],
        course: Course::Lost,
        wire: Wire::Redirect(307),
        ..PLAIN
    },
    // 54 to 59: a faultless reply that is not for this order, or not about this request.
    Scenario {
        number: 54,
        name: "other-client-sn",
        does: "pay says PAY_SUCCESS for another client_sn, this order stays CREATED until it is cancelled",
        told: &[NotPaid],
        course: Course::NeverPaid,
        answer: Answer::ForAnother(Field::ClientSn),
        ..PLAIN
    },
    Scenario {
        number: 55,
        name: "other-amount",
        does: "pay says PAY_SUCCESS for another total_amount, this order stays CREATED until it is cancelled",
        told: &[NotPaid],
        course: Course::NeverPaid,
        answer: Answer::ForAnother(Field::TotalAmount),
        ..PLAIN
    },
    Scenario {
        number: 56,
        name: "other-terminal",
        does: "pay says PAY_SUCCESS for another terminal_sn, this order stays CREATED until it is cancelled",
        told: &[NotPaid],
        course: Course::NeverPaid,
        answer: Answer::ForAnother(Field::TerminalSn),
        ..PLAIN
    },
    Scenario {
        number: 57,
        name: "somebody-elses",
        parameter: Time,
        does: "pay answers with the success reply of an order of somebody else, this order is paid after n",
        told: &[Paid],
        charged: Charged::Yes,
        depends: "not paid if the till gives up and cancels before n",
        course: Course::PaidAfterN,
        answer: Answer::SomebodyElses,
        ..PLAIN
    },
    Scenario {
        number: 58,
        name: "invalid-params",
        does: "the reply is a top-level 400 INVALID_PARAMS under HTTP 200, there is no order",
        told: &[NotPaid],
        course: Course::Refused,
        answer: Answer::RequestError("400", "INVALID_PARAMS", 200),
        ..PLAIN
    },
    Scenario {
        number: 59,
        name: "illegal-sign",
        does: "the reply is a top-level 400 ILLEGAL_SIGN under HTTP 400, there is no order",
        told: &[NotPaid],
        course: Course::Refused,
        answer: Answer::RequestError("400", "ILLEGAL_SIGN", 400),
        ..PLAIN
    },
];
