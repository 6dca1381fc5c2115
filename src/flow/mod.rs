//! What to do next: the rules that keep money safe, as state machines. Pure: no clock, no I/O, no threads. A flow is told
//! what the gateway answered and what time it is, and says what to do: send this call, sleep until then, or done.
//!
//! ```text
//!      Pay                            Reconcile                           Watch
//!   begin ──▶ /pay ──in doubt──▶ query … query ──time is up──▶ cancel …   ┌─ unknown, or failed because
//!              │ answered           │ final       gave up        │ final  │  the gateway knew no such order:
//!              ▼                    ▼                            ▼        ▼  queried until the answer is final
//!          Resolution           Resolution                   Resolution ──┘
//!
//!   evidence     what one answer proves about an order
//!   known_order  what all answers together have proved about it: named, whose it is, which cancels may be carried out
//!   rhythm       the pauses between calls
//!   limits       the times that a flow keeps
//!   pay          /pay or /precreate, at most once; then Reconcile        protocol section 5 rules 1 to 3, section 7
//!   reconcile    query, then cancel, to a verdict                        rules 4, 5, 8, 9, 12
//!   watch        an order whose verdict was not final; its reversal      rules 6, 8, 10
//!   refund       a refund, under one number                              section 6
//!   query        one question of the host's
//!   read         the verdict of a reply by itself, without a flow
//! ```

mod evidence;
mod known_order;
pub mod limits;
pub mod pay;
mod precreate;
pub mod query;
pub mod read;
pub mod reconcile;
pub mod refund;
mod rhythm;
pub mod watch;

use crate::abi::*;
use crate::error::Result;
pub use crate::gateway::reply::Identity;
use crate::gateway::reply::Reply;
use crate::gateway::request::Call;
use crate::record::{Knowledge, Phase, Resolution};

pub use crate::record::Millis;

pub trait Flow: Send {
    fn step(&mut self, input: FlowInput<'_>, now: Millis) -> Next;
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
    fn warning(&self) -> upay_status {
        UPAY_OK
    }
    /// While [`Flow::warning`] asks a person to act: what was tried and what was answered, in codes alone.
    fn tried(&self) -> Option<String> {
        None
    }
    /// What has to survive a restart. On disk before a cancel or a refund leaves, and with each verdict.
    fn knowledge(&self) -> Knowledge;
    /// The order turned out paid after the till heard "not paid".
    fn late_payment_seen(&self) -> bool {
        false
    }
    /// When a call that is under way has to end, because a person must hear then.
    fn deadline(&self) -> Option<Millis> {
        None
    }
    /// A cancel of the same order has left that this flow did not send: the host called the order by another number.
    fn cancel_left_elsewhere(&mut self, _now: Millis) {}
}

#[derive(Debug)]
pub enum FlowInput<'a> {
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
    Done(Resolution),
}

#[cfg(test)]
mod tests;
