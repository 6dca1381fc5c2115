//! /refund.

use super::*;
use crate::world::Tale;

impl World {
    pub(super) fn refund(&mut self, n: usize, request: &Request) -> Reply {
        let number = request.wire.refund_request_no.as_deref().unwrap_or_default();
        let (amount, exchange) = (request.wire.amount, request.wire.exchange);
        let Some(order) = self.gateway.order(n).filter(|order| order.is_visible(self.now)) else {
            return Reply::of(fail("UPAY_ORDER_NOT_EXISTS"));
        };
        // A copy of a request that was refused is refused. Another request under the same number, which left earlier, is not.
        if order.refund(number).is_some_and(|refund| refund.refused.contains(&exchange)) {
            return Reply::of(fail("SELLER_BALANCE_NOT_ENOUGH"));
        }
        match self.judge_refund(n, number, amount, request) {
            Ok(reply) => reply,
            Err(reply) => {
                let refunds = &mut self.order(n).refunds;
                match refunds.iter_mut().find(|refund| *refund.number == *number) {
                    Some(refund) => refund.refused.push(exchange),
                    None => refunds.push(Refund {
                        number: number.into(),
                        amount,
                        way: Way::Refused,
                        stuck: false,
                        sure: false,
                        refused: vec![exchange],
                    }),
                }
                reply
            }
        }
    }

    /// `Err`: nothing was done.
    fn judge_refund(&mut self, n: usize, number: &str, amount: u64, request: &Request) -> Result<Reply, Reply> {
        let order = self.order(n);
        let earlier = order.refund(number).filter(|refund| !matches!(refund.way, Way::Failed | Way::Refused));
        if let Some(refund) = earlier {
            if refund.amount != amount {
                return Ok(Reply::of(fail("REFUND_REQUEST_CONFLICT")));
            }
            let (way, sure) = (refund.way, refund.sure);
            let story = self.choices.below(Of::Gateway, 3);
            self.met("gateway: the same refund again");
            return Ok(Reply::of(match (way, story) {
                (Way::Done, 0) => fail("UPAY_REFUND_ORDER_NOOP"),
                (Way::Done, 1) => fail("REFUND_REQUEST_CONFLICT"),
                (Way::Done, _) => self.about(n, "REFUND_SUCCESS"),
                (Way::Moving, 0) if sure => fail("REFUND_REQUEST_CONFLICT"),
                (Way::Moving, _) => self.about(n, "REFUND_IN_PROGRESS"),
                _ => self.about(n, "REFUND_ERROR"),
            }));
        }
        if order.status != Status::Paid {
            self.met("gateway: no order to refund");
            return Err(Reply::of(fail("UPAY_REFUND_INVALID_ORDER_STATE")));
        }
        let is_waiting = |refund: &&Refund| matches!(refund.way, Way::Moving | Way::Error);
        let waiting: u64 = order.refunds.iter().filter(is_waiting).map(|refund| refund.amount).sum();
        if order.net() < amount + waiting {
            self.met("gateway: not enough left to refund");
            return Err(Reply::of(fail("REFUNDABLE_AMOUNT_NOT_ENOUGH")));
        }
        match order.refunding {
            Temper::Ordinary => self.new_refund(n, number, amount, request),
            temper => self.refuse_refund(n, temper),
        }
    }

    /// For good, whatever the words.
    fn refuse_refund(&mut self, n: usize, temper: Temper) -> Result<Reply, Reply> {
        match temper {
            Temper::UnheardOf => {
                self.met("gateway: a refund refused for good with an unheard-of code");
                Err(Reply::of(fail("A_CODE_OF_NEXT_YEAR")))
            }
            Temper::Request => {
                self.met("gateway: a refund refused for good with 400");
                Err(Reply::Ready(400, top("400", "INVALID_PARAMS")))
            }
            Temper::Error => {
                self.met("gateway: a refund refused for good with REFUND_ERROR");
                Err(Reply::of(self.about(n, "REFUND_ERROR")))
            }
            Temper::Conflict => {
                self.met("gateway: a conflict with a refund that was never made");
                Err(Reply::of(fail("REFUND_REQUEST_CONFLICT")))
            }
            Temper::OtherNumber => {
                self.met("gateway: success of another refund");
                let refund = Some(("refund-of-another", "SUCCESS"));
                Err(Reply::of(self.about_with(n, "REFUND_SUCCESS", &Twist { refund, ..Twist::default() })))
            }
            _ => Err(Reply::of(fail("UPAY_TCP_ORDER_NOT_REFUNDABLE"))),
        }
    }

