//! C++: `include/upay.hpp`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::c::compiled;
use super::{has_the_numbers, is_there, keeps_the_list, promises_kept, root, said};
use crate::host::Scratch;
use crate::skipped::not_installed;

/// What a careful till's own build would say.
const WARNINGS: [&str; 5] =
    ["-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wnon-virtual-dtor", "-Wnull-dereference"];
const TWICE: &str = "\
#include \"upay.hpp\"
#include \"upay.hpp\"
int main() { return upay::codes(upay::table::payway).empty() ? 1 : 0; }
";
const COMPILERS: [&str; 2] = ["c++", "clang++"];

fn program(source: &str) -> Option<PathBuf> {
    let flags: Vec<&str> = ["-std=c++11"].into_iter().chain(WARNINGS).collect();
    compiled("c++", &flags, source)
}

/// Compiled once.
fn list() -> Option<Command> {
    static LIST: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIST.get_or_init(|| program("bindings/cpp/tests/list.cpp")).as_ref().map(Command::new)
}

#[test]
fn cpp_keeps_the_list() {
    if let Some(program) = list() {
        keeps_the_list(program);
    }
}

#[test]
fn cpp_has_the_numbers() {
    if let Some(program) = list() {
        has_the_numbers(program);
    }
}

/// Exceptions, moves, functions and futures: what upay.hpp adds.
#[test]
fn cpp_has_its_manners() {
    if let Some(program) = program("bindings/cpp/tests/manners.cpp") {
        let mut program = Command::new(program);
        program.env("UPAY_TEST_NOTIFY", root().join("tests/data/notify"));
        let (kept, said) = promises_kept(program);
        let source = fs::read_to_string(root().join("bindings/cpp/tests/manners.cpp")).unwrap();
        let promised = source.lines().filter_map(|line| line.trim().strip_prefix("PROMISE(")?.strip_suffix(")"));
        assert_eq!(kept, promised.map(str::to_owned).collect(), "{said}");
    }
}

#[test]
fn the_cpp_header_compiles_in_every_standard_with_all_warnings_as_errors_and_twice_included() {
    let scratch = Scratch::new();
    fs::create_dir_all(&scratch.0).unwrap();
    let source = scratch.0.join("header.cpp");
    fs::write(&source, TWICE).unwrap();
    for compiler in COMPILERS {
        if !is_there(compiler, "--version") {
            not_installed(&format!("upay.hpp with {compiler}"), compiler);
            continue;
        }
        for standard in ["c++11", "c++14", "c++17", "c++20"] {
            let mut command = Command::new(compiler);
            command
                .arg(format!("-std={standard}"))
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
                .args(WARNINGS);
            said(command.arg("-fsyntax-only").arg("-I").arg(root().join("include")).arg(&source));
        }
    }
}
