//! Refunds: money goes back once for each number, whatever happens on the way.

use std::thread;

use serde_json::{json, Value};

use super::bodies::{naming_body, AMOUNT_FEN};
use super::client::{exchange, signed, signed_by};
use super::{call, pay, start, SOON};
use crate::server::{Options, Simulator, Terminal, DEFAULT_TERMINAL_SN};

const ORDINARY: &str = "130818341921441147";

fn refund_body(client_sn: &str, number: &str, fen: u64, operator: &str) -> Value {
    json!({
        "terminal_sn": DEFAULT_TERMINAL_SN,
        "client_sn": client_sn,
        "refund_request_no": number,
        "refund_amount": fen.to_string(),
        "operator": operator,
    })
}

/// `None` if no reply of the gateway came.
fn try_refund(simulator: &Simulator, body: &Value) -> Option<Value> {
    exchange(&simulator.url(), &signed("/upay/v2/refund", &body.to_string())).ok()?.json()
}

/// biz_response of a refund that is answered.
fn refund(simulator: &Simulator, client_sn: &str, number: &str, fen: u64) -> Value {
    try_refund(simulator, &refund_body(client_sn, number, fen, "刘侃")).expect("a reply")["biz_response"].take()
}

/// biz_response of a query about a refund.
fn ask(simulator: &Simulator, client_sn: &str, number: &str) -> Option<Value> {
    let mut body: Value = serde_json::from_str(&naming_body(client_sn)).expect("JSON");
    body["refund_request_no"] = json!(number);
    let reply = exchange(&simulator.url(), &signed("/upay/v2/query", &body.to_string())).ok()?.json()?;
    Some(reply["biz_response"].clone())
}

#[test]
fn a_number_moves_money_once_however_often_it_comes() {
    let simulator = start();
    pay(&simulator, "once", ORDINARY).expect("paid");
    assert_eq!(refund(&simulator, "once", "r1", 34)["result_code"], "REFUND_SUCCESS");
    assert_eq!(refund(&simulator, "once", "r1", 34)["error_code"], "UPAY_REFUND_ORDER_NOOP");
    assert_eq!(refund(&simulator, "once", "r1", 35)["error_code"], "REFUND_REQUEST_CONFLICT");
    let ledger = simulator.ledger();
    let refund = ledger.orders[0].refund("r1").expect("the refund");
    assert_eq!((refund.received, refund.moved, refund.amount_fen), (3, 1, 34));
    assert_eq!(ledger.charged_fen, AMOUNT_FEN - 34);
}

#[test]
fn many_at_once_under_one_number_move_money_once() {
    let simulator = start();
    pay(&simulator, "race", ORDINARY).expect("paid");
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| refund(&simulator, "race", "r1", 100));
        }
    });
    let ledger = simulator.ledger();
    assert_eq!((ledger.orders[0].refunds[0].received, ledger.orders[0].refunds[0].moved), (16, 1));
    assert_eq!(ledger.charged_fen, AMOUNT_FEN - 100);
}

#[test]
fn refunds_go_on_until_nothing_is_left() {
    let simulator = start();
    pay(&simulator, "parts", ORDINARY).expect("paid");
    let first = refund(&simulator, "parts", "r1", 1_000);
    assert_eq!(first["data"]["order_status"], "PARTIAL_REFUNDED");
    assert_eq!(first["data"]["net_amount"], "234");
    assert_eq!(refund(&simulator, "parts", "r2", 235)["error_code"], "REFUNDABLE_AMOUNT_NOT_ENOUGH");
    assert_eq!(call(&simulator, "cancel", "parts")["biz_response"]["error_code"], "UPAY_CANCEL_INVALID_ORDER_STATE");
    let last = refund(&simulator, "parts", "r2", 234);
    assert_eq!((&last["data"]["order_status"], &last["data"]["net_amount"]), (&json!("REFUNDED"), &json!("0")));
    assert_eq!(refund(&simulator, "parts", "r3", 1)["error_code"], "REFUNDABLE_AMOUNT_NOT_ENOUGH");
    let about = ask(&simulator, "parts", "r1").expect("a reply");
    assert_eq!((&about["data"]["client_tsn"], &about["data"]["status"]), (&json!("r1"), &json!("SUCCESS")));
    assert_eq!(ask(&simulator, "parts", "r3").expect("a reply")["error_code"], "TRADE_NOT_EXIST");
    assert_eq!(simulator.ledger().charged_fen, 0);
}

#[test]
fn what_is_not_paid_is_not_refunded() {
    let simulator = start();
    pay(&simulator, "unpaid", "139903000000000000").expect("created");
    assert_eq!(refund(&simulator, "unpaid", "r1", 1)["error_code"], "UPAY_REFUND_INVALID_ORDER_STATE");
    assert_eq!(refund(&simulator, "nobody", "r1", 1)["error_code"], "UPAY_ORDER_NOT_EXISTS");
    pay(&simulator, "gone", ORDINARY).expect("paid");
    call(&simulator, "cancel", "gone");
    assert_eq!(refund(&simulator, "gone", "r1", 1)["error_code"], "UPAY_REFUND_INVALID_ORDER_STATE");
}