    fn new_refund(&mut self, n: usize, number: &str, amount: u64, request: &Request) -> Result<Reply, Reply> {
        let odd = self.levels.gateway;
        let weights = [1000, 100, 50, odd, odd, odd / 2, odd, odd, odd / 2, odd, odd / 2, odd / 2];
        let later = self.choices.between(Of::Customer, 200, 120_000);
        let later = self.not_later_than(request, later);
        let done = |world: &mut Self| world.refunds(n, number, amount, Way::Done, 0, None);
        Ok(match self.story(Tale::Refund, &weights) {
            0 => {
                self.met("gateway: refunded");
                done(self);
                Reply::of(self.about(n, "REFUND_SUCCESS"))
            }
            1 => {
                self.met("gateway: REFUND_IN_PROGRESS, then refunded");
                self.refunds(n, number, amount, Way::Moving, later, Some(true));
                Reply::of(self.about(n, "REFUND_IN_PROGRESS"))
            }
            2 => {
                self.met("gateway: REFUND_IN_PROGRESS, and it comes to nothing");
                self.refunds(n, number, amount, Way::Moving, later, Some(false));
                Reply::of(self.about(n, "REFUND_IN_PROGRESS"))
            }
            3 => {
                self.met("gateway: REFUND_ERROR");
                let ends = self.choices.one_of(Of::Gateway, &[Some(true), Some(false), None]);
                self.refunds(n, number, amount, Way::Error, later, ends);
                Reply::of(self.about(n, "REFUND_ERROR"))
            }
            4 => {
                self.met("gateway: a refund refused");
                return Err(Reply::of(fail("SELLER_BALANCE_NOT_ENOUGH")));
            }
            5 => {
                self.met("gateway: a refund refused for good");
                self.order(n).refunding = Temper::ByTable;
                return Err(Reply::of(fail("UPAY_TCP_ORDER_NOT_REFUNDABLE")));
            }
            6 => {
                self.met("gateway: a refund answered with 500");
                if self.choices.below(Of::Gateway, 2) == 0 {
                    done(self);
                }
                Reply::of(top("500", "EXTERNAL_SERVICE_EXCEPTION"))
            }
            7 => {
                self.met("gateway: REFUND_SUCCESS without the order");
                done(self);
                Reply::of(envelope("REFUND_SUCCESS", None))
            }
            8 => {
                self.met("gateway: a refund refused with 400");
                return Err(Reply::Ready(400, top("400", "INVALID_PARAMS")));
            }
            9 => {
                self.met("gateway: a refund answered with an unheard-of code");
                if self.choices.below(Of::Gateway, 2) == 0 {
                    done(self);
                }
                Reply::of(self.about(n, "A_RESULT_OF_NEXT_YEAR"))
            }
            10 => {
                self.met("gateway: a refund answered with 500, and carried out later");
                self.refunds(n, number, amount, Way::Moving, later, Some(true));
                Reply::of(top("500", "EXTERNAL_SERVICE_EXCEPTION"))
            }
            _ => {
                self.met("gateway: success of another refund, and this one done");
                done(self);
                let refund = Some(("refund-of-another", "SUCCESS"));
                Reply::of(self.about_with(n, "REFUND_SUCCESS", &Twist { refund, ..Twist::default() }))
            }
        })
    }

    /// `ends`: done, or come to nothing, or never.
    fn refunds(&mut self, n: usize, number: &str, amount: u64, way: Way, after_ms: u64, ends: Option<bool>) {
        let order = self.order(n);
        let stuck = way == Way::Error && ends.is_none();
        let refund =
            Refund { number: number.into(), amount, way, stuck, sure: ends == Some(true), refused: Vec::new() };
        let at = match order.refunds.iter().position(|other| other.number == refund.number) {
            Some(at) => {
                let refused = std::mem::take(&mut order.refunds[at].refused);
                order.refunds[at] = Refund { refused, ..refund };
                at
            }
            None => {
                order.refunds.push(refund);
                order.refunds.len() - 1
            }
        };
        if way == Way::Done {
            order.returned += amount;
        }
        match ends {
            Some(true) => self.later(n, after_ms, Step::RefundDone(at)),
            Some(false) => self.later(n, after_ms, Step::RefundFails(at)),
            None => {}
        }
    }
}
