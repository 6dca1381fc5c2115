//! Runs one flow: asks it what is next, records, sends, waits and reports. One thread at a time drives a run; others
//! may only make it give up, retire or close it.

mod record;
mod report;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use parking_lot::Mutex;

use super::call::{call, Outgoing};
use super::ear::Ear;
use super::event::Report;
use super::terminal::Terminal;
use crate::abi::*;
use crate::engine::clock::{self, Millis};
use crate::engine::{Priority, TimerId};
use crate::error::{Error, Result};
use crate::flow::verdict::Verdict;
use crate::flow::{Flow, Identity, Input, Next, Phase};
use crate::gateway::reply::Reply;
use crate::gateway::request::Call;
use crate::journal::{Record, State as RecordState};
use crate::log;
use crate::transport::Interrupt;

pub struct Run {
    pub id: u64,
    terminal: Arc<Terminal>,
    order: Identity,
    /// The order, as the journal and the log call it.
    name: String,
    /// What it holds the claim on: the order, or a refund of it.
    key: String,
    refund_request_no: Option<String>,
    state: Mutex<State>,
}

struct State {
    flow: Box<dyn Flow>,
    at: At,
    /// The action itself first, then a cancel that came while it was under way.
    ears: Vec<Ear>,
    /// The body of /pay or /precreate, until it was sent.
    first_body: Option<Vec<u8>>,
    /// What the journal holds of it; `None` for a query, which moves nothing.
    record: Option<Record>,
    gave_up: bool,
    /// The newest reply that could be read, as far as it is about this order.
    reply: Option<Reply>,
    queries: u32,
    reported: Option<report::Reported>,
}

enum At {
    /// Waits for a worker.
    Queued,
    Driving(Call, Interrupt),
    Sleeping(TimerId),
    Done,
}

/// What a run is made of.
pub struct Plan {
    pub order: Identity,
    /// The order, as the journal and the log call it.
    pub name: String,
    /// Which refund of the order it is about.
    pub refund_request_no: Option<String>,
    pub flow: Box<dyn Flow>,
    pub ear: Ear,
    pub first_body: Option<Vec<u8>>,
    pub record: Option<Record>,
    /// It begins with a cancel of the cashier's.
    pub gave_up: bool,
}

impl Plan {
    /// It moves money, or finds out whether it moved. An order that is only watched does not: that may take days.
    pub fn is_payment(&self) -> bool {
        self.record.as_ref().is_some_and(|record| {
            let left_over = record.refund.is_none() && !record.failed && record.state != RecordState::Watched;
            !self.ear.is_watcher() || left_over
        })
    }
}

/// What becomes of a cancel that meets a run.
pub enum GivenUp {
    Yes,
    /// It runs a cancel of the host's already.
    Already,
    /// It cannot end in a cancel.
    Unable,
    /// It is writing its verdict down.
    Ending,
}

#[derive(Clone, Copy)]
enum Woken {
    Begin,
    Timer,
    /// It is its turn to send what it wanted to.
    Turn(Call),
}

impl Run {
    pub fn new(id: u64, terminal: Arc<Terminal>, plan: Plan) -> Self {
        let key = plan.record.as_ref().map_or_else(|| plan.name.clone(), Record::key);
        Self {
            id,
            terminal,
            key,
            refund_request_no: plan.refund_request_no,
            order: plan.order,
            name: plan.name,
            state: Mutex::new(State {
                flow: plan.flow,
                at: At::Queued,
                ears: vec![plan.ear],
                first_body: plan.first_body,
                record: plan.record,
                gave_up: plan.gave_up,
                reply: None,
                queries: 0,
                reported: None,
            }),
        }
    }

