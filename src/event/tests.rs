//! What a host reads of an event.

use super::*;
use crate::abi::*;
use crate::record::{OrderKey, Phase};
use std::sync::Arc;

fn event(encoding: Encoding) -> Event {
    event_of("披萨😀", encoding)
}

fn event_of(subject: &str, encoding: Encoding) -> Event {
    let reply = serde_json::json!({"result_code": "200", "biz_response": {"result_code": "PAY_SUCCESS", "data": {
        "client_sn": "c", "subject": subject, "payer_login": "138****0001", "phase": "theirs", "status": "SUCCESS",
        "dynamic_id": "138****0001", "provider_response": {"buyer_logon_id": "138****0001"},
        "list": [{"payer_uid": "138****0001"}],
    }}});
    ended(&reply.to_string(), Verdict { outcome: UPAY_OUTCOME_SUCCESS, status: UPAY_OK }, true, encoding)
}

fn ended(reply: &str, verdict: Verdict, chinese: bool, encoding: Encoding) -> Event {
    let reply = Reply::read(200, reply.as_bytes()).unwrap();
    Event::new(report(verdict, Some(reply)), EventReader { chinese, encoding })
}

/// An event of which nothing but its verdict matters.
pub fn of_verdict(verdict: Verdict) -> Arc<Event> {
    Arc::new(Event::new(report(verdict, None), EventReader { chinese: false, encoding: Encoding::Utf8 }))
}

fn report(verdict: Verdict, reply: Option<Reply>) -> Report {
    Report {
        action: UPAY_ACTION_PAY,
        verdict,
        key: OrderKey::ClientSn("c".into()),
        phase: Phase::Done,
        queries: 0,
        elapsed_ms: 1,
        remaining_ms: None,
        reply: reply.map(Arc::new),
        tried: None,
    }
}

#[test]
fn the_hosts_fields_are_whole_and_its_json_is_redacted() {
    let event = event(Encoding::Utf8);
    assert_eq!(event.get("payer_login").unwrap().to_str().unwrap(), "138****0001");
    assert_eq!(event.get("phase").unwrap().to_str().unwrap(), "done");
    let json = event.json().to_str().unwrap();
    assert!(!json.contains("138****0001"), "{json}");
    assert!(json.contains("披萨😀"));
}

#[test]
fn the_gateways_status_is_a_field_and_not_the_events() {
    let event = event(Encoding::Utf8);
    assert_eq!(event.get("status").unwrap().to_str().unwrap(), "SUCCESS");
    let json = event.json().to_str().unwrap();
    assert_eq!(json.matches("\"status\"").count(), 1, "{json}");
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(value["status"], UPAY_OK);
}

#[test]
fn json_loses_no_character_in_any_encoding() {
    // One that GBK lacks, one that GB18030 lacks, and one that it writes as another: they are private codes.
    let subject = "披萨😀\u{E5E5}\u{E81E}";
    for encoding in [Encoding::Utf8, Encoding::Gbk, Encoding::Gb18030] {
        let json = event_of(subject, encoding).json().to_bytes().to_vec();
        let json = encoding.decode(&json).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["subject"], subject, "{encoding:?}");
    }
}

#[test]
fn a_number_with_a_nul_in_it_is_not_taken_for_the_part_before_it() {
    let event = event_of("c\0d", Encoding::Utf8);
    assert_ne!(event.get("subject").unwrap(), c"c");
}

#[test]
fn a_barcode_that_the_gateway_cannot_accept_is_a_matter_for_the_customer_and_not_for_the_tills_maker() {
    let verdict = Verdict { outcome: UPAY_OUTCOME_FAILED, status: UPAY_E_REQUEST };
    let event = ended(r#"{"result_code":"400","error_code":"INVALID_BARCODE"}"#, verdict, false, Encoding::Utf8);
    assert_eq!(event.advice(), UPAY_ADVICE_ASK_CUSTOMER);
    assert!(event.message().to_str().unwrap().contains("nothing was charged"));
}
