//! Each row of the rules, as a conversation: what the gateway answers, what the flow does next, and when.

use super::limits::{Limits, Pauses};
use super::pay::Pay;
use super::refund::Refund;
use super::settle::Settle;
use super::watch::{Told, Watch, ABSENT_MS_MAX};
use super::*;
use crate::error::Error;

fn order() -> Identity {
    let own = |text: &str| Some(text.to_owned());
    Identity { terminal_sn: own("t"), client_sn: own("c"), sn: None, total_amount: own("100") }
}

fn limits() -> Limits {
    Limits {
        poll: Pauses::parse("2000*15,5000").unwrap(),
        pay_timeout: 60_000,
        precreate_timeout: 240_000,
        cancel_timeout: 30_000,
        not_found_grace: 6_000,
        watch: Pauses::parse("30000,60000,300000").unwrap(),
    }
}

fn reply(body: String) -> Result<Reply> {
    Reply::read(200, body.as_bytes())
}

/// An answer about this order.
fn said(result_code: &str, order_status: &str) -> Result<Reply> {
    reply(format!(
        r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}","data":{{"client_sn":"c",
        "terminal_sn":"t","total_amount":"100","order_status":"{order_status}"}}}}}}"#
    ))
}

fn status(order_status: &str) -> Result<Reply> {
    said("SUCCESS", order_status)
}

fn fail(error_code: &str) -> Result<Reply> {
    reply(format!(
        r#"{{"result_code":"200","biz_response":{{"result_code":"FAIL","error_code":"{error_code}","data":null}}}}"#
    ))
}

