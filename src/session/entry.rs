//! One order, or one refund of an order, that is under way, is watched, or has a verdict that the host has not heard.
//!
//! ```text
//!              ┌───────────── Written ─────────────┐
//!              ▼                                   │
//!   Recording(then) ──▶ WaitsForCheckIn ──▶ Exchanging ──Answered──▶ flow ──▶ Sleeping ──Due──▶ flow
//!        ▲                                        ▲                   │
//!        │                                        └── WaitsForSlot ◀──┤ Send, nobody waits for it
//!        └───────────── Done: the verdict ────────────────────────────┘
//!                            then Idle until the host has heard it, or Sleeping when it is watched
//! ```

use std::sync::Arc;

use super::{ActionId, ExchangeId, Subscriber, TimerKey, Token};
use crate::abi::*;
use crate::error::Result;
use crate::flow::{Flow, Identity};
use crate::gateway::reply::{Reply, RequestStatus};
use crate::gateway::request::Call;
use crate::record::{Knowledge, Millis, OrderKey, Phase, Record, Resolution, Stage, Told};

pub(super) struct OrderEntry {
    /// As it is on disk, or will be.
    pub record: Record,
    pub identity: Identity,
    pub at: At,
    /// `None` once there is a final verdict.
    pub flow: Option<Box<dyn Flow>>,
    /// The flow has had its first step.
    pub has_begun: bool,
    /// The action itself first, then a cancel of the host's that came while it was under way.
    pub waiting: Vec<Waiting>,
    /// The body of /pay or /precreate, until it was sent.
    pub first_body: Option<Arc<[u8]>>,
    /// The cashier gave up.
    pub gave_up: bool,
    /// The newest reply that could be read, as far as it is about this order.
    pub reply: Option<Arc<Reply>>,
    pub queries: u32,
    pub reported: Option<Reported>,
    /// Names the newest verdict: an acknowledgement of an earlier one means nothing.
    pub serial: u64,
    /// The host is about to hear the newest verdict, or has.
    pub delivered: bool,
    /// The event of the newest verdict was dropped: the next start tells it again.
    pub is_dropped: bool,
    pub stored: Stored,
    /// An answer has told what the next start has to know.
    pub has_news: bool,
    /// When it began here.
    pub began: Millis,
}

/// What is under way for an entry.
pub(super) enum At {
    /// A write is under way.
    Recording(AfterWrite),
    /// It was to be sent, and a check-in was under way.
    WaitsForCheckIn,
    Exchanging(ExchangeId, Call),
    Sleeping(TimerKey),
    /// It is sent when the rate limit allows.
    WaitsForSlot(TimerKey, Call),
    /// Nothing.
    Idle,
}

pub(super) enum AfterWrite {
    /// The call of the host has begun. `before`: what was watched, for a write that fails.
    Begin {
        id: ActionId,
        action: i32,
        before: Option<Box<Record>>,
    },
    Send(Call),
    Sleep(Millis, Option<Heard>),
    Verdict(Resolution),
    /// A change that nothing waits for. Afterwards it sleeps until then, or is idle.
    Resume(Option<Millis>),
}

/// What the disk has of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// The record as it is, durably.
    Same,
    /// A write failed or is not durable, or the record has changed since.
    Differs,
    /// A verdict that the host has heard is not on disk. It is written again until the disk takes it; so many tries failed.
    Owed(u32),
}

/// One action that waits for the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub subscriber: Subscriber,
    pub action: i32,
    pub began: Millis,
}

/// What the host heard last, to tell a change by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Reported {
    pub phase: Phase,
    pub status: upay_status,
    pub order_status: Option<String>,
}

/// What the newest answer says of the exchange itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// A reply could be read.
    pub answered: bool,
    /// What stands between the flow and an answer, if anything.
    pub warning: Option<upay_status>,
}

impl Heard {
    pub fn of(answer: &Result<Reply>) -> Self {
        let warning = match answer {
            Err(error) => Some(error.status),
            Ok(reply) => match reply.request_status() {
                RequestStatus::Answered => None,
                RequestStatus::Refused(error) | RequestStatus::InDoubt(error) => Some(error.status),
            },
        };
        Self { answered: answer.is_ok(), warning }
    }
}

impl OrderEntry {
    pub fn new(record: Record, identity: Identity, flow: Box<dyn Flow>, at: At, now: Millis) -> Self {
        Self {
            record,
            identity,
            at,
            flow: Some(flow),
            has_begun: false,
            waiting: Vec::new(),
            first_body: None,
            gave_up: false,
            reply: None,
            queries: 0,
            reported: None,
            serial: 0,
            delivered: false,
            is_dropped: false,
            stored: Stored::Same,
            has_news: false,
            began: now,
        }
    }

    pub fn token(&self) -> Token {
        Token { key: self.record.key.clone(), serial: self.serial }
    }

    pub fn key(&self) -> &OrderKey {
        &self.record.key
    }

    /// A call of the host waits for it.
    pub fn is_awaited(&self) -> bool {
        self.waiting.iter().any(|waiting| !waiting.subscriber.is_watcher())
    }

    /// It moves money, or finds out whether money moved. An order that is only watched does not: that may take days.
    pub fn is_payment(&self) -> bool {
        let left_over = !self.key().is_refund()
            && self.record.told != Told::NotOwed
            && matches!(self.record.stage, Stage::UnderWay | Stage::Cancelling { .. });
        self.is_awaited() || left_over
    }

    /// The journal has it: its first write is not under way any more.
    pub fn is_recorded(&self) -> bool {
        !matches!(&self.at, At::Recording(AfterWrite::Begin { before: None, .. }))
    }

    pub fn has_cancel(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.action == UPAY_ACTION_CANCEL && !waiting.subscriber.is_watcher())
    }

    /// The record is not what the disk has any more.
    pub fn changed(&mut self) {
        if self.stored == Stored::Same {
            self.stored = Stored::Differs;
        }
    }

    /// What the flow has learned goes into the record. True when a restart must not forget it.
    pub fn learn(&mut self) -> bool {
        let Some(flow) = &self.flow else { return false };
        let (before, now) = (self.record.knowledge, flow.knowledge());
        if before == now {
            return false;
        }
        self.record.knowledge = now;
        self.changed();
        let weight = |knowledge: Knowledge| (knowledge.owner, knowledge.reversal, knowledge.cancels);
        weight(before) != weight(now)
    }
}

/// What the watcher hears an order under. A refund keeps its own action: its end says nothing about whether the order is
/// paid. So does a cancel of an order that was made elsewhere: its amount is not known here.
pub(super) fn watched_action(record: &Record) -> i32 {
    match record.action {
        _ if record.key.is_refund() => UPAY_ACTION_REFUND,
        UPAY_ACTION_CANCEL if record.total_amount.is_none() => UPAY_ACTION_CANCEL,
        _ => UPAY_ACTION_WATCH,
    }
}
