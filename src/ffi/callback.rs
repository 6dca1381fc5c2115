//! Calls the host's functions, on the library's threads and never under a lock.

use std::ffi::{c_void, CString};
use std::sync::Arc;

use super::event::EVENTS;
use super::{guard, upay_drop_fn, upay_event_fn, upay_log_fn};
use crate::client::{Listener, OnDrop, OnEvent};
use crate::event::Event;
use crate::log;

/// The host's own pointer. The library only passes it back.
#[derive(Clone, Copy)]
struct UserData(*mut c_void);

// SAFETY: the library never dereferences it. The header tells the host on which threads it gets it back.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    /// A closure that calls this captures the whole wrapper and not the bare pointer, and so is Send.
    fn pointer(&self) -> *mut c_void {
        self.0
    }
}

/// `None` if the host passed neither function.
pub fn callbacks(event: upay_event_fn, user_data: *mut c_void, drop: upay_drop_fn) -> Option<Listener> {
    let user_data = UserData(user_data);
    let event = event.map(|event| {
        let call = move |happened: &Arc<Event>| match EVENTS.lend(happened.clone()) {
            Ok(handle) => {
                // SAFETY: the host promises that the function can be called until `drop` was called.
                guard::in_callback(|| unsafe { event(handle, user_data.pointer()) });
                EVENTS.remove(handle);
            }
            Err(error) => log::error(format_args!("an event was not delivered: {error}")),
        };
        Box::new(call) as OnEvent
    });
    let drop = drop.map(|drop| {
        // SAFETY: the host promises that it can be called; this is the last call with `user_data`.
        let call = move || guard::in_callback(|| unsafe { drop(user_data.pointer()) });
        Box::new(call) as OnDrop
    });
    (event.is_some() || drop.is_some()).then(|| Listener::new(event, drop))
}

pub fn set_log(level: i32, line: upay_log_fn, user_data: *mut c_void) {
    let user_data = UserData(user_data);
    let Some(line) = line else {
        return log::set(level, None);
    };
    let sink = move |level: i32, text: &str| {
        let text = CString::new(text).unwrap_or_default();
        // SAFETY: the host promises that the function can be called while it is set.
        guard::in_callback(|| unsafe { line(level, text.as_ptr(), user_data.pointer()) });
    };
    log::set(level, Some(Arc::new(sink)));
}
