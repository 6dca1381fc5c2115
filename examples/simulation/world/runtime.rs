//! In the place of the library's runtime: carries out what the session wants, in virtual time, on one thread. What other
//! threads would do in the meantime is an event of its own.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::network::{HttpReply, Wire};
use super::store::Write;
use super::{Event, Place, World};
use crate::error::Result;
use crate::gateway::reply::Reply;
use crate::record::Record;
use crate::session::{
    ActionId, Config, Delivery, Durability, Effect, ExchangeId, HostCall, Input, LookupId, Now, Session, Subscriber,
    Token, WriteId,
};

/// A started client.
pub struct Process {
    session: Session,
    began: u64,
    /// The session's timer: when it is due, and where it stands in the queue.
    timer: Option<(u64, Place)>,
    /// Calls of the host that have not returned.
    calls: HashMap<ActionId, usize>,
    /// Who began each action.
    subscribers: HashMap<ActionId, usize>,
    /// What the host has not heard: it is called back in this order, or takes it.
    deliveries: VecDeque<Handed>,
    /// The host is in a callback that waits for this call of its own; then it has heard.
    inside: Option<(usize, Option<Token>)>,
    call_back_planned: bool,
    pub ended: bool,
}

enum Handed {
    Event(Delivery),
    LetGo(ActionId),
}

/// A write, or a look at the journal, that another thread of the process carries out.
pub enum SlowWrite {
    Write(WriteId, Write),
    LookUp(LookupId, Looked),
}

pub enum Looked {
    Key(crate::record::OrderKey),
    Refund(crate::record::OrderKey),
    Sn(String),
}

impl World {
    pub fn start_session(&mut self, config: Config, keys: crate::record::KeySet, left_over: Vec<Record>) {
        self.process = Some(Process {
            session: Session::new(config, keys),
            began: self.now,
            timer: None,
            calls: HashMap::new(),
            subscribers: HashMap::new(),
            deliveries: VecDeque::new(),
            inside: None,
            call_back_planned: false,
            ended: false,
        });
        self.feed(Input::LeftOver(left_over));
    }

    pub fn up_since(&self) -> u64 {
        self.process.as_ref().map_or(self.now, |process| process.began)
    }

    pub fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// The clock of this process, which never goes back.
    fn session_now(&self, process: &Process) -> Now {
        Now { ms: self.now - process.began + 1, wall_ms: self.wall_ms() }
    }

    /// A call of the host. Its end is `call_returned`, now or later.
    pub fn call(&mut self, start: usize, call: HostCall) {
        let Some(process) = &mut self.process else { return };
        let id = process.session.next_id();
        process.calls.insert(id, start);
        self.feed(Input::Host(id, call));
    }

    pub fn stop_session(&mut self) {
        self.feed(Input::Stop);
    }

    /// A time of the world as the session's clock tells it, and the other way round.
    pub fn on_session_clock(&self, at: u64) -> Option<u64> {
        self.process.as_ref().map(|process| at - process.began + 1)
    }

    pub fn since_began(&self, at: u64) -> Option<u64> {
        self.process.as_ref().map(|process| at + process.began - 1)
    }

    /// Nothing is under way any more, and the host has heard all that it is called back for.
    pub fn has_ended(&self) -> bool {
        let callbacks = self.host.callbacks;
        self.process.as_ref().is_some_and(|process| {
            process.ended && process.inside.is_none() && (!callbacks || process.deliveries.is_empty())
        })
    }

