//! One order has one owner, by whichever number it is called, and nothing is sent twice.

use super::*;

#[test]
fn nothing_leaves_before_its_record_is_on_disk() {
    let mut desk = Desk::new();
    let pay = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a")));
    desk.finds(None);
    assert!(!desk.wants_send() && desk.finished.is_empty());
    desk.writes(Ok(()));
    assert_eq!(desk.status(pay), UPAY_OK);
    desk.is_in_progress("a");
    desk.cancels("a");
    assert!(!desk.wants_send(), "a cancel is recorded first");
    desk.writes(Ok(()));
    desk.sent(CANCEL);
}

#[test]
fn a_number_is_sent_once_while_it_is_under_way_and_after_it() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    let again = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a")));
    assert_eq!(desk.status(again), UPAY_E_DUPLICATE);
    desk.answer(PAY, &said("a", "PAY_SUCCESS", "PAID"));
    desk.writes(Ok(()));
    assert_eq!(desk.finals(pay), [PAID]);
    let again = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a")));
    assert_eq!(desk.status(again), UPAY_E_DUPLICATE);
    desk.feed(Input::Acknowledged(desk.token(pay)));
    desk.writes(Ok(()));
    let again = desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a")));
    desk.finds(Some(desk.record("a").clone()));
    assert_eq!(desk.status(again), UPAY_E_DUPLICATE);
    assert!(!desk.wants_send());
}

#[test]
fn two_calls_that_look_a_number_up_at_once_send_it_once() {
    let mut desk = Desk::new();
    let calls = [0, 1].map(|_| desk.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale("a"))));
    desk.finds(None);
    desk.finds(None);
    desk.writes(Ok(()));
    let mut statuses = calls.map(|id| desk.status(id));
    statuses.sort_unstable();
    assert_eq!(statuses, [UPAY_OK, UPAY_E_DUPLICATE]);
    desk.sent(PAY);
    assert!(!desk.wants_send());
}

#[test]
fn a_cancel_that_meets_a_verdict_being_written_waits_for_it_and_the_payment_stands() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    desk.answer(PAY, &said("a", "PAY_SUCCESS", "PAID"));
    let cancel = desk.cancels("a");
    assert!(desk.finished.iter().all(|(id, _)| *id != cancel), "it waits");
    desk.writes(Ok(()));
    assert_eq!((desk.finals(pay), desk.finals(cancel)), (vec![PAID], vec![STANDS]));
    assert!(!desk.wants_send());
}

#[test]
fn a_payment_stands_until_the_host_has_heard_of_it_and_can_be_cancelled_from_its_callback() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    desk.answer(PAY, &said("a", "PAY_SUCCESS", "PAID"));
    desk.writes(Ok(()));
    let cancel = desk.cancels("a");
    assert_eq!(desk.finals(cancel), [STANDS]);
    // The callback runs, and calls.
    let token = desk.token(pay);
    desk.feed(Input::Delivered(token.clone()));
    let cancel = desk.cancels("a");
    desk.writes(Ok(()));
    desk.feed(Input::Acknowledged(token));
    desk.answer(CANCEL, &said("a", "CANCEL_SUCCESS", "CANCELED"));
    desk.writes(Ok(()));
    assert_eq!(desk.finals(cancel), [Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK)]);
    assert_eq!(desk.record("a").told, Told::NotOwed);
}

#[test]
fn a_cancel_interrupts_the_payment_and_both_end_once() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    let cancel = desk.cancels("a");
    assert!(desk.wants(|effect| matches!(effect, Effect::Interrupt(_))));
    let second = desk.cancels("a");
    assert_eq!(desk.status(second), UPAY_E_STATE);
    desk.lose(PAY);
    desk.writes(Ok(()));
    desk.answer(CANCEL, &said("a", "CANCEL_SUCCESS", "CANCELED"));
    desk.writes(Ok(()));
    assert_eq!(desk.finals(pay), [CANCELLED]);
    assert_eq!(desk.finals(cancel), [Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK)]);
}

