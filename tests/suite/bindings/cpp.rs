//! C++: `include/upay.hpp`.

use std::fs;
use std::process::Command;

use super::c::compiled;
use super::{has_the_numbers, is_there, keeps_the_list, promises_kept, root, said, skipped};
use crate::host::Scratch;

/// What a careful till's own build would say.
const WARNINGS: [&str; 5] =
    ["-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wnon-virtual-dtor", "-Wnull-dereference"];
const TWICE: &str = "\
#include \"upay.hpp\"
#include \"upay.hpp\"
int main() { return upay::codes(upay::table::payway).empty() ? 1 : 0; }
";
const COMPILERS: [&str; 2] = ["c++", "clang++"];

fn program(source: &str, scratch: &Scratch) -> Option<Command> {
    let flags: Vec<&str> = ["-std=c++11"].into_iter().chain(WARNINGS).collect();
    compiled("c++", &flags, source, scratch).map(Command::new)
}

#[test]
fn cpp_keeps_the_list() {
    let scratch = Scratch::new();
    if let Some(program) = program("bindings/cpp/tests/list.cpp", &scratch) {
        keeps_the_list(program);
    }
}

#[test]
fn cpp_has_the_numbers() {
    let scratch = Scratch::new();
    if let Some(program) = program("bindings/cpp/tests/list.cpp", &scratch) {
        has_the_numbers(program);
    }
}

/// Exceptions, moves, functions and futures: what upay.hpp adds.
#[test]
fn cpp_has_its_manners() {
    let scratch = Scratch::new();
    if let Some(mut program) = program("bindings/cpp/tests/manners.cpp", &scratch) {
        program.env("UPAY_TEST_NOTIFY", root().join("tests/data/notify"));
        let (kept, said) = promises_kept(program);
        let source = fs::read_to_string(root().join("bindings/cpp/tests/manners.cpp")).unwrap();
        let promised = source.lines().filter_map(|line| line.trim().strip_prefix("PROMISE(")?.strip_suffix("),"));
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
            skipped("upay.hpp", compiler);
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
