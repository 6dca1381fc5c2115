//! The languages: each keeps the promises of `bindings/tests.txt`, by name, and has the numbers of the header.

mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod csharp;

use crate::header::built;
use crate::host::{gateway, Scratch};

#[cfg(unix)]
mod c;
#[cfg(unix)]
mod cpp;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shared library that this very build made.
pub fn library() -> PathBuf {
    built().join(format!("{}upay{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
}

pub fn is_there(tool: &str, argument: &str) -> bool {
    Command::new(tool).arg(argument).output().is_ok_and(|output| output.status.success())
}

/// An option of a command that ends with a path.
pub fn joined(option: &str, path: &Path) -> OsString {
    let mut joined = OsString::from(option);
    joined.push(path);
    joined
}

/// What a command says, once it has ended well.
pub fn said(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Runs a language's program and compares what it kept with `bindings/tests.txt`.
pub fn keeps_the_list(program: Command) {
    let (kept, said) = promises_kept(program);
    assert_eq!(kept, promises().into_iter().collect(), "{said}");
}

/// The names of `bindings/tests.txt`, in its order.
pub fn promises() -> Vec<String> {
    let list = fs::read_to_string(root().join("bindings/tests.txt")).unwrap();
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

/// Runs a language's program with what `bindings/tests.txt` gives it: the names that it kept, and all that it said.
pub fn promises_kept(mut program: Command) -> (BTreeSet<String>, String) {
    let gateway = gateway();
    let scratch = Scratch::new();
    fs::create_dir(&scratch.0).unwrap();
    program.env("UPAY_TEST_GATEWAY", gateway.url()).env("UPAY_LIBRARY", library()).env("UPAY_TEST_DIR", &scratch.0);
    program.env("LD_LIBRARY_PATH", built());
    let said = said(program.arg("list"));
    let kept = said.lines().filter_map(|line| line.strip_prefix("ok ")).map(|name| name.trim().to_owned());
    (kept.collect(), said)
}

/// Compares a language's numbers with the header's.
pub fn has_the_numbers(mut program: Command) {
    program.env("UPAY_LIBRARY", library()).env("LD_LIBRARY_PATH", built());
    let said = said(program.arg("constants"));
    let theirs: BTreeMap<_, _> = said.lines().filter_map(number).collect();
    assert_eq!(theirs, numbers());
}

/// The header's constants.
pub fn numbers() -> BTreeMap<String, i32> {
    let header = fs::read_to_string(root().join("include/upay.h")).unwrap();
    let defined = header.lines().filter_map(|line| number(line.strip_prefix("#define ")?));
    let ours: BTreeMap<_, _> = defined.filter(|(name, _)| name.starts_with("UPAY_")).collect();
    assert!(ours.len() > 50, "{ours:?}");
    ours
}

fn number(line: &str) -> Option<(String, i32)> {
    let (name, number) = line.split_once(' ')?;
    Some((name.to_owned(), number.trim().parse().ok()?))
}
