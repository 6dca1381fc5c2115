use super::*;
use crate::record::KeySet;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory of its own for each test, gone at the end.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("upay-journal-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn journal(&self) -> std::path::PathBuf {
        self.0.join("terminal-t1.journal")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A test that made no directory leaves none to remove.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key(client_sn: &str) -> OrderKey {
    OrderKey::ClientSn(client_sn.to_owned())
}

fn paid(client_sn: &str, acknowledged: bool) -> Record {
    Record { stage: Stage::Ended(Resolution::Paid), acknowledged, ..record(client_sn) }
}

fn record(client_sn: &str) -> Record {
    Record::new(key(client_sn), UPAY_ACTION_PAY, Some("1".into()), 1)
}

fn status<T>(result: Result<T>) -> upay_status {
    result.map_or_else(|error| error.status, |_| UPAY_OK)
}

#[test]
fn what_is_open_or_unheard_is_pending_after_a_restart() {
    let scratch = Scratch::new();
    {
        let journal = Journal::open(&scratch.0, "t1").unwrap();
        journal.put(&record("open")).unwrap();
        for client_sn in ["unheard", "heard"] {
            journal.put(&paid(client_sn, false)).unwrap();
        }
        journal.put_lazily(&paid("heard", true)).unwrap();
        journal.flush().unwrap();
    }
    let journal = Journal::open(&scratch.0, "t1").unwrap();
    let pending: Vec<_> = journal.pending().unwrap().into_iter().map(|record| record.key).collect();
    assert_eq!(pending, [key("open"), key("unheard")]);
    assert_eq!(journal.get(&key("heard")).unwrap(), Some(paid("heard", true)));
    assert_eq!(journal.get(&key("unknown")).unwrap(), None);
}

#[test]
fn an_order_is_found_by_the_gateways_number() {
    let journal = Journal::in_memory("t1").unwrap();
    let data = vec![("sn".to_owned(), "7".to_owned())];
    journal.put(&Record { data, ..record("ours") }).unwrap();
    journal.put(&Record { key: OrderKey::Sn("8".into()), ..record("") }).unwrap();
    let called = |sn: &str| journal.called(sn).unwrap().map(|record| record.key);
    assert_eq!((called("7"), called("8"), called("9")), (Some(key("ours")), Some(OrderKey::Sn("8".into())), None));
}

#[test]
fn a_terminal_has_one_owner_at_a_time() {
    let scratch = Scratch::new();
    let first = Journal::open(&scratch.0, "t1").unwrap();
    assert_eq!(status(Journal::open(&scratch.0, "t1")), UPAY_E_LOCKED);
    assert_eq!(status(Journal::open(&scratch.0, "t2")), UPAY_OK);
    first.close();
    assert_eq!(status(first.get(&key("a"))), UPAY_E_CLOSED);
    assert_eq!(status(Journal::open(&scratch.0, "t1")), UPAY_OK);
}

#[cfg(unix)]
#[test]
fn directory_and_files_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    std::fs::create_dir(&scratch.0).unwrap();
    std::fs::set_permissions(&scratch.0, std::fs::Permissions::from_mode(0o755)).unwrap();
    let _journal = Journal::open(&scratch.0, "t1").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&scratch.0), 0o700);
    for entry in std::fs::read_dir(&scratch.0).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_damaged_or_foreign_journal_is_an_error_and_stays_as_it_is() {
    let scratch = Scratch::new();
    {
        let journal = Journal::open(&scratch.0, "t1").unwrap();
        for n in 0..20 {
            journal.put(&record(&format!("order-number-{n}"))).unwrap();
        }
    }
    let whole = std::fs::read(scratch.journal()).unwrap();
    let refused = |bytes: &[u8], why: &str| {
        std::fs::write(scratch.journal(), bytes).unwrap();
        let error = Journal::open(&scratch.0, "t1").map(drop).unwrap_err();
        assert_eq!(error.status, UPAY_E_STORAGE, "{why}");
        assert_eq!(std::fs::read(scratch.journal()).unwrap(), bytes, "{why}");
    };
    refused(b"", "emptied");
    refused(b"not a journal", "foreign");
    refused(&whole[..whole.len() / 2], "cut");
    // Older copies of a page stay in the file, unused: the bit is flipped in all of them.
    let mut flipped = whole.clone();
    for place in (0..whole.len() - 15).filter(|&place| whole[place..].starts_with(b"order-number-7\"")) {
        flipped[place] ^= 1;
    }
    assert_ne!(flipped, whole);
    refused(&flipped, "a flipped bit");
    std::fs::write(scratch.journal(), &whole).unwrap();
    assert_eq!(Journal::open(&scratch.0, "t1").unwrap().pending().unwrap().len(), 20);

    std::fs::copy(scratch.journal(), scratch.0.join("terminal-t2.journal")).unwrap();
    let error = Journal::open(&scratch.0, "t2").map(drop).unwrap_err();
    assert!(error.message.contains("another terminal"), "{error}");
}

