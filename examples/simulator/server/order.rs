//! One order: what it is now, and what the clock will make of it.
//!
//! No thread waits for a customer. An order knows what is still to come and when, and catches up whenever somebody looks.
//! Its refunds are in `refunds.rs`.

use std::collections::VecDeque;

use super::refunds::Refund;
use super::scenario::Course;

/// An order's status, in the gateway's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Created,
    Paid,
    PayCanceled,
    PayError,
    Refunded,
    PartialRefunded,
    RefundInProgress,
    RefundError,
    Canceled,
    CancelInProgress,
    CancelError,
}

impl Status {
    /// `order_status`.
    pub fn order_status(self) -> &'static str {
        match self {
            Status::Created => "CREATED",
            Status::Paid => "PAID",
            Status::PayCanceled => "PAY_CANCELED",
            Status::PayError => "PAY_ERROR",
            Status::Refunded => "REFUNDED",
            Status::PartialRefunded => "PARTIAL_REFUNDED",
            Status::RefundInProgress => "REFUND_INPROGRESS",
            Status::RefundError => "REFUND_ERROR",
            Status::Canceled => "CANCELED",
            Status::CancelInProgress => "CANCEL_INPROGRESS",
            Status::CancelError => "CANCEL_ERROR",
        }
    }

    /// `status`: that of the last transaction of the order.
    pub fn transaction_status(self) -> &'static str {
        match self {
            Status::Created | Status::CancelInProgress | Status::RefundInProgress => "IN_PROG",
            Status::Paid | Status::Refunded | Status::PartialRefunded | Status::Canceled => "SUCCESS",
            Status::PayCanceled => "FAIL_CANCELED",
            Status::PayError => "FAIL_ERROR",
            Status::CancelError => "CANCEL_ERROR",
            Status::RefundError => "REFUND_ERROR",
        }
    }
}

/// Where the customer's money is, whatever the gateway believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Money {
    NotTaken,
    Taken,
    Returned,
}

/// Something that happens to an order at its time.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at_ms: u64,
    status: Status,
    money: Money,
}

/// An order that exists, or that is on its way.
#[derive(Clone, Debug)]
pub struct Order {
    /// Sixteen digits, the gateway's own number.
    pub sn: String,
    pub subject: String,
    pub operator: String,
    pub description: Option<String>,
    pub reflect: Option<String>,
    pub payway: String,
    pub sub_payway: String,
    pub total_amount: u64,
    /// What the customer scans, if this is a precreate's order; a wallet that does is turned away if it is spent.
    pub qr_code: Option<QrCode>,
    pub created_ms: u64,
    pub status: Status,
    pub money: Money,
    /// When it was paid, if it was.
    pub paid_ms: Option<u64>,
    /// When its last transaction ended, if it did.
    pub finished_ms: Option<u64>,
    pub refunds: Vec<Refund>,
    still_to_come: VecDeque<Turn>,
}

/// What the customer scans.
#[derive(Clone, Debug)]
pub struct QrCode {
    pub text: String,
    /// Whether a wallet can pay with it.
    pub good: bool,
}

impl Order {
    /// Sets an order on the way that its course tells. `None` for the courses that make no order.
    pub fn meet(mut self, course: Course, n_ms: u64) -> Option<Order> {
        use Money::{NotTaken, Returned, Taken};
        use Status::{Canceled, Created, Paid, PayCanceled, PayError, Refunded};
        if let Course::ArrivesPaid | Course::ArrivesCreated | Course::ArrivesUnpaid = course {
            self.created_ms += n_ms;
        }
        let now_ms = self.created_ms;
        let later_ms = now_ms + n_ms;
        let turns: &[(u64, Status, Money)] = match course {
            Course::Refused | Course::Lost => return None,
            Course::NeverPaid | Course::Unscannable | Course::ArrivesUnpaid => &[],
            Course::PaidAtOnce | Course::ArrivesPaid => &[(now_ms, Paid, Taken)],
            Course::PaidAfterN | Course::ArrivesCreated => &[(later_ms, Paid, Taken)],
            Course::FailsAtOnce => &[(now_ms, PayCanceled, NotTaken)],
            Course::FailsAfterN => &[(later_ms, PayCanceled, NotTaken)],
            Course::ErrorThenFails => &[(now_ms, PayError, NotTaken), (later_ms, PayCanceled, NotTaken)],
            Course::ErrorThenPaid => &[(now_ms, PayError, NotTaken), (later_ms, Paid, Taken)],
            Course::EndsInError => &[(later_ms, PayError, NotTaken)],
            Course::EndsInErrorCharged => &[(later_ms, PayError, Taken)],
            Course::RefundedAfterN => &[(later_ms, Paid, Taken), (later_ms, Refunded, Returned)],
            Course::CanceledAfterN => &[(later_ms, Canceled, NotTaken)],
        };
        if let (Course::Unscannable, Some(code)) = (course, &mut self.qr_code) {
            code.good = false;
        }
        self.still_to_come = turns.iter().map(|&(at_ms, status, money)| Turn { at_ms, status, money }).collect();
        debug_assert_eq!(self.status, Created);
        Some(self)
    }

