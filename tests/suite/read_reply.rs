//! Replies that a host got by its own means, read through the C ABI.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs;
use std::path::Path;
use std::ptr::{null, null_mut};

use upay::abi::*;
use upay::ffi::*;

use crate::codes::{advice, codes, data, outcome, text};

/// What was read, until it is freed.
struct Read(*mut upay_event);

impl Drop for Read {
    fn drop(&mut self) {
        upay_event_free(self.0);
    }
}

impl Read {
    fn get(&self, key: &str) -> Option<String> {
        let key = CString::new(key).unwrap();
        // SAFETY: the key ends with a NUL.
        text(unsafe { upay_event_get(self.0, key.as_ptr()) })
    }

    fn verdict(&self) -> (i32, upay_status) {
        (upay_event_outcome(self.0), upay_event_status(self.0))
    }

    fn advice(&self) -> i32 {
        upay_event_advice(self.0)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&text(upay_event_json(self.0)).unwrap()).unwrap()
    }
}

fn read(dialect: i32, http_status: i32, body: &[u8]) -> Result<Read, upay_status> {
    let mut event = null_mut();
    // SAFETY: the body has these bytes, and `event` can be written.
    let status = unsafe { upay_read_reply(dialect, http_status, body.as_ptr().cast(), body.len(), &mut event) };
    assert_eq!(status == UPAY_OK, !event.is_null(), "an event comes with success alone");
    if status == UPAY_OK {
        Ok(Read(event))
    } else {
        Err(status)
    }
}

fn upay(body: &str) -> Read {
    read(UPAY_DIALECT_UPAY, 200, body.as_bytes()).unwrap()
}

fn charge(http_status: i32, body: &str) -> Read {
    read(UPAY_DIALECT_CHARGE, http_status, body.as_bytes()).unwrap()
}

/// An answer about an order that it names, in full.
fn answer(result_code: &str, error_code: &str, order_status: &str) -> Read {
    upay(&format!(
        r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}","error_code":"{error_code}",
        "data":{{"sn":"7","client_sn":"c","terminal_sn":"t","total_amount":"100","qr_code":"q","order_status":"{order_status}"}}}}}}"#
    ))
}

/// A number of the header, by the end of its name.
fn number(name: &str) -> i32 {
    match name {
        "UPAY" => UPAY_DIALECT_UPAY,
        "CHARGE" => UPAY_DIALECT_CHARGE,
        "PENDING" => UPAY_OUTCOME_PENDING,
        "SUCCESS" => UPAY_OUTCOME_SUCCESS,
        "FAILED" => UPAY_OUTCOME_FAILED,
        "UNKNOWN" => UPAY_OUTCOME_UNKNOWN,
        "OK" => UPAY_OK,
        "E_GATEWAY" => UPAY_E_GATEWAY,
        "E_REQUEST" => UPAY_E_REQUEST,
        "E_TERMINAL" => UPAY_E_TERMINAL,
        "E_REFUSED" => UPAY_E_REFUSED,
        "E_CANCELLED" => UPAY_E_CANCELLED,
        "NONE" => UPAY_ADVICE_NONE,
        "DELIVER" => UPAY_ADVICE_DELIVER,
        "WAIT" => UPAY_ADVICE_WAIT,
        "CALL_SUPPORT" => UPAY_ADVICE_CALL_SUPPORT,
        "FIX_REQUEST" => UPAY_ADVICE_FIX_REQUEST,
        "BY_HAND" => UPAY_ADVICE_BY_HAND,
        "ASK_CUSTOMER" => UPAY_ADVICE_ASK_CUSTOMER,
        _ => panic!("{name} is no number of this test's"),
    }
}

