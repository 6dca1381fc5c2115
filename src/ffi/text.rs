//! C text in and out.

use std::ffi::{c_char, c_void};

use crate::abi::*;
use crate::error::{printable, Error, Result};
use crate::event::Encoding;

/// The longest text that a host may pass in, without its NUL.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Copies a host's text. `what` names the argument in the error.
///
/// # Safety
/// `text` is NULL or ends with a NUL within readable memory.
pub unsafe fn text_in(what: &str, text: *const c_char, encoding: Encoding) -> Result<String> {
    if text.is_null() {
        return Err(Error::new(UPAY_E_ARGUMENT, format!("{what} is NULL")));
    }
    // SAFETY: the caller's promise. No byte after the NUL is read.
    let length = (0..=TEXT_BYTES_MAX).find(|&n| unsafe { *text.add(n) } == 0);
    let length = length.ok_or_else(|| Error::value(what, format_args!("must be at most {TEXT_BYTES_MAX} bytes")))?;
    // SAFETY: these bytes were just read.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) };
    let decoded = encoding.decode(bytes);
    decoded.ok_or_else(|| Error::new(UPAY_E_ARGUMENT, format!("{what} is not text in the client's encoding")))
}

/// Copies a key and a value that a host sets. An error about the value names the key.
///
/// # Safety
/// As for [`text_in`], for both.
pub unsafe fn key_and_value(
    key: *const c_char,
    value: *const c_char,
    encoding: Encoding,
) -> Result<(String, String)> {
    // SAFETY: the caller's promise.
    let key = unsafe { text_in("key", key, encoding) }?;
    // SAFETY: the caller's promise.
    let value = unsafe { text_in(&printable(&key), value, encoding) }?;
    Ok((key, value))
}

/// Copies `text` into a host's buffer, in the host's encoding. `length` becomes the number of the text's bytes
/// without its NUL or, if the buffer is too small, the number of bytes that the buffer must have.
///
/// # Safety
/// `buffer` has room for `capacity` bytes, or is NULL and `capacity` 0; `length` is NULL or can be written.
pub unsafe fn text_out(
    text: &str,
    encoding: Encoding,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> Result<()> {
    let mut bytes = encoding.encode(text);
    let without_nul = bytes.len();
    bytes.push(0);
    // SAFETY: the caller's promise.
    unsafe { write(&bytes, without_nul, buffer.cast(), capacity, length) }
}

/// As [`text_out`] for binary data: there is no NUL, so `length` is always the number of all bytes.
///
/// # Safety
/// As for [`text_out`].
pub unsafe fn bytes_out(bytes: &[u8], buffer: *mut u8, capacity: usize, length: *mut usize) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { write(bytes, bytes.len(), buffer, capacity, length) }
}

/// Copies all of `bytes` (at least one) or nothing. On success the host is told the length `counted`.
///
/// # Safety
/// As for [`text_out`].
unsafe fn write(bytes: &[u8], counted: usize, buffer: *mut u8, capacity: usize, length: *mut usize) -> Result<()> {
    if buffer.is_null() && capacity > 0 {
        return Err(Error::new(UPAY_E_ARGUMENT, "buffer is NULL and capacity is not 0"));
    }
    let fits = bytes.len() <= capacity;
    if !length.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *length = if fits { counted } else { bytes.len() } };
    }
    if !fits {
        return Err(Error::new(UPAY_E_BUFFER, format!("the buffer must have {} bytes", bytes.len())));
    }
    // SAFETY: the buffer has room for them. It is not NULL, because there is at least one byte.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
    Ok(())
}

/// Binary data that a host passes in.
///
/// # Safety
/// `body` has `length` readable bytes for as long as the slice is used.
pub unsafe fn bytes_in<'a>(body: *const c_void, length: usize) -> Result<&'a [u8]> {
    if length == 0 {
        return Ok(&[]);
    }
    not_null("body", body)?;
    if length > isize::MAX as usize {
        return Err(Error::new(UPAY_E_ARGUMENT, "length is larger than the address space"));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(body.cast::<u8>(), length) })
}

/// Writes a result to the host's `out` pointer.
///
/// # Safety
/// `out` can be written: it was checked with [`not_null`].
pub unsafe fn put<T>(out: *mut T, value: T) {
    // SAFETY: the caller's promise.
    unsafe { *out = value };
}

pub fn not_null<T>(what: &str, pointer: *const T) -> Result<()> {
    if pointer.is_null() {
        return Err(Error::new(UPAY_E_ARGUMENT, format!("{what} is NULL")));
    }
    Ok(())
}
