//! The gateway, in all the ways that its documents allow: what it says in the end is true, and until then it may keep
//! silent, fail, speak in riddles and contradict itself. Its ledger says what a customer is charged.

use std::collections::BTreeMap;

use serde_json::{json, Map, Value};

use super::{Event, Tale, World};
use crate::choices::Of;
use crate::gateway::sign;

pub const TERMINAL_SN: &str = "100000000000001";
pub const TERMINAL_KEY: &str = "simulation-terminal-key";

#[derive(Default)]
pub struct Gateway {
    pub orders: BTreeMap<String, Order>,
    /// The answer that this request gets, however often it arrives: nothing was done.
    refused: BTreeMap<String, (u16, Value)>,
    /// What it has answered so far, for a network that delivers the wrong reply.
    pub said: Vec<Said>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Created,
    Paid,
    PayCanceled,
    PayError,
    Canceled,
    CancelInProgress,
    CancelError,
}

/// An order as the gateway has it. What was refunded is said beside the status.
pub struct Order {
    pub amount: u64,
    pub status: Status,
    pub charged: u64,
    pub returned: u64,
    pub refunds: BTreeMap<String, Refund>,
    /// Under our number, and not ours.
    pub foreign: bool,
    /// The gateway itself will never know.
    stuck: bool,
    /// Until then a query does not see it.
    visible_at: u64,
    paid_on: u64,
    /// Refused once, refused for ever.
    uncancellable: bool,
    /// Paid, and called so until a cancel that is under way is done.
    looks_paid: bool,
    /// It is known how it ends, cancelled or not.
    ends_itself: bool,
    unrefundable: bool,
    /// By number: the newest request that was refused, or had been sent when the refund failed. What was sent before it
    /// is refused as well, however late it arrives.
    refused_refunds: BTreeMap<String, u64>,
    /// What was to come is off once this has changed.
    stamp: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Moving,
    Done,
    Failed,
    Error,
}

pub struct Refund {
    pub amount: u64,
    pub way: Way,
    stuck: bool,
    /// It will be done.
    sure: bool,
}

impl Order {
    pub fn net(&self) -> u64 {
        self.charged - self.returned
    }

    /// The sums of the refunds that were carried out.
    pub fn refunded(&self, mut which: impl FnMut(&str) -> bool) -> u64 {
        let done = self.refunds.iter().filter(|(_, refund)| refund.way == Way::Done);
        done.filter(|(number, _)| which(number)).map(|(_, refund)| refund.amount).sum()
    }

    /// The gateway itself does not know, and never will.
    pub fn nobody_knows(&self) -> bool {
        self.stuck || self.refunds.values().any(|refund| refund.stuck)
    }

    fn order_status(&self) -> &'static str {
        let refund = |way| self.refunds.values().any(|refund| refund.way == way);
        match self.status {
            Status::Created => "CREATED",
            Status::PayCanceled => "PAY_CANCELED",
            Status::PayError => "PAY_ERROR",
            Status::Canceled => "CANCELED",
            Status::CancelInProgress if self.looks_paid => "PAID",
            Status::CancelInProgress => "CANCEL_INPROGRESS",
            Status::CancelError => "CANCEL_ERROR",
            Status::Paid if refund(Way::Moving) => "REFUND_INPROGRESS",
            Status::Paid if refund(Way::Error) => "REFUND_ERROR",
            Status::Paid if self.returned == 0 => "PAID",
            Status::Paid if self.net() == 0 => "REFUNDED",
            Status::Paid => "PARTIAL_REFUNDED",
        }
    }
}

/// What happens to an order later on.
#[derive(Debug, Clone)]
pub enum Step {
    Pays,
    PayFails,
    CancelDone,
    /// The cancel came to nothing: the order stays as it was, and cannot be cancelled any more.
    CancelFails {
        paid: bool,
    },
    RefundDone(String),
    RefundFails(String),
}

/// A request that has left the till, and what it is an answer to.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub authorization: String,
    pub body: Vec<u8>,
    pub exchange: u64,
    /// The reply goes nowhere.
    pub unheard: bool,
}

#[derive(Debug, Clone)]
pub struct Said {
    pub path: String,
    pub client_sn: String,
    pub http_status: u16,
    pub body: Value,
}

/// How long after its making a request may still arrive.
pub const LATE_MS_MAX: u64 = 600_000;

