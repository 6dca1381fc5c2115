//! A till: the C API, called as a C program calls it, with a callback that hands the news to the till's own thread.

use std::ffi::{c_char, c_void, CStr, CString};
use std::path::PathBuf;
use std::ptr::{null, null_mut};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use upay::abi::*;
use upay::ffi::*;

use crate::simulator::{DEFAULT_VENDOR_KEY, DEFAULT_VENDOR_SN};

pub struct Till {
    client: *mut upay_client,
    state_dir: PathBuf,
}

/// An action under way.
pub struct Acting {
    pub client_sn: String,
    news: Receiver<Heard>,
}

/// What the callback took from an event.
pub struct Heard {
    pub action: i32,
    pub outcome: i32,
    pub status: upay_status,
    pub advice: i32,
    pub elapsed_ms: u64,
    pub phase: String,
    pub zh: String,
    pub en: String,
    /// What the customer is to scan, or empty.
    pub qr_code: String,
}

/// The real pauses and time limits are those of the header; a demo that takes a minute is not watched to its end.
const SETTINGS: [(&str, &str); 4] =
    [("poll", "1000"), ("pay_timeout_ms", "4000"), ("cancel_timeout_ms", "5000"), ("operator", "小王")];

/// Begins an action on an order.
type Begin = unsafe extern "C" fn(*mut upay_order, upay_event_fn, *mut c_void, upay_drop_fn) -> upay_status;

impl Till {
    /// A new till: its first start activates it.
    pub fn open(api_domain: &str, code: &str) -> Result<Self, String> {
        let state_dir = std::env::temp_dir().join(format!("upay-demo-{}", std::process::id()));
        let mut client = null_mut();
        // SAFETY: `client` can be written.
        check(unsafe { upay_client_new(&mut client) })?;
        let till = Self { client, state_dir };
        let directory = till.state_dir.to_string_lossy().into_owned();
        let own = [
            ("api_domain", api_domain),
            ("state_dir", &directory),
            ("vendor_sn", DEFAULT_VENDOR_SN),
            ("vendor_key", DEFAULT_VENDOR_KEY),
            ("app_id", "demo"),
            ("device_id", "till-1"),
        ];
        for (key, value) in own.into_iter().chain(SETTINGS) {
            let (key, value) = (c_text(key)?, c_text(value)?);
            // SAFETY: both texts end with a NUL.
            check(unsafe { upay_client_set(till.client, key.as_ptr(), value.as_ptr()) })?;
        }
        let code = c_text(code)?;
        // SAFETY: the text ends with a NUL.
        check(unsafe { upay_client_activate(till.client, code.as_ptr(), 10_000) })?;
        check(upay_client_start(till.client))?;
        Ok(till)
    }

    pub fn get(&self, key: &str) -> Result<String, String> {
        let (key, mut text) = (c_text(key)?, [0 as c_char; 256]);
        // SAFETY: the key ends with a NUL, and the buffer has the room that is said.
        check(unsafe { upay_client_get(self.client, key.as_ptr(), text.as_mut_ptr(), text.len(), null_mut()) })?;
        // SAFETY: the library ended the text with a NUL.
        Ok(unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned())
    }

    pub fn pay(&self, fen: u64, barcode: &str, subject: &str) -> Result<Acting, String> {
        let fields = [("total_amount", &*fen.to_string()), ("dynamic_id", barcode), ("subject", subject)];
        self.act(None, &fields, upay_order_pay)
    }

    pub fn precreate(&self, fen: u64, subject: &str) -> Result<Acting, String> {
        let fields = [("total_amount", &*fen.to_string()), ("subject", subject), ("payway", "3")];
        self.act(None, &fields, upay_order_precreate)
    }

    pub fn refund(&self, client_sn: &str, fen: u64) -> Result<Acting, String> {
        let fields = [("refund_request_no", "R1"), ("refund_amount", &*fen.to_string())];
        self.act(Some(client_sn), &fields, upay_order_refund)
    }

