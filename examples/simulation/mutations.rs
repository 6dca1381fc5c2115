//! Bugs that are planted into a copy of the library. A simulation that does not find them would not find others either.
//!
//! Each patch beside this file is one bug: its first line says what is wrong, and the code that it puts in is guarded by
//! `crate::planted`, so that all of them go into one build and one is chosen when it runs.
//!
//! ```text
//!   sources ──copy──▶ target/mutations ──each patch──▶ one build ──▶ simulation --plant NAME, one after the other
//! ```

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::Arguments;

static PLANTED: OnceLock<String> = OnceLock::new();

pub fn plant(name: &str) {
    PLANTED.set(name.to_owned()).expect("one bug at a time");
}

pub fn is_planted(name: &str) -> bool {
    PLANTED.get().is_some_and(|planted| planted == name)
}

/// What the copy needs to be built: these lines of the library's own manifest.
const PACKAGES: &[&str] = &[
    "base64",
    "encoding_rs",
    "fastrand",
    "httpdate",
    "indicatif",
    "libc",
    "md5",
    "once_cell",
    "parking_lot",
    "redb",
    "ring",
    "serde",
    "serde_json",
];
const SEEDS: u64 = 20_000;

struct Bug {
    name: String,
    what: String,
    patch: PathBuf,
}

type Done<T> = Result<T, String>;

/// Plants one after the other. True when each was found.
pub fn hunt(arguments: &Arguments) -> bool {
    match try_hunt(arguments) {
        Ok(all_found) => all_found,
        Err(why) => {
            println!("{why}");
            false
        }
    }
}

fn try_hunt(arguments: &Arguments) -> Done<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut bugs = bugs(&root.join("examples/simulation/mutations"))?;
    let copy = root.join("target/mutations");
    make_copy(root, &copy)?;
    for bug in &bugs {
        apply(&copy, bug)?;
    }
    let program = build(&copy)?;
    if let Some(only) = &arguments.only {
        bugs.retain(|bug| bug.name == *only);
    }
    if bugs.is_empty() {
        return Err("there is no such bug".to_owned());
    }
    // With nothing planted every rule holds: otherwise a bug is found that is not the one that was planted.
    let none = run(&program, arguments, None)?;
    if !none.status.success() {
        return Err(format!("with no bug planted: {}", String::from_utf8_lossy(&none.stdout)));
    }
    let mut all_found = true;
    for bug in &bugs {
        let output = run(&program, arguments, Some(&bug.name))?;
        let told = String::from_utf8_lossy(&output.stdout);
        let found = told.lines().find_map(|line| line.strip_prefix("seed "));
        match found.filter(|_| !output.status.success()) {
            Some(found) => println!("{:<22} found: seed {found}\n{:<22} {}", bug.name, "", bug.what),
            None => println!("{:<22} NOT FOUND: {}", bug.name, bug.what),
        }
        all_found &= found.is_some();
    }
    println!("{} planted bugs", bugs.len());
    Ok(all_found)
}

fn bugs(directory: &Path) -> Done<Vec<Bug>> {
    let mut bugs = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))? {
        let patch = entry.map_err(|error| error.to_string())?.path();
        if patch.extension() != Some(OsStr::new("patch")) {
            continue;
        }
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = read(&patch)?;
        let what = text.lines().next().unwrap_or_default().to_owned();
        if !text.contains(&format!("crate::planted(\"{name}\")")) {
            return Err(format!("{name}: the patch has no crate::planted(\"{name}\")"));
        }
        bugs.push(Bug { name, what, patch });
    }
    bugs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(bugs)
}

/// The sources, in a package of their own. What was built of an earlier copy stays, and makes the next build short.
fn make_copy(root: &Path, copy: &Path) -> Done<()> {
    for directory in ["src", "examples/simulation"] {
        let to = copy.join(directory);
        if to.exists() {
            fs::remove_dir_all(&to).map_err(|error| format!("{}: {error}", to.display()))?;
        }
        copy_all(&root.join(directory), &to)?;
    }
    let manifest = read(&root.join("Cargo.toml"))?;
    let is_needed = |line: &&str| PACKAGES.iter().any(|name| line.starts_with(&format!("{name} = ")));
    let packages: Vec<_> = manifest.lines().filter(is_needed).collect();
    let manifest = format!(
        "[package]\nname = \"mutations\"\nversion = \"0.0.0\"\nedition = \"2021\"\nautolib = false\n\n[workspace]\n\n[[bin]]\nname = \
         \"mutations\"\npath = \"examples/simulation/main.rs\"\n\n[dependencies]\n{}\n",
        packages.join("\n")
    );
    write(&copy.join("Cargo.toml"), &manifest)?;
    write(&copy.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)
}

fn copy_all(from: &Path, to: &Path) -> Done<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let there = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_all(&path, &there)?;
        } else if path.extension() == Some(OsStr::new("rs")) {
            write(&there, &read(&path)?)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Done<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Done<()> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn apply(copy: &Path, bug: &Bug) -> Done<()> {
    let mut git = Command::new("git");
    // The copy lies inside the repository, and is no part of it.
    git.current_dir(copy).env("GIT_CEILING_DIRECTORIES", copy.parent().unwrap_or(copy));
    let applied = output(git.args(["apply", "-C1"]).arg(&bug.patch))?;
    match applied.status.success() {
        true => Ok(()),
        false => Err(format!("{} no longer applies:\n{}", bug.name, String::from_utf8_lossy(&applied.stderr))),
    }
}

fn build(copy: &Path) -> Done<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(copy).env_remove("CARGO_TARGET_DIR").args(["build", "--release", "--quiet"]);
    let built = output(&mut cargo)?;
    match built.status.success() {
        true => Ok(copy.join("target/release/mutations")),
        false => Err(format!("the copy does not build:\n{}", String::from_utf8_lossy(&built.stderr))),
    }
}

fn run(program: &Path, arguments: &Arguments, bug: Option<&str>) -> Done<Output> {
    let seeds = arguments.seeds.unwrap_or(SEEDS).to_string();
    let (from, threads) = (arguments.from.to_string(), arguments.threads.to_string());
    let mut simulation = Command::new(program);
    simulation.args(["--brief", "--seeds", &seeds, "--from", &from, "--threads", &threads]);
    if let Some(bug) = bug {
        simulation.args(["--plant", bug]);
    }
    output(&mut simulation)
}

fn output(command: &mut Command) -> Done<Output> {
    command.output().map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))
}
