//! Runs one flow: asks it what is next, records, sends, waits and reports. One thread at a time drives a run; others
//! may only make it give up, retire or close it.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use parking_lot::Mutex;

use super::call::{call, Outgoing};
use super::ear::Ear;
use super::event::Report;
use super::outlet::says_paid;
use super::terminal::Terminal;
use crate::abi::*;
use crate::engine::clock::{self, Millis};
use crate::engine::{Lane, TimerId};
use crate::error::{Error, Result};
use crate::flow::verdict::Verdict;
use crate::flow::{Fate, Flow, Identity, Input, Next, Phase};
use crate::gateway::reply::{Reply, Standing};
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
    reported: Option<Reported>,
}

enum At {
    /// Waits for a worker.
    Queued,
    Driving(Call, Interrupt),
    Sleeping(TimerId),
    Done,
}

/// What the host heard last, to tell a change by.
#[derive(Clone, PartialEq, Eq)]
struct Reported {
    phase: Phase,
    status: upay_status,
    order_status: Option<String>,
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
        let lane = if held { Lane::Long } else { Lane::Short };
        match due {
            None => self.submit(lane, Woken::Begin),
            Some(due) => {
                let run = self.clone();
                let id = self.terminal.engine.at(due, Box::new(move || run.submit(lane, Woken::Begin)));
                state.at = At::Sleeping(id);
            }
        }
    }

    fn submit(self: &Arc<Self>, lane: Lane, woken: Woken) {
        let run = self.clone();
        let job = move || {
            if catch_unwind(AssertUnwindSafe(|| run.drive(woken))).is_err() {
                let name = &run.name;
                log::error(format_args!("{name}: a defect of the library; the order stays in the journal"));
                run.end_without_answer(Verdict::PANIC);
            }
        };
        self.terminal.engine.submit(lane, Box::new(job));
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
                    if call == Call::Cancel {
                        self.record_cancel();
                    }
                    self.report(heard.as_ref());
                    if let Some(turn) = self.turn() {
                        return self.sleep(turn, Woken::Turn(call));
                    }
                    heard = Some(self.exchange(call));
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
        let id = self.terminal.engine.at(due, Box::new(move || run.submit(Lane::Short, woken)));
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

    /// On disk before the first byte of a cancel leaves: "paid" is not the last word from then on, also after a restart.
    fn record_cancel(&self) {
        let gave_up = {
            let mut state = self.state.lock();
            let gave_up = state.gave_up;
            match &mut state.record {
                Some(record) if !record.cancel_sent => cancelled(record, gave_up),
                _ => return,
            }
            gave_up
        };
        // Should the disk fail: the order is in the journal as open already, and the next start goes on with it.
        self.amend(|record| cancelled(record, gave_up));
    }

    /// On disk before a person is told to give the money back: the library must not do so as well, later.
    fn record_by_hand(&self) {
        {
            let mut state = self.state.lock();
            let by_hand = state.flow.trouble() == UPAY_E_REFUSED;
            match &mut state.record {
                Some(record) if by_hand && !record.by_hand => record.by_hand = true,
                _ => return,
            }
        }
        self.amend(|record| record.by_hand = true);
    }

    fn amend(&self, change: impl FnOnce(&mut Record)) {
        if let Err(error) = self.terminal.outlet.journal.amend(&self.key, change) {
            log::error(format_args!("{}: not recorded: {error}", self.name));
        }
    }

    fn write(&self, record: &Record) -> bool {
        let written = self.terminal.outlet.journal.put(record);
        if let Err(error) = &written {
            log::error(format_args!("{}: not recorded: {error}", record.client_sn));
        }
        written.is_ok()
    }

    /// Tells the host how it stands: on every change, and on every answer. Of an order that no call waits for it hears
    /// when something has become of it.
    fn report(&self, heard: Option<&Result<Reply>>) {
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
    fn end(self: &Arc<Self>, fate: Fate) {
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

    /// A verdict that is on disk survives what comes next. Gives the fate that may be told, and what stays watched.
    fn write_down(
        &self,
        action: i32,
        fate: Fate,
        mut record: Record,
        reply: Option<&Reply>,
    ) -> (Fate, Option<Record>) {
        let verdict = Verdict::of(action, fate);
        record.state = match fate {
            Fate::NotSent(_) => RecordState::NotSent,
            fate if fate.is_open() => RecordState::Watched,
            _ => RecordState::Closed,
        };
        // "No such order" to a cancel is a promise as well, but for an order that the till was told is paid.
        let promised = verdict.outcome == UPAY_OUTCOME_FAILED && fate.is_open() && record.fate != Some(Fate::Paid);
        record.failed |= promised;
        record.fate = Some(fate);
        record.told = false;
        if let Some(reply) = reply {
            record.data = lasting(reply);
        }
        let written = self.write(&record);
        // What the next start would undo must not be told: "failed" needs a watch that survives, and an order whose
        // cancel is on disk is cancelled again.
        let refund = record.refund.is_some() && fate != Fate::Refunded;
        let undone = fate.is_open() || refund || (fate == Fate::Paid && record.cancel_sent);
        if undone && !written {
            record.state = RecordState::Watched;
            record.fate = Some(Fate::Unknown);
            return (Fate::Unknown, Some(record));
        }
        (fate, fate.is_open().then_some(record))
    }

    /// Closed or broken off: the journal keeps the order open, and the next start goes on.
    fn end_without_answer(self: &Arc<Self>, verdict: Verdict) {
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
                self.submit(Lane::Short, Woken::Timer);
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

fn cancelled(record: &mut Record, gave_up: bool) {
    record.cancel_sent = true;
    if record.state == RecordState::Querying {
        record.state = RecordState::Cancelling { gave_up };
    }
}

/// What stands between the flow and an answer; `None` when there is one.
fn status_of(heard: &Result<Reply>) -> Option<upay_status> {
    match heard {
        Err(error) => Some(error.status),
        Ok(reply) => match reply.standing() {
            Standing::Answered => None,
            Standing::Refused(error) | Standing::InDoubt(error) => Some(error.status),
        },
    }
}

/// What the journal keeps of an order: numbers, amounts and times, and nothing about the payer.
fn lasting(reply: &Reply) -> Vec<(String, String)> {
    const KEPT: &[&str] = &[
        "sn",
        "trade_no",
        "status",
        "order_status",
        "payway",
        "payway_name",
        "sub_payway",
        "total_amount",
        "net_amount",
        "ctime",
        "finish_time",
        "channel_finish_time",
    ];
    let kept = reply.data.iter().filter(|(key, _)| KEPT.contains(&key.as_str()));
    kept.cloned().collect()
}
