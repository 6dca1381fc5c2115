//! What became of an action, as the host hears it: the outcome and the status, for each kind of action.

use super::Resolution;
use crate::abi::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verdict {
    pub outcome: i32,
    pub status: upay_status,
}

impl Verdict {
    pub const fn new(outcome: i32, status: upay_status) -> Self {
        Self { outcome, status }
    }

    pub const PENDING: Self = Verdict::new(UPAY_OUTCOME_PENDING, UPAY_OK);
    pub const CLOSED: Self = Verdict::new(UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    pub const PANIC: Self = Verdict::new(UPAY_OUTCOME_UNKNOWN, UPAY_E_PANIC);

    pub fn is_final(self) -> bool {
        self.outcome != UPAY_OUTCOME_PENDING
    }

    pub fn of(action: i32, resolution: Resolution) -> Self {
        match action {
            UPAY_ACTION_CANCEL => Self::of_cancel(resolution),
            UPAY_ACTION_QUERY => Self::of_query(resolution),
            UPAY_ACTION_REFUND => Self::of_refund(resolution),
            _ => Self::of_payment(resolution),
        }
    }

    fn of_payment(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Paid => Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK),
            Resolution::NotSent(status) | Resolution::Refused(status) => Verdict::new(UPAY_OUTCOME_FAILED, status),
            Resolution::Expired => Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_EXPIRED),
            Resolution::Cancelled | Resolution::Returned | Resolution::NotFoundCancelled => {
                Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED)
            }
            Resolution::NotFound | Resolution::NeverArrived => Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER),
            // The customer stays charged for a part: neither paid nor nothing owed.
            Resolution::PartlyReturned | Resolution::Unknown | Resolution::Found | Resolution::Refunded => {
                Verdict::new(UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED)
            }
            Resolution::NoAnswer(status) => Verdict::new(UPAY_OUTCOME_UNKNOWN, status),
        }
    }

    fn of_refund(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Refunded => Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK),
            Resolution::NotSent(status) | Resolution::Refused(status) => Verdict::new(UPAY_OUTCOME_FAILED, status),
            _ => Verdict::new(UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED),
        }
    }

    /// A cancel is done when nothing is owed any more.
    fn of_cancel(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Paid => Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_REFUSED),
            Resolution::NotFound | Resolution::NotFoundCancelled | Resolution::NeverArrived => {
                Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER)
            }
            Resolution::NotSent(_)
            | Resolution::Refused(_)
            | Resolution::Expired
            | Resolution::Cancelled
            | Resolution::Returned => Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK),
            Resolution::PartlyReturned | Resolution::Unknown | Resolution::Found | Resolution::Refunded => {
                Verdict::new(UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED)
            }
            Resolution::NoAnswer(status) => Verdict::new(UPAY_OUTCOME_UNKNOWN, status),
        }
    }

    fn of_query(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Found => Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK),
            Resolution::NotFound => Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER),
            other => Self::of_payment(other),
        }
    }
}
