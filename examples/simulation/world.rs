//! One run: a till, its gateway, the network between them, a disk, a clock and chance. All that happens is an event in
//! one queue, and the choices of a seed or of a script decide which.
//!
//! ```text
//!            host  ── pays, cancels, stops, crashes ──▶ runtime ── Input ──▶ the library's own session
//!             ▲                                            │  ▲                      │
//!             └── deliveries ◀─────────────────────────────┤  └────── Effect ────────┘
//!                                                          │
//!     rules ◀── what left, what was told ── network ◀──────┤ Send
//!                                             │            │
//!                                          gateway         └ Write, Lookup: store
//! ```

use std::collections::BTreeMap;
use std::fmt::Arguments;

use crate::choices::{Choices, Of, Script};
use crate::error::Error;
use crate::session::Token;
use coverage::Coverage;
use gateway::{Gateway, Held, Request, Step};
use host::{Act, Host};
use network::{HttpReply, Network};
use runtime::{Process, SlowWrite};
use store::Store;

pub mod coverage;
pub mod disk;
pub mod gateway;
mod host;
mod levels;
mod network;
mod rules;
mod runtime;
pub mod store;

pub use levels::Tale;
use levels::{Clock, Levels, CRASH_POINTS};

/// When it is due, and a number that makes it unique.
pub type Place = (u64, u64);

/// With the process that it concerns, where it concerns one.
pub enum Event {
    /// The session's timer.
    Due(u32),
    /// The next delivery is handed to the host.
    Callback(u32),
    /// A callback that has called the library is over.
    CallbackReturns(u32, Token),
    Written(u32, Box<SlowWrite>),
    /// An exchange: its first byte leaves, or none does, or it breaks, or its time is up.
    Leave(u64),
    NotSent(u64),
    Broken(u64),
    NoReply(u64),
    Reply(u64, HttpReply),
    /// The session hears what came of the exchange.
    Answered(u64, Result<HttpReply, Error>),
    Arrive(Request),
    Answer(Held),
    /// Something becomes of an order at the gateway.
    Order(usize, u32, Step),
    Act(Act),
    DiskFails(u64),
    ClockJumps,
}

/// Which journal a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// Records alone.
    Records,
    /// The library's own journal, on a simulated disk.
    Journal,
}

pub struct World {
    pub choices: Choices,
    /// Milliseconds since the run began.
    pub now: u64,
    queue: BTreeMap<Place, Event>,
    made: u64,
    /// The process that runs, or ran last; they are counted.
    pub life: u32,
    steps: u32,
    /// At which kind of step, and the how-manieth.
    crash_at: Option<(&'static str, u32)>,
    pub levels: Levels,
    pub clock: Clock,
    process: Option<Process>,
    store: Store,
    pub network: Network,
    pub gateway: Gateway,
    pub host: Host,
    broken: Option<Broken>,
    notes: Option<Vec<String>>,
    met: Coverage,
}

/// A rule that did not hold.
#[derive(Debug, Clone)]
pub struct Broken {
    pub rule: &'static str,
    pub what: String,
}

/// What came of a run.
pub struct Outcome {
    pub broken: Option<Broken>,
    pub script: Script,
    pub met: Coverage,
    pub notes: Vec<String>,
    pub virtual_ms: u64,
}

/// Far more than a run takes that comes to its end.
const MAX_STEPS: u32 = 1_000_000;

/// Runs a world to its end.
pub fn run(choices: Choices, store: StoreKind, with_notes: bool) -> Outcome {
    let mut world = World::new(choices, store, with_notes);
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world.begin();
        while let Some(event) = world.next() {
            world.happen(event);
        }
    }));
    if ran.is_err() {
        let panic = crate::runs::last_panic();
        world.breaks("no panic", format_args!("{panic}"));
    }
    world.store.let_go(&mut world.choices);
    Outcome {
        broken: world.broken,
        script: world.choices.made(),
        met: world.met,
        notes: world.notes.unwrap_or_default(),
        virtual_ms: world.now,
    }
}

impl World {
    fn new(mut choices: Choices, store: StoreKind, with_notes: bool) -> Self {
        let levels = Levels::of(&mut choices);
        let clock = Clock::of(&mut choices);
        Self {
            now: 0,
            queue: BTreeMap::new(),
            made: 0,
            life: 0,
            steps: 0,
            crash_at: None,
            levels,
            clock,
            process: None,
            store: Store::new(store),
            network: Network::default(),
            gateway: Gateway::default(),
            host: Host::default(),
            broken: None,
            notes: with_notes.then(Vec::new),
            met: Coverage::default(),
            choices,
        }
    }

