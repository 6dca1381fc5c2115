//! The till's own program: it takes payments, cancels, refunds and asks, stops and starts again, and listens to what the
//! library says.

use std::sync::Arc;
use std::time::Duration;

use super::gateway::{TERMINAL_KEY, TERMINAL_SN};
use super::rules::{Heard, Told};
use super::{acting, with, Event, World};
use crate::abi::*;
use crate::choices::Of;
use crate::client::{self, Client, Listener};
use crate::error::Result;
use crate::flow::verdict::Verdict;

/// What the host does, or looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Start,
    Do(Deed),
    Pull,
    /// The action has to have ended by now.
    Deadline(usize),
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
}

#[derive(Default)]
pub struct Host {
    pub client: Option<Arc<Client>>,
    pub orders: Vec<Order>,
    pub starts: Vec<Start>,
    callbacks: bool,
    pull_planned: bool,
    stopping: bool,
    /// A stop has been answered with UPAY_OK: no callback may run any more.
    pub stopped: bool,
    pub calm_since: Option<u64>,
    started_again: bool,
    /// The next stop is the last.
    ends: bool,
    pub is_over: bool,
    pub times: Times,
}

/// The client's settings in this run.
#[derive(Clone, Copy)]
pub struct Times {
    pub pay: u64,
    pub precreate: u64,
    pub cancel: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self { pay: 60_000, precreate: 240_000, cancel: 30_000 }
    }
}

pub struct Order {
    pub client_sn: String,
    pub amount: u64,
    pub precreate: bool,
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
}

pub struct Refund {
    pub number: String,
    pub amount: u64,
    pub accepted: bool,
    pub told: Option<Verdict>,
}

/// One call that began an action.
pub struct Start {
    pub deed: Deed,
    pub action: i32,
    pub life: u32,
    pub at: u64,
    pub accepted: bool,
    pub finals: u32,
    pub drops: u32,
}

/// Plans what the host will do, and what will go wrong by the calendar.
pub fn begin() {
    with(|world| {
        let choices = &mut world.choices;
        let orders = 1 + choices.weighted(Of::Host, &[50, 30, 20]);
        let mut plan = Vec::new();
        for n in 0..orders {
            let precreate = choices.chance(Of::Host, 250);
            let amount = choices.one_of(Of::Host, &[100, 100, 100, 1_250, 4_600]);
            let at = 1_000 + choices.between(Of::Host, 0, 120_000);
            plan.push((at, Act::Do(Deed::Pay(n))));
            let more = [(250, Deed::Cancel(n)), (100, Deed::Cancel(n)), (150, Deed::Query(n)), (100, Deed::Pay(n))];
            for (per_mille, deed) in more {
                let (does, after) = (choices.chance(Of::Host, per_mille), choices.between(Of::Host, 0, 180_000));
                if does {
                    plan.push((at + after, Act::Do(deed)));
                }
            }
            world.host.orders.push(Order {
                client_sn: format!("order-{n}"),
                amount,
                precreate,
                accepted: false,
                tried: false,
                told: Told::Nothing,
                begun_by: None,
                sent: 0,
                by_hand: false,
                absent_at: Vec::new(),
                cancelled: false,
                refunds: Vec::new(),
            });
        }
        for _ in 0..choices.weighted(Of::Crash, &[70, 20, 10]) {
            plan.push((choices.between(Of::Crash, 1_000, 400_000), Act::Stop));
        }
        if world.levels.crashes > 0 && choices.chance(Of::Crash, 500) {
            plan.push((choices.between(Of::Crash, 1_000, 500_000), Act::Crash));
        }
        if choices.chance(Of::Setting, 450) {
            world.host.times =
                Times { pay: choices.one_of(Of::Setting, &[1_000, 10_000]), precreate: 20_000, cancel: 3_000 };
        }
        world.host.callbacks = choices.chance(Of::Setting, 700);
        if choices.chance(Of::Disk, 100) {
            let from = choices.between(Of::Disk, 1_000, 300_000);
            let until = from + choices.between(Of::Disk, 1, 60_000);
            world.at(from, Event::DiskFails(until));
        }
        if world.choices.chance(Of::Time, 200) {
            let at = world.choices.between(Of::Time, 1_000, 400_000);
            world.at(at, Event::ClockJumps);
        }
        world.met(if world.host.callbacks { "host: callbacks" } else { "host: pulls its events" });
        let calm_at = world.choices.between(Of::Host, 600_000, 900_000);
        world.at(calm_at, Event::Act(Act::Calm));
        world.at(0, Event::Act(Act::Start));
        for (at, act) in plan {
            world.at(at, Event::Act(act));
        }
    });
}

