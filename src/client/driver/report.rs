//! What a run tells the host: how it stands, and the one end of each action.

use std::sync::Arc;

use super::{At, Run};
use crate::abi::*;
use crate::client::ear::Ear;
use crate::client::event::Report;
use crate::client::outlet::says_paid;
use crate::engine::clock;
use crate::error::Result;
use crate::flow::verdict::Verdict;
use crate::flow::{Fate, Phase};
use crate::gateway::reply::{Reply, RequestStatus};
use crate::log;

/// What the host heard last, to tell a change by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Reported {
    phase: Phase,
    status: upay_status,
    order_status: Option<String>,
}

impl Run {
    /// Tells the host how it stands: on every change, and on every answer. Of an order that no call waits for it hears
    /// when something has become of it.
    pub(super) fn report(&self, heard: Option<&Result<Reply>>) {
        let mut state = self.state.lock();
        let state = &mut *state;
        let before = state.reported.clone();
        let now = Reported {
            // Once the cashier gave up, nothing else is what goes on.
            phase: if state.gave_up { Phase::Cancelling } else { state.flow.phase() },
            status: heard.map_or(before.as_ref().map_or(UPAY_OK, |before| before.status), |heard| {
                status_of(heard).unwrap_or_else(|| state.flow.trouble())
            }),
            order_status: state.reply.as_ref().and_then(|reply| reply.get("order_status")).map(str::to_owned),
        };
        let answered = matches!(heard, Some(Ok(_)));
        let changed = before.as_ref() != Some(&now);
        let before_status = before.as_ref().map_or(UPAY_OK, |before| before.status);
        let news = now.order_status.is_some() && before.and_then(|before| before.order_status) != now.order_status;
        let troubled = state.flow.trouble() != UPAY_OK && before_status != now.status;
        let report = Report {
            verdict: Verdict { status: now.status, ..Verdict::PENDING },
            client_sn: &self.name,
            refund_request_no: self.refund_request_no.as_deref(),
            phase: now.phase,
            queries: state.queries,
            remaining_ms: state.flow.ends_at().map(|ends_at| ends_at.saturating_sub(clock::now())),
            reply: state.reply.as_ref(),
        };
        for ear in &mut state.ears {
            if let (Some(order), Some(reply)) = (&ear.order, &state.reply) {
                order.heard(&reply.data);
            }
            if if ear.is_watcher() { news || troubled } else { changed || answered } {
                ear.tell(&self.terminal.outlet, &report);
            }
        }
        state.reported = Some(now);
    }

    /// The flow has its answer: written down, then told.
    pub(super) fn end(self: &Arc<Self>, fate: Fate) {
        let (action, record, reply) = {
            let mut state = self.state.lock();
            state.at = At::Done;
            let action = state.ears.first().map_or(UPAY_ACTION_WATCH, |ear| ear.action);
            (action, state.record.take(), state.reply.clone())
        };
        let (fate, watched) = match record {
            Some(record) => self.write_down(action, fate, record, reply.as_ref()),
            None => (fate, None),
        };
        if fate == Fate::Paid && says_paid(action) {
            // Before anybody else may have the order.
            self.terminal.outlet.paid_unheard.lock().insert(self.key.clone());
        }
        self.terminal.moved_on(&self.key, self.id, watched);
        self.tell_the_end(|ear| Some(Verdict::of(ear.action, fate)));
    }

    /// Closed or broken off: the journal keeps the order open, and the next start goes on.
    pub(super) fn end_without_answer(self: &Arc<Self>, verdict: Verdict) {
        self.state.lock().at = At::Done;
        self.terminal.moved_on(&self.key, self.id, None);
        self.tell_the_end(|ear| (!ear.is_watcher()).then_some(verdict));
    }

    /// The one final event of each action. Whoever takes the ears tells them: nobody is told twice.
    fn tell_the_end(&self, verdict: impl Fn(&Ear) -> Option<Verdict>) {
        let (ears, queries, reply) = {
            let mut state = self.state.lock();
            (std::mem::take(&mut state.ears), state.queries, state.reply.take())
        };
        for mut ear in ears {
            let Some(verdict) = verdict(&ear) else { continue };
            if let (Some(order), Some(reply)) = (&ear.order, &reply) {
                order.heard(&reply.data);
            }
            let (client_sn, Verdict { outcome, status }) = (&self.name, verdict);
            log::info(format_args!("{client_sn}: action {} ended: outcome {outcome} status {status}", ear.action));
            let report = Report {
                verdict,
                client_sn,
                refund_request_no: self.refund_request_no.as_deref(),
                phase: Phase::Done,
                queries,
                remaining_ms: None,
                reply: reply.as_ref(),
            };
            ear.tell(&self.terminal.outlet, &report);
        }
        self.terminal.remove(self.id);
    }
}

/// What stands between the flow and an answer; `None` when there is one.
fn status_of(heard: &Result<Reply>) -> Option<upay_status> {
    match heard {
        Err(error) => Some(error.status),
        Ok(reply) => match reply.request_status() {
            RequestStatus::Answered => None,
            RequestStatus::Refused(error) | RequestStatus::InDoubt(error) => Some(error.status),
        },
    }
}
