//! A simulation of a till against everything that can fail: the library's own flows, driver, watch, claims and journal
//! in a world where time, network, disk and gateway are simulated, and where a host may crash at any step.
//!
//! ```text
//! cargo run --release --example simulation -- --seeds 100000 --from 0
//! cargo run --release --example simulation -- --seed 4711        one run, told
//! cargo run --release --example simulation -- --mutations        is every planted bug found?
//! ```
//!
//! The rooms of the library are taken in as they are; three of them are replaced by simulated ones of the same names:
//! `engine`, `transport` and `disk`. So the library itself knows nothing of this, and pays nothing for it.

mod choices;
mod mutations;
mod runs;
mod shrink;
mod tasks;
mod world;

// The simulated rooms.
mod disk;
mod engine;
mod transport;

/// In the library this is `false`.
macro_rules! bug {
    ($name:ident) => {
        crate::mutations::is_planted(crate::mutations::Bug::$name)
    };
}

// The library's own. What only `ffi` uses is unused here.
#[path = "../../src/abi.rs"]
#[allow(dead_code)]
mod abi;
#[path = "../../src/client/mod.rs"]
#[allow(dead_code, unused_imports)]
mod client;
#[path = "../../src/error.rs"]
#[allow(dead_code)]
mod error;
#[path = "../../src/flow/mod.rs"]
#[allow(dead_code)]
mod flow;
#[path = "../../src/gateway/mod.rs"]
#[allow(dead_code, unused_imports)]
mod gateway;
#[path = "../../src/journal/mod.rs"]
#[allow(dead_code)]
mod journal;
#[path = "../../src/log.rs"]
#[allow(dead_code)]
mod log;

use std::process::ExitCode;

const USAGE: &str = "\
simulation [--seeds N] [--from K]   runs the seeds K, K+1 … K+N-1 (1000 from 0); the first that fails is made simpler
simulation --seed K                 runs one seed and tells what happens
simulation --mutations [--seeds N]  plants one bug after the other and looks for it in N seeds (10000)
  --keep-going                      names every seed that fails
  --threads N                       as many at a time (one for each processor)";

struct Arguments {
    seeds: Option<u64>,
    from: u64,
    seed: Option<u64>,
    mutations: bool,
    keep_going: bool,
    threads: usize,
}

fn arguments() -> Option<Arguments> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut read = Arguments { seeds: None, from: 0, seed: None, mutations: false, keep_going: false, threads };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next()?.parse::<u64>().ok();
        match word.as_str() {
            "--seeds" => read.seeds = Some(number()?),
            "--from" => read.from = number()?,
            "--seed" => read.seed = Some(number()?),
            "--threads" => read.threads = number()?.max(1) as usize,
            "--mutations" => read.mutations = true,
            "--keep-going" => read.keep_going = true,
            _ => return None,
        }
    }
    Some(read)
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    runs::keep_panics_quiet();
    let fine = match arguments {
        Arguments { seed: Some(seed), .. } => runs::tell(seed),
        Arguments { mutations: true, seeds, from, threads, .. } => {
            mutations::hunt(from, seeds.unwrap_or(10_000), threads)
        }
        Arguments { seeds, from, threads, keep_going, .. } => {
            runs::many(from, seeds.unwrap_or(1_000), threads, keep_going)
        }
    };
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
