//! What the runs have met. What none of many runs has met is a hole in the simulation.

use std::collections::BTreeMap;

#[derive(Default, Clone)]
pub struct Coverage(BTreeMap<&'static str, u64>);

impl Coverage {
    pub fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn join(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// What was met and stands in no list.
    pub fn unlisted(&self) -> Vec<&'static str> {
        self.0.keys().copied().filter(|what| !ALL.contains(what)).collect()
    }
}

pub const ALL: &[&str] = &[
    "crash: after a cancel has left",
    "crash: after a request has left",
    "crash: as a call returns",
    "crash: as the host hears",
    "crash: at a write to the disk",
    "crash: before a reply is looked at",
    "crash: before a request leaves",
    "crash: before a name is on disk",
    "crash: between two steps",
    "crash: the power fails",
    "disk: a read fails",
    "disk: a write fails",
    "disk: fails for a while",
    "gateway: /pay answered with 500",
    "gateway: /pay is held while the customer types",
    "gateway: /pay refused with 400",
    "gateway: CANCEL_ABORT_SUCCESS",
    "gateway: CANCEL_ERROR",
    "gateway: CANCEL_IN_PROGRESS, and it comes to nothing",
    "gateway: CANCEL_IN_PROGRESS, then cancelled",
    "gateway: FAIL with a code that speaks of an order",
    "gateway: FAIL, nothing happened",
    "gateway: PAY_FAIL",
    "gateway: PAY_FAIL_ERROR",
    "gateway: PAY_FAIL_IN_PROGRESS",
    "gateway: REFUND_ERROR",
    "gateway: REFUND_IN_PROGRESS, and it comes to nothing",
    "gateway: REFUND_IN_PROGRESS, then refunded",
    "gateway: REFUND_SUCCESS without the order",
    "gateway: a cancel answered with 500",
    "gateway: a cancel refused after midnight",
    "gateway: a cancel refused for good",
    "gateway: a cancel refused with 400",
    "gateway: a cancel refused with an unheard-of code",
    "gateway: a cancel that its own status contradicts",
    "gateway: a new order is not seen for a while",
    "gateway: a precreated order is paid",
    "gateway: a query answered with 500",
    "gateway: a query answered with TRADE_NOT_EXIST",
    "gateway: a query answered with an unheard-of code",
    "gateway: a query refused with 400",
    "gateway: a refund answered with 500",
    "gateway: a refund answered with an unheard-of code",
    "gateway: a refund refused for good",
    "gateway: a refund refused with 400",
    "gateway: a refund refused",
    "gateway: a reply that lacks a field",
    "gateway: a reply with numbers for strings",
    "gateway: an order that no cancel is for",
    "gateway: an order of somebody else has the number",
    "gateway: an order_status that says nothing",
    "gateway: an unheard-of result_code",
    "gateway: cancelled before",
    "gateway: cancelled",
    "gateway: no order to refund",
    "gateway: no such order to cancel",
    "gateway: no such order",
    "gateway: not enough left to refund",
    "gateway: paid after a while",
    "gateway: paid at once",
    "gateway: refunded",
    "gateway: success that its own status contradicts",
    "gateway: success without the order",
    "gateway: the customer walks away",
    "gateway: the payment fails after a while",
    "gateway: the same client_sn again gets the order as it is",
    "gateway: the same client_sn again is a conflict",
    "gateway: the same refund again",
    "host: a call is refused because the disk fails",
    "host: acts from inside a callback",
    "host: callbacks",
    "host: cancel",
    "host: pay",
    "host: pays the same number again",
    "host: precreate",
    "host: pulls its events",
    "host: query",
    "host: refund",
    "host: start fails",
    "host: stop",
    "host: the same action twice at a time is refused",
    "host: the same number again is refused",
    "network: a reply lost",
    "network: a request arrives after its connection died",
    "network: a request arrives twice",
    "network: a request lost",
    "network: an HTTP status that contradicts the body",
    "network: garbage",
    "network: interrupted after it left",
    "network: interrupted before it left",
    "network: not sent",
    "network: slow",
    "network: the reply to a repeated request",
    "network: the reply to another request",
    "till: takes up what was left over",
    "till: the library reverses by a refund",
    "time: a busy machine",
    "time: the wall clock jumps",
    "verdict: a person has to give the money back",
    "verdict: cancelled",
    "verdict: closed",
    "verdict: expired",
    "verdict: no such order",
    "verdict: not sent",
    "verdict: of a cancel: done",
    "verdict: of a cancel: no such order",
    "verdict: of a cancel: the payment stands",
    "verdict: of a cancel: unknown",
    "verdict: of a query",
    "verdict: of a refund: done",
    "verdict: of a refund: refused",
    "verdict: of a refund: unknown",
    "verdict: paid",
    "verdict: refused",
    "verdict: the watcher hears: failed",
    "verdict: the watcher hears: paid",
    "verdict: the watcher hears: unknown",
    "verdict: unknown",
    "world: a person has to act",
    "world: the watch list is empty",
];
