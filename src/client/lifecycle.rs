//! A client from new to free: settings, activation, start, stop.

use std::collections::hash_map::RandomState;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::activate::{activate, Activated};
use super::opening::{self, Opened, Setup};
use super::order::Order;
use super::settings::Values;
use crate::abi::*;
use crate::engine::{clock, Engine};
use crate::error::{Error, Result};
use crate::event::{Encoding, EventReader};
use crate::gateway::field;
use crate::record::OrderKey;
use crate::runtime::{Callbacks, EventQueue, EventSink, Listener, Runtime};
use crate::transport::{Interrupt, Spawn, Transport};

pub struct Client {
    engine: Arc<Engine>,
    callbacks: Callbacks,
    queue: Arc<EventQueue>,
    stage: Mutex<ClientStage>,
    /// It is busy no more.
    free: Condvar,
    /// By client_sn, every order that a handle or an action holds: two handles of one order are one order.
    orders: Mutex<HashMap<String, Weak<Order>>>,
}

enum ClientStage {
    New(Setup),
    /// A start or an activation has the setup.
    Busy {
        encoding: Encoding,
        /// Stopped or let go of in the meantime: it ends as soon as it can.
        abandoned: bool,
        interrupt: Interrupt,
    },
    Running(Arc<RunningClient>),
    Stopped(Encoding, Option<Arc<RunningClient>>),
}

/// A client that has started.
pub(super) struct RunningClient {
    values: Values,
    reader: EventReader,
    /// The terminal's own first; then earlier terminals of this state directory that have left something open.
    runtimes: Vec<Arc<Runtime>>,
}

impl Default for Client {
    fn default() -> Self {
        let engine = Arc::new(Engine::default());
        Self {
            callbacks: Callbacks::new(engine.clone()),
            engine,
            queue: Arc::default(),
            stage: Mutex::new(ClientStage::New(Setup::default())),
            free: Condvar::new(),
            orders: Mutex::default(),
        }
    }
}