const PLAIN: &[&str] = &[
    "INSUFFICIENT_FUND",
    "EXPIRED_BARCODE",
    "INVALID_BARCODE",
    "TRADE_FAILED",
    "UPAY_STORE_OVER_DAILY_LIMIT",
    "A_CODE_OF_NEXT_YEAR",
];
const REQUEST_ERRORS: &[&str] = &["INVALID_PARAMS", "ILLEGAL_SIGN", "TERMINAL_NOT_EXISTS", "INVALID_TERMINAL"];
const SYSTEM_ERRORS: &[&str] =
    &["UNKNOWN_SYSTEM_ERROR", "MAINTENANCE_INPROGRESS", "EXTERNAL_SERVICE_EXCEPTION", "REQUEST_FAIL", ""];
const NOT_EXISTS: &[&str] = &["UPAY_ORDER_NOT_EXISTS", "UPAY_ORDER_NOT_EXIST"];
const UNHEARD_OF: &[&str] = &["A_RESULT_OF_NEXT_YEAR", "PAY_SUCCESS_MAYBE", "ERROR"];

fn envelope(biz: Value) -> Value {
    json!({"result_code": "200", "biz_response": biz})
}

fn fail(code: &str) -> Value {
    envelope(json!({"result_code": "FAIL", "error_code": code, "error_message": code}))
}

fn top(result_code: &str, error_code: &str) -> Value {
    json!({"result_code": result_code, "error_code": error_code, "error_message": error_code})
}

impl World {
    /// A request arrives. Its answer, or when it is asked for again.
    pub fn arrive(&mut self, request: Request) {
        let fields: Map<String, Value> = match serde_json::from_slice(&request.body) {
            Ok(Value::Object(fields)) => fields,
            _ => return self.breaks("wire", format_args!("{}: the body is not a JSON object", request.path)),
        };
        let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let client_sn = text("client_sn");
        if request.authorization != sign::authorization(TERMINAL_SN, TERMINAL_KEY, &request.body)
            || text("terminal_sn") != TERMINAL_SN
        {
            return self.breaks("wire", format_args!("{}: signed wrongly", request.path));
        }
        let action = request.path.rsplit('/').next().unwrap_or_default().to_owned();
        let amount = |key: &str| text(key).parse::<u64>().unwrap_or(0);
        let (reply, after_ms) = match action.as_str() {
            "pay" | "precreate" => self.begin(&action, &client_sn, amount("total_amount")),
            "query" => (self.query(&client_sn, &text("refund_request_no")), 0),
            "cancel" => (self.cancel(&client_sn), 0),
            "refund" => {
                (self.refund(&client_sn, text("refund_request_no"), amount("refund_amount"), request.exchange), 0)
            }
            _ => return self.breaks("wire", format_args!("no such path: {}", request.path)),
        };
        self.note(|| format!("gateway: {action} {client_sn} arrives; {}", brief(&reply)));
        // A reply of /pay that is held back speaks of what became of the order in the meantime.
        let held = Held { request, action, client_sn, reply };
        if after_ms == 0 {
            self.answer(held);
        } else {
            self.at(self.now + after_ms, Event::Answer(held));
        }
    }

    pub fn answer(&mut self, held: Held) {
        let Held { request, action, client_sn, reply } = held;
        let (http_status, body) = match reply {
            Reply::Ready(http_status, body) => (http_status, body),
            Reply::ByState => (200, self.pay_by_state(&action, &client_sn)),
        };
        let said = Said { path: request.path, client_sn, http_status, body };
        self.gateway.said.push(said.clone());
        if !request.unheard {
            self.reply(request.exchange, said);
        }
    }

