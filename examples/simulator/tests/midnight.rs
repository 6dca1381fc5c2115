//! The gateway's clock, which a test may put forward.

use serde_json::Value;

use super::bodies::AMOUNT_FEN;
use super::client::{exchange, get, request};
use super::{call, pay, start};
use crate::server::scenario;

#[test]
fn what_was_paid_before_midnight_is_not_cancelled_after_it() {
    let simulator = start();
    pay(&simulator, "paid", "130818341921441147").expect("paid");
    pay(&simulator, "open", &scenario::named("never-paid").barcode(0)).expect("created");
    simulator.advance_to_midnight();
    let paid = call(&simulator, "cancel", "paid");
    assert_eq!(paid["biz_response"]["error_code"], "UPAY_CANCEL_INVALID_ORDER_STATE");
    assert_eq!(call(&simulator, "revoke", "open")["biz_response"]["result_code"], "CANCEL_ABORT_SUCCESS");
    assert_eq!(simulator.ledger().charged_fen, AMOUNT_FEN);
    // What is paid on the new day is cancelled on the new day.
    pay(&simulator, "new", "130818341921441147").expect("paid");
    assert_eq!(call(&simulator, "cancel", "new")["biz_response"]["result_code"], "CANCEL_SUCCESS");
}

#[test]
fn the_clock_is_put_forward_over_http_and_orders_catch_up() {
    let simulator = start();
    pay(&simulator, "later", &scenario::named("paid-after").barcode(9_999)).expect("created");
    let clock = get(&simulator.url(), "/clock").json().expect("JSON");
    let number = |clock: &Value, name: &str| clock[name].as_u64().expect("a number");
    let body = r#"{"advance_ms":1000000}"#;
    let moved = exchange(&simulator.url(), &request("/clock", "", body)).expect("a reply").json().expect("JSON");
    assert!(number(&moved, "now_ms") >= number(&clock, "now_ms") + 1_000_000);
    assert_eq!(simulator.ledger().charged_fen, AMOUNT_FEN);
    let wrong = exchange(&simulator.url(), &request("/clock", "", r#"{"advance_ms":-1}"#)).expect("a reply");
    assert_eq!(wrong.status, 400);
    let to_midnight = number(&get(&simulator.url(), "/clock").json().expect("JSON"), "midnight_in_ms");
    simulator.advance(to_midnight);
    let beijing = get(&simulator.url(), "/clock").json().expect("JSON")["beijing"].to_string();
    assert!(beijing.contains(" 00:00:0"), "{beijing}");
}
