//! An event as one JSON object, for log files: without the payer, without keys.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::fields::Fields;
use super::{Encoding, Event};

/// Payer accounts, barcodes and keys stay out of JSON, which ends up in log files. What a wallet itself answered names the
/// payer in words of its own.
const REDACTED: &[&str] = &["payer_uid", "payer_login", "terminal_key", "dynamic_id", "provider_response"];
/// What the JSON says of the event itself. An order's field of the same name (the gateway has a "status") is read with
/// its key alone: a JSON object has a name once.
const OF_THE_EVENT: &[&str] = &["action", "outcome", "status", "advice", "message"];

/// In the event's encoding, with escapes for what that encoding lacks.
pub(super) fn of(event: &Event, fields: &Fields) -> String {
    // Serialising text and numbers into memory has no way to fail.
    let json = serde_json::to_string(&Json { event, fields }).unwrap_or_default();
    escape_what_lacks(&json, event.reader.encoding)
}

struct Json<'a> {
    event: &'a Event,
    fields: &'a Fields,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("action", &self.event.action)?;
        map.serialize_entry("outcome", &self.event.verdict.outcome)?;
        map.serialize_entry("status", &self.event.verdict.status)?;
        map.serialize_entry("advice", &self.event.advice())?;
        map.serialize_entry("message", self.event.sentence())?;
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