    /// /pay or /precreate.
    fn begin(&mut self, action: &str, client_sn: &str, amount: u64) -> (Reply, u64) {
        if let Some((http_status, body)) = self.gateway.refused.get(client_sn) {
            return (Reply::Ready(*http_status, body.clone()), 0);
        }
        if self.gateway.orders.contains_key(client_sn) {
            if self.choices.chance(Of::Gateway, 500) {
                self.met("gateway: the same client_sn again is a conflict");
                return (Reply::of(fail("CLIENT_SN_CONFLICT")), 0);
            }
            self.met("gateway: the same client_sn again gets the order as it is");
            return (Reply::ByState, 0);
        }
        let odd = self.levels.gateway;
        let weights = [
            1000,
            150,
            200,
            100,
            60,
            60,
            30, // the ordinary ones
            odd,
            odd,
            odd,
            odd,
            odd,
            odd,
            odd / 2,
            odd / 2,
            odd,
        ];
        let precreate = action == "precreate";
        let story = self.story(Tale::Begin, &weights);
        let ready = |value| (Reply::of(value), 0);
        match story {
            // For a precreate: the customer scans and pays within a moment, or some.
            0 if precreate => {
                self.met("gateway: a precreated order is paid");
                let pays_after = self.choices.between(Of::Customer, 1_000, 60_000);
                self.make(client_sn, amount, Fate::Pays(pays_after));
                (Reply::ByState, 0)
            }
            0 => {
                self.met("gateway: paid at once");
                self.make(client_sn, amount, Fate::Paid);
                (Reply::ByState, 0)
            }
            1 if !precreate => {
                self.met("gateway: /pay is held while the customer types");
                let held = self.choices.between(Of::Customer, 500, 35_000);
                let typed = self.choices.between(Of::Customer, 0, 50_000);
                self.make(client_sn, amount, Fate::Pays(typed));
                (Reply::ByState, held)
            }
            1 | 2 => {
                self.met("gateway: paid after a while");
                let pays_after = self.choices.between(Of::Customer, 500, 200_000);
                self.make(client_sn, amount, Fate::Pays(pays_after));
                (Reply::ByState, 0)
            }
            3 => {
                self.met("gateway: the customer walks away");
                self.make(client_sn, amount, Fate::Open);
                (Reply::ByState, 0)
            }
            4 => {
                self.met("gateway: the payment fails after a while");
                let fails_after = self.choices.between(Of::Customer, 500, 200_000);
                self.make(client_sn, amount, Fate::Fails(fails_after));
                (Reply::ByState, 0)
            }
            5 => {
                self.met("gateway: FAIL, nothing happened");
                let code = self.choices.one_of(Of::Gateway, PLAIN);
                self.refuse(client_sn, 200, fail(code))
            }
            6 => {
                self.met("gateway: PAY_FAIL");
                self.make(client_sn, amount, Fate::Failed);
                match precreate {
                    true => ready(envelope(json!({"result_code": "PRECREATE_FAIL", "error_code": "TRADE_FAILED"}))),
                    false => (Reply::ByState, 0),
                }
            }
            7 => {
                self.met("gateway: PAY_FAIL_ERROR");
                let fate = self.error_fate();
                self.make(client_sn, amount, fate);
                ready(self.about(client_sn, if precreate { "PRECREATE_FAIL_ERROR" } else { "PAY_FAIL_ERROR" }))
            }
            8 => {
                self.met("gateway: PAY_FAIL_IN_PROGRESS");
                let fate = self.any_fate();
                let fate = if fate == Fate::Nothing { Fate::Failed } else { fate };
                self.make(client_sn, amount, fate);
                let code = if precreate { "PRECREATE_FAIL_IN_PROGRESS" } else { "PAY_FAIL_IN_PROGRESS" };
                ready(self.about(client_sn, code))
            }
            9 => {
                self.met("gateway: /pay answered with 500");
                self.any_order(client_sn, amount);
                let code = self.choices.one_of(Of::Gateway, SYSTEM_ERRORS);
                let http_status = self.choices.one_of(Of::Gateway, &[200, 500, 503]);
                (Reply::Ready(http_status, top("500", code)), 0)
            }
            10 => {
                self.met("gateway: /pay refused with 400");
                let code = self.choices.one_of(Of::Gateway, REQUEST_ERRORS);
                let http_status = self.choices.one_of(Of::Gateway, &[200, 400]);
                self.refuse(client_sn, http_status, top("400", code))
            }
            11 => {
                self.met("gateway: an unheard-of result_code");
                self.any_order(client_sn, amount);
                let code = self.choices.one_of(Of::Gateway, UNHEARD_OF);
                ready(self.about(client_sn, code))
            }
            12 => {
                self.met("gateway: success that its own status contradicts");
                let pays_after = self.choices.between(Of::Customer, 2_000, 100_000);
                let fate = self.choices.one_of(Of::Gateway, &[Fate::Pays(pays_after), Fate::Fails(pays_after)]);
                self.make(client_sn, amount, fate);
                ready(self.about(client_sn, if precreate { "PRECREATE_SUCCESS" } else { "PAY_SUCCESS" }))
            }
            13 => {
                self.met("gateway: an order of somebody else has the number");
                let fate = self.choices.one_of(Of::Gateway, &[Fate::Paid, Fate::Open]);
                self.make(client_sn, amount + 7, fate);
                self.order(client_sn).foreign = true;
                match self.choices.below(Of::Gateway, 2) {
                    0 => ready(fail("CLIENT_SN_CONFLICT")),
                    _ => (Reply::ByState, 0),
                }
            }
            14 => {
                self.met("gateway: FAIL with a code that speaks of an order");
                self.any_order(client_sn, amount);
                let code = self.choices.one_of(
                    Of::Gateway,
                    &["CLIENT_SN_CONFLICT", "TRADE_HAS_SUCCESS", "TRADE_NOT_EXIST", "UPAY_ORDER_NOT_EXISTS"],
                );
                ready(fail(code))
            }
            _ => {
                self.met("gateway: success without the order");
                self.make(client_sn, amount, Fate::Paid);
                let bare = json!({"result_code": "PAY_SUCCESS", "data": {"order_status": "PAID"}});
                ready(envelope(bare))
            }
        }
    }

