//! Any bytes as text in each encoding, and any text as an event's: nothing is taken for text that cannot be handed back,
//! and no character becomes another.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{json, Value};
use upay::abi::*;
use upay::fuzzing::reply::Reply;
use upay::fuzzing::{Encoding, Event, OrderKey, Phase, EventReader, Report, Verdict};

const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Gbk, Encoding::Gb18030];

fuzz_target!(|bytes: &[u8]| {
    for encoding in ENCODINGS {
        if let Some(text) = encoding.decode(bytes) {
            let again = encoding.encode(&text);
            assert_eq!(again, canonical(encoding, bytes), "{encoding:?}: {text:?}");
            assert_eq!(encoding.decode(&again), Some(text.replace('\0', "?")), "{encoding:?}");
        }
    }
    let text = String::from_utf8_lossy(bytes);
    for encoding in ENCODINGS {
        handed_out(encoding, &text);
        in_an_event(encoding, &text);
    }
});

/// Where an encoding has two codes for one character, the one that is written: the euro, the wide space, and characters
/// that were private once. And a NUL, which no text for C holds, as a question mark.
fn canonical(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
    let (euro, other_euro): (&[u8], &[u8]) = match encoding {
        Encoding::Utf8 => return bytes.iter().map(|byte| if *byte == 0 { b'?' } else { *byte }).collect(),
        Encoding::Gbk => (b"\x80", b"\xA2\xE3"),
        Encoding::Gb18030 => (b"\xA2\xE3", b"\x80"),
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [lead, behind @ ..] = rest {
        let length = match (lead, behind) {
            (0..=0x80, _) => 1,
            (_, [b'0'..=b'9', ..]) => 4,
            _ => 2,
        };
        let (code, behind) = rest.split_at(length);
        match code {
            b"\0" => out.push(b'?'),
            b"\xA3\xA0" => out.extend_from_slice(b"\xA1\xA1"),
            code if code == other_euro => out.extend_from_slice(euro),
            code if code.len() == 4 => {
                let character = encoding.decode(code).expect("a part of what was decoded");
                out.extend_from_slice(&encoding.encode(&character));
            }
            code => out.extend_from_slice(code),
        }
        rest = behind;
    }
    out
}

/// Old private codes of characters that Unicode has since: one code of GB18030 stands for both.
fn is_private(c: char) -> bool {
    ('\u{E000}'..='\u{F8FF}').contains(&c)
}

fn handed_out(encoding: Encoding, text: &str) {
    let bytes = encoding.encode(text);
    let again = encoding.decode(&bytes).expect("what is handed out can be passed in again");
    assert_eq!(again.chars().count(), text.chars().count());
    for (was, is) in text.chars().zip(again.chars()) {
        let lacking = is == '?' && (was == '\0' || encoding == Encoding::Gbk && !was.is_ascii());
        assert!(was == is || lacking || is_private(was), "{encoding:?}: {was:?} became {is:?}");
    }
}

/// The JSON has a way to write every character, and so loses none.
fn in_an_event(encoding: Encoding, text: &str) {
    let body = json!({"result_code": "200", "biz_response": {
        "result_code": "PAY_SUCCESS",
        "data": {"subject": text, (format!("x{text}")): "named"},
    }});
    let reply = Reply::read(200, body.to_string().as_bytes()).expect("a reply");
    let report = Report {
        action: UPAY_ACTION_PAY,
        verdict: Verdict { outcome: UPAY_OUTCOME_SUCCESS, status: UPAY_OK },
        key: OrderKey::ClientSn("c".into()),
        phase: Phase::Done,
        queries: 0,
        elapsed_ms: 1,
        remaining_ms: None,
        reply: Some(reply.into()),
        tried: None,
    };
    let event = Event::new(report, EventReader { chinese: true, encoding });
    let json = encoding.decode(event.json().to_bytes()).expect("text in the host's encoding");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    if !text.is_empty() {
        assert_eq!(json["subject"], text, "{encoding:?}");
    }
    assert_eq!(json[format!("x{text}")], "named", "{encoding:?}");
    if let Some(subject) = event.get("subject") {
        assert_eq!(subject.to_bytes(), encoding.encode(text), "{encoding:?}");
    }
}
