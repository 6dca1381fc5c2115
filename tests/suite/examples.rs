//! The examples in C and C++: short enough to copy, and they work as the README says, against the shared and the static library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::header::built;
use crate::host::Scratch;
use crate::simulator::scenario;
use crate::simulator::{Options, Simulator, DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN};

const EXAMPLES: [Example; 3] = [
    Example { source: "examples/c/pay.c", lines_max: 120 },
    Example { source: "examples/c/pay_callback.c", lines_max: 120 },
    Example { source: "examples/cpp/pay.cpp", lines_max: 100 },
];

struct Example {
    source: &'static str,
    lines_max: usize,
}

impl Example {
    fn path(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.source)
    }

    #[cfg(target_os = "linux")]
    fn compiler(&self) -> (&'static str, &'static str) {
        if self.source.ends_with(".cpp") {
            ("c++", "-std=c++11")
        } else {
            ("cc", "-std=c99")
        }
    }
}

fn good(output: Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(target_os = "linux")]
fn builds(example: &Example, directory: &Path) -> Option<Vec<PathBuf>> {
    let (compiler, standard) = example.compiler();
    let libraries = built();
    let shared =
        ["-L", libraries.to_str()?, "-lupay", "-lpthread", "-Wl,-rpath", libraries.to_str()?].map(str::to_owned);
    let archive = libraries.join("libupay.a");
    let fixed = [archive.to_str()?, "-lpthread", "-ldl", "-lm"].map(str::to_owned);
    if Command::new(compiler).arg("--version").output().is_err() {
        println!("SKIPPED {}: there is no {compiler}", example.source);
        return None;
    }
    let mut programs = Vec::new();
    for (how, libraries) in [("shared", shared.to_vec()), ("static", fixed.to_vec())] {
        let program = directory.join(how);
        let mut cc = Command::new(compiler);
        cc.args([standard, "-D_POSIX_C_SOURCE=199309L", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
        cc.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include")).arg(example.path()).args(libraries);
        good(cc.arg("-o").arg(&program).output().unwrap(), how);
        programs.push(program);
    }
    Some(programs)
}

#[cfg(target_os = "linux")]
#[test]
fn they_take_a_payment_and_say_how_it_ended() {
    let gateway = Simulator::start(Options { port: 0, quiet: true, ..Options::default() }).unwrap();
    for example in &EXAMPLES {
        let scratch = Scratch::new();
        fs::create_dir(&scratch.0).unwrap();
        for program in builds(example, &scratch.0).unwrap_or_default() {
            for (story, code, said) in
                [("paid-at-once", 0, "PAID"), ("expired-barcode", 1, "NOT PAID: nothing is owed")]
            {
                let barcode = scenario::named(story).barcode(0);
                let arguments = [&gateway.url(), DEFAULT_TERMINAL_SN, DEFAULT_TERMINAL_KEY, "1250", &barcode];
                let output = Command::new(&program).args(arguments).current_dir(&scratch.0).output().unwrap();
                let text = String::from_utf8_lossy(&output.stdout);
                assert_eq!(output.status.code(), Some(code), "{program:?} {story}: {text}");
                assert!(text.contains(said), "{program:?} {story}: {text}");
            }
        }
    }
}

#[test]
fn they_are_short_enough_to_copy() {
    for example in &EXAMPLES {
        let lines = fs::read_to_string(example.path()).unwrap().lines().count();
        assert!(lines < example.lines_max, "{} has {lines} lines", example.source);
    }
}