    /// Begins at `due`, or at once.
    pub fn begin(self: &Arc<Self>, due: Option<Millis>) {
        let mut state = self.state.lock();
        if matches!(state.at, At::Done) {
            return;
        }
        // The gateway holds /pay open while the customer types a password.
        let held = state.ears.iter().any(|ear| ear.action == UPAY_ACTION_PAY);
        let priority = if held { Priority::Held } else { Priority::Prompt };
        match due {
            None => self.submit(priority, Woken::Begin),
            Some(due) => {
                let run = self.clone();
                let id = self.terminal.engine.at(due, Box::new(move || run.submit(priority, Woken::Begin)));
                state.at = At::Sleeping(id);
            }
        }
    }

    fn submit(self: &Arc<Self>, priority: Priority, woken: Woken) {
        let run = self.clone();
        let job = move || {
            if catch_unwind(AssertUnwindSafe(|| run.drive(woken))).is_err() {
                let name = &run.name;
                log::error(format_args!("{name}: a defect of the library; the order stays in the journal"));
                run.end_without_answer(Verdict::PANIC);
            }
        };
        self.terminal.engine.submit(priority, Box::new(job));
    }

    fn drive(self: &Arc<Self>, woken: Woken) {
        let mut heard: Option<Result<Reply>> = None;
        loop {
            match self.step(heard.as_ref(), woken) {
                Step::Over => return,
                Step::Turn(call) => heard = Some(self.exchange(call)),
                Step::Next(Next::Done(fate)) => return self.end(fate),
                // What was not final before the stop is left to the next start.
                Step::Closing => return self.end_without_answer(Verdict::CLOSED),
                Step::Next(Next::SleepUntil(due)) => {
                    self.record_by_hand();
                    self.report(heard.as_ref());
                    return self.sleep(due, Woken::Timer);
                }
                Step::Next(Next::Send(call)) => {
                    let recorded = self.record_ahead(call);
                    self.report(heard.as_ref());
                    if let (Ok(()), Some(turn)) = (&recorded, self.turn()) {
                        return self.sleep(turn, Woken::Turn(call));
                    }
                    heard = Some(recorded.and_then(|()| self.exchange(call)));
                }
            }
        }
    }

    /// What nobody waits for goes at a pace. `None`: now.
    fn turn(&self) -> Option<Millis> {
        let now = clock::now();
        let turn = if self.is_awaited() { now } else { self.terminal.pace.turn(now) };
        (turn > now).then_some(turn)
    }

    fn step(&self, heard: Option<&Result<Reply>>, woken: Woken) -> Step {
        let closing = self.terminal.is_closing();
        let mut state = self.state.lock();
        if matches!(state.at, At::Done) {
            return Step::Over;
        }
        // An answer that is there counts still; what the stop broke off is left to the next start.
        if closing && !matches!(heard, Some(Ok(_))) {
            return Step::Closing;
        }
        if let Some(Ok(reply)) = heard {
            state.reply = Some(reply.shown_for(&self.order));
        }
        let input = match (heard, woken) {
            (Some(heard), _) => Input::Heard(heard),
            (None, Woken::Begin) => Input::Begin,
            (None, Woken::Timer) => Input::Timer,
            (None, Woken::Turn(call)) => {
                state.at = At::Driving(call, Interrupt::new());
                return Step::Turn(call);
            }
        };
        let next = state.flow.step(input, clock::now());
        match next {
            Next::Done(_) => state.at = At::Done,
            _ if closing => return Step::Closing,
            Next::Send(call) => state.at = At::Driving(call, Interrupt::new()),
            Next::SleepUntil(_) => {}
        }
        Step::Next(next)
    }

    fn sleep(self: &Arc<Self>, due: Millis, woken: Woken) {
        let mut state = self.state.lock();
        if self.terminal.is_closing() {
            drop(state);
            return self.end_without_answer(Verdict::CLOSED);
        }
        // Somebody else has taken its order over.
        if matches!(state.at, At::Done) {
            return;
        }
        // Given up between the step and here: go on at once.
        let due = if state.gave_up && state.flow.phase() == Phase::Querying { clock::now() } else { due };
        let run = self.clone();
        let id = self.terminal.engine.at(due, Box::new(move || run.submit(Priority::Prompt, woken)));
        state.at = At::Sleeping(id);
    }

