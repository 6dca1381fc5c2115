//! Activation, check-in and echo: what may happen to the request and its reply.

use super::Parameter::{Count, Time};
use super::{KeyAnswer, TerminalStory, Wire, PLAIN};

pub const ROWS: &[TerminalStory] = &[
    TerminalStory {
        number: 0,
        name: "flat",
        does: "done; the fields are right in biz_response, without a result_code; so without a tag",
        ..PLAIN
    },
    TerminalStory {
        number: 1,
        name: "nested",
        does: "done; biz_response has a result_code, and the fields are in biz_response.data",
        answer: KeyAnswer::Nested,
        ..PLAIN
    },
    TerminalStory {
        number: 2,
        name: "slow-reply",
        parameter: Time,
        does: "done; the reply comes after n",
        slow: true,
        ..PLAIN
    },
    TerminalStory {
        number: 3,
        name: "loose-types",
        does: "done; terminal_sn is a number, among nulls and fields that nobody knows",
        answer: KeyAnswer::LooseTypes,
        ..PLAIN
    },
    TerminalStory {
        number: 10,
        name: "expired",
        does: "not done: 400 ACTIVATE_FAIL under HTTP 400, as for a code that is older than 7 days",
        done: false,
        answer: KeyAnswer::RequestError("400", "ACTIVATE_FAIL", 400),
        ..PLAIN
    },
    TerminalStory {
        number: 11,
        name: "used",
        does: "not done: 400 ACTIVATE_FAIL under HTTP 200, as for a code that somebody else has used",
        done: false,
        answer: KeyAnswer::RequestError("400", "ACTIVATE_FAIL", 200),
        ..PLAIN
    },
    TerminalStory {
        number: 12,
        name: "illegal-sign",
        parameter: Count,
        does: "not done: the first n requests get 400 ILLEGAL_SIGN, whoever signed them",
        done: false,
        answer: KeyAnswer::RequestError("400", "ILLEGAL_SIGN", 200),
        ..PLAIN
    },
    TerminalStory {
        number: 13,
        name: "unheard-of-error",
        does: "not done: 400 with an error_code that is in no table",
        done: false,
        answer: KeyAnswer::RequestError("400", "SIMULATED_UNHEARD_OF_ERROR", 200),
        ..PLAIN
    },
    TerminalStory {
        number: 20,
        name: "without-key",
        parameter: Count,
        does: "done, but the first n replies have no terminal_key",
        answer: KeyAnswer::WithoutKey,
        ..PLAIN
    },
    TerminalStory {
        number: 21,
        name: "another-terminal",
        parameter: Count,
        does: "done, but the first n replies have another terminal_sn and its key",
        answer: KeyAnswer::AnotherTerminal,
        ..PLAIN
    },
    TerminalStory {
        number: 30,
        name: "reply-lost",
        parameter: Count,
        does: "done, but the first n replies are lost by a reset",
        wire: Wire::Reset,
        ..PLAIN
    },
    TerminalStory {
        number: 31,
        name: "request-lost",
        parameter: Count,
        does: "the first n requests are lost, the connection is closed before any byte of a reply",
        done: false,
        wire: Wire::Close,
        ..PLAIN
    },
    TerminalStory {
        number: 34,
        name: "page-500",
        parameter: Count,
        does: "done, but the first n replies are an HTTP 500 page",
        wire: Wire::Page(500),
        ..PLAIN
    },
    TerminalStory {
        number: 35,
        name: "page-500-lost",
        parameter: Count,
        does: "the first n requests get an HTTP 500 page and have no effect",
        done: false,
        wire: Wire::Page(500),
        ..PLAIN
    },
    TerminalStory {
        number: 36,
        name: "garbage",
        parameter: Count,
        does: "done, but the first n replies are bytes that are not HTTP",
        wire: Wire::Garbage,
        ..PLAIN
    },
    TerminalStory {
        number: 37,
        name: "cut",
        parameter: Count,
        does: "done, but the first n replies end in the middle",
        wire: Wire::CutWithLength,
        ..PLAIN
    },
    TerminalStory {
        number: 38,
        name: "empty",
        parameter: Count,
        does: "done, but the first n replies are HTTP 200 with no body",
        wire: Wire::Empty,
        ..PLAIN
    },
    TerminalStory {
        number: 39,
        name: "system-error",
        parameter: Count,
        does: "not done: the first n requests get a top-level 500 UNKNOWN_SYSTEM_ERROR",
        done: false,
        answer: KeyAnswer::RequestError("500", "UNKNOWN_SYSTEM_ERROR", 200),
        ..PLAIN
    },
    TerminalStory {
        number: 40,
        name: "maintenance",
        parameter: Count,
        does: "not done: the first n requests get a top-level 500 MAINTENANCE_INPROGRESS under HTTP 503",
        done: false,
        answer: KeyAnswer::RequestError("500", "MAINTENANCE_INPROGRESS", 503),
        ..PLAIN
    },
    TerminalStory {
        number: 41,
        name: "redirect-307",
        parameter: Count,
        does: "not done: the first n requests get a 307 to /elsewhere; who follows is counted",
        done: false,
        wire: Wire::Redirect(307),
        ..PLAIN
    },
];