    fn refuse(&mut self, client_sn: &str, http_status: u16, body: Value) -> (Reply, u64) {
        self.gateway.refused.insert(client_sn.to_owned(), (http_status, body.clone()));
        (Reply::Ready(http_status, body), 0)
    }

    fn any_order(&mut self, client_sn: &str, amount: u64) {
        let fate = self.any_fate();
        if fate != Fate::Nothing {
            self.make(client_sn, amount, fate);
        }
    }

    fn any_fate(&mut self) -> Fate {
        let later = self.choices.between(Of::Customer, 500, 150_000);
        match self.choices.below(Of::Gateway, 6) {
            0 => Fate::Paid,
            1 => Fate::Pays(later),
            2 => Fate::Fails(later),
            3 => Fate::Open,
            4 => Fate::Nothing,
            _ => self.error_fate(),
        }
    }

    fn error_fate(&mut self) -> Fate {
        let charged = self.choices.below(Of::Gateway, 2) == 1;
        let ends = match self.choices.below(Of::Gateway, 3) {
            0 => Some((self.choices.between(Of::Customer, 1_000, 900_000), false)),
            1 => Some((self.choices.between(Of::Customer, 1_000, 900_000), true)),
            _ => None,
        };
        Fate::Error { charged, ends }
    }

    fn make(&mut self, client_sn: &str, amount: u64, fate: Fate) {
        let lag = match self.choices.chance(Of::Gateway, self.levels.gateway) {
            false => 0,
            true => {
                self.met("gateway: a new order is not seen for a while");
                self.choices.between(Of::Gateway, 100, 40_000)
            }
        };
        let (status, charged) = match fate {
            Fate::Paid => (Status::Paid, amount),
            Fate::Failed => (Status::PayCanceled, 0),
            Fate::Error { charged, .. } => (Status::PayError, if charged { amount } else { 0 }),
            Fate::Pays(_) | Fate::Fails(_) | Fate::Open | Fate::Nothing => (Status::Created, 0),
        };
        let uncancellable = self.choices.chance(Of::Gateway, 2 * self.levels.gateway);
        let unrefundable = uncancellable && self.choices.below(Of::Gateway, 2) == 1;
        if uncancellable {
            self.met("gateway: an order that no cancel is for");
        }
        let order = Order {
            amount,
            status,
            charged,
            returned: 0,
            refunds: BTreeMap::new(),
            foreign: false,
            stuck: matches!(fate, Fate::Error { ends: None, .. }),
            visible_at: self.now + lag,
            paid_on: self.beijing_day(),
            uncancellable,
            looks_paid: false,
            ends_itself: false,
            unrefundable,
            refused_refunds: BTreeMap::new(),
            stamp: 0,
        };
        self.gateway.orders.insert(client_sn.to_owned(), order);
        match fate {
            Fate::Pays(after) | Fate::Error { ends: Some((after, true)), .. } => {
                self.later(client_sn, after, Step::Pays)
            }
            Fate::Fails(after) | Fate::Error { ends: Some((after, false)), .. } => {
                self.later(client_sn, after, Step::PayFails);
            }
            _ => {}
        }
    }

    fn order(&mut self, client_sn: &str) -> &mut Order {
        self.gateway.orders.get_mut(client_sn).expect("an order that was made")
    }

    fn later(&mut self, client_sn: &str, after_ms: u64, step: Step) {
        let stamp = self.order(client_sn).stamp;
        self.at(self.now + after_ms, Event::Order(client_sn.to_owned(), stamp, step));
    }

    pub fn step(&mut self, client_sn: &str, stamp: u32, step: Step) {
        let (day, sent) = (self.beijing_day(), self.network.made);
        let order = self.order(client_sn);
        // A refund goes on whatever becomes of the rest.
        if order.stamp != stamp && !matches!(step, Step::RefundDone(_) | Step::RefundFails(_)) {
            return;
        }
        order.stamp += 1;
        match &step {
            Step::Pays => (order.status, order.charged, order.paid_on) = (Status::Paid, order.amount, day),
            Step::PayFails => (order.status, order.charged) = (Status::PayCanceled, 0),
            Step::CancelDone => (order.status, order.returned) = (Status::Canceled, order.charged),
            Step::CancelFails { paid } => {
                order.uncancellable = true;
                if *paid {
                    (order.status, order.charged) = (Status::Paid, order.amount);
                } else {
                    (order.status, order.charged) = (Status::PayCanceled, 0);
                }
            }
            Step::RefundDone(number) => {
                let refund = order.refunds.get_mut(number).expect("a refund that was made");
                refund.way = Way::Done;
                order.returned += refund.amount;
            }
            Step::RefundFails(number) => {
                order.refunds.get_mut(number).expect("a refund that was made").way = Way::Failed;
                order.refused_refunds.insert(number.clone(), sent);
            }
        }
        self.note(|| format!("gateway: {client_sn}: {step:?}"));
    }

