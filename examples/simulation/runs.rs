//! Many runs, or one that is told.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::abi::UPAY_LOG_INFO;
use crate::choices::Choices;
use crate::world::coverage::{self, Coverage};
use crate::world::{self, Outcome, StoreKind};
use crate::{log, shrink, Arguments};

/// From so many runs on, whatever none of them has met is a failure.
const MANY: u64 = 20_000;
/// One run of so many has the library's own journal.
const JOURNAL_EVERY: u64 = 50;

/// Which runs have which journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    Records,
    Journal,
    Mixed,
}

impl Stores {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "records" => Some(Self::Records),
            "journal" => Some(Self::Journal),
            "mixed" => Some(Self::Mixed),
            _ => None,
        }
    }

    pub fn of(self, seed: u64) -> StoreKind {
        match self {
            Self::Records => StoreKind::Records,
            Self::Journal => StoreKind::Journal,
            Self::Mixed if seed % JOURNAL_EVERY == JOURNAL_EVERY - 1 => StoreKind::Journal,
            Self::Mixed => StoreKind::Records,
        }
    }
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A panic is a broken rule, and told with it.
pub fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|panic| LAST_PANIC.set(panic.to_string().replace('\n', " "))));
}

pub fn last_panic() -> String {
    LAST_PANIC.take()
}

pub fn tell(seed: u64, stores: Stores) -> bool {
    // The session makes its lines only for somebody who hears them; what it makes is among the notes.
    log::set(UPAY_LOG_INFO, Some(Arc::new(|_level: i32, _line: &str| {})));
    let outcome = world::run(Choices::of_seed(seed), stores.of(seed), true);
    log::set(UPAY_LOG_INFO, None);
    for line in &outcome.notes {
        println!("{line}");
    }
    match &outcome.broken {
        Some(broken) => println!("seed {seed} breaks \"{}\": {}", broken.rule, broken.what),
        None => println!("seed {seed}: every rule holds"),
    }
    outcome.broken.is_none()
}

pub fn many(arguments: &Arguments) -> bool {
    let seeds = arguments.seeds.unwrap_or(1_000);
    let bar = progress(seeds);
    let found = search(arguments, seeds, &bar);
    let elapsed = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    if let (Some((seed, outcome)), true) = (&found.failing, arguments.brief) {
        let broken = outcome.broken.as_ref().map_or("", |broken| broken.rule);
        println!("seed {seed} breaks \"{broken}\"");
        return false;
    }
    if let (Some((seed, outcome)), false) = (&found.failing, arguments.keep_going) {
        shrink::show(*seed, arguments.stores.of(*seed), outcome);
        return false;
    }
    if arguments.brief {
        return true;
    }
    for (what, times) in coverage::ALL.iter().map(|what| (what, found.met.of(what))) {
        println!("{times:>10}  {what}");
    }
    let days = found.virtual_ms as f64 / 86_400_000.0;
    let result = match found.failures {
        0 => "every rule holds".to_owned(),
        failures => format!("{failures} break a rule"),
    };
    println!(
        "{} runs from seed {}: {result}; {:.0} runs a second, {days:.0} days of virtual time",
        found.done,
        arguments.from,
        found.done as f64 / elapsed
    );
    let unmet: Vec<_> = coverage::ALL.iter().filter(|what| found.met.of(what) == 0).collect();
    let unlisted = found.met.unlisted();
    if !unlisted.is_empty() {
        println!("not in the list of what is to be met: {unlisted:?}");
    }
    if !unmet.is_empty() {
        println!("never met: {unmet:?}");
    }
    found.failures == 0 && unlisted.is_empty() && (unmet.is_empty() || seeds < MANY)
}

pub fn progress(seeds: u64) -> ProgressBar {
    let bar = ProgressBar::new(seeds);
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {per_sec}  {eta} left  {msg}");
    bar.set_style(style.expect("a good template"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[derive(Default)]
pub struct Found {
    /// The smallest seed that failed.
    pub failing: Option<(u64, Outcome)>,
    pub failures: u64,
    pub met: Coverage,
    pub done: u64,
    pub virtual_ms: u64,
}

/// Runs the seeds until one fails.
pub fn search(arguments: &Arguments, seeds: u64, bar: &ProgressBar) -> Found {
    let Arguments { from, stores, keep_going, threads, .. } = *arguments;
    let (next, over) = (AtomicU64::new(from), AtomicBool::new(false));
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = Found::default();
                while !over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        break;
                    }
                    let outcome = world::run(Choices::of_seed(seed), stores.of(seed), false);
                    own.met.join(&outcome.met);
                    own.done += 1;
                    own.virtual_ms += outcome.virtual_ms;
                    bar.inc(1);
                    if let Some(broken) = &outcome.broken {
                        if keep_going {
                            bar.suspend(|| println!("seed {seed} breaks \"{}\": {}", broken.rule, broken.what));
                        }
                        over.store(!keep_going, Ordering::Relaxed);
                        own.join(Found { failing: Some((seed, outcome)), failures: 1, ..Found::default() });
                    }
                }
                found.lock().expect("no panic while it is held").join(own);
            });
        }
    });
    found.into_inner().expect("no panic while it was held")
}

impl Found {
    fn join(&mut self, other: Self) {
        self.met.join(&other.met);
        self.failures += other.failures;
        self.done += other.done;
        self.virtual_ms += other.virtual_ms;
        let seed_of = |found: &Option<(u64, Outcome)>| found.as_ref().map_or(u64::MAX, |(seed, _)| *seed);
        if seed_of(&other.failing) < seed_of(&self.failing) {
            self.failing = other.failing;
        }
    }
}