impl Client {
    /// The encoding of the host's text; it can change until start.
    pub fn encoding(&self) -> Encoding {
        match &*self.stage.lock() {
            ClientStage::New(setup) => setup.values.encoding(),
            ClientStage::Busy { encoding, .. } | ClientStage::Stopped(encoding, _) => *encoding,
            ClientStage::Running(running) => running.reader.encoding,
        }
    }

    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        match &mut *self.stage.lock() {
            ClientStage::New(setup) => setup.values.set(key, value),
            ClientStage::Stopped(..) => Err(closed()),
            _ => Err(Error::new(UPAY_E_STATE, "settings are set before start")),
        }
    }

    pub fn get(&self, key: &str) -> Result<String> {
        match &*self.stage.lock() {
            ClientStage::New(setup) => setup.values.get(key).map(str::to_owned),
            ClientStage::Running(running) => running.values.get(key).map(str::to_owned),
            ClientStage::Busy { .. } => Err(busy()),
            ClientStage::Stopped(..) => Err(closed()),
        }
    }

    /// A failing call has taken nothing.
    pub fn watch(&self, listener: Option<Listener>) -> Result<()> {
        let earlier = match &mut *self.stage.lock() {
            ClientStage::New(setup) => std::mem::replace(&mut setup.watcher, listener.map(Arc::new)),
            ClientStage::Stopped(..) => return Err(closed()),
            _ => return Err(Error::new(UPAY_E_STATE, "the watcher is set before start")),
        };
        if let Some(earlier) = earlier {
            self.callbacks.let_go(earlier);
        }
        Ok(())
    }

    /// Makes a terminal of this till. Blocks.
    pub fn activate(&self, code: &str, limit: Duration) -> Result<()> {
        let until = clock::deadline(limit);
        let mut busy = self.take_setup()?;
        let settings = busy.setup.values.activation()?;
        let transport = self.transport(&busy.setup.values)?;
        let Activated { terminal_sn, keys, kept } = activate(&settings, code, &transport, until, &busy.interrupt)?;
        busy.setup.values.activated(&terminal_sn, keys.first())?;
        let unkept = kept.map_err(|error| {
            let words = format!("activated as terminal {terminal_sn}, whose key is not on disk yet: {error}");
            Error::new(UPAY_E_STORAGE, words)
        });
        busy.setup.unkept = unkept.is_err().then_some((terminal_sn, keys));
        unkept
    }

    pub fn start(&self) -> Result<()> {
        let mut busy = self.take_setup()?;
        // The journal's file is opened and the earlier run's orders are read outside of the lock.
        let transport = self.transport(&busy.setup.values)?;
        let opened = opening::open(&mut busy.setup, &self.engine, transport)?;
        let reader = opened.reader;
        let watcher = busy.setup.watcher.take();
        let sink = EventSink::new(self.callbacks.clone(), self.queue.clone(), reader, watcher);
        let Opened { terminals, .. } = opened;
        let mut left_over = Vec::new();
        let mut runtimes = Vec::new();
        for terminal in terminals {
            let (runtime, records) = terminal.run(self.engine.clone(), sink.clone());
            runtimes.push(runtime);
            left_over.push(records);
        }
        let running = Arc::new(RunningClient { values: busy.setup.values.clone(), reader, runtimes });
        if busy.end_as(|abandoned| match abandoned {
            true => {
                running.stop();
                ClientStage::Stopped(reader.encoding, Some(running.clone()))
            }
            false => ClientStage::Running(running.clone()),
        }) {
            return Err(closed());
        }
        for (runtime, records) in running.runtimes.iter().zip(left_over) {
            runtime.resume(records);
        }
        Ok(())
    }

    /// Takes the setup. Dropping what is returned puts it back.
    fn take_setup(&self) -> Result<Busy<'_>> {
        let mut stage = self.stage.lock();
        let setup = match &mut *stage {
            ClientStage::New(setup) => std::mem::take(setup),
            ClientStage::Busy { .. } => return Err(busy()),
            ClientStage::Running(_) => return Err(Error::new(UPAY_E_STATE, "the client is started")),
            ClientStage::Stopped(..) => return Err(closed()),
        };
        let interrupt = Interrupt::new();
        *stage =
            ClientStage::Busy { encoding: setup.values.encoding(), abandoned: false, interrupt: interrupt.clone() };
        Ok(Busy { client: self, setup, interrupt })
    }

    fn transport(&self, values: &Values) -> Result<Arc<Transport>> {
        let engine = self.engine.clone();
        let spawn: Spawn = Arc::new(move |job| {
            engine.thread("upay-lookup", job);
        });
        Transport::new(&values.transport(), spawn).map(Arc::new)
    }

    pub(super) fn running(&self) -> Result<Arc<RunningClient>> {
        match &*self.stage.lock() {
            ClientStage::Running(running) => Ok(running.clone()),
            ClientStage::Stopped(..) => Err(closed()),
            _ => Err(Error::new(UPAY_E_STATE, "the client is not started")),
        }
    }

    /// What runs the terminal.
    pub(super) fn runtime(&self) -> Result<Arc<Runtime>> {
        let running = self.running()?;
        let first = running.runtimes.first().cloned();
        first.ok_or_else(|| Error::new(UPAY_E_STATE, "the client is not started"))
    }

    pub(super) fn runtimes(&self) -> Result<Vec<Arc<Runtime>>> {
        Ok(self.running()?.runtimes.clone())
    }

    /// What runs the terminal that this order was sent by: an earlier one's orders stay its own.
    pub(super) fn runtime_of(&self, client_sn: &str) -> Result<Arc<Runtime>> {
        let running = self.running()?;
        let key = OrderKey::ClientSn(client_sn.to_owned());
        for runtime in running.runtimes.iter().skip(1) {
            if runtime.journal.get(&key)?.is_some() {
                return Ok(runtime.clone());
            }
        }
        self.runtime()
    }

    pub(super) fn queue(&self) -> &EventQueue {
        &self.queue
    }

    /// How the host reads events.
    pub(super) fn reader(&self) -> EventReader {
        self.running().map_or(EventReader::ANYBODY, |running| running.reader)
    }

    /// Events can be taken until the last one, also after a stop.
    pub(super) fn has_started(&self) -> Result<()> {
        match &*self.stage.lock() {
            ClientStage::New(_) | ClientStage::Busy { .. } => {
                Err(Error::new(UPAY_E_STATE, "the client is not started"))
            }
            ClientStage::Running(_) | ClientStage::Stopped(..) => Ok(()),
        }
    }

    /// An error once the client is stopped.
    pub fn open_still(&self) -> Result<()> {
        match &*self.stage.lock() {
            ClientStage::Stopped(..) => Err(closed()),
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
        let key = OrderKey::ClientSn(client_sn.to_owned());
        let record = self.runtime_of(client_sn)?.journal.get(&key)?;
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

    /// Begins the end, and does not wait for it.
    pub fn close(&self) {
        let running = {
            let mut stage = self.stage.lock();
            let (encoding, running) = match &mut *stage {
                ClientStage::New(setup) => {
                    // Under the lock: a stop that sees the next stage waits for the thread that lets the watcher go.
                    if let Some(watcher) = setup.watcher.take() {
                        self.callbacks.let_go(watcher);
                    }
                    self.callbacks.close();
                    self.queue.close();
                    self.engine.close();
                    (setup.values.encoding(), None)
                }
                ClientStage::Running(running) => (running.reader.encoding, Some(running.clone())),
                ClientStage::Busy { abandoned, interrupt, .. } => {
                    *abandoned = true;
                    interrupt.raise();
                    return;
                }
                ClientStage::Stopped(..) => return,
            };
            *stage = ClientStage::Stopped(encoding, running.clone());
            self.free.notify_all();
            running
        };
        if let Some(running) = running {
            running.stop();
        }
    }

    /// Ends everything and waits until the last thread has ended and the journal is let go of. An error after `limit`:
    /// the end goes on, and can be waited for again.
    pub fn stop(&self, limit: Duration) -> Result<()> {
        let late = || Error::new(UPAY_E_TIMEOUT, "not everything has ended in time; stop again to go on waiting");
        let until = clock::instant() + limit;
        self.close();
        let running = {
            let mut stage = self.stage.lock();
            loop {
                if let ClientStage::Stopped(_, running) = &*stage {
                    break running.clone();
                }
                if self.free.wait_until(&mut stage, until).timed_out() {
                    return Err(late());
                }
            }
        };
        let runtimes = running.iter().flat_map(|running| &running.runtimes);
        let ended = runtimes.clone().all(|runtime| runtime.wait_until_ended(until));
        if !ended || !self.engine.join(until.saturating_duration_since(clock::instant())) {
            return Err(late());
        }
        runtimes.for_each(|runtime| runtime.let_journal_go());
        Ok(())
    }
}

impl RunningClient {
    fn stop(&self) {
        self.runtimes.iter().for_each(Runtime::stop);
    }
}

/// The setup in the hands of a start or an activation. Dropping it, after an error or a panic too, puts the setup back; a client
/// that was stopped in the meantime ends.
struct Busy<'a> {
    client: &'a Client,
    setup: Setup,
    interrupt: Interrupt,
}

impl Busy<'_> {
    /// The next stage, which may depend on whether the client was let go of; gives whether it was.
    fn end_as(&self, next: impl FnOnce(bool) -> ClientStage) -> bool {
        let mut stage = self.client.stage.lock();
        let abandoned = matches!(&*stage, ClientStage::Busy { abandoned: true, .. });
        *stage = next(abandoned);
        self.client.free.notify_all();
        abandoned
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if !matches!(&*self.client.stage.lock(), ClientStage::Busy { .. }) {
            return;
        }
        let setup = std::mem::take(&mut self.setup);
        if self.end_as(|_| ClientStage::New(setup)) {
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
