//! What leaves, what is written before it leaves, and what the library has been answered.

use std::borrow::Cow;

use super::super::gateway::{sn_of, Kind, TERMINAL_SN};
use super::super::host::{Act, Deed, Start, Told};
use super::super::network::Wire;
use super::super::{Event, World};
use crate::abi::UPAY_E_SIGN;
use crate::error::Result;
use crate::gateway::reply::{Reply, RequestStatus};
use crate::record::{OrderKey, Record, Resolution, Stage};

/// From its being seen until a person hears of a late payment: ten minutes, and a moment for a busy machine.
pub const PERSON_MS: u64 = 600_000 + 10_000;
const FLOOD_MS: u64 = 1_000;
const FLOOD_MAX: usize = 3;

/// The fields of a request that the gateway and the rules look at.
#[derive(serde::Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    terminal_sn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    client_sn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    sn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    total_amount: Option<Cow<'a, str>>,
    #[serde(borrow)]
    refund_amount: Option<Cow<'a, str>>,
    #[serde(borrow)]
    refund_request_no: Option<Cow<'a, str>>,
}

impl World {
    /// What the request says, and whether it is whole.
    pub fn reads_wire(&mut self, wire: &mut Wire) {
        let body = wire.body.clone();
        let Ok(fields) = serde_json::from_slice::<Fields<'_>>(&body) else {
            return self.breaks("wire", format_args!("{}: the body is not a JSON object of texts", wire.path));
        };
        if fields.terminal_sn.as_deref() != Some(TERMINAL_SN) {
            self.breaks("wire", format_args!("{}: of another terminal", wire.path));
        }
        wire.order = self.order_of(fields.client_sn.as_deref(), fields.sn.as_deref());
        wire.refund_request_no = fields.refund_request_no.as_deref().map(Into::into);
        wire.of_host |= wire.path.ends_with("/query") && wire.order.is_some_and(|n| self.host_asks(n));
        let amount = fields.refund_amount.or(fields.total_amount);
        wire.amount = amount.and_then(|amount| amount.parse().ok()).unwrap_or(0);
        if wire.order.is_none() && !wire.path.ends_with("/checkin") {
            self.breaks("wire", format_args!("{}: the host knows no such order", wire.path));
        }
    }

    /// A request leaves the till.
    pub fn leaves(&mut self, wire: &Wire) {
        let action = wire.path.rsplit('/').next().unwrap_or_default();
        let Some(n) = wire.order else { return self.check_in_leaves(wire) };
        self.note(|| format!("till: /{action} order-{n} leaves (#{})", wire.exchange));
        let order = &self.host.orders[n];
        // Which key is taken is found out by a query beside all else.
        let asked_for = wire.of_host || order.probed;
        if !asked_for && !order.is_twofold {
            if wire.refund_request_no.is_none() && self.network.is_under_way(wire) {
                return self.breaks("one exchange", format_args!("order-{n}: two exchanges at a time"));
            }
            // A refund of the host's has a run of its own.
            if wire.refund_request_no.as_deref().is_none_or(|number| !order.has_refund(number)) {
                self.is_no_flood(n);
            }
        }
        let library = !self.host_wants(n);
        let order = &mut self.host.orders[n];
        match action {
            "pay" | "precreate" => {
                order.sent += 1;
                let (sent, accepted, amount) = (order.sent, order.accepted, order.amount);
                if sent > 1 {
                    self.breaks("once", format_args!("order-{n}: /{action} leaves a second time"));
                } else if !accepted {
                    self.breaks("once", format_args!("order-{n}: /{action} leaves, and the call had failed"));
                } else if wire.amount != amount {
                    self.breaks("wire", format_args!("order-{n}: of another amount"));
                }
                self.is_recorded(n, None);
            }
            "refund" => self.refund_leaves(n, wire),
            "cancel" | "revoke" => {
                if (action == "revoke") != self.host.settings.revoke {
                    self.breaks("wire", format_args!("order-{n}: cancel_path is not kept to"));
                }
                let keys = [OrderKey::ClientSn(format!("order-{n}")), OrderKey::Sn(sn_of(n))];
                let records = keys.iter().filter_map(|key| self.store.durable(key));
                if records.clone().count() > 0 && records.clone().all(|record| record.stage == Stage::UnderWay) {
                    self.breaks("recorded", format_args!("order-{n}: a cancel leaves, and is not on disk"));
                }
            }
            _ => return,
        }
        let another = matches!(action, "cancel" | "revoke" | "refund") && library;
        if another && self.host.orders[n].disowned_by == Some(self.life) {
            self.breaks(
                "another's",
                format_args!("order-{n}: taken back, though an answer has shown it is another's"),
            );
        }
    }

    /// A query of the host's about this order is under way.
    fn host_asks(&self, n: usize) -> bool {
        let asks = |start: &Start| match start.deed {
            Deed::Query(of) | Deed::QueryBySn(of) => of == n && start.finals == 0,
            Deed::Raw(of) => of == n && !start.returned,
            _ => false,
        };
        self.host.starts.iter().any(|start| start.life == self.life && asks(start))
    }

    /// A cancel or a refund of the host's was begun.
    fn host_wants(&self, n: usize) -> bool {
        let order = &self.host.orders[n];
        order.cancelled || order.refunds.iter().any(|refund| refund.accepted)
    }

    fn is_recorded(&mut self, n: usize, refund_request_no: Option<&str>) {
        let order = OrderKey::ClientSn(format!("order-{n}"));
        let key = match refund_request_no {
            Some(number) => OrderKey::refund(&order, number),
            None => order,
        };
        if self.store.is_durable(&key) == Some(false) {
            self.breaks("recorded", format_args!("{key}: leaves, and is not on disk"));
        }
    }

    fn refund_leaves(&mut self, n: usize, wire: &Wire) {
        let number = wire.refund_request_no.as_deref().unwrap_or_default();
        let order = &mut self.host.orders[n];
        let hosts = order.refunds.iter().find(|refund| *refund.number == *number);
        let (right, reversal) = match hosts {
            Some(refund) => (refund.amount == wire.amount, false),
            None => (order.amount == wire.amount, true),
        };
        if !right {
            return self.breaks("refund", format_args!("order-{n}: {number} is for {}", wire.amount));
        }
        if !reversal {
            return self.is_recorded(n, Some(number));
        }
        let first = order.reversal.get_or_insert_with(|| number.into()).clone();
        self.met("till: the library reverses by a refund");
        if *first != *number {
            self.breaks("refund", format_args!("order-{n}: reversed under {first} and {number}"));
        }
    }

    fn is_no_flood(&mut self, n: usize) {
        let now = self.now;
        let requests = &mut self.host.orders[n].requests;
        requests.push_back(now);
        if requests.len() > FLOOD_MAX + 1 {
            requests.pop_front();
        }
        if requests.len() > FLOOD_MAX && requests.front().is_some_and(|first| now - first < FLOOD_MS) {
            self.breaks("flood", format_args!("order-{n}: more than {FLOOD_MAX} requests within {FLOOD_MS} ms"));
        }
    }

    /// Two replies lost in a row end the keys: the library takes no such risk by itself.
    fn check_in_leaves(&mut self, wire: &Wire) {
        self.note(|| format!("till: {} leaves (#{})", wire.path, wire.exchange));
        let by_host = self.host.starts.iter().any(
            |start| matches!(start, Start { deed: Deed::CheckIn, returned: false, life, .. } if *life == self.life),
        );
        let today = self.beijing_day();
        if !by_host && self.clock.has_date {
            match self.host.check_in_doubt {
                Some(day) if day == today => {
                    self.breaks("keys", format_args!("a second check-in of this day, and the first is in doubt"));
                }
                Some(_) if self.now > self.host.answered_at + 10_000 => {
                    self.breaks("keys", format_args!("a check-in after one in doubt, and no answer has just come"));
                }
                _ => {}
            }
        }
        self.met("till: checks in");
        self.host.check_in_doubt = Some(today);
    }

    /// The gateway does not take this key.
    pub fn key_is_refused(&mut self, wire: &Wire) {
        if let Some(n) = wire.order {
            // The same request goes out again under another key.
            self.host.orders[n].requests.clear();
            self.host.orders[n].probed = true;
        }
    }

    /// The session is about to hear this answer.
    pub fn learns(&mut self, wire: &Wire, answer: &Result<Reply>) {
        if wire.path.ends_with("/checkin") {
            return self.check_in_answered(answer);
        }
        let Ok(reply) = answer else { return };
        if reply.result_code.as_deref() == Some("200") {
            self.host.answered_at = self.now;
        }
        let Some(n) = wire.order else { return };
        if reply.biz_error_code.as_deref().is_some_and(|code| code.starts_with("UPAY_ORDER_NOT_EXIST")) {
            let now = self.now;
            self.host.orders[n].absent_at.push(now);
            return;
        }
        let pay = wire.path.ends_with("/pay") || wire.path.ends_with("/precreate");
        if pay {
            self.pay_answered(n, reply);
        }
        let life = self.life;
        let order = &mut self.host.orders[n];
        let about = reply.get("client_sn") == Some(&order.client_sn);
        if !about {
            return;
        }
        if wire.of_host {
            return;
        }
        order.named_by = Some(life);
        let amount = reply.get("total_amount").and_then(|amount| amount.parse::<u64>().ok());
        match amount {
            Some(amount) if amount == order.amount => order.disowned_by = None,
            Some(_) => order.disowned_by = Some(life),
            None => {}
        }
        let says_paid =
            reply.biz_result_code.as_deref() == Some("SUCCESS") && reply.get("order_status") == Some("PAID");
        if wire.path.ends_with("/query") && says_paid {
            self.sees_paid(n);
        }
    }

    fn pay_answered(&mut self, n: usize, reply: &Reply) {
        let refused = matches!(reply.request_status(), RequestStatus::Refused(error) if error.status == UPAY_E_SIGN);
        self.host.orders[n].probed |= refused;
        if refused && self.host.calm_since.is_some() {
            self.host.signs_refused += 1;
            let known = self.store.durable_keys();
            if self.host.signs_refused > 1 && known.iter().any(|key| self.gateway.keys.accepts(key)) {
                self.breaks(
                    "keys",
                    format_args!("order-{n}: signed with a key that is refused, and another is taken"),
                );
            }
        }
        let foreign = self.gateway.order(n).is_some_and(|order| order.kind != Kind::Ours);
        if foreign && reply.biz_error_code.as_deref() == Some("CLIENT_SN_CONFLICT") {
            self.host.orders[n].disowned_by = Some(self.life);
        }
    }

    /// The library sees it, and not the host alone.
    fn sees_paid(&mut self, n: usize) {
        let now = self.now;
        let of_long_ago = self.gateway.order(n).is_some_and(|order| order.kind == Kind::Older);
        let order = &mut self.host.orders[n];
        if order.told == Told::NotOwed && !of_long_ago && order.late_seen.is_none() && !order.elsewhere {
            order.late_seen = Some(now);
            self.met("till: sees that it is paid, and has said that it is not");
            self.at(now + PERSON_MS, Event::Act(Act::PersonDeadline(n, now)));
        }
    }

    fn check_in_answered(&mut self, answer: &Result<Reply>) {
        let not_sent = answer.as_ref().is_err_and(|error| error.not_sent());
        let key = answer.as_ref().ok().and_then(|reply| reply.get("terminal_key"));
        let refused = answer.as_ref().is_ok_and(|reply| {
            matches!(reply.request_status(), RequestStatus::Refused(_))
                || reply.biz_result_code.as_deref() == Some("FAIL")
        });
        if not_sent || key.is_some() || refused {
            self.host.check_in_doubt = None;
        }
    }

    /// A record is about to be written.
    pub fn records(&mut self, record: &Record) {
        if record.stage != Stage::Ended(Resolution::NeverArrived) {
            return;
        }
        self.met("till: an order never arrived");
        let Some(n) = self.order_of(record.key.client_sn(), record.key.sn()) else { return };
        if self.host.orders[n].named_by == Some(self.life) || record.knowledge.named {
            self.breaks("closed", format_args!("order-{n}: closed as never arrived, and an answer has named it"));
        }
    }
}