    /// An order as a request makes it, before anything has happened.
    pub fn created(sn: String, total_amount: u64, created_ms: u64) -> Order {
        Order {
            sn,
            subject: String::new(),
            operator: String::new(),
            description: None,
            reflect: None,
            payway: String::new(),
            sub_payway: String::new(),
            total_amount,
            qr_code: None,
            created_ms,
            status: Status::Created,
            money: Money::NotTaken,
            paid_ms: None,
            finished_ms: None,
            refunds: Vec::new(),
            still_to_come: VecDeque::new(),
        }
    }

    /// Whether the gateway knows the order yet.
    pub fn arrived(&self, now_ms: u64) -> bool {
        self.created_ms <= now_ms
    }

    /// Does all that is due.
    pub fn catch_up(&mut self, now_ms: u64) {
        while let Some(turn) = self.still_to_come.front().copied().filter(|turn| turn.at_ms <= now_ms) {
            self.still_to_come.pop_front();
            self.turn(turn);
        }
        self.catch_up_refunds(now_ms);
    }

    /// What the customer's wallet is out of pocket now.
    pub fn charged_fen(&self) -> u64 {
        match self.money {
            Money::Taken => self.total_amount.saturating_sub(self.moved_back_fen()),
            Money::NotTaken | Money::Returned => 0,
        }
    }

    /// `net_amount`: what is left of the order, as far as the gateway knows.
    pub fn net_amount(&self) -> u64 {
        match self.status {
            Status::Canceled => 0,
            Status::Refunded if self.money == Money::Returned => 0,
            _ => self.total_amount - self.refunded_fen(),
        }
    }

    /// Does all that is still to come: the customer has been hurried.
    pub fn hasten(&mut self, now_ms: u64) {
        for turn in &mut self.still_to_come {
            turn.at_ms = turn.at_ms.min(now_ms);
        }
        self.catch_up(now_ms);
    }

    /// Makes the order something else now, and nothing more is to come.
    pub fn end_as(&mut self, status: Status, now_ms: u64) {
        let money = match (status, self.money) {
            (Status::Paid, _) => Money::Taken,
            (Status::Canceled, Money::Taken) => Money::Returned,
            (_, money) => money,
        };
        self.still_to_come.clear();
        self.turn(Turn { at_ms: now_ms, status, money });
    }

    /// Starts a cancel that ends as `last` at its time.
    pub fn cancel_slowly(&mut self, last: Status, now_ms: u64, at_ms: u64) {
        self.end_as(Status::CancelInProgress, now_ms);
        let money = if last == Status::Paid { Money::Taken } else { self.money };
        self.still_to_come.push_back(Turn { at_ms, status: last, money });
    }

    /// When the clock will next change something that can be seen.
    pub fn next_change_ms(&self, now_ms: u64) -> Option<u64> {
        if self.arrived(now_ms) {
            let refunds = self.refunds.iter().filter_map(Refund::next_change_ms);
            self.still_to_come.front().map(|turn| turn.at_ms).into_iter().chain(refunds).min()
        } else {
            Some(self.created_ms)
        }
    }

    fn turn(&mut self, turn: Turn) {
        self.status = turn.status;
        self.money = turn.money;
        match turn.status {
            Status::Created | Status::CancelInProgress | Status::RefundInProgress => self.finished_ms = None,
            Status::Paid => {
                self.paid_ms = Some(turn.at_ms);
                self.finished_ms = Some(turn.at_ms);
            }
            _ => self.finished_ms = Some(turn.at_ms),
        }
    }
}