pub fn act(act: Act) {
    match act {
        Act::Start => start(),
        Act::Do(deed) => {
            if !with(|world| world.wait_until_up(act)) {
                perform(deed);
            }
        }
        Act::Pull => pull(),
        Act::Deadline(start) => with(|world| world.is_late(start)),
        Act::Stop => stop(),
        Act::Stopping { since } => stopping(since),
        Act::Calm => with(|world| {
            world.calm_down();
            world.host.calm_since = Some(world.now);
            world.at(world.now + LOOK_MS, Event::Act(Act::Look));
            world.note(|| "world: nothing goes wrong from here on".to_owned());
        }),
        Act::Look => look(),
        Act::Crash => with(|world| {
            if world.host.client.is_some() && world.host.calm_since.is_none() {
                world.met("crash: between two steps");
                world.crash("crash: between two steps");
            }
        }),
    }
}

const LOOK_MS: u64 = 300_000;
/// So long after calm has come, all that can end has ended.
const CALM_MS_MAX: u64 = 4 * 3_600_000;

fn start() {
    if with(|world| {
        world.begin_life();
        world.host.client.is_some()
    }) {
        return;
    }
    let (times, callbacks) = with(|world| {
        world.plan_crash();
        (world.host.stopping, world.host.stopped) = (false, false);
        (world.host.times, world.host.callbacks)
    });
    let client = Arc::new(Client::default());
    let settings = [
        ("terminal_sn", TERMINAL_SN.to_owned()),
        ("terminal_key", TERMINAL_KEY.to_owned()),
        ("state_dir", "/state".to_owned()),
        ("pay_timeout_ms", times.pay.to_string()),
        ("precreate_timeout_ms", times.precreate.to_string()),
        ("cancel_timeout_ms", times.cancel.to_string()),
        ("language", "en".to_owned()),
        ("auto_checkin", "off".to_owned()),
    ];
    for (key, value) in settings {
        client.set(key, &value).expect("a good setting");
    }
    if callbacks {
        client.watch(Some(listener(None))).expect("before start");
    }
    with(|world| world.host.client = Some(client.clone()));
    let started = client.start();
    if with(|world| world.is_dead()) {
        return;
    }
    match started {
        Ok(()) => {
            with(|world| {
                world.note(|| format!("host: started, process {}", acting()));
            });
            let pending = client.terminal().and_then(|terminal| terminal.outlet.journal.pending());
            with(|world| world.after_start(pending));
        }
        Err(error) => {
            with(|world| {
                world.met("host: start fails");
                world.note(|| format!("host: start fails: {} {error}", error.status));
                if error.status != UPAY_E_STORAGE || world.host.calm_since.is_some() {
                    world.breaks("start", format_args!("{} {error}", error.status));
                }
                world.host.client = None;
                world.at(world.now + 1_000, Event::Act(Act::Start));
            });
            client.close();
        }
    }
}

/// The host's two functions: for an action, or for the watcher.
fn listener(start: Option<usize>) -> Listener {
    let life = acting();
    let event: client::OnEvent = Box::new(move |event| {
        if with(|world| world.life != life) {
            return;
        }
        hear(start, event);
        with(|world| world.may_crash("crash: as the host hears"));
    });
    let drop: client::OnDrop = Box::new(move || {
        with(|world| {
            if let (Some(start), true) = (start, world.life == life) {
                world.host.starts[start].drops += 1;
            }
        });
    });
    Listener { event: Some(event), drop: Some(drop) }
}

fn hear(start: Option<usize>, event: &Arc<client::Event>) {
    let text = |key: &str| event.get(key).map(|text| text.to_string_lossy().into_owned());
    let heard = Heard {
        start,
        action: event.action,
        verdict: event.verdict,
        client_sn: text("client_sn").unwrap_or_default(),
        refund_request_no: text("refund_request_no"),
    };
    if let Some(deed) = with(|world| world.hears_event(heard)) {
        perform(deed);
    }
}

/// In the pull form.
fn pull() {
    let Some(client) = with(|world| {
        world.host.pull_planned = false;
        world.host.client.clone()
    }) else {
        return;
    };
    while let Ok(event) = client.next_event(Duration::ZERO, |event| Ok(event.clone())) {
        if with(|world| world.is_dead()) {
            return;
        }
        let start = with(|world| world.start_of(&event));
        hear(start, &event);
        if with(|world| world.may_crash("crash: as the host hears")) {
            return;
        }
    }
}

