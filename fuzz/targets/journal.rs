//! A journal file that was damaged in any places: it opens with all that was written to it, or not at all, and then it is
//! left as it is. And any bytes as a record or a key ring: what is read is what was written.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use upay::abi::*;
use upay::fuzzing::{Journal, KeySet, OrderKey, Record, RefundRequest, Resolution, Stage, Told};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Damage(Vec<Damage<'a>>),
    Foreign(&'a [u8]),
    Record(&'a [u8]),
    Keys(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Damage<'a> {
    Flip(Place, u8),
    Write(Place, &'a [u8]),
    Zero(Place, u16),
    /// A page that was written to the wrong place, or not at all.
    Page {
        from: u16,
        to: u16,
    },
    Cut(Place),
    Grow(u16),
}

const PAGE_BYTES: usize = 4096;

#[derive(Arbitrary, Debug)]
enum Place {
    /// Where the store says what is where.
    Head(u16),
    /// In a page that is written to: most of the file is not.
    Used(u32),
    Any(u32),
}

impl Place {
    fn within(&self, bytes: &[u8]) -> usize {
        let (at, most) = match self {
            Self::Head(at) => (usize::from(*at), 512.min(bytes.len())),
            Self::Used(at) => {
                let used = &WHOLE.used_pages;
                let page = used[*at as usize / PAGE_BYTES % used.len()];
                (page * PAGE_BYTES + *at as usize % PAGE_BYTES, bytes.len())
            }
            Self::Any(at) => (*at as usize, bytes.len()),
        };
        at % most.max(1)
    }
}

impl Damage<'_> {
    fn inflict(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Cut(at) => bytes.truncate(at.within(bytes)),
            Self::Grow(by) => bytes.resize(bytes.len() + usize::from(*by), 0),
            _ if bytes.is_empty() => {}
            Self::Flip(at, bit) => {
                let at = at.within(bytes);
                bytes[at] ^= 1 << (bit % 8);
            }
            Self::Write(at, new) => {
                let at = at.within(bytes);
                let room = bytes.len() - at;
                let new = &new[..new.len().min(room)];
                bytes[at..at + new.len()].copy_from_slice(new);
            }
            Self::Zero(at, count) => {
                let at = at.within(bytes);
                let end = bytes.len().min(at + usize::from(*count));
                bytes[at..end].fill(0);
            }
            Self::Page { from, to } => {
                let pages = &WHOLE.used_pages;
                let page = |number: u16| pages[usize::from(number) % pages.len()];
                let (from, to) = (page(*from), page(*to));
                if (from.max(to) + 1) * PAGE_BYTES <= bytes.len() {
                    bytes.copy_within(from * PAGE_BYTES..(from + 1) * PAGE_BYTES, to * PAGE_BYTES);
                }
            }
        }
    }
}

/// A journal with records of every kind, and the bytes of its file.
struct Whole {
    directory: PathBuf,
    file: PathBuf,
    bytes: Vec<u8>,
    used_pages: Vec<usize>,
    records: Vec<Record>,
    keys: KeySet,
}

const STAGES: [Stage; 6] = [
    Stage::UnderWay,
    Stage::Cancelling { by_host: true },
    Stage::Watched(Resolution::NotFound),
    Stage::Ended(Resolution::Paid),
    Stage::Ended(Resolution::NotSent(101)),
    Stage::Ended(Resolution::Cancelled),
];

fn record(n: usize) -> Record {
    let order = OrderKey::ClientSn(format!("order-{n}"));
    let refund = n % 7 == 0;
    let key = if refund { OrderKey::refund(&order, "R1") } else { order };
    Record {
        stage: STAGES[n % STAGES.len()],
        told: Told::Unknown,
        acknowledged: n % 3 == 0,
        refund: refund.then(|| RefundRequest { refund_amount: "1".into(), body: "{}".into() }),
        data: vec![("subject".into(), format!("披萨 {n}")), ("order_status".into(), "PAID".into())],
        ..Record::new(key, 3, Some(n.to_string()), n as u64)
    }
}

static WHOLE: LazyLock<Whole> = LazyLock::new(|| {
    let directory = std::env::temp_dir().join(format!("upay-fuzz-journal-{}", std::process::id()));
    let records: Vec<Record> = (0..40).map(record).collect();
    let mut keys = KeySet::new("t1", "k1");
    keys.add("k2");
    keys.device_id = Some("d".into());
    {
        let journal = Journal::open(&directory, "t1").expect("a new journal");
        // A second round over the first, so that pages have been freed and used again.
        for record in records.iter().chain(&records) {
            journal.put(record).expect("put");
        }
        journal.put_keys(&keys).expect("put");
        journal.close();
    }
    let file = directory.join("terminal-t1.journal");
    let bytes = fs::read(&file).expect("the journal");
    let pages = bytes.chunks_exact(PAGE_BYTES).enumerate();
    let used_pages = pages.filter(|(_, page)| page.iter().any(|byte| *byte != 0)).map(|(number, _)| number).collect();
    let whole = Whole { directory, file, bytes, used_pages, records, keys };
    assert!(opens(&whole, &whole.bytes), "the journal as it was closed");
    whole
});

/// False: it was refused.
fn opens(whole: &Whole, bytes: &[u8]) -> bool {
    fs::write(&whole.file, bytes).expect("tmp");
    let journal = match Journal::open(&whole.directory, "t1") {
        Ok(journal) => journal,
        Err(error) => {
            assert_eq!(error.status, UPAY_E_STORAGE, "{error}");
            assert!(error.message.is_ascii(), "{error}");
            assert!(fs::read(&whole.file).expect("the journal") == bytes, "it is left as it is");
            return false;
        }
    };
    for record in &whole.records {
        let found = journal.get(&record.key).expect("what opened can be read");
        assert_eq!(found.as_ref(), Some(record));
    }
    let mut pending = journal.pending().expect("what opened can be read");
    let mut expected: Vec<_> =
        whole.records.iter().filter(|record| record.is_pending()).cloned().collect();
    pending.sort_by_key(|record| record.key.clone());
    expected.sort_by_key(|record| record.key.clone());
    assert_eq!(pending, expected);
    let keys = journal.keys().expect("what opened can be read").expect("its keys");
    assert!(keys == whole.keys);
    // And it can be written.
    journal.put(&whole.records[0]).expect("what opened can be written");
    true
}

fn same_again<T: serde::Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&read).expect("JSON");
    let again: T = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(serde_json::to_vec(&again).expect("JSON"), written);
}

fuzz_target!(
    // The store panics on some nonsense, and the journal makes an error of that; a panic that gets out still ends the run.
    init: std::panic::set_hook(Box::new(|info| {
        if info.location().is_some_and(|place| place.file().contains("targets/")) {
            eprintln!("{info}");
        }
    })),
    |input: Input<'_>| {
        match input {
            Input::Damage(damage) => {
                let mut bytes = WHOLE.bytes.clone();
                damage.iter().for_each(|damage| damage.inflict(&mut bytes));
                opens(&WHOLE, &bytes);
            }
            Input::Foreign(bytes) => assert!(!opens(&WHOLE, bytes), "bytes that no journal wrote"),
            Input::Record(bytes) => {
                same_again::<Record>(bytes);
                if let Ok(record) = serde_json::from_slice::<Record>(bytes) {
                    let journal = Journal::in_memory("t1").expect("memory");
                    journal.put(&record).expect("put");
                    assert_eq!(journal.get(&record.key).expect("get").as_ref(), Some(&record));
                    assert_eq!(journal.pending().expect("pending").len(), usize::from(record.is_pending()));
                }
            }
            Input::Keys(bytes) => same_again::<KeySet>(bytes),
        }
    }
);
