//! What every call goes through: not in a forked child, no panic gets out, and a failure leaves its words behind.

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::abi::*;
use crate::error::{Error, Result};

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Runs a call that can fail.
pub fn guard(call: impl FnOnce() -> Result<()>) -> upay_status {
    if is_forked() {
        // Nothing is allocated here: the lock of the heap may be held for ever as well.
        return UPAY_E_FORKED;
    }
    let result = catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(Error::new(UPAY_E_PANIC, "a defect of the library was caught")));
    match result {
        Ok(()) => UPAY_OK,
        Err(error) => {
            remember(&error);
            error.status
        }
    }
}

/// Runs a call that has no status: `nothing` is what it gives when it cannot.
pub fn quiet<T>(nothing: T, call: impl FnOnce() -> Option<T>) -> T {
    if is_forked() {
        return nothing;
    }
    catch_unwind(AssertUnwindSafe(call)).ok().flatten().unwrap_or(nothing)
}

/// Refuses what would wait for the very thread that it is called on.
pub fn not_in_callback() -> Result<()> {
    if IN_CALLBACK.get() {
        return Err(Error::new(UPAY_E_REENTRANT, "not from inside a callback"));
    }
    Ok(())
}

/// Runs the host's code.
pub fn in_callback(call: impl FnOnce()) {
    let outer = IN_CALLBACK.replace(true);
    call();
    IN_CALLBACK.set(outer);
}

fn remember(error: &Error) {
    // Words are plain ASCII, whatever the host's encoding.
    let words = error.message.chars().map(|c| if c.is_ascii() && c != '\0' { c } else { '?' });
    let words = CString::new(words.collect::<String>()).unwrap_or_default();
    // A thread that is just ending has nobody left to read them.
    let _ = LAST_ERROR.try_with(|last| last.replace(words));
}

pub fn last_error() -> *const c_char {
    if is_forked() {
        return c"this process is a fork of the one that uses the library".as_ptr();
    }
    LAST_ERROR.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// A forked child has this process's memory and none of its threads: any lock may be held for ever.
pub fn is_forked() -> bool {
    static OWNER: AtomicU32 = AtomicU32::new(0);
    let me = std::process::id();
    match OWNER.compare_exchange(0, me, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => false,
        Err(owner) => owner != me,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn a_panic_becomes_a_status_with_words() {
        assert_eq!(guard(|| panic!("a defect")), UPAY_E_PANIC);
        // SAFETY: the pointer is this thread's own text, and no call came in between.
        let words = unsafe { CStr::from_ptr(last_error()) };
        assert!(words.to_str().unwrap().contains("defect"));
        assert_eq!(quiet(7, || panic!("a defect")), 7);
    }
}