    fn query(&mut self, client_sn: &str, refund_request_no: &str) -> Reply {
        let odd = self.levels.gateway;
        let seen = self.gateway.orders.get(client_sn).is_some_and(|order| order.visible_at <= self.now);
        let weights = [1000, odd, odd / 2, odd, odd, odd, odd, odd];
        let story = self.story(Tale::Query, &weights);
        match story {
            1 => {
                self.met("gateway: a query answered with 500");
                return Reply::Ready(200, top("500", "UNKNOWN_SYSTEM_ERROR"));
            }
            2 => {
                self.met("gateway: a query refused with 400");
                let code = self.choices.one_of(Of::Gateway, REQUEST_ERRORS);
                return Reply::Ready(400, top("400", code));
            }
            3 => {
                self.met("gateway: a query answered with an unheard-of code");
                return Reply::of(self.maybe_about(client_sn, "A_RESULT_OF_NEXT_YEAR"));
            }
            4 => {
                self.met("gateway: a query answered with TRADE_NOT_EXIST");
                return Reply::of(fail("TRADE_NOT_EXIST"));
            }
            _ => {}
        }
        if !seen {
            self.met("gateway: no such order");
            return Reply::of(fail(self.choices.one_of(Of::Gateway, NOT_EXISTS)));
        }
        let mut data = self.data(client_sn);
        match story {
            5 => {
                self.met("gateway: an order_status that says nothing");
                let status = self.choices.one_of(Of::Gateway, &["INVALID_STATUS_CODE", "BRAND_NEW", "PAY_ERROR", ""]);
                data.insert("order_status".into(), status.into());
            }
            6 => {
                self.met("gateway: a reply that lacks a field");
                let gone =
                    self.choices.one_of(Of::Gateway, &["total_amount", "client_sn", "order_status", "terminal_sn"]);
                data.remove(gone);
            }
            7 => {
                self.met("gateway: a reply with numbers for strings");
                let amount: u64 = self.order(client_sn).amount;
                data.insert("total_amount".into(), amount.into());
                data.insert("payer_uid".into(), Value::Null);
            }
            _ => {}
        }
        if let Some(refund) = self.order(client_sn).refunds.get(refund_request_no) {
            let way = refund.way;
            if self.choices.below(Of::Gateway, 2) == 0 {
                data.insert("refund_request_no".into(), refund_request_no.into());
                let status = match way {
                    Way::Moving => "IN_PROG",
                    Way::Done => "SUCCESS",
                    Way::Failed => "FAIL_CANCELED",
                    Way::Error => "REFUND_ERROR",
                };
                data.insert("status".into(), status.into());
            }
        }
        Reply::of(envelope(json!({"result_code": "SUCCESS", "data": data})))
    }

