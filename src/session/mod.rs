//! A started client as one state machine: which orders are under way and watched, who owns an order, who waits for it, the
//! check-in, the keys, the rate limit, what an earlier run left over, and the stop. Pure: no threads, no locks, no clock, no
//! I/O. [`Session::step`] takes an [`Input`] and the time, and gives the [`Effect`]s that the `runtime` carries out.
//!
//! ```text
//!   Input                          state                                   Effect
//!   Host(call) ──────────▶ host_call    which order, read its record ──▶   Lookup · Finish
//!   Found(record) ───────▶ action       begin, or take over ───────────▶   Write
//!   Written ─────────────▶ drive        recorded: now it may leave ────▶   Send · Deliver · LetGo
//!   Answered(reply) ─────▶ post         another key? ──────────────────▶   Send
//!                          drive        what the flow says next ───────▶   Write · Send · Deliver
//!   Due ─────────────────▶ drive        timers
//!   Acknowledged ────────▶ verdict      the host has heard it ─────────▶   Write
//!   LeftOver(records) ───▶ left_over    what an earlier run left ──────▶   Deliver
//!   Stop ────────────────▶ stop         every action gets its end ─────▶   Interrupt · Deliver · Ended
//! ```
//!
//! An order has one [`entry`], under whichever number it is called, and so one owner. A request that moves money is sent in
//! answer to `Written` alone: recorded before sent. An order has at most one exchange and one write under way.

mod action;
mod check_in;
mod clock;
mod drive;
mod effect;
mod entry;
mod host_call;
mod input;
mod left_over;
mod post;
mod rate_limiter;
mod stop;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt::Arguments;

use crate::abi::*;
use crate::error::{Error, Result};
use crate::flow::limits::Limits;
use crate::gateway::reply::Reply;
use crate::log;
use crate::record::{KeySet, Millis, OrderKey, Record};
use check_in::CheckIn;
use clock::GatewayClock;
pub use effect::{Delivery, Durability, Effect, ReplyTime, Request, Subscriber};
use entry::OrderEntry;
use host_call::{OrderCall, PendingLookup};
pub use input::{HostCall, Input, OrderArguments};
use post::{Post, Sender};
use rate_limiter::RateLimiter;

/// Actions of the host under way at a time, for all orders of a client together.
pub const ACTIONS_MAX: usize = 10_000;

/// One call of the host, or one watched order.
pub type ActionId = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(pub u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriteId(pub u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LookupId(pub u64);

/// A verdict of an order that the journal waits to be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    key: OrderKey,
    serial: u64,
}

/// The time of a step.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// On a clock that never goes back.
    pub ms: Millis,
    /// Since 1970 by this machine's calendar, which may be wrong and may jump.
    pub wall_ms: u64,
}

/// What a session keeps to for as long as it runs.
pub struct Config {
    pub terminal_sn: String,
    /// The default operator of an order.
    pub operator: String,
    pub limits: Limits,
    /// Cancels go to /upay/v2/revoke.
    pub revoke: bool,
    /// The library checks in by itself.
    pub auto_checkin: bool,
    /// What the host set. The key set may have one from the activation.
    pub device_id: Option<String>,
    pub journal_days: u64,
    /// Numbers that another terminal of this till has sent: they are never sent again.
    pub sent_elsewhere: HashSet<String>,
}

pub struct Session {
    config: Config,
    now: Now,
    effects: Vec<Effect>,
    keys: KeySet,
    entries: HashMap<OrderKey, OrderEntry>,
    /// The gateway's number of each order that an entry is about, from the first reply that tells it.
    sns: HashMap<String, OrderKey>,
    /// The gateway's numbers that the host has cancelled an order by.
    cancelled_sns: HashSet<String>,
    /// Calls that wait for a write or an exchange of their order to end.
    parked: HashMap<OrderKey, VecDeque<OrderCall>>,
    queries: HashMap<ActionId, drive::QueryRun>,
    exchanges: HashMap<ExchangeId, Post>,
    lookups: HashMap<LookupId, PendingLookup>,
    writes: HashMap<WriteId, WriteOf>,
    timers: BTreeMap<TimerKey, TimerOf>,
    check_in: CheckIn,
    /// Calls of the host that have not ended, and actions without a final event.
    actions: HashSet<ActionId>,
    /// Orders whose money may move, or is being asked about: no check-in beside them.
    payments: HashSet<OrderKey>,
    rate_limiter: RateLimiter,
    clock: GatewayClock,
    /// When the gateway last accepted a request of this terminal.
    accepted_at: Option<Millis>,
    pruned_day: Option<u64>,
    closing: bool,
    ended: bool,
    made: u64,
}

