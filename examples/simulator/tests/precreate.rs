//! Codes that the customer scans.

use serde_json::{json, Value};

use super::bodies::{pay_body, precreate_body, AMOUNT_FEN};
use super::client::{exchange, get, request, signed};
use super::{call, start, SOON};
use crate::server::Simulator;

fn precreate(simulator: &Simulator, client_sn: &str, reflect: &str) -> Value {
    let request = signed("/upay/v2/precreate", &precreate_body(client_sn, reflect));
    exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON")
}

fn qr_code(reply: &Value) -> String {
    reply["biz_response"]["data"]["qr_code"].as_str().expect("a code").to_owned()
}

#[test]
fn a_code_that_is_scanned_is_paid_once() {
    let simulator = start();
    let reply = precreate(&simulator, "shown", "桌号7");
    assert_eq!(reply["biz_response"]["result_code"], "PRECREATE_SUCCESS");
    let data = &reply["biz_response"]["data"];
    assert_eq!((&data["order_status"], &data["sub_payway"]), (&json!("CREATED"), &json!("2")));
    assert_eq!(simulator.ledger().charged_fen, 0);
    let code = qr_code(&reply);
    assert_eq!(simulator.scan_and_pay(&code), Ok(()));
    assert!(simulator.scan_and_pay(&code).is_err());
    let data = &call(&simulator, "query", "shown")["biz_response"]["data"];
    assert_eq!((&data["order_status"], &data["qr_code"]), (&json!("PAID"), &Value::Null));
    let ledger = simulator.ledger();
    assert_eq!((ledger.charged_fen, ledger.orders[0].qr_code.as_deref()), (AMOUNT_FEN, Some(code.as_str())));
}

#[test]
fn a_wallet_pays_over_http_what_waits_and_nothing_else() {
    let simulator = start();
    let scan = |qr_code: &str| {
        let body = json!({ "qr_code": qr_code }).to_string();
        exchange(&simulator.url(), &request("/wallet/pay", "", &body)).expect("a reply").status
    };
    let waits = qr_code(&precreate(&simulator, "waits", "-"));
    let never = qr_code(&precreate(&simulator, "never", "[sim:never-paid]"));
    let over = qr_code(&precreate(&simulator, "over", "-"));
    assert_eq!(call(&simulator, "cancel", "over")["biz_response"]["result_code"], "CANCEL_ABORT_SUCCESS");
    assert_eq!([&waits, &never, &over, "https://qr.simulator.invalid/0"].map(scan), [200, 409, 409, 409]);
    assert_eq!(exchange(&simulator.url(), &request("/wallet/pay", "", "{}")).expect("a reply").status, 400);
    assert_eq!(get(&simulator.url(), "/wallet/pay").status, 405);
    assert_eq!(simulator.ledger().charged_fen, AMOUNT_FEN);
}

#[test]
fn a_client_sn_is_one_for_pay_and_precreate() {
    let simulator = start();
    precreate(&simulator, "one", "-");
    assert_eq!(precreate(&simulator, "one", "-")["biz_response"]["error_code"], "CLIENT_SN_CONFLICT");
    let pay = signed("/upay/v2/pay", &pay_body("one", "130818341921441147"));
    let reply = exchange(&simulator.url(), &pay).expect("a reply").json().expect("JSON");
    assert_eq!(reply["biz_response"]["error_code"], "CLIENT_SN_CONFLICT");
    let ledger = simulator.ledger();
    assert_eq!((ledger.orders.len(), ledger.orders[0].precreates, ledger.orders[0].pays), (1, 2, 1));
}

#[test]
fn a_tag_says_its_name_or_its_number_and_must_be_known() {
    let simulator = start();
    precreate(&simulator, "name", "[sim:paid-after=2] 桌号7");
    precreate(&simulator, "number", "a [sim:01=2]");
    for client_sn in ["name", "number"] {
        let ledger = simulator.ledger();
        let order = ledger.order(client_sn).expect("an order");
        assert_eq!((order.scenario, order.parameter), ("paid-after", 2));
    }
    simulator.wait_for(|ledger| ledger.charged_fen == 2 * AMOUNT_FEN, SOON).expect("both pay");
    for tag in ["[sim:nothing]", "[sim:paid-after=soon]", "[sim:paid-after=2", "[refund:nothing]"] {
        assert_eq!(precreate(&simulator, "wrong", tag)["error_code"], "INVALID_PARAMS", "{tag}");
    }
    assert_eq!(simulator.ledger().refused, 4);
}

#[test]
fn precreate_wants_a_payway_and_not_that_of_qq() {
    let simulator = start();
    for payway in [Value::Null, json!("6"), json!("微信")] {
        let mut body: Value = serde_json::from_str(&precreate_body("qq", "-")).expect("JSON");
        body["payway"] = payway.clone();
        let request = signed("/upay/v2/precreate", &body.to_string());
        let reply = exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON");
        assert_eq!(reply["error_code"], "INVALID_PARAMS", "{payway}");
    }
    assert!(simulator.ledger().orders.is_empty());
}