fn top(result_code: &str, error_code: &str) -> Result<Reply> {
    reply(format!(r#"{{"result_code":"{result_code}","error_code":"{error_code}"}}"#))
}

fn lost() -> Result<Reply> {
    Err(Error::new(UPAY_E_INTERRUPTED, "reset"))
}

const GONE: &str = "UPAY_ORDER_NOT_EXISTS";

/// Plays a conversation: whenever the flow asks, the next answer of `script` is given, each taking 100 ms; the last
/// repeats. Gives the calls with the time of each, and the end with its time.
struct Played {
    calls: Vec<(Call, Millis)>,
    fate: Fate,
    ended: Millis,
}

fn play(mut flow: impl Flow, script: &[Result<Reply>]) -> Played {
    let mut now = 1_000;
    let mut calls = Vec::new();
    let mut next = flow.step(Input::Begin, now);
    loop {
        assert!(calls.len() < 1_000, "the flow does not end");
        next = match next {
            Next::Done(fate) => return Played { calls, fate, ended: now - 1_000 },
            Next::SleepUntil(due) => {
                assert!(due >= now, "a pause that is over before it begins");
                now = due;
                flow.step(Input::Timer, now)
            }
            Next::Send(call) => {
                calls.push((call, now - 1_000));
                now += 100;
                let heard = script.get(calls.len() - 1).or(script.last()).expect("a script has an answer");
                flow.step(Input::Heard(heard), now)
            }
        };
    }
}

fn pay(script: &[Result<Reply>]) -> Played {
    play(Pay::new(order(), limits()), script)
}

fn count(played: &Played, call: Call) -> usize {
    played.calls.iter().filter(|(made, _)| *made == call).count()
}

#[test]
fn the_answer_to_pay_decides_where_it_is_final() {
    let at_once = [
        (said("PAY_SUCCESS", "PAID"), Fate::Paid),
        (said("PAY_FAIL", "PAY_CANCELED"), Fate::Refused(UPAY_E_REFUSED)),
        (fail("INSUFFICIENT_FUND"), Fate::Refused(UPAY_E_REFUSED)),
        (fail("A_CODE_OF_NEXT_YEAR"), Fate::Refused(UPAY_E_REFUSED)),
        (said("PAY_FAIL_ERROR", "PAY_ERROR"), Fate::Unknown),
        (top("400", "INVALID_PARAMS"), Fate::Refused(UPAY_E_REQUEST)),
        (top("400", "ILLEGAL_SIGN"), Fate::Refused(UPAY_E_SIGN)),
        (Err(Error::new(UPAY_E_TLS, "untrusted")), Fate::NotSent(UPAY_E_TLS)),
    ];
    for (answer, fate) in at_once {
        let played = pay(std::slice::from_ref(&answer));
        assert_eq!((played.fate, played.calls.len()), (fate, 1), "{answer:?}");
    }
}

#[test]
fn every_other_answer_to_pay_is_asked_about_and_never_sent_again() {
    let other = |field: &str, value: &str| {
        let body = r#"{"result_code":"200","biz_response":{"result_code":"PAY_SUCCESS","data":{"client_sn":"c",
            "terminal_sn":"t","total_amount":"100","order_status":"PAID"}}}"#;
        let ours = format!(
            r#""{field}":"{}""#,
            if field == "client_sn" {
                "c"
            } else if field == "terminal_sn" {
                "t"
            } else {
                "100"
            }
        );
        reply(body.replace(&ours, &format!(r#""{field}":"{value}""#)))
    };
    let in_doubt = [
        lost(),
        Err(Error::new(UPAY_E_NO_REPLY, "late")),
        Err(Error::new(UPAY_E_REPLY, "garbage")),
        top("500", "UNKNOWN_SYSTEM_ERROR"),
        top("500", "MAINTENANCE_INPROGRESS"),
        top("302", "?"),
        reply(
            r#"{"result_code":"400","biz_response":{"result_code":"PAY_SUCCESS","data":{"order_status":"PAID"}}}"#
                .into(),
        ),
        Reply::read(502, br#"{"result_code":"400","error_code":"BAD_GATEWAY"}"#),
        reply(
            r#"{"result_code":"200","biz_response":{"result_code":"PAY_SUCCESS","result_code":"PAY_FAIL"}}"#.into(),
        ),
        said("PAY_IN_PROGRESS", "CREATED"),
        said("PAY_FAIL_IN_PROGRESS", "CREATED"),
        said("A_CODE_OF_NEXT_YEAR", "PAID"),
        said("PAY_SUCCESS", "CREATED"),
        said("PAY_FAIL", "PAID"),
        fail("CLIENT_SN_CONFLICT"),
        fail("TRADE_HAS_SUCCESS"),
        fail("TRADE_NOT_EXIST"),
        fail(GONE),
        top("400", "UNKNOWN_SYSTEM_ERROR"),
        said("FAIL", "PAID"),
        said("FAIL", "CREATED"),
        said("FAIL", "A_STATUS_OF_NEXT_YEAR"),
        other("client_sn", "d"),
        other("terminal_sn", "u"),
        other("total_amount", "1"),
        reply(r#"{"result_code":"200","biz_response":{"result_code":"PAY_SUCCESS","data":null}}"#.into()),
    ];
    for answer in in_doubt {
        let played = pay(&[answer.clone(), status("CREATED"), status("PAID")]);
        assert_eq!(played.fate, Fate::Paid, "{answer:?}");
        assert_eq!(played.calls, [(Call::Pay, 0), (Call::Query, 2_100), (Call::Query, 4_200)], "{answer:?}");
    }
}

#[test]
fn a_query_decides_where_it_is_final() {
    let ends = [
        ("PAID", Fate::Paid),
        ("PAY_CANCELED", Fate::Refused(UPAY_E_REFUSED)),
        ("CANCELED", Fate::Returned),
        ("REFUNDED", Fate::Returned),
        ("PARTIAL_REFUNDED", Fate::PartlyReturned),
    ];
    for (order_status, fate) in ends {
        let played = pay(&[lost(), lost(), status("A_STATUS_OF_NEXT_YEAR"), status(order_status)]);
        assert_eq!((played.fate, played.calls.len()), (fate, 4), "{order_status}");
    }
}

#[test]
fn a_status_counts_only_in_a_reply_that_names_the_order() {
    let nameless = |order_status: &str| {
        reply(format!(
            r#"{{"result_code":"200","biz_response":{{"result_code":"SUCCESS","data":{{"order_status":"{order_status}"}}}}}}"#
        ))
    };
    for order_status in ["PAID", "CANCELED", "PAY_CANCELED"] {
        let played = pay(&[lost(), nameless(order_status)]);
        assert_eq!(played.fate, Fate::Unknown, "{order_status}");
    }
}

#[test]
fn not_paid_in_time_is_cancelled() {
    let mut script = vec![said("PAY_IN_PROGRESS", "CREATED"); 1];
    script.extend(vec![status("CREATED"); 20]);
    script.push(said("CANCEL_SUCCESS", "CANCELED"));
    let played = pay(&script);
    assert_eq!(played.fate, Fate::Expired);
    // The time runs from the end of the pay call: 15 pauses of 2 s, then of 5 s.
    assert_eq!(played.calls.last(), Some(&(Call::Cancel, 60_100)));
    assert_eq!(count(&played, Call::Query), 20);
}

#[test]
fn an_order_that_the_gateway_itself_does_not_know_ends_unknown_and_is_not_cancelled() {
    for order_status in ["PAY_ERROR", "CANCEL_ERROR", "REFUND_ERROR", "INVALID_STATUS_CODE"] {
        let played = pay(&[lost(), status(order_status)]);
        assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Unknown, 0), "{order_status}");
        assert_eq!(played.ended, 60_100);
    }
}

#[test]
fn another_amount_under_our_number_is_never_paid_and_never_cancelled() {
    let other = reply(
        r#"{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{"client_sn":"c","terminal_sn":"t",
        "total_amount":"1","order_status":"PAID"}}}"#
            .into(),
    );
    let played = pay(&[lost(), other]);
    assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Unknown, 0));
}

