//! Section 7: the customer scans the till's code.

use super::*;
use crate::flow::pay::Pay;

/// The answer that carries the QR content.
fn code() -> Result<Reply> {
    with("PRECREATE_SUCCESS", "CREATED", r#""qr_code":"https://qr.example/1""#)
}

fn precreate(script: &[Result<Reply>]) -> Played {
    play(Pay::by_precreate(order(), limits()), script)
}

#[test]
fn a_code_that_is_shown_is_asked_about_until_it_is_paid_or_its_time_is_up() {
    let played = precreate(&[code(), status("CREATED"), status("PAID")]);
    assert_eq!((played.end(), played.calls.len()), (Resolution::Paid, 3));
    let mut script = vec![code()];
    // 15 pauses of 2.1 s, then 40 of 5.1 s; the next one ends with the time.
    script.extend(vec![status("CREATED"); 55]);
    script.push(said("CANCEL_SUCCESS", "CANCELED"));
    let played = precreate(&script);
    assert_eq!((played.end(), played.calls.last()), (Resolution::Expired, Some(&(Call::Cancel, 240_100))));
}

#[test]
fn a_refusal_made_nothing() {
    for answer in [failed("PRECREATE_FAIL", ""), fail("UPAY_TERMINAL_STATUS_ABNORMAL"), fail("A_CODE_OF_NEXT_YEAR")] {
        let played = precreate(std::slice::from_ref(&answer));
        assert_eq!((played.end(), played.calls.len()), (Resolution::Refused(UPAY_E_REFUSED), 1), "{answer:?}");
    }
    assert_eq!(precreate(&[top("400", "INVALID_PARAMS")]).end(), Resolution::Refused(UPAY_E_REQUEST));
    assert_eq!(precreate(&[not_sent()]).end(), Resolution::NotSent(UPAY_E_CONNECT));
}

#[test]
fn an_order_whose_code_is_lost_is_cancelled_as_soon_as_it_is_seen() {
    for answer in [
        lost(),
        said("PRECREATE_SUCCESS", "CREATED"),
        said("PRECREATE_FAIL_ERROR", "CREATED"),
        said("PRECREATE_FAIL_IN_PROGRESS", "CREATED"),
        said("A_CODE_OF_NEXT_YEAR", ""),
        said("PRECREATE_FAIL", "CREATED"),
        top("500", "REQUEST_FAIL"),
        // Rule 11.
        fail("UNKNOWN_SYSTEM_ERROR"),
        failed("PRECREATE_FAIL", GONE),
        failed("PRECREATE_FAIL", "UNKNOWN_SYSTEM_ERROR"),
        top("400", "UPAY_ORDER_NOT_EXIST"),
    ] {
        let played = precreate(&[answer.clone(), status("CREATED"), said("CANCEL_SUCCESS", "CANCELED")]);
        assert_eq!(played.end(), Resolution::Expired, "{answer:?}");
        assert_eq!(played.calls(), [Call::Precreate, Call::Query, Call::Cancel], "{answer:?}");
    }
    assert_eq!(precreate(&[lost(), fail(GONE)]).end(), Resolution::NotFound);
    assert_eq!(precreate(&[lost(), status("PAID")]).end(), Resolution::Paid);
}

#[test]
fn an_order_whose_code_is_lost_is_also_cancelled_when_no_query_is_answered() {
    let played = precreate(&[lost()]);
    assert_eq!(played.end(), Resolution::Unknown);
    assert!(played.count(Call::Cancel) > 0);
}

#[test]
fn a_number_in_use_or_the_code_of_another_order_is_not_cancelled() {
    let theirs = data(
        "PRECREATE_SUCCESS",
        "",
        r#""client_sn":"c","terminal_sn":"t","total_amount":"500","order_status":"CREATED","qr_code":"q""#,
    );
    for answer in [
        fail("CLIENT_SN_CONFLICT"),
        failed("PRECREATE_FAIL", "CLIENT_SN_CONFLICT"),
        top("400", "CLIENT_SN_CONFLICT"),
        theirs.clone(),
    ] {
        let played = precreate(&[answer.clone(), lost()]);
        assert_eq!((played.end(), played.count(Call::Cancel)), (Resolution::Unknown, 0), "{answer:?}");
    }
    // Nobody was shown that code.
    let played = precreate(&[theirs, status("CREATED"), said("CANCEL_SUCCESS", "CANCELED")]);
    assert_eq!(played.calls(), [Call::Precreate, Call::Query, Call::Cancel]);
}
