//! The network between the till and the gateway: it loses, delays, repeats, reorders, cuts, and mixes up.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::gateway::{Said, LATE_MS_MAX};
use super::{Event, Place, World};
use crate::abi::*;
use crate::choices::Of;
use crate::error::{Error, Result};
use crate::session::{ExchangeId, ReplyTime};

#[derive(Default)]
pub struct Network {
    pub made: u64,
    exchanges: BTreeMap<u64, Pending>,
}

/// What one exchange sends.
pub struct Wire {
    pub path: Box<str>,
    pub key: String,
    pub body: Rc<[u8]>,
    /// The order that it is about, as the host counts them.
    pub order: Option<usize>,
    pub refund_request_no: Option<Box<str>>,
    /// Of the order, or of the refund.
    pub amount: u64,
    /// A query that the host has asked for.
    pub of_host: bool,
    pub exchange: u64,
}

/// A reply, as it comes out of the transport.
#[derive(Debug, Clone)]
pub struct HttpReply {
    pub http_status: u16,
    pub body: Rc<str>,
    pub date_ms: Option<u64>,
}

/// An exchange that somebody waits for.
struct Pending {
    life: u32,
    id: ExchangeId,
    wire: Rc<Wire>,
    reply_timeout: u64,
    until: Option<u64>,
    fresh: bool,
    course: Course,
    left: bool,
    /// Its answer is on its way to the session.
    answered: bool,
    /// What ends it, where nothing else does.
    timeout: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    Fine,
    NotSent,
    /// The request is lost: the connection breaks, or nothing comes.
    Lost,
    ReplyLost,
    /// The request arrives after its connection has died.
    Late,
    /// It arrives a second time later on.
    Twice,
    /// It arrives twice, and the reply to the second is the one that is heard.
    SecondHeard,
    Garbage,
    OtherReply,
    Slow,
    OddStatus,
}

pub const COURSES: [Course; 11] = [
    Course::Fine,
    Course::NotSent,
    Course::Lost,
    Course::ReplyLost,
    Course::Late,
    Course::Twice,
    Course::SecondHeard,
    Course::Garbage,
    Course::OtherReply,
    Course::Slow,
    Course::OddStatus,
];

pub const CONNECT_MS: u64 = 5_000;
pub const PAY_REPLY_MS: u64 = 50_000;
pub const REPLY_MS: u64 = 15_000;

impl Network {
    /// Another request of the library's own about this order has no answer yet. A refund of the order has a number, and a
    /// run of its own.
    pub fn is_under_way(&self, wire: &Wire) -> bool {
        let of = self.exchanges.get(&wire.exchange).map(|pending| pending.life);
        self.exchanges.iter().any(|(id, other)| {
            let waits = *id != wire.exchange && Some(other.life) == of && other.left && !other.answered;
            waits && other.wire.order == wire.order && other.wire.refund_request_no.is_none() && !other.wire.of_host
        })
    }
}

impl World {
    pub fn begin_exchange(&mut self, id: ExchangeId, request: crate::session::Request) {
        if self.may_crash("crash: before a request leaves") {
            return;
        }
        self.network.made += 1;
        let exchange = self.network.made;
        let mut wire = Wire {
            path: request.path().into(),
            key: request.terminal_key,
            body: Rc::from(&*request.body),
            order: None,
            refund_request_no: None,
            amount: 0,
            of_host: request.by_caller,
            exchange,
        };
        let check_in = wire.path.ends_with("/checkin");
        self.reads_wire(&mut wire);
        let course = match self.levels.network > 0 && self.choices.chance(Of::Network, self.levels.network) {
            false => Course::Fine,
            true if self.levels.courses.is_empty() => self.choices.one_of(Of::Network, &COURSES),
            true => {
                let n = self.choices.below(Of::Network, self.levels.courses.len() as u32);
                COURSES[self.levels.courses[n as usize] as usize]
            }
        };
        let course = match course {
            // A network that repeats a check-in ends the keys by itself.
            Course::Twice | Course::SecondHeard | Course::OtherReply if check_in => Course::ReplyLost,
            course => course,
        };
        let until = request.until.and_then(|until| self.since_began(until));
        let mut pending = Pending {
            life: self.life,
            id,
            wire: Rc::new(wire),
            reply_timeout: if request.time == ReplyTime::Pay { PAY_REPLY_MS } else { REPLY_MS },
            until,
            fresh: request.fresh,
            course,
            left: false,
            answered: false,
            timeout: None,
        };
        let most = until.map_or(CONNECT_MS, |until| until.saturating_sub(self.now).clamp(2, CONNECT_MS));
        let connect = match course {
            Course::NotSent => self.choices.between(Of::Network, 1, most),
            _ => self.choices.between(Of::Network, 5, 60),
        };
        let event = match course {
            _ if connect >= most => Event::NotSent(exchange),
            Course::NotSent => Event::NotSent(exchange),
            _ => Event::Leave(exchange),
        };
        pending.timeout = Some(self.at(self.now + connect, event));
        self.network.exchanges.insert(exchange, pending);
    }

