//! What happened: an immutable snapshot, with all text in the host's encoding.

use std::ffi::{CStr, CString};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::encoding::Encoding;
use super::fields::Fields;
use super::outlet::Outlet;
use crate::abi::*;
use crate::flow::verdict::Verdict;
use crate::flow::Phase;
use crate::gateway::reply::Reply;
use crate::gateway::words::{self, Words};
use crate::journal::{refund_key, sn_of};

/// Payer accounts, barcodes and keys stay out of JSON, which ends up in log files. What a wallet itself answered names the
/// payer in words of its own.
const REDACTED: &[&str] = &["payer_uid", "payer_login", "terminal_key", "dynamic_id", "provider_response"];
/// What the JSON says of the event itself. An order's field of the same name (the gateway has a "status") is read with
/// its key alone: a JSON object has a name once.
const OF_THE_EVENT: &[&str] = &["action", "outcome", "status", "advice", "message"];

pub struct Event {
    pub action: i32,
    pub verdict: Verdict,
    pub advice: i32,
    /// The record in the journal that it is about.
    pub key: String,
    message: CString,
    fields: Vec<(String, CString)>,
    json: CString,
}

/// How an order stands: what an event is made of, for each action that waits for it.
pub struct Report<'a> {
    pub verdict: Verdict,
    /// As the journal calls the order.
    pub client_sn: &'a str,
    pub refund_request_no: Option<&'a str>,
    pub phase: Phase,
    pub queries: u32,
    pub remaining_ms: Option<u64>,
    /// The newest reply of the gateway, if there was one.
    pub reply: Option<&'a Reply>,
}

impl Event {
    pub fn new(action: i32, elapsed_ms: u64, report: &Report<'_>, chinese: bool, encoding: Encoding) -> Self {
        let Verdict { outcome, status } = report.verdict;
        let why = report.reply.and_then(|reply| reply.biz_error_code.as_deref().or(reply.error_code.as_deref()));
        let words = words::of(action, outcome, status, report.phase.name(), why);
        let key = match report.refund_request_no {
            Some(no) => refund_key(report.client_sn, no),
            None => report.client_sn.to_owned(),
        };
        Self::made(action, report.verdict, words, key, fields(elapsed_ms, report), chinese, encoding)
    }

    /// Of what was only read: it has no course, and no client says in which language and encoding to tell it.
    pub fn read(verdict: Verdict, words: Words, fields: Fields) -> Self {
        Self::made(UPAY_ACTION_READ, verdict, words, String::new(), fields, true, Encoding::Utf8)
    }

    /// Of a request of the host's own making.
    pub fn of_call(verdict: Verdict, words: Words, fields: Fields, outlet: &Outlet) -> Self {
        Self::made(UPAY_ACTION_CALL, verdict, words, String::new(), fields, outlet.chinese, outlet.encoding)
    }

    fn made(
        action: i32,
        verdict: Verdict,
        words: Words,
        key: String,
        mut fields: Fields,
        chinese: bool,
        encoding: Encoding,
    ) -> Self {
        let message = if chinese { words.zh } else { words.en };
        fields.add("message_zh", Some(words.zh));
        fields.add("message_en", Some(words.en));
        let json = Json { action, verdict, advice: words.advice, message, fields: &fields };
        // Serialising text and numbers into memory has no way to fail.
        let json = serde_json::to_string(&json).unwrap_or_default();
        // What is encoded has no NUL.
        let text = |text: &str| CString::new(encoding.encode(text)).unwrap_or_default();
        Self {
            action,
            verdict,
            advice: words.advice,
            key,
            message: text(message),
            json: text(&escape_what_lacks(&json, encoding)),
            fields: fields.iter().map(|(key, value)| (key.to_owned(), text(value))).collect(),
        }
    }

    pub fn is_final(&self) -> bool {
        self.verdict.outcome != UPAY_OUTCOME_PENDING
    }

    pub fn message(&self) -> &CStr {
        &self.message
    }

    pub fn json(&self) -> &CStr {
        &self.json
    }

    pub fn get(&self, key: &str) -> Option<&CStr> {
        let field = self.fields.iter().find(|(name, _)| name == key);
        field.map(|(_, value)| value.as_c_str())
    }
}

fn fields(elapsed_ms: u64, report: &Report<'_>) -> Fields {
    let mut fields = Fields::default();
    match sn_of(report.client_sn) {
        Some(sn) => fields.add("sn", Some(sn)),
        None => fields.add("client_sn", Some(report.client_sn)),
    }
    fields.add("refund_request_no", report.refund_request_no);
    fields.add("phase", Some(report.phase.name()));
    fields.add("queries", Some(report.queries));
    fields.add("elapsed_ms", Some(elapsed_ms));
    fields.add("remaining_ms", report.remaining_ms);
    if let Some(reply) = report.reply {
        fields.add_reply(reply);
    }
    fields
}

struct Json<'a> {
    action: i32,
    verdict: Verdict,
    advice: i32,
    message: &'a str,
    fields: &'a Fields,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("action", &self.action)?;
        map.serialize_entry("outcome", &self.verdict.outcome)?;
        map.serialize_entry("status", &self.verdict.status)?;
        map.serialize_entry("advice", &self.advice)?;
        map.serialize_entry("message", self.message)?;
        let theirs = self.fields.iter().filter(|(key, _)| !OF_THE_EVENT.contains(key));
        for (key, value) in theirs {
            // A field can be JSON itself.
            let within = |name: &&str| value.contains(&format!("\"{name}\""));
            let value = if REDACTED.contains(&key) || REDACTED.iter().any(within) { "***" } else { value };
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// JSON has a way to write any character: one that the encoding lacks, or has only as another, goes as its escape, so
/// that nothing is lost.
fn escape_what_lacks(json: &str, encoding: Encoding) -> String {
    if encoding == Encoding::Utf8 {
        return json.to_owned();
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let mut buffer = [0; 4];
        let itself = &*c.encode_utf8(&mut buffer);
        if c.is_ascii() || encoding.decode(&encoding.encode(itself)).as_deref() == Some(itself) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
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
        Event::new(UPAY_ACTION_PAY, 1, &report(verdict, Some(&reply)), chinese, encoding)
    }

    /// An event of which nothing but its verdict matters.
    pub fn of_verdict(verdict: Verdict) -> Arc<Event> {
        Arc::new(Event::new(UPAY_ACTION_PAY, 1, &report(verdict, None), false, Encoding::Utf8))
    }

    fn report(verdict: Verdict, reply: Option<&Reply>) -> Report<'_> {
        Report {
            verdict,
            client_sn: "c",
            refund_request_no: None,
            phase: Phase::Done,
            queries: 0,
            remaining_ms: None,
            reply,
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
        assert_eq!(event.advice, UPAY_ADVICE_ASK_CUSTOMER);
        assert!(event.message().to_str().unwrap().contains("nothing was charged"));
    }
}
