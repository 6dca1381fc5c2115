//! One order: what it asks for, what is known of it, and the end of its actions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::abi::*;
use crate::engine::clock;
use crate::error::{printable, Error, Result};
use crate::event::Event;
use crate::gateway::field;
use crate::runtime::{OrderObserver, Receipt};
use crate::session::{ActionId, OrderArguments};

pub struct Order {
    pub client_sn: String,
    /// The number was made here, and nobody knows it until the order is paid.
    made: bool,
    state: Mutex<OrderState>,
    changed: Condvar,
}

#[derive(Default)]
struct OrderState {
    /// What the host set.
    fields: BTreeMap<&'static str, String>,
    /// Fields that were sent with the sale: a refund does not send them again.
    sold_with: BTreeSet<&'static str>,
    /// What the gateway said last.
    known: Vec<(String, String)>,
    newest: Option<ActionId>,
    /// The final events of the newest actions, the newest last.
    ended: VecDeque<Ended>,
}

#[derive(Clone)]
pub struct Ended {
    pub action: ActionId,
    pub event: Arc<Event>,
    pub receipt: Option<Receipt>,
}

/// A wait that began before so many later actions ended finds its own no more.
const ENDED_KEPT: usize = 8;

/// Fields that a sale and a refund both take, each with a meaning of its own.
const OF_THE_SALE: &[&str] = &["extended", "goods_details", "reflect"];

impl Order {
    pub fn new(client_sn: String, made: bool, known: Vec<(String, String)>) -> Self {
        let state = Mutex::new(OrderState { known, ..OrderState::default() });
        Self { client_sn, made, state, changed: Condvar::new() }
    }

    /// An empty value takes an optional field back.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        let field = field::field(key);
        let field = field.ok_or_else(|| Error::new(UPAY_E_KEY, format!("no field is called {}", printable(key))))?;
        let taken_back = value.is_empty() && !field.is_vital();
        if !taken_back {
            field::check(field.name, field.rule, value)?;
        }
        let mut state = self.state.lock();
        state.sold_with.remove(field.name);
        if taken_back {
            state.fields.remove(field.name);
        } else {
            state.fields.insert(field.name, value.to_owned());
        }
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

    /// The order as this moment sees it.
    pub fn arguments(&self) -> OrderArguments {
        OrderArguments {
            client_sn: self.client_sn.clone(),
            made: self.made,
            fields: self.state.lock().fields.clone(),
        }
    }

    /// The same for a refund: without what was set for the sale.
    pub fn refund_arguments(&self) -> OrderArguments {
        let state = self.state.lock();
        let of_refund = |name: &str| !state.sold_with.contains(name);
        let fields = state.fields.iter().filter(|(name, _)| of_refund(name));
        OrderArguments {
            client_sn: self.client_sn.clone(),
            made: self.made,
            fields: fields.map(|(name, value)| (*name, value.clone())).collect(),
        }
    }

    /// What is set now goes with the sale.
    pub fn sold(&self) {
        let mut state = self.state.lock();
        let set: Vec<_> = OF_THE_SALE.iter().filter(|name| state.fields.contains_key(*name)).collect();
        state.sold_with.extend(set);
    }

    /// The final event of the action that is the newest when the wait begins. A later action of another thread is not taken
    /// for it.
    pub fn wait(&self, limit: Duration) -> Result<Ended> {
        let until = clock::instant() + limit;
        let mut state = self.state.lock();
        let Some(awaited) = state.newest else {
            return Err(Error::new(UPAY_E_STATE, "the order has no action to wait for"));
        };
        loop {
            if let Some(ended) = state.ended.iter().find(|ended| ended.action == awaited) {
                return Ok(ended.clone());
            }
            let has_ended = |state: &OrderState| state.ended.iter().any(|ended| ended.action == awaited);
            if self.changed.wait_until(&mut state, until).timed_out() && !has_ended(&state) {
                return Err(Error::new(UPAY_E_TIMEOUT, "the action has not ended in time and goes on"));
            }
        }
    }
}

impl OrderObserver for Order {
    fn began(&self, id: ActionId) {
        self.state.lock().newest = Some(id);
    }

    fn described(&self, data: &[(String, String)]) {
        if !data.is_empty() {
            self.state.lock().known = data.to_vec();
        }
    }

    fn ended(&self, id: ActionId, event: &Arc<Event>, receipt: Option<Receipt>) {
        let mut state = self.state.lock();
        state.ended.push_back(Ended { action: id, event: event.clone(), receipt });
        if state.ended.len() > ENDED_KEPT {
            state.ended.pop_front();
        }
        self.changed.notify_all();
    }
}