fn perform(deed: Deed) {
    let Some(client) = with(|world| world.host.client.clone()) else { return };
    let (index, client_sn, fields) = with(|world| world.prepare(deed));
    let done = (|| -> Result<()> {
        let order = client.order(Some(&client_sn))?;
        for (key, value) in fields {
            order.set(key, &value)?;
        }
        let listener = with(|world| world.host.callbacks).then(|| listener(Some(index)));
        match deed {
            Deed::Pay(n) if with(|world| world.host.orders[n].precreate) => client.precreate(&order, listener),
            Deed::Pay(_) => client.pay(&order, listener),
            Deed::Query(_) => client.query(&order, listener),
            Deed::Cancel(_) => client.cancel(&order, listener),
            Deed::Refund(..) => client.refund(&order, listener),
        }
    })();
    with(|world| {
        if !world.is_dead() {
            world.began(index, done);
            world.may_crash("crash: as a call returns");
        }
    });
}

fn stop() {
    let Some(client) = with(|world| {
        if world.host.stopping || world.host.client.is_none() {
            return None;
        }
        world.host.stopping = true;
        world.note(|| "host: stops".to_owned());
        world.met("host: stop");
        world.at(world.now + 50, Event::Act(Act::Stopping { since: world.now }));
        world.host.client.clone()
    }) else {
        return;
    };
    client.close();
}

/// The end of a stop, which needs no network: what is under way is broken off.
const STOP_MS_MAX: u64 = 15_000;

fn stopping(since: u64) {
    let Some(client) = with(|world| world.host.client.clone()) else { return };
    let stopped = client.stop(Duration::ZERO);
    let again = with(|world| {
        if world.is_dead() {
            return false;
        }
        match stopped {
            Ok(()) => {
                world.host.stopped = true;
                world.note(|| "host: stopped".to_owned());
                if world.host.callbacks {
                    world.after_stop();
                }
                false
            }
            Err(error) => {
                if error.status != UPAY_E_TIMEOUT || world.now > since + STOP_MS_MAX {
                    world.breaks("stop", format_args!("{} {error}", error.status));
                }
                world.at(world.now + 50, Event::Act(Act::Stopping { since }));
                true
            }
        }
    });
    if again || with(|world| world.is_dead()) {
        return;
    }
    // In the pull form what was not taken yet can be taken still.
    pull();
    with(|world| {
        if world.is_dead() {
            return;
        }
        world.after_stop();
        world.host.client = None;
        world.life += 1;
        if world.host.ends {
            world.at_the_end();
            world.host.is_over = true;
            return;
        }
        let after = world.choices.one_of(Of::Host, &[1_000, 100, 120_000]);
        world.at(world.now + after, Event::Act(Act::Start));
    });
    drop(client);
}

fn look() {
    let Some(client) = with(|world| world.host.client.clone()) else {
        return with(|world| {
            world.at(world.now + LOOK_MS, Event::Act(Act::Look));
        });
    };
    let pending = client.terminal().and_then(|terminal| terminal.outlet.journal.pending());
    let over = with(|world| {
        let calm_for = world.now - world.host.calm_since.unwrap_or(world.now);
        let open = match &pending {
            Ok(pending) => pending.iter().filter(|record| record.is_open()).count(),
            Err(_) => usize::MAX,
        };
        let quiet = open == 0 && !world.host.stopping && !world.is_stirring() && calm_for >= LOOK_MS;
        if !quiet && calm_for < CALM_MS_MAX {
            world.at(world.now + LOOK_MS, Event::Act(Act::Look));
            // What the disk did not take is written by the next start.
            let again = calm_for >= CALM_MS_MAX / 2 && !std::mem::replace(&mut world.host.started_again, true);
            return again;
        }
        world.host.ends = true;
        world.watch_list_is_empty(pending);
        true
    });
    if over {
        stop();
    }
}

impl World {
    /// The process is down, or goes down: later, then.
    fn wait_until_up(&mut self, act: Act) -> bool {
        let down = self.host.client.is_none() || self.host.stopping;
        if down && self.host.calm_since.is_none() {
            self.at(self.now + 1_000, Event::Act(act));
        }
        down
    }

    pub fn is_callback(&self) -> bool {
        self.host.callbacks
    }

    /// In the pull form the host looks soon after something may have come.
    pub fn plan_pull(&mut self) {
        if self.host.callbacks || self.host.pull_planned || self.host.client.is_none() {
            return;
        }
        self.host.pull_planned = true;
        let after = self.choices.one_of(Of::Host, &[100, 0, 1_000]);
        self.at(self.now + after, Event::Act(Act::Pull));
    }

