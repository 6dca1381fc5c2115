//! The examples in C and C++: short enough to copy, and they work as the README says, against the shared and the static library.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::bindings::is_there;
use crate::header::built;
use crate::host::{gateway, Scratch};
use crate::simulator::scenario;
use crate::simulator::{DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN, DEFAULT_VENDOR_KEY, DEFAULT_VENDOR_SN};
use crate::skipped::not_installed;

const PAYMENTS: [&str; 3] = ["c/pay.c", "c/pay_callback.c", "cpp/pay.cpp"];
const OTHERS: [&str; 2] = ["c/qr.c", "c/activate.c"];
const LINES_MAX: usize = 120;
const CPP_LINES_MAX: usize = 100;

fn is_cpp(name: &str) -> bool {
    name.ends_with(".cpp")
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn good(output: Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}

/// With the library of this very build, whatever else cargo's own search path leads to.
fn run(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env("LD_LIBRARY_PATH", built());
    command
}

#[cfg(target_os = "linux")]
fn builds(name: &str, directory: &Path) -> Option<Vec<PathBuf>> {
    let libraries = built();
    let shared =
        ["-L", libraries.to_str()?, "-lupay", "-lpthread", "-Wl,-rpath", libraries.to_str()?].map(str::to_owned);
    let archive = libraries.join("libupay.a");
    let fixed = [archive.to_str()?, "-lpthread", "-ldl", "-lm"].map(str::to_owned);
    let (compiler, standard) = if is_cpp(name) { ("c++", "-std=c++11") } else { ("cc", "-std=c99") };
    if !is_there(compiler, "--version") {
        not_installed(&format!("examples/{name}"), compiler);
        return None;
    }
    let mut programs = Vec::new();
    for (how, libraries) in [("shared", shared.to_vec()), ("static", fixed.to_vec())] {
        let program = directory.join(how);
        let mut cc = Command::new(compiler);
        cc.args([standard, "-D_POSIX_C_SOURCE=199309L", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
        cc.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include")).arg(source(name)).args(libraries);
        good(cc.arg("-o").arg(&program).output().unwrap(), how);
        programs.push(program);
    }
    Some(programs)
}

#[cfg(target_os = "linux")]
#[test]
fn they_take_a_payment_and_say_how_it_ended() {
    let gateway = gateway();
    for name in PAYMENTS {
        let scratch = Scratch::new();
        fs::create_dir(&scratch.0).unwrap();
        for program in builds(name, &scratch.0).unwrap_or_default() {
            for (story, code, said) in
                [("paid-at-once", 0, "PAID"), ("expired-barcode", 1, "NOT PAID: nothing is owed")]
            {
                let barcode = scenario::named(story).barcode(0);
                let arguments = [&gateway.url(), DEFAULT_TERMINAL_SN, DEFAULT_TERMINAL_KEY, "1250", &barcode];
                let output = run(&program, &scratch.0).args(arguments).output().unwrap();
                let text = String::from_utf8_lossy(&output.stdout);
                assert_eq!(output.status.code(), Some(code), "{program:?} {story}: {text}");
                assert!(text.contains(said), "{program:?} {story}: {text}");
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_code_that_is_shown_is_scanned_and_a_part_goes_back() {
    let gateway = gateway();
    let scratch = Scratch::new();
    fs::create_dir(&scratch.0).unwrap();
    for program in builds("c/qr.c", &scratch.0).unwrap_or_default() {
        let arguments = [&gateway.url(), DEFAULT_TERMINAL_SN, DEFAULT_TERMINAL_KEY, "1250", "3", "250"];
        let mut till = run(&program, &scratch.0).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        for line in BufReader::new(till.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(code) = line.strip_prefix("scan this: ") {
                gateway.scan_and_pay(code).unwrap();
            }
            said += &line;
        }
        assert!(till.wait().unwrap().success(), "{program:?}: {said}");
        assert!(said.contains("PAID, AND A PART GIVEN BACK"), "{program:?}: {said}");
        assert!(fs::read(scratch.0.join("code.bmp")).unwrap().starts_with(b"BM"));
    }
    let ledger = gateway.ledger();
    assert!(ledger.orders.iter().all(|order| order.charged_fen == 1000), "{ledger:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_activation_makes_a_till_that_starts_by_its_directory_alone() {
    let gateway = gateway();
    let scratch = Scratch::new();
    fs::create_dir(&scratch.0).unwrap();
    let programs = builds("c/activate.c", &scratch.0).unwrap_or_default();
    for (program, code) in programs.iter().zip(["10000001", "10000002"]) {
        for (status, word) in [(0, "ACTIVATED: terminal 1"), (1, "NOT ACTIVATED: status 300")] {
            let arguments = [&gateway.url(), DEFAULT_VENDOR_SN, DEFAULT_VENDOR_KEY, "1", "till-1", code];
            let output = run(program, &scratch.0).args(arguments).output().unwrap();
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            assert_eq!(output.status.code(), Some(status), "{program:?}: {text}");
            assert!(text.contains(word), "{program:?}: {text}");
        }
    }
}

#[test]
fn they_are_short_enough_to_copy() {
    for name in PAYMENTS.into_iter().chain(OTHERS) {
        let lines = fs::read_to_string(source(name)).unwrap().lines().count();
        let lines_max = if is_cpp(name) { CPP_LINES_MAX } else { LINES_MAX };
        assert!(lines < lines_max, "{name} has {lines} lines");
    }
}
