//! Python: what every language keeps, what Python adds, and the page that tells of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{has_the_numbers, is_there, joined, keeps_the_list, library, root, said};
use crate::header::declared;
use crate::host::{gateway, Scratch};
use crate::skipped::not_installed;

fn package() -> PathBuf {
    root().join("bindings/python")
}

/// A program of `bindings/python/tests`; `None`, and said, where there is no Python.
fn program(name: &str) -> Option<Command> {
    if !is_there("python3", "--version") {
        not_installed(&format!("Python, {name}"), "python3");
        return None;
    }
    let mut command = Command::new("python3");
    command.arg("-B").arg(package().join("tests").join(name)).env("PYTHONPATH", package());
    Some(command)
}

#[test]
fn keeps_what_every_language_keeps() {
    if let Some(program) = program("promises.py") {
        keeps_the_list(program);
    }
}

#[test]
fn has_the_numbers_of_the_header() {
    if let Some(program) = program("promises.py") {
        has_the_numbers(program);
    }
}

#[test]
fn declares_every_function_of_the_header() {
    let bound = fs::read_to_string(package().join("upay/_library.py")).unwrap();
    let missing: Vec<_> = declared().into_iter().filter(|name| !bound.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Each is a program that ends with 0 when Python keeps what its first line says.
macro_rules! programs {
    ($($name:ident: $promise:ident),+ $(,)?) => {
        $(
            #[cfg(unix)]
            mod $name {
                #[test]
                fn $promise() {
                    if let Some(program) = super::program(concat!(stringify!($name), ".py")) {
                        super::run(program);
                    }
                }
            }
        )+
    };
}

programs![
    awaited: who_cancels_the_waiting_cancels_the_order,
    callback_raises: what_a_callback_raises_is_reported_and_changes_nothing,
    command_line: the_exit_code_is_the_verdict,
    ctrl_c: the_payment_goes_on_when_the_waiting_is_interrupted,
    exit_while_paying: the_interpreter_ends_cleanly_and_the_next_start_finds_the_payments,
    forked: every_call_in_a_forked_child_fails_and_its_end_does_no_harm,
    garbage: the_collector_takes_nothing_that_may_still_be_called,
];

#[cfg(unix)]
fn run(mut program: Command) {
    let gateway = gateway();
    let scratch = Scratch::new();
    fs::create_dir(&scratch.0).unwrap();
    program.env("UPAY_TEST_GATEWAY", gateway.url()).env("UPAY_LIBRARY", library()).env("UPAY_TEST_DIR", &scratch.0);
    said(&mut program);
}

#[test]
fn says_so_where_there_is_no_cargo() {
    if !is_there("python3", "--version") {
        return not_installed("Python, building without cargo", "python3");
    }
    let python = said(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]));
    let build = "import build_wheel; build_wheel.build_wheel('.')";
    let mut command = Command::new(python.trim());
    let output = command.args(["-B", "-c", build]).env("PATH", "").current_dir(package()).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && words.starts_with("cargo is missing"), "{words}");
}

#[test]
fn is_typed() {
    if !Command::new("python3").args(["-m", "mypy", "--version"]).output().is_ok_and(|output| output.status.success())
    {
        return not_installed("Python, the types", "mypy");
    }
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mypy");
    said(Command::new("python3").args(["-m", "mypy", "--cache-dir"]).arg(cache).current_dir(package()));
}

/// Installed as the page says, in an environment of its own, both languages' snippets run as they are printed.
#[test]
fn installs_and_does_what_its_page_says() {
    if !Command::new("python3").args(["-c", "import ensurepip"]).output().is_ok_and(|output| output.status.success())
    {
        return not_installed("Python, the page", "python3 with venv");
    }
    let scratch = Scratch::new();
    let environment = scratch.0.join("environment");
    said(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    let bin = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let mut install = Command::new(bin.join("pip"));
    // The page's own command, which takes nothing from a registry, with the library of this very build. The library that it
    // builds by itself is a release, which takes minutes; `.ci/run` has it build one.
    install.args(["install", "--no-index", "--config-settings"]).arg(joined("library=", &library()));
    said(install.arg("./bindings/python").current_dir(root()));
    for page in ["python.md", "python.zh-CN.md"] {
        let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
        assert!(snippets(&text, "sh").contains("pip install ./bindings/python\n"), "{page}");
        let gateway = gateway();
        let directory = scratch.0.join(page);
        fs::create_dir(&directory).unwrap();
        let here = |snippets: String| snippets.replace("http://127.0.0.1:8750", &gateway.url());
        let program = here(snippets(&text, "python"));
        assert!(program.contains(&gateway.url()), "{page}");
        fs::write(directory.join("page.py"), program).unwrap();
        let python = || {
            let mut command = Command::new(bin.join("python"));
            // What is installed is what counts.
            command.env_remove("UPAY_LIBRARY").env_remove("PYTHONPATH").current_dir(&directory);
            command
        };
        let printed = said(python().arg("page.py"));
        assert!(printed.contains("PAY") && printed.contains("PARTIAL_REFUNDED"), "{page}: {printed}");
        if cfg!(unix) {
            let command_line: String = here(snippets(&text, "sh")).replace("pip install ./bindings/python\n", "");
            let path = std::env::join_paths([bin.clone(), PathBuf::from("/usr/bin"), PathBuf::from("/bin")]).unwrap();
            let printed =
                said(Command::new("sh").args(["-ec", &command_line]).env("PATH", path).current_dir(&directory));
            assert!(printed.starts_with("PAID "), "{page}: {printed}");
        }
    }
}

/// A page's code in one language, from top to bottom.
fn snippets(page: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0));
    blocks.collect::<Vec<_>>().join("\n")
}
