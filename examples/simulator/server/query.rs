//! What query answers.

use super::desk::{Delivery, Desk};
use super::fields::Fields;
use super::reply::{self, View};
use super::scenario::{OnQuery, QueryFault, Wire};

/// A query that gets no answer is held longer than any till waits for one.
const QUERY_HOLD_MS: u64 = 60_000;
/// A status that is in no table.
const UNHEARD_OF_STATUS: &str = "SIMULATED_UNHEARD_OF";

impl Desk {
    pub(super) fn query(&self, terminal_sn: &str, fields: &Fields) -> Delivery {
        let ticket = self.holds.ticket();
        let (delivery, hold_ms) = self.write(|book, now_ms| {
            let Some(entry) = book.find(terminal_sn, fields) else {
                return (not_exists(1), 0);
            };
            entry.queries += 1;
            let (queries, scenario) = (entry.queries, entry.scenario);
            let fault = match scenario.on_query {
                OnQuery::FirstN(fault) if entry.among_first_n(queries) => Some(fault),
                OnQuery::Always(fault) => Some(fault),
                OnQuery::FirstN(_) | OnQuery::Right => None,
            };
            let Some(order) = entry.order(now_ms).map(|order| order.clone()) else {
                return (not_exists(queries), 0);
            };
            let view = View::of(entry, &order);
            let note =
                format!("{} {} query {queries}: {}", entry.client_sn, scenario.name, order.status.order_status());
            let (view, wire, hold_ms) = match fault {
                Some(QueryFault::NotExists) => return (not_exists(queries), 0),
                Some(QueryFault::Wire(wire)) => (view, wire, 0),
                Some(QueryFault::Held) => (view, Wire::Reset, QUERY_HOLD_MS),
                Some(QueryFault::UnheardOfStatus) => (view.with_order_status(UNHEARD_OF_STATUS), Wire::Whole, 0),
                Some(QueryFault::ForAnother(field)) => (view.paid_but_another(field), Wire::Whole, 0),
                None => (view, Wire::Whole, 0),
            };
            (Delivery::json(reply::done("SUCCESS", None, view.data())).over(wire).noted(note), hold_ms)
        });
        match self.hold_back(ticket, hold_ms) {
            Ok(_) => delivery,
            Err(nothing) => nothing,
        }
    }
}

/// There are two spellings of one code in the documents, so every other answer has the other one.
fn not_exists(queries: u32) -> Delivery {
    let error_code = if queries % 2 == 1 { "UPAY_ORDER_NOT_EXISTS" } else { "UPAY_ORDER_NOT_EXIST" };
    Delivery::json(reply::fail(error_code)).noted(format!("query: {error_code}"))
}