    /// `None`: the run is over.
    fn next(&mut self) -> Option<Event> {
        if self.broken.is_some() || self.host.is_over {
            return None;
        }
        let ((due, _), event) = self.queue.pop_first()?;
        self.now = self.now.max(due);
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.breaks("ends", format_args!("after {MAX_STEPS} steps there is still something to do"));
        }
        Some(event)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Due(life) if life == self.life => self.timer_is_due(),
            Event::Callback(life) if life == self.life => self.call_back(),
            Event::CallbackReturns(life, token) if life == self.life => self.callback_returns(token),
            Event::Written(life, write) if life == self.life => self.slow_write(*write),
            // Of a process that is no more.
            Event::Due(_) | Event::Callback(_) | Event::CallbackReturns(..) | Event::Written(..) => {}
            Event::Leave(id) => self.leave(id),
            Event::NotSent(id) => self.not_sent(id),
            Event::Broken(id) => self.broken_off(id),
            Event::NoReply(id) => self.no_reply(id),
            Event::Reply(id, answer) => self.hears(id, Ok(answer)),
            Event::Answered(id, answer) => self.answered(id, answer),
            Event::Arrive(request) => self.arrive(request),
            Event::Answer(held) => self.answer(held),
            Event::Order(n, stamp, step) => self.step(n, stamp, step),
            Event::Act(act) => self.act(act),
            Event::DiskFails(until) => self.disk_fails(until),
            Event::ClockJumps => self.clock_jumps(),
        }
    }

    pub fn at(&mut self, due: u64, event: Event) -> Place {
        self.made += 1;
        let place = (due.max(self.now), self.made);
        self.queue.insert(place, event);
        place
    }

    pub fn take_back(&mut self, place: Place) {
        self.queue.remove(&place);
    }

    /// Something is still on its way to the gateway, or will happen there.
    fn is_stirring(&self) -> bool {
        let stirs = |event: &Event| matches!(event, Event::Arrive(_) | Event::Answer(_) | Event::Order(..));
        self.queue.values().any(stirs)
    }

    fn clock_jumps(&mut self) {
        self.met("time: the wall clock jumps");
        let days = i64::from(self.choices.below(Of::Time, 400)) - 200;
        self.clock.wall_ahead += days * 20_000_000;
        self.host.calendar_changed = self.now;
        self.note(|| format!("clock: the till's calendar jumps by {days} times 20000 s"));
    }

    /// Which story the gateway tells, by their weights.
    pub fn story(&mut self, tale: Tale, weights: &[u32]) -> usize {
        let favourite = self.levels.favourites[tale as usize].map(|story| story as usize);
        match favourite.filter(|story| *story < weights.len()) {
            None => self.choices.weighted(Of::Gateway, weights),
            Some(story) => {
                let mut weights = weights.to_vec();
                weights[story] += levels::FAVOURITE_WEIGHT;
                self.choices.weighted(Of::Gateway, &weights)
            }
        }
    }

    /// How much later than it should something runs on a busy machine.
    pub fn lateness(&mut self) -> u64 {
        if self.levels.late == 0 || !self.choices.chance(Of::Time, self.levels.late) {
            return 0;
        }
        self.met("time: a busy machine");
        let most = self.choices.one_of(Of::Time, &[50, 500, 3_000]);
        self.choices.between(Of::Time, 1, most)
    }

    /// Plans the next crash, as long as there are any to come.
    pub fn plan_crash(&mut self) {
        self.crash_at = None;
        if self.levels.crashes > 0 && self.choices.chance(Of::Crash, 900) {
            self.levels.crashes -= 1;
            let (point, many) = self.choices.one_of(Of::Crash, CRASH_POINTS);
            self.crash_at = Some((point, 1 + self.choices.below(Of::Crash, many)));
        }
    }

    /// A point at which a crash would be of interest. True: it has crashed.
    pub fn may_crash(&mut self, point: &'static str) -> bool {
        let Some((_, left)) = self.crash_at.as_mut().filter(|(at, _)| *at == point) else { return false };
        *left -= 1;
        if *left > 0 {
            return false;
        }
        self.met(point);
        self.crash(point);
        true
    }

    /// The process is gone, and with it all that was not durable.
    pub fn crash(&mut self, point: &str) {
        self.crash_at = None;
        self.note(|| format!("till: {}", point.replace("crash:", "CRASH")));
        self.life_ends();
        if self.store.crash(&mut self.choices) {
            self.met("crash: the power fails");
        }
        let after = self.choices.one_of(Of::Crash, &[2_000, 100, 60_000, 600_000]);
        self.at(self.now + after, Event::Act(Act::Start));
    }

    fn life_ends(&mut self) {
        self.process = None;
        self.life += 1;
    }

    fn disk_fails(&mut self, until: u64) {
        self.met("disk: fails for a while");
        self.store.failing_until = until;
        self.note(|| format!("disk: every write fails until {until} ms"));
    }

    /// From here on nothing goes wrong any more.
    pub fn calm_down(&mut self) {
        self.levels = Levels::default();
        self.crash_at = None;
        self.store.failing_until = 0;
        self.note(|| "world: nothing goes wrong from here on".to_owned());
    }

    pub fn met(&mut self, what: &'static str) {
        self.met.add(what);
    }

    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(notes) = &mut self.notes {
            notes.push(format!("{:>10.3} s  {}", self.now as f64 / 1000.0, text()));
        }
    }

    /// The first rule that does not hold ends the run.
    pub fn breaks(&mut self, rule: &'static str, what: Arguments<'_>) {
        if self.broken.is_none() {
            self.note(|| format!("BROKEN: {rule}: {what}"));
            self.broken = Some(Broken { rule, what: what.to_string() });
        }
    }
}
