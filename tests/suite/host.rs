//! A host in Rust that calls the C ABI as a C program does: through handles, text and callbacks.

use std::ffi::{c_char, c_void, CStr, CString};
use std::path::PathBuf;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use upay::abi::*;
use upay::ffi::*;

use crate::simulator::{Options, Simulator, DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN};

/// Longer than anything here takes on the slowest machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(90);
const PATIENCE_MS: u32 = 90_000;

/// Pauses and time limits that let a test end soon, in the proportions of the real ones.
pub const QUICK: &[(&str, &str)] = &[
    ("poll", "100"),
    ("pay_timeout_ms", "6000"),
    ("cancel_timeout_ms", "8000"),
    ("not_found_grace_ms", "300"),
    ("watch", "200"),
    ("connect_timeout_ms", "3000"),
    ("reply_timeout_ms", "3000"),
    ("pay_reply_timeout_ms", "5000"),
    ("in_flight_max", "64"),
    ("language", "en"),
];

/// A simulator of one's own.
pub fn gateway() -> Simulator {
    Simulator::start(Options { port: 0, quiet: true, ..Options::default() }).unwrap()
}

/// Between two looks at what nobody tells of. A thread that looks without a pause takes a processor from what it waits for.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Looks again and again, for what nobody tells of; false when it never comes.
#[allow(clippy::disallowed_methods)] // A test's own time limit; the library's clock is not for others.
fn look_until(mut seen: impl FnMut() -> bool) -> bool {
    let begun = std::time::Instant::now();
    while begun.elapsed() < PATIENCE {
        if seen() {
            return true;
        }
        std::thread::park_timeout(LOOK_AGAIN);
    }
    seen()
}

/// A directory of its own, gone at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("upay-suite-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A test that made no directory leaves none to remove.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a callback took from an event.
#[derive(Debug, Clone)]
pub struct Heard {
    pub action: i32,
    pub outcome: i32,
    pub status: upay_status,
    pub client_sn: String,
    pub phase: String,
    pub order_status: String,
    pub qr_code: String,
}

impl Heard {
    pub fn is_final(&self) -> bool {
        self.outcome != UPAY_OUTCOME_PENDING
    }
}

/// In this order, and never back.
const PHASES: [&str; 4] = ["sending", "querying", "cancelling", "done"];

/// Where events land, and whoever waits for them looks.
#[derive(Default)]
pub struct Ear {
    heard: Mutex<(Vec<Heard>, u32)>,
    changed: Condvar,
}

impl Ear {
    /// Waits until `done` likes all that was heard so far.
    pub fn wait(&self, what: &str, mut done: impl FnMut(&[Heard], u32) -> bool) -> Vec<Heard> {
        let heard = self.heard.lock().unwrap();
        let (heard, timeout) =
            self.changed.wait_timeout_while(heard, PATIENCE, |(heard, drops)| !done(heard, *drops)).unwrap();
        assert!(!timeout.timed_out(), "{what}: heard only {:?}", heard.0);
        heard.0.clone()
    }

    /// How often the drop function ran.
    pub fn drops(&self) -> u32 {
        self.heard.lock().unwrap().1
    }

    pub fn so_far(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().0.clone()
    }

    /// The one final event, once the host's data was let go.
    pub fn final_one(&self, what: &str) -> Heard {
        let heard = self.wait(what, |_, drops| drops > 0);
        let finals: Vec<_> = heard.iter().filter(|heard| heard.is_final()).cloned().collect();
        assert_eq!(finals.len(), 1, "{what}: {heard:?}");
        assert!(heard.last().unwrap().is_final(), "{what}: the final event is the last");
        let order =
            |heard: &Heard| PHASES.iter().position(|phase| *phase == heard.phase).expect("a phase of the header");
        assert!(heard.windows(2).all(|pair| order(&pair[0]) <= order(&pair[1])), "{what}: {heard:?}");
        finals[0].clone()
    }
}

