//! Any settings in any order and encoding, through the C ABI, and never started: what was accepted reads back the same,
//! what was refused changes nothing, and no secret comes out.

#![no_main]

use std::collections::HashMap;
use std::ffi::CStr;
use std::ptr::null_mut;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use upay::abi::*;
use upay::ffi::*;
use upay::fuzzing::Encoding;
use upay_fuzz::{c_text, text};

const KEYS: [&CStr; 26] = [
    c"encoding",
    c"api_domain",
    c"terminal_sn",
    c"terminal_key",
    c"vendor_sn",
    c"vendor_key",
    c"app_id",
    c"device_id",
    c"auto_checkin",
    c"state_dir",
    c"cancel_path",
    c"operator",
    c"language",
    c"connect_timeout_ms",
    c"reply_timeout_ms",
    c"pay_reply_timeout_ms",
    c"poll",
    c"pay_timeout_ms",
    c"precreate_timeout_ms",
    c"cancel_timeout_ms",
    c"not_found_grace_ms",
    c"watch",
    c"proxy",
    c"ca_file",
    c"in_flight_max",
    c"journal_days",
];
const SECRETS: [&CStr; 2] = [c"terminal_key", c"vendor_key"];
const ENCODINGS: [&str; 3] = ["utf-8", "gbk", "gb18030"];

#[derive(Arbitrary, Debug)]
struct Set<'a> {
    key: Key<'a>,
    value: Value<'a>,
}

#[derive(Arbitrary, Debug)]
enum Key<'a> {
    Known(u8),
    Any(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Value<'a> {
    Any(&'a [u8]),
    Chinese(Vec<char>),
    Number(u32),
    Encoding(u8),
    Url(bool, &'a str, Option<u16>),
    Pauses(Vec<(u32, Option<u16>)>),
    Word(u8),
}

impl Value<'_> {
    fn bytes(&self, encoding: Encoding) -> Vec<u8> {
        match self {
            Self::Any(bytes) => bytes.to_vec(),
            Self::Chinese(text) => encoding.encode(&text.iter().collect::<String>()),
            Self::Number(number) => number.to_string().into_bytes(),
            Self::Encoding(number) => ENCODINGS[usize::from(*number) % ENCODINGS.len()].into(),
            Self::Url(secure, host, port) => {
                let scheme = if *secure { "https" } else { "http" };
                let port = port.map_or_else(String::new, |port| format!(":{port}"));
                format!("{scheme}://{host}{port}").into_bytes()
            }
            Self::Pauses(pauses) => {
                let pause = |(ms, times): &(u32, Option<u16>)| match times {
                    Some(times) => format!("{ms}*{times}"),
                    None => ms.to_string(),
                };
                pauses.iter().map(pause).collect::<Vec<_>>().join(",").into_bytes()
            }
            Self::Word(number) => {
                let words = ["", "on", "off", "zh", "en", "cancel", "revoke", "[::1]", "localhost", "127.0.0.1"];
                words[usize::from(*number) % words.len()].into()
            }
        }
    }
}

struct Client(*mut upay_client);

impl Drop for Client {
    /// Stopped, so that nothing of it goes on beside the next run.
    fn drop(&mut self) {
        assert_eq!(upay_client_stop(self.0, 10_000), UPAY_OK);
        upay_client_free(self.0);
    }
}

impl Client {
    fn new() -> Self {
        let mut client = null_mut();
        // SAFETY: `client` can be written.
        assert_eq!(unsafe { upay_client_new(&mut client) }, UPAY_OK);
        Self(client)
    }

    fn set(&self, key: &CStr, value: &CStr) -> upay_status {
        // SAFETY: both end with a NUL.
        unsafe { upay_client_set(self.0, key.as_ptr(), value.as_ptr()) }
    }

    /// As a careful host does: asks for the length first. A buffer that is too small is left as it was.
    fn get(&self, key: &CStr) -> Result<Vec<u8>, upay_status> {
        let into = |buffer: &mut [u8], length: &mut usize| {
            let start = if buffer.is_empty() { null_mut() } else { buffer.as_mut_ptr().cast() };
            // SAFETY: the key ends with a NUL, the buffer is as long as it says, `length` can be written.
            unsafe { upay_client_get(self.0, key.as_ptr(), start, buffer.len(), length) }
        };
        let mut needed = usize::MAX;
        match into(&mut [], &mut needed) {
            UPAY_E_BUFFER => {}
            status => {
                assert!(status != UPAY_OK, "even \"\" has a NUL");
                assert_eq!(needed, usize::MAX, "outputs are written on success alone");
                return Err(status);
            }
        }
        let mut short = vec![0xA5; needed - 1].into_boxed_slice();
        let mut length = 0;
        assert_eq!(into(&mut short, &mut length), UPAY_E_BUFFER);
        assert_eq!(length, needed);
        assert!(short.iter().all(|byte| *byte == 0xA5));
        let mut exact = vec![0xA5; needed].into_boxed_slice();
        assert_eq!(into(&mut exact, &mut length), UPAY_OK);
        assert_eq!((length + 1, exact[length]), (needed, 0));
        Ok(exact[..length].to_vec())
    }
}

fn last_error() -> Vec<u8> {
    text(upay_last_error()).expect("never NULL")
}

fuzz_target!(|sets: Vec<Set<'_>>| {
    let client = Client::new();
    // The settings as the host would remember them.
    let mut model: HashMap<&CStr, String> = HashMap::new();
    for key in KEYS.iter().filter(|key| !SECRETS.contains(key)) {
        let value = client.get(key).expect("every key of the header is there");
        model.insert(key, String::from_utf8(value).expect("UTF-8 is the default"));
    }
    for set in &sets {
        let encoding = Encoding::named(&model[c"encoding"]);
        let any;
        let key = match set.key {
            Key::Known(number) => KEYS[usize::from(number) % KEYS.len()],
            Key::Any(bytes) => {
                any = c_text(bytes);
                any.as_c_str()
            }
        };
        let known = KEYS.iter().copied().find(|known| *known == key);
        let value = c_text(&set.value.bytes(encoding));
        let decoded = encoding.decode(value.to_bytes());
        let is_secret = SECRETS.contains(&key);
        match client.set(key, &value) {
            UPAY_OK => {
                let known = known.expect("no such key is in the header");
                let value = decoded.expect("text that is in no encoding was accepted");
                if !is_secret {
                    model.insert(known, value);
                }
            }
            UPAY_E_KEY => assert!(known.is_none() && decoded.is_some()),
            UPAY_E_VALUE => {
                let key = known.expect("only a known key has a rule");
                assert!(last_error().starts_with(&[key.to_bytes(), b": "].concat()), "the rule is named by its key");
                if is_secret {
                    let said = last_error();
                    assert_eq!(client.set(key, c"a b"), UPAY_E_VALUE);
                    assert!(said == last_error(), "the words are the same whatever the value");
                }
            }
            UPAY_E_ARGUMENT => assert!(decoded.is_none() || encoding.decode(key.to_bytes()).is_none()),
            status => panic!("{status}"),
        }
        assert!(last_error().is_ascii());

        let encoding = Encoding::named(&model[c"encoding"]);
        for key in known.into_iter().chain([c"encoding"]) {
            match client.get(key) {
                Ok(value) => assert_eq!(value, encoding.encode(&model[key]), "{key:?}"),
                Err(status) => assert!(status == UPAY_E_KEY && SECRETS.contains(&key), "{key:?}: {status}"),
            }
        }
        if known.is_none() {
            assert!(matches!(client.get(key), Err(UPAY_E_KEY | UPAY_E_ARGUMENT)));
        }
    }
});
