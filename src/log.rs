//! The log: lines for the host's own log file. It is off until the host sets a sink. No line contains a key, a
//! signature, a barcode or a payer's account: callers name orders by client_sn and describe what happened in codes.

use std::cell::Cell;
use std::fmt::Arguments;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::abi::*;

/// A longer line is cut to at most this many bytes.
pub const LINE_BYTES_MAX: usize = 1024;

type Sink = Arc<dyn Fn(i32, &str) + Send + Sync>;

static LEVEL: AtomicI32 = AtomicI32::new(UPAY_LOG_OFF);
static SINK: RwLock<Option<Sink>> = RwLock::new(None);

thread_local! {
    /// True while this thread runs the sink. What the sink itself makes the library log is dropped, or it would
    /// recurse for ever.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Sends lines up to `level` to `sink` from now on. `None` ends the log.
pub fn set(level: i32, sink: Option<Sink>) {
    let level = if sink.is_some() { level } else { UPAY_LOG_OFF };
    *SINK.write() = sink;
    LEVEL.store(level, Ordering::Release);
}

pub fn error(line: Arguments<'_>) {
    write(UPAY_LOG_ERROR, line);
}

pub fn warn(line: Arguments<'_>) {
    write(UPAY_LOG_WARN, line);
}

pub fn info(line: Arguments<'_>) {
    write(UPAY_LOG_INFO, line);
}

/// Lines of this level go somewhere.
pub fn is_on(level: i32) -> bool {
    level <= LEVEL.load(Ordering::Acquire) && !INSIDE.get()
}

pub fn write(level: i32, line: Arguments<'_>) {
    if !is_on(level) {
        return;
    }
    // Cloned, so that the lock is released before the host's code runs.
    let Some(sink) = SINK.read().clone() else {
        return;
    };
    let text = one_line(&line.to_string());
    INSIDE.set(true);
    sink(level, &text);
    INSIDE.set(false);
}

/// One line of printable text, so that a foreign error text cannot forge a second line.
fn one_line(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if out.len() + c.len_utf8() > LINE_BYTES_MAX {
            break;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_within_its_limit() {
        assert_eq!(one_line("a\r\nb"), "a  b");
        assert_eq!(one_line(&"支".repeat(1000)).len(), LINE_BYTES_MAX / 3 * 3);
    }
}
