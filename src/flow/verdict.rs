//! What became of a payment, as the verdict of each action: the outcome and the status that the till hears.

use super::Fate;
use crate::abi::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Verdict {
    pub outcome: i32,
    pub status: upay_status,
}

pub(super) const fn verdict(outcome: i32, status: upay_status) -> Verdict {
    Verdict { outcome, status }
}

impl Verdict {
    pub const PENDING: Self = verdict(UPAY_OUTCOME_PENDING, UPAY_OK);
    pub const CLOSED: Self = verdict(UPAY_OUTCOME_UNKNOWN, UPAY_E_CLOSED);
    pub const PANIC: Self = verdict(UPAY_OUTCOME_UNKNOWN, UPAY_E_PANIC);

    pub fn of(action: i32, fate: Fate) -> Self {
        match action {
            UPAY_ACTION_CANCEL => Self::of_cancel(fate),
            UPAY_ACTION_QUERY => Self::of_query(fate),
            UPAY_ACTION_REFUND => Self::of_refund(fate),
            _ => Self::of_payment(fate),
        }
    }

    fn of_payment(fate: Fate) -> Self {
        match fate {
            Fate::Paid => verdict(UPAY_OUTCOME_SUCCESS, UPAY_OK),
            Fate::NotSent(status) | Fate::Refused(status) => verdict(UPAY_OUTCOME_FAILED, status),
            Fate::Expired => verdict(UPAY_OUTCOME_FAILED, UPAY_E_EXPIRED),
            Fate::Cancelled | Fate::Returned | Fate::AbsentCancelled => {
                verdict(UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED)
            }
            Fate::Absent | Fate::NeverArrived => verdict(UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER),
            // The customer stays charged for a part: neither paid nor nothing owed.
            Fate::PartlyReturned | Fate::Unknown | Fate::Found | Fate::Refunded => {
                verdict(UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED)
            }
            Fate::NoAnswer(status) => verdict(UPAY_OUTCOME_UNKNOWN, status),
        }
    }

    fn of_refund(fate: Fate) -> Self {
        match fate {
            Fate::Refunded => verdict(UPAY_OUTCOME_SUCCESS, UPAY_OK),
            Fate::NotSent(status) | Fate::Refused(status) => verdict(UPAY_OUTCOME_FAILED, status),
            _ => verdict(UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED),
        }
    }

    /// A cancel is done when nothing is owed any more.
    fn of_cancel(fate: Fate) -> Self {
        match fate {
            Fate::Paid => verdict(UPAY_OUTCOME_FAILED, UPAY_E_REFUSED),
            Fate::Absent | Fate::AbsentCancelled | Fate::NeverArrived => {
                verdict(UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER)
            }
            Fate::NotSent(_) | Fate::Refused(_) | Fate::Expired | Fate::Cancelled | Fate::Returned => {
                verdict(UPAY_OUTCOME_SUCCESS, UPAY_OK)
            }
            Fate::PartlyReturned | Fate::Unknown | Fate::Found | Fate::Refunded => {
                verdict(UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED)
            }
            Fate::NoAnswer(status) => verdict(UPAY_OUTCOME_UNKNOWN, status),
        }
    }

    fn of_query(fate: Fate) -> Self {
        match fate {
            Fate::Found => verdict(UPAY_OUTCOME_SUCCESS, UPAY_OK),
            Fate::Absent => verdict(UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER),
            other => Self::of_payment(other),
        }
    }
}
