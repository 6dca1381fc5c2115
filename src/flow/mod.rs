//! What to do next: the rules that keep money safe, as state machines. Pure: no clock, no I/O, no threads. A flow is
//! told what was heard and what time it is, and says what to do: send this, sleep until then, or done.
//!
//! ```text
//!      pay, precreate                 settle                              watch
//!   begin ──▶ /pay ──in doubt──▶ query … query ──time is up──▶ cancel …   ┌─ unknown, or failed because
//!              │ answered           │ final       gave up        │ final  │  the gateway knew no such order:
//!              ▼                    ▼                            ▼        ▼  asked about until the answer is final
//!             Fate                 Fate                         Fate ─────┘
//! ```

pub mod limits;
pub mod pay;
mod precreate;
mod proof;
pub mod query;
pub mod read;
pub mod refund;
pub mod settle;
pub mod verdict;
pub mod watch;

use crate::abi::*;
use crate::error::Result;
pub use crate::gateway::reply::Identity;
use crate::gateway::reply::Reply;
use crate::gateway::request::Call;

/// Milliseconds on a clock that never goes back.
pub type Millis = u64;

pub trait Flow: Send {
    fn step(&mut self, input: Input<'_>, now: Millis) -> Next;
    /// The cashier gave up. Takes effect at the next step, which the caller brings about at once. False: this flow
    /// cannot end in a cancel of the cashier's.
    fn give_up(&mut self) -> bool {
        false
    }
    fn phase(&self) -> Phase;
    /// When this phase's time is up, where it has a limit.
    fn ends_at(&self) -> Option<Millis> {
        None
    }
    /// What a person should know while the flow goes on; UPAY_OK when all is as it should be.
    fn trouble(&self) -> upay_status {
        UPAY_OK
    }
}

#[derive(Debug)]
pub enum Input<'a> {
    Begin,
    /// What came of the call that was asked for last.
    Heard(&'a Result<Reply>),
    /// The time that was asked for has come, or the cashier gave up.
    Timer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Send(Call),
    SleepUntil(Millis),
    Done(Fate),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Sending,
    Querying,
    Cancelling,
    Done,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Phase::Sending => "sending",
            Phase::Querying => "querying",
            Phase::Cancelling => "cancelling",
            Phase::Done => "done",
        }
    }
}

/// What became of a payment, as far as the gateway's answers prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Fate {
    /// The gateway said so, for this very order and amount.
    Paid,
    /// Not a byte of the request left this machine; the status says why.
    NotSent(upay_status),
    /// The gateway refused; nothing happened, or what had moved was given back.
    Refused(upay_status),
    /// Cancelled because its time was up.
    Expired,
    /// Cancelled because the cashier gave up.
    Cancelled,
    /// Cancelled or refunded in full, though nobody here asked for it.
    Returned,
    /// Paid, and a part of it given back since.
    PartlyReturned,
    /// The gateway knows no such order, though a request may still arrive: failed, and to be watched.
    Absent,
    /// As Absent, after the cashier gave up.
    AbsentCancelled,
    /// The gateway knew no such order for so long that no request can arrive any more.
    NeverArrived,
    /// Nobody knows: to be watched.
    Unknown,
    /// A refund is done.
    Refunded,
    /// The gateway answered a query with the order. Says nothing about payment.
    Found,
    /// A query got no usable answer.
    NoAnswer(upay_status),
}

impl Fate {
    /// The gateway's answer was not final: the order stays on the watch list.
    pub fn is_open(self) -> bool {
        matches!(self, Fate::Absent | Fate::AbsentCancelled | Fate::Unknown)
    }
}

#[cfg(test)]
mod tests;
