//! One run: a till, its gateway, the network between them, a disk, a clock and chance. All that happens is an event in
//! one queue, and the choices of a seed or of a script decide which.
//!
//! ```text
//!            host  ── pays, cancels, stops, crashes ──▶  the library itself
//!             ▲                                          │ client, flow, journal …
//!             └── events ◀───────────────────────────────┤
//!                                                        │ the rooms that are simulated
//!     rules ◀── what left, what was said ── network ◀────┤ transport
//!                                             │          │ engine: jobs and timers in virtual time
//!                                          gateway       └ disk: what was synced, and what was not
//! ```

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Arguments;
use std::io;

use crate::choices::{Choices, Of, Script};
use crate::engine::Job;
use crate::tasks;
use crate::transport::HttpReply;
use coverage::Coverage;
use disk::{Disk, Fault};
use gateway::{Gateway, Held, Request, Step};
use host::{Act, Host};
use network::Network;

pub mod coverage;
pub mod disk;
pub mod gateway;
mod host;
mod network;
mod rules;

/// When it is due, and a number that makes it unique.
pub type Place = (u64, u64);

pub enum Event {
    Job(u32, Job),
    Timer(u32, Job),
    Leave(u64),
    NotSent(u64),
    Broken(u64),
    NoReply(u64),
    Reply(u64, HttpReply),
    Wake(u64),
    Arrive(Request),
    Answer(Held),
    Order(String, u32, Step),
    Act(Act),
    DiskFails(u64),
    ClockJumps,
}

pub struct World {
    pub choices: Choices,
    /// Milliseconds since the run began.
    pub now: u64,
    queue: BTreeMap<Place, Event>,
    made: u64,
    /// The process that runs, or ran last; they are counted.
    pub life: u32,
    began: u64,
    crashed: bool,
    /// At which kind of step, and the how-manieth.
    crash_at: Option<(&'static str, u32)>,
    pub levels: Levels,
    midnight_at: u64,
    wall_ahead: i64,
    pub network: Network,
    pub gateway: Gateway,
    pub disk: Disk,
    pub host: Host,
    broken: Option<Broken>,
    /// The number under which the library reverses each order.
    reversals: BTreeMap<String, String>,
    notes: Option<Vec<String>>,
    met: Coverage,
}

/// How often things go wrong in this run, per mille.
#[derive(Default)]
pub struct Levels {
    pub network: u32,
    /// The weight of each odd answer, beside 1000 for the ordinary one.
    pub gateway: u32,
    disk: u32,
    late: u32,
    pub crashes: u32,
    /// What the network does instead of all that it can do.
    pub fates: Vec<u32>,
    /// One story of each call that is told again and again: unlikely things meet more often where there are few of them.
    favourites: [Option<u32>; 4],
}

/// The calls that the gateway has stories for.
#[derive(Clone, Copy)]
pub enum Tale {
    Begin,
    Query,
    Cancel,
    Refund,
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

/// The steps at which a crash is of interest, with how many there are of each before the last one of a life is likely.
const CRASH_POINTS: &[(&str, u32)] = &[
    ("crash: before a request leaves", 20),
    ("crash: after a request has left", 20),
    ("crash: after a cancel has left", 2),
    ("crash: before a reply is looked at", 20),
    ("crash: before a name is on disk", 1),
    ("crash: at a write to the disk", 150),
    ("crash: as a call returns", 6),
    ("crash: as the host hears", 40),
];

const STORIES_MAX: u32 = 16;
const FAVOURITE_WEIGHT: u32 = 700;

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
    /// The process whose code runs now.
    static ACTING: Cell<u32> = const { Cell::new(0) };
}

/// Never around a call of the library.
pub fn with<T>(work: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|world| work(world.as_mut().expect("a world")))
}

pub fn acting() -> u32 {
    ACTING.get()
}

pub fn act_as<T>(life: u32, work: impl FnOnce() -> T) -> T {
    let before = ACTING.replace(life);
    let done = work();
    ACTING.set(before);
    done
}

/// Runs a world to its end.
pub fn run(choices: Choices, with_notes: bool) -> Outcome {
    WORLD.set(Some(World::new(choices, with_notes)));
    let world = std::panic::catch_unwind(|| {
        host::begin();
        while let Some((life, event)) = with(World::next) {
            act_as(life, || happen(event));
            with(World::plan_pull);
            if with(|world| std::mem::take(&mut world.crashed)) {
                bury(with(|world| world.life - 1));
                with(World::crash_is_over);
            }
        }
        bury(with(|world| {
            world.life += 1;
            world.life - 1
        }));
    });
    let mut done = WORLD.take().expect("a world");
    if world.is_err() {
        let panic = crate::runs::last_panic();
        tasks::abandon();
        done.breaks("no panic", format_args!("{panic}"));
    }
    done.queue.clear();
    Outcome {
        broken: done.broken,
        script: done.choices.made(),
        met: done.met,
        notes: done.notes.unwrap_or_default(),
        virtual_ms: done.now,
    }
}

