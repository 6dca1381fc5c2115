//! What a reply says by itself, for a host that asked the gateway by its own means. The flows' rules hold, with two
//! things missing: there is no order to hold the reply against, so it must name one, and there is nobody to ask again,
//! so what a flow would go on asking about is "pending" when the gateway says so, and "unknown" otherwise.

use super::evidence::{agrees, refusal_of, Evidence};
use super::refund::RefundEvidence;
use super::*;
use crate::gateway::codes::business::{self, Refusal};
use crate::gateway::codes::result::{self, Asked, Class, Meaning};
use crate::gateway::codes::{find, order, request, CodeTable, Entry, OrderStatus, Row};
use crate::gateway::reply::RequestStatus;
use crate::gateway::terminal::brings_a_key;
use crate::gateway::words::{self, Words};
use crate::record::Verdict;

const DONE: Verdict = Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK);
const REFUSED: Verdict = Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_REFUSED);
const UNRESOLVED: Verdict = unknown(UPAY_E_UNRESOLVED);

const fn unknown(status: upay_status) -> Verdict {
    Verdict::new(UPAY_OUTCOME_UNKNOWN, status)
}

pub fn read(reply: &Reply) -> (Verdict, Words) {
    let answered = reply.biz_result_code.as_deref().and_then(|code| find(result::ROWS, code));
    let verdict = match reply.request_status() {
        _ if brings_a_key(reply) => DONE,
        RequestStatus::Refused(error) => Verdict::new(UPAY_OUTCOME_FAILED, error.status),
        RequestStatus::InDoubt(error) => unknown(error.status),
        RequestStatus::Answered => answered.map_or(UNRESOLVED, |row| of_answer(row.means, reply)),
    };
    (verdict, words_for(verdict, answered, reply))
}

/// The same for a request that this library does not know. A plain SUCCESS that speaks of no order is about none.
pub fn of_call(reply: &Reply) -> (Verdict, Words) {
    let of_order = ["sn", "client_sn", "order_status"].iter().any(|key| reply.get(key).is_some());
    if of_order
        || reply.request_status() != RequestStatus::Answered
        || reply.biz_result_code.as_deref() != Some("SUCCESS")
    {
        return read(reply);
    }
    (DONE, words::of(UPAY_ACTION_CALL, DONE.outcome, DONE.status, Phase::Done.name(), None))
}

fn of_answer(Meaning { asked, class }: Meaning, reply: &Reply) -> Verdict {
    let order = reply.identity();
    match (class, asked) {
        (Class::InProgress, _) => Verdict::PENDING,
        (Class::Unknown, _) => UNRESOLVED,
        (_, Asked::Pay) => match pay::proves(reply, &order) {
            Some(resolution) => Verdict::of(UPAY_ACTION_PAY, resolution),
            None if reply.names(&order) => UNRESOLVED,
            None => unknown(UPAY_E_REPLY),
        },
        (_, Asked::Cancel) => match Evidence::of_cancel(reply) {
            Evidence::Ended(resolution) => Verdict::of(UPAY_ACTION_CANCEL, resolution),
            _ => UNRESOLVED,
        },
        (_, Asked::Refund) => match RefundEvidence::of_refund_reply(reply, &order, None) {
            RefundEvidence::Done => DONE,
            RefundEvidence::Refused(_) => {
                unless_contradicted(REFUSED, reply, &[OrderStatus::Paid, OrderStatus::PartialRefunded])
            }
            _ if reply.is_about(&order) => UNRESOLVED,
            _ => unknown(UPAY_E_REPLY),
        },
        // What cannot be shown cannot be paid.
        (Class::Success, Asked::Precreate) if reply.get("qr_code").is_none() => unknown(UPAY_E_REPLY),
        // No payment yet: the customer has still to scan the code.
        (Class::Success, Asked::Precreate) => unless_contradicted(Verdict::PENDING, reply, &[OrderStatus::Open]),
        (Class::Fail, Asked::Precreate) if precreate::is_refused(reply) => REFUSED,
        (Class::Fail, Asked::Precreate) => UNRESOLVED,
        // Without the key that it speaks of.
        (_, Asked::Checkin) => unknown(UPAY_E_REPLY),
        (Class::Success, Asked::Anything) => of_order(reply, &order),
        (Class::Fail, Asked::Anything) => of_fail(reply),
    }
}

