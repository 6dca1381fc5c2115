//! Two calls at the same time, through the C functions: what the header promises holds whichever comes first.

use std::sync::Barrier;
use std::thread;

use crate::host::{gateway, Client, Scratch};
use crate::simulator::{DEFAULT_TERMINAL_KEY, DEFAULT_TERMINAL_SN};
use upay::abi::*;

/// The watcher's drop function runs once, on a thread that the stop waits for.
#[test]
fn after_a_stop_that_meets_a_start_no_function_of_the_hosts_runs() {
    let gateway = gateway();
    for _ in 0..200 {
        let scratch = Scratch::new();
        let keys = [("terminal_sn", DEFAULT_TERMINAL_SN), ("terminal_key", DEFAULT_TERMINAL_KEY)];
        let client = Client::make(&scratch.0, &gateway.url(), &keys);
        let both = Barrier::new(2);
        thread::scope(|scope| {
            let start = scope.spawn(|| {
                both.wait();
                client.begin()
            });
            both.wait();
            assert_eq!(client.stop_status(), UPAY_OK);
            let drops = client.watched.drops();
            assert_eq!(drops, 1, "the watcher is let go before stop returns");
            let started = start.join().unwrap();
            assert!(matches!(started, UPAY_OK | UPAY_E_CLOSED | UPAY_E_STATE), "{started}");
            assert_eq!(client.watched.drops(), 1);
        });
    }
}
