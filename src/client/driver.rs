//! Runs one flow: asks it what is next, records, sends, waits and reports. One thread at a time drives a run; others
//! may only make it give up or close it.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use parking_lot::Mutex;

use super::ear::{Ear, Standing};
use super::terminal::Terminal;
use crate::abi::*;
use crate::engine::{clock, Lane, TimerId};
use crate::error::{Error, Result};
use crate::flow::verdict::Verdict;
use crate::flow::{Fate, Flow, Identity, Input, Next, Phase};
use crate::gateway::reply::{Reply, Standing as ReplyStanding};
use crate::gateway::request::{self, Call};
use crate::gateway::sign;
use crate::journal::{Record, State as RecordState};
use crate::log;
use crate::transport::{Exchange, Interrupt};

pub struct Run {
    pub id: u64,
    terminal: Arc<Terminal>,
    order: Identity,
    state: Mutex<State>,
}

struct State {
    flow: Box<dyn Flow>,
    at: At,
    ears: Vec<Ear>,
    /// The body of /pay, until it was sent.
    pay_body: Option<Vec<u8>>,
    /// What the journal holds of it; `None` for a query, which moves nothing.
    record: Option<Record>,
    gave_up: bool,
    /// The newest reply that could be read.
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
#[derive(PartialEq, Eq)]
struct Reported {
    phase: Phase,
    status: upay_status,
    order_status: Option<String>,
}

/// What a run is made of.
pub struct Plan {
    pub order: Identity,
    pub flow: Box<dyn Flow>,
    pub ear: Ear,
    pub pay_body: Option<Vec<u8>>,
    pub record: Option<Record>,
    pub gave_up: bool,
}

pub enum Attached {
    Yes,
    /// It runs a cancel of the host's already.
    Busy,
    /// It cannot end in a cancel.
    Unable,
    /// It is writing its verdict down.
    Finishing,
}

impl Run {
    pub fn new(id: u64, terminal: Arc<Terminal>, plan: Plan) -> Self {
        Self {
            id,
            terminal,
            order: plan.order,
            state: Mutex::new(State {
                flow: plan.flow,
                at: At::Queued,
                ears: vec![plan.ear],
                pay_body: plan.pay_body,
                record: plan.record,
                gave_up: plan.gave_up,
                reply: None,
                queries: 0,
                reported: None,
            }),
        }
    }

    /// Begins at `due`, or at once.
    pub fn begin(self: &Arc<Self>, due: Option<u64>) {
        let mut state = self.state.lock();
        let lane = if state.pay_body.is_some() { Lane::Long } else { Lane::Short };
        match due {
            None => {
                drop(state);
                self.submit(lane, Woken::Begin);
            }
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
                log::error(format_args!(
                    "{}: a defect of the library; the order stays in the journal",
                    run.order.client_sn
                ));
                run.end_without_answer(Verdict::PANIC);
            }
        };
        self.terminal.engine.submit(lane, Box::new(job));
    }

    fn drive(self: &Arc<Self>, woken: Woken) {
        let mut heard: Option<Result<Reply>> = None;
        loop {
            let now = clock::now();
            let next = {
                let mut state = self.state.lock();
                if matches!(state.at, At::Done) {
                    return;
                }
                if let Some(Ok(reply)) = &heard {
                    state.reply = Some(reply.clone());
                }
                let input = match (&heard, woken) {
                    (Some(heard), _) => Input::Heard(heard),
                    (None, Woken::Begin) => Input::Begin,
                    (None, Woken::Timer) => Input::Timer,
                };
                // What was not begun when the client closed is not begun any more.
                let next = if self.terminal.is_closing() && heard.is_none() {
                    None
                } else {
                    Some(state.flow.step(input, now))
                };
                match next {
                    Some(Next::Done(_)) => state.at = At::Done,
                    Some(Next::Send(call)) => state.at = At::Driving(call, Interrupt::new()),
                    _ => {}
                }
                next
            };
            match next {
                Some(Next::Done(fate)) => return self.end(fate),
                _ if self.terminal.is_closing() => return self.end_without_answer(Verdict::CLOSED),
                None => return self.end_without_answer(Verdict::CLOSED),
                Some(Next::SleepUntil(due)) => {
                    self.report(heard.as_ref());
                    return self.sleep(due);
                }
                Some(Next::Send(call)) => {
                    self.record_cancel();
                    self.report(heard.as_ref());
                    heard = Some(self.exchange(call));
                }
            }
        }
    }

    fn sleep(self: &Arc<Self>, due: u64) {
        let mut state = self.state.lock();
        if self.terminal.is_closing() {
            drop(state);
            return self.end_without_answer(Verdict::CLOSED);
        }
        // Given up between the step and here: go on at once.
        let due = if state.gave_up && state.flow.phase() == Phase::Querying { clock::now() } else { due };
        let run = self.clone();
        let id = self.terminal.engine.at(due, Box::new(move || run.submit(Lane::Short, Woken::Timer)));
        state.at = At::Sleeping(id);
    }

