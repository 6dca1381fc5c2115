//! Rules 1 to 3 and 11: the answer to /pay.

use super::*;
use crate::flow::pay::Pay;

fn pay(script: &[Result<Reply>]) -> Played {
    play(Pay::new(order(), limits()), script)
}

const REFUSED: Resolution = Resolution::Refused(UPAY_E_REFUSED);

#[test]
fn a_final_answer_ends_it_at_once() {
    let at_once = [
        (not_sent(), Resolution::NotSent(UPAY_E_CONNECT)),
        (said("PAY_SUCCESS", "PAID"), Resolution::Paid),
        (data("PAY_SUCCESS", "", r#""client_sn":"c","total_amount":"100""#), Resolution::Paid),
        (said("PAY_FAIL", "PAY_CANCELED"), REFUSED),
        (failed("PAY_FAIL", "INSUFFICIENT_FUND"), REFUSED),
        (failed("PAY_FAIL", "A_CODE_OF_NEXT_YEAR"), REFUSED),
        (fail("INSUFFICIENT_FUND"), REFUSED),
        (fail("A_CODE_OF_NEXT_YEAR"), REFUSED),
        (fail(""), REFUSED),
        // A code of both layers.
        (fail("UNEXPECTED_PROVIDER_ERROR"), REFUSED),
        (said("PAY_FAIL_ERROR", "PAY_ERROR"), Resolution::Unknown),
        (top("400", "INVALID_PARAMS"), Resolution::Refused(UPAY_E_REQUEST)),
        (top("400", "ILLEGAL_SIGN"), Resolution::Refused(UPAY_E_SIGN)),
        (top("400", "INVALID_BARCODE"), Resolution::Refused(UPAY_E_REQUEST)),
        (top("400", "A_CODE_OF_NEXT_YEAR"), Resolution::Refused(UPAY_E_REQUEST)),
    ];
    for (answer, resolution) in at_once {
        let played = pay(std::slice::from_ref(&answer));
        assert_eq!((played.end(), played.calls()), (resolution, vec![Call::Pay]), "{answer:?}");
    }
}

/// In doubt by rules 2 and 3.
fn in_doubt() -> Vec<Result<Reply>> {
    let own = |fields: &str| data("PAY_SUCCESS", "", fields);
    vec![
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
        // Contradicted by its own status.
        said("PAY_SUCCESS", "CREATED"),
        said("PAY_FAIL", "PAID"),
        said("FAIL", "PAID"),
        said("FAIL", "CREATED"),
        said("FAIL", "A_STATUS_OF_NEXT_YEAR"),
        // It does not name the order, or names another.
        own(r#""order_status":"PAID""#),
        own(r#""client_sn":"c","order_status":"PAID""#),
        own(r#""total_amount":"100","order_status":"PAID""#),
        own(r#""client_sn":"d","terminal_sn":"t","total_amount":"100","order_status":"PAID""#),
        own(r#""client_sn":"c","terminal_sn":"u","total_amount":"100","order_status":"PAID""#),
        own(r#""client_sn":"c","terminal_sn":"t","total_amount":"1","order_status":"PAID""#),
        reply(r#"{"result_code":"200","biz_response":{"result_code":"PAY_SUCCESS","data":null}}"#.into()),
    ]
}

/// In doubt by rule 11: a code that does not belong into its layer, or beside its word.
fn in_the_wrong_layer() -> Vec<Result<Reply>> {
    vec![
        fail(GONE),
        fail("TRADE_NOT_EXIST"),
        top("400", "UNKNOWN_SYSTEM_ERROR"),
        top("400", "EXPIRED_BARCODE"),
        top("400", "INSUFFICIENT_FUND"),
        top("400", GONE),
        fail("UNKNOWN_SYSTEM_ERROR"),
        fail("MAINTENANCE_INPROGRESS"),
        fail("REQUEST_FAIL"),
        fail("EXTERNAL_SERVICE_EXCEPTION"),
        fail("PAY_STATUS_CLOSED"),
        failed("PAY_FAIL", GONE),
        failed("PAY_FAIL", "TRADE_NOT_EXIST"),
        failed("PAY_FAIL", "UNKNOWN_SYSTEM_ERROR"),
        failed("PAY_FAIL", "UPAY_REFUND_ORDER_NOOP"),
        failed("PAY_FAIL", NOOP),
        failed("PAY_FAIL", FORBIDDEN),
    ]
}

#[test]
fn every_other_answer_is_asked_about_and_pay_is_never_sent_again() {
    for answer in in_doubt().into_iter().chain(in_the_wrong_layer()) {
        let played = pay(&[answer.clone(), status("CREATED"), status("PAID")]);
        assert_eq!(played.end(), Resolution::Paid, "{answer:?}");
        assert_eq!(played.calls, [(Call::Pay, 0), (Call::Query, 2_100), (Call::Query, 4_200)], "{answer:?}");
    }
}

#[test]
fn a_number_in_use_is_asked_about_whatever_layer_says_so() {
    for code in ["CLIENT_SN_CONFLICT", "TRADE_HAS_SUCCESS"] {
        for answer in [
            fail(code),
            top("400", code),
            failed("PAY_FAIL", code),
            data("PAY_SUCCESS", code, r#""client_sn":"c","total_amount":"100""#),
            said("PAY_SUCCESS", "PAID").map(|reply| Reply { error_code: Some(code.into()), ..reply }),
        ] {
            let answer = dated(answer, 2_000_000_000_000);
            let ours = with("SUCCESS", "PAID", r#""ctime":"2000000000000""#);
            let played = pay(&[answer.clone(), ours]);
            assert_eq!(
                (played.end(), played.calls()),
                (Resolution::Paid, vec![Call::Pay, Call::Query]),
                "{answer:?}"
            );
        }
    }
}

#[test]
fn giving_up_before_anything_left_proves_that_nothing_did() {
    let mut flow = Pay::new(order(), limits());
    assert!(flow.give_up());
    assert_eq!(flow.step(FlowInput::Begin, 0), Next::Done(Resolution::NotSent(UPAY_E_CANCELLED)));

    let mut flow = Pay::new(order(), limits());
    assert_eq!(flow.step(FlowInput::Begin, 0), Next::Send(Call::Pay));
    flow.give_up();
    assert_eq!(flow.step(FlowInput::Heard(&not_sent()), 1), Next::Done(Resolution::NotSent(UPAY_E_CANCELLED)));
}

#[test]
fn giving_up_later_cancels_at_once() {
    let mut flow = Pay::new(order(), limits());
    flow.step(FlowInput::Begin, 0);
    flow.give_up();
    assert_eq!(flow.step(FlowInput::Heard(&lost()), 1), Next::Send(Call::Cancel));

    let mut flow = Pay::new(order(), limits());
    flow.step(FlowInput::Begin, 0);
    assert_eq!(flow.step(FlowInput::Heard(&lost()), 100), Next::SleepUntil(2_100));
    flow.give_up();
    assert_eq!(flow.step(FlowInput::Timer, 500), Next::Send(Call::Cancel));
    assert_eq!(flow.knowledge().cancels, Cancels::Open);
    assert_eq!(
        flow.step(FlowInput::Heard(&said("CANCEL_SUCCESS", "CANCELED")), 600),
        Next::Done(Resolution::Cancelled)
    );
}

#[test]
fn a_cashier_who_gives_up_while_the_gateway_is_asked_hears_of_the_payment_that_it_finds() {
    let mut flow = Pay::new(order(), limits());
    flow.step(FlowInput::Begin, 0);
    flow.step(FlowInput::Heard(&lost()), 100);
    assert_eq!(flow.step(FlowInput::Timer, 2_100), Next::Send(Call::Query));
    flow.give_up();
    assert_eq!(flow.step(FlowInput::Heard(&status("PAID")), 2_200), Next::Done(Resolution::Paid));
}

#[test]
fn the_phase_and_the_time_limit_follow_the_payment() {
    let mut flow = Pay::new(order(), limits());
    flow.step(FlowInput::Begin, 0);
    assert_eq!((flow.phase(), flow.ends_at()), (Phase::Sending, None));
    flow.step(FlowInput::Heard(&lost()), 100);
    assert_eq!((flow.phase(), flow.ends_at()), (Phase::Querying, Some(60_100)));
    flow.step(FlowInput::Timer, 60_100);
    flow.step(FlowInput::Heard(&lost()), 60_200);
    assert_eq!(flow.step(FlowInput::Timer, 60_200), Next::Send(Call::Cancel));
    assert_eq!((flow.phase(), flow.ends_at()), (Phase::Cancelling, Some(90_200)));
}

#[test]
fn an_answer_that_names_the_order_is_remembered() {
    let named = |script: &[Result<Reply>]| pay(script).knowledge.named;
    assert!(named(&[said("PAY_FAIL_ERROR", "PAY_ERROR")]));
    assert!(named(&[lost(), status("PAY_ERROR")]));
    assert!(named(&[lost(), without_amount("SUCCESS", "PAY_ERROR")]));
    assert!(named(&[lost(), another_amount("SUCCESS", "CREATED")]));
    assert!(!named(&[fail(GONE)]));
    assert!(!named(&[data("FAIL", GONE, r#""client_sn":"c""#)]));
    assert!(!named(&[lost(), data("FAIL", GONE, r#""client_sn":"c""#)]));
    assert!(!named(&[lost()]));
}

#[test]
fn when_pay_left_is_known_by_the_gateways_clock() {
    let mut flow = Pay::new(order(), limits());
    flow.step(FlowInput::Begin, 5_000);
    flow.step(FlowInput::Heard(&dated(fail("CLIENT_SN_CONFLICT"), 2_000_000_000_000)), 8_000);
    assert_eq!(flow.knowledge().sent_ms, Some(1_999_999_997_000));
}
