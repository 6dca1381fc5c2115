//! /query.

use super::*;
use crate::world::Tale;

impl World {
    pub(super) fn query(&mut self, n: usize, refund_request_no: Option<&str>) -> Reply {
        let odd = self.levels.gateway;
        let weights = [1000, odd, odd / 2, odd, odd, odd, odd, odd];
        let story = self.story(Tale::Query, &weights);
        match story {
            1 => {
                self.met("gateway: a query answered with 500");
                return Reply::of(top("500", "UNKNOWN_SYSTEM_ERROR"));
            }
            2 => {
                self.met("gateway: a query refused with 400");
                let code = self.choices.one_of(Of::Gateway, &REQUEST_ERRORS[..3]);
                return Reply::Ready(400, top("400", code));
            }
            3 => {
                self.met("gateway: a query answered with an unheard-of code");
                return Reply::of(match self.choices.below(Of::Gateway, 2) {
                    0 if self.sees(n) => self.about(n, "A_RESULT_OF_NEXT_YEAR"),
                    _ => envelope("A_RESULT_OF_NEXT_YEAR", Some("null")),
                });
            }
            4 => {
                self.met("gateway: a query answered with TRADE_NOT_EXIST");
                return Reply::of(fail("TRADE_NOT_EXIST"));
            }
            _ => {}
        }
        if !self.sees(n) {
            self.met("gateway: no such order");
            return Reply::of(fail(self.choices.one_of(Of::Gateway, NOT_EXISTS)));
        }
        let mut twist = Twist::default();
        match story {
            5 => {
                self.met("gateway: an order_status that says nothing");
                let status = self.choices.one_of(Of::Gateway, &["INVALID_STATUS_CODE", "BRAND_NEW", "PAY_ERROR", ""]);
                twist.order_status = Some(status);
            }
            6 => {
                self.met("gateway: a reply that lacks a field");
                let fields = ["total_amount", "client_sn", "order_status", "terminal_sn", "sn", "ctime"];
                twist.lacks = self.choices.one_of(Of::Gateway, &fields);
            }
            7 => {
                self.met("gateway: a reply with numbers for strings");
                twist.numbers = true;
            }
            _ => {}
        }
        let way = refund_request_no.and_then(|number| Some((number, self.gateway.order(n)?.refund(number)?.way)));
        if let Some((number, way)) = way.filter(|(_, way)| *way != Way::Refused) {
            if self.choices.below(Of::Gateway, 2) == 0 {
                let status = match way {
                    Way::Moving => "IN_PROG",
                    Way::Done => "SUCCESS",
                    Way::Failed | Way::Refused => "FAIL_CANCELED",
                    Way::Error => "REFUND_ERROR",
                };
                twist.refund = Some((number, status));
            }
        }
        Reply::of(self.about_with(n, "SUCCESS", &twist))
    }
}