#[test]
fn an_order_that_may_be_anothers_is_not_cancelled_before_a_query_has_named_ours() {
    let anothers = reply(
        r#"{"result_code":"200","biz_response":{"result_code":"PAY_SUCCESS","data":{"client_sn":"c","terminal_sn":"t",
        "total_amount":"500","order_status":"PAID"}}}"#
            .into(),
    );
    for answer in [anothers, fail("CLIENT_SN_CONFLICT")] {
        let played = pay(&[answer.clone(), lost()]);
        assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Unknown, 0), "{answer:?}");

        let mut flow = Pay::new(order(), limits());
        flow.step(Input::Begin, 0);
        flow.give_up();
        assert_eq!(flow.step(Input::Heard(&answer), 1), Next::Send(Call::Query), "{answer:?}");
        assert_eq!(flow.step(Input::Heard(&status("CREATED")), 2), Next::Send(Call::Cancel), "{answer:?}");
    }
}

#[test]
fn nothing_is_cancelled_unasked_because_its_time_is_up() {
    let short = Limits { pay_timeout: 1, ..limits() };
    let played = play(Pay::new(order(), short), &[lost(), status("PAID")]);
    assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Paid, 0));
}

#[test]
fn no_such_order_counts_only_twice_in_a_row_with_the_grace_between() {
    let played = pay(&[lost(), fail(GONE)]);
    assert_eq!(played.fate, Fate::Absent);
    // Answered at 2200, 4300, 6400 and 8500: only the last is 6 s after the first.
    assert_eq!((count(&played, Call::Query), played.ended), (4, 8_500));

    let played = pay(&[lost(), fail(GONE), fail(GONE), status("CREATED"), fail(GONE), fail(GONE), status("PAID")]);
    assert_eq!(played.fate, Fate::Paid);

    // No answer is not an answer: it neither counts nor breaks the row.
    let played = pay(&[lost(), fail("UPAY_ORDER_NOT_EXIST"), lost(), lost(), lost(), fail(GONE)]);
    assert_eq!((played.fate, count(&played, Call::Query)), (Fate::Absent, 5));

    // Another code, however alike, is not that answer.
    let played =
        pay(&[lost(), fail("TRADE_NOT_EXIST"), fail("TRADE_NOT_EXIST"), fail("TRADE_NOT_EXIST"), status("PAID")]);
    assert_eq!(played.fate, Fate::Paid);
}

#[test]
fn a_lost_cancel_is_sent_again_until_its_time_is_up() {
    let cancel = || Settle::by_cancel(order(), limits(), true);
    let played = play(
        cancel(),
        &[lost(), top("500", "REQUEST_FAIL"), top("400", "ILLEGAL_SIGN"), fail("UPAY_CANCEL_ORDER_NOOP")],
    );
    assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Cancelled, 4));

    let played = play(cancel(), &[lost()]);
    assert_eq!(played.fate, Fate::Unknown);
    assert_eq!(played.ended, 30_000);
}