    /// The session's step, what it wants carried out, and what comes of that at once.
    fn feed(&mut self, input: Input) {
        let life = self.life;
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            if self.life != life || self.broken.is_some() {
                return;
            }
            let Some(mut process) = self.process.take() else { return };
            let now = self.session_now(&process);
            let effects = process.session.step(input, now);
            self.process = Some(process);
            for effect in effects {
                self.carry_out(effect, &mut inputs);
                if self.life != life {
                    return;
                }
            }
        }
        self.set_timer();
    }

    fn set_timer(&mut self) {
        let Some(process) = &self.process else { return };
        let due = process.session.due().map(|due| process.began + due - 1);
        if process.timer.map(|(due, _)| due) == due {
            return;
        }
        if let Some((_, place)) = process.timer {
            self.take_back(place);
        }
        let timer = due.map(|due| {
            let late = self.lateness();
            (due, self.at(due.max(self.now) + late, Event::Due(self.life)))
        });
        if let Some(process) = &mut self.process {
            process.timer = timer;
        }
    }

    pub fn timer_is_due(&mut self) {
        if let Some(process) = &mut self.process {
            process.timer = None;
        }
        self.feed(Input::Due);
    }

    fn carry_out(&mut self, effect: Effect, inputs: &mut VecDeque<Input>) {
        match effect {
            Effect::Send(exchange, request) => self.begin_exchange(exchange, request),
            Effect::Interrupt(exchange) => self.interrupted(exchange),
            Effect::Write(write, record, durability) => {
                let record = Rc::from(record);
                self.records(&record);
                let work = match durability {
                    Durability::Durable => Write::Record(record),
                    Durability::WithTheNext => Write::RecordWithTheNext(record),
                };
                self.disk_work(SlowWrite::Write(write, work), inputs);
            }
            Effect::WriteKeys(write, keys) => {
                self.disk_work(SlowWrite::Write(write, Write::Keys(Rc::from(keys))), inputs);
            }
            Effect::Lookup(lookup, key) => self.disk_work(SlowWrite::LookUp(lookup, Looked::Key(key)), inputs),
            Effect::LookupRefund(lookup, key) => {
                self.disk_work(SlowWrite::LookUp(lookup, Looked::Refund(key)), inputs);
            }
            Effect::LookupSn(lookup, sn) => self.disk_work(SlowWrite::LookUp(lookup, Looked::Sn(sn)), inputs),
            Effect::Finish(id, result) => self.finish(id, result),
            Effect::Deliver(delivery) => self.hand(Handed::Event(delivery), inputs),
            Effect::LetGo(id) => self.hand(Handed::LetGo(id), inputs),
            Effect::Prune { days, now_ms } => self.prune(days, now_ms),
            Effect::Log(_, line) => self.note(|| format!("log:  {line}")),
            Effect::Ended => {
                if let Some(process) = &mut self.process {
                    process.ended = true;
                }
            }
        }
    }

    /// At once, as the thread does it that has fed the session; on a busy machine another thread comes in between.
    fn disk_work(&mut self, work: SlowWrite, inputs: &mut VecDeque<Input>) {
        let late = self.lateness();
        if late > 0 {
            self.met("disk: slow");
            self.at(self.now + late, Event::Written(self.life, Box::new(work)));
        } else if let Some(done) = self.do_disk_work(work) {
            inputs.push_back(done);
        }
    }

    pub fn slow_write(&mut self, work: SlowWrite) {
        if let Some(done) = self.do_disk_work(work) {
            self.feed(done);
        }
    }

    fn do_disk_work(&mut self, work: SlowWrite) -> Option<Input> {
        Some(match work {
            SlowWrite::Write(id, write) => Input::Written(id, self.write_down(&write)?),
            SlowWrite::LookUp(id, Looked::Key(key)) => Input::Found(id, self.look_up(&key)?),
            SlowWrite::LookUp(id, Looked::Refund(key)) => Input::FoundRefund(id, self.look_up_refund(&key)?),
            SlowWrite::LookUp(id, Looked::Sn(sn)) => Input::Found(id, self.look_up_sn(&sn)?),
        })
    }

    fn finish(&mut self, id: ActionId, result: Result<Option<Box<Reply>>>) {
        let Some(process) = &mut self.process else { return };
        let Some(start) = process.calls.remove(&id) else { return };
        if result.is_ok() {
            process.subscribers.insert(id, start);
        }
        self.call_returned(start, result);
        self.may_crash("crash: as a call returns");
        // The callback goes on that this call was made from.
        let Some(process) = &mut self.process else { return };
        if process.inside.as_ref().is_some_and(|(inside, _)| *inside == start) {
            if let Some((_, Some(token))) = process.inside.take() {
                self.at(self.now, Event::CallbackReturns(self.life, token));
            }
            self.plan_call_back();
        }
    }

    /// What came of an exchange, as the host's machine reads it.
    pub fn hear_answer(&mut self, exchange: ExchangeId, wire: &Wire, answer: Result<HttpReply>) {
        let reply = answer.and_then(|http| {
            let reply = Reply::read(http.http_status, http.body.as_bytes())?;
            Ok(Reply { date_ms: http.date_ms, ..reply })
        });
        self.learns(wire, &reply);
        self.feed(Input::Answered(exchange, reply));
    }

    fn hand(&mut self, handed: Handed, inputs: &mut VecDeque<Input>) {
        let (callbacks, most) = (self.host.callbacks, self.host.unread_max);
        let Some(process) = &mut self.process else { return };
        if callbacks {
            process.deliveries.push_back(handed);
            return self.plan_call_back();
        }
        // The queue of a host that polls: an action's newest progress stands where its earlier one stood.
        let Handed::Event(delivery) = handed else { return };
        if !delivery.report.verdict.is_final() {
            let of_same = |handed: &&mut Handed| match handed {
                Handed::Event(other) => other.to.id() == delivery.to.id() && !other.report.verdict.is_final(),
                Handed::LetGo(_) => false,
            };
            if let Some(other) = process.deliveries.iter_mut().find(of_same) {
                *other = Handed::Event(delivery);
                return;
            }
        }
        process.deliveries.push_back(Handed::Event(delivery));
        if process.deliveries.len() <= most {
            return;
        }
        // Progress goes first.
        let is_progress =
            |handed: &Handed| matches!(handed, Handed::Event(event) if !event.report.verdict.is_final());
        let oldest = process.deliveries.iter().position(is_progress).unwrap_or(0);
        let Some(Handed::Event(dropped)) = process.deliveries.remove(oldest) else { return };
        let start = process.subscribers.get(&dropped.to.id()).copied();
        if let Some(token) = dropped.token {
            inputs.push_back(Input::Dropped(token));
        }
        self.was_dropped(start, &dropped.report);
    }

    fn plan_call_back(&mut self) {
        let life = self.life;
        let late = self.lateness();
        let Some(process) = &mut self.process else { return };
        if process.call_back_planned || process.inside.is_some() || process.deliveries.is_empty() {
            return;
        }
        process.call_back_planned = true;
        self.at(self.now + late, Event::Callback(life));
    }

    /// The one thread that calls the host: one callback after the other.
    pub fn call_back(&mut self) {
        let Some(process) = &mut self.process else { return };
        process.call_back_planned = false;
        match process.deliveries.pop_front() {
            Some(Handed::Event(delivery)) => self.tell(delivery),
            Some(Handed::LetGo(id)) => {
                let start = process.subscribers.remove(&id);
                self.let_go(start);
            }
            None => {}
        }
        self.plan_call_back();
    }

    fn tell(&mut self, delivery: Delivery) {
        let life = self.life;
        if let Some(token) = &delivery.token {
            self.feed(Input::Delivered(token.clone()));
        }
        let start = self.start_of(delivery.to);
        let deed = self.hears_report(start, delivery.report);
        if let Some(deed) = deed {
            let index = self.perform(deed);
            let waits = |process: &Process| process.calls.values().any(|start| Some(*start) == index);
            if self.life == life && self.process.as_ref().is_some_and(waits) {
                // It returns when that call does.
                if let (Some(process), Some(index)) = (&mut self.process, index) {
                    process.inside = Some((index, delivery.token));
                }
                return;
            }
        }
        if self.life == life && !self.may_crash("crash: as the host hears") {
            if let Some(token) = delivery.token {
                self.feed(Input::Acknowledged(token));
            }
        }
    }

    fn start_of(&self, to: Subscriber) -> Option<usize> {
        match to {
            Subscriber::Action(id) => self.process.as_ref()?.subscribers.get(&id).copied(),
            Subscriber::Watcher(_) => None,
        }
    }

    pub fn callback_returns(&mut self, token: Token) {
        if !self.may_crash("crash: as the host hears") {
            self.feed(Input::Acknowledged(token));
        }
    }

    /// The host polls: it takes all that has come.
    pub fn pull(&mut self) {
        let life = self.life;
        while self.life == life && self.broken.is_none() {
            let Some(process) = &mut self.process else { return };
            let Some(Handed::Event(delivery)) = process.deliveries.pop_front() else { return };
            let start = self.start_of(delivery.to);
            if let Some(token) = &delivery.token {
                self.feed(Input::Delivered(token.clone()));
            }
            let deed = self.hears_report(start, delivery.report);
            if self.may_crash("crash: as the host hears") {
                return;
            }
            if let Some(token) = delivery.token {
                self.feed(Input::Acknowledged(token));
            }
            if let (Some(deed), true) = (deed, self.life == life) {
                self.perform(deed);
            }
        }
    }

    pub fn unfinished(&self) -> u32 {
        self.process.as_ref().map_or(0, |process| process.session.unfinished())
    }
}
