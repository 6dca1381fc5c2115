//! C: the header itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{has_the_numbers, is_there, keeps_the_list, numbers, promises, root, said};
use crate::header::built;
use crate::skipped::not_installed;

/// Compiles a program of `bindings`; `None` where nothing can. The directory gets the program, and the files that it
/// includes: the names of all promises and of all constants.
pub fn compiled(compiler: &str, flags: &[&str], source: &str) -> Option<PathBuf> {
    if !is_there(compiler, "--version") {
        not_installed(source, compiler);
        return None;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(source).with_extension("");
    fs::create_dir_all(&directory).unwrap();
    let rows =
        |row: &str, names: Vec<String>| names.iter().map(|name| format!("{row}({name})\n")).collect::<String>();
    fs::write(directory.join("promises.h"), rows("PROMISE", promises())).unwrap();
    fs::write(directory.join("constants.h"), rows("CONSTANT", numbers().into_keys().collect())).unwrap();
    let program = directory.join("program");
    let mut command = Command::new(compiler);
    command.args(flags).args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-pthread"]);
    for directory in ["include", "tests/c", "bindings/c/tests"] {
        command.arg("-I").arg(root().join(directory));
    }
    command.arg("-I").arg(&directory).arg(root().join(source)).arg("-o").arg(&program);
    said(command.arg("-L").arg(built()).arg("-lupay"));
    Some(program)
}

/// Compiled once.
fn list() -> Option<Command> {
    static LIST: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIST.get_or_init(|| compiled("cc", &["-std=c99"], "bindings/c/tests/list.c")).as_ref().map(Command::new)
}

#[test]
fn c_keeps_the_list() {
    if let Some(program) = list() {
        keeps_the_list(program);
    }
}

#[test]
fn c_has_the_numbers() {
    if let Some(program) = list() {
        has_the_numbers(program);
    }
}