#[test]
fn a_cancel_decides_where_it_is_final() {
    let cancel = || Settle::by_cancel(order(), limits(), false);
    for (answer, fate) in [
        (said("CANCEL_SUCCESS", "CANCELED"), Fate::Expired),
        (said("CANCEL_ABORT_SUCCESS", "CANCELED"), Fate::Expired),
        (fail("UPAY_CANCEL_ORDER_NOOP"), Fate::Expired),
        (said("CANCEL_ERROR", "CANCEL_ERROR"), Fate::Unknown),
        (said("CANCEL_ABORT_ERROR", "CANCEL_ERROR"), Fate::Unknown),
    ] {
        let played = play(cancel(), std::slice::from_ref(&answer));
        assert_eq!((played.fate, played.calls.len()), (fate, 1), "{answer:?}");
    }
    let played = play(cancel(), &[fail(GONE)]);
    assert_eq!(played.fate, Fate::Absent);
    assert!(played.ended >= 6_000);
}

#[test]
fn a_second_no_such_order_counts_even_when_its_timer_is_late_and_the_time_is_short() {
    let mut flow = Settle::by_cancel(order(), Limits { cancel_timeout: 1_000, ..limits() }, true);
    assert_eq!(flow.step(Input::Begin, 0), Next::Send(Call::Cancel));
    assert_eq!(flow.step(Input::Heard(&fail(GONE)), 100), Next::SleepUntil(6_100));
    assert_eq!(flow.step(Input::Timer, 6_200), Next::Send(Call::Cancel));
    assert_eq!(flow.step(Input::Heard(&fail(GONE)), 6_300), Next::Done(Fate::AbsentCancelled));
}

#[test]
fn a_code_that_may_pass_does_not_make_paid_the_last_word() {
    let cancel = Settle::by_cancel(order(), limits(), true);
    let played = play(cancel, &[lost(), fail("A_CODE_OF_NEXT_YEAR"), fail("UPAY_CANCEL_ORDER_NOOP")]);
    assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Cancelled, 3));
}

#[test]
fn a_refused_cancel_asks_once_more_because_it_may_just_have_been_paid() {
    let refused = || fail("UPAY_CANCEL_INVALID_ORDER_STATE");
    let cancel = || Settle::by_cancel(order(), limits(), true);
    let played = play(cancel(), &[refused(), status("PAID")]);
    assert_eq!((played.fate, played.calls), (Fate::Paid, vec![(Call::Cancel, 0), (Call::Query, 100)]));
    // That question may be lost too.
    let played = play(cancel(), &[refused(), lost(), status("PAID")]);
    assert_eq!(played.fate, Fate::Paid);
    let played = play(cancel(), &[refused(), status("CREATED"), said("CANCEL_SUCCESS", "CANCELED")]);
    assert_eq!(played.fate, Fate::Cancelled);
}

#[test]
fn a_cancel_under_way_is_asked_about_and_paid_is_then_not_the_last_word() {
    let under_way = || said("CANCEL_IN_PROGRESS", "CANCEL_INPROGRESS");
    let cancel = || Settle::by_cancel(order(), limits(), true);
    let played = play(cancel(), &[under_way(), status("CANCEL_INPROGRESS"), status("CANCELED")]);
    assert_eq!(played.fate, Fate::Cancelled);
    let played = play(cancel(), &[under_way(), status("PAID"), fail("UPAY_CANCEL_ORDER_NOOP")]);
    assert_eq!(played.fate, Fate::Cancelled);
    let played =
        play(cancel(), &[under_way(), status("PAID"), fail("UPAY_CANCEL_INVALID_ORDER_STATE"), status("PAID")]);
    assert_eq!(played.fate, Fate::Paid);
    // "Cancelled" in a reply that calls the order paid proves nothing.
    for order_status in ["PAID", "CREATED", "CANCEL_INPROGRESS", "PAY_ERROR"] {
        let played = play(cancel(), &[said("CANCEL_SUCCESS", order_status), status("CANCELED")]);
        assert_eq!((played.fate, count(&played, Call::Query)), (Fate::Cancelled, 1), "{order_status}");
    }
}

#[test]
fn giving_up_before_anything_left_proves_that_nothing_did() {
    let mut flow = Pay::new(order(), limits());
    flow.give_up();
    assert_eq!(flow.step(Input::Begin, 0), Next::Done(Fate::NotSent(UPAY_E_CANCELLED)));

    let mut flow = Pay::new(order(), limits());
    assert_eq!(flow.step(Input::Begin, 0), Next::Send(Call::Pay));
    flow.give_up();
    let broken_off = Err(Error::new(UPAY_E_CONNECT, "broken off"));
    assert_eq!(flow.step(Input::Heard(&broken_off), 1), Next::Done(Fate::NotSent(UPAY_E_CANCELLED)));
}

