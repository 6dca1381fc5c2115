//! The order of the rooms: nothing uses what stands above it.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room with those that it may use. `abi`, `error` and `log` are for all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("ffi", &["client", "event", "gateway", "qr"]),
    ("client", &["runtime", "session", "flow", "event", "record", "engine", "journal", "transport", "gateway"]),
    ("runtime", &["session", "event", "record", "engine", "journal", "transport", "gateway"]),
    // Pure from here on.
    ("session", &["flow", "record", "gateway"]),
    ("event", &["flow", "record", "gateway"]),
    ("flow", &["record", "gateway"]),
    ("record", &["gateway"]),
    ("gateway", &[]),
    // Side by side, and used by the runtime and whoever makes it.
    ("engine", &[]),
    ("journal", &["record", "disk"]),
    ("disk", &[]),
    ("transport", &["gateway", "engine"]),
    ("qr", &[]),
    // For the fuzz targets, and in no other build.
    ("fuzzing", &["event", "gateway", "journal", "record"]),
    ("error", &[]),
    ("log", &[]),
    ("abi", &[]),
];
/// Rooms that ask for no time, start no thread and take no lock.
const PURE: &[&str] = &["session", "event", "flow", "record", "gateway"];
const FOR_ALL: &[&str] = &["abi", "error", "log"];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    let named = files.into_iter().map(|file| {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&file).unwrap())
    });
    named.collect()
}

#[test]
fn nothing_uses_what_stands_above_it() {
    for (name, text) in all_sources().into_iter().filter(|(name, _)| name != "lib.rs") {
        let room = name.split(['/', '.']).next().unwrap();
        let (_, allowed) =
            MAY_USE.iter().find(|(known, _)| *known == room).unwrap_or_else(|| panic!("{name}: no such room"));
        for used in text.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let fine = used == room || FOR_ALL.contains(&used.as_str()) || allowed.contains(&used.as_str());
            // The first word of a list in braces is looked at as well.
            assert!(fine || used.is_empty(), "{name} uses crate::{used}");
        }
        assert!(!text.contains("use crate::{"), "{name}: one line a room, so that this test can read it");
    }
}

#[test]
fn pure_rooms_have_no_clock_no_thread_no_lock_and_no_file() {
    const IMPURE: &[&str] = &[
        "std::thread",
        "std::fs",
        "std::net",
        "std::time",
        "Mutex",
        "RwLock",
        "Condvar",
        "Atomic",
        "SystemTime",
        "Instant",
    ];
    for (name, text) in all_sources() {
        let room = name.split(['/', '.']).next().unwrap();
        if PURE.contains(&room) {
            let found = IMPURE.iter().find(|word| text.contains(**word));
            assert!(found.is_none(), "{name} uses {}", found.unwrap());
        }
    }
}

/// A file is one idea. What is longer is a table or tests.
#[test]
fn no_file_is_longer_than_400_lines() {
    for (name, text) in all_sources().into_iter().filter(|(name, _)| !name.contains("tests")) {
        let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        assert!(shipped.lines().count() <= 400, "{name}: {} lines", shipped.lines().count());
    }
}

#[test]
fn unsafe_stands_in_ffi_alone_and_each_block_says_why() {
    for (name, text) in all_sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap();
            if !code.contains("unsafe {") && !code.contains("unsafe impl") {
                continue;
            }
            assert!(name.starts_with("ffi/"), "{name}:{}: unsafe outside of ffi", number + 1);
            let said = lines[number.saturating_sub(4)..=number].iter().any(|line| line.contains("SAFETY:"));
            assert!(said, "{name}:{}: no SAFETY comment", number + 1);
        }
    }
}

#[test]
fn ureq_is_named_in_transport_alone() {
    for (name, text) in all_sources() {
        assert!(name.starts_with("transport") || !text.contains("ureq::"), "{name}");
    }
}

/// What a type looks like to a programmer may hold anything, a customer's code or a key: it gets into no line of the log,
/// no error and no panic's message. The exceptions are an address, and the name of a TLS alert.
#[test]
fn no_debug_output_leaves_the_library() {
    const KNOWN: [&str; 3] = ["self.stream.peer_addr().ok()", "self.stream.sock.inner()", "{alert:?}"];
    for (name, text) in all_sources().into_iter().filter(|(name, _)| !name.contains("tests")) {
        // What follows are the tests of the file.
        let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let shipped = shipped.split("#[cfg(test)]\npub(super) mod tests").next().unwrap();
        for line in
            shipped.lines().filter(|line| line.contains(":?}") || line.contains(":#?}") || line.contains("dbg!"))
        {
            assert!(KNOWN.iter().any(|known| line.contains(known)), "{name}: {line}");
        }
    }
}
