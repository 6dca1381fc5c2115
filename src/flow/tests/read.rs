//! A reply by itself: what a flow would ask about is never "failed" here.

use super::*;
use crate::flow::read;
use crate::record::Verdict;

fn verdict(reply: Result<Reply>) -> (i32, upay_status) {
    let (Verdict { outcome, status }, _) = read::read(&reply.expect("a readable reply"));
    (outcome, status)
}

const UNRESOLVED: (i32, upay_status) = (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED);
const NO_PROOF: (i32, upay_status) = (UPAY_OUTCOME_UNKNOWN, UPAY_E_REPLY);
const REFUSED: (i32, upay_status) = (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED);

#[test]
fn a_code_in_the_wrong_layer_is_unknown() {
    for code in ["UNKNOWN_SYSTEM_ERROR", "REQUEST_FAIL", "CLIENT_SN_CONFLICT", "TRADE_HAS_SUCCESS"] {
        assert_eq!(verdict(fail(code)), UNRESOLVED, "{code}");
        let named = r#""client_sn":"c","total_amount":"100""#;
        assert_eq!(verdict(data("PAY_FAIL", code, named)), UNRESOLVED, "{code}");
        assert_eq!(verdict(data("PRECREATE_FAIL", code, named)), UNRESOLVED, "{code}");
    }
    assert_eq!(verdict(failed("REFUND_FAIL", "UNKNOWN_SYSTEM_ERROR")), NO_PROOF);
    assert_eq!(verdict(top("400", "CLIENT_SN_CONFLICT")), NO_PROOF);
    assert_eq!(
        verdict(data("PAY_SUCCESS", "CLIENT_SN_CONFLICT", r#""client_sn":"c","total_amount":"100""#)),
        UNRESOLVED
    );
}

#[test]
fn a_code_in_its_own_layer_refuses() {
    assert_eq!(verdict(fail("INSUFFICIENT_FUND")), REFUSED);
    assert_eq!(verdict(fail("A_CODE_OF_NEXT_YEAR")), REFUSED);
    assert_eq!(verdict(failed("PAY_FAIL", "INSUFFICIENT_FUND")), REFUSED);
    assert_eq!(verdict(said("REFUND_FAIL", "PAID")), REFUSED);
    assert_eq!(verdict(top("400", "INVALID_PARAMS")), (UPAY_OUTCOME_FAILED, UPAY_E_REQUEST));
}

#[test]
fn done_needs_the_order_by_name() {
    let done = (UPAY_OUTCOME_SUCCESS, UPAY_OK);
    assert_eq!(verdict(said("PAY_SUCCESS", "PAID")), done);
    assert_eq!(verdict(status("PAID")), done);
    assert_eq!(verdict(said("REFUND_SUCCESS", "REFUNDED")), done);
    assert_eq!(verdict(said("CANCEL_SUCCESS", "CANCELED")), done);
    assert_eq!(verdict(data("SUCCESS", "", r#""client_sn":"c","order_status":"PAID""#)), NO_PROOF);
    assert_eq!(verdict(failed("REFUND_SUCCESS", "")), NO_PROOF);
    assert_eq!(verdict(said("CANCEL_SUCCESS", "PAID")), UNRESOLVED);
}
