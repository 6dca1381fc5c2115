//! What the host has done: an action of an order, or a call that blocks until the gateway has answered.

use std::sync::Arc;
use std::time::Duration;

use super::order::Order;
use super::{raw_call, Client};
use crate::abi::*;
use crate::engine::clock;
use crate::error::{Error, Result};
use crate::event::{of_raw_call, Event};
use crate::gateway::request::{self, Call};
use crate::runtime::{Listener, Subscription};
use crate::session::HostCall;

impl Client {
    pub fn pay(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.sell(Call::Pay, order, listener)
    }

    pub fn precreate(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.sell(Call::Precreate, order, listener)
    }

    fn sell(&self, call: Call, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, HostCall::Begin(call, order.arguments()))?;
        order.sold();
        Ok(())
    }

    pub fn query(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, HostCall::Query(order.arguments()))
    }

    pub fn refund(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, HostCall::Refund(order.refund_arguments()))
    }

    pub fn cancel(&self, order: &Arc<Order>, listener: Option<Listener>) -> Result<()> {
        self.act(order, listener, HostCall::Cancel(order.arguments()))
    }

    /// A call that fails has taken nothing: neither of the host's functions runs.
    fn act(&self, order: &Arc<Order>, listener: Option<Listener>, call: HostCall) -> Result<()> {
        let runtime = match &call {
            HostCall::Begin(..) => self.runtime()?,
            _ => self.runtime_of(&order.client_sn)?,
        };
        let subscription = Subscription { listener: listener.map(Arc::new), order: order.clone() };
        runtime.act(subscription, call)
    }

    /// The final event of the order's newest action. What a wait hands out does not come again.
    pub fn wait<T>(
        &self,
        order: &Order,
        limit: Duration,
        hand_out: impl FnOnce(&Arc<Event>) -> Result<T>,
    ) -> Result<T> {
        let ended = order.wait(limit)?;
        let handed_out = hand_out(&ended.event)?;
        self.queue().remove(ended.action);
        if let Some(receipt) = ended.receipt {
            receipt.delivered();
            receipt.acknowledged();
        }
        Ok(handed_out)
    }

    /// The oldest event that no callback hears, as `hand_out` takes it.
    pub fn next_event<T>(&self, limit: Duration, hand_out: impl FnOnce(&Arc<Event>) -> Result<T>) -> Result<T> {
        self.has_started()?;
        self.queue().next(limit, hand_out)
    }

    /// Blocks.
    pub fn checkin(&self, limit: Duration) -> Result<()> {
        let call = HostCall::CheckIn { until: clock::deadline(limit).map(clock::millis_of) };
        self.runtime()?.block(call).map(drop)
    }

    /// Sends a request of the host's own making, signed, once. Blocks until the gateway has answered. Any reply that can be read
    /// is an event.
    pub fn call(&self, path: &str, json: &str, limit: Duration) -> Result<Event> {
        raw_call::check_path(path)?;
        if !request::is_object(json) {
            return Err(Error::value("json", "must be a JSON object"));
        }
        let until = clock::deadline(limit).map(clock::millis_of);
        let call = HostCall::Raw { path: path.to_owned(), json: json.to_owned(), until };
        let reply = self.runtime()?.block(call)?;
        let reply = reply.ok_or_else(|| Error::new(UPAY_E_PANIC, "the reply was lost by a defect of the library"))?;
        Ok(of_raw_call(&reply, self.reader()))
    }

    /// How many orders have no final answer of the gateway.
    pub fn unfinished(&self) -> Result<u32> {
        Ok(self.runtimes()?.iter().map(|runtime| runtime.unfinished()).sum())
    }
}
