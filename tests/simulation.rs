//! The simulation as a part of `cargo test`: some thousand runs, and every planted bug. `examples/simulation` says what it
//! is; `docs/reliability.md` has the rules and the larger runs.

use std::process::Command;

/// Built with this test's own profile, so that nothing is built that was not there already.
fn simulation(arguments: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--example", "simulation"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let done = cargo.arg("--").args(arguments).output().expect("cargo runs");
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{arguments:?}\n{told}\n{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn every_rule_holds_whatever_fails() {
    simulation(&["--seeds", "1500"]);
}

#[test]
fn every_planted_bug_is_found() {
    simulation(&["--mutations"]);
}