#[test]
fn a_cancel_by_the_gateways_number_is_a_cancel_of_the_payment_that_is_under_way() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    desk.is_in_progress("a");
    let mut by_sn = OrderArguments { client_sn: "made-here".into(), made: true, fields: Default::default() };
    by_sn.fields.insert("sn", "7a".into());
    let cancel = desk.call(HostCall::Cancel(by_sn));
    desk.writes(Ok(()));
    let (exchange, request) = desk.sent(CANCEL);
    assert!(String::from_utf8_lossy(&request.body).contains(r#""client_sn":"a""#));
    desk.feed(Input::Answered(exchange, Reply::read(200, said("a", "CANCEL_SUCCESS", "CANCELED").as_bytes())));
    desk.writes(Ok(()));
    assert_eq!((desk.finals(pay), desk.finals(cancel).len()), (vec![CANCELLED], 1));
}

#[test]
fn a_cancel_by_the_gateways_number_that_left_before_a_reply_told_it_is_not_forgotten() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    let mut by_sn = OrderArguments { client_sn: "made-here".into(), made: true, fields: Default::default() };
    by_sn.fields.insert("sn", "7a".into());
    let cancel = desk.call(HostCall::Cancel(by_sn));
    desk.finds(None);
    desk.finds(None);
    desk.writes(Ok(()));
    // The reply to the payment tells whose number that is, while the cancel is under way.
    desk.answer(PAY, &said("a", "PAY_SUCCESS", "PAID"));
    assert!(desk.finals(pay).is_empty(), "paid is not the last word");
    desk.answer(
        CANCEL,
        r#"{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"sn":"7a"}}}"#,
    );
    desk.writes(Ok(()));
    desk.writes(Ok(()));
    desk.answer(CANCEL, &fail("UPAY_CANCEL_ORDER_NOOP"));
    desk.writes(Ok(()));
    assert_eq!((desk.finals(pay), desk.finals(cancel)), (vec![CANCELLED], vec![PAID]));
}

#[test]
fn a_cancel_of_an_unknown_number_touches_no_later_sale_of_another_till() {
    let mut desk = Desk::new();
    let cancel = desk.cancels("b");
    desk.finds(None);
    desk.writes(Ok(()));
    for _ in 0..2 {
        desk.answer(CANCEL, &fail("UPAY_ORDER_NOT_EXISTS"));
        desk.passes(6_000);
    }
    desk.writes(Ok(()));
    assert_eq!(desk.finals(cancel), [Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_NO_ORDER)]);
    assert_eq!((desk.session.unfinished(), desk.session.due()), (0, None));
}

#[test]
fn a_watched_order_is_taken_over_by_a_cancel_once_its_query_has_ended() {
    let mut desk = Desk::new();
    let pay = desk.pays("a");
    desk.answer(PAY, &said("a", "PAY_FAIL_ERROR", "PAY_ERROR"));
    desk.writes(Ok(()));
    assert_eq!(desk.finals(pay), [UNKNOWN]);
    desk.passes(30_000);
    let cancel = desk.cancels("a");
    assert!(desk.wants(|effect| matches!(effect, Effect::Interrupt(_))));
    desk.lose(QUERY);
    desk.writes(Ok(()));
    desk.answer(CANCEL, &said("a", "CANCEL_SUCCESS", "CANCELED"));
    desk.writes(Ok(()));
    assert_eq!(desk.finals(cancel), [Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK)]);
    assert_eq!((desk.watched().len(), desk.session.unfinished()), (0, 0));
}

#[test]
fn a_refused_cancel_of_the_hosts_leaves_a_failed_order_watched_until_its_money_is_back() {
    let mut desk = Desk::new();
    desk.pays("a");
    desk.lose(PAY);
    for _ in 0..5 {
        if desk.wants(|effect| matches!(effect, Effect::Write(..))) {
            break;
        }
        desk.passes(6_000);
        desk.answer(QUERY, &fail("UPAY_ORDER_NOT_EXISTS"));
    }
    desk.writes(Ok(()));
    assert_eq!(desk.record("a").told, Told::NotOwed);
    let cancel = desk.cancels("a");
    desk.writes(Ok(()));
    desk.answer(CANCEL, &fail("UPAY_CANCEL_INVALID_ORDER_STATE"));
    desk.answer(QUERY, &said("a", "SUCCESS", "PAID"));
    desk.writes(Ok(()));
    assert_eq!(desk.finals(cancel), [STANDS]);
    assert_eq!(desk.record("a").told, Told::NotOwed);
    assert_eq!(desk.session.unfinished(), 1);
    desk.passes(30_000);
    desk.answer(QUERY, &said("a", "SUCCESS", "PAID"));
    desk.writes(Ok(()));
    desk.answer(CANCEL, &fail("UPAY_CANCEL_INVALID_ORDER_STATE"));
    desk.answer(QUERY, &said("a", "SUCCESS", "PAID"));
    desk.writes(Ok(()));
    desk.passes(2_100);
    desk.answer(REFUND, &said("a", "REFUND_SUCCESS", "REFUNDED"));
    desk.writes(Ok(()));
    assert_eq!((desk.watched(), desk.session.unfinished()), (vec![CANCELLED], 0));
}
