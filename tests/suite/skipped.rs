//! What is not tested, and why. The harness counts a test that returns early as passed, so it is also written down: in the
//! file that UPAY_TEST_SKIPPED names, one line a test, for `.ci/run` to count and list.

use std::fs::OpenOptions;
use std::io::{self, Write};

/// Says on the terminal, past the harness, what is not tested, and writes it down.
pub fn skipped(what: &str, why: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(io::stderr(), "SKIPPED {what}: {why}");
    if let Some(file) = std::env::var_os("UPAY_TEST_SKIPPED") {
        let mut list = OpenOptions::new().create(true).append(true).open(&file).expect("the list can be written");
        // In one write, so that the lines of other threads and processes stay whole.
        list.write_all(format!("{what}: {why}\n").as_bytes()).expect("the list can be written");
    }
}

pub fn not_installed(what: &str, tool: &str) {
    skipped(what, &format!("{tool} is not installed"));
}

/// `.ci/run quick` leaves the loads out.
pub fn skipped_in_a_quick_run(name: &str) -> bool {
    let quick = is_set("UPAY_TEST_QUICK");
    if quick {
        skipped(name, "a load, and this is a quick run");
    }
    quick
}

pub fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}
