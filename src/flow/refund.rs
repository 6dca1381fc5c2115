//! A refund (protocol section 6): in doubt, it is sent again under the same number, which moves the money once.

use super::limits::Limits;
use super::proof::{agrees, answer, refusal_of, Answer};
use super::*;
use crate::gateway::codes::business::Refusal;
use crate::gateway::codes::OrderStatus;

pub struct Refund {
    order: Identity,
    refund_request_no: String,
    limits: Limits,
    /// Nobody waits any more: no time limit, and the pauses of the watch.
    patient: bool,
    begun_before: bool,
    concluded: bool,
    asked: Call,
    pauses_taken: usize,
    ends_at: Millis,
    /// A request may have arrived, is known to have, or is known to be done.
    in_doubt: bool,
    arrived: bool,
    done: bool,
    /// When the gateway first said that it did not happen while it may have, and whether it called the order given back
    /// since: then it may have been this refund.
    refused_since: Option<Millis>,
    /// A query has shown the order without any refund since.
    seen_untouched: bool,
    given_back: bool,
    trouble: upay_status,
}

/// What an answer says of a refund.
pub(super) enum Said {
    Final(Fate),
    /// The gateway has it, and works on it.
    UnderWay,
    /// Given back, in part or in full; whether by this refund depends on what is known of it.
    GivenBack,
    /// The order is given back, in part or in full, but this refund has no end, or a bad one.
    NotThis,
    /// As if there had never been a refund: paid in full, or cancelled, which leaves nothing to refund.
    Untouched,
    /// The gateway says that it has it already: a query tells what became of it.
    HasIt,
    /// It did not happen by this request, though an earlier one may have arrived.
    NotByThis(Fate),
    Nothing(upay_status),
}

impl Refund {
    pub fn new(order: Identity, refund_request_no: String, limits: Limits) -> Self {
        Self {
            order,
            refund_request_no,
            limits,
            patient: false,
            begun_before: false,
            concluded: false,
            asked: Call::Refund,
            pauses_taken: 0,
            ends_at: 0,
            in_doubt: false,
            arrived: false,
            done: false,
            refused_since: None,
            seen_untouched: false,
            given_back: false,
            trouble: UPAY_OK,
        }
    }

    /// For one that was begun before and whose end is not known: what an answer says of this request alone proves
    /// nothing of the earlier one.
    pub fn again(order: Identity, refund_request_no: String, limits: Limits) -> Self {
        Self { begun_before: true, in_doubt: true, ..Self::new(order, refund_request_no, limits) }
    }

    /// For one that is known to be done: it is not sent again.
    pub fn concluded(order: Identity, refund_request_no: String, limits: Limits) -> Self {
        Self { concluded: true, ..Self::new(order, refund_request_no, limits) }
    }

    /// As `again`, and nobody waits for it.
    pub fn left_over(order: Identity, refund_request_no: String, limits: Limits) -> Self {
        Self { patient: true, ..Self::again(order, refund_request_no, limits) }
    }

    fn heard(&mut self, heard: &Result<Reply>, now: Millis) -> Next {
        let said = match answer(heard, &self.order) {
            Answer::NotSent(status) if !self.in_doubt => Said::Final(Fate::NotSent(status)),
            Answer::NotSent(status) | Answer::Nothing(status) => Said::Nothing(status),
            Answer::OtherOrder => Said::Nothing(UPAY_E_REPLY),
            Answer::Refused(status) if self.asked == Call::Refund => Said::NotByThis(Fate::Refused(status)),
            Answer::Refused(status) => Said::Nothing(status),
            Answer::Order(reply) if self.asked == Call::Refund => refund_said(reply, &self.order),
            Answer::Order(reply) => self.query_said(reply),
        };
        self.in_doubt |= self.asked == Call::Refund;
        if self.asked == Call::Refund && matches!(said, Said::Nothing(_)) {
            // This request may move the money still: what was refused before it counts no more.
            self.refused_since = None;
        }
        self.seen_untouched = match said {
            Said::Untouched => true,
            Said::NotByThis(_) => self.seen_untouched,
            Said::Nothing(_) => self.seen_untouched && self.asked == Call::Query,
            _ => false,
        };
        self.trouble = match &said {
            Said::Nothing(status) => *status,
            _ => UPAY_OK,
        };
        match said {
            // Nobody waits for "unknown": it is asked on.
            Said::Final(Fate::Unknown) if self.patient => self.pause(Call::Query, now),
            Said::Final(fate) => Next::Done(fate),
            Said::NotByThis(fate) if !self.may_have_arrived_before() => Next::Done(fate),
            Said::NotByThis(fate) if self.stays_refused(now) => Next::Done(fate),
            Said::NotByThis(_) => self.ask(Call::Query),
            // "Done already", and no refund to be seen: one of the two is old.
            Said::Untouched if self.done => self.pause(Call::Query, now),
            // It was under way, and has come to nothing.
            Said::Untouched if self.arrived && self.stays_refused(now) => Next::Done(Fate::Refused(UPAY_E_REFUSED)),
            Said::Untouched if self.arrived => self.pause(Call::Query, now),
            Said::Untouched => self.pause(Call::Refund, now),
            Said::HasIt => {
                (self.arrived, self.done) = (true, true);
                self.ask(Call::Query)
            }
            Said::UnderWay => {
                self.arrived = true;
                self.refused_since = None;
                self.pause(Call::Query, now)
            }
            Said::GivenBack if self.done => Next::Done(Fate::Refunded),
            Said::NotThis => self.pause(Call::Query, now),
            // By an earlier refund, perhaps: the same number again tells.
            Said::GivenBack => {
                self.given_back = true;
                self.pause(Call::Refund, now)
            }
            Said::Nothing(status) if bug!(LostRefundIsRefused) => Next::Done(Fate::Refused(status)),
            Said::Nothing(_) if self.done || self.asked == Call::Refund => self.pause(Call::Query, now),
            Said::Nothing(_) => self.pause(Call::Refund, now),
        }
    }

