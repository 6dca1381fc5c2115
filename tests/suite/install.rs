//! `install.sh`: what it installs is found by pkg-config and by CMake, wherever the tree is moved to, and works.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bindings::{is_there, root, said};
use crate::header::built;
use crate::host::{gateway, Scratch};
use crate::simulator::{DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN};
use crate::skipped::not_installed;

/// The libraries of this very build, installed for `/opt/upay` and moved elsewhere: that is what DESTDIR makes of it.
pub struct Installed {
    pub prefix: PathBuf,
    pub scratch: Scratch,
}

impl Installed {
    pub fn new(libdir: &str) -> Installed {
        let scratch = Scratch::new();
        fs::create_dir(&scratch.0).unwrap();
        let mut install = Command::new(root().join("install.sh"));
        install.args(["--prefix", "/opt/upay", "--libdir", libdir, "--from"]).arg(built());
        said(install.env("DESTDIR", &scratch.0).current_dir(&scratch.0));
        Installed { prefix: scratch.0.join("opt/upay"), scratch }
    }

    /// A line of a shell, in the scratch directory, where the tools find what was installed, as on a machine where the
    /// prefix is one of the usual ones. What is added as an argument is the line's "$@".
    pub fn shell(&self, line: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", line, "sh"]).current_dir(&self.scratch.0);
        shell.env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig")).env("CMAKE_PREFIX_PATH", &self.prefix);
        shell.env("LD_LIBRARY_PATH", self.prefix.join("lib"));
        shell
    }
}

/// What is there, by its way from the directory.
fn files(directory: &Path, from: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, from));
        } else {
            found.insert(path.strip_prefix(from).unwrap().to_str().unwrap().to_owned());
        }
    }
    found
}

/// The example's program takes a payment.
fn takes_a_payment(mut program: Command) {
    let gateway = gateway();
    program.args([&gateway.url(), DEFAULT_TERMINAL_SN, DEFAULT_TERMINAL_KEY, "1250", "130818341921441147"]);
    assert!(said(&mut program).contains("PAID: hand over the goods"), "{program:?}");
}

#[test]
fn it_installs_what_c_and_cpp_programs_need_and_nothing_else() {
    let installed = Installed::new("lib64");
    let expected = [
        "include/upay.h",
        "include/upay.hpp",
        "lib64/cmake/upay/upay-config-version.cmake",
        "lib64/cmake/upay/upay-config.cmake",
        "lib64/libupay.a",
        "lib64/libupay.so",
        "lib64/libupay.so.1",
        "lib64/pkgconfig/upay.pc",
    ];
    assert_eq!(files(&installed.prefix, &installed.prefix), expected.map(str::to_owned).into());
    let link = fs::read_link(installed.prefix.join("lib64/libupay.so")).unwrap();
    assert_eq!(link.to_str(), Some("libupay.so.1"));
}

#[test]
fn it_refuses_what_it_does_not_know_and_installs_nothing() {
    let scratch = Scratch::new();
    fs::create_dir(&scratch.0).unwrap();
    for (arguments, why) in [
        (["--prefx", "/opt/upay", "--from", "."], "usage"),
        (["--libdir", "../lib", "--from", "."], "--libdir"),
        (["--prefix", "/opt/upay", "--from", "no-such-directory"], "no-such-directory"),
    ] {
        let mut install = Command::new(root().join("install.sh"));
        let output = install.args(arguments).env("DESTDIR", &scratch.0).current_dir(&scratch.0).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(why), "{arguments:?}: {output:?}");
    }
    assert_eq!(files(&scratch.0, &scratch.0), BTreeSet::new());
}

#[test]
fn pkg_config_finds_it() {
    for tool in ["pkg-config", "cc", "c++"] {
        if !is_there(tool, "--version") {
            return not_installed("the installed library with pkg-config", tool);
        }
    }
    let installed = Installed::new("lib");
    assert_eq!(said(&mut installed.shell("pkg-config --modversion upay")).trim(), env!("CARGO_PKG_VERSION"));
    let examples = [("cc", "c/pay.c"), ("c++", "cpp/pay.cpp")];
    for (compiler, example) in examples {
        let source = root().join("examples").join(example);
        let source = source.to_str().unwrap();
        said(&mut installed.shell(&format!("{compiler} {source} $(pkg-config --cflags --libs upay) -o shared")));
        takes_a_payment(installed.shell("exec ./shared \"$@\""));
        let flags = "$(pkg-config --static --cflags --libs upay | sed s/-lupay/-l:libupay.a/)";
        said(&mut installed.shell(&format!("{compiler} {source} {flags} -o static")));
        let mut alone = installed.shell("exec ./static \"$@\"");
        alone.env_remove("LD_LIBRARY_PATH");
        takes_a_payment(alone);
    }
}

const PROJECT: &str = "\
cmake_minimum_required(VERSION 3.13)
project(till C CXX)
find_package(upay 99 QUIET)
if(upay_FOUND)
    message(FATAL_ERROR \"there is no upay 99\")
endif()
find_package(upay 0.1 REQUIRED)
find_package(upay REQUIRED)
foreach(library upay static)
    add_executable(c_${library} ${EXAMPLES}/c/pay.c)
    add_executable(cpp_${library} ${EXAMPLES}/cpp/pay.cpp)
    target_link_libraries(c_${library} PRIVATE upay::${library})
    target_link_libraries(cpp_${library} PRIVATE upay::${library})
endforeach()
";

#[test]
fn cmake_finds_it() {
    for tool in ["cmake", "cc", "c++"] {
        if !is_there(tool, "--version") {
            return not_installed("the installed library with CMake", tool);
        }
    }
    let installed = Installed::new("lib");
    fs::write(installed.scratch.0.join("CMakeLists.txt"), PROJECT).unwrap();
    let mut configure = installed.shell("cmake -S . -B build \"$@\"");
    said(configure.arg(format!("-DEXAMPLES={}", root().join("examples").display())));
    said(&mut installed.shell("cmake --build build"));
    for program in ["c_upay", "c_static", "cpp_upay", "cpp_static"] {
        let mut program = installed.shell(&format!("exec build/{program} \"$@\""));
        // CMake has told the program where the shared library is.
        program.env_remove("LD_LIBRARY_PATH");
        takes_a_payment(program);
    }
}