    /// Notes the call that is about to be made, and says what the order's fields are.
    fn prepare(&mut self, deed: Deed) -> (usize, String, Vec<(&'static str, String)>) {
        let (n, action) = match deed {
            Deed::Pay(n) if self.host.orders[n].precreate => (n, UPAY_ACTION_PRECREATE),
            Deed::Pay(n) => (n, UPAY_ACTION_PAY),
            Deed::Query(n) => (n, UPAY_ACTION_QUERY),
            Deed::Cancel(n) => (n, UPAY_ACTION_CANCEL),
            Deed::Refund(n, _) => (n, UPAY_ACTION_REFUND),
        };
        self.met(match deed {
            Deed::Pay(_) if self.host.orders[n].tried => "host: pays the same number again",
            Deed::Pay(_) if self.host.orders[n].precreate => "host: precreate",
            Deed::Pay(_) => "host: pay",
            Deed::Query(_) => "host: query",
            Deed::Cancel(_) => "host: cancel",
            Deed::Refund(..) => "host: refund",
        });
        let start = Start { deed, action, life: self.life, at: self.now, accepted: false, finals: 0, drops: 0 };
        self.host.starts.push(start);
        let order = &mut self.host.orders[n];
        let mut fields = vec![
            ("total_amount", order.amount.to_string()),
            ("subject", "goods".to_owned()),
            ("payway", "3".to_owned()),
            ("dynamic_id", "130818341921441147".to_owned()),
        ];
        match deed {
            Deed::Pay(_) => order.tried = true,
            Deed::Cancel(_) => order.cancelled = true,
            Deed::Query(_) => {}
            Deed::Refund(_, m) => {
                fields.push(("refund_request_no", order.refunds[m].number.clone()));
                fields.push(("refund_amount", order.refunds[m].amount.to_string()));
            }
        }
        let client_sn = order.client_sn.clone();
        self.note(|| format!("host: {deed:?}"));
        (self.host.starts.len() - 1, client_sn, fields)
    }

    /// The host's answer to a final event.
    pub fn react(&mut self, n: usize, verdict: Verdict, action: i32) -> Option<Deed> {
        if self.host.calm_since.is_some() || self.host.stopping {
            return None;
        }
        let deed = match (action, verdict.outcome) {
            (UPAY_ACTION_PAY | UPAY_ACTION_PRECREATE | UPAY_ACTION_WATCH, UPAY_OUTCOME_SUCCESS) => {
                match self.choices.weighted(Of::Host, &[60, 15, 10, 15, 10]) {
                    1 => Some(Deed::Cancel(n)),
                    2 => Some(Deed::Query(n)),
                    kind @ (3 | 4) => {
                        let order = &mut self.host.orders[n];
                        let amount = if kind == 3 { order.amount } else { order.amount / 3 };
                        let number = format!("refund-{}", order.refunds.len());
                        order.refunds.push(Refund { number, amount, accepted: false, told: None });
                        Some(Deed::Refund(n, order.refunds.len() - 1))
                    }
                    _ => None,
                }
            }
            (UPAY_ACTION_PAY | UPAY_ACTION_PRECREATE, UPAY_OUTCOME_UNKNOWN) => {
                match self.choices.weighted(Of::Host, &[70, 15, 15]) {
                    1 => Some(Deed::Cancel(n)),
                    2 => Some(Deed::Query(n)),
                    _ => None,
                }
            }
            (UPAY_ACTION_PAY | UPAY_ACTION_PRECREATE, UPAY_OUTCOME_FAILED) => {
                match self.choices.weighted(Of::Host, &[60, 15, 25]) {
                    1 => Some(Deed::Pay(n)),
                    2 => Some(Deed::Cancel(n)),
                    _ => None,
                }
            }
            // Another part, or the same number again.
            (UPAY_ACTION_REFUND, _) if !self.host.orders[n].refunds.is_empty() => {
                match self.choices.weighted(Of::Host, &[75, 25]) {
                    1 => Some(Deed::Refund(n, self.host.orders[n].refunds.len() - 1)),
                    _ => None,
                }
            }
            _ => None,
        }?;
        if self.choices.below(Of::Host, 3) == 1 {
            self.met("host: acts from inside a callback");
            return Some(deed);
        }
        let most = self.choices.one_of(Of::Host, &[1_000, 60_000, 500_000]);
        let after = self.choices.between(Of::Host, 100, most);
        self.at(self.now + after, Event::Act(Act::Do(deed)));
        None
    }
}

impl Host {
    /// For what is dropped outside of the world.
    pub fn let_go(&mut self) -> Option<Arc<Client>> {
        self.client.take()
    }
}
