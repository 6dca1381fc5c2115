//! What refund does and answers.

use super::book::Entry;
use super::delivery::{Delivery, Refusal};
use super::desk::Desk;
use super::fields::Fields;
use super::order::Order;
use super::refund_story::{self, RefundAnswer, RefundCourse, RefundStory};
use super::refunds::{Refund, RefundState};
use super::reply::{self, View};
use super::row::{self, Chosen};
use super::scenario::Field;
use super::terminals::Signer;

const NOT_EXISTS: &str = "UPAY_ORDER_NOT_EXISTS";

impl Desk {
    pub(super) fn refund(&self, signer: &Signer, fields: &Fields) -> Result<Delivery, Refusal> {
        let texts = [fields.text("refund_request_no"), fields.text("operator")];
        let own = row::choose(refund_story::all(), row::OWN, texts).map_err(Refusal::invalid)?;
        let ticket = self.holds.ticket();
        let (delivery, hold_ms) = self.write(|book, now_ms| match book.find(signer, fields) {
            Some(entry) => refund_entry(entry, own, fields, now_ms),
            None => (not_exists(), 0),
        });
        Ok(match self.hold_back(ticket, hold_ms) {
            Ok(_) => delivery,
            Err(nothing) => nothing,
        })
    }
}

fn not_exists() -> Delivery {
    Delivery::json(reply::fail(NOT_EXISTS)).noted(format!("refund: {NOT_EXISTS}"))
}

/// Refunds, or not, and says for how long the answer is held back.
fn refund_entry(
    entry: &mut Entry,
    own: Option<Chosen<RefundStory>>,
    fields: &Fields,
    now_ms: u64,
) -> (Delivery, u64) {
    let story = own.or(entry.refund_story).unwrap_or_else(refund_story::ordinary);
    let Some(order) = entry.order(now_ms) else {
        return (not_exists(), 0);
    };
    let index = enter(order, story, fields);
    let refund = &order.refunds[index];
    let (story, received) = (refund.story, refund.received);
    let strikes = story.strikes(received);
    let course = if strikes { story.row.course } else { RefundCourse::Done };
    let outcome = receive(order, index, course, fields, now_ms);
    let order = order.clone();
    let refund = &order.refunds[index];
    let note = format!(
        "{} {} {} of {}, number {received}: {outcome:?}",
        entry.client_sn, refund.refund_request_no, story.row.name, refund.amount_fen
    );
    let view = View::of(entry, &order).of_refund(refund);
    let answer = if strikes { story.row.answer } else { RefundAnswer::ByState };
    let delivery = answer_with(answer, outcome, view).noted(note);
    if !strikes {
        return (delivery, 0);
    }
    (delivery.over(story.row.wire), if story.row.slow { story.time_ms() } else { 0 })
}

/// Notes that a request for this refund was received.
fn enter(order: &mut Order, story: Chosen<RefundStory>, fields: &Fields) -> usize {
    let (number, amount_fen) = (fields.needed("refund_request_no"), fields.amount("refund_amount"));
    let index = order.refund(number).unwrap_or_else(|| {
        order.refunds.push(Refund::new(number, amount_fen, story));
        order.refunds.len() - 1
    });
    let refund = &mut order.refunds[index];
    refund.received += 1;
    // What the gateway does not know of, it cannot hold a later request against.
    if refund.state == RefundState::Absent {
        refund.amount_fen = amount_fen;
        refund.client_tsn = fields.text("client_tsn").map(str::to_owned);
        refund.operator = fields.needed("operator").to_owned();
    }
    index
}

/// What the gateway makes of the request: the refund's state, or FAIL with an error_code.
fn receive(
    order: &mut Order,
    index: usize,
    course: RefundCourse,
    fields: &Fields,
    now_ms: u64,
) -> Result<RefundState, &'static str> {
    if let RefundCourse::Lost | RefundCourse::Refused = course {
        return Ok(order.refunds[index].state);
    }
    let refund = &mut order.refunds[index];
    if refund.amount_fen != fields.amount("refund_amount") {
        return Err("REFUND_REQUEST_CONFLICT");
    }
    match refund.state {
        RefundState::Done => return Err("UPAY_REFUND_ORDER_NOOP"),
        RefundState::InProgress | RefundState::Error => return Ok(refund.state),
        // This request has overtaken the one that is under way, or is the next attempt.
        RefundState::Absent | RefundState::OnTheWay | RefundState::Failed => {}
    }
    order.carry_out(index, course, now_ms)?;
    Ok(order.refunds[index].state)
}

fn answer_with(answer: RefundAnswer, outcome: Result<RefundState, &'static str>, view: View) -> Delivery {
    match answer {
        RefundAnswer::Fail(error_code) => return Delivery::json(reply::fail(error_code)),
        RefundAnswer::RequestError(result_code, error_code, http_status) => {
            let body = reply::request_error(result_code, error_code, reply::message_of(error_code));
            return Delivery::json(body).with_status(http_status);
        }
        RefundAnswer::InProgress => {
            let view = view.with_order_status("REFUND_INPROGRESS").with_transaction_status("IN_PROG");
            return Delivery::json(reply::done("REFUND_IN_PROGRESS", None, view.data()));
        }
        RefundAnswer::ForAnother(field) => return for_another(field, view),
        _ => {}
    }
    let (result_code, error_code) = match outcome {
        Err(error_code) => return Delivery::json(reply::fail(error_code)),
        Ok(RefundState::Done) => ("REFUND_SUCCESS", None),
        Ok(RefundState::InProgress) => ("REFUND_IN_PROGRESS", None),
        Ok(RefundState::Failed) => ("REFUND_FAIL", Some("TRADE_FAILED")),
        Ok(RefundState::Error) => ("REFUND_ERROR", Some("TRADE_FAILED")),
        // Lost or late: the wire of such a story lets nothing of this through.
        Ok(RefundState::Absent | RefundState::OnTheWay) => return Delivery::page(500, "nobody reads this"),
    };
    Delivery::json(match answer {
        RefundAnswer::ResultCode(result_code) => reply::done(result_code, None, view.data()),
        RefundAnswer::NullData => reply::done(result_code, error_code, "null".to_owned()),
        RefundAnswer::LooseTypes => reply::done(result_code, error_code, view.loose_data()),
        _ => reply::done(result_code, error_code, view.data()),
    })
}

/// The success reply of a refund that was not asked for.
fn for_another(field: Field, view: View) -> Delivery {
    let view = view.another(field).with_order_status("REFUNDED").with_transaction_status("SUCCESS");
    Delivery::json(reply::done("REFUND_SUCCESS", None, view.data()))
}