#[test]
fn giving_up_later_cancels_at_once() {
    let mut flow = Pay::new(order(), limits());
    flow.step(Input::Begin, 0);
    flow.give_up();
    assert_eq!(flow.step(Input::Heard(&lost()), 1), Next::Send(Call::Cancel));

    let mut flow = Pay::new(order(), limits());
    flow.step(Input::Begin, 0);
    assert_eq!(flow.step(Input::Heard(&lost()), 100), Next::SleepUntil(2_100));
    flow.give_up();
    assert_eq!(flow.step(Input::Timer, 500), Next::Send(Call::Cancel));
    assert_eq!(flow.step(Input::Heard(&said("CANCEL_SUCCESS", "CANCELED")), 600), Next::Done(Fate::Cancelled));
}

#[test]
fn paid_after_failed_goes_back_and_paid_after_unknown_is_reported() {
    let watch = |told| Watch::new(order(), limits(), told, false, false);
    let played = play(watch(Told::Failed), &[fail(GONE), status("PAID"), said("CANCEL_SUCCESS", "CANCELED")]);
    assert_eq!(played.fate, Fate::Returned);
    assert_eq!(played.calls, [(Call::Query, 30_000), (Call::Query, 90_100), (Call::Cancel, 90_200)]);
    let played = play(watch(Told::Unknown), &[lost(), status("PAID")]);
    assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Paid, 0));
}

#[test]
fn paid_is_not_the_last_word_while_a_cancel_of_ours_may_be_on_its_way() {
    let watch = || Watch::new(order(), limits(), Told::Unknown, true, false);
    let played = play(watch(), &[status("PAID"), said("CANCEL_SUCCESS", "CANCELED")]);
    assert_eq!(played.fate, Fate::Returned);
    let refused = fail("UPAY_CANCEL_INVALID_ORDER_STATE");
    let played = play(watch(), &[status("PAID"), refused, status("PAID")]);
    assert_eq!(played.fate, Fate::Paid);
}

#[test]
fn a_query_finds_only_what_names_the_order() {
    let nameless = r#"{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{"order_status":"PAID"}}}"#;
    let played = play(query::Query::new(order(), false), &[reply(nameless.into())]);
    assert_eq!(played.fate, Fate::NoAnswer(UPAY_E_REPLY));
    assert_eq!(play(query::Query::new(order(), false), &[status("CREATED")]).fate, Fate::Found);
    assert_eq!(play(query::Query::new(order(), false), &[fail(GONE)]).fate, Fate::Absent);
}

#[test]
fn what_nobody_waits_for_must_not_be_paid_any_more() {
    for told in [Told::Failed, Told::Unknown] {
        let watch = Watch::new(order(), limits(), told, false, false);
        let played = play(watch, &[status("CREATED"), lost(), fail("UPAY_CANCEL_ORDER_NOOP")]);
        assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Returned, 2), "{told:?}");
    }
}

/// Paid after "failed", and the gateway takes no cancel any more.
fn after_midnight() -> [Result<Reply>; 4] {
    [status("PAID"), fail("UPAY_CANCEL_INVALID_ORDER_STATE"), status("PAID"), lost()]
}

#[test]
fn a_reversal_after_midnight_is_a_refund_that_is_sent_until_it_is_answered() {
    let watch = || Watch::new(order(), limits(), Told::Failed, false, false);
    let mut script = after_midnight().to_vec();
    script.push(said("REFUND_SUCCESS", "REFUNDED"));
    let played = play(watch(), &script);
    assert_eq!(played.fate, Fate::Returned);
    assert_eq!(calls(&played), [Call::Query, Call::Cancel, Call::Query, Call::Refund, Call::Refund]);
    let mut script = after_midnight().to_vec();
    script.extend([fail("UPAY_REFUND_ORDER_NOOP"), status("REFUNDED")]);
    assert_eq!(play(watch(), &script).fate, Fate::Returned);
}