#[test]
fn an_order_tells_the_story_of_refunds_that_have_none() {
    let simulator = start();
    let mut body: Value = serde_json::from_str(&super::pay_body("told", ORDINARY)).expect("JSON");
    body["reflect"] = json!("[refund:reply-lost]");
    exchange(&simulator.url(), &signed("/upay/v2/pay", &body.to_string())).expect("paid");
    let body = refund_body("told", "r1", AMOUNT_FEN, "刘侃");
    assert!(try_refund(&simulator, &body).is_none());
    let again = try_refund(&simulator, &body).expect("a reply");
    assert_eq!(again["biz_response"]["error_code"], "UPAY_REFUND_ORDER_NOOP");
    // A number may carry the tag too.
    pay(&simulator, "number", ORDINARY).expect("paid");
    assert!(try_refund(&simulator, &refund_body("number", "[sim:30=1]r1", 1, "刘侃")).is_none());
    simulator.wait_for(|ledger| ledger.charged_fen == AMOUNT_FEN - 1, SOON).expect("both moved");
}

#[test]
fn a_repetition_overtakes_a_refund_that_is_still_on_its_way() {
    let simulator = start();
    pay(&simulator, "late", ORDINARY).expect("paid");
    let body = refund_body("late", "r1", 100, "[sim:late-arrival=600]");
    assert!(try_refund(&simulator, &body).is_none());
    assert_eq!(ask(&simulator, "late", "r1").expect("a reply")["error_code"], "TRADE_NOT_EXIST");
    assert_eq!(try_refund(&simulator, &body).expect("a reply")["biz_response"]["result_code"], "REFUND_SUCCESS");
    simulator.advance(61_000);
    assert_eq!(simulator.ledger().orders[0].refunds[0].moved, 1);
    // One that nothing overtakes arrives by itself.
    let body = refund_body("late", "r2", 100, "[sim:late-arrival=600]");
    assert!(try_refund(&simulator, &body).is_none());
    assert_eq!(simulator.ledger().charged_fen, AMOUNT_FEN - 100);
    simulator.advance(61_000);
    assert_eq!(simulator.ledger().charged_fen, AMOUNT_FEN - 200);
}

#[test]
fn an_order_is_known_by_its_sn_and_to_the_other_terminals() {
    let terminal = |sn: &str| Terminal { terminal_sn: sn.to_owned(), terminal_key: "k".to_owned() };
    let terminals = vec![terminal("7001"), terminal("7002")];
    let options = Options { port: 0, quiet: true, terminals, ..Options::default() };
    let simulator = Simulator::start(options).expect("a free port");
    let mut body: Value = serde_json::from_str(&super::pay_body("shared", ORDINARY)).expect("JSON");
    body["terminal_sn"] = json!("7001");
    exchange(&simulator.url(), &signed_by("7001", "k", "/upay/v2/pay", &body.to_string())).expect("paid");
    let sn = simulator.ledger().orders[0].sn.clone().expect("an order");
    let from_other = |action: &str, body: Value| {
        let request = signed_by("7002", "k", &format!("/upay/v2/{action}"), &body.to_string());
        exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON")["biz_response"].take()
    };
    // sn wins over a client_sn that is nobody's.
    let by_sn = json!({ "terminal_sn": "7002", "sn": sn, "client_sn": "nobody" });
    assert_eq!(from_other("query", by_sn)["data"]["terminal_sn"], "7001");
    let by_client_sn = json!({ "terminal_sn": "7002", "client_sn": "shared" });
    assert_eq!(from_other("query", by_client_sn)["data"]["order_status"], "PAID");
    let back = json!({
        "terminal_sn": "7002", "sn": sn, "refund_request_no": "r1", "refund_amount": "34", "operator": "刘侃",
    });
    assert_eq!(from_other("refund", back)["result_code"], "REFUND_SUCCESS");
    assert_eq!(simulator.ledger().charged_fen, AMOUNT_FEN - 34);
}

#[test]
fn a_refund_with_anything_wrong_is_refused() {
    let simulator = start();
    pay(&simulator, "wrong", ORDINARY).expect("paid");
    for (name, value) in [
        ("refund_request_no", json!("123456789012345678901")),
        ("refund_request_no", Value::Null),
        ("refund_amount", json!("0")),
        ("refund_amount", json!("12345678901")),
        ("operator", Value::Null),
        ("client_sn", Value::Null),
        ("total_amount", json!("1")),
    ] {
        let mut body = refund_body("wrong", "r1", 1, "刘侃");
        body[name] = value;
        let reply = try_refund(&simulator, &body).expect("a reply");
        assert_eq!(reply["error_code"], "INVALID_PARAMS", "{name}");
        assert!(reply["error_message"].to_string().contains(name), "{reply}");
    }
    assert!(simulator.ledger().orders[0].refunds.is_empty());
}
