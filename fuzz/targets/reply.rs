//! Any bytes as a gateway's reply, in both dialects and with HTTP statuses of every kind, through the C ABI. What the
//! library makes of them is held against a plain reading of the same JSON.

#![no_main]

use std::ptr::null_mut;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use upay::abi::*;
use upay::ffi::*;
use upay_fuzz::{c_text, text, Members};

const HTTP_STATUSES: [i32; 9] = [0, 100, 200, 204, 302, 400, 402, 404, 502];
/// With these the library says something of its own, and not of the order.
const OWN: [&str; 9] = [
    "http_status",
    "result_code",
    "error_code",
    "error_message",
    "biz_result_code",
    "biz_error_code",
    "biz_error_message",
    "message_zh",
    "message_en",
];
/// How else than by a payment an UPay reply may say "done".
const DONE: [&str; 3] = ["CANCEL_SUCCESS", "CANCEL_ABORT_SUCCESS", "REFUND_SUCCESS"];

struct Event(*mut upay_event);

impl Drop for Event {
    fn drop(&mut self) {
        upay_event_free(self.0);
    }
}

impl Event {
    fn get(&self, key: &str) -> Option<String> {
        let key = c_text(key.as_bytes());
        // SAFETY: the key ends with a NUL.
        let value = text(unsafe { upay_event_get(self.0, key.as_ptr()) });
        value.map(|value| String::from_utf8(value).expect("the text of what was read is UTF-8"))
    }
}

fn read(dialect: i32, http_status: i32, body: &[u8]) -> Result<Event, upay_status> {
    let mut event = null_mut();
    // SAFETY: the body has these bytes, and `event` can be written.
    let status = unsafe { upay_read_reply(dialect, http_status, body.as_ptr().cast(), body.len(), &mut event) };
    assert_eq!(status == UPAY_OK, !event.is_null(), "an event comes with success alone");
    if status == UPAY_OK {
        Ok(Event(event))
    } else {
        Err(status)
    }
}

fuzz_target!(|body: &[u8]| {
    let plain = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let object = serde_json::from_slice::<Map<String, Value>>(plain).ok();
    for dialect in [UPAY_DIALECT_UPAY, UPAY_DIALECT_CHARGE] {
        for http_status in HTTP_STATUSES {
            match read(dialect, http_status, body) {
                Ok(event) => {
                    let object = object.as_ref().expect("what is no JSON object is no reply");
                    is_a_whole_event(&event);
                    match dialect {
                        UPAY_DIALECT_UPAY => upay(&event, object),
                        _ => charge(&event, http_status, object),
                    }
                    if upay_event_outcome(event.0) == UPAY_OUTCOME_SUCCESS {
                        says_so_when_whole_alone(dialect, http_status, plain);
                    }
                }
                Err(UPAY_E_VALUE) => assert_eq!(http_status, 0),
                Err(UPAY_E_REPLY) => {}
                Err(status) => assert!(status == UPAY_E_GATEWAY && http_status >= 500, "{status}"),
            }
        }
    }
});

/// Whatever was read, its numbers are the header's and its JSON is an object that has each name once.
fn is_a_whole_event(event: &Event) {
    let (outcome, advice) = (upay_event_outcome(event.0), upay_event_advice(event.0));
    assert_eq!(upay_event_action(event.0), UPAY_ACTION_READ);
    assert!((UPAY_OUTCOME_PENDING..=UPAY_OUTCOME_UNKNOWN).contains(&outcome), "{outcome}");
    assert!((UPAY_ADVICE_NONE..=UPAY_ADVICE_ASK_CUSTOMER).contains(&advice), "{advice}");
    let fine = [UPAY_OUTCOME_SUCCESS, UPAY_OUTCOME_PENDING].contains(&outcome);
    assert_eq!(upay_event_status(event.0) == UPAY_OK, fine, "a status says why, and nothing else has one");
    if advice == UPAY_ADVICE_DELIVER {
        assert_eq!(outcome, UPAY_OUTCOME_SUCCESS);
    }
    let json = String::from_utf8(text(upay_event_json(event.0)).expect("JSON")).expect("UTF-8");
    assert!(Members::of(&json).expect("an object").stand_once_each(), "{json}");
    assert_eq!(event.get("message_zh").map(String::into_bytes), text(upay_event_message(event.0)));
}

