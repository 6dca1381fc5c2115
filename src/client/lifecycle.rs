//! A client from new to free: settings, start, stop.

use std::collections::hash_map::RandomState;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::activate::{activate, Activated};
use super::encoding::Encoding;
use super::inbox::Inbox;
use super::keyring::Keyring;
use super::listener::{Hearing, Listener, Listeners};
use super::order::Order;
use super::outlet::Outlet;
use super::settings::{Settings, Values};
use super::terminal::Terminal;
use super::Event;
use crate::abi::*;
use crate::engine::{clock, Engine};
use crate::error::{Error, Result};
use crate::gateway::field;
use crate::journal::{activated, Journal, Record, Ring};
use crate::log;
use crate::transport::{Interrupt, Spawn, Transport};

pub struct Client {
    engine: Arc<Engine>,
    listeners: Listeners,
    inbox: Arc<Inbox>,
    stage: Mutex<Stage>,
    /// It is busy no more.
    free: Condvar,
    /// By client_sn, every order that a handle or an action holds: two handles of one order are one order.
    orders: Mutex<HashMap<String, Weak<Order>>>,
}

/// Takes the listener when it succeeds.
type Action = fn(&Arc<Terminal>, &Arc<Order>, &mut Option<Listener>) -> Result<()>;

enum Stage {
    New(Setup),
    /// A start or an activation has the setup.
    Busy {
        encoding: Encoding,
        /// Stopped or let go of in the meantime: it ends as soon as it can.
        abandoned: bool,
        interrupt: Interrupt,
    },
    Running(Arc<Terminal>),
    Stopped(Encoding, Option<Arc<Terminal>>),
}

#[derive(Default)]
struct Setup {
    values: Values,
    watcher: Option<Arc<Listener>>,
    /// The keys of an activated terminal that the disk did not take: its start tries again.
    unkept: Option<(String, Ring)>,
}

impl Default for Client {
    fn default() -> Self {
        let engine = Arc::new(Engine::default());
        Self {
            listeners: Listeners::new(engine.clone()),
            engine,
            inbox: Arc::default(),
            stage: Mutex::new(Stage::New(Setup::default())),
            free: Condvar::new(),
            orders: Mutex::default(),
        }
    }
}

