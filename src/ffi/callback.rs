//! The host's functions: called on the library's threads, never under a lock.

use std::ffi::{c_void, CString};
use std::sync::Arc;

use super::event::EVENTS;
use super::{guard, upay_drop_fn, upay_event_fn, upay_log_fn};
use crate::client::{Event, Listener, OnDrop, OnEvent};
use crate::log;

/// The host's own pointer, passed back as it came.
#[derive(Clone, Copy)]
struct UserData(*mut c_void);

// SAFETY: never dereferenced here; the header tells hosts on which threads it comes back.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    /// A closure that calls this holds the whole wrapper, and so is Send.
    fn pointer(&self) -> *mut c_void {
        self.0
    }
}

/// `None` when the host wants nothing called.
pub fn callbacks(event: upay_event_fn, user_data: *mut c_void, drop: upay_drop_fn) -> Option<Listener> {
    let user_data = UserData(user_data);
    let event = event.map(|event| {
        let call = move |happened: &Arc<Event>| match EVENTS.lend(happened.clone()) {
            Ok(handle) => {
                // SAFETY: the host's promise: the function can be called until drop was.
                guard::in_callback(|| unsafe { event(handle, user_data.pointer()) });
                EVENTS.remove(handle);
            }
            Err(error) => log::error(format_args!("an event is lost: {error}")),
        };
        Box::new(call) as OnEvent
    });
    let drop = drop.map(|drop| {
        // SAFETY: the host's promise; this is the last call.
        let call = move || guard::in_callback(|| unsafe { drop(user_data.pointer()) });
        Box::new(call) as OnDrop
    });
    (event.is_some() || drop.is_some()).then_some(Listener { event, drop })
}

pub fn set_log(level: i32, line: upay_log_fn, user_data: *mut c_void) {
    let user_data = UserData(user_data);
    let Some(line) = line else {
        return log::set(level, None);
    };
    let sink = move |level: i32, text: &str| {
        let text = CString::new(text).unwrap_or_default();
        // SAFETY: the host's promise: the function can be called while it is set.
        guard::in_callback(|| unsafe { line(level, text.as_ptr(), user_data.pointer()) });
    };
    log::set(level, Some(Arc::new(sink)));
}