#[test]
fn a_reversal_that_the_gateway_refuses_is_a_matter_for_a_person() {
    let mut flow = Watch::new(order(), limits(), Told::Failed, false, false);
    flow.step(Input::Begin, 0);
    flow.step(Input::Timer, 30_000);
    for heard in &after_midnight()[..3] {
        assert!(matches!(flow.step(Input::Heard(heard), 30_000), Next::Send(_)));
    }
    let refused = fail("UPAY_TCP_ORDER_NOT_REFUNDABLE");
    // Once is not enough: an earlier try of the same refund may be on its way.
    assert_eq!(flow.step(Input::Heard(&refused), 30_000), Next::SleepUntil(90_000));
    assert_eq!(flow.trouble(), UPAY_OK);
    flow.step(Input::Timer, 90_000);
    for heard in &after_midnight()[..3] {
        assert!(matches!(flow.step(Input::Heard(heard), 90_000), Next::Send(_)));
    }
    assert_eq!(flow.step(Input::Heard(&refused), 90_000), Next::SleepUntil(390_000));
    assert_eq!(flow.trouble(), UPAY_E_REFUSED);
    // From here on it is only asked how it stands: a person may be giving the money back by hand.
    assert_eq!(flow.step(Input::Timer, 390_000), Next::Send(Call::Query));
    assert_eq!(flow.step(Input::Heard(&status("PAID")), 390_000), Next::SleepUntil(690_000));
    assert_eq!(flow.step(Input::Timer, 690_000), Next::Send(Call::Query));
    assert_eq!(flow.step(Input::Heard(&status("REFUNDED")), 690_000), Next::Done(Fate::Returned));
}

#[test]
fn a_reversal_that_the_gateway_cannot_accept_is_a_matter_for_a_person_as_well() {
    let mut flow = Watch::new(order(), limits(), Told::Failed, false, false);
    flow.step(Input::Begin, 0);
    for now in [30_000, 90_000] {
        assert_eq!(flow.trouble(), UPAY_OK);
        flow.step(Input::Timer, now);
        for heard in &after_midnight()[..3] {
            assert!(matches!(flow.step(Input::Heard(heard), now), Next::Send(_)));
        }
        flow.step(Input::Heard(&top("400", "INVALID_PARAMS")), now);
    }
    assert_eq!(flow.trouble(), UPAY_E_REFUSED);
}

#[test]
fn an_order_that_never_arrives_is_let_go_at_last() {
    let played = play(Watch::new(order(), limits(), Told::Failed, false, false), &[fail(GONE)]);
    assert_eq!(played.fate, Fate::NeverArrived);
    assert!(played.ended >= ABSENT_MS_MAX);
}

/// The answer that carries the QR content.
fn code() -> Result<Reply> {
    reply(
        r#"{"result_code":"200","biz_response":{"result_code":"PRECREATE_SUCCESS","data":{"client_sn":"c",
        "terminal_sn":"t","total_amount":"100","order_status":"CREATED","qr_code":"https://qr.example/1"}}}"#
            .into(),
    )
}

fn precreate(script: &[Result<Reply>]) -> Played {
    play(Pay::by_precreate(order(), limits()), script)
}

#[test]
fn a_code_that_is_shown_is_asked_about_until_it_is_paid_or_its_time_is_up() {
    let played = precreate(&[code(), status("CREATED"), status("PAID")]);
    assert_eq!((played.fate, played.calls.len()), (Fate::Paid, 3));
    let mut script = vec![code()];
    // 15 pauses of 2.1 s, then 40 of 5.1 s; the next one ends with the time.
    script.extend(vec![status("CREATED"); 55]);
    script.push(said("CANCEL_SUCCESS", "CANCELED"));
    let played = precreate(&script);
    assert_eq!((played.fate, played.calls.last()), (Fate::Expired, Some(&(Call::Cancel, 240_100))));
}

#[test]
fn an_order_whose_code_is_lost_is_cancelled_as_soon_as_it_is_seen() {
    let nothing_to_show = said("PRECREATE_SUCCESS", "CREATED");
    for answer in [lost(), nothing_to_show, said("PRECREATE_FAIL_ERROR", "CREATED"), said("A_CODE_OF_NEXT_YEAR", "")]
    {
        let played = precreate(&[answer.clone(), status("CREATED"), said("CANCEL_SUCCESS", "CANCELED")]);
        assert_eq!(played.fate, Fate::Expired, "{answer:?}");
        let calls: Vec<_> = played.calls.iter().map(|(call, _)| *call).collect();
        assert_eq!(calls, [Call::Precreate, Call::Query, Call::Cancel], "{answer:?}");
    }
    assert_eq!(precreate(&[lost(), fail(GONE)]).fate, Fate::Absent);
    assert_eq!(precreate(&[lost(), status("PAID")]).fate, Fate::Paid);
}

