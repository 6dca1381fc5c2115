//! One mover an order: whoever may move an order's money, or watches it, holds the claim on its client_sn.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::abi::UPAY_E_STATE;
use crate::engine::clock;
use crate::error::{Error, Result};

/// How long a cancel waits for a verdict that is just being written down.
const FINISHING_MAX: Duration = Duration::from_secs(5);

/// `R` is what runs an order for long.
pub struct Claims<R> {
    holders: Mutex<Holders<R>>,
    changed: Condvar,
}

type Holders<R> = HashMap<String, Holder<R>>;

enum Holder<R> {
    /// A call is recording its order.
    Call,
    Run(u64, R),
}

/// What the holder of a claim says to one who wants it.
pub enum Answer {
    /// It does what was wanted itself.
    Done,
    /// It will not.
    No(Error),
    /// It has let go.
    Retired,
    /// It is just ending: wait.
    Ending,
}

impl<R> Default for Claims<R> {
    fn default() -> Self {
        Self { holders: Mutex::default(), changed: Condvar::new() }
    }
}

impl<R> Claims<R> {
    /// `None`: somebody holds it.
    pub fn take(&self, client_sn: &str) -> Option<Claim<'_, R>> {
        let mut holders = self.holders.lock();
        if holders.contains_key(client_sn) {
            return None;
        }
        Some(self.claim(&mut holders, client_sn))
    }

    /// Takes the claim over, by what its holder says when asked. `None`: the holder does what was wanted.
    pub fn take_over(&self, client_sn: &str, mut ask: impl FnMut(&R) -> Answer) -> Result<Option<Claim<'_, R>>> {
        let until = clock::instant() + FINISHING_MAX;
        let mut holders = self.holders.lock();
        loop {
            let answer = match holders.get(client_sn) {
                None => Answer::Retired,
                Some(Holder::Call) => Answer::Ending,
                Some(Holder::Run(_, run)) => ask(run),
            };
            match answer {
                Answer::Done => return Ok(None),
                Answer::No(error) => return Err(error),
                Answer::Retired => return Ok(Some(self.claim(&mut holders, client_sn))),
                // A verdict is being written down: what comes after it can be taken over.
                Answer::Ending => {
                    if self.changed.wait_until(&mut holders, until).timed_out() {
                        return Err(Error::new(
                            UPAY_E_STATE,
                            "the order has an action that is just beginning or ending",
                        ));
                    }
                }
            }
        }
    }

    /// The run has let its order go: its claim, for whoever comes next. `None`: it held none.
    pub fn pass_on(&self, client_sn: &str, run: u64) -> Option<Claim<'_, R>> {
        let mut holders = self.holders.lock();
        match holders.get(client_sn) {
            Some(Holder::Run(holder, _)) if *holder == run => Some(self.claim(&mut holders, client_sn)),
            _ => None,
        }
    }

    fn claim(&self, holders: &mut Holders<R>, client_sn: &str) -> Claim<'_, R> {
        holders.insert(client_sn.to_owned(), Holder::Call);
        Claim { claims: self, client_sn: client_sn.to_owned(), given: false }
    }
}

/// Held by one call; free again unless it is given to a run.
pub struct Claim<'a, R> {
    claims: &'a Claims<R>,
    client_sn: String,
    given: bool,
}

impl<R> Claim<'_, R> {
    pub fn give(mut self, id: u64, run: R) {
        self.given = true;
        self.claims.holders.lock().insert(self.client_sn.clone(), Holder::Run(id, run));
        self.claims.changed.notify_all();
    }
}

impl<R> Drop for Claim<'_, R> {
    fn drop(&mut self) {
        if !self.given {
            self.claims.holders.lock().remove(&self.client_sn);
            self.claims.changed.notify_all();
        }
    }
}
