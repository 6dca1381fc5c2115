//! Who hears of an action: the host's listener or, in the pull form, the inbox; and the order that a wait looks at.

use std::sync::Arc;

use super::event::{Event, Report};
use super::inbox::ActionId;
use super::listener::{Hearing, Listener};
use super::order::Order;
use super::outlet::Outlet;
use crate::engine::clock::{self, Millis};

pub struct Ear {
    pub action: i32,
    pub id: ActionId,
    /// `None`, or without an event function, in the pull form.
    listener: Option<Arc<Listener>>,
    /// `None` for an order that no call waits for.
    pub order: Option<Arc<Order>>,
    began: Millis,
    watcher: bool,
}

impl Ear {
    /// For a call of the host; what it waits for from now on.
    pub fn of_call(action: i32, id: ActionId, order: &Arc<Order>, listener: Option<Listener>) -> Self {
        order.began(id);
        Self {
            action,
            id,
            listener: listener.map(Arc::new),
            order: Some(order.clone()),
            began: clock::now(),
            watcher: false,
        }
    }

    /// For an order, or a refund of one, that no call waits for.
    pub fn of_watcher(action: i32, id: ActionId, watcher: Option<Arc<Listener>>) -> Self {
        Self { action, id, listener: watcher, order: None, began: clock::now(), watcher: true }
    }

    pub fn is_watcher(&self) -> bool {
        self.watcher
    }

    pub fn tell(&mut self, outlet: &Arc<Outlet>, report: &Report<'_>) {
        let elapsed_ms = clock::now().saturating_sub(self.began);
        let event = Arc::new(Event::new(self.action, elapsed_ms, report, outlet.chinese, outlet.encoding));
        let is_final = event.is_final();
        match self.listener.as_ref().filter(|listener| listener.event.is_some()) {
            Some(listener) => {
                if bug!(ToldTwice) && is_final {
                    outlet.listeners.tell(listener, &event, None);
                }
                let hearing = is_final.then(|| outlet.clone() as Arc<dyn Hearing>);
                outlet.listeners.tell(listener, &event, hearing);
            }
            None => outlet.inbox.push(self.id, &event),
        }
        // After the inbox has it: what a wait hands out must be there to be taken back.
        if let (Some(order), true) = (&self.order, is_final) {
            order.ended(self.id, &event);
        }
        // The watcher hears of many orders and is let go at the end.
        if is_final && !self.is_watcher() {
            if let Some(listener) = self.listener.take() {
                outlet.listeners.let_go(listener);
            }
        }
    }
}