#[test]
fn a_precreate_that_is_refused_made_nothing() {
    for answer in [said("PRECREATE_FAIL", ""), fail("UPAY_TERMINAL_STATUS_ABNORMAL")] {
        assert_eq!(precreate(std::slice::from_ref(&answer)).fate, Fate::Refused(UPAY_E_REFUSED), "{answer:?}");
    }
    assert_eq!(precreate(&[top("400", "INVALID_PARAMS")]).fate, Fate::Refused(UPAY_E_REQUEST));
    let played = precreate(&[fail("CLIENT_SN_CONFLICT"), lost()]);
    assert_eq!((played.fate, count(&played, Call::Cancel)), (Fate::Unknown, 0));
}

fn refund(script: &[Result<Reply>]) -> Played {
    play(Refund::new(order(), "r1".into(), limits()), script)
}

#[test]
fn a_refund_in_doubt_of_an_order_that_was_cancelled_comes_to_an_end() {
    let refused = || fail("UPAY_REFUND_INVALID_ORDER_STATE");
    for cancelled in ["CANCELED", "PAY_CANCELED"] {
        let mut script = vec![lost()];
        for _ in 0..8 {
            script.extend([status(cancelled), refused()]);
        }
        assert_eq!(refund(&script).fate, Fate::Refused(UPAY_E_REFUSED), "{cancelled}");
    }
}

fn calls(played: &Played) -> Vec<Call> {
    played.calls.iter().map(|(call, _)| *call).collect()
}

#[test]
fn the_answer_to_a_refund_decides_where_it_is_final() {
    for (answer, fate) in [
        (said("REFUND_SUCCESS", "PARTIAL_REFUNDED"), Fate::Refunded),
        (said("REFUND_SUCCESS", "REFUNDED"), Fate::Refunded),
        (fail("REFUNDABLE_AMOUNT_NOT_ENOUGH"), Fate::Refused(UPAY_E_REFUSED)),
        (said("REFUND_FAIL", "PAID"), Fate::Refused(UPAY_E_REFUSED)),
        (said("REFUND_ERROR", "REFUND_ERROR"), Fate::Unknown),
        (top("400", "INVALID_PARAMS"), Fate::Refused(UPAY_E_REQUEST)),
        (Err(Error::new(UPAY_E_CONNECT, "refused")), Fate::NotSent(UPAY_E_CONNECT)),
    ] {
        let played = refund(std::slice::from_ref(&answer));
        assert_eq!((played.fate, played.calls.len()), (fate, 1), "{answer:?}");
    }
}

#[test]
fn a_refund_in_doubt_is_asked_about_and_sent_again_under_the_same_number() {
    for doubt in [lost(), top("500", "REQUEST_FAIL"), said("A_CODE_OF_NEXT_YEAR", "")] {
        let played = refund(&[doubt.clone(), status("PAID"), said("REFUND_SUCCESS", "REFUNDED")]);
        assert_eq!(played.fate, Fate::Refunded, "{doubt:?}");
        assert_eq!(calls(&played), [Call::Refund, Call::Query, Call::Refund], "{doubt:?}");
    }
    for code in ["UPAY_REFUND_ORDER_NOOP", "REFUND_REQUEST_CONFLICT"] {
        let played = refund(&[lost(), lost(), fail(code), lost(), status("PARTIAL_REFUNDED")]);
        assert_eq!(played.fate, Fate::Refunded, "{code}");
        let expected = [Call::Refund, Call::Query, Call::Refund, Call::Query, Call::Query];
        assert_eq!(calls(&played), expected, "{code}");
    }
    assert_eq!(refund(&[lost()]).fate, Fate::Unknown);
}

