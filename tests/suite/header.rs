//! The header is a document of its own: it compiles wherever a till is built, and says exactly what the library exports.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skipped::not_installed;

const HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include/upay.h");

fn header() -> String {
    fs::read_to_string(HEADER).unwrap()
}

/// The functions that the header declares.
pub fn declared() -> BTreeSet<String> {
    let text = without_comments(&header());
    let names = text.split(['*', ' ', '\n']).filter_map(|word| word.split_once('(')).map(|(name, _)| name);
    let names = names.filter(|name| name.starts_with("upay_") && !name.ends_with(')'));
    let declared: BTreeSet<String> = names.map(str::to_owned).collect();
    assert!(declared.len() > 20, "{declared:?}");
    declared
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((code, comment)) = rest.split_once("/*") {
        out.push_str(code);
        rest = comment.split_once("*/").expect("a comment ends").1;
    }
    out + rest
}

/// The directory of the libraries that cargo built for this test: a test run leaves the one above it alone.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().expect("target/<profile>/deps").to_owned()
}

#[test]
fn the_committed_header_is_what_the_build_makes() {
    let made = fs::read_to_string(concat!(env!("OUT_DIR"), "/upay.h")).unwrap();
    assert_eq!(header(), made);
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_exports_the_headers_functions_and_nothing_else() {
    let library = built().join("libupay.so");
    let output = Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&library).output();
    let output = output.expect("nm is there: it comes with every C compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<String> =
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert_eq!(exported, declared());
}

#[test]
fn it_compiles_in_every_standard_with_all_warnings_as_errors_and_twice_included() {
    let directory = std::env::temp_dir().join(format!("upay-header-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let body =
        "#include \"upay.h\"\n#include \"upay.h\"\nint main(void) { return upay_abi_version() == 1 ? 0 : 1; }\n";
    let compilers = [
        ("cc", "header.c", ["c89", "c99", "c11", "c17", "c2x"].as_slice()),
        ("c++", "header.cpp", ["c++98", "c++11", "c++14", "c++17", "c++20"].as_slice()),
    ];
    for (compiler, file, standards) in compilers {
        if Command::new(compiler).arg("--version").output().is_err() {
            not_installed(&format!("upay.h with {compiler}"), compiler);
            continue;
        }
        let source = directory.join(file);
        fs::write(&source, body).unwrap();
        for standard in standards {
            let output = Command::new(compiler)
                .arg(format!("-std={standard}"))
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
                .arg(Path::new(HEADER).parent().unwrap())
                .arg(&source)
                .output()
                .unwrap();
            assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn every_line_is_plain_ascii_of_at_most_100_columns() {
    for line in header().lines() {
        assert!(line.is_ascii() && line.len() <= 100, "{line}");
    }
}

/// The program in the header's first comment, each line of which begins with ` *     `.
#[test]
fn the_program_at_the_top_compiles() {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("SKIPPED the program at the top of the header: cc is not installed");
        return;
    }
    let text = header();
    let (_, story) = text.split_once("FROM START TO STOP\n").expect("the header begins with a payment");
    let (story, _) = story.split_once("\n *\n *\n").expect("the payment ends");
    let line = |line: &str| line.strip_prefix(" *     ").unwrap_or_default().to_owned() + "\n";
    let program: String = story.lines().map(line).collect();
    assert!(program.contains("upay_order_pay("), "{program}");
    let directory = std::env::temp_dir().join(format!("upay-header-program-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let source = directory.join("payment.c");
    fs::write(&source, program).unwrap();
    let output = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
        .arg(Path::new(HEADER).parent().unwrap())
        .arg(&source)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn every_key_of_the_tables_is_in_the_header() {
    let text = header();
    for file in ["src/client/settings.rs", "src/gateway/field.rs"] {
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let rows =
            source.lines().map(str::trim).filter(|line| line.starts_with("row(\"") || line.starts_with("secret(\""));
        let keys: Vec<&str> = rows.filter_map(|line| line.split('"').nth(1)).collect();
        assert!(keys.len() > 10, "{file}: {keys:?}");
        for key in keys {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            assert!(words.into_iter().any(|word| word == key), "{key} is missing");
        }
    }
}
