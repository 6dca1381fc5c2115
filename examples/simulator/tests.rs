//! What the simulator promises to those who test with it. That each row of its tables does what it says is held by the
//! library's own tills, in `tests/suite`. They live here, and not beside the code, because the code is included by other test
//! programs, which would run them again.

// The rules of the library's rooms for clocks and threads are not those of its tests.
#![allow(clippy::disallowed_methods)]

mod bodies;
mod client;
mod midnight;
mod precreate;
mod refund;
mod terminal;

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::server::refund_story::{self, RefundVerdict};
use crate::server::{barcode, help, scenario, sign, terminal_story};
use crate::server::{Charged, Options, Parameter, Row, Simulator, Verdict};
use bodies::{naming_body, pay_body, AMOUNT_FEN};
use client::{connect, exchange, get, receive, request, signed};

/// Far longer than anything here takes; only a failing test waits for so long.
const SOON: Duration = Duration::from_secs(10);

fn start() -> Simulator {
    Simulator::start(Options { port: 0, quiet: true, ..Options::default() }).expect("a free port")
}

fn pay(simulator: &Simulator, client_sn: &str, barcode: &str) -> io::Result<Value> {
    let reply = exchange(&simulator.url(), &signed("/upay/v2/pay", &pay_body(client_sn, barcode)))?;
    reply.json().ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn call(simulator: &Simulator, action: &str, client_sn: &str) -> Value {
    let request = signed(&format!("/upay/v2/{action}"), &naming_body(client_sn));
    exchange(&simulator.url(), &request).expect("a reply").json().expect("JSON")
}

#[test]
fn documented_vectors_have_the_documented_signature() {
    let key = "68d499beda5f72116592f5c527465656";
    let order = r#"{"terminal_sn":"10298371039","client_sn":"MEX202605220001","total_amount":"1000","dynamic_id":"130818341921441147","subject":"MUWE test order","operator":"cashier01"}"#;
    assert_eq!(sign::sign(order.as_bytes(), key), "525b9339b1697424f5c4e3527ac7ee19");
    let pizza = r#"{"terminal_sn":"10298371039","client_sn":"2023","subject":"披萨"}"#;
    assert_eq!(sign::sign(pizza.as_bytes(), key), "0dd2da3dd75614ae8f608a2868eaa432");
}

#[test]
fn every_row_has_its_own_number_and_name_and_agrees_with_itself() {
    for table in [scenario::all().collect::<Vec<_>>(), scenario::precreates().collect()] {
        agrees_with_itself(&table);
    }
    let table = help::table();
    for row in refund_story::all() {
        assert!(table.contains(&format!("{}: {}", row.name, row.does)), "{}", row.name);
        assert_eq!(speaks_of_n(row.does), row.parameter != Parameter::Ignored, "{}: parameter", row.name);
        match row.told {
            [RefundVerdict::Refunded] => assert_eq!(row.moved, Charged::Yes, "{}", row.name),
            [RefundVerdict::NotRefunded] => assert_eq!(row.moved, Charged::No, "{}", row.name),
            told => assert!(!told.is_empty(), "{}", row.name),
        }
    }
    for row in terminal_story::all() {
        assert!(table.contains(&format!("{}: {}", row.name, row.does)), "{}", row.name);
        assert_eq!(speaks_of_n(row.does), row.parameter != Parameter::Ignored, "{}: parameter", row.name);
    }
    are_unique(refund_story::all());
    are_unique(terminal_story::all());
}

fn are_unique<R: Row>(rows: impl Iterator<Item = &'static R>) {
    let (mut numbers, mut names) = (HashSet::new(), HashSet::new());
    for row in rows {
        assert!(row.number() < 100 && numbers.insert(row.number()), "{}: number {}", row.name(), row.number());
        assert!(!row.name().is_empty() && names.insert(row.name()), "{} twice", row.name());
    }
}

fn speaks_of_n(text: &str) -> bool {
    text.split([' ', ',', ';', ':']).any(|word| word == "n")
}

fn agrees_with_itself(table: &[&'static scenario::Scenario]) {
    are_unique(table.iter().copied());
    for row in table {
        let name = row.name;
        let (number, story) = (format!("{:02}  ", row.number), format!("{name}: {}", row.does));
        let is_told = help::table().lines().any(|line| line.starts_with(&number) && line.ends_with(&story));
        assert!(is_told, "{name} is not in the help");
        let text = format!("{} {}", row.does, row.depends);
        assert_eq!(speaks_of_n(&text), row.parameter != Parameter::Ignored, "{name}: parameter");
        match row.told {
            [Verdict::Paid] => assert_eq!(row.charged, Charged::Yes, "{name}"),
            [Verdict::NotPaid] => assert_eq!(row.charged, Charged::No, "{name}"),
            told => assert!(!told.is_empty(), "{name}"),
        }
    }
}

#[test]
fn the_command_line_names_vendors_and_codes() {
    let arguments =
        ["--vendor", "7:key", "--activation-code", "11", "--activation-code", "12", "--terminal", "8:key"];
    let command = crate::parse(arguments.map(str::to_owned).into_iter());
    let Ok(crate::Command::Run(options)) = command else {
        panic!("{command:?}");
    };
    assert_eq!((options.vendors.len(), options.vendors[0].vendor_sn.as_str()), (1, "7"));
    assert_eq!((options.terminals.len(), options.terminals[0].terminal_key.as_str()), (1, "key"));
    assert!(options.activation_codes.ends_with(&["11".to_owned(), "12".to_owned()]));
    assert!(options.activation_codes.len() > 2);
    assert!(crate::parse(["--vendor".to_owned(), "7".to_owned()].into_iter()).is_err());
}

#[test]
fn barcodes_lead_to_their_scenario() {
    for row in scenario::all() {
        let (found, parameter) = barcode::scenario_of(&row.barcode(27));
        assert_eq!((found.name, parameter), (row.name, 27));
    }
    for (digits, name) in [
        ("289901000512345678", "paid-after"),
        ("130818341921441147", "paid-at-once"),
        ("3012345678901234", "paid-at-once"),
        ("281234567890123456789012", "paid-at-once"),
        ("2812345678901234567890123", "invalid-barcode"),
        ("160818341921441147", "invalid-barcode"),
        ("13081834192144114x", "invalid-barcode"),
        ("139999000012345678", "invalid-barcode"),
    ] {
        assert_eq!(barcode::scenario_of(digits).0.name, name, "{digits}");
    }
}

#[test]
fn a_paid_reply_has_the_fields_of_the_sample_all_of_them_strings() {
    let simulator = start();
    let reply = pay(&simulator, "sample", "281234567890123456").expect("a reply");
    assert_eq!(reply["result_code"], "200");
    assert_eq!(reply["biz_response"]["result_code"], "PAY_SUCCESS");
    let data = reply["biz_response"]["data"].as_object().expect("data");
    for name in [
        "sn",
        "client_sn",
        "status",
        "payway",
        "sub_payway",
        "order_status",
        "payer_uid",
        "payer_login",
        "trade_no",
        "total_amount",
        "net_amount",
        "ctime",
        "finish_time",
        "channel_finish_time",
        "terminal_sn",
        "store_id",
        "subject",
        "operator",
        "reflect",
    ] {
        assert!(data.get(name).is_some_and(Value::is_string), "{name}: {:?}", data.get(name));
    }
    assert_eq!(data["sn"].as_str().map(str::len), Some(16));
    assert_eq!(data["finish_time"].as_str().map(str::len), Some(13));
    assert_eq!((&data["payway"], &data["reflect"]), (&json!("2"), &json!("桌号7")));
}

#[test]
fn a_client_sn_is_charged_once_however_often_it_is_paid() {
    let simulator = start();
    let first = pay(&simulator, "twice", "130818341921441147").expect("a reply");
    let again = pay(&simulator, "twice", "130818341921441147").expect("a reply");
    assert_eq!(first["biz_response"]["result_code"], "PAY_SUCCESS");
    assert_eq!(again["biz_response"]["error_code"], "CLIENT_SN_CONFLICT");
    let ledger = simulator.ledger();
    assert_eq!((ledger.charged_fen, ledger.orders[0].pays), (AMOUNT_FEN, 2));
}

#[test]
fn cancel_gives_money_back_once() {
    let simulator = start();
    pay(&simulator, "back", "130818341921441147").expect("a reply");
    assert_eq!(call(&simulator, "cancel", "back")["biz_response"]["result_code"], "CANCEL_SUCCESS");
    assert_eq!(call(&simulator, "revoke", "back")["biz_response"]["error_code"], "UPAY_CANCEL_ORDER_NOOP");
    assert_eq!(call(&simulator, "query", "back")["biz_response"]["data"]["order_status"], "CANCELED");
    assert_eq!(call(&simulator, "query", "nobody")["biz_response"]["error_code"], "UPAY_ORDER_NOT_EXISTS");
    let order = &simulator.ledger().orders[0];
    assert_eq!((order.charged_fen, order.paid_ever, order.cancels), (0, true, 2));
}

#[test]
fn a_cancelled_customer_never_pays() {
    let simulator = start();
    pay(&simulator, "slow", &scenario::named("paid-after").barcode(2)).expect("a reply");
    assert_eq!(call(&simulator, "cancel", "slow")["biz_response"]["result_code"], "CANCEL_ABORT_SUCCESS");
    let charged = simulator.wait_for(|ledger| ledger.charged_fen > 0, Duration::from_millis(400));
    assert!(charged.is_err(), "{charged:?}");
}

#[test]
fn waiting_sees_what_only_the_clock_changes() {
    let simulator = start();
    pay(&simulator, "later", &scenario::named("paid-after").barcode(3)).expect("a reply");
    assert_eq!(simulator.ledger().charged_fen, 0);
    let started = Instant::now();
    simulator.wait_for(|ledger| ledger.charged_fen == AMOUNT_FEN, SOON).expect("charged");
    assert!(started.elapsed() < SOON / 2);
}

#[test]
fn a_request_with_anything_wrong_is_refused() {
    let simulator = start();
    let body = pay_body("wrong", "130818341921441147");
    let json_type = "Content-Type: application/json\r\n";
    let sign = sign::sign(body.as_bytes(), "simulator-terminal-key");
    let refused = |request: &[u8]| {
        let reply = exchange(&simulator.url(), request).expect("a reply").json().expect("JSON");
        assert_eq!(reply["result_code"], "400");
        (reply["error_code"].as_str().unwrap_or_default().to_owned(), reply["error_message"].to_string())
    };
    for (headers, error_code) in [
        (json_type.to_owned(), "ILLEGAL_SIGN"),
        (format!("{json_type}Authorization: 100000000000001 {}\r\n", sign.to_uppercase()), "ILLEGAL_SIGN"),
        (format!("{json_type}Authorization: 100000000000001  {sign}\r\n"), "ILLEGAL_SIGN"),
        (format!("{json_type}Authorization: 7 {sign}\r\n"), "INVALID_TERMINAL"),
        (format!("Content-Type: text/plain\r\nAuthorization: 100000000000001 {sign}\r\n"), "INVALID_PARAMS"),
    ] {
        assert_eq!(refused(&request("/upay/v2/pay", &headers, &body)).0, error_code, "{headers}");
    }
    for (name, value) in [
        ("terminal_sn", json!("100000000000002")),
        ("client_sn", json!("123456789012345678901234567890123")),
        ("client_sn", Value::Null),
        ("total_amount", json!("0")),
        ("total_amount", json!("12345678901")),
        ("total_amount", json!(1)),
        ("total_amount", json!("-1")),
        ("subject", json!("披".repeat(65))),
        ("payway", json!("微信")),
        ("longitude", json!("121.4")),
        ("extended", json!("{}")),
        ("extended", json!({ "key": "值".repeat(86) })),
        ("goods_details", json!({})),
        ("reflact", json!("x")),
    ] {
        let mut fields: Value = serde_json::from_str(&body).expect("JSON");
        fields[name] = value;
        let (error_code, message) = refused(&signed("/upay/v2/pay", &fields.to_string()));
        assert_eq!(error_code, "INVALID_PARAMS");
        assert!(message.contains(name), "{name}: {message}");
    }
    let nameless = r#"{"terminal_sn":"100000000000001"}"#;
    assert!(refused(&signed("/upay/v2/query", nameless)).1.contains("client_sn"));
    assert!(simulator.ledger().orders.is_empty());
    assert_eq!(simulator.ledger().refused, 20);
}

#[test]
fn a_lost_reply_is_a_reset_and_a_lost_request_is_a_close() {
    let simulator = start();
    for (name, kind) in [
        ("reply-lost-paid", io::ErrorKind::ConnectionReset),
        ("request-lost-reset", io::ErrorKind::ConnectionReset),
        ("request-lost-close", io::ErrorKind::UnexpectedEof),
        ("cut-with-length", io::ErrorKind::UnexpectedEof),
    ] {
        let error = pay(&simulator, name, &scenario::named(name).barcode(0)).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}");
    }
    let ledger = simulator.ledger();
    assert!(ledger.lost().eq(["request-lost-reset", "request-lost-close"]));
    assert_eq!(ledger.charged_fen, 2 * AMOUNT_FEN);
}

#[test]
fn a_connection_serves_many_requests_in_whatever_pieces_they_come() {
    let simulator = start();
    let mut stream = connect(&simulator.url());
    let query = signed("/upay/v2/query", &naming_body("nobody"));
    for cut in [0, 1, 20, query.len() - 1] {
        stream.write_all(&query[..cut]).expect("first piece");
        stream.write_all(&query[cut..]).expect("second piece");
        assert_eq!(receive(&mut stream).expect("a reply").status, 200);
    }
    stream.write_all(&[query.clone(), query].concat()).expect("two at once");
    assert_eq!(receive(&mut stream).expect("a reply").status, 200);
    let ledger = simulator.wait_for(|ledger| ledger.requests == 6, SOON);
    assert!(ledger.is_ok(), "{ledger:?}");
}

#[test]
fn a_client_that_expects_100_gets_it_before_it_sends_the_body() {
    let simulator = start();
    let mut stream = connect(&simulator.url());
    let query = String::from_utf8(signed("/upay/v2/query", &naming_body("nobody"))).expect("text");
    let (head, body) = query.split_once("\r\n\r\n").expect("a head");
    stream.write_all(format!("{head}\r\nExpect: 100-continue\r\n\r\n").as_bytes()).expect("head");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("an interim reply");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).expect("body");
    assert_eq!(receive(&mut stream).expect("a reply").status, 200);
}

