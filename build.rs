//! Generates the header from the published files, and gives the shared library its SONAME.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The sources of the header, in its order. What is not in these files is not published.
const PUBLISHED: &[&str] = &[
    "src/abi.rs",
    "src/ffi/library.rs",
    "src/ffi/client.rs",
    "src/ffi/order.rs",
    "src/ffi/event.rs",
    "src/ffi/code.rs",
    "src/ffi/notify.rs",
    "src/ffi/qr.rs",
];
const HEADER: &str = "include/upay.h";

fn main() {
    for file in PUBLISHED.iter().chain(&["cbindgen.toml", "build.rs", HEADER]) {
        println!("cargo:rerun-if-changed={file}");
    }
    let made = header();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("upay.h"), &made).expect("OUT_DIR can be written");
    if fs::read_to_string(HEADER).ok().as_deref() != Some(&made) {
        if let Err(error) = fs::create_dir_all("include").and_then(|()| fs::write(HEADER, &made)) {
            println!("cargo:warning={HEADER} is out of date and cannot be written: {error}");
        }
    }
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        name_shared_library(&out);
    }
}

fn header() -> String {
    let mut builder = cbindgen::Builder::new()
        .with_config(cbindgen::Config::from_file("cbindgen.toml").expect("cbindgen.toml is readable"));
    for file in PUBLISHED {
        builder = builder.with_src(file);
    }
    let mut text = Vec::new();
    builder.generate().expect("the published files are readable").write(&mut text);
    for_c(&String::from_utf8(text).expect("the header is UTF-8"))
}

/// Adapts cbindgen's text to C. The Safety section of a doc comment is left out: it tells a Rust caller what the
/// arguments' paragraphs already say. A comment of one sentence takes one line, and a constant stands right below its
/// comment. A blank line separates the families of constants.
fn for_c(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() != "/**" {
            let between_constants = line.is_empty() && last_constant(&out).is_some() && lines.peek() == Some(&"/**");
            if !between_constants {
                out.push_str(line.trim_end());
                out.push('\n');
            }
            continue;
        }
        let comment: Vec<&str> =
            lines.by_ref().take_while(|line| line.trim() != "*/").map(|line| line.trim_end()).collect();
        if last_constant(&out).is_some_and(|last| lines.peek().and_then(|next| family(next)) != family(last)) {
            out.push('\n');
        }
        let end = comment.iter().position(|line| line.ends_with("# Safety")).unwrap_or(comment.len());
        let kept = comment[..end].iter().rposition(|line| line.trim() != "*").map_or(0, |last| last + 1);
        match &comment[..kept] {
            [one] => out.push_str(&format!("/** {} */\n", one.trim_start_matches([' ', '*']))),
            many => out.push_str(&format!("/**\n{}\n */\n", many.join("\n"))),
        }
    }
    out
}

/// The constant in the text's last line.
fn last_constant(text: &str) -> Option<&str> {
    text.lines().next_back().filter(|line| family(line).is_some())
}

/// The first word of a constant's name after UPAY_. UPAY_OK belongs to the errors.
fn family(line: &str) -> Option<&str> {
    let name = line.strip_prefix("#define UPAY_").filter(|name| *name != "H")?;
    match name.split(['_', ' ']).next()? {
        "OK" => Some("E"),
        word => Some(word),
    }
}

/// Sets the SONAME libupay.so.1, whose number is upay_abi_version's. Programs that are linked against the library
/// look for that name, so a symbolic link with it is put beside the library. `nodelete` keeps the library loaded,
/// because its threads may still run when a host unloads it.
fn name_shared_library(out: &Path) {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libupay.so.1,-z,nodelete");
    // OUT_DIR is <profile>/build/<package>/out.
    let Some(profile) = out.ancestors().nth(3) else {
        return;
    };
    #[cfg(unix)]
    for directory in [profile.to_owned(), profile.join("deps")] {
        match std::os::unix::fs::symlink("libupay.so", directory.join("libupay.so.1")) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                println!("cargo:warning=libupay.so.1 cannot be made in {}: {error}", directory.display());
            }
            _ => {}
        }
    }
    #[cfg(not(unix))]
    let _ = (profile, io::ErrorKind::AlreadyExists);
}
