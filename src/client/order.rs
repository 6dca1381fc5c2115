//! One order: what it asks for, and all that happens to it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::inbox::ActionId;
use super::Event;
use crate::abi::*;
use crate::engine::clock;
use crate::error::{printable, Error, Result};
use crate::gateway::field;

pub struct Order {
    pub client_sn: String,
    /// The number was made here, and nobody knows it until the order is paid.
    pub made: bool,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    /// What the host set.
    fields: BTreeMap<&'static str, String>,
    /// What the gateway said last.
    known: Vec<(String, String)>,
    newest: Option<ActionId>,
    /// The final events of the newest actions, the newest last.
    ended: VecDeque<(ActionId, Arc<Event>)>,
}

/// A wait that began before so many later actions ended finds its own no more.
const ENDED_KEPT: usize = 8;

impl Order {
    pub fn new(client_sn: String, made: bool, known: Vec<(String, String)>) -> Self {
        Self { client_sn, made, state: Mutex::new(State { known, ..State::default() }), ended: Condvar::new() }
    }

    /// An empty value takes an optional field back.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        let field = field::field(key);
        let field = field.ok_or_else(|| Error::new(UPAY_E_KEY, format!("no field is called {}", printable(key))))?;
        if value.is_empty() && !field.is_vital() {
            self.state.lock().fields.remove(field.name);
            return Ok(());
        }
        field::check(field.name, field.rule, value)?;
        self.state.lock().fields.insert(field.name, value.to_owned());
        Ok(())
    }

    /// What the host set or, where it set nothing, what the gateway said last.
    pub fn get(&self, key: &str) -> Result<String> {
        if key == "client_sn" {
            return Ok(self.client_sn.clone());
        }
        let state = self.state.lock();
        let said = || state.known.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        match state.fields.get(key).or_else(said) {
            Some(value) => Ok(value.clone()),
            None => Err(Error::new(UPAY_E_NOT_FOUND, format!("{} is not known of this order", printable(key)))),
        }
    }

    /// What the host set, as one moment saw it.
    pub fn fields(&self) -> BTreeMap<&'static str, String> {
        self.state.lock().fields.clone()
    }

    /// A new action is under way: what a wait waits for from now on.
    pub fn began(&self, id: ActionId) {
        self.state.lock().newest = Some(id);
    }

    pub fn heard(&self, data: &[(String, String)]) {
        if !data.is_empty() {
            self.state.lock().known = data.to_vec();
        }
    }

    pub fn ended(&self, id: ActionId, event: &Arc<Event>) {
        let mut state = self.state.lock();
        state.ended.push_back((id, event.clone()));
        if state.ended.len() > ENDED_KEPT {
            state.ended.pop_front();
        }
        self.ended.notify_all();
    }

    /// The final event of the action that is the newest when the wait begins, and which that is: a later action of
    /// another thread must not be taken for it.
    pub fn wait(&self, limit: Duration) -> Result<(ActionId, Arc<Event>)> {
        let until = clock::instant() + limit;
        let mut state = self.state.lock();
        let Some(awaited) = state.newest else {
            return Err(Error::new(UPAY_E_STATE, "the order has no action to wait for"));
        };
        loop {
            if let Some((id, event)) = state.ended.iter().find(|(id, _)| *id == awaited) {
                return Ok((*id, event.clone()));
            }
            if self.ended.wait_until(&mut state, until).timed_out() && !state.has_ended(awaited) {
                return Err(Error::new(UPAY_E_TIMEOUT, "the action has not ended in time and goes on"));
            }
        }
    }
}

impl State {
    fn has_ended(&self, action: ActionId) -> bool {
        self.ended.iter().any(|(id, _)| *id == action)
    }
}