impl Client {
    /// The encoding of the host's text; it can change until start.
    pub fn encoding(&self) -> Encoding {
        match &*self.stage.lock() {
            Stage::New(setup) => setup.values.encoding(),
            Stage::Busy { encoding, .. } | Stage::Stopped(encoding, _) => *encoding,
            Stage::Running(terminal) => terminal.settings.encoding,
        }
    }

    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        match &mut *self.stage.lock() {
            Stage::New(setup) => setup.values.set(key, value),
            Stage::Stopped(..) => Err(closed()),
            _ => Err(Error::new(UPAY_E_STATE, "settings are set before start")),
        }
    }

    pub fn get(&self, key: &str) -> Result<String> {
        match &*self.stage.lock() {
            Stage::New(setup) => setup.values.get(key).map(str::to_owned),
            Stage::Running(terminal) => terminal.settings.values.get(key).map(str::to_owned),
            Stage::Busy { .. } => Err(busy()),
            Stage::Stopped(..) => Err(closed()),
        }
    }

    /// A failing call has taken nothing.
    pub fn watch(&self, listener: Option<Listener>) -> Result<()> {
        let earlier = match &mut *self.stage.lock() {
            Stage::New(setup) => std::mem::replace(&mut setup.watcher, listener.map(Arc::new)),
            stage => {
                if let Some(listener) = listener {
                    listener.defuse();
                }
                return Err(match stage {
                    Stage::Stopped(..) => closed(),
                    _ => Error::new(UPAY_E_STATE, "the watcher is set before start"),
                });
            }
        };
        if let Some(earlier) = earlier {
            self.listeners.let_go(earlier);
        }
        Ok(())
    }

    /// Makes a terminal of this till. Blocks.
    pub fn activate(&self, code: &str, limit: Duration) -> Result<()> {
        let until = clock::deadline(limit);
        let mut busy = self.take_setup()?;
        let settings = busy.setup.values.activation()?;
        let transport = self.transport(&busy.setup.values)?;
        let Activated { terminal_sn, ring, kept } = activate(&settings, code, &transport, until, &busy.interrupt)?;
        busy.setup.values.activated(&terminal_sn, &ring.terminal_key)?;
        let unkept = kept.map_err(|error| {
            let words = format!("activated as terminal {terminal_sn}, whose key is not on disk yet: {error}");
            Error::new(UPAY_E_STORAGE, words)
        });
        busy.setup.unkept = unkept.is_err().then_some((terminal_sn, ring));
        unkept
    }

    pub fn start(&self) -> Result<()> {
        let mut busy = self.take_setup()?;
        // The journal's file is opened and the earlier run's orders are read outside of the lock.
        let (terminal, left_over) = self.open(&mut busy.setup)?;
        if busy.end_as(|abandoned| match abandoned {
            true => Stage::Stopped(terminal.settings.encoding, Some(terminal.clone())),
            false => Stage::Running(terminal.clone()),
        }) {
            terminal.close();
            return Err(closed());
        }
        terminal.resume(left_over);
        Ok(())
    }

    /// The setup is the caller's until what is given out goes.
    fn take_setup(&self) -> Result<Busy<'_>> {
        let mut stage = self.stage.lock();
        let setup = match &mut *stage {
            Stage::New(setup) => std::mem::take(setup),
            Stage::Busy { .. } => return Err(busy()),
            Stage::Running(_) => return Err(Error::new(UPAY_E_STATE, "the client is started")),
            Stage::Stopped(..) => return Err(closed()),
        };
        let interrupt = Interrupt::new();
        *stage = Stage::Busy { encoding: setup.values.encoding(), abandoned: false, interrupt: interrupt.clone() };
        Ok(Busy { client: self, setup, interrupt })
    }

    fn transport(&self, values: &Values) -> Result<Transport> {
        let engine = self.engine.clone();
        let spawn: Spawn = Arc::new(move |job| {
            engine.thread("upay-lookup", job);
        });
        Transport::new(&values.transport(), spawn)
    }

    /// The terminal, and what an earlier run left over.
    fn open(&self, setup: &mut Setup) -> Result<(Arc<Terminal>, Vec<Record>)> {
        if let (false, Some(directory)) = (setup.values.has_terminal(), setup.values.state_dir()) {
            if let Some(terminal_sn) = activated(&directory)? {
                setup.values.found(&terminal_sn)?;
            }
        }
        let settings: Settings = setup.values.settings()?;
        let transport = self.transport(&setup.values)?;
        let journal = match &settings.state_dir {
            Some(directory) => Journal::open(directory, &settings.terminal_sn)?,
            None => {
                log::warn(format_args!("state_dir is not set: nothing is kept for the next start; for tests alone"));
                Journal::in_memory(&settings.terminal_sn)?
            }
        };
        // Another terminal's journal has keys of its own.
        if let Some((_, ring)) = setup.unkept.take_if(|(terminal_sn, _)| *terminal_sn == settings.terminal_sn) {
            if let Err(error) = journal.put_ring(&ring) {
                setup.unkept = Some((settings.terminal_sn, ring));
                return Err(error);
            }
        }
        let keyring = Keyring::open(&journal, &settings.terminal_sn, &setup.values.terminal_key())?;
        let left_over = journal.pending()?;
        self.engine.workers_max(settings.in_flight_max);
        let outlet = Outlet {
            inbox: self.inbox.clone(),
            listeners: self.listeners.clone(),
            journal,
            chinese: settings.chinese,
            encoding: settings.encoding,
            paid_unheard: Mutex::default(),
        };
        let watcher = setup.watcher.clone();
        Ok((Terminal::new(settings, self.engine.clone(), transport, keyring, outlet, watcher), left_over))
    }

    pub fn terminal(&self) -> Result<Arc<Terminal>> {
        match &*self.stage.lock() {
            Stage::Running(terminal) => Ok(terminal.clone()),
            Stage::Stopped(..) => Err(closed()),
            _ => Err(Error::new(UPAY_E_STATE, "the client is not started")),
        }
    }

    /// An error once the client is stopped.
    pub fn open_still(&self) -> Result<()> {
        match &*self.stage.lock() {
            Stage::Stopped(..) => Err(closed()),
            _ => Ok(()),
        }
    }

    /// The order of this number; `None` makes a number that was never used before.
    pub fn order(&self, client_sn: Option<&str>) -> Result<Arc<Order>> {
        self.open_still()?;
        let made = client_sn.is_none();
        let client_sn = client_sn.map_or_else(unique, str::to_owned);
        field::check("client_sn", field::CLIENT_SN, &client_sn)?;
        Ok(self.one(client_sn, made, Vec::new()))
    }

    /// An order that the journal knows.
    pub fn find(&self, client_sn: &str) -> Result<Arc<Order>> {
        field::check("client_sn", field::CLIENT_SN, client_sn)?;
        let record = self.terminal()?.outlet.journal.get(client_sn)?;
        let record = record.ok_or_else(|| Error::new(UPAY_E_NOT_FOUND, "the journal knows no such order"))?;
        let mut known = record.data;
        if let Some(amount) = record.total_amount.filter(|_| !known.iter().any(|(key, _)| key == "total_amount")) {
            known.push(("total_amount".to_owned(), amount));
        }
        Ok(self.one(client_sn.to_owned(), false, known))
    }

    fn one(&self, client_sn: String, made: bool, known: Vec<(String, String)>) -> Arc<Order> {
        let mut orders = self.orders.lock();
        if let Some(order) = orders.get(&client_sn).and_then(Weak::upgrade) {
            return order;
        }
        // Numbers whose order is gone are swept out now and then, so that the map stays as small as what is in use.
        if orders.len().is_power_of_two() {
            orders.retain(|_, order| order.strong_count() > 0);
        }
        let order = Arc::new(Order::new(client_sn.clone(), made, known));
        orders.insert(client_sn, Arc::downgrade(&order));
        order
    }

    pub fn unfinished(&self) -> Result<u32> {
        self.terminal()?.unfinished()
    }

    /// The oldest event of the pull form, as `hand_out` takes it.
    pub fn next_event<T>(&self, limit: Duration, hand_out: impl FnOnce(&Arc<Event>) -> Result<T>) -> Result<T> {
        if matches!(&*self.stage.lock(), Stage::New(_) | Stage::Busy { .. }) {
            return Err(Error::new(UPAY_E_STATE, "the client is not started"));
        }
        let (event, handed_out) = self.inbox.next(limit, |event| Ok((event.clone(), hand_out(event)?)))?;
        self.told(&event);
        Ok(handed_out)
    }

    pub fn pay(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, Terminal::pay)
    }

    pub fn precreate(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, Terminal::precreate)
    }

    pub fn query(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, Terminal::query)
    }

    pub fn refund(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, Terminal::refund)
    }

    pub fn cancel(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, Terminal::cancel)
    }

    /// Blocks.
    pub fn checkin(&self, limit: Duration) -> Result<()> {
        self.terminal()?.checkin(clock::deadline(limit))
    }

    /// Blocks.
    pub fn call(&self, path: &str, json: &str, limit: Duration) -> Result<Event> {
        self.terminal()?.call(path, json, clock::deadline(limit))
    }

    /// A call that fails has taken nothing: neither of the host's functions runs.
    fn act(&self, order: &Arc<Order>, mut listener: Option<Listener>, action: Action) -> Result<()> {
        let result = self.terminal().and_then(|terminal| action(&terminal, order, &mut listener));
        if let Some(untaken) = listener {
            untaken.defuse();
        }
        result
    }

    /// The final event of the order's newest action; what a wait hands out does not come again.
    pub fn wait<T>(
        &self,
        order: &Order,
        limit: Duration,
        hand_out: impl FnOnce(&Arc<Event>) -> Result<T>,
    ) -> Result<T> {
        let (action, event) = order.wait(limit)?;
        let handed_out = hand_out(&event)?;
        self.inbox.remove(action);
        self.told(&event);
        Ok(handed_out)
    }

    fn told(&self, event: &Event) {
        if let Ok(terminal) = self.terminal() {
            terminal.outlet.hears(event);
            terminal.outlet.told(event);
        }
    }

    /// Begins the end, and does not wait for it.
    pub fn close(&self) {
        let (terminal, watcher) = {
            let mut stage = self.stage.lock();
            let (encoding, terminal, watcher) = match &mut *stage {
                Stage::New(setup) => (setup.values.encoding(), None, setup.watcher.take()),
                Stage::Running(terminal) => (terminal.settings.encoding, Some(terminal.clone()), None),
                Stage::Busy { abandoned, interrupt, .. } => {
                    *abandoned = true;
                    interrupt.raise();
                    return;
                }
                Stage::Stopped(..) => return,
            };
            *stage = Stage::Stopped(encoding, terminal.clone());
            self.free.notify_all();
            (terminal, watcher)
        };
        match terminal {
            Some(terminal) => terminal.close(),
            None => {
                if let Some(watcher) = watcher {
                    self.listeners.let_go(watcher);
                }
                self.listeners.close();
                self.inbox.close();
                self.engine.close();
            }
        }
    }

    /// Ends everything and waits until the last thread has ended and the journal is let go of. An error after `limit`:
    /// the end goes on, and can be waited for again.
    pub fn stop(&self, limit: Duration) -> Result<()> {
        let late = || Error::new(UPAY_E_TIMEOUT, "not everything has ended in time; stop again to go on waiting");
        let until = clock::instant() + limit;
        self.close();
        let terminal = {
            let mut stage = self.stage.lock();
            loop {
                if let Stage::Stopped(_, terminal) = &*stage {
                    break terminal.clone();
                }
                if self.free.wait_until(&mut stage, until).timed_out() {
                    return Err(late());
                }
            }
        };
        let limit = until.saturating_duration_since(clock::instant());
        let joined = match terminal {
            Some(terminal) => terminal.join(limit),
            None => self.engine.join(limit),
        };
        if joined {
            Ok(())
        } else {
            Err(late())
        }
    }
}