    fn exchange(&self, next: Call) -> Result<Reply> {
        let (interrupt, outgoing) = {
            let mut state = self.state.lock();
            let named = state.reply.as_ref().is_some_and(|reply| reply.is_about(&self.order));
            state.queries += u32::from(next == Call::Query);
            let At::Driving(_, interrupt) = &state.at else {
                return Err(Error::new(UPAY_E_CONNECT, "ended before anything was sent"));
            };
            let interrupt = interrupt.clone();
            let refund = state.record.as_ref().and_then(|record| record.refund.as_ref());
            let refund_body = refund.map(|refund| refund.body.clone());
            let first_body = state.first_body.take();
            let refund_request_no = self.refund_request_no.as_deref();
            (interrupt, Outgoing { name: &self.name, first_body, refund_body, refund_request_no, named })
        };
        call(next, outgoing, &self.order, &self.terminal, &interrupt)
    }

    /// The host cancels what this run is about; `ear` is made when it is sure to be heard.
    pub fn give_up(self: &Arc<Self>, ear: impl FnOnce() -> Ear) -> GivenUp {
        let mut state = self.state.lock();
        if matches!(state.at, At::Done) {
            return GivenUp::Ending;
        }
        if state.ears.iter().any(|ear| ear.action == UPAY_ACTION_CANCEL) {
            return GivenUp::Already;
        }
        if !state.flow.give_up() {
            return GivenUp::Unable;
        }
        state.gave_up = true;
        let mut ear = ear();
        let report = Report {
            verdict: Verdict::PENDING,
            client_sn: &self.name,
            refund_request_no: self.refund_request_no.as_deref(),
            phase: Phase::Cancelling,
            queries: state.queries,
            remaining_ms: None,
            reply: None,
        };
        ear.tell(&self.terminal.outlet, &report);
        state.ears.push(ear);
        match &state.at {
            // A cancel that is on its way is what is wanted.
            At::Driving(Call::Cancel, _) => {}
            At::Driving(_, interrupt) => interrupt.raise(),
            // Else the timer is handing it to a worker right now.
            At::Sleeping(id) if self.terminal.engine.cancel(*id) => {
                state.at = At::Queued;
                self.submit(Priority::Prompt, Woken::Timer);
            }
            _ => {}
        }
        GivenUp::Yes
    }

    /// The host waits for it.
    pub fn is_awaited(&self) -> bool {
        self.state.lock().ears.iter().any(|ear| !ear.is_watcher())
    }

    /// Ends it without a word: something else takes its order over. False when it is just ending by itself.
    pub fn retire(self: &Arc<Self>) -> bool {
        {
            let mut state = self.state.lock();
            match &state.at {
                At::Done => return false,
                At::Driving(_, interrupt) => interrupt.raise(),
                At::Sleeping(id) => drop(self.terminal.engine.cancel(*id)),
                At::Queued => {}
            }
            // Whoever wakes it finds it done.
            state.at = At::Done;
            state.ears.clear();
        }
        self.terminal.remove(self.id);
        true
    }

    /// The client stops.
    pub fn close(self: &Arc<Self>) {
        {
            let mut state = self.state.lock();
            match &state.at {
                At::Sleeping(id) => {
                    // Should the timer be handing it to a worker right now, that worker finds it done.
                    self.terminal.engine.cancel(*id);
                    state.at = At::Done;
                }
                At::Driving(_, interrupt) => return interrupt.raise(),
                // A worker has it, or will, and sees that the client closes.
                At::Queued | At::Done => return,
            }
        }
        self.end_without_answer(Verdict::CLOSED);
    }
}

enum Step {
    Next(Next),
    Turn(Call),
    Closing,
    /// Somebody else has ended it.
    Over,
}
