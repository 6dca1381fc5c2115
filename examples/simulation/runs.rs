//! Many runs, or one that is told.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;

use crate::abi::UPAY_LOG_INFO;
use crate::choices::Choices;
use crate::mutations::{self, Bug};
use crate::world::coverage::{self, Coverage};
use crate::world::{self, Outcome};
use crate::{log, shrink};

/// From so many runs on, whatever none of them has met is a failure.
const MANY: u64 = 20_000;

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

fn run(seed: u64) -> Outcome {
    world::run(Choices::of_seed(seed), false)
}

pub fn tell(seed: u64) -> bool {
    let sink = |_level: i32, line: &str| world::with(|world| world.note(|| format!("log:  {line}")));
    log::set(UPAY_LOG_INFO, Some(Arc::new(sink)));
    let outcome = world::run(Choices::of_seed(seed), true);
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

pub fn many(from: u64, seeds: u64, threads: usize, keep_going: bool) -> bool {
    let bar = progress(seeds);
    let found = search(from, seeds, threads, None, keep_going, &bar);
    let elapsed = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    if let Some((seed, outcome)) = found.failing {
        shrink::show(seed, &outcome);
        return false;
    }
    for (what, times) in coverage::ALL.iter().map(|what| (what, found.met.of(what))) {
        println!("{times:>10}  {what}");
    }
    let days = found.virtual_ms as f64 / 86_400_000.0;
    println!(
        "{} runs from seed {from}: every rule holds; {:.0} runs a second, {days:.0} days of virtual time",
        found.done,
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
    unlisted.is_empty() && (unmet.is_empty() || seeds < MANY)
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
    pub met: Coverage,
    pub done: u64,
    pub virtual_ms: u64,
}

/// Runs the seeds until one fails.
pub fn search(from: u64, seeds: u64, threads: usize, bug: Option<Bug>, keep_going: bool, bar: &ProgressBar) -> Found {
    let (next, over) = (AtomicU64::new(from), AtomicBool::new(false));
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                mutations::plant(bug);
                let mut own = Found::default();
                while !over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        break;
                    }
                    let outcome = run(seed);
                    own.met.join(&outcome.met);
                    own.done += 1;
                    own.virtual_ms += outcome.virtual_ms;
                    bar.inc(1);
                    if let Some(broken) = &outcome.broken {
                        if keep_going {
                            bar.suspend(|| println!("seed {seed} breaks \"{}\": {}", broken.rule, broken.what));
                        }
                        over.store(!keep_going, Ordering::Relaxed);
                        let earlier = Found { failing: Some((seed, outcome)), ..Found::default() };
                        own.join(earlier);
                    }
                }
                found.lock().join(own);
            });
        }
    });
    found.into_inner()
}

impl Found {
    fn join(&mut self, other: Self) {
        self.met.join(&other.met);
        self.done += other.done;
        self.virtual_ms += other.virtual_ms;
        let seed_of = |found: &Option<(u64, Outcome)>| found.as_ref().map_or(u64::MAX, |(seed, _)| *seed);
        if seed_of(&other.failing) < seed_of(&self.failing) {
            self.failing = other.failing;
        }
    }
}