/// The setup in the hands of a start or an activation. When it goes, by an error or a panic too, the client can be set
/// again; one that was let go of in the meantime ends.
struct Busy<'a> {
    client: &'a Client,
    setup: Setup,
    interrupt: Interrupt,
}

impl Busy<'_> {
    /// The next stage, which may depend on whether the client was let go of; gives whether it was.
    fn end_as(&self, next: impl FnOnce(bool) -> Stage) -> bool {
        let mut stage = self.client.stage.lock();
        let abandoned = matches!(&*stage, Stage::Busy { abandoned: true, .. });
        *stage = next(abandoned);
        self.client.free.notify_all();
        abandoned
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if !matches!(&*self.client.stage.lock(), Stage::Busy { .. }) {
            return;
        }
        let setup = std::mem::take(&mut self.setup);
        if self.end_as(|_| Stage::New(setup)) {
            self.client.close();
        }
    }
}

fn busy() -> Error {
    Error::new(UPAY_E_STATE, "the client is just starting or activating")
}

fn closed() -> Error {
    Error::new(UPAY_E_CLOSED, "the client is stopped")
}

/// A client_sn of 32 bytes: when, which one in this process, and chance from the system, so that no two tills and no
/// two runs make the same.
fn unique() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let made = MADE.fetch_add(1, Ordering::Relaxed) & 0xfff;
    let chance = RandomState::new().build_hasher().finish();
    format!("{:013}{made:03x}{chance:016x}", clock::wall())
}
