//! A simulation of a till against everything that can fail: the library's own session and flows, in a world where time,
//! network, disk, gateway and host are simulated, and where the till may crash at any step.
//!
//! ```text
//! cargo run --profile simulation --example simulation -- --seeds 100000 --from 0
//! cargo run --profile simulation --example simulation -- --seed 4711        one run, told
//! cargo run --profile simulation --example simulation -- --mutations        is every planted bug found?
//! ```
//!
//! The library's pure rooms are taken in as they are. The simulation stands where the library has its runtime: it carries
//! out what the session wants, in virtual time, on one thread. In most runs the journal is a map of records, those that are
//! durable and those that are not; in the others it is the library's own, on a simulated disk.
//!
//! ```text
//!   main       the command line
//!   runs       many runs, or one that is told
//!   choices    everything that chance decides; a seed makes the choices, a script repeats them
//!   shrink     a run that breaks a rule, made simpler
//!   mutations  bugs that are planted into a copy of the library, and have to be found
//!   disk       the journal's disk
//!   world      one run
//! ```

mod choices;
mod mutations;
mod runs;
mod shrink;
mod world;

// The simulated room.
mod disk;

// The library's own. What only its other rooms use is unused here.
#[path = "../../src/abi.rs"]
#[allow(dead_code)]
mod abi;
#[path = "../../src/error.rs"]
#[allow(dead_code)]
mod error;
#[path = "../../src/flow/mod.rs"]
#[allow(dead_code, unused_imports)]
mod flow;
#[path = "../../src/gateway/mod.rs"]
#[allow(dead_code, unused_imports)]
mod gateway;
#[path = "../../src/journal/mod.rs"]
#[allow(dead_code, unused_imports)]
mod journal;
#[path = "../../src/log.rs"]
#[allow(dead_code)]
mod log;
#[path = "../../src/record/mod.rs"]
#[allow(dead_code, unused_imports)]
mod record;
#[path = "../../src/session/mod.rs"]
#[allow(dead_code, unused_imports)]
mod session;

use std::process::ExitCode;

use runs::Stores;

/// In a copy of the sources each patch asks here whether its bug is planted.
#[allow(dead_code)]
pub fn planted(name: &str) -> bool {
    mutations::is_planted(name)
}

const USAGE: &str = "\
simulation [--seeds N] [--from K]   runs the seeds K, K+1 … K+N-1 (1000 from 0); the first that fails is made simpler
simulation --seed K                 runs one seed and tells what happens
simulation --mutations [--seeds N]  plants one bug after the other into a copy of the library and looks for it in N
                                    seeds (20000); --only NAME plants that one
  --store records|journal|mixed     what keeps the orders: a map of records, the library's journal on a simulated disk,
                                    or that journal in one run of 50 (mixed)
  --brief                           the first seed that fails is only named
  --keep-going                      names every seed that fails
  --threads N                       as many at a time (one for each processor)";

pub struct Arguments {
    pub seeds: Option<u64>,
    pub from: u64,
    pub seed: Option<u64>,
    pub mutations: bool,
    pub only: Option<String>,
    pub stores: Stores,
    pub keep_going: bool,
    pub brief: bool,
    pub threads: usize,
}

fn arguments() -> Option<Arguments> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut read = Arguments {
        seeds: None,
        from: 0,
        seed: None,
        mutations: false,
        only: None,
        stores: Stores::Mixed,
        keep_going: false,
        brief: false,
        threads,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next()?.parse::<u64>().ok();
        match word.as_str() {
            "--seeds" => read.seeds = Some(number()?),
            "--from" => read.from = number()?,
            "--seed" => read.seed = Some(number()?),
            "--threads" => read.threads = number()?.max(1) as usize,
            "--mutations" => read.mutations = true,
            "--only" => read.only = Some(words.next()?),
            "--store" => read.stores = Stores::named(&words.next()?)?,
            "--keep-going" => read.keep_going = true,
            "--brief" => read.brief = true,
            "--plant" => mutations::plant(&words.next()?),
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
    let fine = match &arguments {
        Arguments { seed: Some(seed), stores, .. } => runs::tell(*seed, *stores),
        Arguments { mutations: true, .. } => mutations::hunt(&arguments),
        _ => runs::many(&arguments),
    };
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