unsafe extern "C" fn hear(event: *const upay_event, user_data: *mut c_void) {
    // SAFETY: an Arc that `forget` has not taken back yet.
    let ear = unsafe { &*user_data.cast::<Ear>() };
    ear.heard.lock().unwrap().0.push(take(event));
    ear.changed.notify_all();
}

unsafe extern "C" fn forget(user_data: *mut c_void) {
    // SAFETY: made by Arc::into_raw, and this is its last use.
    let ear = unsafe { Arc::from_raw(user_data.cast_const().cast::<Ear>()) };
    ear.heard.lock().unwrap().1 += 1;
    ear.changed.notify_all();
}

pub fn take(event: *const upay_event) -> Heard {
    Heard {
        action: upay_event_action(event),
        outcome: upay_event_outcome(event),
        status: upay_event_status(event),
        client_sn: field(event, c"client_sn"),
        phase: field(event, c"phase"),
        order_status: field(event, c"order_status"),
        qr_code: field(event, c"qr_code"),
    }
}

fn field(event: *const upay_event, key: &CStr) -> String {
    // SAFETY: the key ends with a NUL.
    let text = unsafe { upay_event_get(event, key.as_ptr()) };
    if text.is_null() {
        return String::new();
    }
    // SAFETY: an event's text ends with a NUL and lives as long as the event.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
}

pub fn last_error() -> String {
    // SAFETY: never NULL, and read before this thread's next call.
    unsafe { CStr::from_ptr(upay_last_error()) }.to_str().unwrap().to_owned()
}

fn ok(status: upay_status, what: &str) {
    assert_eq!(status, UPAY_OK, "{what}: {}", last_error());
}

pub struct Client {
    pub handle: *mut upay_client,
    pub watched: Arc<Ear>,
    _scratch: Option<Scratch>,
}

// SAFETY: a handle may be used from every thread.
unsafe impl Sync for Client {}
// SAFETY: as above.
unsafe impl Send for Client {}

impl Client {
    /// A started client with a journal of its own.
    pub fn start(url: &str, settings: &[(&str, &str)]) -> Self {
        let scratch = Scratch::new();
        let mut client = Self::start_in(&scratch.0, url, settings);
        client._scratch = Some(scratch);
        client
    }

    pub fn start_in(state_dir: &std::path::Path, url: &str, settings: &[(&str, &str)]) -> Self {
        let client = Self::make(state_dir, url, &[]);
        let own = [("terminal_sn", DEFAULT_TERMINAL_SN), ("terminal_key", DEFAULT_TERMINAL_KEY)];
        for (key, value) in own.iter().chain(settings) {
            ok(client.set(key, value), key);
        }
        ok(client.begin(), "start");
        client
    }

    /// A client that is not started, of no terminal.
    pub fn make(state_dir: &std::path::Path, url: &str, settings: &[(&str, &str)]) -> Self {
        let mut handle = null_mut();
        // SAFETY: `handle` can be written.
        ok(unsafe { upay_client_new(&mut handle) }, "new");
        let watched = Arc::new(Ear::default());
        let client = Self { handle, watched, _scratch: None };
        let own = [("api_domain", url), ("state_dir", state_dir.to_str().unwrap())];
        for (key, value) in own.iter().chain(QUICK).chain(settings) {
            ok(client.set(key, value), key);
        }
        let ear = Arc::into_raw(client.watched.clone()).cast_mut().cast();
        // SAFETY: the ear lives until `forget` has it.
        ok(unsafe { upay_client_watch(handle, Some(hear), ear, Some(forget)) }, "watch");
        client
    }

    /// A client that was just stopped may be held locked for an instant by a program that another test starts, between
    /// its fork and its beginning.
    pub fn begin(&self) -> upay_status {
        let mut status = UPAY_E_LOCKED;
        look_until(|| {
            status = upay_client_start(self.handle);
            status != UPAY_E_LOCKED
        });
        status
    }

    pub fn activate(&self, code: &str) -> upay_status {
        let code = CString::new(code).unwrap();
        // SAFETY: the text ends with a NUL.
        unsafe { upay_client_activate(self.handle, code.as_ptr(), PATIENCE_MS) }
    }

