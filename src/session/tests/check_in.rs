//! The check-in: once a day, never beside a payment, and never a second lost reply by the library's own doing.

use super::*;

const RENEWED: &str = r#"{"result_code":"200","biz_response":{"terminal_sn":"t","terminal_key":"renewed"}}"#;

fn desk() -> Desk {
    Desk::with(|config| {
        config.auto_checkin = true;
        config.device_id = Some("d".into());
    })
}

#[test]
fn the_first_payment_of_a_day_waits_for_the_check_in_and_is_signed_with_its_key() {
    let mut desk = desk();
    desk.pays("a");
    desk.writes_keys();
    let (exchange, request) = desk.sent(CHECK_IN);
    assert_eq!(request.terminal_key, "newest");
    assert!(!desk.wants_send(), "the payment waits");
    desk.feed(Input::Answered(exchange, Reply::read(200, RENEWED.as_bytes())));
    assert!(!desk.wants_send(), "the new key is on disk before it is used");
    desk.writes_keys();
    assert_eq!(desk.sent(PAY).1.terminal_key, "renewed");
}

#[test]
fn a_lost_reply_is_not_asked_for_again_before_the_next_day_and_then_after_an_answer_alone() {
    const DAY_MS: Millis = 86_400_000;
    let mut desk = desk();
    desk.pays("a");
    desk.writes_keys();
    desk.lose(CHECK_IN);
    desk.answer(PAY, &said("a", "PAY_SUCCESS", "PAID"));
    desk.writes(Ok(()));
    assert!(!desk.wants_send(), "not on the same day");
    desk.now += DAY_MS;
    desk.pays("b");
    let (exchange, request) = desk.sent(PAY);
    assert_eq!(request.terminal_key, "newest", "the held key is the previous one now");
    desk.feed(Input::Answered(exchange, Reply::read(200, said("b", "PAY_SUCCESS", "PAID").as_bytes())));
    desk.writes(Ok(()));
    desk.writes_keys();
    desk.sent(CHECK_IN);
}

#[test]
fn a_check_in_is_not_begun_beside_a_payment() {
    let mut desk = Desk::with(|config| config.device_id = Some("d".into()));
    desk.pays("a");
    let check_in = desk.call(HostCall::CheckIn { until: None });
    assert_eq!(desk.status(check_in), UPAY_E_STATE);
}

#[test]
fn a_call_joins_the_check_in_that_is_under_way_and_waits_no_longer_than_it_wants() {
    let mut desk = desk();
    desk.pays("a");
    desk.writes_keys();
    let patient = desk.call(HostCall::CheckIn { until: None });
    let hasty = desk.call(HostCall::CheckIn { until: Some(desk.now + 500) });
    desk.passes(500);
    assert_eq!(desk.status(hasty), UPAY_E_TIMEOUT);
    desk.answer(CHECK_IN, RENEWED);
    desk.writes_keys();
    assert_eq!(desk.status(patient), UPAY_OK);
}

#[test]
fn a_wrong_calendar_does_not_bring_about_a_second_lost_check_in_on_one_day() {
    let mut desk = desk();
    desk.pays("a");
    desk.writes_keys();
    desk.lose(CHECK_IN);
    // The answer to the payment tells another year than this machine's calendar.
    let (exchange, _) = desk.sent(PAY);
    let reply = Reply::read(200, said("a", "PAY_SUCCESS", "PAID").as_bytes()).unwrap();
    desk.feed(Input::Answered(exchange, Ok(Reply { date_ms: Some(1_900_000_000_000), ..reply })));
    desk.writes(Ok(()));
    desk.writes_keys();
    assert!(!desk.wants_send());
}