/// When it is due, and a number that makes it unique.
type TimerKey = (Millis, u64);

enum TimerOf {
    Entry(OrderKey),
    /// A verdict that the disk did not take.
    WriteAgain(OrderKey),
    /// A call of the host waits for a check-in until then.
    CheckInCall(ActionId),
}

enum WriteOf {
    Entry(OrderKey),
    CheckIn,
    /// Nobody waits for it.
    Keys,
}

impl Session {
    pub fn new(config: Config, keys: KeySet) -> Self {
        Self {
            rate_limiter: RateLimiter::new(&config.terminal_sn),
            config,
            now: Now { ms: 0, wall_ms: 0 },
            effects: Vec::new(),
            keys,
            entries: HashMap::new(),
            sns: HashMap::new(),
            cancelled_sns: HashSet::new(),
            parked: HashMap::new(),
            queries: HashMap::new(),
            exchanges: HashMap::new(),
            lookups: HashMap::new(),
            writes: HashMap::new(),
            timers: BTreeMap::new(),
            check_in: CheckIn::default(),
            actions: HashSet::new(),
            payments: HashSet::new(),
            clock: GatewayClock::default(),
            accepted_at: None,
            pruned_day: None,
            closing: false,
            ended: false,
            made: 0,
        }
    }

    /// What is to be done now, in this order.
    pub fn step(&mut self, input: Input, now: Now) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Host(id, call) => self.host_call(id, call),
            Input::LeftOver(records) => self.left_over(records),
            Input::Answered(exchange, answer) => self.answered(exchange, answer),
            Input::Written(write, written) => self.written(write, written),
            Input::Found(lookup, found) => self.found(lookup, found, None),
            Input::FoundRefund(lookup, found) => match found {
                Ok((record, returned)) => self.found(lookup, Ok(record), Some(returned)),
                Err(error) => self.found(lookup, Err(error), None),
            },
            Input::Due => self.due_timers(),
            Input::Delivered(token) => self.delivered(&token),
            Input::Acknowledged(token) => self.acknowledged(&token),
            Input::Dropped(token) => self.dropped(&token),
            Input::Stop => self.stop(),
        }
        self.end_when_idle();
        std::mem::take(&mut self.effects)
    }

    /// When [`Input::Due`] is due.
    pub fn due(&self) -> Option<Millis> {
        self.timers.first_key_value().map(|((due, _), _)| *due)
    }

    /// A number for the next call of the host, and for whatever else needs one of its own.
    pub fn next_id(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// How many orders and refunds have no final answer of the gateway.
    pub fn unfinished(&self) -> u32 {
        self.entries.values().filter(|entry| entry.record.is_open() && entry.is_recorded()).count() as u32
    }

    pub fn is_closing(&self) -> bool {
        self.closing
    }

    fn finish(&mut self, id: ActionId, result: Result<Option<Box<Reply>>>) {
        if result.is_err() {
            self.actions.remove(&id);
        }
        self.effects.push(Effect::Finish(id, result));
    }

    fn timer(&mut self, due: Millis, of: TimerOf) -> TimerKey {
        let key = (due, self.next_id());
        self.timers.insert(key, of);
        key
    }

    fn write_keys(&mut self, of: WriteOf) {
        let write = WriteId(self.next_id());
        self.writes.insert(write, of);
        self.effects.push(Effect::WriteKeys(write, Box::new(self.keys.clone())));
    }

    fn written(&mut self, write: WriteId, written: Result<()>) {
        match self.writes.remove(&write) {
            Some(WriteOf::Entry(key)) => self.entry_written(&key, written),
            Some(WriteOf::CheckIn) => self.check_in_written(written),
            Some(WriteOf::Keys) => {
                if let Err(error) = written {
                    self.log(UPAY_LOG_WARN, format_args!("the order of the keys is not kept: {error}"));
                }
            }
            None => {}
        }
    }

    fn due_timers(&mut self) {
        while let Some((&key, _)) = self.timers.first_key_value() {
            if key.0 > self.now.ms {
                break;
            }
            match self.timers.remove(&key) {
                Some(TimerOf::Entry(order)) => self.entry_due(&order, key),
                Some(TimerOf::WriteAgain(order)) => self.write_again(&order),
                Some(TimerOf::CheckInCall(id)) => self.check_in_call_due(id),
                None => {}
            }
        }
    }

    fn log(&mut self, level: i32, line: Arguments<'_>) {
        if log::is_on(level) {
            self.effects.push(Effect::Log(level, line.to_string()));
        }
    }
}

fn closed() -> Error {
    Error::new(UPAY_E_CLOSED, "the client is stopped")
}

fn state(message: &str) -> Error {
    Error::new(UPAY_E_STATE, message)
}
