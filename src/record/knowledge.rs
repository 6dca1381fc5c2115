//! What the gateway's answers have taught about an order, as far as a restart must not forget it.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knowledge {
    /// An answer has named this very order and, where it is known, this very amount.
    pub named: bool,
    pub owner: Owner,
    pub cancels: Cancels,
    pub reversal: Reversal,
    /// When /pay or /precreate left, by the gateway's clock in milliseconds since 1970. Known once an answer told the time.
    pub sent_ms: Option<u64>,
}

/// Whose order the gateway has under our number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// Nothing says that it is not ours.
    #[default]
    Ours,
    /// The answer to /pay spoke of another amount, terminal or number: it may not be ours. Not to be touched before an answer
    /// has named ours.
    Doubtful,
    /// The answer to /pay was that the number is in use: ours, delivered twice, or an older sale. The order's time tells.
    InConflict,
    /// A query has shown another amount under our number.
    AnotherAmount,
}

/// The cancels of ours that were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cancels {
    #[default]
    None,
    /// Each was answered with a refusal.
    Refused,
    /// One has no answer, or was answered "in progress" or with an error: it may still be carried out.
    Open,
}

/// How far the money of an order has come back that was paid after the till heard "not paid".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reversal {
    #[default]
    None,
    /// By a cancel, which was refused so many times.
    ByCancel { refused: u32 },
    /// By a refund of the full amount, which was refused so many times.
    ByRefund { refused: u32 },
    /// A person was told: from here on the library only asks.
    ByHand,
}
