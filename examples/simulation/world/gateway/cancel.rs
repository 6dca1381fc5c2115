//! /cancel and /revoke.

use super::*;
use crate::world::Tale;

impl World {
    pub(super) fn cancel(&mut self, n: usize, request: &Request) -> Reply {
        if !self.sees(n) {
            self.met("gateway: no such order to cancel");
            return Reply::of(fail(self.choices.one_of(Of::Gateway, NOT_EXISTS)));
        }
        let day = self.beijing_day();
        let order = self.order(n);
        match order.status {
            Status::Canceled | Status::PayCanceled => {
                self.met("gateway: cancelled before");
                return match self.choices.below(Of::Gateway, 2) {
                    0 => Reply::of(fail("UPAY_CANCEL_ORDER_NOOP")),
                    _ => Reply::of(self.about(n, "CANCEL_SUCCESS")),
                };
            }
            Status::CancelInProgress => return Reply::of(self.about(n, "CANCEL_IN_PROGRESS")),
            Status::CancelError => return Reply::of(self.about(n, "CANCEL_ERROR")),
            Status::Paid
                if order.returned > 0
                    || order.refunds.iter().any(|refund| !matches!(refund.way, Way::Failed | Way::Refused)) =>
            {
                return Reply::of(fail("UPAY_CANCEL_INVALID_ORDER_STATE"));
            }
            Status::Paid if order.paid_on != day && order.cancels == Temper::Ordinary => {
                order.cancels = Temper::ByTable;
                self.met("gateway: a cancel refused after midnight");
            }
            _ => {}
        }
        let exchange = request.wire.exchange;
        let order = self.order(n);
        if order.refused_cancels.contains(&exchange) {
            return Reply::of(fail("A_CODE_OF_NEXT_YEAR"));
        }
        match order.cancels {
            Temper::Ordinary => self.judge_cancel(n, request),
            temper => self.refuse_cancel(n, temper),
        }
    }

    /// For good, whatever the words.
    fn refuse_cancel(&mut self, n: usize, temper: Temper) -> Reply {
        self.is_left_open(n);
        match temper {
            Temper::UnheardOf => {
                self.met("gateway: a cancel refused for good with an unheard-of code");
                Reply::of(fail("A_CODE_OF_NEXT_YEAR"))
            }
            Temper::Request => {
                self.met("gateway: a cancel refused for good with 400");
                Reply::Ready(400, top("400", "INVALID_PARAMS"))
            }
            Temper::Error => {
                self.met("gateway: a cancel refused for good with CANCEL_ERROR");
                Reply::of(self.about(n, "CANCEL_ERROR"))
            }
            _ => Reply::of(fail("UPAY_CANCEL_INVALID_ORDER_STATE")),
        }
    }