#[test]
fn the_documents_samples_read_as_what_they_stand_for() {
    let list = data("replies/verdicts.txt");
    let mut listed = BTreeSet::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let row: Vec<&str> = line.split_whitespace().collect();
        let [file, _source, dialect, http_status, outcome, status, advice] = row[..] else {
            panic!("{line}");
        };
        let body = data(&format!("replies/{file}.json"));
        let event = read(number(dialect), http_status.parse().unwrap(), body.as_bytes()).unwrap();
        assert_eq!(event.verdict(), (number(outcome), number(status)), "{file}");
        assert_eq!(event.advice(), number(advice), "{file}");
        assert_eq!(upay_event_action(event.0), UPAY_ACTION_READ);
        listed.insert(format!("{file}.json"));
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/replies");
    let there = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<String> = there.filter(|name| name.ends_with(".json")).collect();
    assert_eq!(there, listed, "each reply has its verdict");
}

/// Which result_code and order_status belong together in a success, by hand and not by the library's tables.
fn both_allow_success(result_code: &str, order_status: &str) -> bool {
    match result_code {
        "PAY_SUCCESS" => ["PAID", ""].contains(&order_status),
        "SUCCESS" => order_status == "PAID",
        "CANCEL_SUCCESS" | "CANCEL_ABORT_SUCCESS" => {
            ["CANCELED", "PAY_CANCELED", "REFUNDED", ""].contains(&order_status)
        }
        "REFUND_SUCCESS" => ["REFUNDED", "PARTIAL_REFUNDED", ""].contains(&order_status),
        _ => false,
    }
}

#[test]
fn no_codes_that_contradict_each_other_make_a_success() {
    let with_new = |table, new: &[&str]| {
        let mut all = codes(table);
        all.extend(new.iter().map(|code| (*code).to_owned()));
        all
    };
    let result_codes = with_new(UPAY_TABLE_RESULT_CODE, &["A_CODE_OF_NEXT_YEAR", "pay_success"]);
    let order_statuses = with_new(UPAY_TABLE_ORDER_STATUS, &["A_STATUS_OF_NEXT_YEAR", "paid", ""]);
    let error_codes = with_new(UPAY_TABLE_BUSINESS_ERROR, &["AN_ERROR_OF_NEXT_YEAR", ""]);
    for result_code in &result_codes {
        for order_status in &order_statuses {
            for error_code in &error_codes {
                let event = answer(result_code, error_code, order_status);
                let (outcome, status) = event.verdict();
                let what = format!("{result_code} {order_status} {error_code}: {outcome} {status}");
                if outcome == UPAY_OUTCOME_SUCCESS {
                    assert!(both_allow_success(result_code, order_status), "{what}");
                }
                if error_code.is_empty() && both_allow_success(result_code, order_status) {
                    assert_eq!((outcome, status), (UPAY_OUTCOME_SUCCESS, UPAY_OK), "{what}");
                }
                let paid =
                    outcome == UPAY_OUTCOME_SUCCESS && ["PAY_SUCCESS", "SUCCESS"].contains(&result_code.as_str());
                assert_eq!(event.advice() == UPAY_ADVICE_DELIVER, paid, "{what}");
                // Nothing that may have been paid counts as failed, unless it is a refund or a cancel that failed.
                let may_be_paid = ["PAID", "PAY_ERROR", "CANCEL_ERROR"].contains(&order_status.as_str());
                let about_paying =
                    result_code.starts_with("P") || ["SUCCESS", "FAIL"].contains(&result_code.as_str());
                let cancel_failed = ["UPAY_CANCEL_INVALID_ORDER_STATE", "UPAY_TCP_ORDER_NOT_REFUNDABLE"]
                    .contains(&error_code.as_str());
                if may_be_paid && about_paying && !cancel_failed {
                    assert_ne!(outcome, UPAY_OUTCOME_FAILED, "{what}");
                }
            }
        }
    }
}

#[test]
fn a_query_tells_how_the_order_stands_as_the_table_does() {
    for status in codes(UPAY_TABLE_ORDER_STATUS) {
        let event = answer("SUCCESS", "", &status);
        assert_eq!(event.verdict().0, outcome(UPAY_TABLE_ORDER_STATUS, &status), "{status}");
        assert_eq!(event.advice(), advice(UPAY_TABLE_ORDER_STATUS, &status), "{status}");
    }
    assert_eq!(answer("SUCCESS", "", "A_STATUS_OF_NEXT_YEAR").verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED));
    assert_eq!(answer("SUCCESS", "", "").verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED));
}

