//! C: the header itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{has_the_numbers, is_there, keeps_the_list, numbers, root, said, skipped};
use crate::header::built;
use crate::host::Scratch;

/// A program of `bindings`, compiled for as long as the scratch directory is there; `None` where nothing can compile it.
pub fn compiled(compiler: &str, flags: &[&str], source: &str, scratch: &Scratch) -> Option<PathBuf> {
    if !is_there(compiler, "--version") {
        skipped(source, compiler);
        return None;
    }
    fs::create_dir_all(&scratch.0).unwrap();
    let program = scratch.0.join(Path::new(source).file_stem().unwrap());
    let mut command = Command::new(compiler);
    command.args(flags).args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-pthread"]);
    for directory in ["include", "tests/c", "bindings/c/tests"] {
        command.arg("-I").arg(root().join(directory));
    }
    command.arg("-I").arg(&scratch.0).arg(root().join(source)).arg("-o").arg(&program);
    said(command.arg("-L").arg(built()).arg("-lupay"));
    Some(program)
}

/// Names without values: the program prints what the header makes of each.
fn write_names(scratch: &Scratch) {
    fs::create_dir_all(&scratch.0).unwrap();
    let names: String = numbers().keys().map(|name| format!("CONSTANT({name})\n")).collect();
    fs::write(scratch.0.join("constants.h"), names).unwrap();
}

fn list(scratch: &Scratch) -> Option<Command> {
    write_names(scratch);
    compiled("cc", &["-std=c99"], "bindings/c/tests/list.c", scratch).map(Command::new)
}

#[test]
fn c_keeps_the_list() {
    let scratch = Scratch::new();
    if let Some(program) = list(&scratch) {
        keeps_the_list(program);
    }
}

#[test]
fn c_has_the_numbers() {
    let scratch = Scratch::new();
    if let Some(program) = list(&scratch) {
        has_the_numbers(program);
    }
}