    fn act(&self, client_sn: Option<&str>, fields: &[(&str, &str)], begin: Begin) -> Result<Acting, String> {
        let mut order = null_mut();
        let number = client_sn.map(c_text).transpose()?;
        let number = number.as_ref().map_or(null(), |number| number.as_ptr());
        // SAFETY: NULL asks for a number of the library's, another one ends with a NUL; `order` can be written.
        check(unsafe { upay_order_new(self.client, number, &mut order) })?;
        for (key, value) in fields {
            let (key, value) = (c_text(key)?, c_text(value)?);
            // SAFETY: both texts end with a NUL.
            check(unsafe { upay_order_set(order, key.as_ptr(), value.as_ptr()) })?;
        }
        let mut client_sn = [0 as c_char; 64];
        // SAFETY: the buffer has the room that is said, and the length is not wanted.
        check(unsafe {
            upay_order_get(order, c"client_sn".as_ptr(), client_sn.as_mut_ptr(), client_sn.len(), null_mut())
        })?;
        // SAFETY: the library ended the text with a NUL.
        let client_sn = unsafe { CStr::from_ptr(client_sn.as_ptr()) }.to_string_lossy().into_owned();

        let (sender, news) = channel();
        let sender = Box::into_raw(Box::new(sender)).cast::<c_void>();
        // SAFETY: the sender lives until `let_go` has it.
        let status = check(unsafe { begin(order, Some(hear), sender, Some(let_go)) });
        upay_order_free(order);
        if let Err(error) = status {
            // SAFETY: a call that fails has taken nothing.
            unsafe { let_go(sender) };
            return Err(error);
        }
        Ok(Acting { client_sn, news })
    }

    /// A Windows bitmap of a QR code, one pixel a square.
    pub fn picture(&self, text: &str) -> Result<Vec<u8>, String> {
        let (text, mut length) = (c_text(text)?, 0);
        // SAFETY: the text ends with a NUL; a picture without a place only says how long it is.
        unsafe { upay_qr(text.as_ptr(), UPAY_QR_BMP, 1, 2, null_mut(), 0, &mut length) };
        let mut picture = vec![0u8; length];
        // SAFETY: the buffer has the room that is said.
        check(unsafe {
            upay_qr(text.as_ptr(), UPAY_QR_BMP, 1, 2, picture.as_mut_ptr().cast(), picture.len(), null_mut())
        })?;
        Ok(picture)
    }

    pub fn close(self) -> Result<(), String> {
        check(upay_client_stop(self.client, 10_000))
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        upay_client_free(self.client);
        if let Err(error) = std::fs::remove_dir_all(&self.state_dir) {
            eprintln!("{} stays behind: {error}", self.state_dir.display());
        }
    }
}

impl Acting {
    pub fn next(&self, patience: Duration) -> Result<Heard, String> {
        self.news.recv_timeout(patience).map_err(|error| match error {
            RecvTimeoutError::Timeout => "the library has nothing more to say".to_owned(),
            RecvTimeoutError::Disconnected => "the library let go without a verdict".to_owned(),
        })
    }
}

/// Runs on the library's thread.
unsafe extern "C" fn hear(event: *const upay_event, user_data: *mut c_void) {
    // SAFETY: what `pay` passed, which lives until `let_go`.
    let sender = unsafe { &*user_data.cast::<Sender<Heard>>() };
    let heard = Heard {
        action: upay_event_action(event),
        outcome: upay_event_outcome(event),
        status: upay_event_status(event),
        advice: upay_event_advice(event),
        elapsed_ms: field(event, c"elapsed_ms").parse().unwrap_or(0),
        phase: field(event, c"phase"),
        zh: field(event, c"message_zh"),
        en: field(event, c"message_en"),
        qr_code: field(event, c"qr_code"),
    };
    // A till that has gone away hears no more.
    let _ = sender.send(heard);
}

unsafe extern "C" fn let_go(user_data: *mut c_void) {
    // SAFETY: made by `pay` with Box::into_raw, and this is its last use.
    drop(unsafe { Box::from_raw(user_data.cast::<Sender<Heard>>()) });
}

fn field(event: *const upay_event, key: &CStr) -> String {
    // SAFETY: the key ends with a NUL.
    let text = unsafe { upay_event_get(event, key.as_ptr()) };
    if text.is_null() {
        return String::new();
    }
    // SAFETY: text of an event ends with a NUL and lives as long as the event.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

fn c_text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|error| error.to_string())
}

fn check(status: upay_status) -> Result<(), String> {
    if status == UPAY_OK {
        return Ok(());
    }
    // SAFETY: never NULL, ends with a NUL, and lives until this thread's next call.
    let words = unsafe { CStr::from_ptr(upay_last_error()) };
    Err(format!("status {status}: {}", words.to_string_lossy()))
}
