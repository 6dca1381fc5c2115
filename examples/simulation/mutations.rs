//! Deliberate bugs. A simulation that does not find them would not find others either.

use std::cell::Cell;

use crate::runs;

macro_rules! bugs {
    ($($name:ident: $what:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Bug { $($name,)* }

        const ALL: &[(Bug, &str)] = &[$((Bug::$name, $what),)*];
    };
}

bugs! {
    SentAgain: "what got no answer is sent again, /pay too",
    OrderNotSynced: "/pay leaves before its order is on disk",
    NameNotSynced: "a journal is used before its name is on disk",
    LeftOverForgotten: "the watch list is forgotten at a restart",
    NotRecordedAhead: "a cancel or a refund leaves without a record of it",
    ToldUnwritten: "a verdict that is not on disk is told all the same",
    AmountNotCompared: "the amount of a reply is not compared",
    OrderNotCompared: "the client_sn of a reply is not compared",
    StatusIgnored: "PAY_SUCCESS counts whatever the order_status says",
    PayFailErrorIsFailed: "PAY_FAIL_ERROR is taken for failed",
    SystemErrorIsRefusal: "a top-level 500 is taken for failed",
    ConflictIsFailed: "CLIENT_SN_CONFLICT is taken for failed",
    NotFoundIsFinal: "\"no such order\" is taken as proof, and the order not watched",
    GraceIgnored: "two answers \"no such order\" count however close they are",
    LostCancelIsDone: "a cancel without an answer is taken for done",
    RefusedCancelIsDone: "a cancel that was refused is taken for done",
    PaidDespiteCancel: "\"paid\" counts while a cancel is on its way",
    PaidAfterFailedStays: "what is paid after \"failed\" is not given back",
    LostRefundIsRefused: "a refund without an answer is taken for refused",
    RefundUnderNewNumber: "a refund is sent again under a new number",
    TwoMovers: "a cancel does not take the order over from its watch",
    TimeNeverUp: "an order is asked about without end",
    ToldTwice: "a final event comes twice",
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

pub fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Plants one after the other. True when each was found.
pub fn hunt(from: u64, seeds: u64, threads: usize) -> bool {
    let mut all_found = true;
    for (bug, what) in ALL {
        let bar = runs::progress(seeds);
        bar.set_message(*what);
        let found = runs::search(from, seeds, threads, Some(*bug), false, &bar);
        bar.finish_and_clear();
        match found.failing {
            Some((seed, outcome)) => {
                let broken = outcome.broken.map_or_else(String::new, |broken| format!("\"{}\"", broken.rule));
                println!("found by seed {seed:<6} {broken:<14} {what}");
            }
            None => {
                all_found = false;
                println!("NOT FOUND in {} runs: {what}", found.done);
            }
        }
    }
    all_found
}