    pub fn not_sent(&mut self, exchange: u64) {
        self.met("network: not sent");
        let why = self.choices.one_of(Of::Network, &[UPAY_E_CONNECT, UPAY_E_RESOLVE, UPAY_E_TLS, UPAY_E_PROXY]);
        self.hears(exchange, Err(Error::new(why, "not sent")));
    }

    /// The first byte leaves.
    pub fn leave(&mut self, exchange: u64) {
        let now = self.now;
        let Some(pending) = self.network.exchanges.get_mut(&exchange).filter(|pending| !pending.answered) else {
            return;
        };
        pending.left = true;
        let (course, wire, life) = (pending.course, pending.wire.clone(), pending.life);
        let times_out = pending.until.unwrap_or(u64::MAX).min(now + pending.reply_timeout);
        if life != self.life {
            return;
        }
        self.leaves(&wire);
        let cancel = wire.path.ends_with("/cancel") || wire.path.ends_with("/revoke");
        let crashed = (cancel && self.may_crash("crash: after a cancel has left"))
            || self.may_crash("crash: after a request has left");
        // What a process leaves on the wire may lie there.
        let course = if crashed && self.choices.below(Of::Network, 2) == 1 { Course::Late } else { course };
        let timeout = self.at(times_out, Event::NoReply(exchange));
        if let Some(pending) = self.network.exchanges.get_mut(&exchange) {
            pending.timeout = Some(timeout);
        }
        let request = super::gateway::Request { wire, left_at: now, heard: true };
        let unheard = super::gateway::Request { heard: false, ..request.clone() };
        let travel = self.choices.between(Of::Network, 5, 80);
        let later = |world: &mut Self| {
            let most = world.choices.one_of(Of::Network, &[10_000, 120_000, LATE_MS_MAX]);
            world.choices.between(Of::Network, 1_000, most)
        };
        match course {
            Course::Fine | Course::NotSent => self.arrives(request, travel),
            Course::Slow => {
                self.met("network: slow");
                let slow = self.choices.between(Of::Network, 80, 14_000);
                self.arrives(request, slow);
            }
            Course::Lost => {
                self.met("network: a request lost");
                self.breaks_off(exchange);
            }
            Course::ReplyLost => {
                self.met("network: a reply lost");
                self.arrives(unheard, travel);
                self.breaks_off(exchange);
            }
            Course::Late => {
                self.met("network: a request arrives after its connection died");
                let late = later(self);
                self.arrives(unheard, late);
                self.breaks_off(exchange);
            }
            Course::Twice => {
                self.met("network: a request arrives twice");
                let late = later(self);
                self.arrives(unheard, late);
                self.arrives(request, travel);
            }
            Course::SecondHeard => {
                self.met("network: the reply to a repeated request");
                let again = self.choices.between(Of::Network, 80, 3_000);
                self.arrives(unheard, travel);
                self.arrives(request, again);
            }
            Course::Garbage | Course::OtherReply | Course::OddStatus => self.arrives(request, travel),
        }
    }

    fn arrives(&mut self, request: super::gateway::Request, after_ms: u64) {
        self.at(self.now + after_ms, Event::Arrive(request));
    }

    /// At once, or nothing more is heard until the time is up.
    fn breaks_off(&mut self, exchange: u64) {
        if self.choices.below(Of::Network, 2) == 0 {
            let after = self.choices.between(Of::Network, 10, 10_000);
            self.at(self.now + after, Event::Broken(exchange));
        }
    }