    fn cancel(&mut self, client_sn: &str) -> Reply {
        let seen = self.gateway.orders.get(client_sn).is_some_and(|order| order.visible_at <= self.now);
        if !seen {
            self.met("gateway: no such order to cancel");
            return Reply::of(fail(self.choices.one_of(Of::Gateway, NOT_EXISTS)));
        }
        let day = self.beijing_day();
        let order = self.order(client_sn);
        match order.status {
            Status::Canceled | Status::PayCanceled => {
                self.met("gateway: cancelled before");
                return match self.choices.below(Of::Gateway, 2) {
                    0 => Reply::of(fail("UPAY_CANCEL_ORDER_NOOP")),
                    _ => Reply::of(self.about(client_sn, "CANCEL_SUCCESS")),
                };
            }
            Status::CancelInProgress => return Reply::of(self.about(client_sn, "CANCEL_IN_PROGRESS")),
            Status::CancelError => return Reply::of(self.about(client_sn, "CANCEL_ERROR")),
            Status::Paid if order.returned > 0 || order.refunds.values().any(|refund| refund.way != Way::Failed) => {
                return Reply::of(fail("UPAY_CANCEL_INVALID_ORDER_STATE"));
            }
            Status::Paid if order.paid_on != day => {
                order.uncancellable = true;
                self.met("gateway: a cancel refused after midnight");
            }
            _ => {}
        }
        if self.order(client_sn).uncancellable {
            self.is_left_open(client_sn);
            return Reply::of(fail("UPAY_CANCEL_INVALID_ORDER_STATE"));
        }
        let odd = self.levels.gateway;
        let weights = [1000, 100, 60, odd, odd, odd, odd, odd, odd / 2, odd];
        let later = self.choices.between(Of::Customer, 200, 120_000);
        match self.story(Tale::Cancel, &weights) {
            0 => {
                self.met("gateway: cancelled");
                self.cancelled(client_sn);
                Reply::of(self.about(client_sn, "CANCEL_SUCCESS"))
            }
            1 => {
                self.met("gateway: CANCEL_ABORT_SUCCESS");
                self.cancelled(client_sn);
                Reply::of(envelope(json!({"result_code": "CANCEL_ABORT_SUCCESS"})))
            }
            2 => {
                self.met("gateway: CANCEL_IN_PROGRESS, then cancelled");
                self.being_cancelled(client_sn, Status::CancelInProgress, later, Some(Step::CancelDone));
                let code = self.choices.one_of(Of::Gateway, &["CANCEL_IN_PROGRESS", "CANCEL_ABORT_IN_PROGRESS"]);
                Reply::of(self.about(client_sn, code))
            }
            3 => {
                self.met("gateway: CANCEL_IN_PROGRESS, and it comes to nothing");
                let paid = self.order(client_sn).status == Status::Paid || self.choices.below(Of::Gateway, 2) == 0;
                let fails = Step::CancelFails { paid };
                self.being_cancelled(client_sn, Status::CancelInProgress, later, Some(fails));
                Reply::of(self.about(client_sn, "CANCEL_IN_PROGRESS"))
            }
            4 => {
                self.met("gateway: CANCEL_ERROR");
                let paid = self.order(client_sn).status == Status::Paid;
                let ends = match self.choices.below(Of::Gateway, 3) {
                    0 => Some(Step::CancelDone),
                    1 => Some(Step::CancelFails { paid }),
                    _ => None,
                };
                self.order(client_sn).stuck = ends.is_none();
                self.being_cancelled(client_sn, Status::CancelError, later, ends);
                let code = self.choices.one_of(Of::Gateway, &["CANCEL_ERROR", "CANCEL_ABORT_ERROR"]);
                Reply::of(self.about(client_sn, code))
            }
            5 => {
                self.met("gateway: a cancel refused for good");
                self.order(client_sn).uncancellable = true;
                self.is_left_open(client_sn);
                let codes = ["UPAY_CANCEL_INVALID_ORDER_STATE", "UPAY_TCP_ORDER_NOT_REFUNDABLE"];
                Reply::of(fail(self.choices.one_of(Of::Gateway, &codes)))
            }
            6 => {
                self.met("gateway: a cancel answered with 500");
                if self.choices.below(Of::Gateway, 2) == 0 {
                    self.cancelled(client_sn);
                }
                Reply::Ready(500, top("500", "UNKNOWN_SYSTEM_ERROR"))
            }
            7 => {
                self.met("gateway: a cancel refused with an unheard-of code");
                Reply::of(fail("A_CODE_OF_NEXT_YEAR"))
            }
            8 => {
                self.met("gateway: a cancel refused with 400");
                Reply::Ready(400, top("400", "INVALID_PARAMS"))
            }
            _ => {
                self.met("gateway: a cancel that its own status contradicts");
                let reply = self.about(client_sn, "CANCEL_SUCCESS");
                if self.choices.below(Of::Gateway, 2) == 0 {
                    self.cancelled(client_sn);
                }
                Reply::of(reply)
            }
        }
    }

    /// What cannot be cancelled, and is not paid yet, is paid or given up soon.
    fn is_left_open(&mut self, client_sn: &str) {
        let order = self.order(client_sn);
        if order.status == Status::Created && !std::mem::replace(&mut order.ends_itself, true) {
            order.stamp += 1;
            let step = if self.choices.below(Of::Gateway, 2) == 0 { Step::Pays } else { Step::PayFails };
            let after = self.choices.between(Of::Customer, 200, 120_000);
            self.later(client_sn, after, step);
        }
    }

    fn cancelled(&mut self, client_sn: &str) {
        let order = self.order(client_sn);
        order.stamp += 1;
        (order.status, order.returned, order.stuck) = (Status::Canceled, order.charged, false);
    }

    fn being_cancelled(&mut self, client_sn: &str, status: Status, after_ms: u64, ends: Option<Step>) {
        let looks_paid = self.choices.below(Of::Gateway, 4) == 1;
        let order = self.order(client_sn);
        order.looks_paid = looks_paid && order.status == Status::Paid;
        order.stamp += 1;
        order.status = status;
        if let Some(step) = ends {
            order.stuck = false;
            self.later(client_sn, after_ms, step);
        }
    }

