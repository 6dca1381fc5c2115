//! The gateway, in all the ways that its documents allow and in some that they do not: what it says in the end is true, and
//! until then it may keep silent, fail, speak in riddles and contradict itself. Its ledger says what a customer is charged.

mod begin;
mod cancel;
mod keys;
mod order;
mod query;
mod refund;
mod text;

use std::rc::Rc;

use super::network::Wire;
use super::{Event, World};
use crate::choices::Of;
pub use keys::Keys;
pub use order::Course;
use order::Temper;
pub use order::{sn_of, Kind, Order, Refund, Status, Step, Way};
pub use text::Said;
use text::{envelope, fail, top, Twist};

pub const TERMINAL_SN: &str = "100000000000001";
pub const OTHER_TERMINAL_SN: &str = "100000000000002";

#[derive(Default)]
pub struct Gateway {
    /// By the host's count.
    orders: Vec<Option<Order>>,
    /// The answer that /pay for this order gets, however often it arrives: nothing was done.
    refused: Vec<(usize, u16, Rc<str>)>,
    /// What it has answered so far, for a network that delivers the wrong reply.
    pub said: Vec<Said>,
    pub keys: Keys,
}

/// A request on its way.
#[derive(Clone)]
pub struct Request {
    pub wire: Rc<Wire>,
    pub left_at: u64,
    /// False: the reply goes nowhere.
    pub heard: bool,
}

/// A request whose answer is held back.
pub struct Held {
    request: Request,
    reply: Reply,
}

enum Reply {
    Ready(u16, Rc<str>),
    /// To /pay or /precreate: as the order stands when it is answered.
    ByState,
}

impl Reply {
    fn of(body: impl Into<Rc<str>>) -> Self {
        Self::Ready(200, body.into())
    }
}

/// How long after its leaving a request may still arrive, and be carried out.
pub const LATE_MS_MAX: u64 = 600_000;

const REQUEST_ERRORS: &[&str] = &["INVALID_PARAMS", "TERMINAL_NOT_EXISTS", "INVALID_TERMINAL", "ILLEGAL_SIGN"];
const SYSTEM_ERRORS: &[&str] =
    &["UNKNOWN_SYSTEM_ERROR", "MAINTENANCE_INPROGRESS", "EXTERNAL_SERVICE_EXCEPTION", "REQUEST_FAIL", ""];
const NOT_EXISTS: &[&str] = &["UPAY_ORDER_NOT_EXISTS", "UPAY_ORDER_NOT_EXIST"];

impl Gateway {
    pub fn order(&self, n: usize) -> Option<&Order> {
        self.orders.get(n)?.as_ref()
    }
}

impl World {
    /// A request arrives. Its answer, or when it is asked for again.
    pub fn arrive(&mut self, request: Request) {
        let wire = request.wire.clone();
        let action = wire.path.rsplit('/').next().unwrap_or_default();
        let order = wire.order;
        let (reply, after_ms) = match (action, order) {
            _ if !self.gateway.keys.accepts(&wire.key) => {
                self.met("gateway: a key that is not taken any more");
                self.key_is_refused(&wire);
                (Reply::Ready(400, top("400", "ILLEGAL_SIGN")), 0)
            }
            ("checkin", _) => (self.check_in(), 0),
            ("pay" | "precreate", Some(n)) => self.begin_order(action == "precreate", n, wire.amount),
            ("query", Some(n)) => (self.query(n, wire.refund_request_no.as_deref()), 0),
            ("cancel" | "revoke", Some(n)) => (self.cancel(n, &request), 0),
            ("refund", Some(n)) => (self.refund(n, &request), 0),
            (_, None) => (Reply::of(fail("UPAY_ORDER_NOT_EXISTS")), 0),
            _ => (Reply::Ready(400, top("400", "INVALID_PARAMS")), 0),
        };
        self.note(|| match &reply {
            Reply::Ready(http_status, body) => {
                format!("gateway: {} #{} arrives; HTTP {http_status} {body}", wire.path, wire.exchange)
            }
            Reply::ByState => {
                format!("gateway: {} #{} arrives; answered as the order stands", wire.path, wire.exchange)
            }
        });
        // A reply of /pay that is held back speaks of what became of the order in the meantime.
        let held = Held { request, reply };
        if after_ms == 0 {
            self.answer(held);
        } else {
            self.at(self.now + after_ms, Event::Answer(held));
        }
    }

    pub fn answer(&mut self, held: Held) {
        let Held { request, reply } = held;
        let wire = request.wire;
        let (http_status, body) = match reply {
            Reply::Ready(http_status, body) => (http_status, body),
            Reply::ByState => (200, self.pay_by_state(wire.path.ends_with("/precreate"), wire.order.unwrap_or(0))),
        };
        let said = Said { path: wire.path.clone(), order: wire.order, http_status, body };
        if request.heard {
            self.reply(wire.exchange, &said);
        }
        // The newest few are enough to be mixed up.
        if self.gateway.said.len() == SAID_MAX {
            self.gateway.said.remove(0);
        }
        self.gateway.said.push(said);
    }

    fn order(&mut self, n: usize) -> &mut Order {
        self.gateway.orders[n].as_mut().expect("an order that was made")
    }

    fn sees(&self, n: usize) -> bool {
        self.gateway.order(n).is_some_and(|order| order.is_visible(self.now))
    }

    fn later(&mut self, n: usize, after_ms: u64, step: Step) {
        let stamp = self.order(n).stamp;
        self.at(self.now + after_ms, Event::Order(n, stamp, step));
    }

    /// Within this time it has to be carried out, if ever.
    fn not_later_than(&self, request: &Request, after_ms: u64) -> u64 {
        after_ms.min((request.left_at + LATE_MS_MAX - 1_000).saturating_sub(self.now))
    }

    pub fn step(&mut self, n: usize, stamp: u32, step: Step) {
        let (day, made, now) = (self.beijing_day(), self.network.made, self.now);
        let order = self.order(n);
        // A refund goes on whatever becomes of the rest.
        let of_refund = matches!(step, Step::RefundDone(_) | Step::RefundFails(_) | Step::Vanishes { .. });
        if order.stamp != stamp && !of_refund {
            return;
        }
        order.stamp += u32::from(!of_refund);
        order.happens(&step, day, made, now);
        self.note(|| format!("gateway: order-{n}: {step:?}"));
    }
}

const SAID_MAX: usize = 12;