#[test]
fn a_journal_with_a_flipped_bit_in_its_head_has_all_its_records_or_is_refused() {
    // Where the store says which of its two commits counts, and whether it was closed.
    const STATE_AT: usize = 9;
    let scratch = Scratch::new();
    {
        let journal = Journal::open(&scratch.0, "t1").unwrap();
        for n in 0..20 {
            journal.put(&record(&format!("order-number-{n}"))).unwrap();
        }
    }
    let whole = std::fs::read(scratch.journal()).unwrap();
    for (at, bit) in (0..8).map(|bit| (STATE_AT, bit)).chain((0..320).step_by(3).map(|at| (at, at % 8))) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        std::fs::write(scratch.journal(), &bytes).unwrap();
        match Journal::open(&scratch.0, "t1") {
            Ok(journal) => assert_eq!(journal.pending().unwrap().len(), 20, "bit {bit} of byte {at}"),
            Err(error) => {
                assert_eq!(error.status, UPAY_E_STORAGE, "bit {bit} of byte {at}");
                assert_eq!(std::fs::read(scratch.journal()).unwrap(), bytes, "bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
fn what_began_long_ago_by_the_gateways_clock_is_forgotten_and_nothing_else() {
    const DAY_MS: u64 = 24 * 3600 * 1000;
    let journal = Journal::in_memory("t").unwrap();
    let began = |client_sn: &str, day: u64| {
        let began_gateway_ms = Some(day * DAY_MS);
        Record { began_gateway_ms, ..paid(client_sn, true) }
    };
    journal.put(&began("old", 100)).unwrap();
    journal.put(&Record { acknowledged: false, ..began("not-heard", 100) }).unwrap();
    journal.put(&Record { stage: Stage::UnderWay, ..began("open", 100) }).unwrap();
    journal.put(&began("young", 180)).unwrap();
    // A calendar that no answer has borne out, and that stood at 1970.
    journal.put(&paid("no-answer-told-the-time", true)).unwrap();
    let never_sent = Stage::Ended(Resolution::NotSent(UPAY_E_CONNECT));
    journal.put(&Record { stage: never_sent, ..paid("never-sent", true) }).unwrap();
    assert_eq!(journal.prune(90, 191 * DAY_MS).unwrap(), 2);
    let known = |client_sn: &str| journal.get(&key(client_sn)).unwrap().is_some();
    assert!(!known("old") && !known("never-sent"));
    assert!(["not-heard", "open", "young", "no-answer-told-the-time"].into_iter().all(known));
    // More than one step forgets.
    (0..600).for_each(|n| journal.put(&began(&format!("n{n}"), 10)).unwrap());
    assert_eq!(journal.prune(90, 191 * DAY_MS).unwrap(), 600);
}

/// A small journal as its file has it, and what is in it.
fn written() -> (Vec<u8>, Vec<Record>) {
    let scratch = Scratch::new();
    {
        let journal = Journal::open(&scratch.0, "t1").unwrap();
        for n in 0..20 {
            journal.put(&record(&format!("order-number-{n}"))).unwrap();
        }
        journal.put_keys(&KeySet::new("t1", "the-newest-key")).unwrap();
        journal.put(&paid("order-number-3", false)).unwrap();
    }
    let bytes = std::fs::read(scratch.journal()).unwrap();
    let records = read_all(&bytes).unwrap().0;
    assert_eq!(records.len(), 20);
    (bytes, records)
}

/// As opening does it: on a copy.
fn read_all(bytes: &[u8]) -> Result<(Vec<Record>, Option<String>)> {
    file::on_copy(bytes, |database| {
        check(database, "t1")?;
        let read = database.begin_read().map_err(storage)?;
        let orders = read.open_table(ORDERS).map_err(storage)?;
        let records = orders.iter().map_err(storage)?.map(|entry| parse(entry.map_err(storage)?.1.value()));
        let about = read.open_table(ABOUT).map_err(storage)?;
        let keys = about.get("keys").map_err(storage)?.map(|keys| keys.value().to_owned());
        Ok((records.collect::<Result<_>>()?, keys))
    })
}

/// A bit of many bytes, one after the other: of those that hold something, and of those that seem to hold nothing.
#[test]
fn a_flipped_bit_anywhere_is_an_error_or_does_not_matter() {
    let (whole, records) = written();
    let keys = read_all(&whole).unwrap().1;
    let used: Vec<usize> = (0..whole.len()).filter(|&place| whole[place] != 0).collect();
    let mut refused = 0;
    for (n, place) in used.iter().copied().step_by(61).chain((0..whole.len()).step_by(20_011)).enumerate() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (n % 8);
        match read_all(&flipped) {
            Ok(read) => assert!(read == (records.clone(), keys.clone()), "bit {} of byte {place}", n % 8),
            Err(error) => {
                assert_eq!(error.status, UPAY_E_STORAGE);
                refused += 1;
            }
        }
    }
    assert!(refused > 10, "only {refused} were noticed");
}

#[test]
fn a_journal_that_was_cut_anywhere_is_an_error_or_does_not_matter() {
    let (whole, records) = written();
    for length in (0..64).chain((0..whole.len()).step_by(4096)).chain((0..whole.len()).step_by(9973)) {
        match read_all(&whole[..length]) {
            Ok((read, _)) => assert!(read == records, "cut at {length}"),
            Err(error) => assert_eq!(error.status, UPAY_E_STORAGE),
        }
    }
}
