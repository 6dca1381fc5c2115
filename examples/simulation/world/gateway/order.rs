//! An order as the gateway has it, and what may become of it.

use super::super::World;
use super::*;

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

/// Whose order has our number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ours,
    /// Of this day, and of another amount: nobody knows whose it is.
    OtherAmount,
    /// A sale of long ago.
    Older,
    /// Made by another terminal, and only looked at, cancelled or refunded here.
    Elsewhere,
}

/// How the gateway refuses for good, where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// It does not.
    Ordinary,
    /// FAIL, with the code that its table has for it.
    ByTable,
    /// FAIL, with a code that stands in no table.
    UnheardOf,
    /// 400.
    Request,
    /// CANCEL_ERROR or REFUND_ERROR, and nothing happens.
    Error,
    /// REFUND_REQUEST_CONFLICT, of a refund that was never made.
    Conflict,
    /// Success, but of another refund.
    OtherNumber,
}

/// What was refunded is said beside the status.
pub struct Order {
    pub amount: u64,
    pub status: Status,
    pub charged: u64,
    pub returned: u64,
    pub refunds: Vec<Refund>,
    pub kind: Kind,
    /// The gateway itself will never know.
    pub stuck: bool,
    /// Not seen until then, and not after that.
    pub visible_at: u64,
    pub vanished: Option<(u64, u64)>,
    /// By the gateway's calendar.
    pub made_ms: u64,
    pub paid_on: u64,
    pub cancels: Temper,
    pub refunding: Temper,
    /// The exchanges whose cancel was refused: a copy of one is refused as well, however late it arrives.
    pub refused_cancels: Vec<u64>,
    /// Paid, and called so until a cancel that is under way is done.
    pub looks_paid: bool,
    /// It is known how it ends, cancelled or not.
    pub ends_itself: bool,
    /// What was to come is off once this has changed.
    pub stamp: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Moving,
    Done,
    Failed,
    Error,
    /// Refused, in answer to the exchanges in the list.
    Refused,
}

pub struct Refund {
    pub number: Box<str>,
    pub amount: u64,
    pub way: Way,
    pub stuck: bool,
    /// It will be done.
    pub sure: bool,
    /// The exchanges that were refused: a copy of one is refused as well, however late it arrives.
    pub refused: Vec<u64>,
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
    RefundDone(usize),
    RefundFails(usize),
    /// The gateway does not know it any more, for so long.
    Vanishes {
        for_ms: u64,
    },
}

/// What becomes of a new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
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

/// The gateway's number of the order.
pub fn sn_of(n: usize) -> String {
    format!("78940000{n:08}")
}

impl Order {
    pub fn net(&self) -> u64 {
        self.charged - self.returned
    }

    pub fn is_visible(&self, now: u64) -> bool {
        self.visible_at <= now && !self.vanished.is_some_and(|(from, until)| (from..until).contains(&now))
    }

    /// The sums of the refunds that were carried out.
    pub fn refunded(&self, mut which: impl FnMut(&str) -> bool) -> u64 {
        let done = self.refunds.iter().filter(|refund| refund.way == Way::Done);
        done.filter(|refund| which(&refund.number)).map(|refund| refund.amount).sum()
    }

    pub fn refund(&self, number: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| *refund.number == *number)
    }

    /// The gateway itself does not know, and never will.
    pub fn nobody_knows(&self) -> bool {
        self.stuck || self.refunds.iter().any(|refund| refund.stuck)
    }

    /// It answers a refund in ways that no table has: what became of one cannot be learned.
    pub fn riddles(&self) -> bool {
        matches!(self.refunding, Temper::Error | Temper::Conflict | Temper::OtherNumber)
    }

    pub fn order_status(&self) -> &'static str {
        let refund = |way| self.refunds.iter().any(|refund| refund.way == way);
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

    pub fn happens(&mut self, step: &Step, day: u64, made: u64, now: u64) {
        match step {
            Step::Pays => (self.status, self.charged, self.paid_on) = (Status::Paid, self.amount, day),
            Step::PayFails => (self.status, self.charged) = (Status::PayCanceled, 0),
            Step::CancelDone => (self.status, self.returned) = (Status::Canceled, self.charged),
            Step::CancelFails { paid } => {
                self.cancels = Temper::ByTable;
                (self.status, self.charged) = match paid {
                    true => (Status::Paid, self.amount),
                    false => (Status::PayCanceled, 0),
                };
            }
            Step::RefundDone(at) => {
                self.refunds[*at].way = Way::Done;
                self.returned += self.refunds[*at].amount;
            }
            Step::RefundFails(at) => {
                self.refunds[*at].way = Way::Failed;
                // What had been sent before it failed is refused as well.
                self.refunds[*at].refused.extend(0..=made);
            }
            Step::Vanishes { for_ms } => self.vanished = Some((now, now.saturating_add(*for_ms))),
        }
    }

    /// In the reply to /pay, the payment itself.
    pub fn pay_code(&self) -> &'static str {
        match self.status {
            Status::Paid if self.returned == 0 && self.refunds.is_empty() => "PAY_SUCCESS",
            Status::PayCanceled | Status::Canceled => "PAY_FAIL",
            Status::PayError => "PAY_FAIL_ERROR",
            _ => "PAY_IN_PROGRESS",
        }
    }
}