    pub fn checkin(&self) -> upay_status {
        upay_client_checkin(self.handle, PATIENCE_MS)
    }

    /// The reply's echo field, and the event.
    pub fn call(&self, path: &str, json: &str) -> Result<(String, Heard), upay_status> {
        let (path, json) = (CString::new(path).unwrap(), CString::new(json).unwrap());
        let mut event = null_mut();
        // SAFETY: the texts end with a NUL; `event` can be written.
        match unsafe { upay_client_call(self.handle, path.as_ptr(), json.as_ptr(), PATIENCE_MS, &mut event) } {
            UPAY_OK => {}
            status => return Err(status),
        }
        // SAFETY: the key ends with a NUL, and what is handed out lives as long as the event.
        let echo = unsafe { upay_event_get(event, c"echo".as_ptr()).as_ref() };
        // SAFETY: as above.
        let echo = echo.map(|echo| unsafe { CStr::from_ptr(echo) }.to_str().unwrap().to_owned());
        let heard = take(event);
        upay_event_free(event);
        Ok((echo.unwrap_or_default(), heard))
    }

    pub fn get(&self, key: &str) -> Result<String, upay_status> {
        let (key, mut text) = (CString::new(key).unwrap(), [0 as c_char; 256]);
        // SAFETY: the key ends with a NUL, the buffer has the room that is said.
        match unsafe { upay_client_get(self.handle, key.as_ptr(), text.as_mut_ptr(), text.len(), null_mut()) } {
            // SAFETY: the library ended the text with a NUL.
            UPAY_OK => Ok(unsafe { CStr::from_ptr(text.as_ptr()) }.to_str().unwrap().to_owned()),
            status => Err(status),
        }
    }

    pub fn set(&self, key: &str, value: &str) -> upay_status {
        let (key, value) = (CString::new(key).unwrap(), CString::new(value).unwrap());
        // SAFETY: both texts end with a NUL.
        unsafe { upay_client_set(self.handle, key.as_ptr(), value.as_ptr()) }
    }

    /// The order of a number that was used before, maybe elsewhere.
    pub fn order_of(&self, client_sn: &str) -> Order {
        let (mut handle, number) = (null_mut(), CString::new(client_sn).unwrap());
        // SAFETY: the number ends with a NUL; `handle` can be written.
        ok(unsafe { upay_order_new(self.handle, number.as_ptr(), &mut handle) }, "order");
        Order { handle }
    }

    pub fn order(&self, fields: &[(&str, &str)]) -> Order {
        let mut handle = null_mut();
        // SAFETY: NULL asks for a number; `handle` can be written.
        ok(unsafe { upay_order_new(self.handle, null(), &mut handle) }, "order");
        let order = Order { handle };
        for (key, value) in fields {
            ok(order.set(key, value), key);
        }
        order
    }

    /// An order that can be paid.
    pub fn sale(&self, fen: u64, barcode: &str) -> Order {
        self.order(&[("total_amount", &fen.to_string()), ("dynamic_id", barcode), ("subject", "披萨")])
    }

    pub fn unfinished(&self) -> u32 {
        let mut count = 0;
        // SAFETY: `count` can be written.
        ok(unsafe { upay_client_unfinished(self.handle, &mut count) }, "unfinished");
        count
    }

    /// Waits until no order is without a final answer, without taking an event: there is nothing to wait on for that.
    pub fn settle(&self) {
        assert!(look_until(|| self.unfinished() == 0), "{} orders have no end", self.unfinished());
    }

    pub fn stop(&self) {
        ok(self.stop_status(), "stop");
    }

    pub fn stop_status(&self) -> upay_status {
        upay_client_stop(self.handle, PATIENCE_MS)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        upay_client_stop(self.handle, PATIENCE_MS);
        upay_client_free(self.handle);
    }
}

pub struct Order {
    pub handle: *mut upay_order,
}

// SAFETY: a handle may be used from every thread.
unsafe impl Send for Order {}

