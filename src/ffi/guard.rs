//! Every call of the C ABI goes through here: it is refused in a forked child, its panic is caught, and its error
//! text is kept for `upay_last_error`.

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

/// Runs a call that returns a status.
pub fn guard(call: impl FnOnce() -> Result<()>) -> upay_status {
    if is_forked() {
        // Nothing is allocated here, because the heap's lock may be held for ever too.
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

/// Runs a call that returns no status. It returns `nothing` when it cannot do its work.
pub fn quiet<T>(nothing: T, call: impl FnOnce() -> Option<T>) -> T {
    if is_forked() {
        return nothing;
    }
    catch_unwind(AssertUnwindSafe(call)).ok().flatten().unwrap_or(nothing)
}

/// Refuses, inside a callback, a call that would wait for the callback's own thread.
pub fn not_in_callback() -> Result<()> {
    if IN_CALLBACK.get() {
        return Err(Error::new(UPAY_E_REENTRANT, "not from inside a callback"));
    }
    Ok(())
}

/// Runs a function of the host.
pub fn in_callback(call: impl FnOnce()) {
    let outer = IN_CALLBACK.replace(true);
    call();
    IN_CALLBACK.set(outer);
}

fn remember(error: &Error) {
    // The text is plain ASCII, which is the same in every encoding of the host.
    let words = error.message.chars().map(|c| if c.is_ascii() && c != '\0' { c } else { '?' });
    let words = CString::new(words.collect::<String>()).unwrap_or_default();
    // Fails only on a thread that is just ending: nobody can read the text any more.
    let _ = LAST_ERROR.try_with(|last| last.replace(words));
}

pub fn last_error() -> *const c_char {
    if is_forked() {
        return c"this process is a fork of the one that uses the library".as_ptr();
    }
    LAST_ERROR.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// True in a child made by fork. It has a copy of the parent's memory and none of its threads, so any lock may be
/// held for ever.
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
        // SAFETY: the pointer is this thread's own text, and no call has replaced it since.
        let words = unsafe { CStr::from_ptr(last_error()) };
        assert!(words.to_str().unwrap().contains("defect"));
        assert_eq!(quiet(7, || panic!("a defect")), 7);
    }
}
