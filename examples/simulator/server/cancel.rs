//! What cancel does and answers. Revoke is cancel under another name.

use super::book::Entry;
use super::clock::same_beijing_day;
use super::delivery::{Delivery, Refusal};
use super::desk::Desk;
use super::fields::Fields;
use super::order::{Order, Status};
use super::reply::{self, View};
use super::scenario::{OnCancel, Wire};
use super::terminals::Signer;

/// What a cancel came to: a result_code with the order, or FAIL with an error_code.
type Outcome = Result<&'static str, &'static str>;

const NOT_EXISTS: &str = "UPAY_ORDER_NOT_EXISTS";
const REFUSED: &str = "UPAY_CANCEL_INVALID_ORDER_STATE";

impl Desk {
    /// The same under another name.
    pub(super) fn revoke(&self, signer: &Signer, fields: &Fields) -> Result<Delivery, Refusal> {
        self.write(|book, _| book.counters.revokes += 1);
        self.cancel(signer, fields)
    }

    pub(super) fn cancel(&self, signer: &Signer, fields: &Fields) -> Result<Delivery, Refusal> {
        let ticket = self.holds.ticket();
        let (delivery, hold_ms) = self.write(|book, now_ms| match book.find(signer, fields) {
            Some(entry) => cancel_entry(entry, now_ms),
            None => (Delivery::json(reply::fail(NOT_EXISTS)).noted(format!("cancel: {NOT_EXISTS}")), 0),
        });
        Ok(match self.hold_back(ticket, hold_ms) {
            Ok(_) => delivery,
            Err(nothing) => nothing,
        })
    }
}

/// Cancels, or not, and says for how long the answer is held back.
fn cancel_entry(entry: &mut Entry, now_ms: u64) -> (Delivery, u64) {
    entry.cancels += 1;
    let (scenario, n_ms) = (entry.scenario, entry.n_ms());
    let among_first_n = entry.among_first_n(entry.cancels);
    let (wire, done) = match scenario.on_cancel {
        OnCancel::FirstRepliesLost if among_first_n => (Wire::Reset, true),
        OnCancel::FirstRequestsLost if among_first_n => (Wire::Close, false),
        OnCancel::FirstGarbage if among_first_n => (Wire::Garbage, false),
        OnCancel::Always500 => (Wire::Page(500), false),
        _ => (Wire::Whole, true),
    };
    let hold_ms = if scenario.on_cancel == OnCancel::Held { n_ms } else { 0 };
    let outcome = match entry.order(now_ms) {
        None => Err(NOT_EXISTS),
        Some(_) if !done => Err("UNKNOWN_SYSTEM_ERROR"),
        Some(order) => cancel_order(order, scenario.on_cancel, n_ms, now_ms),
    };
    let note = format!("{} {} cancel {}: {outcome:?} {wire:?}", entry.client_sn, scenario.name, entry.cancels);
    let order = entry.order(now_ms).map(|order| order.clone());
    let body = match (outcome, order) {
        (Ok(result_code), Some(order)) => reply::done(result_code, None, View::of(entry, &order).data()),
        (Ok(error_code), None) | (Err(error_code), _) => reply::fail(error_code),
    };
    (Delivery::json(body).over(wire).noted(note), hold_ms)
}

fn cancel_order(order: &mut Order, on_cancel: OnCancel, n_ms: u64, now_ms: u64) -> Outcome {
    match on_cancel {
        OnCancel::AlwaysNotExists => return Err(NOT_EXISTS),
        OnCancel::AlwaysRefused => return Err(REFUSED),
        _ => {}
    }
    match (order.status, on_cancel) {
        (Status::Created, OnCancel::PaidJustBefore) => {
            order.end_as(Status::Paid, now_ms);
            Err(REFUSED)
        }
        (Status::Created, OnCancel::InProgressThenCanceled(result_code)) => {
            order.cancel_slowly(Status::Canceled, now_ms, now_ms + n_ms);
            Ok(result_code)
        }
        (Status::Created, OnCancel::InProgressThenPaid) => {
            order.cancel_slowly(Status::Paid, now_ms, now_ms + n_ms);
            Ok("CANCEL_IN_PROGRESS")
        }
        (Status::Created, OnCancel::Error(result_code)) => {
            order.end_as(Status::CancelError, now_ms);
            Ok(result_code)
        }
        (Status::Created, _) => {
            order.end_as(Status::Canceled, now_ms);
            Ok(if on_cancel == OnCancel::OtherSuccess { "CANCEL_SUCCESS" } else { "CANCEL_ABORT_SUCCESS" })
        }
        (Status::CancelInProgress, OnCancel::InProgressThenCanceled(result_code)) => Ok(result_code),
        (Status::CancelInProgress, _) => Ok("CANCEL_IN_PROGRESS"),
        (Status::CancelError, OnCancel::Error(result_code)) => Ok(result_code),
        (Status::Paid, _) if same_beijing_day(order.created_ms, now_ms) => {
            order.end_as(Status::Canceled, now_ms);
            Ok("CANCEL_SUCCESS")
        }
        (Status::Canceled | Status::PayCanceled, _) => Err("UPAY_CANCEL_ORDER_NOOP"),
        // Paid before midnight, no longer paid in full, or nobody knows.
        (Status::Paid | Status::PayError | Status::CancelError, _) => Err(REFUSED),
        (Status::Refunded | Status::PartialRefunded | Status::RefundInProgress | Status::RefundError, _) => {
            Err(REFUSED)
        }
    }
}
