//! A notification becomes an event only behind a right signature.

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

use base64::prelude::{Engine, BASE64_STANDARD};
use ring::rand::SystemRandom;
use ring::signature::{RsaKeyPair, RSA_PKCS1_SHA256};
use upay::abi::*;
use upay::ffi::*;

use super::host::last_error;

const PRIVATE: &str = include_str!("../data/notify/test_only_private_key.pem");
const PUBLIC: &str = include_str!("../data/notify/public_key.pem");
const RSA_PUBLIC: &str = include_str!("../data/notify/rsa_public_key.pem");
const OTHER_PUBLIC: &str = include_str!("../data/notify/other_public_key.pem");
const PAID: &[u8] = include_bytes!("../data/notify/paid.json");
const PAID_SIGNATURE: &str = include_str!("../data/notify/paid.signature");
const BODY_BYTES_MAX: usize = 1_048_576;

/// As the gateway signs.
fn sign(body: &[u8]) -> String {
    let (_, pem) = PRIVATE.split_once("-----BEGIN PRIVATE KEY-----").unwrap();
    let (base64, _) = pem.split_once("-----END").unwrap();
    let der = BASE64_STANDARD.decode(base64.split_ascii_whitespace().collect::<String>()).unwrap();
    let key = RsaKeyPair::from_pkcs8(&der).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body, &mut signature).unwrap();
    BASE64_STANDARD.encode(signature)
}

struct Read(*mut upay_event);

impl Read {
    fn get(&self, key: &str) -> Option<String> {
        let key = CString::new(key).unwrap();
        // SAFETY: the key ends with a NUL.
        let text = unsafe { upay_event_get(self.0, key.as_ptr()) };
        // SAFETY: an event's text ends with a NUL and lives as long as the event.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned())
    }

    fn outcome(&self) -> (i32, upay_status, i32) {
        assert_eq!(upay_event_action(self.0), UPAY_ACTION_READ);
        (upay_event_outcome(self.0), upay_event_status(self.0), upay_event_advice(self.0))
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        upay_event_free(self.0);
    }
}

fn verify(body: &[u8], authorization: &str, key: &str) -> Result<Read, upay_status> {
    let (authorization, key) = (CString::new(authorization).unwrap(), CString::new(key).unwrap());
    let mut event = null_mut();
    // SAFETY: the body is as long as is said, the texts end with a NUL, `event` can be written.
    let status = unsafe {
        upay_verify_notify(body.as_ptr().cast(), body.len(), authorization.as_ptr(), key.as_ptr(), &mut event)
    };
    assert_eq!(status == UPAY_OK, !event.is_null(), "an event, or a failure");
    if status == UPAY_OK {
        Ok(Read(event))
    } else {
        Err(status)
    }
}

#[test]
fn a_signed_notification_is_read_whole() {
    for (authorization, key) in [
        (PAID_SIGNATURE.to_owned(), PUBLIC),
        (PAID_SIGNATURE.to_owned(), RSA_PUBLIC),
        (format!("10298371039 {PAID_SIGNATURE}"), PUBLIC),
        (format!(" 10298371039  {PAID_SIGNATURE} \r\n"), RSA_PUBLIC),
        (sign(PAID), PUBLIC),
    ] {
        let read = verify(PAID, &authorization, key).unwrap();
        assert_eq!(read.outcome(), (UPAY_OUTCOME_SUCCESS, UPAY_OK, UPAY_ADVICE_DELIVER));
        for (field, value) in [
            ("client_sn", "MEX202605220001"),
            ("total_amount", "1250"),
            ("net_amount", "1250"),
            ("subject", "披萨（大）"),
            ("operator", "收银员01"),
            ("order_status", "PAID"),
            ("status", "SUCCESS"),
            ("payer_uid", "okSzXt3uY4-lkjhgfdsa"),
        ] {
            assert_eq!(read.get(field).as_deref(), Some(value), "{field}");
        }
        for absent in ["reflect", "phase", "queries", "elapsed_ms", "result_code"] {
            assert_eq!(read.get(absent), None, "{absent}");
        }
    }
}

#[test]
fn its_json_is_one_object_without_the_payer() {
    let read = verify(PAID, PAID_SIGNATURE, PUBLIC).unwrap();
    // SAFETY: the event lives, and its text ends with a NUL.
    let json = unsafe { CStr::from_ptr(upay_event_json(read.0)) }.to_str().unwrap();
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((&value["action"], &value["status"]), (&UPAY_ACTION_READ.into(), &UPAY_OK.into()));
    assert_eq!(value["subject"], "披萨（大）");
    assert!(!json.contains("okSzXt3uY4"), "{json}");
}

