//! Who hears of an action: the host's listener or, in the pull form, the inbox; and the order that a wait looks at.

use std::sync::Arc;

use super::event::{Event, Report};
use super::inbox::ActionId;
use super::listener::Listener;
use super::order::Order;
use super::terminal::Terminal;
use crate::abi::*;
use crate::engine::clock::{self, Millis};
use crate::flow::verdict::Verdict;
use crate::flow::Phase;
use crate::gateway::reply::Reply;

pub struct Ear {
    pub action: i32,
    pub id: ActionId,
    /// `None`, or without an event function, in the pull form.
    pub listener: Option<Arc<Listener>>,
    /// `None` for an order that no call waits for.
    pub order: Option<Arc<Order>>,
    pub began: Millis,
}

/// How an action stands.
pub struct Standing<'a> {
    pub client_sn: &'a str,
    pub phase: Phase,
    pub queries: u32,
    pub ends_at: Option<Millis>,
    pub reply: Option<&'a Reply>,
}

impl Ear {
    pub fn tell(&mut self, terminal: &Arc<Terminal>, verdict: Verdict, standing: &Standing<'_>) {
        let now = clock::now();
        let report = Report {
            action: self.action,
            verdict,
            client_sn: standing.client_sn,
            phase: standing.phase,
            queries: standing.queries,
            elapsed_ms: now.saturating_sub(self.began),
            remaining_ms: standing.ends_at.map(|ends_at| ends_at.saturating_sub(now)),
            reply: standing.reply,
        };
        let settings = &terminal.settings;
        let event = Arc::new(Event::new(&report, settings.chinese, settings.encoding));
        self.deliver(terminal, event);
    }

    pub fn deliver(&mut self, terminal: &Arc<Terminal>, event: Arc<Event>) {
        let is_final = event.is_final();
        if let (Some(order), true) = (&self.order, is_final) {
            order.ended(self.id, &event);
        }
        match self.listener.as_ref().filter(|listener| listener.event.is_some()) {
            Some(listener) => {
                let told = is_final.then(|| {
                    let (terminal, event) = (terminal.clone(), event.clone());
                    Box::new(move || terminal.told(&event)) as Box<dyn FnOnce() + Send>
                });
                terminal.listeners.tell(listener, &event, told);
            }
            None => terminal.inbox.push(self.id, &event),
        }
        // The watcher hears of many orders and is let go at the end.
        if is_final && self.action != UPAY_ACTION_WATCH {
            if let Some(listener) = self.listener.take() {
                terminal.listeners.let_go(listener);
            }
        }
    }
}