#[test]
fn a_result_code_alone_says_what_the_table_says_but_for_codes_that_need_more() {
    for code in codes(UPAY_TABLE_RESULT_CODE) {
        let (outcome_read, status) = answer(&code, "", "").verdict();
        let expected = match code.as_str() {
            // Made, and not paid.
            "PRECREATE_SUCCESS" => UPAY_OUTCOME_PENDING,
            // Without an order_status, or a key, they say nothing.
            "SUCCESS" | "TERMINAL_CHECKIN_SUCCESS" => UPAY_OUTCOME_UNKNOWN,
            _ => outcome(UPAY_TABLE_RESULT_CODE, &code),
        };
        assert_eq!(outcome_read, expected, "{code} {status}");
        let fine = [UPAY_OUTCOME_SUCCESS, UPAY_OUTCOME_PENDING].contains(&outcome_read);
        assert_eq!(status == UPAY_OK, fine, "{code} {status}");
    }
}

#[test]
fn paid_is_believed_only_of_an_order_that_is_named_with_its_amount() {
    for result_code in ["PAY_SUCCESS", "SUCCESS"] {
        let with = |data: &str| {
            upay(&format!(
                r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}","data":{data}}}}}"#
            ))
            .verdict()
        };
        let paid = r#"{"client_sn":"c","total_amount":"100","order_status":"PAID"}"#;
        assert_eq!(with(paid), (UPAY_OUTCOME_SUCCESS, UPAY_OK));
        for nameless in [
            r#"{"client_sn":"c","order_status":"PAID"}"#,
            r#"{"total_amount":"100","order_status":"PAID"}"#,
            r#"{"client_sn":"","total_amount":"100","order_status":"PAID"}"#,
            r#"{"sn":"7","total_amount":"100","order_status":"PAID"}"#,
        ] {
            assert_eq!(with(nameless), (UPAY_OUTCOME_UNKNOWN, UPAY_E_REPLY), "{result_code} {nameless}");
        }
        assert_eq!(with("null").0, UPAY_OUTCOME_UNKNOWN);
    }
}

#[test]
fn a_fail_proves_that_nothing_happened_unless_its_code_says_that_something_may_have() {
    let fail = |code: &str| answer("FAIL", code, "").verdict();
    for code in ["CLIENT_SN_CONFLICT", "TRADE_HAS_SUCCESS", "TRADE_NOT_EXIST", "UPAY_REFUND_ORDER_NOOP"] {
        assert_eq!(fail(code), (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED), "{code}");
    }
    for code in ["UPAY_ORDER_NOT_EXISTS", "UPAY_ORDER_NOT_EXIST"] {
        assert_eq!(fail(code), (UPAY_OUTCOME_UNKNOWN, UPAY_E_NO_ORDER), "{code}");
    }
    assert_eq!(fail("UPAY_CANCEL_ORDER_NOOP"), (UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED));
    for code in codes(UPAY_TABLE_BUSINESS_ERROR) {
        assert_eq!(fail(&code).0, outcome(UPAY_TABLE_BUSINESS_ERROR, &code), "{code}");
        assert_eq!(answer("FAIL", &code, "").advice(), advice(UPAY_TABLE_BUSINESS_ERROR, &code), "{code}");
    }
    assert_eq!(fail("AN_ERROR_OF_NEXT_YEAR"), (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED));
    assert_eq!(fail(""), (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED));
}