    fn refund(&mut self, client_sn: &str, number: String, amount: u64, exchange: u64) -> Reply {
        let order = self.gateway.orders.get(client_sn);
        let refused = order.and_then(|order| order.refused_refunds.get(&number));
        if refused.is_some_and(|refused| exchange <= *refused) {
            return Reply::of(fail("SELLER_BALANCE_NOT_ENOUGH"));
        }
        let reply = self.judge_refund(client_sn, number.clone(), amount);
        if let (true, Some(order)) = (reply.refuses(), self.gateway.orders.get_mut(client_sn)) {
            order.refused_refunds.insert(number, exchange);
        }
        reply
    }

    fn judge_refund(&mut self, client_sn: &str, number: String, amount: u64) -> Reply {
        let Some(order) = self.gateway.orders.get_mut(client_sn) else {
            return Reply::of(fail("UPAY_ORDER_NOT_EXISTS"));
        };
        if let Some(refund) = order.refunds.get(&number).filter(|refund| refund.way != Way::Failed) {
            if refund.amount != amount {
                return Reply::of(fail("REFUND_REQUEST_CONFLICT"));
            }
            let (way, sure) = (refund.way, refund.sure);
            let story = self.choices.below(Of::Gateway, 3);
            self.met("gateway: the same refund again");
            return match (way, story) {
                (Way::Done, 0) => Reply::of(fail("UPAY_REFUND_ORDER_NOOP")),
                (Way::Done, 1) => Reply::of(fail("REFUND_REQUEST_CONFLICT")),
                (Way::Done, _) => Reply::of(self.about(client_sn, "REFUND_SUCCESS")),
                (Way::Moving, 0) if sure => Reply::of(fail("REFUND_REQUEST_CONFLICT")),
                (Way::Moving, _) => Reply::of(self.about(client_sn, "REFUND_IN_PROGRESS")),
                _ => Reply::of(self.about(client_sn, "REFUND_ERROR")),
            };
        }
        if order.status != Status::Paid {
            self.met("gateway: no order to refund");
            return Reply::of(fail("UPAY_REFUND_INVALID_ORDER_STATE"));
        }
        let waiting: u64 = order
            .refunds
            .values()
            .filter(|refund| matches!(refund.way, Way::Moving | Way::Error))
            .map(|refund| refund.amount)
            .sum();
        if order.net() < amount + waiting {
            self.met("gateway: not enough left to refund");
            return Reply::of(fail("REFUNDABLE_AMOUNT_NOT_ENOUGH"));
        }
        if order.unrefundable {
            return Reply::of(fail("UPAY_TCP_ORDER_NOT_REFUNDABLE"));
        }
        let odd = self.levels.gateway;
        let weights = [1000, 100, 50, odd, odd, odd / 2, odd, odd, odd / 2, odd];
        let later = self.choices.between(Of::Customer, 200, 120_000);
        let done = |world: &mut Self| world.refunds(client_sn, &number, amount, Way::Done, 0, None);
        match self.story(Tale::Refund, &weights) {
            0 => {
                self.met("gateway: refunded");
                done(self);
                Reply::of(self.about(client_sn, "REFUND_SUCCESS"))
            }
            1 => {
                self.met("gateway: REFUND_IN_PROGRESS, then refunded");
                self.refunds(client_sn, &number, amount, Way::Moving, later, Some(true));
                Reply::of(self.about(client_sn, "REFUND_IN_PROGRESS"))
            }
            2 => {
                self.met("gateway: REFUND_IN_PROGRESS, and it comes to nothing");
                self.refunds(client_sn, &number, amount, Way::Moving, later, Some(false));
                Reply::of(self.about(client_sn, "REFUND_IN_PROGRESS"))
            }
            3 => {
                self.met("gateway: REFUND_ERROR");
                let ends = self.choices.one_of(Of::Gateway, &[Some(true), Some(false), None]);
                self.refunds(client_sn, &number, amount, Way::Error, later, ends);
                Reply::of(self.about(client_sn, "REFUND_ERROR"))
            }
            4 => {
                self.met("gateway: a refund refused");
                Reply::of(fail("SELLER_BALANCE_NOT_ENOUGH"))
            }
            5 => {
                self.met("gateway: a refund refused for good");
                self.order(client_sn).unrefundable = true;
                Reply::of(fail("UPAY_TCP_ORDER_NOT_REFUNDABLE"))
            }
            6 => {
                self.met("gateway: a refund answered with 500");
                if self.choices.below(Of::Gateway, 2) == 0 {
                    done(self);
                }
                Reply::Ready(200, top("500", "EXTERNAL_SERVICE_EXCEPTION"))
            }
            7 => {
                self.met("gateway: REFUND_SUCCESS without the order");
                done(self);
                Reply::of(envelope(json!({"result_code": "REFUND_SUCCESS"})))
            }
            8 => {
                self.met("gateway: a refund refused with 400");
                Reply::Ready(400, top("400", "INVALID_PARAMS"))
            }
            _ => {
                self.met("gateway: a refund answered with an unheard-of code");
                if self.choices.below(Of::Gateway, 2) == 0 {
                    done(self);
                }
                Reply::of(self.about(client_sn, "A_RESULT_OF_NEXT_YEAR"))
            }
        }
    }

