//! What pay answers.

use super::book::{Admission, Book, Entry, Outcome};
use super::clock::HoldEnd;
use super::desk::{Delivery, Desk};
use super::fields::Fields;
use super::order::{Order, Status};
use super::reply::{self, View};
use super::scenario::{Answer, Field, Hold};

impl Desk {
    pub(super) fn pay(&self, terminal_sn: &str, fields: &Fields) -> Delivery {
        let client_sn = fields.needed("client_sn");
        let ticket = self.holds.ticket();
        let admitted = self.write(|book, now_ms| {
            let Admission::New(index) = book.enter_pay(terminal_sn, fields, now_ms) else {
                return None;
            };
            let entry = &book.entries[index];
            Some((index, entry.scenario, entry.n_ms()))
        });
        let Some((index, scenario, n_ms)) = admitted else {
            return Delivery::json(reply::fail("CLIENT_SN_CONFLICT")).noted(format!("{client_sn} again"));
        };
        if scenario.hold != Hold::None {
            match self.hold_back(ticket, n_ms) {
                Err(nothing) => return nothing,
                Ok(HoldEnd::Released) => self.write(|book, now_ms| hasten(&mut book.entries[index], now_ms)),
                Ok(_) => {}
            }
        }
        let answer = self.write(|book, now_ms| answer(book, index, now_ms));
        let note = format!("{client_sn} {} {}", scenario.name, fields.needed("dynamic_id"));
        answer.over(scenario.wire).noted(note)
    }
}

/// A released hold means that the customer has done what was waited for.
fn hasten(entry: &mut Entry, now_ms: u64) {
    if let Some(order) = entry.order(now_ms) {
        order.hasten(now_ms);
    }
}

fn answer(book: &mut Book, index: usize, now_ms: u64) -> Delivery {
    let scenario = book.entries[index].scenario;
    match scenario.answer {
        Answer::Fail(error_code) => return Delivery::json(reply::fail(error_code)),
        Answer::RequestError(result_code, error_code, http_status) => {
            let body = reply::request_error(result_code, error_code, reply::message_of(error_code));
            return Delivery::json(body).with_status(http_status);
        }
        Answer::SomebodyElses => {
            if let Some(view) = somebody_elses(book, index, now_ms) {
                return Delivery::json(reply::done("PAY_SUCCESS", None, view.data()));
            }
        }
        _ => {}
    }
    let entry = &mut book.entries[index];
    let Some(order) = entry.order(now_ms).map(|order| order.clone()) else {
        // Lost or late: the wire of such a scenario lets nothing of this through.
        return Delivery::page(500, "nobody reads this");
    };
    let view = View::of(entry, &order);
    Delivery::json(match scenario.answer {
        Answer::InProgress => reply::done("PAY_IN_PROGRESS", None, view.still_created().data()),
        Answer::ResultCode(result_code) => reply::done(result_code, None, view.data()),
        Answer::NullData => reply::done("PAY_SUCCESS", None, "null".to_owned()),
        Answer::LooseTypes => reply::done(by_status(&order).0, None, view.loose_data()),
        Answer::ForAnother(field) => reply::done("PAY_SUCCESS", None, view.paid_but_another(field).data()),
        Answer::SomebodyElses => reply::done("PAY_SUCCESS", None, view.paid_but_another(Field::ClientSn).data()),
        Answer::ByStatus | Answer::Fail(_) | Answer::RequestError(..) => {
            let (result_code, error_code) = by_status(&order);
            reply::done(result_code, error_code, view.data())
        }
    })
}

/// The result_code of pay, and the error_code with it, for an order in this status.
fn by_status(order: &Order) -> (&'static str, Option<&'static str>) {
    match order.status {
        Status::Paid => ("PAY_SUCCESS", None),
        Status::PayCanceled | Status::Canceled => ("PAY_FAIL", Some("TRADE_FAILED")),
        Status::PayError => ("PAY_FAIL_ERROR", Some("TRADE_FAILED")),
        Status::Created | Status::Refunded | Status::CancelInProgress | Status::CancelError => {
            ("PAY_IN_PROGRESS", None)
        }
    }
}

/// The latest paid order that is not this one.
fn somebody_elses(book: &mut Book, index: usize, now_ms: u64) -> Option<View> {
    book.entries.iter_mut().enumerate().rev().filter(|(other, _)| *other != index).find_map(|(_, entry)| {
        entry.order(now_ms)?;
        match &entry.outcome {
            Outcome::Order(order) if order.status == Status::Paid => Some(View::of(entry, order)),
            _ => None,
        }
    })
}
