//! Activation, check-in, and who may sign what.

use std::io;

use serde_json::{json, Value};

use super::bodies::{naming_body, pay_body};
use super::client::{exchange, request, signed, signed_by};
use super::{start, SOON};
use crate::server::terminal_story::{self, KeyAnswer};
use crate::server::{
    Options, Parameter, Row, Simulator, Vendor, DEFAULT_ACTIVATION_CODES, DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN,
    DEFAULT_VENDOR_KEY, DEFAULT_VENDOR_SN,
};

fn activate(simulator: &Simulator, code: &str) -> io::Result<Value> {
    let body = json!({ "app_id": "app", "code": code, "device_id": "till 1" }).to_string();
    let request = signed_by(DEFAULT_VENDOR_SN, DEFAULT_VENDOR_KEY, "/terminal/activate", &body);
    exchange(&simulator.url(), &request)?.json().ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn checkin(simulator: &Simulator, key: &str, device_id: &str) -> io::Result<Value> {
    let body = json!({ "terminal_sn": DEFAULT_TERMINAL_SN, "device_id": device_id }).to_string();
    let request = signed_by(DEFAULT_TERMINAL_SN, key, "/terminal/checkin", &body);
    exchange(&simulator.url(), &request)?.json().ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn key_of(reply: &Value) -> String {
    let biz = &reply["biz_response"];
    let key = biz["terminal_key"].as_str().or(biz["data"]["terminal_key"].as_str());
    key.unwrap_or_else(|| panic!("no key in {reply}")).to_owned()
}

/// Whether the gateway lets a key in.
fn opens(simulator: &Simulator, key: &str) -> bool {
    let request = signed_by(DEFAULT_TERMINAL_SN, key, "/upay/v2/query", &naming_body("nobody"));
    let reply = exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON");
    assert!(reply["result_code"] == "200" || reply["error_code"] == "ILLEGAL_SIGN", "{reply}");
    reply["result_code"] == "200"
}

#[test]
fn a_code_makes_one_terminal_that_can_sign() {
    let simulator = start();
    let code = DEFAULT_ACTIVATION_CODES[0];
    let reply = activate(&simulator, code).expect("a reply");
    let biz = reply["biz_response"].as_object().expect("biz_response");
    for name in ["terminal_sn", "terminal_key", "merchant_sn", "merchant_name", "store_sn", "store_name"] {
        assert!(biz[name].is_string(), "{name}");
    }
    assert!(!biz.contains_key("result_code") && !biz.contains_key("data"));
    let (terminal_sn, key) = (biz["terminal_sn"].as_str().expect("a number"), key_of(&reply));
    let body = json!({ "terminal_sn": terminal_sn, "client_sn": "nobody" }).to_string();
    let query = signed_by(terminal_sn, &key, "/upay/v2/query", &body);
    let answer = exchange(&simulator.url(), &query).expect("a reply").json().expect("JSON");
    assert_eq!(answer["biz_response"]["error_code"], "UPAY_ORDER_NOT_EXISTS");
    assert_eq!(activate(&simulator, code).expect("a reply")["error_code"], "ACTIVATE_FAIL");
    assert_eq!(activate(&simulator, "no such code").expect("a reply")["error_code"], "ACTIVATE_FAIL");
    let ledger = simulator.ledger();
    assert_eq!(ledger.terminal(terminal_sn).and_then(|terminal| terminal.device_id.as_deref()), Some("till 1"));
    assert_eq!((ledger.activations[0].received, ledger.activations.len(), ledger.terminals.len()), (2, 2, 2));
    // It was no mistake of the till, and the key is nobody else's business.
    assert_eq!(ledger.refused, 0);
    assert!(!ledger.to_json().contains(&key));
    assert_eq!(simulator.keys(terminal_sn), [key]);
}

#[test]
fn activation_is_signed_by_the_vendor_and_nobody_else() {
    let simulator = start();
    let body = json!({ "app_id": "app", "code": "10000001", "device_id": "till 1" }).to_string();
    for (serial_number, key) in [
        (DEFAULT_TERMINAL_SN, DEFAULT_TERMINAL_KEY),
        (DEFAULT_VENDOR_SN, DEFAULT_TERMINAL_KEY),
        (DEFAULT_TERMINAL_SN, DEFAULT_VENDOR_KEY),
    ] {
        let request = signed_by(serial_number, key, "/terminal/activate", &body);
        let reply = exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON");
        assert_eq!(reply["error_code"], "ILLEGAL_SIGN", "{serial_number}");
    }
    let query = signed_by(DEFAULT_VENDOR_SN, DEFAULT_VENDOR_KEY, "/upay/v2/query", &naming_body("nobody"));
    let reply = exchange(&simulator.url(), &query).expect("a reply").json().expect("JSON");
    assert_eq!(reply["error_code"], "INVALID_TERMINAL");
    for name in ["app_id", "code", "device_id"] {
        let mut fields: Value = serde_json::from_str(&body).expect("JSON");
        fields.as_object_mut().expect("an object").remove(name);
        let request = signed_by(DEFAULT_VENDOR_SN, DEFAULT_VENDOR_KEY, "/terminal/activate", &fields.to_string());
        let reply = exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON");
        assert!(reply["error_message"].to_string().contains(name), "{reply}");
    }
    assert_eq!(simulator.ledger().terminals.len(), 1);
}

#[test]
fn the_newest_key_and_the_one_before_it_are_valid() {
    let simulator = start();
    let first = DEFAULT_TERMINAL_KEY.to_owned();
    let second = key_of(&checkin(&simulator, &first, "till 1").expect("a reply"));
    assert!(opens(&simulator, &first) && opens(&simulator, &second));
    let third = key_of(&checkin(&simulator, &second, "till 1").expect("a reply"));
    assert_eq!([&first, &second, &third].map(|key| opens(&simulator, key)), [false, true, true]);
    assert_eq!(checkin(&simulator, &first, "till 1").expect("a reply")["error_code"], "ILLEGAL_SIGN");
    assert_eq!(simulator.keys(DEFAULT_TERMINAL_SN), [first, second, third]);
    let ledger = simulator.ledger();
    let terminal = ledger.terminal(DEFAULT_TERMINAL_SN).expect("the terminal");
    let keys: Vec<_> = terminal.keys.iter().map(|key| (key.number, key.valid, key.used)).collect();
    assert_eq!((terminal.checkins, keys), (2, vec![(1, false, 2), (2, true, 3), (3, true, 1)]));
}

#[test]
fn a_check_in_whose_reply_was_lost_is_repeated_with_the_old_key() {
    let simulator = start();
    let lost = checkin(&simulator, DEFAULT_TERMINAL_KEY, "[sim:reply-lost]").expect_err("no reply");
    assert_eq!(lost.kind(), io::ErrorKind::ConnectionReset);
    let again = checkin(&simulator, DEFAULT_TERMINAL_KEY, "[sim:reply-lost]").expect("a reply");
    assert!(opens(&simulator, &key_of(&again)));
    assert!(!opens(&simulator, DEFAULT_TERMINAL_KEY));
    // Two in a row are one too many.
    let simulator = start();
    for _ in 0..2 {
        checkin(&simulator, DEFAULT_TERMINAL_KEY, "[sim:reply-lost=2]").expect_err("no reply");
    }
    assert!(!opens(&simulator, DEFAULT_TERMINAL_KEY));
}

#[test]
fn every_story_of_a_terminal_is_told_once() {
    for row in terminal_story::all() {
        let simulator = start();
        let tag = row.tag(row.parameter.sample().min(2));
        let activated = activate(&simulator, &tag);
        let checked_in = checkin(&simulator, DEFAULT_TERMINAL_KEY, &tag);
        let ledger = simulator.ledger();
        let keys = ledger.terminal(DEFAULT_TERMINAL_SN).expect("the terminal").keys.len();
        assert_eq!((ledger.terminals.len() == 2, keys == 2), (row.done, row.done), "{}", row.name);
        for reply in [&activated, &checked_in] {
            let whole = matches!(row.wire, crate::server::scenario::Wire::Whole);
            assert_eq!(reply.is_ok(), whole, "{}: {reply:?}", row.name);
            let Ok(reply) = reply else {
                continue;
            };
            let biz = &reply["biz_response"];
            match row.answer {
                KeyAnswer::Flat => assert!(biz["terminal_key"].is_string(), "{reply}"),
                KeyAnswer::Nested => assert!(biz["data"]["terminal_key"].is_string(), "{reply}"),
                KeyAnswer::LooseTypes => assert!(biz["terminal_sn"].is_u64(), "{reply}"),
                KeyAnswer::WithoutKey => assert!(biz["terminal_key"].is_null(), "{reply}"),
                KeyAnswer::AnotherTerminal => assert_ne!(biz["terminal_sn"], DEFAULT_TERMINAL_SN, "{reply}"),
                KeyAnswer::RequestError(_, error_code, _) => assert_eq!(reply["error_code"], error_code),
            }
        }
        if row.parameter == Parameter::Count {
            assert!(!key_of(&checkin(&simulator, DEFAULT_TERMINAL_KEY, &tag).expect("a reply")).is_empty());
            let again = activate(&simulator, &tag).expect("a reply");
            assert_eq!(again["error_code"] == "ACTIVATE_FAIL", row.done, "{}: {again}", row.name);
        }
    }
    let simulator = start();
    let nested = |reply: io::Result<Value>| reply.expect("a reply")["biz_response"]["result_code"].clone();
    assert_eq!(nested(activate(&simulator, "[sim:nested]")), "ACTIVATE_SUCCESS");
    assert_eq!(nested(checkin(&simulator, DEFAULT_TERMINAL_KEY, "[sim:nested]")), "TERMINAL_CHECKIN_SUCCESS");
}

#[test]
fn an_echo_says_what_was_signed() {
    let simulator = start();
    let body = json!({ "echo": "披萨", "anything": [1, 2] }).to_string();
    for (serial_number, key) in [(DEFAULT_TERMINAL_SN, DEFAULT_TERMINAL_KEY), (DEFAULT_VENDOR_SN, DEFAULT_VENDOR_KEY)]
    {
        let request = signed_by(serial_number, key, "/echo/upay/v3/new", &body);
        let reply = exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON");
        let biz = &reply["biz_response"];
        assert_eq!((&biz["result_code"], &biz["data"]["echo"]), (&json!("SUCCESS"), &json!("披萨")));
        assert_eq!(biz["data"]["bytes"], body.len().to_string());
        assert_eq!(
            (&biz["data"]["path"], &biz["data"]["signer"]),
            (&json!("/echo/upay/v3/new"), &json!(serial_number))
        );
    }
    let wrong = signed_by(DEFAULT_TERMINAL_SN, "wrong", "/echo/x", &body);
    let reply = exchange(&simulator.url(), &wrong).expect("a reply").json().expect("JSON");
    assert_eq!(reply["error_code"], "ILLEGAL_SIGN");
    let unsigned = exchange(&simulator.url(), &request("/echo/x", "Content-Type: application/json\r\n", &body));
    assert_eq!(unsigned.expect("a reply").json().expect("JSON")["error_code"], "ILLEGAL_SIGN");
    let lost = signed("/echo/x", &json!({ "echo": "[sim:reply-lost]" }).to_string());
    assert!(exchange(&simulator.url(), &lost).is_err());
    let again = exchange(&simulator.url(), &lost).expect("a reply").json().expect("JSON");
    assert_eq!(again["biz_response"]["data"]["received"], "2");
    simulator.wait_for(|ledger| ledger.refused == 2 && ledger.requests == 6, SOON).expect("all counted");
}

#[test]
fn the_terminals_of_another_vendor_see_nothing_of_ours() {
    let vendor = |sn: &str| Vendor { vendor_sn: sn.to_owned(), vendor_key: "k".to_owned() };
    let vendors = vec![vendor("1"), vendor("2")];
    let simulator =
        Simulator::start(Options { port: 0, quiet: true, vendors, ..Options::default() }).expect("a free port");
    super::pay(&simulator, "ours", "130818341921441147").expect("paid");
    let sn = simulator.ledger().orders[0].sn.clone().expect("an order");
    let body = json!({ "app_id": "app", "code": "10000001", "device_id": "till 2" }).to_string();
    let activate = signed_by("2", "k", "/terminal/activate", &body);
    let theirs = exchange(&simulator.url(), &activate).expect("a reply").json().expect("JSON");
    let (terminal_sn, key) = (theirs["biz_response"]["terminal_sn"].as_str().expect("a number"), key_of(&theirs));
    let call = |action: &str, body: Value| {
        let request = signed_by(terminal_sn, &key, &format!("/upay/v2/{action}"), &body.to_string());
        exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON")["biz_response"].take()
    };
    for name in [json!({ "client_sn": "ours" }), json!({ "sn": sn })] {
        for action in ["query", "cancel"] {
            let mut body = name.clone();
            body["terminal_sn"] = json!(terminal_sn);
            assert_eq!(call(action, body)["error_code"], "UPAY_ORDER_NOT_EXISTS", "{action} {name}");
        }
    }
    let mut pay: Value = serde_json::from_str(&pay_body("ours", "130818341921441147")).expect("JSON");
    pay["terminal_sn"] = json!(terminal_sn);
    assert_eq!(call("pay", pay)["result_code"], "PAY_SUCCESS");
    assert_eq!(simulator.ledger().orders.len(), 2);
}
