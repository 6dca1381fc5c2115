//! The steps by which the money of an order goes back that was paid after the till heard "not paid" (protocol section 5
//! rule 6).
//!
//! ```text
//!   None ──PAID──▶ ByCancel ──────────▶ ByRefund ──────────▶ ByHand
//!                  cancels    refused   refunds    refused   queries only
//! ```
//!
//! An answer counts once a query has shown the order PAID after it:
//!
//! | step     | answer                                                     | next                                    |
//! |----------|------------------------------------------------------------|-----------------------------------------|
//! | ByCancel | the state forbids it                                       | ByRefund                                |
//! | ByCancel | refused, the first or second time                          | cancel again                            |
//! | ByCancel | refused, the third time                                    | ByRefund                                |
//! | ByRefund | refused, the first or second time                          | refund again, under the same number     |
//! | ByRefund | refused, the third time                                    | ByHand                                  |
//! | either   | in progress, an error 500, no answer                       | the same again                          |
//! | either   | ten minutes have passed since the payment was seen         | ByHand                                  |
//!
//! "Refused" is every answer that is neither a success nor "in progress", whatever its words; a success that contradicts itself
//! too. An order whose amount is not
//! known cannot be refunded: ByHand comes in place of ByRefund.

use crate::error::{printable, Result};
use crate::flow::evidence::{refusal_of, Received};
use crate::flow::Identity;
use crate::gateway::codes::business::Refusal;
use crate::gateway::reply::Reply;
use crate::gateway::request::Call;
use crate::record::Reversal;

/// So many refusals of a cancel, or of a refund, end its step.
pub const REFUSALS_MAX: u32 = 3;

/// What came of a cancel or a refund that was to reverse the order, and was no success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAnswer {
    /// The state of the order forbids it.
    Forbidden,
    Refused,
    /// No answer, or it is in progress.
    Undecided,
}

impl StepAnswer {
    pub fn of(heard: &Result<Reply>, order: &Identity) -> Self {
        let Ok(reply) = heard else { return Self::Undecided };
        // Also with a code that belongs to another layer.
        if reply.result_code.as_deref() == Some("400") {
            return Self::Refused;
        }
        if !matches!(Received::of(heard, order), Received::Answer(_)) {
            return Self::Undecided;
        }
        match reply.biz_result_code.as_deref().unwrap_or_default() {
            // A success counts before it comes here. What is left contradicts itself, or is of another refund.
            "CANCEL_IN_PROGRESS" | "CANCEL_ABORT_IN_PROGRESS" | "REFUND_IN_PROGRESS" => Self::Undecided,
            "FAIL" if refusal_of(reply) == Refusal::NotCancellable => Self::Forbidden,
            _ => Self::Refused,
        }
    }
}

/// The step that follows, when the order is PAID after this answer.
pub fn after(step: Reversal, answer: StepAnswer, refundable: bool) -> Reversal {
    let by_refund = if refundable { Reversal::ByRefund { refused: 0 } } else { Reversal::ByHand };
    match (step, answer) {
        (Reversal::None, _) => Reversal::ByCancel { refused: 0 },
        (step, StepAnswer::Undecided) => step,
        (Reversal::ByCancel { .. }, StepAnswer::Forbidden) => by_refund,
        (Reversal::ByCancel { refused }, StepAnswer::Refused) => match refused.saturating_add(1) {
            REFUSALS_MAX.. => by_refund,
            refused => Reversal::ByCancel { refused },
        },
        (Reversal::ByRefund { refused }, _) => match refused.saturating_add(1) {
            REFUSALS_MAX.. => Reversal::ByHand,
            refused => Reversal::ByRefund { refused },
        },
        (Reversal::ByHand, _) => Reversal::ByHand,
    }
}

/// The newest answer to each step, in codes, for the person who has to act.
#[derive(Debug, Default)]
pub struct Attempts {
    cancel: Option<String>,
    refund: Option<String>,
}

impl Attempts {
    pub fn note(&mut self, call: Call, heard: &Result<Reply>) {
        let codes = Some(codes_of(heard));
        match call {
            Call::Cancel => self.cancel = codes,
            Call::Refund => self.refund = codes,
            Call::Pay | Call::Precreate | Call::Query => {}
        }
    }

    /// `cancel: FAIL UPAY_CANCEL_INVALID_ORDER_STATE; refund: REFUND_ERROR`
    pub fn text(&self) -> Option<String> {
        let steps = [("cancel", &self.cancel), ("refund", &self.refund)];
        let tried: Vec<_> =
            steps.iter().filter_map(|(name, codes)| Some(format!("{name}: {}", codes.as_ref()?))).collect();
        (!tried.is_empty()).then(|| tried.join("; "))
    }
}

/// Bounded and printable, whatever the gateway sends.
fn codes_of(heard: &Result<Reply>) -> String {
    let reply = match heard {
        Err(error) => return format!("no answer ({})", error.status),
        Ok(reply) => reply,
    };
    let codes = match &reply.biz_result_code {
        Some(_) => [&reply.biz_result_code, &reply.biz_error_code],
        None => [&reply.result_code, &reply.error_code],
    };
    codes.into_iter().flatten().map(|code| printable(code)).collect::<Vec<_>>().join(" ")
}
