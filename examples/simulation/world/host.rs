//! The till's own program: it takes payments, cancels, refunds and asks, stops and starts again, and listens to what the
//! library says.

mod calls;
mod hears;
mod lives;
mod plan;

use std::collections::VecDeque;

use super::{Event, World};
use crate::abi::*;
use crate::choices::Of;
use crate::record::Verdict;

/// What the host does, or looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Start,
    Do(Deed),
    Pull,
    /// The action has to have ended by now.
    Deadline(usize),
    /// A person must have heard by now that this order is paid, or it is given back.
    PersonDeadline(usize, u64),
    Stop,
    Stopping {
        since: u64,
    },
    /// Nothing goes wrong any more.
    Calm,
    /// Is there anything left to wait for?
    Look,
    Crash,
}

/// An action, of the order of that place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Pay(usize),
    Query(usize),
    Cancel(usize),
    /// The refund of that place among the order's.
    Refund(usize, usize),
    /// By the gateway's number, of an order that has none of the host's.
    QueryBySn(usize),
    CancelBySn(usize),
    /// A request of the host's own making: a query.
    Raw(usize),
    CheckIn,
}

impl Deed {
    pub fn order(self) -> Option<usize> {
        match self {
            Deed::Pay(n)
            | Deed::Query(n)
            | Deed::Cancel(n)
            | Deed::Refund(n, _)
            | Deed::QueryBySn(n)
            | Deed::CancelBySn(n)
            | Deed::Raw(n) => Some(n),
            Deed::CheckIn => None,
        }
    }

    /// It ends when the call returns, and has no events.
    pub fn blocks(self) -> bool {
        matches!(self, Deed::Raw(_) | Deed::CheckIn)
    }

    pub fn is_cancel(self) -> bool {
        matches!(self, Deed::Cancel(_) | Deed::CancelBySn(_))
    }
}

#[derive(Default)]
pub struct Host {
    pub orders: Vec<Order>,
    pub starts: Vec<Start>,
    /// It is called back; else it polls.
    pub callbacks: bool,
    /// So many events that it did not take are kept.
    pub unread_max: usize,
    pull_planned: bool,
    pub stopping: bool,
    pub calm_since: Option<u64>,
    started_again: bool,
    /// The next stop is the last.
    ends: bool,
    pub is_over: bool,
    pub settings: Settings,
    /// When the till's calendar was changed last.
    pub calendar_changed: u64,
    /// Check-ins of the host's own were tried: it may have locked itself out.
    pub checked_in: bool,
    /// The terminal's key that the host sets: 0 is the first that was ever valid.
    key: u32,
    /// Of the library's own check-ins: the Beijing day of the newest whose answer was not heard.
    pub check_in_doubt: Option<u64>,
    /// Payments that were refused for their signature, though nothing goes wrong any more.
    pub signs_refused: u32,
    /// When the session heard an answer of the gateway's last.
    pub answered_at: u64,
}

/// The client's settings in this run.
#[derive(Clone, Copy)]
pub struct Settings {
    pub pay: u64,
    pub precreate: u64,
    pub cancel: u64,
    pub revoke: bool,
    pub auto_checkin: bool,
    pub journal_days: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { pay: 60_000, precreate: 240_000, cancel: 30_000, revoke: false, auto_checkin: false, journal_days: 90 }
    }
}

/// What the host knows of a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Told {
    #[default]
    Nothing,
    Paid,
    /// Not paid, or given back: nothing is owed.
    NotOwed,
    Unknown,
}

#[derive(Default)]
pub struct Order {
    pub client_sn: String,
    pub amount: u64,
    pub precreate: bool,
    /// Made by another terminal: it is not paid here.
    pub elsewhere: bool,
    /// A pay was answered with UPAY_OK; one was tried, whatever came of it.
    pub accepted: bool,
    pub tried: bool,
    pub told: Told,
    /// The newest call that was accepted.
    pub begun_by: Option<usize>,
    /// /pay or /precreate has left so many times.
    pub sent: u32,
    pub by_hand: bool,
    /// When the till heard of the gateway that there is no such order.
    pub absent_at: Vec<u64>,
    /// The host has cancelled it, or tried to.
    pub cancelled: bool,
    pub refunds: Vec<Refund>,
    /// The number under which the library reverses it.
    pub reversal: Option<Box<str>>,
    /// The process that has heard the gateway's number of it, and the one that has heard whose order it is not.
    pub named_by: Option<u32>,
    pub disowned_by: Option<u32>,
    /// The host has heard the gateway's number of it.
    pub sn_told: bool,
    /// The host has used that number before any answer had told the process whose it is: the library knows two orders.
    pub is_twofold: bool,
    /// When the library saw it paid after the host had heard "not paid".
    pub late_seen: Option<u64>,
    /// When requests of the library's own left about it; the newest few.
    pub requests: VecDeque<u64>,
    /// The host has not heard all that it had to hear of it, because it did not take its events.
    pub missed: bool,
    /// A key of the terminal was refused for it: keys are being sorted.
    pub probed: bool,
}

pub struct Refund {
    pub number: Box<str>,
    pub amount: u64,
    pub accepted: bool,
    pub told: Option<Verdict>,
}

impl Order {
    pub fn has_refund(&self, number: &str) -> bool {
        self.refunds.iter().any(|refund| *refund.number == *number)
    }
}

/// One call of the host.
pub struct Start {
    pub deed: Deed,
    pub life: u32,
    pub at: u64,
    pub accepted: bool,
    pub returned: bool,
    pub finals: u32,
    /// Its end was pushed out of the queue, which the host had not read.
    pub dropped: bool,
    pub let_go: u32,
}

impl World {
    pub fn act(&mut self, act: Act) {
        match act {
            Act::Start => self.start(),
            Act::Do(deed) => {
                if !self.wait_until_up(act) {
                    self.perform(deed);
                }
            }
            Act::Pull => {
                self.host.pull_planned = false;
                self.pull();
                self.plan_pull();
            }
            Act::Deadline(start) => self.is_late(start),
            Act::PersonDeadline(n, seen) => self.person_has_heard(n, seen),
            Act::Stop => self.stop(),
            Act::Stopping { since } => self.stopping(since),
            Act::Calm => {
                self.calm_down();
                self.host.calm_since = Some(self.now);
                self.at(self.now + LOOK_MS, Event::Act(Act::Look));
                self.plan_last_payments();
            }
            Act::Look => self.look(),
            Act::Crash => {
                if self.is_up() && self.host.calm_since.is_none() {
                    self.met("crash: between two steps");
                    self.crash("crash: between two steps");
                }
            }
        }
    }

    /// The process is down, or goes down: later, then.
    fn wait_until_up(&mut self, act: Act) -> bool {
        let down = !self.is_up() || self.host.stopping;
        if down && self.host.calm_since.is_none() {
            self.at(self.now + 1_000, Event::Act(act));
        }
        down
    }

    /// In the pull form the host looks again soon.
    fn plan_pull(&mut self) {
        if self.host.callbacks || self.host.pull_planned || !self.is_up() {
            return;
        }
        self.host.pull_planned = true;
        let after = match self.host.calm_since {
            // Nothing depends on it any more.
            Some(_) => 10_000,
            None => self.choices.one_of(Of::Host, &[500, 100, 3_000]),
        };
        self.at(self.now + after, Event::Act(Act::Pull));
    }
}

const LOOK_MS: u64 = 300_000;