#[test]
fn pages_answer_what_is_no_call() {
    let simulator = start();
    let url = simulator.url();
    assert_eq!(get(&url, "/").status, 404);
    assert_eq!(get(&url, "/upay/v2/pay").status, 405);
    assert_eq!(exchange(&url, &signed("/Upay/v2/pay", "{}")).expect("a reply").status, 404);
    assert_eq!(exchange(&url, b"nonsense\r\n\r\n").expect("a reply").status, 400);
    assert_eq!(exchange(&url, &request("/upay/v2/pay", "", &" ".repeat(70_000))).expect("a reply").status, 413);
    assert!(String::from_utf8(get(&url, "/help").body).expect("text").contains("never-paid"));
    exchange(&url, &request("/elsewhere", "", "")).expect("a reply");
    let ledger = get(&url, "/ledger").json().expect("JSON");
    assert_eq!(
        ledger["totals"],
        json!({ "charged": 0, "requests": 0, "refused": 0, "redirects_followed": 1, "revokes": 0 })
    );
}

#[test]
fn release_lets_held_customers_pay() {
    let simulator = start();
    thread::scope(|scope| {
        let held = scope.spawn(|| pay(&simulator, "held", &scenario::named("held-then-paid").barcode(300)));
        simulator.wait_for(|ledger| ledger.order("held").is_some(), SOON).expect("the order");
        simulator.release();
        let reply = held.join().expect("no panic").expect("a reply");
        assert_eq!(reply["biz_response"]["result_code"], "PAY_SUCCESS");
    });
}

#[test]
fn stop_ends_connections_that_are_held_idle_or_busy() {
    let simulator = start();
    let barcodes = ["held-then-paid", "trickled", "endless"].map(|name| scenario::named(name).barcode(300));
    let streams: Vec<_> = barcodes
        .iter()
        .map(|barcode| {
            let mut stream = connect(&simulator.url());
            stream.write_all(&signed("/upay/v2/pay", &pay_body(barcode, barcode))).expect("sent");
            stream
        })
        .collect();
    let idle = connect(&simulator.url());
    simulator.wait_for(|ledger| ledger.orders.len() == barcodes.len(), SOON).expect("all arrived");
    let started = Instant::now();
    simulator.stop();
    assert!(started.elapsed() < SOON / 2);
    drop((streams, idle));
    assert_eq!(simulator.ledger().orders.len(), barcodes.len());
}