#[test]
fn the_outcome_is_the_order_statuss() {
    for (order_status, outcome, status) in [
        ("PAID", UPAY_OUTCOME_SUCCESS, UPAY_OK),
        ("CANCELED", UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED),
        ("PAY_CANCELED", UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED),
        ("REFUNDED", UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED),
        ("CREATED", UPAY_OUTCOME_PENDING, UPAY_OK),
        ("REFUND_INPROGRESS", UPAY_OUTCOME_PENDING, UPAY_OK),
        ("PARTIAL_REFUNDED", UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED),
        ("PAY_ERROR", UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED),
        ("REFUND_ERROR", UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED),
        ("UNHEARD_OF", UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED),
        ("", UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED),
    ] {
        let body = format!(r#"{{"client_sn":"c","status":"SUCCESS","order_status":"{order_status}"}}"#);
        let read = verify(body.as_bytes(), &sign(body.as_bytes()), PUBLIC).unwrap();
        let (is_outcome, is_status, advice) = read.outcome();
        assert_eq!((is_outcome, is_status), (outcome, status), "{order_status}");
        assert_eq!(advice == UPAY_ADVICE_DELIVER, outcome == UPAY_OUTCOME_SUCCESS, "{order_status}");
        // SAFETY: the event lives, and its text ends with a NUL.
        let message = unsafe { CStr::from_ptr(upay_event_message(read.0)) };
        assert_eq!(message.to_str().unwrap(), read.get("message_zh").unwrap());
    }
}

#[test]
fn without_a_right_signature_there_is_no_event() {
    let spaced = [PAID, b"\n"].concat();
    let other_amount = String::from_utf8(PAID.to_vec()).unwrap().replace("1250", "9250").into_bytes();
    for body in [&spaced, &other_amount, &PAID[1..].to_vec(), &Vec::new()] {
        assert_eq!(verify(body, PAID_SIGNATURE, PUBLIC).err(), Some(UPAY_E_SIGN));
    }
    let tampered = PAID_SIGNATURE.replacen(&PAID_SIGNATURE[..1], "A", 1);
    assert_ne!(tampered, PAID_SIGNATURE);
    let too_long = "A".repeat(70_000);
    for authorization in ["", "10298371039", "披萨", &tampered, &sign(b"{}"), &too_long] {
        assert_eq!(verify(PAID, authorization, PUBLIC).err(), Some(UPAY_E_SIGN));
    }
    assert_eq!(verify(PAID, PAID_SIGNATURE, OTHER_PUBLIC).err(), Some(UPAY_E_SIGN));
}

#[test]
fn an_unusable_key_is_the_hosts_mistake_whatever_the_signature() {
    for key in ["", "garbage", PRIVATE, include_str!("../data/notify/public_key_bits_1024.pem")] {
        for authorization in [PAID_SIGNATURE, ""] {
            assert_eq!(verify(PAID, authorization, key).err(), Some(UPAY_E_VALUE));
            assert!(last_error().starts_with("public_key_pem: "), "{}", last_error());
            assert!(!last_error().contains("MII"), "no key in an error text");
        }
    }
}

#[test]
fn what_is_rightly_signed_and_unreadable_says_so() {
    for body in ["", "披萨", "[]", "PAID", "{\"order_status\":\"PAID\""] {
        assert_eq!(verify(body.as_bytes(), &sign(body.as_bytes()), PUBLIC).err(), Some(UPAY_E_REPLY), "{body}");
        assert_eq!(verify(body.as_bytes(), PAID_SIGNATURE, PUBLIC).err(), Some(UPAY_E_SIGN), "{body}");
    }
}

#[test]
fn a_body_of_a_mebibyte_is_read_and_a_longer_one_refused() {
    let long = |bytes: usize| {
        let frame = r#"{"order_status":"PAID","subject":""}"#.len();
        format!(r#"{{"order_status":"PAID","subject":"{}"}}"#, "x".repeat(bytes - frame)).into_bytes()
    };
    let longest = long(BODY_BYTES_MAX);
    let read = verify(&longest, &sign(&longest), PUBLIC).unwrap();
    assert_eq!(read.outcome().0, UPAY_OUTCOME_SUCCESS);
    let longer = long(BODY_BYTES_MAX + 1);
    assert_eq!(verify(&longer, &sign(&longer), PUBLIC).err(), Some(UPAY_E_VALUE));
    assert!(last_error().starts_with("body: "), "{}", last_error());
}

#[test]
fn arguments_that_are_null_are_named() {
    let (authorization, key) = (CString::new(PAID_SIGNATURE).unwrap(), CString::new(PUBLIC).unwrap());
    let body = PAID.as_ptr().cast();
    let mut event = null_mut();
    let out: *mut *mut upay_event = &mut event;
    let (a, k) = (authorization.as_ptr(), key.as_ptr());
    for (body, a, k, out, name) in [
        (null(), a, k, out, "body"),
        (body, null(), k, out, "authorization"),
        (body, a, null(), out, "public_key_pem"),
        (body, a, k, null_mut(), "out"),
    ] {
        // SAFETY: each argument is NULL or good.
        assert_eq!(unsafe { upay_verify_notify(body, PAID.len(), a, k, out) }, UPAY_E_ARGUMENT);
        assert!(last_error().starts_with(name), "{}", last_error());
    }
    assert!(event.is_null());
}
