//! A stop: one end for each action, and nothing afterwards.

use super::*;

#[test]
fn a_stop_breaks_off_what_is_under_way_and_each_action_has_one_end() {
    let mut desk = Desk::new();
    let (sleeping, sending) = (desk.pays("a"), {
        desk.is_in_progress("a");
        desk.pays("b")
    });
    desk.feed(Input::Stop);
    assert_eq!(desk.finals(sleeping), [Verdict::CLOSED]);
    assert!(!desk.ended && desk.wants(|effect| matches!(effect, Effect::Interrupt(_))));
    desk.lose(PAY);
    assert_eq!(desk.finals(sending), [Verdict::CLOSED]);
    assert!(desk.ended);
    let late = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("c")));
    assert_eq!(desk.status(late), UPAY_E_CLOSED);
}

#[test]
fn an_answer_that_came_before_the_stop_broke_it_off_counts_still() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    desk.feed(Input::Stop);
    desk.answer(PAY, &said("a", "PAY_SUCCESS", "PAID"));
    assert!(!desk.ended);
    desk.writes(Ok(()));
    assert_eq!(desk.finals(pay), [PAID]);
    assert!(desk.ended);
}

#[test]
fn a_call_that_meets_a_stop_begins_and_ends_or_does_neither() {
    let mut desk = Desk::new();
    let looked_up = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a")));
    desk.feed(Input::Stop);
    desk.finds(None);
    assert_eq!((desk.status(looked_up), desk.ended), (UPAY_E_CLOSED, true));

    let mut desk = Desk::new();
    let recorded = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a")));
    desk.finds(None);
    desk.feed(Input::Stop);
    desk.writes(Ok(()));
    assert_eq!((desk.status(recorded), desk.finals(recorded)), (UPAY_OK, vec![Verdict::CLOSED]));
    assert!(desk.ended && !desk.wants_send());
}

#[test]
fn a_stop_during_a_check_in_ends_it_and_what_waits_for_it() {
    let mut desk = Desk::with(|config| {
        config.auto_checkin = true;
        config.device_id = Some("d".into());
    });
    let pay = desk.pays("a");
    desk.writes_keys();
    let check_in = desk.call(HostCall::CheckIn { until: None });
    desk.feed(Input::Stop);
    assert_eq!(desk.finals(pay), [Verdict::CLOSED]);
    desk.lose(CHECK_IN);
    assert_eq!(desk.status(check_in), UPAY_E_INTERRUPTED);
    assert!(desk.ended);
}

#[test]
fn a_watch_has_no_end_of_its_own_at_a_stop() {
    let mut desk = Desk::new();
    desk.pays("a");
    desk.answer(PAY, &said("a", "PAY_FAIL_ERROR", "PAY_ERROR"));
    desk.writes(Ok(()));
    desk.feed(Input::Stop);
    assert!(desk.ended && desk.watched().is_empty());
}