fn happen(event: Event) {
    match event {
        Event::Job(life, job) => tasks::run(life, job),
        Event::Timer(_, job) => job(),
        Event::Wake(id) => tasks::wake(id),
        Event::Act(act) => host::act(act),
        event => with(|world| match event {
            Event::Leave(id) => world.leave(id),
            Event::NotSent(id) => world.not_sent(id),
            Event::Broken(id) => world.broken_off(id),
            Event::NoReply(id) => world.no_reply(id),
            Event::Reply(id, answer) => world.hears(id, Ok(answer)),
            Event::Arrive(request) => world.arrive(request),
            Event::Answer(held) => world.answer(held),
            Event::Order(client_sn, stamp, step) => world.step(&client_sn, stamp, step),
            Event::DiskFails(until) => world.disk_fails(until),
            Event::ClockJumps => world.clock_jumps(),
            Event::Job(..) | Event::Timer(..) | Event::Wake(_) | Event::Act(_) => {}
        }),
    }
}

/// A process that is no more: what it still holds is let go of, and what it does now comes to nothing.
fn bury(life: u32) {
    act_as(life, || {
        let client = with(|world| world.host.client.take());
        if let Some(client) = &client {
            client.close();
        }
        loop {
            for exchange in tasks::parked_by(life) {
                tasks::wake(exchange);
            }
            let jobs = with(|world| world.jobs_of(life));
            if jobs.is_empty() {
                break;
            }
            for job in jobs {
                tasks::run(life, job);
            }
        }
        drop(client);
        drop(with(|world| (world.timers_of(life), world.host.let_go())));
    });
}

impl World {
    fn new(mut choices: Choices, with_notes: bool) -> Self {
        let level = |choices: &mut Choices, levels: [u32; 4]| levels[choices.below(Of::Setting, 4) as usize];
        let levels = Levels {
            network: level(&mut choices, [0, 50, 150, 400]),
            gateway: level(&mut choices, [0, 15, 60, 200]),
            disk: level(&mut choices, [0, 0, 3, 20]),
            late: level(&mut choices, [0, 0, 20, 100]),
            crashes: level(&mut choices, [0, 1, 2, 4]),
            fates: match choices.below(Of::Setting, 2) {
                0 => Vec::new(),
                _ => (0..2).map(|_| choices.below(Of::Setting, network::FATES.len() as u32)).collect(),
            },
            favourites: std::array::from_fn(|_| match choices.below(Of::Setting, 3) {
                2 => Some(choices.below(Of::Setting, STORIES_MAX)),
                _ => None,
            }),
        };
        let midnight_at = match choices.below(Of::Setting, 3) {
            0 => 12 * 3_600_000,
            1 => choices.between(Of::Setting, 1, 30_000),
            _ => choices.between(Of::Setting, 30_000, 900_000),
        };
        Self {
            now: 0,
            queue: BTreeMap::new(),
            made: 0,
            life: 0,
            began: 0,
            crashed: false,
            crash_at: None,
            levels,
            midnight_at,
            wall_ahead: 0,
            network: Network::default(),
            gateway: Gateway::default(),
            disk: Disk::default(),
            host: Host::default(),
            broken: None,
            reversals: BTreeMap::new(),
            notes: with_notes.then(Vec::new),
            met: Coverage::default(),
            choices,
        }
    }

    /// The next event, with the process that it is about; `None` when the run is over.
    fn next(&mut self) -> Option<(u32, Event)> {
        if self.broken.is_some() || self.host.is_over {
            return None;
        }
        let ((due, _), event) = self.queue.pop_first()?;
        self.now = self.now.max(due);
        let life = match &event {
            Event::Job(life, _) | Event::Timer(life, _) => *life,
            _ => self.life,
        };
        Some((life, event))
    }

    pub fn at(&mut self, due: u64, event: Event) -> Place {
        self.made += 1;
        let place = (due.max(self.now), self.made);
        self.queue.insert(place, event);
        place
    }

    pub fn take_back(&mut self, place: Place) -> Option<Event> {
        self.queue.remove(&place)
    }

    pub fn timers_of(&mut self, life: u32) -> Vec<Event> {
        self.take_out(|event| matches!(event, Event::Timer(of, _) if *of == life))
    }

    fn jobs_of(&mut self, life: u32) -> Vec<Job> {
        let jobs = self.take_out(|event| matches!(event, Event::Job(of, _) if *of == life));
        jobs.into_iter().filter_map(|event| if let Event::Job(_, job) = event { Some(job) } else { None }).collect()
    }

    fn take_out(&mut self, which: impl Fn(&Event) -> bool) -> Vec<Event> {
        let places: Vec<_> = self.queue.iter().filter(|(_, event)| which(event)).map(|(place, _)| *place).collect();
        places.into_iter().filter_map(|place| self.queue.remove(&place)).collect()
    }