fn unless_contradicted(said: Verdict, reply: &Reply, allowed: &[OrderStatus]) -> Verdict {
    if agrees(reply, allowed) {
        said
    } else {
        UNRESOLVED
    }
}

/// The answer to a query: how the order stands.
fn of_order(reply: &Reply, order: &Identity) -> Verdict {
    let evidence = Evidence::of_query(reply, order);
    match evidence {
        Evidence::Paid => Verdict::of(UPAY_ACTION_PAY, Resolution::Paid),
        Evidence::Ended(resolution) => Verdict::of(UPAY_ACTION_PAY, resolution),
        Evidence::Moving if reply.order_status() == OrderStatus::Unheard => UNRESOLVED,
        Evidence::Payable | Evidence::Moving => Verdict::PENDING,
        _ => unknown(evidence.warning()),
    }
}

/// FAIL is never read as done.
fn of_fail(reply: &Reply) -> Verdict {
    match refusal_of(reply) {
        Refusal::Plain => {
            let quiet = [OrderStatus::PayCanceled, OrderStatus::Canceled];
            unless_contradicted(REFUSED, reply, &quiet)
        }
        // The cancel did nothing, and the payment stands.
        Refusal::NotCancellable => REFUSED,
        // Of the payment that it is about: nothing is owed.
        Refusal::Cancelled => match Evidence::of_cancel(reply) {
            Evidence::Ended(resolution) => Verdict::of(UPAY_ACTION_PAY, resolution),
            _ => UNRESOLVED,
        },
        // One such answer is not proof: a request may still arrive.
        Refusal::NoOrder => unknown(UPAY_E_NO_ORDER),
        Refusal::NoTrade | Refusal::OrderThere | Refusal::RefundThere | Refusal::System => UNRESOLVED,
    }
}

/// The words of the code that decided: of the most telling one with this outcome.
fn words_for(verdict: Verdict, answered: Option<&'static Row<Meaning>>, reply: &Reply) -> Words {
    let of = |table: &dyn CodeTable, code: Option<&str>| code.and_then(|code| table.entry(code));
    let answer = answered.map(Entry::from);
    let told = match answered.map(|row| row.means) {
        None if brings_a_key(reply) => {
            [result::ROWS.iter().find(|row| row.means.asked == Asked::Checkin).map(Entry::from), None]
        }
        None => [of(&request::ROWS, reply.error_code.as_deref()), None],
        // Made, which is done, and to be paid, which is pending.
        Some(Meaning { asked: Asked::Precreate, class: Class::Success }) if verdict == Verdict::PENDING => {
            [answer.map(|row| Entry { outcome: verdict.outcome, ..row }), None]
        }
        Some(Meaning { asked: Asked::Anything, class: Class::Success }) => {
            [of(&order::ROWS, reply.get("order_status")), answer]
        }
        Some(Meaning { class: Class::Fail, .. }) => [of(&business::ROWS, reply.biz_error_code.as_deref()), answer],
        Some(_) => [answer, None],
    };
    match told.into_iter().flatten().find(|entry| entry.outcome == verdict.outcome) {
        // "Deliver" is for an order that was compared; of this one nobody knows whether it is the host's.
        Some(entry) if entry.advice != UPAY_ADVICE_DELIVER => Words::from(entry),
        _ => words::of(UPAY_ACTION_READ, verdict.outcome, verdict.status, Phase::Done.name(), None),
    }
}
