//! The network between the till and the gateway: it loses, delays, repeats, reorders, cuts, and mixes up.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::gateway::{Request, Said, LATE_MS_MAX};
use super::{Event, World};
use crate::abi::*;
use crate::choices::Of;
use crate::error::Error;
use crate::transport::{Exchange, HttpReply};

#[derive(Default)]
pub struct Network {
    pub made: u64,
    exchanges: BTreeMap<u64, Pending>,
}

/// An exchange that somebody waits for.
struct Pending {
    life: u32,
    request: Request,
    reply_timeout: u64,
    fresh: bool,
    fate: Fate,
    left: bool,
    answer: Option<Result<HttpReply, Error>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
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

pub const FATES: [Fate; 11] = [
    Fate::Fine,
    Fate::NotSent,
    Fate::Lost,
    Fate::ReplyLost,
    Fate::Late,
    Fate::Twice,
    Fate::SecondHeard,
    Fate::Garbage,
    Fate::OtherReply,
    Fate::Slow,
    Fate::OddStatus,
];

impl Network {
    /// Another request about this order has no answer yet, though the same process asks again.
    pub fn is_under_way(&self, request: &Request) -> bool {
        // A refund of the order has a number, and a run of its own.
        let about = |body: &[u8]| {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            body.get("client_sn").filter(|_| body.get("refund_request_no").is_none()).cloned()
        };
        let Some(order) = about(&request.body) else { return false };
        let of = self.exchanges.get(&request.exchange).map(|pending| pending.life);
        self.exchanges.iter().any(|(id, other)| {
            let waits = *id != request.exchange && Some(other.life) == of && other.left && other.answer.is_none();
            waits && about(&other.request.body).as_ref() == Some(&order)
        })
    }
}

impl World {
    /// `None`: the process is no more.
    pub fn begin_exchange(&mut self, exchange: &Exchange<'_>, connect_timeout: Duration) -> Option<u64> {
        if self.is_dead() || self.may_crash("crash: before a request leaves") {
            return None;
        }
        self.network.made += 1;
        let id = self.network.made;
        let fate = match self.choices.chance(Of::Network, self.levels.network) {
            false => Fate::Fine,
            true if self.levels.fates.is_empty() => self.choices.one_of(Of::Network, &FATES),
            true => {
                let n = self.choices.below(Of::Network, self.levels.fates.len() as u32);
                FATES[self.levels.fates[n as usize] as usize]
            }
        };
        let request = Request {
            path: exchange.path.to_owned(),
            authorization: exchange.authorization.to_owned(),
            body: exchange.body.to_vec(),
            exchange: id,
            unheard: false,
        };
        let pending = Pending {
            life: self.life,
            request,
            reply_timeout: exchange.reply_timeout.as_millis() as u64,
            fresh: exchange.fresh,
            fate,
            left: false,
            answer: None,
        };
        self.network.exchanges.insert(id, pending);
        if fate == Fate::NotSent {
            self.met("network: not sent");
            let after = self.choices.between(Of::Network, 1, connect_timeout.as_millis() as u64);
            self.at(self.now + after, Event::NotSent(id));
        } else {
            let connect = self.choices.between(Of::Network, 5, 60);
            self.at(self.now + connect, Event::Leave(id));
        }
        Some(id)
    }

    pub fn end_exchange(&mut self, id: u64) -> Result<HttpReply, Error> {
        let pending = self.network.exchanges.remove(&id);
        let gone = || Err(Error::new(UPAY_E_INTERRUPTED, "this process is no more"));
        if self.is_dead() || self.may_crash("crash: before a reply is looked at") {
            return gone();
        }
        pending.and_then(|pending| pending.answer).unwrap_or_else(gone)
    }

    pub fn not_sent(&mut self, id: u64) {
        let why = self.choices.one_of(Of::Network, &[UPAY_E_CONNECT, UPAY_E_RESOLVE, UPAY_E_TLS, UPAY_E_PROXY]);
        self.hears(id, Err(Error::new(why, "not sent")));
    }

    /// The first byte leaves.
    pub fn leave(&mut self, id: u64) {
        let Some(pending) = self.network.exchanges.get_mut(&id).filter(|pending| pending.answer.is_none()) else {
            return;
        };
        pending.left = true;
        let (fate, request, timeout) = (pending.fate, pending.request.clone(), pending.reply_timeout);
        self.leaves(&request);
        let cancel = request.path.ends_with("/cancel");
        let crashed = (cancel && self.may_crash("crash: after a cancel has left"))
            || self.may_crash("crash: after a request has left");
        // What a process leaves on the wire may lie there.
        let fate = if crashed && self.choices.below(Of::Network, 2) == 1 { Fate::Late } else { fate };
        self.at(self.now + timeout, Event::NoReply(id));
        let travel = self.choices.between(Of::Network, 5, 80);
        let later = |world: &mut Self| {
            let most = world.choices.one_of(Of::Network, &[10_000, 120_000, LATE_MS_MAX]);
            world.choices.between(Of::Network, 1_000, most)
        };
        match fate {
            Fate::Fine | Fate::NotSent => self.send(request, travel),
            Fate::Slow => {
                self.met("network: slow");
                let slow = self.choices.between(Of::Network, 80, 14_000);
                self.send(request, slow);
            }
            Fate::Lost => {
                self.met("network: a request lost");
                self.breaks_off(id);
            }
            Fate::ReplyLost => {
                self.met("network: a reply lost");
                self.send(Request { unheard: true, ..request }, travel);
                self.breaks_off(id);
            }
            Fate::Late => {
                self.met("network: a request arrives after its connection died");
                let late = later(self);
                self.send(Request { unheard: true, ..request }, late);
                self.breaks_off(id);
            }
            Fate::Twice => {
                self.met("network: a request arrives twice");
                let late = later(self);
                self.send(Request { unheard: true, ..request.clone() }, late);
                self.send(request, travel);
            }
            Fate::SecondHeard => {
                self.met("network: the reply to a repeated request");
                let again = self.choices.between(Of::Network, 80, 3_000);
                self.send(Request { unheard: true, ..request.clone() }, travel);
                self.send(request, again);
            }
            Fate::Garbage | Fate::OtherReply | Fate::OddStatus => self.send(request, travel),
        }
    }