impl Order {
    pub fn set(&self, key: &str, value: &str) -> upay_status {
        let (key, value) = (CString::new(key).unwrap(), CString::new(value).unwrap());
        // SAFETY: both texts end with a NUL.
        unsafe { upay_order_set(self.handle, key.as_ptr(), value.as_ptr()) }
    }

    pub fn client_sn(&self) -> String {
        self.get("client_sn").unwrap()
    }

    pub fn get(&self, key: &str) -> Result<String, upay_status> {
        let (key, mut text) = (CString::new(key).unwrap(), [0 as c_char; 256]);
        // SAFETY: the key ends with a NUL, the buffer has the room that is said.
        match unsafe { upay_order_get(self.handle, key.as_ptr(), text.as_mut_ptr(), text.len(), null_mut()) } {
            // SAFETY: the library ended the text with a NUL.
            UPAY_OK => Ok(unsafe { CStr::from_ptr(text.as_ptr()) }.to_str().unwrap().to_owned()),
            status => Err(status),
        }
    }

    /// In the callback form.
    pub fn pay(&self) -> Arc<Ear> {
        self.act(upay_order_pay)
    }

    pub fn precreate(&self) -> Arc<Ear> {
        self.act(upay_order_precreate)
    }

    pub fn refund(&self) -> Arc<Ear> {
        self.act(upay_order_refund)
    }

    pub fn cancel(&self) -> Arc<Ear> {
        self.act(upay_order_cancel)
    }

    pub fn query(&self) -> Arc<Ear> {
        self.act(upay_order_query)
    }

    fn act(
        &self,
        action: unsafe extern "C" fn(*mut upay_order, upay_event_fn, *mut c_void, upay_drop_fn) -> upay_status,
    ) -> Arc<Ear> {
        let ear = Arc::new(Ear::default());
        let user_data = Arc::into_raw(ear.clone()).cast_mut().cast();
        // SAFETY: the ear lives until `forget` has it.
        ok(unsafe { action(self.handle, Some(hear), user_data, Some(forget)) }, "action");
        ear
    }

    /// In the pull form.
    pub fn pay_unheard(&self) -> upay_status {
        // SAFETY: nothing is to be called.
        unsafe { upay_order_pay(self.handle, None, null_mut(), None) }
    }

    pub fn try_precreate(&self) -> upay_status {
        // SAFETY: nothing is to be called.
        unsafe { upay_order_precreate(self.handle, None, null_mut(), None) }
    }

    pub fn try_refund(&self) -> upay_status {
        // SAFETY: nothing is to be called.
        unsafe { upay_order_refund(self.handle, None, null_mut(), None) }
    }

    pub fn cancel_unheard(&self) -> upay_status {
        // SAFETY: nothing is to be called.
        unsafe { upay_order_cancel(self.handle, None, null_mut(), None) }
    }

    pub fn wait(&self) -> Heard {
        let mut event = null_mut();
        // SAFETY: `event` can be written.
        ok(unsafe { upay_order_wait(self.handle, PATIENCE_MS, &mut event) }, "wait");
        let heard = take(event);
        upay_event_free(event);
        heard
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        upay_order_free(self.handle);
    }
}

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
static LOGGED: Condvar = Condvar::new();

unsafe extern "C" fn note(_level: i32, line: *const c_char, _user_data: *mut c_void) {
    // SAFETY: the line ends with a NUL and lives as long as the call.
    let line = unsafe { CStr::from_ptr(line) }.to_str().unwrap().to_owned();
    LOG.lock().unwrap().push(line);
    LOGGED.notify_all();
}

/// Does `what`, and waits until the log has a line that begins with `text`.
pub fn log_says(text: &str, what: impl FnOnce()) {
    // SAFETY: the function can be called for ever.
    ok(unsafe { upay_set_log(UPAY_LOG_INFO, Some(note), null_mut()) }, "log");
    what();
    let lines = LOG.lock().unwrap();
    let missing = |lines: &mut Vec<String>| !lines.iter().any(|line| line.starts_with(text));
    let (lines, timeout) = LOGGED.wait_timeout_while(lines, PATIENCE, missing).unwrap();
    assert!(!timeout.timed_out(), "the log says only {lines:?}, not {text}");
}