impl World {
    pub fn any_course(&mut self) -> Course {
        let later = self.choices.between(Of::Customer, 500, 150_000);
        match self.choices.below(Of::Gateway, 6) {
            0 => Course::Paid,
            1 => Course::Pays(later),
            2 => Course::Fails(later),
            3 => Course::Open,
            4 => Course::Nothing,
            _ => self.error_course(),
        }
    }

    pub fn error_course(&mut self) -> Course {
        let charged = self.choices.below(Of::Gateway, 2) == 1;
        let ends = match self.choices.below(Of::Gateway, 3) {
            0 => Some((self.choices.between(Of::Customer, 1_000, 900_000), false)),
            1 => Some((self.choices.between(Of::Customer, 1_000, 900_000), true)),
            _ => None,
        };
        Course::Error { charged, ends }
    }

    pub fn make(&mut self, n: usize, amount: u64, course: Course) {
        let odd = self.levels.gateway;
        let mut chance = |of_odd: u32| odd > 0 && self.choices.chance(Of::Gateway, of_odd);
        let (lags, vanishes, refuses) = (chance(odd), chance(odd / 2), chance(2 * odd));
        let lag = match lags {
            false => 0,
            true => {
                self.met("gateway: a new order is not seen for a while");
                self.choices.between(Of::Gateway, 100, 40_000)
            }
        };
        let (status, charged) = match course {
            Course::Paid => (Status::Paid, amount),
            Course::Failed => (Status::PayCanceled, 0),
            Course::Error { charged, .. } => (Status::PayError, if charged { amount } else { 0 }),
            Course::Pays(_) | Course::Fails(_) | Course::Open | Course::Nothing => (Status::Created, 0),
        };
        let (cancels, refunding) = if refuses { self.tempers() } else { (Temper::Ordinary, Temper::Ordinary) };
        let order = Order {
            amount,
            status,
            charged,
            returned: 0,
            refunds: Vec::new(),
            kind: Kind::Ours,
            stuck: matches!(course, Course::Error { ends: None, .. }),
            visible_at: self.now + lag,
            vanished: None,
            made_ms: self.gateway_ms(),
            paid_on: self.beijing_day(),
            cancels,
            refunding,
            refused_cancels: Vec::new(),
            looks_paid: false,
            ends_itself: false,
            stamp: 0,
        };
        if self.gateway.orders.len() <= n {
            self.gateway.orders.resize_with(n + 1, || None);
        }
        self.gateway.orders[n] = Some(order);
        if vanishes {
            self.met("gateway: an order vanishes");
            let after = self.choices.between(Of::Gateway, 1_000, 300_000);
            let for_ms = self.choices.one_of(Of::Gateway, &[u64::MAX, 60_000, 1_800_000]);
            self.later(n, after, Step::Vanishes { for_ms });
        }
        match course {
            Course::Pays(after) | Course::Error { ends: Some((after, true)), .. } => self.later(n, after, Step::Pays),
            Course::Fails(after) | Course::Error { ends: Some((after, false)), .. } => {
                self.later(n, after, Step::PayFails)
            }
            _ => {}
        }
    }

    /// An order that is there before the till begins.
    pub fn made_before(&mut self, n: usize, amount: u64, kind: Kind, age_ms: u64) {
        let paid = kind == Kind::Elsewhere || self.choices.below(Of::Gateway, 2) == 0;
        let amount = if kind == Kind::Older && self.choices.below(Of::Gateway, 3) == 2 { amount + 7 } else { amount };
        self.make(n, amount, if paid { Course::Paid } else { Course::Failed });
        let made_ms = self.gateway_ms() - age_ms;
        let order = self.order(n);
        (order.kind, order.made_ms, order.visible_at) = (kind, made_ms, 0);
        if kind == Kind::Older {
            order.paid_on -= 1;
        }
    }

    /// How an order refuses to be given back, now and for ever.
    fn tempers(&mut self) -> (Temper, Temper) {
        self.met("gateway: an order that no cancel is for");
        let cancels = self.choices.one_of(
            Of::Gateway,
            &[Temper::ByTable, Temper::ByTable, Temper::UnheardOf, Temper::Request, Temper::Error],
        );
        let refunding = self.choices.one_of(
            Of::Gateway,
            &[
                Temper::Ordinary,
                Temper::Ordinary,
                Temper::Ordinary,
                Temper::ByTable,
                Temper::ByTable,
                Temper::UnheardOf,
                Temper::Request,
                Temper::Error,
                Temper::Conflict,
                Temper::OtherNumber,
            ],
        );
        (cancels, refunding)
    }
}