    fn judge_cancel(&mut self, n: usize, request: &Request) -> Reply {
        let odd = self.levels.gateway;
        let weights = [1000, 100, 60, odd, odd, odd, odd, odd, odd / 2, odd, odd / 2];
        let most = self.choices.one_of(Of::Customer, &[120_000, 120_000, LATE_MS_MAX]);
        let later = self.choices.between(Of::Customer, 200, most);
        let later = self.not_later_than(request, later);
        match self.story(Tale::Cancel, &weights) {
            0 => {
                self.met("gateway: cancelled");
                self.cancelled(n);
                Reply::of(self.about(n, "CANCEL_SUCCESS"))
            }
            1 => {
                self.met("gateway: CANCEL_ABORT_SUCCESS");
                self.cancelled(n);
                Reply::of(envelope("CANCEL_ABORT_SUCCESS", None))
            }
            2 => {
                self.met("gateway: CANCEL_IN_PROGRESS, then cancelled");
                if later > 120_000 {
                    self.met("gateway: a cancel carried out minutes after its answer");
                }
                self.being_cancelled(n, Status::CancelInProgress, later, Some(Step::CancelDone));
                let code = self.choices.one_of(Of::Gateway, &["CANCEL_IN_PROGRESS", "CANCEL_ABORT_IN_PROGRESS"]);
                Reply::of(self.about(n, code))
            }
            3 => {
                self.met("gateway: CANCEL_IN_PROGRESS, and it comes to nothing");
                let paid = self.order(n).status == Status::Paid || self.choices.below(Of::Gateway, 2) == 0;
                self.being_cancelled(n, Status::CancelInProgress, later, Some(Step::CancelFails { paid }));
                Reply::of(self.about(n, "CANCEL_IN_PROGRESS"))
            }
            4 => {
                self.met("gateway: CANCEL_ERROR");
                let paid = self.order(n).status == Status::Paid;
                let ends = match self.choices.below(Of::Gateway, 3) {
                    0 => Some(Step::CancelDone),
                    1 => Some(Step::CancelFails { paid }),
                    _ => None,
                };
                self.order(n).stuck = ends.is_none();
                self.being_cancelled(n, Status::CancelError, later, ends);
                let code = self.choices.one_of(Of::Gateway, &["CANCEL_ERROR", "CANCEL_ABORT_ERROR"]);
                Reply::of(self.about(n, code))
            }
            5 => {
                self.met("gateway: a cancel refused for good");
                self.order(n).cancels = Temper::ByTable;
                self.is_left_open(n);
                let codes = ["UPAY_CANCEL_INVALID_ORDER_STATE", "UPAY_TCP_ORDER_NOT_REFUNDABLE"];
                Reply::of(fail(self.choices.one_of(Of::Gateway, &codes)))
            }
            6 => {
                self.met("gateway: a cancel answered with 500");
                if self.choices.below(Of::Gateway, 2) == 0 {
                    self.cancelled(n);
                }
                Reply::Ready(500, top("500", "UNKNOWN_SYSTEM_ERROR"))
            }
            7 => {
                self.met("gateway: a cancel refused with an unheard-of code");
                self.order(n).refused_cancels.push(request.wire.exchange);
                Reply::of(fail("A_CODE_OF_NEXT_YEAR"))
            }
            8 => {
                self.met("gateway: a cancel refused with 400");
                self.order(n).refused_cancels.push(request.wire.exchange);
                Reply::Ready(400, top("400", "INVALID_PARAMS"))
            }
            9 => {
                self.met("gateway: a cancel that its own status contradicts");
                let reply = self.about(n, "CANCEL_SUCCESS");
                if self.choices.below(Of::Gateway, 2) == 0 {
                    self.cancelled(n);
                }
                Reply::of(reply)
            }
            _ => {
                self.met("gateway: a cancel answered with 500, and carried out later");
                let looks_paid = self.order(n).status == Status::Paid;
                self.being_cancelled(n, Status::CancelInProgress, later, Some(Step::CancelDone));
                self.order(n).looks_paid = looks_paid;
                Reply::Ready(500, top("500", "UNKNOWN_SYSTEM_ERROR"))
            }
        }
    }

    /// What cannot be cancelled, and is not paid yet, is paid or given up soon.
    fn is_left_open(&mut self, n: usize) {
        let order = self.order(n);
        if order.status == Status::Created && !std::mem::replace(&mut order.ends_itself, true) {
            order.stamp += 1;
            let step = if self.choices.below(Of::Gateway, 2) == 0 { Step::Pays } else { Step::PayFails };
            let after = self.choices.between(Of::Customer, 200, 120_000);
            self.later(n, after, step);
        }
    }

    fn cancelled(&mut self, n: usize) {
        let order = self.order(n);
        order.stamp += 1;
        (order.status, order.returned, order.stuck) = (Status::Canceled, order.charged, false);
    }

    fn being_cancelled(&mut self, n: usize, status: Status, after_ms: u64, ends: Option<Step>) {
        let looks_paid = self.choices.below(Of::Gateway, 4) == 1;
        let order = self.order(n);
        order.looks_paid = looks_paid && order.status == Status::Paid;
        order.stamp += 1;
        order.status = status;
        if let Some(step) = ends {
            order.stuck = false;
            self.later(n, after_ms, step);
        }
    }
}
