//! The refunds of an order: what each is now, and what the clock will make of it.

use super::order::{Money, Order, Status};
use super::refund_story::{RefundCourse, RefundStory};
use super::row::Chosen;

/// One refund_request_no of one order.
#[derive(Clone, Debug)]
pub struct Refund {
    pub refund_request_no: String,
    pub client_tsn: Option<String>,
    pub operator: String,
    pub amount_fen: u64,
    pub story: Chosen<RefundStory>,
    /// Requests with this number, the lost ones too.
    pub received: u32,
    /// Queries that were about it.
    pub queries: u32,
    /// How often it moved money. More than once would be a defect of this program.
    pub moved: u32,
    pub state: RefundState,
    pub finished_ms: Option<u64>,
    next: Option<(u64, RefundState)>,
}

/// How far a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// The gateway does not know of it: the request was lost, or refused.
    Absent,
    /// The request is still on its way.
    OnTheWay,
    InProgress,
    Done,
    Failed,
    Error,
}

impl RefundState {
    /// `status`: that of the refund's transaction.
    pub fn transaction_status(self) -> &'static str {
        match self {
            RefundState::Absent | RefundState::OnTheWay | RefundState::InProgress => "IN_PROG",
            RefundState::Done => "SUCCESS",
            RefundState::Failed => "FAIL_CANCELED",
            RefundState::Error => "REFUND_ERROR",
        }
    }

    pub fn is_known(self) -> bool {
        !matches!(self, RefundState::Absent | RefundState::OnTheWay)
    }
}

impl Refund {
    pub fn new(refund_request_no: &str, amount_fen: u64, story: Chosen<RefundStory>) -> Refund {
        Refund {
            refund_request_no: refund_request_no.to_owned(),
            client_tsn: None,
            operator: String::new(),
            amount_fen,
            story,
            received: 0,
            queries: 0,
            moved: 0,
            state: RefundState::Absent,
            finished_ms: None,
            next: None,
        }
    }

    pub fn next_change_ms(&self) -> Option<u64> {
        self.next.map(|(at_ms, _)| at_ms)
    }

    fn turn(&mut self, state: RefundState, at_ms: u64) {
        self.next = None;
        self.state = state;
        self.finished_ms = if state == RefundState::InProgress { None } else { Some(at_ms) };
        if state == RefundState::Done {
            self.moved += 1;
        }
    }
}

impl Order {
    /// The refund of that number, if a request for it was ever received.
    pub fn refund(&self, refund_request_no: &str) -> Option<usize> {
        self.refunds.iter().position(|refund| refund.refund_request_no == refund_request_no)
    }

    /// What the gateway has given back.
    pub fn refunded_fen(&self) -> u64 {
        self.refunds_in(|state| state == RefundState::Done)
    }

    /// What has come back to the wallet, whether or not the gateway knows.
    pub fn moved_back_fen(&self) -> u64 {
        self.refunds.iter().map(|refund| refund.amount_fen * u64::from(refund.moved)).sum()
    }

    /// The request has arrived: does what its course says, or says why not.
    pub fn carry_out(&mut self, index: usize, course: RefundCourse, now_ms: u64) -> Result<(), &'static str> {
        if !matches!(self.status, Status::Paid | Status::PartialRefunded | Status::Refunded) {
            return Err("UPAY_REFUND_INVALID_ORDER_STATE");
        }
        if self.refunds[index].amount_fen > self.net_amount() {
            return Err("REFUNDABLE_AMOUNT_NOT_ENOUGH");
        }
        let refund = &mut self.refunds[index];
        let later_ms = now_ms + refund.story.time_ms();
        let (first, next) = match course {
            RefundCourse::Done => (RefundState::Done, None),
            RefundCourse::Fails => (RefundState::Failed, None),
            RefundCourse::InProgressThenDone => (RefundState::InProgress, Some(RefundState::Done)),
            RefundCourse::InProgressThenFails => (RefundState::InProgress, Some(RefundState::Failed)),
            RefundCourse::InProgressForEver => (RefundState::InProgress, None),
            RefundCourse::ErrorThenDone => (RefundState::Error, Some(RefundState::Done)),
            RefundCourse::ErrorForEver | RefundCourse::ErrorForEverMoved => (RefundState::Error, None),
            RefundCourse::Late => (RefundState::OnTheWay, Some(RefundState::Done)),
            RefundCourse::Lost | RefundCourse::Refused => (RefundState::Absent, None),
        };
        refund.turn(first, now_ms);
        refund.next = next.map(|state| (later_ms, state));
        if course == RefundCourse::ErrorForEverMoved {
            refund.moved += 1;
        }
        self.restate(now_ms);
        self.catch_up_refunds(now_ms);
        Ok(())
    }

    /// Does all that is due to the refunds.
    pub fn catch_up_refunds(&mut self, now_ms: u64) {
        for index in 0..self.refunds.len() {
            let Some((at_ms, state)) = self.refunds[index].next.filter(|(at_ms, _)| *at_ms <= now_ms) else {
                continue;
            };
            self.refunds[index].next = None;
            if self.refunds[index].state == RefundState::OnTheWay {
                self.refunds[index].state = RefundState::Absent;
                // One that comes too late is refused, and nobody hears of it.
                let _ = self.carry_out(index, RefundCourse::Done, at_ms);
            } else {
                self.refunds[index].turn(state, at_ms);
            }
            self.restate(at_ms);
        }
    }

    fn refunds_in(&self, counts: impl Fn(RefundState) -> bool) -> u64 {
        self.refunds.iter().filter(|refund| counts(refund.state)).map(|refund| refund.amount_fen).sum()
    }

    /// Makes order_status what the refunds make of it.
    fn restate(&mut self, at_ms: u64) {
        let any = |state| self.refunds.iter().any(|refund| refund.state == state);
        if self.money != Money::Taken || !self.refunds.iter().any(|refund| refund.state.is_known()) {
            return;
        }
        self.status = match self.refunded_fen() {
            _ if any(RefundState::Error) => Status::RefundError,
            _ if any(RefundState::InProgress) => Status::RefundInProgress,
            0 => Status::Paid,
            fen if fen == self.total_amount => Status::Refunded,
            _ => Status::PartialRefunded,
        };
        self.finished_ms = if self.status == Status::RefundInProgress { None } else { Some(at_ms) };
    }
}
