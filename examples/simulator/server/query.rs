//! What query answers.

use super::book::Entry;
use super::delivery::{Delivery, Refusal};
use super::desk::Desk;
use super::fields::Fields;
use super::order::Order;
use super::refunds::Refund;
use super::reply::{self, View};
use super::scenario::{Field, OnQuery, QueryFault, Wire};
use super::terminals::Signer;

/// A query that gets no answer is held longer than any till waits for one.
const QUERY_HOLD_MS: u64 = 60_000;
/// A status that is in no table.
const UNHEARD_OF_STATUS: &str = "SIMULATED_UNHEARD_OF";

impl Desk {
    pub(super) fn query(&self, signer: &Signer, fields: &Fields) -> Result<Delivery, Refusal> {
        let ticket = self.holds.ticket();
        let (delivery, hold_ms) = self.write(|book, now_ms| match book.find(signer, fields) {
            Some(entry) => query_entry(entry, fields.text("refund_request_no"), now_ms),
            None => (order_not_exists(1), 0),
        });
        Ok(match self.hold_back(ticket, hold_ms) {
            Ok(_) => delivery,
            Err(nothing) => nothing,
        })
    }
}

/// Answers about an order, or about one refund of it, and says for how long the answer is held back.
fn query_entry(entry: &mut Entry, refund_request_no: Option<&str>, now_ms: u64) -> (Delivery, u64) {
    entry.queries += 1;
    let (queries, scenario) = (entry.queries, entry.scenario);
    let fault = fault_of(scenario.on_query, entry.among_first_n(queries));
    let Some(order) = entry.order(now_ms) else {
        return (order_not_exists(queries), 0);
    };
    if fault == Some(QueryFault::NotExists) {
        return (order_not_exists(queries), 0);
    }
    let refund = match refund_request_no {
        // Whoever asks about no refund in particular sees the latest one at work.
        None => latest_refund(order),
        Some(number) => match order.refund(number).filter(|index| order.refunds[*index].state.is_known()) {
            Some(index) => Some(index),
            None => return (refund_not_exists(), 0),
        },
    };
    let fault = fault.or_else(|| {
        let refund = &mut order.refunds[refund?];
        refund.queries += 1;
        fault_of(refund.story.row.on_query, refund.story.among_first_n(refund.queries))
    });
    let order = order.clone();
    let asked = refund.filter(|_| refund_request_no.is_some()).map(|index| &order.refunds[index]);
    let view = View::of(entry, &order);
    let note = format!("{} {} query {queries}: {}", entry.client_sn, scenario.name, order.status.order_status());
    let (view, wire, hold_ms) = match fault {
        Some(QueryFault::NotExists) => return (refund_not_exists(), 0),
        Some(QueryFault::Wire(wire)) => (view, wire, 0),
        Some(QueryFault::Held) => (view, Wire::Reset, QUERY_HOLD_MS),
        Some(QueryFault::UnheardOfStatus) => (view.with_order_status(UNHEARD_OF_STATUS), Wire::Whole, 0),
        Some(QueryFault::ForAnother(field)) => (for_another(view, field, refund), Wire::Whole, 0),
        None => (view, Wire::Whole, 0),
    };
    let view = match asked {
        Some(refund) => view.of_refund(refund),
        None => view,
    };
    (Delivery::json(reply::done("SUCCESS", None, view.data())).over(wire).noted(note), hold_ms)
}

fn fault_of(on_query: OnQuery, among_first_n: bool) -> Option<QueryFault> {
    match on_query {
        OnQuery::FirstN(fault) if among_first_n => Some(fault),
        OnQuery::Always(fault) => Some(fault),
        OnQuery::FirstN(_) | OnQuery::Right => None,
    }
}

fn latest_refund(order: &Order) -> Option<usize> {
    order.refunds.iter().rposition(|refund: &Refund| refund.state.is_known())
}

/// What a till must not take for its own: a paid order of somebody else, or somebody else's refunds.
fn for_another(view: View, field: Field, refund: Option<usize>) -> View {
    match refund {
        Some(_) => view.another(field),
        None => view.paid_but_another(field),
    }
}

/// There are two spellings of one code in the documents, so every other answer has the other one.
fn order_not_exists(queries: u32) -> Delivery {
    let error_code = if queries % 2 == 1 { "UPAY_ORDER_NOT_EXISTS" } else { "UPAY_ORDER_NOT_EXIST" };
    Delivery::json(reply::fail(error_code)).noted(format!("query: {error_code}"))
}

/// The order is there, the refund is not.
fn refund_not_exists() -> Delivery {
    Delivery::json(reply::fail("TRADE_NOT_EXIST")).noted("query: no such refund".to_owned())
}