    /// `ends`: done, or come to nothing, or never.
    fn refunds(&mut self, client_sn: &str, number: &str, amount: u64, way: Way, after_ms: u64, ends: Option<bool>) {
        let order = self.order(client_sn);
        let stuck = way == Way::Error && ends.is_none();
        order.refunds.insert(number.to_owned(), Refund { amount, way, stuck, sure: ends == Some(true) });
        if way == Way::Done {
            order.returned += amount;
        }
        match ends {
            Some(true) => self.later(client_sn, after_ms, Step::RefundDone(number.to_owned())),
            Some(false) => self.later(client_sn, after_ms, Step::RefundFails(number.to_owned())),
            None => {}
        }
    }

    /// The order in the fields of a reply.
    fn data(&self, client_sn: &str) -> Map<String, Value> {
        let mut data = Map::new();
        if let Some(order) = self.gateway.orders.get(client_sn) {
            data.insert("client_sn".into(), client_sn.into());
            data.insert("terminal_sn".into(), TERMINAL_SN.into());
            data.insert("total_amount".into(), order.amount.to_string().into());
            data.insert("net_amount".into(), order.net().to_string().into());
            data.insert("order_status".into(), order.order_status().into());
        }
        data
    }

    fn about(&self, client_sn: &str, result_code: &str) -> Value {
        envelope(json!({"result_code": result_code, "data": self.data(client_sn)}))
    }

    fn maybe_about(&mut self, client_sn: &str, result_code: &str) -> Value {
        match self.choices.below(Of::Gateway, 2) {
            0 => self.about(client_sn, result_code),
            _ => envelope(json!({"result_code": result_code, "data": null})),
        }
    }

    /// The answer to /pay or /precreate, by what the order is now.
    fn pay_by_state(&mut self, action: &str, client_sn: &str) -> Value {
        let Some(order) = self.gateway.orders.get(client_sn) else {
            return fail("UPAY_ORDER_NOT_EXISTS");
        };
        if action == "precreate" && order.status == Status::Created {
            let mut data = self.data(client_sn);
            data.insert("qr_code".into(), format!("https://qr.example/{client_sn}").into());
            return envelope(json!({"result_code": "PRECREATE_SUCCESS", "data": data}));
        }
        let code = match order.status {
            Status::Paid if order.returned == 0 && order.refunds.is_empty() => "PAY_SUCCESS",
            Status::PayCanceled | Status::Canceled => "PAY_FAIL",
            Status::PayError => "PAY_FAIL_ERROR",
            _ => "PAY_IN_PROGRESS",
        };
        self.about(client_sn, code)
    }
}

/// What becomes of a new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Paid,
    Pays(u64),
    Fails(u64),
    Failed,
    Open,
    /// With the money moved or not; resolved after a time as paid or not, or never.
    Error {
        charged: bool,
        ends: Option<(u64, bool)>,
    },
    /// No order at all.
    Nothing,
}

/// A request whose answer is held back.
pub struct Held {
    request: Request,
    action: String,
    client_sn: String,
    reply: Reply,
}

enum Reply {
    Ready(u16, Value),
    ByState,
}

impl Reply {
    fn of(body: Value) -> Self {
        Self::Ready(200, body)
    }

    /// Nothing was done.
    fn refuses(&self) -> bool {
        let Self::Ready(_, body) = self else { return false };
        let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let there = ["UPAY_REFUND_ORDER_NOOP", "REFUND_REQUEST_CONFLICT"];
        text("/result_code") == "400"
            || (text("/biz_response/result_code") == "FAIL" && !there.contains(&text("/biz_response/error_code")))
    }
}

fn brief(reply: &Reply) -> String {
    let Reply::Ready(http_status, body) = reply else { return "answered as the order stands".to_owned() };
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or("-").to_owned();
    let codes = [
        text("/result_code"),
        text("/error_code"),
        text("/biz_response/result_code"),
        text("/biz_response/error_code"),
        text("/biz_response/data/order_status"),
    ];
    format!("HTTP {http_status} {}", codes.join(" "))
}