    /// On disk before the first byte of a cancel leaves, so that the next start goes on with it.
    fn record_cancel(&self) {
        let record = {
            let mut state = self.state.lock();
            let gave_up = state.gave_up;
            let cancelling = state.flow.phase() == Phase::Cancelling;
            match &mut state.record {
                Some(record) if cancelling && record.state == RecordState::Querying => {
                    record.state = RecordState::Cancelling { gave_up };
                    record.clone()
                }
                _ => return,
            }
        };
        // The order is in the journal as open already: without this line the next start asks first and cancels then.
        self.write(&record);
    }

    fn write(&self, record: &Record) {
        if let Err(error) = self.terminal.journal.put(record) {
            log::error(format_args!("{}: not recorded: {error}", record.client_sn));
        }
    }

    fn exchange(&self, call: Call) -> Result<Reply> {
        let (interrupt, pay_body) = {
            let mut state = self.state.lock();
            state.queries += u32::from(call == Call::Query);
            let At::Driving(_, interrupt) = &state.at else {
                return Err(Error::new(UPAY_E_CONNECT, "ended before anything was sent"));
            };
            (interrupt.clone(), state.pay_body.take())
        };
        let settings = &self.terminal.settings;
        let body = match (call, pay_body) {
            (Call::Pay, Some(body)) => body,
            // A second /pay for one run cannot be: its body is gone.
            (Call::Pay, None) => return Err(Error::new(UPAY_E_UNRESOLVED, "pay is never sent twice")),
            (_, _) => request::about(&settings.terminal_sn, &self.order.client_sn)?,
        };
        let answer = self.terminal.transport.exchange(
            &Exchange {
                path: call.path(),
                authorization: &sign::authorization(&settings.terminal_sn, &settings.terminal_key, &body),
                body: &body,
                reply_timeout: if call == Call::Pay { settings.pay_reply_timeout } else { settings.reply_timeout },
                fresh: call == Call::Pay,
            },
            &interrupt,
        );
        let reply = answer.and_then(|answer| Reply::read(answer.http_status, &answer.body));
        let name = call.name();
        let client_sn = &self.order.client_sn;
        match &reply {
            Ok(reply) => log::debug(format_args!(
                "{client_sn}: {name} answered {} {} {} {}",
                reply.result_code.as_deref().unwrap_or("-"),
                reply.biz_result_code.as_deref().unwrap_or("-"),
                reply.biz_error_code.as_deref().unwrap_or("-"),
                reply.get("order_status").unwrap_or("-"),
            )),
            Err(error) => log::debug(format_args!("{client_sn}: {name} got no answer: {} {error}", error.status)),
        }
        reply
    }

    /// Tells the host how it stands: on every change, and on every answer.
    fn report(&self, heard: Option<&Result<Reply>>) {
        let mut state = self.state.lock();
        let state = &mut *state;
        let status = match heard {
            Some(Err(error)) => error.status,
            Some(Ok(reply)) => match reply.standing() {
                ReplyStanding::Answered => state.flow.trouble(),
                ReplyStanding::Refused(error) | ReplyStanding::InDoubt(error) => error.status,
            },
            None => state.reported.as_ref().map_or(UPAY_OK, |reported| reported.status),
        };
        let order_status = state.reply.as_ref().and_then(|reply| reply.get("order_status")).map(str::to_owned);
        if let Some(Ok(reply)) = heard {
            for order in state.ears.iter().filter_map(|ear| ear.order.as_ref()) {
                if reply.fits(&self.order) {
                    order.heard(&reply.data);
                }
            }
        }
        let reported = Reported { phase: state.flow.phase(), status, order_status };
        let changed = state.reported.as_ref() != Some(&reported);
        let answered = matches!(heard, Some(Ok(_)));
        // Of an order that no call waits for, the host hears when something has become of it.
        let news = state.reported.as_ref().map(|before| &before.order_status) != Some(&reported.order_status)
            && reported.order_status.is_some();
        let troubled =
            state.reported.as_ref().is_some_and(|before| before.status != status) && state.flow.trouble() != UPAY_OK;
        state.reported = Some(reported);
        let verdict = Verdict { status, ..Verdict::PENDING };
        for ear in &mut state.ears {
            let due = if ear.action == UPAY_ACTION_WATCH { news || troubled } else { changed || answered };
            if due {
                ear.tell(
                    &self.terminal,
                    verdict,
                    &standing(
                        state.flow.phase(),
                        &self.order.client_sn,
                        state.flow.ends_at(),
                        state.queries,
                        state.reply.as_ref(),
                    ),
                );
            }
        }
    }