#[test]
fn a_refund_is_believed_only_of_an_order_that_is_named() {
    let body =
        r#"{"result_code":"200","biz_response":{"result_code":"REFUND_SUCCESS","data":{"order_status":"REFUNDED"}}}"#;
    assert_eq!(upay(body).verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_REPLY));
    assert_eq!(answer("REFUND_SUCCESS", "", "PARTIAL_REFUNDED").verdict(), (UPAY_OUTCOME_SUCCESS, UPAY_OK));
    assert_eq!(answer("REFUND_SUCCESS", "", "PAID").verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED));
    assert_eq!(answer("REFUND_FAIL", "", "PAID").verdict(), (UPAY_OUTCOME_FAILED, UPAY_E_REFUSED));
    assert_eq!(answer("REFUND_FAIL", "", "REFUNDED").verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED));
}

#[test]
fn a_code_that_is_lost_cannot_be_shown() {
    let body = r#"{"result_code":"200","biz_response":{"result_code":"PRECREATE_SUCCESS","data":{"client_sn":"c"}}}"#;
    assert_eq!(upay(body).verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_REPLY));
}

#[test]
fn request_errors_say_what_the_table_says() {
    for code in codes(UPAY_TABLE_REQUEST_ERROR) {
        let outcome = outcome(UPAY_TABLE_REQUEST_ERROR, &code);
        let result_code = if outcome == UPAY_OUTCOME_FAILED { "400" } else { "500" };
        let event = upay(&format!(r#"{{"result_code":"{result_code}","error_code":"{code}"}}"#));
        assert_eq!(event.verdict().0, outcome, "{code}");
        assert_eq!(event.advice(), advice(UPAY_TABLE_REQUEST_ERROR, &code), "{code}");
        assert_eq!(event.get("error_code").as_deref(), Some(code.as_str()));
        // Whatever the code, a gateway that failed proves nothing.
        let event = upay(&format!(r#"{{"result_code":"500","error_code":"{code}"}}"#));
        assert_eq!(event.verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_GATEWAY), "{code}");
    }
    let status = |code: &str| upay(&format!(r#"{{"result_code":"400","error_code":"{code}"}}"#)).verdict().1;
    assert_eq!(status("INVALID_PARAMS"), UPAY_E_REQUEST);
    assert_eq!(status("ILLEGAL_SIGN"), UPAY_E_SIGN);
    assert_eq!(status("INVALID_TERMINAL"), UPAY_E_TERMINAL);
    assert_eq!(status("AN_ERROR_OF_NEXT_YEAR"), UPAY_E_REQUEST);
    assert_eq!(upay(r#"{"result_code":"200"}"#).verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_REPLY));
}

#[test]
fn a_check_in_is_done_when_it_brings_a_key_and_the_json_keeps_the_key_to_itself() {
    let keys = r#""terminal_sn":"t","terminal_key":"the-new-key""#;
    for body in [
        format!(r#"{{"result_code":"200","biz_response":{{{keys}}}}}"#),
        format!(r#"{{"result_code":"200","biz_response":{{"data":{{{keys}}}}}}}"#),
        format!(
            r#"{{"result_code":"200","biz_response":{{"result_code":"TERMINAL_CHECKIN_SUCCESS","data":{{{keys}}}}}}}"#
        ),
    ] {
        let event = upay(&body);
        assert_eq!(event.verdict(), (UPAY_OUTCOME_SUCCESS, UPAY_OK), "{body}");
        assert_eq!(event.advice(), UPAY_ADVICE_NONE);
        assert_eq!(event.get("terminal_key").as_deref(), Some("the-new-key"), "the host needs it");
        assert!(!event.json().to_string().contains("the-new-key"));
    }
    for body in [
        r#"{"result_code":"200","biz_response":{"result_code":"TERMINAL_CHECKIN_SUCCESS","data":{"terminal_sn":"t"}}}"#,
        r#"{"result_code":"200","biz_response":{"terminal_sn":"t"}}"#,
        r#"{"result_code":"200","biz_response":{"terminal_sn":"t","terminal_key":"k","order_status":"PAID"}}"#,
        r#"{"result_code":"200","biz_response":{"result_code":"A_CODE_OF_NEXT_YEAR","terminal_sn":"t","terminal_key":"k"}}"#,
        r#"{"result_code":"500","biz_response":{"terminal_sn":"t","terminal_key":"k"}}"#,
    ] {
        assert_eq!(upay(body).verdict().0, UPAY_OUTCOME_UNKNOWN, "{body}");
    }
}

#[test]
fn every_charge_code_says_what_its_table_says() {
    for code in codes(UPAY_TABLE_CHARGE_ERROR) {
        let event = charge(402, &format!(r#"{{"code":"{code}","message":"m"}}"#));
        assert_eq!(event.verdict().0, outcome(UPAY_TABLE_CHARGE_ERROR, &code), "{code}");
        assert_eq!(event.advice(), advice(UPAY_TABLE_CHARGE_ERROR, &code), "{code}");
        assert_ne!(event.verdict().0, UPAY_OUTCOME_SUCCESS, "{code}");
        assert_eq!(event.get("error_code").as_deref(), Some(code.as_str()));
        assert_eq!(event.get("error_message").as_deref(), Some("m"));
        assert_eq!(event.get("http_status").as_deref(), Some("402"));
    }
    for status in codes(UPAY_TABLE_CHARGE_HTTP) {
        let code = if status == "200" { "0" } else { r#""""# };
        let event = charge(status.parse().unwrap(), &format!(r#"{{"code":{code},"message":"m"}}"#));
        assert_eq!(event.verdict().0, outcome(UPAY_TABLE_CHARGE_HTTP, &status), "{status}");
        assert_eq!(event.advice(), advice(UPAY_TABLE_CHARGE_HTTP, &status), "{status}");
    }
}

#[test]
fn nothing_but_the_number_0_with_http_200_is_a_success_of_a_charge() {
    let mut successes = Vec::new();
    let mut codes = codes(UPAY_TABLE_CHARGE_ERROR);
    codes.extend(["", "0", "200", "success", "SUCCESS", "PAY_SUCCESS"].map(str::to_owned));
    let mut codes: Vec<String> = codes.iter().map(|code| format!("{code:?}")).collect();
    codes.extend(["0", "0.0", "1", "-0", "200", "null"].map(str::to_owned));
    for code in &codes {
        for http_status in [100, 199, 200, 201, 204, 301, 400, 401, 402, 403, 404, 418, 429, 500, 502, 503, 504, 599]
        {
            let event = charge(http_status, &format!(r#"{{"code":{code},"data":{{"paid":true}}}}"#));
            if event.verdict().0 == UPAY_OUTCOME_SUCCESS {
                successes.push((code.clone(), http_status));
            }
            if http_status >= 500 {
                assert_eq!(event.verdict(), (UPAY_OUTCOME_UNKNOWN, UPAY_E_GATEWAY), "{code} {http_status}");
            }
            assert_ne!(event.advice(), UPAY_ADVICE_DELIVER, "{code} {http_status}");
        }
    }
    assert_eq!(successes, [("0".to_owned(), 200)]);
}

#[test]
fn what_cannot_be_read_is_a_failed_call_and_no_event() {
    let long = format!(r#"{{"result_code":"200","code":0,"filler":"{}"}}"#, "x".repeat(1024 * 1024));
    let deep = "[".repeat(100_000);
    for body in ["", " ", "null", "0", "[]", "{}", "{", "\"PAY_SUCCESS\"", "<html>", &long, &deep, "\u{feff}", "\0"] {
        for dialect in [UPAY_DIALECT_UPAY, UPAY_DIALECT_CHARGE] {
            let status = |http_status| read(dialect, http_status, body.as_bytes()).err();
            assert_eq!(status(200), Some(UPAY_E_REPLY));
            assert_eq!(status(404), Some(UPAY_E_REPLY));
            let failed = if body.len() > 1024 * 1024 { UPAY_E_REPLY } else { UPAY_E_GATEWAY };
            assert_eq!(status(502), Some(failed));
        }
    }
    for (dialect, body) in [
        (UPAY_DIALECT_UPAY, r#"{"code":0,"message":"","data":{}}"#),
        (UPAY_DIALECT_CHARGE, r#"{"result_code":"200","biz_response":{"result_code":"PAY_SUCCESS"}}"#),
        (UPAY_DIALECT_CHARGE, r#"{"code":"refund_failed","code":0}"#),
        (UPAY_DIALECT_CHARGE, r#"{"code":false}"#),
        (UPAY_DIALECT_CHARGE, r#"{"code":[]}"#),
        (UPAY_DIALECT_CHARGE, r#"{"code":{}}"#),
    ] {
        assert_eq!(read(dialect, 200, body.as_bytes()).err(), Some(UPAY_E_REPLY), "{body}");
    }
    assert_eq!(read(UPAY_DIALECT_UPAY, 200, b"\xff\xfe{").err(), Some(UPAY_E_REPLY));
}

#[test]
fn bad_arguments_are_told_apart_from_bad_replies() {
    let body = br#"{"code":0,"result_code":"500"}"#;
    for dialect in [0, 3, -1, i32::MAX, i32::MIN] {
        assert_eq!(read(dialect, 200, body).err(), Some(UPAY_E_VALUE), "{dialect}");
    }
    for http_status in [0, -1, 99, 600, 65_736, i32::MAX, i32::MIN] {
        assert_eq!(read(UPAY_DIALECT_UPAY, http_status, body).err(), Some(UPAY_E_VALUE), "{http_status}");
    }
    let mut event = null_mut();
    // SAFETY: NULL is what is tested; `event` can be written.
    unsafe {
        assert_eq!(upay_read_reply(UPAY_DIALECT_UPAY, 200, null(), 5, &mut event), UPAY_E_ARGUMENT);
        assert_eq!(upay_read_reply(UPAY_DIALECT_UPAY, 200, null(), 0, &mut event), UPAY_E_REPLY);
        assert_eq!(upay_read_reply(UPAY_DIALECT_UPAY, 200, body.as_ptr().cast(), 5, null_mut()), UPAY_E_ARGUMENT);
    }
    assert!(event.is_null());
}

#[test]
fn an_event_has_the_replys_fields_and_words_in_both_languages() {
    let event = upay(
        r#"{"result_code":"200","error_code":null,"biz_response":{"result_code":"PAY_SUCCESS","data":{"sn":"7",
        "client_sn":"c","total_amount":100,"order_status":"PAID","status":"SUCCESS","subject":"披萨",
        "payer_login":"138****0001","error_code":"THEIRS","message_zh":"THEIRS","http_status":"THEIRS"}}}"#,
    );
    assert_eq!(event.verdict(), (UPAY_OUTCOME_SUCCESS, UPAY_OK));
    for (key, value) in [
        ("client_sn", Some("c")),
        ("total_amount", Some("100")),
        ("subject", Some("披萨")),
        ("status", Some("SUCCESS")),
        ("payer_login", Some("138****0001")),
        ("biz_result_code", Some("PAY_SUCCESS")),
        ("http_status", Some("200")),
        ("error_code", None),
        ("phase", None),
    ] {
        assert_eq!(event.get(key).as_deref(), value, "{key}");
    }
    assert_eq!(text(upay_event_message(event.0)), event.get("message_zh"));
    assert!(event.get("message_en").unwrap().is_ascii());
    assert!(!event.get("message_zh").unwrap().contains("THEIRS"));
    let json = event.json();
    assert_eq!((&json["action"], &json["status"]), (&UPAY_ACTION_READ.into(), &UPAY_OK.into()));
    assert_eq!(json["payer_login"], "***");

    let event = charge(200, r#"{"code":0,"message":"suucess","data":{"order_no":"7","amount":100,"extra":{"a":1}}}"#);
    assert_eq!(event.get("order_no").as_deref(), Some("7"));
    assert_eq!(event.get("amount").as_deref(), Some("100"));
    assert_eq!(event.get("extra").as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(event.get("error_message"), None, "nothing went wrong");
}