/// A text that is not empty, or a scalar as text.
fn scalar(object: &Map<String, Value>, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

fn same_fields(event: &Event, data: &Map<String, Value>) {
    for key in data.keys().filter(|key| !OWN.contains(&key.as_str()) && !key.contains('\0')) {
        let value = scalar(data, key).map(|value| value.replace('\0', "?"));
        assert_eq!(event.get(key), value, "{key}: is handed out as it came, but for a NUL");
    }
}

fn upay(event: &Event, top: &Map<String, Value>) {
    let none = Map::new();
    let biz = top.get("biz_response").and_then(Value::as_object).unwrap_or(&none);
    let inner = biz.get("data").and_then(Value::as_object);
    let data = inner.unwrap_or(biz);
    let answer = ["result_code", "error_code", "error_message", "data"];
    let data: Map<_, _> = data
        .iter()
        .filter(|(key, _)| inner.is_some() || !answer.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    same_fields(event, &data);

    let of_data = |key: &str| scalar(&data, key);
    let code = scalar(biz, "result_code");
    let code = code.as_deref();
    if upay_event_outcome(event.0) != UPAY_OUTCOME_SUCCESS {
        return;
    }
    assert_eq!(scalar(top, "result_code").as_deref(), Some("200"));
    let status = of_data("order_status");
    if upay_event_advice(event.0) == UPAY_ADVICE_DELIVER {
        match code {
            Some("PAY_SUCCESS") => assert!([None, Some("PAID")].contains(&status.as_deref())),
            Some("SUCCESS") => assert_eq!(status.as_deref(), Some("PAID")),
            other => panic!("{other:?} is no payment"),
        }
        for key in ["client_sn", "total_amount"] {
            assert!(of_data(key).is_some(), "paid, and without {key}");
            assert_eq!(event.get(key), of_data(key), "{key}: goods are handed over by what is compared");
        }
    } else if of_data("terminal_key").is_some() {
        assert!(of_data("terminal_sn").is_some());
        assert!(of_data("client_sn").is_none() && of_data("sn").is_none() && status.is_none());
    } else {
        assert!(code.is_some_and(|code| DONE.contains(&code)), "{code:?}");
        assert_ne!(status.as_deref(), Some("PAID"));
    }
}

fn charge(event: &Event, http_status: i32, top: &Map<String, Value>) {
    if let Some(data) = top.get("data").and_then(Value::as_object) {
        same_fields(event, data);
    }
    assert_ne!(upay_event_advice(event.0), UPAY_ADVICE_DELIVER);
    let done = http_status == 200 && top.get("code").is_some_and(|code| code.to_string() == "0");
    assert_eq!(upay_event_outcome(event.0) == UPAY_OUTCOME_SUCCESS, done);
}

/// Cut anywhere, with a member that stands twice, or with more behind it, the same reply is none.
fn says_so_when_whole_alone(dialect: i32, http_status: i32, body: &[u8]) {
    let body = body.trim_ascii();
    let cuts = [1, 2, body.len() / 2, body.len() / 3 + 1].map(|cut| body.len().saturating_sub(cut));
    for cut in cuts {
        assert!(read(dialect, http_status, &body[..cut]).is_err(), "cut at {cut}");
    }
    let text = std::str::from_utf8(body).expect("JSON is UTF-8");
    for (name, value) in Members::of(text).expect("an object").0 {
        let name = Value::from(name);
        let twice = format!("{{{name}:{value},{}", &text[1..]);
        assert!(read(dialect, http_status, twice.as_bytes()).is_err(), "{name} stands twice");
    }
    assert!(read(dialect, http_status, &[body, b"{}"].concat()).is_err(), "two objects");
}
