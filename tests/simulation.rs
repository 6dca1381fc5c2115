//! The simulation as a part of `cargo test`: some ten thousand runs. `examples/simulation` says what it is;
//! `docs/reliability.md` has the rules, the larger runs and the planted bugs.

use std::process::Command;

/// As many runs, unless UPAY_TEST_SEEDS says how many.
const SEEDS: &str = "20000";

/// Built with this test's own profile, so that nothing is built that was not there already.
#[test]
fn every_rule_holds_whatever_fails() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--example", "simulation"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let seeds = std::env::var("UPAY_TEST_SEEDS").unwrap_or_else(|_| SEEDS.to_owned());
    let done = cargo.args(["--", "--seeds", &seeds]).output().expect("cargo runs");
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}\n{}", String::from_utf8_lossy(&done.stderr));
}
