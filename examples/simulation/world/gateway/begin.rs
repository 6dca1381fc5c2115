//! /pay and /precreate.

use super::text::fail_as;
use super::*;
use crate::world::Tale;

const PLAIN: &[&str] = &[
    "INSUFFICIENT_FUND",
    "EXPIRED_BARCODE",
    "INVALID_BARCODE",
    "TRADE_FAILED",
    "UPAY_STORE_OVER_DAILY_LIMIT",
    "A_CODE_OF_NEXT_YEAR",
];
const UNHEARD_OF: &[&str] = &["A_RESULT_OF_NEXT_YEAR", "PAY_SUCCESS_MAYBE", "ERROR"];

impl World {
    pub(super) fn begin_order(&mut self, precreate: bool, n: usize, amount: u64) -> (Reply, u64) {
        if let Some((_, http_status, body)) = self.gateway.refused.iter().find(|(order, ..)| *order == n) {
            return (Reply::Ready(*http_status, body.clone()), 0);
        }
        if let Some(order) = self.gateway.order(n) {
            if order.kind == Kind::Older || self.choices.chance(Of::Gateway, 500) {
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
            odd,
            odd / 2,
        ];
        match self.story(Tale::Begin, &weights) {
            story @ 0..=6 => self.ordinary_begin(story, precreate, n, amount),
            story => self.odd_begin(story, precreate, n, amount),
        }
    }

    fn ordinary_begin(&mut self, story: usize, precreate: bool, n: usize, amount: u64) -> (Reply, u64) {
        match story {
            // For a precreate: the customer scans and pays within a moment, or some.
            0 if precreate => {
                self.met("gateway: a precreated order is paid");
                let pays_after = self.choices.between(Of::Customer, 1_000, 60_000);
                self.make(n, amount, Course::Pays(pays_after));
                (Reply::ByState, 0)
            }
            0 => {
                self.met("gateway: paid at once");
                self.make(n, amount, Course::Paid);
                (Reply::ByState, 0)
            }
            1 if !precreate => {
                self.met("gateway: /pay is held while the customer types");
                let held = self.choices.between(Of::Customer, 500, 35_000);
                let typed = self.choices.between(Of::Customer, 0, 50_000);
                self.make(n, amount, Course::Pays(typed));
                (Reply::ByState, held)
            }
            1 | 2 => {
                self.met("gateway: paid after a while");
                let pays_after = self.choices.between(Of::Customer, 500, 200_000);
                self.make(n, amount, Course::Pays(pays_after));
                (Reply::ByState, 0)
            }
            3 => {
                self.met("gateway: the customer walks away");
                self.make(n, amount, Course::Open);
                (Reply::ByState, 0)
            }
            4 => {
                self.met("gateway: the payment fails after a while");
                let fails_after = self.choices.between(Of::Customer, 500, 200_000);
                self.make(n, amount, Course::Fails(fails_after));
                (Reply::ByState, 0)
            }
            5 => {
                self.met("gateway: FAIL, nothing happened");
                let code = self.choices.one_of(Of::Gateway, PLAIN);
                self.refuse(n, 200, fail(code))
            }
            _ => {
                self.met("gateway: PAY_FAIL");
                self.make(n, amount, Course::Failed);
                match precreate {
                    true => (Reply::of(fail_as("PRECREATE_FAIL", "TRADE_FAILED")), 0),
                    false => (Reply::ByState, 0),
                }
            }
        }
    }

    fn odd_begin(&mut self, story: usize, precreate: bool, n: usize, amount: u64) -> (Reply, u64) {
        let ready = |body| (Reply::of(body), 0);
        match story {
            7 => {
                self.met("gateway: PAY_FAIL_ERROR");
                let course = self.error_course();
                self.make(n, amount, course);
                ready(self.about(n, if precreate { "PRECREATE_FAIL_ERROR" } else { "PAY_FAIL_ERROR" }))
            }
            8 => {
                self.met("gateway: PAY_FAIL_IN_PROGRESS");
                let course = self.any_course();
                let course = if course == Course::Nothing { Course::Failed } else { course };
                self.make(n, amount, course);
                ready(self.about(n, if precreate { "PRECREATE_FAIL_IN_PROGRESS" } else { "PAY_FAIL_IN_PROGRESS" }))
            }
            9 => {
                self.met("gateway: /pay answered with 500");
                self.any_order(n, amount);
                let code = self.choices.one_of(Of::Gateway, SYSTEM_ERRORS);
                let http_status = self.choices.one_of(Of::Gateway, &[200, 500, 503]);
                (Reply::Ready(http_status, top("500", code)), 0)
            }
            10 => {
                self.met("gateway: /pay refused with 400");
                let code = self.choices.one_of(Of::Gateway, REQUEST_ERRORS);
                let http_status = self.choices.one_of(Of::Gateway, &[200, 400]);
                self.refuse(n, http_status, top("400", code))
            }
            11 => {
                self.met("gateway: an unheard-of result_code");
                self.any_order(n, amount);
                let code = self.choices.one_of(Of::Gateway, UNHEARD_OF);
                ready(self.about(n, code))
            }
            12 => {
                self.met("gateway: success that its own status contradicts");
                let pays_after = self.choices.between(Of::Customer, 2_000, 100_000);
                let course = self.choices.one_of(Of::Gateway, &[Course::Pays(pays_after), Course::Fails(pays_after)]);
                self.make(n, amount, course);
                ready(self.about(n, if precreate { "PRECREATE_SUCCESS" } else { "PAY_SUCCESS" }))
            }
            13 => {
                self.met("gateway: an order of another amount has the number");
                let course = self.choices.one_of(Of::Gateway, &[Course::Paid, Course::Open]);
                self.make(n, amount + 7, course);
                self.order(n).kind = Kind::OtherAmount;
                match self.choices.below(Of::Gateway, 2) {
                    0 => ready(fail("CLIENT_SN_CONFLICT")),
                    _ => (Reply::ByState, 0),
                }
            }
            14 => {
                self.met("gateway: FAIL with a code that speaks of an order");
                self.any_order(n, amount);
                let codes = ["CLIENT_SN_CONFLICT", "TRADE_HAS_SUCCESS", "TRADE_NOT_EXIST", "UPAY_ORDER_NOT_EXISTS"];
                ready(fail(self.choices.one_of(Of::Gateway, &codes)))
            }
            15 => {
                self.met("gateway: success without the order");
                self.make(n, amount, Course::Paid);
                ready(envelope("PAY_SUCCESS", Some(r#"{"order_status":"PAID"}"#)))
            }
            16 => {
                self.met("gateway: a code in the wrong layer");
                self.any_order(n, amount);
                match self.choices.below(Of::Gateway, 4) {
                    0 => (Reply::Ready(400, top("400", "CLIENT_SN_CONFLICT")), 0),
                    1 => (Reply::Ready(400, top("400", "TRADE_HAS_SUCCESS")), 0),
                    2 => ready(fail("UNKNOWN_SYSTEM_ERROR")),
                    _ => ready(fail_as("PAY_FAIL", "CLIENT_SN_CONFLICT")),
                }
            }
            _ => {
                self.met("gateway: not found at first, and of another amount later");
                self.make(n, amount + 7, Course::Paid);
                let after = self.choices.between(Of::Gateway, 20_000, 200_000);
                let visible_at = self.now + after;
                let order = self.order(n);
                (order.kind, order.visible_at) = (Kind::OtherAmount, visible_at);
                (Reply::Ready(500, top("500", "UNKNOWN_SYSTEM_ERROR")), 0)
            }
        }
    }

    fn refuse(&mut self, n: usize, http_status: u16, body: Rc<str>) -> (Reply, u64) {
        self.gateway.refused.push((n, http_status, body.clone()));
        (Reply::Ready(http_status, body), 0)
    }

    fn any_order(&mut self, n: usize, amount: u64) {
        let course = self.any_course();
        if course != Course::Nothing {
            self.make(n, amount, course);
        }
    }

    /// The answer to /pay or /precreate, by what the order is now.
    pub(super) fn pay_by_state(&mut self, precreate: bool, n: usize) -> Rc<str> {
        let Some(order) = self.gateway.order(n) else { return fail("UPAY_ORDER_NOT_EXISTS") };
        if precreate && order.status == Status::Created {
            return self.about_with(n, "PRECREATE_SUCCESS", &Twist { qr_code: true, ..Twist::default() });
        }
        let code = order.pay_code();
        self.about(n, code)
    }
}
