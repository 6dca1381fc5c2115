//! The keys: a refused signature is tried again under another key, and a payment never.

use super::*;

fn two_keys() -> Desk {
    let mut desk = Desk::new();
    desk.session.keys.add("renewed");
    desk
}

#[test]
fn a_till_that_only_pays_finds_the_key_that_is_accepted_by_a_query() {
    let mut desk = two_keys();
    let pay = desk.pays("a");
    desk.answer(PAY, &refused("ILLEGAL_SIGN"));
    let (exchange, request) = desk.sent(QUERY);
    assert_eq!(request.terminal_key, "newest");
    desk.writes(Ok(()));
    assert_eq!(desk.finals(pay), [Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_SIGN)]);
    desk.feed(Input::Answered(exchange, Reply::read(200, fail("UPAY_ORDER_NOT_EXISTS").as_bytes())));
    desk.writes_keys();
    desk.pays("b");
    let (_, request) = desk.sent(PAY);
    assert_eq!(request.terminal_key, "newest");
}

#[test]
fn a_query_whose_signature_is_refused_tries_every_key_also_one_that_came_meanwhile() {
    let mut desk = two_keys();
    desk.pays("a");
    desk.is_in_progress("a");
    desk.passes(2_000);
    let (exchange, _) = desk.sent(QUERY);
    desk.session.keys.add("of-another-day");
    desk.feed(Input::Answered(exchange, Reply::read(200, refused("ILLEGAL_SIGN").as_bytes())));
    let (exchange, request) = desk.sent(QUERY);
    assert_eq!(request.terminal_key, "of-another-day");
    desk.feed(Input::Answered(exchange, Reply::read(200, refused("ILLEGAL_SIGN").as_bytes())));
    assert_eq!(desk.sent(QUERY).1.terminal_key, "newest");
}

#[test]
fn a_refused_signature_of_a_payment_is_never_a_second_payment() {
    let mut desk = two_keys();
    desk.pays("a");
    desk.answer(PAY, &refused("ILLEGAL_SIGN"));
    assert!(!desk.wants(|effect| matches!(effect, Effect::Send(_, request) if request.path() == PAY)));
}
