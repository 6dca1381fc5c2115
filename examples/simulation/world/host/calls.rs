//! The calls that the host makes.

use std::collections::BTreeMap;

use super::*;
use crate::error::Result;
use crate::gateway::reply::Reply;
use crate::gateway::request::Call;
use crate::session::{HostCall, OrderArguments};
use crate::world::gateway::{sn_of, TERMINAL_SN};

impl World {
    /// Gives the place of the call among the host's.
    pub fn perform(&mut self, deed: Deed) -> Option<usize> {
        if !self.is_up() {
            return None;
        }
        let index = self.prepare(deed)?;
        let call = self.host_call(deed);
        self.call(index, call);
        Some(index)
    }

    /// Notes the call that is about to be made. `None`: the host lacks what it takes.
    fn prepare(&mut self, deed: Deed) -> Option<usize> {
        if let Deed::CancelBySn(n) | Deed::QueryBySn(n) = deed {
            // The gateway's number of an order from elsewhere is on the customer's receipt.
            let order = &mut self.host.orders[n];
            if !order.sn_told && !order.elsewhere {
                return None;
            }
            if order.named_by != Some(self.life) {
                order.is_twofold = true;
            }
        }
        self.met(match deed {
            Deed::Pay(n) if self.host.orders[n].tried => "host: pays the same number again",
            Deed::Pay(n) if self.host.orders[n].precreate => "host: precreate",
            Deed::Pay(_) => "host: pay",
            Deed::Query(_) => "host: query",
            Deed::QueryBySn(_) => "host: query by sn",
            Deed::Cancel(_) => "host: cancel",
            Deed::CancelBySn(_) => "host: cancel by sn",
            Deed::Refund(..) => "host: refund",
            Deed::Raw(_) => "host: a call of its own making",
            Deed::CheckIn => "host: check-in",
        });
        if deed.order().is_some_and(|n| self.host.orders[n].told == Told::NotOwed) && deed.is_cancel() {
            self.met("host: cancels what it was told is not paid");
        }
        self.host.starts.push(Start {
            deed,
            life: self.life,
            at: self.now,
            accepted: false,
            returned: false,
            finals: 0,
            dropped: false,
            let_go: 0,
        });
        match deed {
            Deed::Pay(n) => self.host.orders[n].tried = true,
            Deed::Cancel(n) | Deed::CancelBySn(n) => self.host.orders[n].cancelled = true,
            Deed::CheckIn => self.host.checked_in = true,
            _ => {}
        }
        // What the host asks for is a reason for requests.
        if let Some(n) = deed.order() {
            self.host.orders[n].requests.clear();
        }
        self.note(|| format!("host: {deed:?}"));
        Some(self.host.starts.len() - 1)
    }

    fn host_call(&self, deed: Deed) -> HostCall {
        let until = self.on_session_clock(self.now + 20_000);
        match deed {
            Deed::Pay(n) if self.host.orders[n].precreate => HostCall::Begin(Call::Precreate, self.arguments(n)),
            Deed::Pay(n) => HostCall::Begin(Call::Pay, self.arguments(n)),
            Deed::Query(n) => HostCall::Query(self.arguments(n)),
            Deed::Cancel(n) => HostCall::Cancel(self.arguments(n)),
            Deed::Refund(n, m) => {
                let refund = &self.host.orders[n].refunds[m];
                let mut arguments = self.arguments(n);
                arguments.fields.insert("refund_request_no", refund.number.to_string());
                arguments.fields.insert("refund_amount", refund.amount.to_string());
                HostCall::Refund(arguments)
            }
            Deed::QueryBySn(n) => HostCall::Query(self.by_sn(n)),
            Deed::CancelBySn(n) => HostCall::Cancel(self.by_sn(n)),
            Deed::Raw(n) => HostCall::Raw {
                path: Call::Query.path().to_owned(),
                json: format!(r#"{{"terminal_sn":"{TERMINAL_SN}","client_sn":"order-{n}"}}"#),
                until,
            },
            Deed::CheckIn => HostCall::CheckIn { until },
        }
    }

    fn arguments(&self, n: usize) -> OrderArguments {
        let order = &self.host.orders[n];
        let fields = BTreeMap::from([
            ("total_amount", order.amount.to_string()),
            ("subject", "goods".to_owned()),
            ("payway", "3".to_owned()),
            ("dynamic_id", "130818341921441147".to_owned()),
        ]);
        OrderArguments { client_sn: order.client_sn.clone(), made: false, fields }
    }

    /// An order handle without a number of the host's.
    fn by_sn(&self, n: usize) -> OrderArguments {
        let client_sn = format!("made-here-{}", self.host.starts.len());
        OrderArguments { client_sn, made: true, fields: BTreeMap::from([("sn", sn_of(n))]) }
    }

    /// A call has returned.
    pub fn call_returned(&mut self, index: usize, result: Result<Option<Box<Reply>>>) {
        let deed = self.host.starts[index].deed;
        self.host.starts[index].returned = true;
        let status = result.as_ref().map_or_else(|error| error.status, |_| UPAY_OK);
        self.note(|| match &result {
            Err(error) => format!("host: {deed:?} returns {status}: {error}"),
            Ok(_) => format!("host: {deed:?} returns {status}"),
        });
        if deed.blocks() {
            return self.blocking_call_returned(index, status);
        }
        match status {
            UPAY_OK => self.began(index),
            UPAY_E_STORAGE => self.met("host: a call is refused because the disk fails"),
            UPAY_E_CLOSED if self.host.stopping => self.met("host: a call is refused because of the stop"),
            UPAY_E_DUPLICATE if matches!(deed, Deed::Pay(_)) => self.met("host: the same number again is refused"),
            UPAY_E_STATE if deed.is_cancel() || matches!(deed, Deed::Refund(..)) => {
                self.met("host: the same action twice at a time is refused");
            }
            _ => self.breaks("calls", format_args!("{deed:?} returns {status}: {:?}", result.err())),
        }
    }

    fn began(&mut self, index: usize) {
        let deed = self.host.starts[index].deed;
        self.host.starts[index].accepted = true;
        let Some(n) = deed.order() else { return };
        let order = &mut self.host.orders[n];
        match deed {
            Deed::Pay(_) => {
                if order.sent > 0 {
                    let sn = order.client_sn.clone();
                    return self.breaks("once", format_args!("{sn}: pay is accepted twice"));
                }
                (order.accepted, order.told, order.begun_by) = (true, Told::Nothing, Some(index));
            }
            Deed::Refund(_, m) => (order.refunds[m].accepted, order.refunds[m].told) = (true, None),
            _ => {}
        }
        let due = self.host.starts[index].at + self.time_for(deed);
        self.at(due, Event::Act(Act::Deadline(index)));
    }

    fn blocking_call_returned(&mut self, index: usize, status: i32) {
        let Start { deed, at, .. } = self.host.starts[index];
        self.met(match (deed, status) {
            (Deed::CheckIn, UPAY_OK) => "host: checked in",
            (Deed::CheckIn, _) => "host: a check-in fails",
            (_, UPAY_OK) => "host: a call of its own making is answered",
            _ => "host: a call of its own making gets no answer",
        });
        let took = self.now - at;
        if took > self.time_for(deed) {
            self.breaks("in time", format_args!("{deed:?} takes {took} ms"));
        }
    }
}
