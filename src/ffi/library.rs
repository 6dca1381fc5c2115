use std::ffi::{c_char, c_void};

use super::callback;
use super::guard::{self, guard};
use super::text::{bytes_in, not_null, text_in};
use crate::abi::*;
use crate::error::Error;
use crate::event::Encoding;
use crate::gateway::sign;

/// Receives one line of the log.
///
/// level: one of UPAY_LOG_ERROR to UPAY_LOG_DEBUG.
/// line: one line of UTF-8 of at most 1024 bytes. It lives as long as the call. It contains no key,
///   signature, barcode or payer's account.
/// user_data: as passed to upay_set_log.
/// Threads: runs on any thread, also on one of yours that is inside a call of this library. What the
///   function itself makes the library log is dropped.
pub type upay_log_fn = Option<unsafe extern "C" fn(level: i32, line: *const c_char, user_data: *mut c_void)>;

/// Returns the version of this interface: 1. It changes only when something that worked before
/// would break.
#[no_mangle]
pub extern "C" fn upay_abi_version() -> u32 {
    1
}

/// Returns the library's version, such as "0.1.0". The text lives for ever.
#[no_mangle]
pub extern "C" fn upay_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Returns what went wrong in this thread's last failed call: one line of ASCII for a programmer.
/// It names the field and the rule that was broken, and contains no secret.
///
/// It is "" if no call has failed, and never NULL. It lives until this thread's next call.
#[no_mangle]
pub extern "C" fn upay_last_error() -> *const c_char {
    guard::last_error()
}

/// Sends the log of all clients to a function of yours from now on.
///
/// level: the most detailed level that you want, UPAY_LOG_ERROR to UPAY_LOG_DEBUG. UPAY_LOG_OFF ends
///   the log.
/// fn: receives the lines. NULL ends the log.
/// user_data: passed to fn.
/// Errors: UPAY_E_VALUE (level).
/// Threads: a line that another thread is just writing may still reach the earlier function after
///   this call has returned.
///
/// # Safety
/// `line` can be called with `user_data` from any thread while it is set.
#[no_mangle]
pub unsafe extern "C" fn upay_set_log(level: i32, r#fn: upay_log_fn, user_data: *mut c_void) -> upay_status {
    guard(|| {
        if !(UPAY_LOG_OFF..=UPAY_LOG_DEBUG).contains(&level) {
            return Err(Error::value("level", "must be 0 to 4"));
        }
        callback::set_log(level, r#fn.filter(|_| level != UPAY_LOG_OFF), user_data);
        Ok(())
    })
}

/// Makes the gateway's signature of a request body: MD5 over the bytes followed by the key, in
/// lower-case hex (003 2.2). For hosts that send requests of their own. Needs no client.
///
/// body, length: the bytes exactly as they are sent. body may be NULL only if length is 0.
/// key: the terminal's or the vendor's key, in UTF-8.
/// out33: receives 33 bytes: 32 digits and a NUL.
/// Errors: UPAY_E_ARGUMENT.
///
/// # Safety
/// `body` has `length` readable bytes, `key` ends with a NUL, `out33` has room for 33 bytes.
#[no_mangle]
pub unsafe extern "C" fn upay_sign(
    body: *const c_void,
    length: usize,
    key: *const c_char,
    out33: *mut c_char,
) -> upay_status {
    guard(|| {
        not_null("out33", out33)?;
        // SAFETY: the caller's promise.
        let key = unsafe { text_in("key", key, Encoding::Utf8) }?;
        // SAFETY: the caller's promise.
        let body = unsafe { bytes_in(body, length) }?;
        let signature = sign::sign(body, &key);
        // SAFETY: 33 bytes: the caller's promise, and what an MD5 in hex with its NUL has.
        unsafe {
            std::ptr::copy_nonoverlapping(signature.as_ptr(), out33.cast::<u8>(), signature.len());
            *out33.add(signature.len()) = 0;
        }
        Ok(())
    })
}