#[test]
fn given_back_may_be_by_an_earlier_refund_unless_the_gateway_names_this_one() {
    let under_way = || said("REFUND_IN_PROGRESS", "REFUND_INPROGRESS");
    let again = [under_way(), status("PARTIAL_REFUNDED"), fail("UPAY_REFUND_ORDER_NOOP"), status("PARTIAL_REFUNDED")];
    let played = refund(&again);
    assert_eq!((played.fate, played.calls.len()), (Fate::Refunded, 4));
    // Under way, and come to nothing: paid in full twice, with the grace between.
    let played = refund(&[under_way(), status("PAID")]);
    assert_eq!(played.fate, Fate::Refused(UPAY_E_REFUSED));
    assert!(played.ended >= 6_000);
    let named = reply(
        r#"{"result_code":"200","biz_response":{"result_code":"SUCCESS","data":{"client_sn":"c","status":"SUCCESS",
        "refund_request_no":"r1","order_status":"PARTIAL_REFUNDED"}}}"#
            .into(),
    );
    let played = refund(&[lost(), named]);
    assert_eq!((played.fate, played.calls.len()), (Fate::Refunded, 2));
}

#[test]
fn a_refusal_after_doubt_counts_only_when_it_stays_and_nothing_was_given_back() {
    let refused = || fail("REFUNDABLE_AMOUNT_NOT_ENOUGH");
    let mut script = vec![lost()];
    for _ in 0..6 {
        script.extend([status("PAID"), refused()]);
    }
    assert_eq!(refund(&script).fate, Fate::Refused(UPAY_E_REFUSED));
    let mut script = vec![lost(), status("REFUNDED")];
    for _ in 0..40 {
        script.extend([refused(), status("REFUNDED")]);
    }
    assert_eq!(refund(&script).fate, Fate::Unknown);
}

#[test]
fn a_refund_is_not_believed_of_another_order_or_against_its_own_status() {
    let nameless =
        reply(r#"{"result_code":"200","biz_response":{"result_code":"REFUND_SUCCESS","data":null}}"#.into());
    for answer in [nameless, said("REFUND_SUCCESS", "PAID")] {
        let played = refund(&[answer.clone(), status("PARTIAL_REFUNDED")]);
        assert_eq!((played.fate, calls(&played)), (Fate::Refunded, vec![Call::Refund, Call::Query]), "{answer:?}");
    }
}

#[test]
fn a_refund_that_was_left_over_goes_on_until_there_is_an_end() {
    // Refund and query by turns, so that the 51st call is a refund.
    let mut script = vec![lost(); 50];
    script.push(said("REFUND_SUCCESS", "REFUNDED"));
    let played = play(Refund::left_over(order(), "r1".into(), limits()), &script);
    assert_eq!((played.fate, played.calls.len()), (Fate::Refunded, 51));
}

#[test]
fn a_refund_that_was_begun_before_is_not_called_failed_by_what_is_said_of_this_request_alone() {
    let again = || Refund::again(order(), "r1".into(), limits());
    let unreachable = Err(Error::new(UPAY_E_CONNECT, "refused"));
    assert_eq!(play(again(), &[unreachable]).fate, Fate::Unknown);
    let refused = fail("UPAY_REFUND_INVALID_ORDER_STATE");
    assert_eq!(play(again(), &[refused, status("REFUNDED")]).fate, Fate::Unknown);
    let played = play(again(), &[fail("UPAY_REFUND_ORDER_NOOP"), status("PARTIAL_REFUNDED")]);
    assert_eq!(played.fate, Fate::Refunded);
}

#[test]
fn a_refund_is_not_done_while_the_gateway_names_it_with_another_end() {
    for end in ["FAIL_CANCELED", "IN_PROG", "REFUND_ERROR"] {
        let named = reply(format!(
            r#"{{"result_code":"200","biz_response":{{"result_code":"SUCCESS","data":{{"client_sn":"c","status":"{end}",
            "refund_request_no":"r1","order_status":"PARTIAL_REFUNDED"}}}}}}"#
        ));
        let played = refund(&[lost(), lost(), fail("REFUND_REQUEST_CONFLICT"), named]);
        assert_eq!(played.fate, Fate::Unknown, "{end}");
    }
}

#[test]
fn a_refund_that_the_gateway_calls_unknown_is_asked_about_with_pauses() {
    let mut flow = Refund::left_over(order(), "r1".into(), limits());
    assert_eq!(flow.step(Input::Begin, 0), Next::SleepUntil(30_000));
    assert_eq!(flow.step(Input::Timer, 30_000), Next::Send(Call::Refund));
    let unknown = said("REFUND_ERROR", "REFUND_ERROR");
    assert_eq!(flow.step(Input::Heard(&unknown), 30_000), Next::SleepUntil(90_000));
    assert_eq!(flow.step(Input::Timer, 90_000), Next::Send(Call::Query));
}
