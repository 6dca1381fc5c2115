use std::ffi::{c_char, c_void};

use super::callback;
use super::guard::{self, guard};
use super::text::{bytes_in, not_null, text_in};
use crate::abi::*;
use crate::client::Encoding;
use crate::error::Error;
use crate::gateway::sign;

/// A line of the log: one of UPAY_LOG_ERROR to UPAY_LOG_DEBUG, and one line of UTF-8 of at most 1024 bytes that lives
/// as long as the call. No line holds a key, a signature, a barcode or a payer's account. Runs on any thread, also on
/// one that is inside a call of yours; what it logs itself by calling the library is not logged.
pub type upay_log_fn = Option<unsafe extern "C" fn(level: i32, line: *const c_char, user_data: *mut c_void)>;

/// The version of this header's contract: 1. It moves only when something that worked before would break.
#[no_mangle]
pub extern "C" fn upay_abi_version() -> u32 {
    1
}

/// The library's version, such as "0.1.0". Lives for ever.
#[no_mangle]
pub extern "C" fn upay_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// What went wrong in this thread's last failed call: one line of plain ASCII for a programmer, which names the field
/// and the rule that was broken and never holds a secret. "" when no call has failed. Never NULL; lives until this
/// thread's next call.
#[no_mangle]
pub extern "C" fn upay_last_error() -> *const c_char {
    guard::last_error()
}

/// Sends the library's log, for all clients, to a function of yours from now on.
///
/// level: the chattiest level that is wanted, UPAY_LOG_ERROR to UPAY_LOG_DEBUG; UPAY_LOG_OFF ends the log.
/// fn: NULL ends the log. A line that is just being written on another thread may still arrive after this call.
/// user_data: passed back to fn.
/// Errors: UPAY_E_VALUE.
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

/// The gateway's signature of a request body: MD5 over the bytes followed by the key, in lower-case hex (003 2.2). For
/// hosts that send requests of their own.
///
/// body: the bytes exactly as they are sent; NULL only when length is 0.
/// key: the terminal's or the vendor's key, UTF-8.
/// out33: room for 33 bytes: 32 digits and a NUL.
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
