//! A till is killed before each step that it takes towards the disk or the wire, one after the other, in everything that
//! must not be lost: the next start finds no money that moved unseen, and a key that the gateway takes.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use upay::abi::*;

use crate::c_programs::{is_set, say, skipped_under_valgrind, Bench, Program, LIMIT};
use crate::host::{last_error, Client, Heard, PATIENCE};
use crate::scenarios::FEN;
use crate::simulator::{
    scenario, Options, Simulator, Terminal, DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN, DEFAULT_VENDOR_KEY,
    DEFAULT_VENDOR_SN,
};

/// No action takes more steps than this.
const STEPS_MAX: usize = 1000;
const SIGKILL: i32 = 9;
/// Paid at once.
const SALE: [(&str, &str); 3] =
    [("total_amount", "1250"), ("subject", "Pizza"), ("dynamic_id", "139900000000000000")];

fn till(options: Options) -> Option<(Bench, PathBuf)> {
    if skipped_under_valgrind("killed_anywhere") {
        return None;
    }
    if is_set("UPAY_TEST_ASAN") {
        say("SKIPPED killed_anywhere with AddressSanitizer: both want to stand in for the system's functions");
        return None;
    }
    let bench = Bench::with("killed_anywhere", Options { port: 0, quiet: true, ..options })?;
    let killer = bench.directory.join("kill_at.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/kill_at.c");
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    cc.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]).arg(source).arg("-o").arg(&killer);
    let output = cc.arg("-ldl").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((bench, killer))
}

/// Kills the part at each of its steps. `look` sees the directory that is left and the step's number; `prepare` made it.
fn at_every_step(
    part: &str,
    (bench, killer): (Bench, PathBuf),
    prepare: impl Fn(&Simulator, &Path, usize) -> String,
    look: impl Fn(&Simulator, &Path, usize, bool),
) {
    for step in 1..STEPS_MAX {
        let state = bench.directory.join(format!("{part}-{step}"));
        let argument = prepare(&bench.simulator, &state, step);
        let mut command = bench.command();
        command.arg(bench.simulator.url()).arg(&state).args([part, &argument]);
        command.env("LD_PRELOAD", &killer).env("UPAY_TEST_KILL_AT", step.to_string());
        let mut program = Program::of(command);
        let output = program.output(LIMIT);
        let status = program.child.wait().unwrap();
        let killed = status.signal() == Some(SIGKILL);
        assert!(killed || status.success(), "{part} at step {step}: {status} {output}");
        look(&bench.simulator, &state, step, killed);
        if !killed {
            assert!(step > 10, "{part} took only {step} steps: is it counted?");
            return bench.clear();
        }
        // What is left of a step that went well is in the way of nobody; that of a failed one stays.
        fs::remove_dir_all(&state).unwrap();
    }
    panic!("{part} takes more than {STEPS_MAX} steps");
}

fn pays(client: &Client, step: usize) {
    let order = client.sale(FEN, &scenario::named("paid-at-once").barcode(0));
    assert_eq!(order.pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS, "after step {step}");
}

#[test]
fn an_activation_leaves_a_terminal_that_pays_or_asks_for_another_code() {
    let codes = (1..STEPS_MAX).flat_map(|step| [format!("a{step}"), format!("b{step}")]).collect();
    let Some(till) = till(Options { activation_codes: codes, ..Options::default() }) else { return };
    at_every_step(
        "activate",
        till,
        |_, _, step| format!("a{step}"),
        |gateway, state, step, killed| {
            let client = Client::make(state, &gateway.url(), &[]);
            let status = client.begin();
            if killed && status == UPAY_E_MISSING {
                let vendor = [("vendor_sn", DEFAULT_VENDOR_SN), ("vendor_key", DEFAULT_VENDOR_KEY)];
                for (key, value) in vendor.into_iter().chain([("app_id", "1"), ("device_id", "till")]) {
                    assert_eq!(client.set(key, value), UPAY_OK);
                }
                assert_eq!(client.activate(&format!("b{step}")), UPAY_OK, "step {step}: {}", last_error());
                assert_eq!(client.begin(), UPAY_OK, "step {step}: {}", last_error());
            } else {
                assert_eq!(status, UPAY_OK, "step {step}: {}", last_error());
            }
            pays(&client, step);
        },
    );
}

