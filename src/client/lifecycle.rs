//! A client from new to free: settings, start, stop.

use std::collections::hash_map::RandomState;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::encoding::Encoding;
use super::inbox::Inbox;
use super::listener::{Listener, Listeners};
use super::order::Order;
use super::outlet::Outlet;
use super::settings::{Settings, Values};
use super::terminal::Terminal;
use super::Event;
use crate::abi::*;
use crate::engine::{clock, Engine};
use crate::error::{Error, Result};
use crate::gateway::field;
use crate::journal::{Journal, Record};
use crate::log;
use crate::transport::{self, Transport};

pub struct Client {
    engine: Arc<Engine>,
    listeners: Listeners,
    inbox: Arc<Inbox>,
    stage: Mutex<Stage>,
    /// By client_sn, every order that a handle or an action holds: two handles of one order are one order.
    orders: Mutex<HashMap<String, Weak<Order>>>,
}

/// Takes the listener when it succeeds.
type Action = fn(&Arc<Terminal>, &Arc<Order>, &mut Option<Listener>) -> Result<()>;

enum Stage {
    New(Setup),
    Starting {
        encoding: Encoding,
        /// Let go of in the meantime: it ends as soon as it has started.
        abandoned: bool,
    },
    Running(Arc<Terminal>),
    Stopped(Encoding, Option<Arc<Terminal>>),
}

#[derive(Default)]
struct Setup {
    values: Values,
    watcher: Option<Arc<Listener>>,
}

impl Default for Client {
    fn default() -> Self {
        let engine = Arc::new(Engine::default());
        Self {
            listeners: Listeners::new(engine.clone()),
            engine,
            inbox: Arc::default(),
            stage: Mutex::new(Stage::New(Setup::default())),
            orders: Mutex::default(),
        }
    }
}

impl Client {
    /// The encoding of the host's text; it can change until start.
    pub fn encoding(&self) -> Encoding {
        match &*self.stage.lock() {
            Stage::New(setup) => setup.values.encoding(),
            Stage::Starting { encoding, .. } | Stage::Stopped(encoding, _) => *encoding,
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
            Stage::Starting { .. } => Err(Error::new(UPAY_E_STATE, "the client is just starting")),
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

    pub fn start(&self) -> Result<()> {
        let setup = {
            let mut stage = self.stage.lock();
            match &mut *stage {
                Stage::New(setup) => {
                    let setup = std::mem::take(setup);
                    *stage = Stage::Starting { encoding: setup.values.encoding(), abandoned: false };
                    setup
                }
                Stage::Stopped(..) => return Err(closed()),
                _ => return Err(Error::new(UPAY_E_STATE, "the client is started")),
            }
        };
        // The journal's file is opened and the earlier run's orders are read outside of the lock.
        let opened = self.open(&setup);
        let mut stage = self.stage.lock();
        let abandoned = matches!(&*stage, Stage::Starting { abandoned: true, .. });
        match opened {
            Ok((terminal, _)) if abandoned => {
                *stage = Stage::Stopped(terminal.settings.encoding, Some(terminal.clone()));
                drop(stage);
                terminal.close();
                Err(closed())
            }
            Ok((terminal, left_over)) => {
                *stage = Stage::Running(terminal.clone());
                drop(stage);
                terminal.resume(left_over);
                Ok(())
            }
            Err(error) => {
                *stage = Stage::New(setup);
                drop(stage);
                if abandoned {
                    self.close();
                }
                Err(error)
            }
        }
    }

    /// The terminal, and what an earlier run left over.
    fn open(&self, setup: &Setup) -> Result<(Arc<Terminal>, Vec<Record>)> {
        let settings: Settings = setup.values.settings()?;
        let engine = self.engine.clone();
        let spawn: transport::Spawn = Arc::new(move |job| {
            engine.thread("upay-lookup", job);
        });
        let options = transport::Options {
            api_domain: settings.api_domain.clone(),
            connect_timeout: settings.connect_timeout,
            proxy: settings.proxy.clone(),
            ca_file: settings.ca_file.clone(),
        };
        let transport = Transport::new(&options, spawn)?;
        let journal = match &settings.state_dir {
            Some(directory) => Journal::open(directory, &settings.terminal_sn)?,
            None => {
                log::warn(format_args!("state_dir is not set: nothing is kept for the next start; for tests alone"));
                Journal::in_memory(&settings.terminal_sn)?
            }
        };
        let left_over = journal.pending()?;
        self.engine.workers_max(settings.in_flight_max);
        let outlet = Outlet {
            inbox: self.inbox.clone(),
            listeners: self.listeners.clone(),
            journal,
            chinese: settings.chinese,
            encoding: settings.encoding,
        };
        let watcher = setup.watcher.clone();
        Ok((Terminal::new(settings, self.engine.clone(), transport, outlet, watcher), left_over))
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
        let client_sn = client_sn.map_or_else(unique, str::to_owned);
        field::check("client_sn", field::CLIENT_SN, &client_sn)?;
        Ok(self.one(client_sn, Vec::new()))
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
        Ok(self.one(client_sn.to_owned(), known))
    }

    fn one(&self, client_sn: String, known: Vec<(String, String)>) -> Arc<Order> {
        let mut orders = self.orders.lock();
        if let Some(order) = orders.get(&client_sn).and_then(Weak::upgrade) {
            return order;
        }
        // Numbers whose order is gone are swept out now and then, so that the map stays as small as what is in use.
        if orders.len().is_power_of_two() {
            orders.retain(|_, order| order.strong_count() > 0);
        }
        let order = Arc::new(Order::new(client_sn.clone(), known));
        orders.insert(client_sn, Arc::downgrade(&order));
        order
    }

    pub fn unfinished(&self) -> Result<u32> {
        self.terminal()?.unfinished()
    }

    /// The oldest event of the pull form, as `hand_out` takes it.
    pub fn next_event<T>(&self, limit: Duration, hand_out: impl FnOnce(&Arc<Event>) -> Result<T>) -> Result<T> {
        if matches!(&*self.stage.lock(), Stage::New(_) | Stage::Starting { .. }) {
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
                Stage::Starting { abandoned, .. } => {
                    *abandoned = true;
                    return;
                }
                Stage::Stopped(..) => return,
            };
            *stage = Stage::Stopped(encoding, terminal.clone());
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
        if matches!(&*self.stage.lock(), Stage::Starting { .. }) {
            return Err(Error::new(UPAY_E_STATE, "the client is just starting"));
        }
        self.close();
        let terminal = match &*self.stage.lock() {
            Stage::Stopped(_, terminal) => terminal.clone(),
            _ => return Err(Error::new(UPAY_E_STATE, "the client is just starting")),
        };
        let joined = match terminal {
            Some(terminal) => terminal.join(limit),
            None => self.engine.join(limit),
        };
        if !joined {
            return Err(Error::new(UPAY_E_TIMEOUT, "not everything has ended in time; stop again to go on waiting"));
        }
        Ok(())
    }
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
