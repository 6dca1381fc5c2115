//! A till is killed before each step that it takes towards the disk or the wire, one after the other, in everything that
//! must not be lost: the next start finds no money that moved unseen, and a key that the gateway takes.
#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use upay::abi::*;

use crate::c_programs::{say, skipped_under_valgrind, Bench, Program, LIMIT};
use crate::host::{last_error, Client, Heard, PATIENCE};
use crate::scenarios::FEN;
use crate::simulator::{
    scenario, Ledger, LedgerOrder, Options, Simulator, Terminal, DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN,
    DEFAULT_VENDOR_KEY, DEFAULT_VENDOR_SN,
};
use crate::skipped::{is_set, skipped, skipped_in_a_quick_run};

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
        skipped("killed_anywhere with AddressSanitizer", "both want to stand in for the system's functions");
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
            say(&format!("{part}: killed at each of its {} steps", step - 1));
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

/// What a till was told of each order last, in the order in which it said so.
fn told(said: &str) -> impl Iterator<Item = (String, i32)> + '_ {
    said.lines().filter_map(|line| {
        let (client_sn, outcome) = line.strip_prefix("told ")?.split_once(' ')?;
        Some((client_sn.to_owned(), outcome.parse().ok()?))
    })
}

fn from_environment(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// One state directory, customers of every kind, and a till that dies at a random step, again and again
/// (UPAY_TEST_CRASHES, UPAY_TEST_SEED).
#[test]
fn a_till_that_dies_at_random_again_and_again_loses_nothing() {
    if skipped_in_a_quick_run("a_till_that_dies_at_random") {
        return;
    }
    let Some((bench, killer)) = till(Options::default()) else { return };
    let crashes = from_environment("UPAY_TEST_CRASHES", 20);
    let seed = from_environment("UPAY_TEST_SEED", u64::from(std::process::id()));
    say(&format!("UPAY_TEST_SEED={seed}"));
    let state = bench.directory.join("crashes");
    let gateway = &bench.simulator;
    let (mut last, mut chance, mut killed) = (HashMap::new(), seed, 0);
    for crash in 0..crashes {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut command = bench.command();
        command.arg(gateway.url()).arg(&state).args(["sell", &crash.to_string()]);
        command.env("LD_PRELOAD", &killer).env("UPAY_TEST_KILL_AT", (40 + (chance >> 33) % 1500).to_string());
        let mut program = Program::of(command);
        let said = program.output(LIMIT);
        let status = program.child.wait().unwrap();
        assert!(status.success() || status.signal() == Some(SIGKILL), "crash {crash}: {status} {said}");
        killed += u32::from(!status.success());
        last.extend(told(&said));
    }
    assert!(killed > 0, "no till was killed");

    // What was never sent is asked about for an hour: seldom, so that the others have their turn.
    let client = Client::start_in(&state, &gateway.url(), &[("watch", "5000")]);
    let wrong = |ledger: &Ledger| {
        let mut last = last.clone();
        last.extend(
            client.watched.so_far().into_iter().filter(Heard::is_final).map(|heard| (heard.client_sn, heard.outcome)),
        );
        let right = |order: &LedgerOrder| match last.get(&order.client_sn) {
            Some(&UPAY_OUTCOME_SUCCESS) => order.charged_fen == FEN,
            Some(&UPAY_OUTCOME_FAILED) => order.charged_fen == 0,
            // Not told yet, or not known yet.
            _ => false,
        };
        ledger.orders.iter().filter(|order| !right(order)).map(|order| order.client_sn.clone()).collect::<Vec<_>>()
    };
    let patience = PATIENCE * (4 + crashes as u32 / 20);
    let ledger = gateway.wait_for(|ledger| wrong(ledger).is_empty(), patience);
    let ledger = ledger.unwrap_or_else(|ledger| panic!("seed {seed}: {:?}", wrong(&ledger)));
    assert!(ledger.orders.iter().all(|order| order.pays <= 1), "seed {seed}: sent twice");
    say(&format!("{killed} tills were killed, {} orders agree with the ledger", ledger.orders.len()));
    client.stop();
    bench.clear();
}

/// From each step towards the disk on: a clear error before anything is sent, or a right verdict; and nothing is lost once
/// there is room again.
#[test]
fn a_full_disk_is_a_clear_error_or_a_right_answer() {
    let Some((bench, killer)) = till(Options::default()) else { return };
    let gateway = &bench.simulator;
    let mut answered = 0;
    for step in 1..STEPS_MAX {
        let (state, client_sn) = (bench.directory.join(format!("full-{step}")), format!("full-{step}"));
        let mut command = bench.command();
        command.arg(gateway.url()).arg(&state).args(["pay_somehow", &client_sn]);
        command.env("LD_PRELOAD", &killer).env("UPAY_TEST_FULL_AT", step.to_string());
        let mut program = Program::of(command);
        let said = program.output(LIMIT);
        let status = program.child.wait().unwrap();
        assert!(status.success(), "step {step}: {status} {said}");
        let outcome = told(&said).last().map(|(_, outcome)| outcome);
        let charged = || gateway.ledger().order(&client_sn).map_or(0, |order| order.charged_fen);
        match outcome {
            Some(UPAY_OUTCOME_SUCCESS) => assert_eq!(charged(), FEN, "step {step}"),
            Some(UPAY_OUTCOME_UNKNOWN) => {}
            // Nothing was recorded, and so nothing was sent.
            Some(-1) | None => assert!(gateway.ledger().order(&client_sn).is_none(), "step {step}: {said}"),
            other => panic!("step {step}: {other:?} {said}"),
        }
        // There is room again: the terminal starts, and knows the order if it was sent.
        let client = Client::start_in(&state, &gateway.url(), &[]);
        let again = client.order_of(&client_sn);
        for (key, value) in SALE {
            assert_eq!(again.set(key, value), UPAY_OK);
        }
        match again.pay_unheard() {
            UPAY_OK => assert_eq!(again.wait().outcome, UPAY_OUTCOME_SUCCESS, "step {step}"),
            // It was sent, or its record reached the disk though the disk said otherwise.
            status => {
                assert_eq!(status, UPAY_E_DUPLICATE, "step {step}");
                assert!(charged() == FEN || outcome == Some(-1), "step {step}: {said}");
            }
        }
        client.stop();
        assert!(gateway.ledger().order(&client_sn).is_none_or(|order| order.pays == 1), "step {step}");
        fs::remove_dir_all(&state).unwrap();
        if outcome == Some(UPAY_OUTCOME_SUCCESS) {
            answered += 1;
            // The last steps are those of the stop, which nothing depends on.
            if answered == 3 {
                assert!(step > 10, "only {step} steps: are they counted?");
                return bench.clear();
            }
        }
    }
    panic!("a payment takes more than {STEPS_MAX} steps");
}

/// The gateway forgets a key with the second one that comes after it.
#[test]
fn check_ins_on_a_full_disk_leave_a_key_that_the_gateway_takes() {
    let terminal = |step| Terminal { terminal_sn: format!("t{step}"), terminal_key: DEFAULT_TERMINAL_KEY.into() };
    let Some((bench, killer)) =
        till(Options { terminals: (1..STEPS_MAX).map(terminal).collect(), ..Options::default() })
    else {
        return;
    };
    for step in 1..STEPS_MAX {
        let (state, sn) = (bench.directory.join(format!("full-{step}")), format!("t{step}"));
        let mut command = bench.command();
        command.arg(bench.simulator.url()).arg(&state).args(["checkin_somehow", &sn]);
        command.env("LD_PRELOAD", &killer).env("UPAY_TEST_FULL_AT", step.to_string());
        let mut program = Program::of(command);
        let said = program.output(LIMIT);
        assert!(program.child.wait().unwrap().success(), "step {step}: {said}");
        // There is room again.
        let settings = [("terminal_sn", sn.as_str()), ("auto_checkin", "off")];
        let client = Client::start_in(&state, &bench.simulator.url(), &settings);
        pays(&client, step);
        client.stop();
        fs::remove_dir_all(&state).unwrap();
        if said.matches("checked in: 0").count() == 3 {
            assert!(step > 10, "only {step} steps: are they counted?");
            return bench.clear();
        }
    }
    panic!("three check-ins take more than {STEPS_MAX} steps");
}