#[test]
fn a_check_in_leaves_a_key_that_the_gateway_takes() {
    let terminal = |step| Terminal { terminal_sn: format!("t{step}"), terminal_key: DEFAULT_TERMINAL_KEY.into() };
    let Some(till) = till(Options { terminals: (1..STEPS_MAX).map(terminal).collect(), ..Options::default() }) else {
        return;
    };
    at_every_step(
        "checkin",
        till,
        |_, _, step| format!("t{step}"),
        |gateway, state, step, _| {
            let sn = format!("t{step}");
            let settings = [("terminal_sn", sn.as_str()), ("device_id", "till"), ("auto_checkin", "off")];
            let client = Client::start_in(state, &gateway.url(), &settings);
            pays(&client, step);
            assert_eq!(client.checkin(), UPAY_OK, "step {step}: {}", last_error());
            pays(&client, step);
        },
    );
}

#[test]
fn a_payment_is_sent_at_most_once_and_its_end_is_told() {
    let Some(till) = till(Options::default()) else { return };
    at_every_step(
        "pay",
        till,
        |_, _, step| format!("cut-{step}"),
        |gateway, state, step, _| {
            let client_sn = format!("cut-{step}");
            let client = Client::start_in(state, &gateway.url(), &[]);
            // Its verdict was on disk, and it may have been told: then it is not told again.
            let ended = client.unfinished() == 0;
            let again = client.order_of(&client_sn);
            for (key, value) in SALE {
                assert_eq!(again.set(key, value), UPAY_OK);
            }
            let outcome = match again.pay_unheard() {
                // Nothing was recorded, and so nothing was sent.
                UPAY_OK => again.wait().outcome,
                status if ended => {
                    assert_eq!(status, UPAY_E_DUPLICATE, "step {step}");
                    UPAY_OUTCOME_SUCCESS
                }
                status => {
                    assert_eq!(status, UPAY_E_DUPLICATE, "step {step}");
                    let told = |heard: &Heard| heard.is_final() && heard.client_sn == client_sn;
                    let heard = client.watched.wait("the end", |heard, _| heard.iter().any(told));
                    heard.iter().find(|heard| told(heard)).unwrap().outcome
                }
            };
            let ledger = gateway.ledger();
            let (pays, charged) = ledger.order(&client_sn).map_or((0, 0), |order| (order.pays, order.charged_fen));
            assert!(pays <= 1, "step {step}: sent {pays} times");
            let right = if charged == FEN { UPAY_OUTCOME_SUCCESS } else { UPAY_OUTCOME_FAILED };
            assert_eq!(outcome, right, "step {step}: charged {charged}");
            client.stop();
        },
    );
}

#[test]
fn a_refund_moves_its_money_once() {
    let Some(till) = till(Options::default()) else { return };
    at_every_step(
        "refund",
        till,
        |gateway, state, step| {
            let client = Client::start_in(state, &gateway.url(), &[]);
            let order = client.order_of(&format!("back-{step}"));
            for (key, value) in [("total_amount", "1250"), ("subject", "Pizza"), ("dynamic_id", "139900000000000000")]
            {
                assert_eq!(order.set(key, value), UPAY_OK);
            }
            assert_eq!(order.pay().final_one("pay").outcome, UPAY_OUTCOME_SUCCESS);
            client.stop();
            format!("back-{step}")
        },
        |gateway, state, step, killed| {
            let client_sn = format!("back-{step}");
            let moved = || {
                let ledger = gateway.ledger();
                ledger.order(&client_sn).and_then(|order| order.refund("one")).map_or(0, |refund| refund.moved)
            };
            let client = Client::start_in(state, &gateway.url(), &[]);
            client.settle();
            assert!(killed || moved() == 1, "step {step}");
            let again = client.order_of(&client_sn);
            for (key, value) in [("refund_request_no", "one"), ("refund_amount", "250")] {
                assert_eq!(again.set(key, value), UPAY_OK);
            }
            assert_eq!(again.refund().final_one("refund").outcome, UPAY_OUTCOME_SUCCESS, "step {step}");
            let settled = gateway.wait_for(|_| moved() == 1, PATIENCE);
            assert!(settled.is_ok(), "step {step}: moved {} times", moved());
            let ledger = gateway.ledger();
            assert_eq!(ledger.order(&client_sn).unwrap().charged_fen, FEN - 250, "step {step}");
            assert_eq!(ledger.order(&client_sn).unwrap().terminal_sn, DEFAULT_TERMINAL_SN);
        },
    );
}
