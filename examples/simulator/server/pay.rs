//! What pay and precreate answer: an order is made, and scenarios decide what is said about it.

use super::barcode;
use super::book::{Admission, Book, Call, Entry, Outcome, Plot};
use super::clock::HoldEnd;
use super::delivery::{Delivery, Refusal};
use super::desk::Desk;
use super::fields::Fields;
use super::order::{Order, Status};
use super::refund_story::{self, RefundStory};
use super::reply::{self, View};
use super::row::{self, Chosen};
use super::scenario::{self, Answer, Field, Hold};
use super::terminals::Signer;

impl Desk {
    /// The barcode tells the scenario.
    pub(super) fn pay(&self, signer: &Signer, fields: &Fields) -> Result<Delivery, Refusal> {
        let (row, n) = barcode::scenario_of(fields.needed("dynamic_id"));
        let plot = Plot { call: Call::Pay, scenario: Chosen { row, n }, refund_story: refunds_to_come(fields)? };
        Ok(self.make_order(signer, fields, plot))
    }

    /// A tag in the subject or in reflect tells the scenario.
    pub(super) fn precreate(&self, signer: &Signer, fields: &Fields) -> Result<Delivery, Refusal> {
        let texts = [fields.text("subject"), fields.text("reflect")];
        let chosen = row::choose(scenario::precreates(), row::OWN, texts).map_err(Refusal::invalid)?;
        let scenario = match chosen {
            Some(chosen) => chosen,
            None => Chosen { row: scenario::waits_for_scan(), n: 0 },
        };
        let plot = Plot { call: Call::Precreate, scenario, refund_story: refunds_to_come(fields)? };
        Ok(self.make_order(signer, fields, plot))
    }

    fn make_order(&self, signer: &Signer, fields: &Fields, plot: Plot) -> Delivery {
        let client_sn = fields.needed("client_sn");
        let scenario = plot.scenario.row;
        let ticket = self.holds.ticket();
        let admitted = self.write(|book, now_ms| {
            let Admission::New(index) = book.enter(signer, fields, plot, now_ms) else {
                return None;
            };
            Some((index, book.entries[index].n_ms()))
        });
        let Some((index, n_ms)) = admitted else {
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
        let note = format!("{client_sn} {} {}", scenario.name, fields.text("dynamic_id").unwrap_or_default());
        answer.over(scenario.wire).noted(note)
    }
}

/// What the order's texts say about refunds that say nothing themselves.
fn refunds_to_come(fields: &Fields) -> Result<Option<Chosen<RefundStory>>, Refusal> {
    let texts = [fields.text("subject"), fields.text("reflect")];
    row::choose(refund_story::all(), row::REFUND, texts).map_err(Refusal::invalid)
}

/// A released hold means that the customer has done what was waited for.
fn hasten(entry: &mut Entry, now_ms: u64) {
    if let Some(order) = entry.order(now_ms) {
        order.hasten(now_ms);
    }
}

fn answer(book: &mut Book, index: usize, now_ms: u64) -> Delivery {
    let (call, scenario) = (book.entries[index].call, book.entries[index].scenario);
    match scenario.answer {
        Answer::Fail(error_code) => return Delivery::json(reply::fail(error_code)),
        Answer::RequestError(result_code, error_code, http_status) => {
            let body = reply::request_error(result_code, error_code, reply::message_of(error_code));
            return Delivery::json(body).with_status(http_status);
        }
        Answer::SomebodyElses => {
            if let Some(view) = somebody_elses(book, index, now_ms) {
                return Delivery::json(reply::done(success(call), None, view.data()));
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
    let view = if scenario.answer == Answer::WithoutQrCode { view } else { view.with_qr_code() };
    Delivery::json(match scenario.answer {
        Answer::InProgress => reply::done(in_progress(call), None, view.still_created().data()),
        Answer::ResultCode(result_code) => reply::done(result_code, None, view.data()),
        Answer::NullData => reply::done(success(call), None, "null".to_owned()),
        Answer::LooseTypes => reply::done(by_status(call, &order).0, None, view.loose_data()),
        Answer::ForAnother(field) => reply::done(success(call), None, for_another(call, view, field).data()),
        Answer::SomebodyElses => reply::done(success(call), None, for_another(call, view, Field::ClientSn).data()),
        Answer::ByStatus | Answer::WithoutQrCode | Answer::Fail(_) | Answer::RequestError(..) => {
            let (result_code, error_code) = by_status(call, &order);
            reply::done(result_code, error_code, view.data())
        }
    })
}

fn success(call: Call) -> &'static str {
    match call {
        Call::Pay => "PAY_SUCCESS",
        Call::Precreate => "PRECREATE_SUCCESS",
    }
}

/// A precreate is over once there is a code to scan.
fn in_progress(call: Call) -> &'static str {
    match call {
        Call::Pay => "PAY_IN_PROGRESS",
        Call::Precreate => "PRECREATE_SUCCESS",
    }
}

/// What success looks like for an order that is not this one.
fn for_another(call: Call, view: View, field: Field) -> View {
    match call {
        Call::Pay => view.paid_but_another(field),
        Call::Precreate => view.another(field),
    }
}

/// The result_code, and the error_code with it, for an order in this status.
fn by_status(call: Call, order: &Order) -> (&'static str, Option<&'static str>) {
    match (order.status, call) {
        (Status::Paid, call) => (success(call), None),
        (Status::PayCanceled | Status::Canceled, Call::Pay) => ("PAY_FAIL", Some("TRADE_FAILED")),
        (Status::PayCanceled | Status::Canceled, Call::Precreate) => ("PRECREATE_FAIL", Some("TRADE_FAILED")),
        (Status::PayError, Call::Pay) => ("PAY_FAIL_ERROR", Some("TRADE_FAILED")),
        (Status::PayError, Call::Precreate) => ("PRECREATE_FAIL_ERROR", Some("TRADE_FAILED")),
        (_, call) => (in_progress(call), None),
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