    /// Nothing of this process runs or waits to run.
    pub fn is_idle(&self, life: u32) -> bool {
        let waits = |event: &Event| matches!(event, Event::Job(of, _) | Event::Timer(of, _) if *of == life);
        tasks::parked_by(life).is_empty() && !self.queue.values().any(waits)
    }

    /// Something is still on its way to the gateway, or will happen there.
    fn is_stirring(&self) -> bool {
        let stirs = |event: &Event| matches!(event, Event::Arrive(_) | Event::Answer(_) | Event::Order(..));
        self.queue.values().any(stirs)
    }

    /// The clock of this process, which never goes back.
    pub fn uptime(&self) -> u64 {
        self.now - self.began + 1
    }

    /// The till's calendar, which may be wrong.
    pub fn wall(&self) -> u64 {
        (1_790_000_000_000 + self.now).saturating_add_signed(self.wall_ahead)
    }

    fn clock_jumps(&mut self) {
        self.met("time: the wall clock jumps");
        let days = i64::from(self.choices.below(Of::Time, 400)) - 200;
        self.wall_ahead += days * 20_000_000;
        self.note(|| format!("clock: the till's calendar jumps by {days} times 20000 s"));
    }

    /// The gateway's calendar, which counts.
    pub fn beijing_day(&self) -> u64 {
        u64::from(self.now >= self.midnight_at)
    }

    /// Which story the gateway tells, by their weights.
    pub fn story(&mut self, tale: Tale, weights: &[u32]) -> usize {
        let mut weights = weights.to_vec();
        let favourite = self.levels.favourites[tale as usize].map(|story| story as usize);
        if let Some(weight) = favourite.and_then(|story| weights.get_mut(story)) {
            *weight += FAVOURITE_WEIGHT;
        }
        self.choices.weighted(Of::Gateway, &weights)
    }

    /// How much later than it should something runs on a busy machine.
    pub fn lateness(&mut self) -> u64 {
        if !self.choices.chance(Of::Time, self.levels.late) {
            return 0;
        }
        self.met("time: a busy machine");
        let most = self.choices.one_of(Of::Time, &[50, 500, 3_000]);
        self.choices.between(Of::Time, 1, most)
    }

    /// The code that runs now belongs to a process that is no more.
    pub fn is_dead(&self) -> bool {
        acting() != self.life
    }

    pub fn begin_life(&mut self) {
        self.began = self.now;
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

    pub fn crash(&mut self, point: &str) {
        self.crash_at = None;
        self.note(|| format!("till: {}", point.replace("crash:", "CRASH")));
        self.life += 1;
        self.crashed = true;
        self.disk.unlock_all();
        if self.choices.below(Of::Crash, 2) == 1 {
            self.met("crash: the power fails");
            let names_too = self.choices.below(Of::Crash, 2) == 1;
            let chance = match self.choices.below(Of::Crash, 2) {
                0 => None,
                _ => Some(self.choices.below(Of::Crash, u32::MAX)),
            };
            self.disk.lose_power(names_too, chance);
        }
    }

    fn crash_is_over(&mut self) {
        self.crash_at = None;
        let after = self.choices.one_of(Of::Crash, &[2_000, 100, 60_000, 600_000]);
        self.at(self.now + after, Event::Act(Act::Start));
    }

    fn disk_fails(&mut self, until: u64) {
        self.met("disk: fails for a while");
        self.disk.failing_until = until;
        self.note(|| format!("disk: every write fails until {until} ms"));
    }

    /// A use of the disk: an error when it fails, or the process is no more.
    pub fn disk_ready(&mut self, fault: Fault) -> io::Result<()> {
        if self.is_dead() || (fault == Fault::Write && self.may_crash("crash: at a write to the disk")) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let fails = match fault {
            Fault::Never => false,
            Fault::Read => self.levels.disk > 0 && self.choices.chance(Of::Disk, self.levels.disk / 4),
            Fault::Write => {
                self.now < self.disk.failing_until
                    || (self.levels.disk > 0 && self.choices.chance(Of::Disk, self.levels.disk))
            }
        };
        if !fails {
            return Ok(());
        }
        self.met(if fault == Fault::Read { "disk: a read fails" } else { "disk: a write fails" });
        self.note(|| format!("disk: a {} fails", if fault == Fault::Read { "read" } else { "write" }));
        if fault == Fault::Write && self.now >= self.disk.failing_until {
            // Often it fails again.
            let for_ms = self.choices.one_of(Of::Disk, &[0, 1, 10_000, 120_000]);
            self.disk.failing_until = self.now + for_ms;
        }
        Err(io::Error::other("the disk fails"))
    }

    /// From here on nothing goes wrong any more.
    pub fn calm_down(&mut self) {
        self.levels = Levels::default();
        self.crash_at = None;
        self.disk.failing_until = 0;
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