    /// The flow has its answer.
    fn end(self: &Arc<Self>, fate: Fate) {
        let (action, record, queries, reply) = {
            let mut state = self.state.lock();
            state.at = At::Done;
            let action = state.ears.first().map_or(UPAY_ACTION_WATCH, |ear| ear.action);
            (action, state.record.take(), state.queries, state.reply.take())
        };
        let verdict = Verdict::of(action, fate);
        let mut watched = None;
        if let Some(mut record) = record {
            record.state = match fate {
                Fate::NotSent(_) => RecordState::NotSent,
                fate if fate.is_open() => RecordState::Watched(verdict.told()),
                _ => RecordState::Closed,
            };
            record.verdict = Some(verdict);
            record.told = false;
            if let Some(reply) = reply.as_ref().filter(|reply| reply.fits(&self.order)) {
                record.data = lasting(reply);
            }
            // A verdict that is on disk survives what comes next, and a watch that is on disk goes on after it.
            self.write(&record);
            watched = fate.is_open().then_some(record);
        }
        self.terminal.moved_on(&self.order, self.id, watched);
        let ears = std::mem::take(&mut self.state.lock().ears);
        for mut ear in ears {
            if let (Some(order), Some(reply)) = (&ear.order, reply.as_ref().filter(|reply| reply.fits(&self.order))) {
                order.heard(&reply.data);
            }
            let verdict = Verdict::of(ear.action, fate);
            log::info(format_args!(
                "{}: action {} ended: outcome {} status {}",
                self.order.client_sn, ear.action, verdict.outcome, verdict.status
            ));
            ear.tell(
                &self.terminal,
                verdict,
                &standing(Phase::Done, &self.order.client_sn, None, queries, reply.as_ref()),
            );
        }
        self.terminal.remove(self.id);
    }

    /// Closed or broken off: the journal keeps the order open, and the next start goes on.
    fn end_without_answer(self: &Arc<Self>, verdict: Verdict) {
        let (ears, queries, reply) = {
            let mut state = self.state.lock();
            if matches!(state.at, At::Done) && state.ears.is_empty() {
                return;
            }
            state.at = At::Done;
            (std::mem::take(&mut state.ears), state.queries, state.reply.take())
        };
        self.terminal.moved_on(&self.order, self.id, None);
        for mut ear in ears.into_iter().filter(|ear| ear.action != UPAY_ACTION_WATCH) {
            ear.tell(
                &self.terminal,
                verdict,
                &standing(Phase::Done, &self.order.client_sn, None, queries, reply.as_ref()),
            );
        }
        self.terminal.remove(self.id);
    }

    /// The host cancels what this run is about; `ear` is made when it is sure to be heard.
    pub fn give_up(self: &Arc<Self>, ear: impl FnOnce() -> Ear) -> Attached {
        let mut state = self.state.lock();
        if matches!(state.at, At::Done) {
            return Attached::Finishing;
        }
        if state.ears.iter().any(|ear| ear.action == UPAY_ACTION_CANCEL) {
            return Attached::Busy;
        }
        if !state.flow.give_up() {
            return Attached::Unable;
        }
        state.gave_up = true;
        let mut ear = ear();
        let phase = Phase::Cancelling;
        ear.tell(
            &self.terminal,
            Verdict::PENDING,
            &standing(phase, &self.order.client_sn, None, state.queries, None),
        );
        state.ears.push(ear);
        self.wake(&mut state, false);
        Attached::Yes
    }

    /// Ends it without a word: something else takes its order over. False when it is just ending by itself.
    pub fn retire(self: &Arc<Self>) -> bool {
        let mut state = self.state.lock();
        if matches!(state.at, At::Done) {
            return false;
        }
        self.wake(&mut state, true);
        state.at = At::Done;
        state.ears.clear();
        drop(state);
        self.terminal.remove(self.id);
        true
    }

    /// The client stops.
    pub fn close(self: &Arc<Self>) {
        let state = self.state.lock();
        match &state.at {
            At::Driving(_, interrupt) => interrupt.raise(),
            At::Sleeping(id) => {
                // Should the timer be handing it to a worker right now, that worker finds it done.
                self.terminal.engine.cancel(*id);
                drop(state);
                self.end_without_answer(Verdict::CLOSED);
            }
            // A worker has it, or will, and sees that the client closes.
            At::Queued | At::Done => {}
        }
    }

    fn wake(self: &Arc<Self>, state: &mut State, even_a_cancel: bool) {
        match &state.at {
            At::Driving(call, interrupt) if even_a_cancel || *call != Call::Cancel => interrupt.raise(),
            At::Sleeping(id) if self.terminal.engine.cancel(*id) => {
                state.at = At::Queued;
                self.submit(Lane::Short, Woken::Timer);
            }
            _ => {}
        }
    }
}

#[derive(Clone, Copy)]
enum Woken {
    Begin,
    Timer,
}

fn standing<'a>(
    phase: Phase,
    client_sn: &'a str,
    ends_at: Option<u64>,
    queries: u32,
    reply: Option<&'a Reply>,
) -> Standing<'a> {
    Standing { client_sn, phase, queries, ends_at, reply }
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