    /// Two such answers, the second at least the grace after the first, and a query between that showed the order without
    /// a refund: no answer there is no proof.
    fn stays_refused(&mut self, now: Millis) -> bool {
        let since = *self.refused_since.get_or_insert(now);
        now > since && now - since >= self.limits.not_found_grace && self.seen_untouched && !self.given_back
    }

    /// The answer to a query with the refund's number.
    fn query_said(&self, reply: &Reply) -> Said {
        if reply.biz_result_code.as_deref() != Some("SUCCESS") || !reply.is_about(&self.order) {
            return Said::Nothing(UPAY_E_REPLY);
        }
        let of_this = reply.get("refund_request_no") == Some(&self.refund_request_no);
        match reply.order_status() {
            OrderStatus::Refunded | OrderStatus::PartialRefunded if of_this => match reply.get("status") {
                Some("SUCCESS") => Said::Final(Fate::Refunded),
                Some(_) => Said::NotThis,
                None => Said::GivenBack,
            },
            OrderStatus::Refunded | OrderStatus::PartialRefunded => Said::GivenBack,
            OrderStatus::Moving => Said::UnderWay,
            OrderStatus::Paid | OrderStatus::Canceled | OrderStatus::PayCanceled => Said::Untouched,
            _ => Said::Nothing(UPAY_E_UNRESOLVED),
        }
    }

    /// Before the request that was just answered.
    fn may_have_arrived_before(&self) -> bool {
        self.pauses_taken > 0 || self.arrived || self.begun_before
    }

    fn ask(&mut self, call: Call) -> Next {
        self.asked = call;
        Next::Send(call)
    }

    fn pause(&mut self, then: Call, now: Millis) -> Next {
        self.asked = then;
        let pauses = if self.patient { &self.limits.watch } else { &self.limits.poll };
        let until = now + pauses.after(self.pauses_taken);
        self.pauses_taken += 1;
        Next::SleepUntil(if self.patient { until } else { until.min(self.ends_at) })
    }
}

pub(super) fn refund_said(reply: &Reply, order: &Identity) -> Said {
    match reply.biz_result_code.as_deref().unwrap_or_default() {
        "REFUND_SUCCESS" if !reply.is_about(order) => Said::HasIt,
        "REFUND_SUCCESS" if agrees(reply, &[OrderStatus::Refunded, OrderStatus::PartialRefunded]) => {
            Said::Final(Fate::Refunded)
        }
        "REFUND_SUCCESS" => Said::HasIt,
        "REFUND_IN_PROGRESS" => Said::UnderWay,
        "REFUND_ERROR" => Said::Final(Fate::Unknown),
        "FAIL" | "REFUND_FAIL" if refusal_of(reply) == Refusal::RefundThere => Said::HasIt,
        "FAIL" | "REFUND_FAIL" => Said::NotByThis(Fate::Refused(UPAY_E_REFUSED)),
        _ => Said::Nothing(UPAY_E_REPLY),
    }
}

impl Flow for Refund {
    fn step(&mut self, input: Input<'_>, now: Millis) -> Next {
        match input {
            Input::Begin if self.concluded => Next::Done(Fate::Refunded),
            // What ended as unknown a moment ago is not asked about again at once.
            Input::Begin if self.patient => self.pause(Call::Refund, now),
            Input::Begin => {
                self.ends_at = now + self.limits.cancel_timeout;
                self.ask(self.asked)
            }
            Input::Heard(heard) => self.heard(heard, now),
            Input::Timer if !self.patient && now >= self.ends_at => Next::Done(Fate::Unknown),
            Input::Timer => self.ask(self.asked),
        }
    }

    fn phase(&self) -> Phase {
        if self.pauses_taken == 0 && !self.arrived {
            Phase::Sending
        } else {
            Phase::Querying
        }
    }

    fn ends_at(&self) -> Option<Millis> {
        (!self.patient).then_some(self.ends_at)
    }

    fn trouble(&self) -> upay_status {
        self.trouble
    }
}