    pub fn no_reply(&mut self, exchange: u64) {
        self.hears(exchange, Err(Error::new(UPAY_E_NO_REPLY, "no reply")));
    }

    pub fn broken_off(&mut self, exchange: u64) {
        self.hears(exchange, Err(Error::new(UPAY_E_INTERRUPTED, "reset")));
    }

    pub fn interrupted(&mut self, id: ExchangeId) {
        let life = self.life;
        let of = |pending: &Pending| pending.id == id && pending.life == life && !pending.answered;
        let found = self.network.exchanges.iter().find(|(_, pending)| of(pending));
        let Some((exchange, left)) = found.map(|(exchange, pending)| (*exchange, pending.left)) else { return };
        self.met(if left { "network: interrupted after it left" } else { "network: interrupted before it left" });
        let status = if left { UPAY_E_INTERRUPTED } else { UPAY_E_CONNECT };
        self.hears(exchange, Err(Error::new(status, "interrupted")));
    }

    /// The gateway's reply, as the network brings it.
    pub fn reply(&mut self, exchange: u64, said: &Said) {
        let Some(pending) = self.network.exchanges.get(&exchange) else { return };
        let (course, fresh) = (pending.course, pending.fresh);
        // A Date counts whole seconds.
        let date_ms = self.clock.has_date.then(|| self.gateway_ms() / 1000 * 1000);
        let with = |http_status, body: Rc<str>| HttpReply { http_status, body, date_ms };
        let answer = match course {
            Course::Garbage => {
                self.met("network: garbage");
                let half = &said.body[..said.body.len() / 2];
                match self.choices.below(Of::Network, 4) {
                    0 => with(502, "<html>Bad Gateway</html>".into()),
                    1 => with(200, half.into()),
                    2 => with(200, "".into()),
                    _ => with(200, r#"{"result_code":"200"}"#.into()),
                }
            }
            Course::OtherReply => match self.other_reply(said, fresh) {
                Some(other) => {
                    self.met("network: the reply to another request");
                    with(other.http_status, other.body)
                }
                None => with(said.http_status, said.body.clone()),
            },
            Course::OddStatus => {
                self.met("network: an HTTP status that contradicts the body");
                with(self.choices.one_of(Of::Network, &[500, 404, 302]), said.body.clone())
            }
            _ => with(said.http_status, said.body.clone()),
        };
        let travel = self.choices.between(Of::Network, 5, 80);
        self.at(self.now + travel, Event::Reply(exchange, answer));
    }

    /// What the gateway said before, about another order. Over a connection of its own nothing comes that names no order.
    fn other_reply(&mut self, said: &Said, fresh: bool) -> Option<Said> {
        let others = self.gateway.said.iter().filter(|other| {
            other.order.is_some()
                && other.order != said.order
                && (other.names_order() || (!fresh && other.path == said.path))
        });
        let others: Vec<_> = others.cloned().collect();
        if others.is_empty() {
            return said.about_another();
        }
        let n = self.choices.below(Of::Network, others.len() as u32);
        Some(others[n as usize].clone())
    }

    /// The first to come is what the till hears.
    pub fn hears(&mut self, exchange: u64, answer: Result<HttpReply>) {
        let Some(pending) = self.network.exchanges.get_mut(&exchange) else { return };
        if pending.life != self.life {
            self.network.exchanges.remove(&exchange);
            return;
        }
        if std::mem::replace(&mut pending.answered, true) {
            return;
        }
        if let Some(timeout) = pending.timeout.take() {
            self.take_back(timeout);
        }
        self.at(self.now, Event::Answered(exchange, answer));
    }

    /// The session hears it.
    pub fn answered(&mut self, exchange: u64, answer: Result<HttpReply>) {
        let Some(pending) = self.network.exchanges.remove(&exchange) else { return };
        if pending.life != self.life || self.may_crash("crash: before a reply is looked at") {
            return;
        }
        self.note(|| match &answer {
            Ok(answer) => format!("till: {} #{exchange} answered: {}", pending.wire.path, answer.body),
            Err(error) => format!("till: {} #{exchange} got no answer: {} {error}", pending.wire.path, error.status),
        });
        self.hear_answer(pending.id, &pending.wire, answer);
    }
}