    fn send(&mut self, request: Request, after_ms: u64) {
        self.at(self.now + after_ms, Event::Arrive(request));
    }

    /// At once, or nothing more is heard until the time is up.
    fn breaks_off(&mut self, id: u64) {
        if self.choices.below(Of::Network, 2) == 0 {
            let after = self.choices.between(Of::Network, 10, 10_000);
            self.at(self.now + after, Event::Broken(id));
        }
    }

    pub fn no_reply(&mut self, id: u64) {
        self.hears(id, Err(Error::new(UPAY_E_NO_REPLY, "no reply")));
    }

    pub fn broken_off(&mut self, id: u64) {
        self.hears(id, Err(Error::new(UPAY_E_INTERRUPTED, "reset")));
    }

    pub fn interrupted(&mut self, id: u64) {
        let left = self.network.exchanges.get(&id).is_some_and(|pending| pending.left);
        self.met(if left { "network: interrupted after it left" } else { "network: interrupted before it left" });
        let status = if left { UPAY_E_INTERRUPTED } else { UPAY_E_CONNECT };
        self.hears(id, Err(Error::new(status, "interrupted")));
    }

    /// The gateway's reply, as the network brings it.
    pub fn reply(&mut self, id: u64, said: Said) {
        let Some(pending) = self.network.exchanges.get(&id) else { return };
        let (fate, fresh) = (pending.fate, pending.fresh);
        let body = || said.body.to_string().into_bytes();
        let answer = match fate {
            Fate::Garbage => {
                self.met("network: garbage");
                let cut = body();
                let half = cut[..cut.len() / 2].to_vec();
                let (http_status, body) = match self.choices.below(Of::Network, 4) {
                    0 => (502, b"<html>Bad Gateway</html>".to_vec()),
                    1 => (200, half),
                    2 => (200, Vec::new()),
                    _ => (200, br#"{"result_code":"200"}"#.to_vec()),
                };
                HttpReply { http_status, body }
            }
            Fate::OtherReply => match self.other_reply(&said, fresh) {
                Some(other) => {
                    self.met("network: the reply to another request");
                    HttpReply { http_status: other.http_status, body: other.body.to_string().into_bytes() }
                }
                None => HttpReply { http_status: said.http_status, body: body() },
            },
            Fate::OddStatus => {
                self.met("network: an HTTP status that contradicts the body");
                HttpReply { http_status: self.choices.one_of(Of::Network, &[500, 404, 302]), body: body() }
            }
            _ => HttpReply { http_status: said.http_status, body: body() },
        };
        let travel = self.choices.between(Of::Network, 5, 80);
        self.at(self.now + travel, Event::Reply(id, answer));
    }

    /// What the gateway said before, about another order. Over a connection of its own nothing comes that names no order.
    fn other_reply(&mut self, said: &Said, fresh: bool) -> Option<Said> {
        let names = |other: &Said| other.body.pointer("/biz_response/data/client_sn").is_some();
        let others = self.gateway.said.iter().filter(|other| {
            other.client_sn != said.client_sn && (names(other) || (!fresh && other.path == said.path))
        });
        let others: Vec<_> = others.cloned().collect();
        if others.is_empty() {
            let mut other = said.clone();
            *other.body.pointer_mut("/biz_response/data/client_sn")? = Value::from("another");
            return Some(other);
        }
        let n = self.choices.below(Of::Network, others.len() as u32);
        Some(others[n as usize].clone())
    }

    /// For the rule that one "no such order" is no proof.
    fn notes_absence(&mut self, id: u64, answer: &Result<HttpReply, Error>) {
        let absent = |body: &[u8]| String::from_utf8_lossy(body).contains("UPAY_ORDER_NOT_EXIST");
        if !answer.as_ref().is_ok_and(|answer| absent(&answer.body)) {
            return;
        }
        let now = self.now;
        if let Some(pending) = self.network.exchanges.get(&id) {
            let body = String::from_utf8_lossy(&pending.request.body);
            let of = |client_sn: &str| body.contains(&format!("\"{client_sn}\""));
            let order = self.host.orders.iter_mut().find(|order| of(&order.client_sn));
            order.into_iter().for_each(|order| order.absent_at.push(now));
        }
    }

    /// The first to come is what the till hears.
    pub fn hears(&mut self, id: u64, answer: Result<HttpReply, Error>) {
        let Some(pending) = self.network.exchanges.get_mut(&id) else { return };
        if pending.answer.is_some() || pending.life != self.life {
            return;
        }
        let path = pending.request.path.clone();
        self.note(|| match &answer {
            Ok(answer) => format!("till: {path} #{id} answered: {}", String::from_utf8_lossy(&answer.body)),
            Err(error) => format!("till: {path} #{id} got no answer: {} {error}", error.status),
        });
        self.notes_absence(id, &answer);
        if let Some(pending) = self.network.exchanges.get_mut(&id) {
            pending.answer = Some(answer);
        }
        self.at(self.now, Event::Wake(id));
    }
}
