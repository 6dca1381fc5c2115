//! What has to hold, whatever fails: held against the wire, the gateway's ledger, the journal, and what the host was told.
//!
//! | rule          | what holds                                                                             | where  |
//! |---------------|----------------------------------------------------------------------------------------|--------|
//! | once          | /pay leaves at most once for a number, ever, and only when the call was accepted        | wire   |
//! | recorded      | what moves money is on disk before it leaves                                            | wire   |
//! | wire          | requests are whole, and about orders and amounts that the host named                    | wire   |
//! | one exchange  | one exchange at a time for an order                                                     | wire   |
//! | flood         | at most three requests in a second about an order, unless the host asks for more        | wire   |
//! | another's     | an order that an answer has shown to be another's is not taken back                     | wire   |
//! | refund        | a refund keeps its number and amount; told done is done, told refused is not done       | all    |
//! | keys          | no check-in risks the keys; a till that only pays finds the key that is taken           | wire   |
//! | closed        | an order that an answer has named is not closed as never arrived                        | wire   |
//! | paid          | told paid is charged, then and at the end                                               | told   |
//! | not paid      | told not paid is not charged at the end, or a person was told                           | told   |
//! | person        | within ten minutes of its being seen, a late payment is given back or a person hears    | told   |
//! | not found     | "no such order" is told after two answers, far enough from each other                   | told   |
//! | elsewhere     | an order of another terminal is never told to be paid here                              | told   |
//! | one end       | each action ends once, and is let go once                                               | lives  |
//! | in time       | each action ends in its time                                                            | lives  |
//! | watched       | what is not final is in the journal when a process starts                               | lives  |
//! | watch ends    | in calm, all that the gateway can say is said, and the watch list is empty              | lives  |
//! | start, stop   | both succeed, a stop within its time                                                    | host   |
//! | ends          | a run comes to its end                                                                 | world  |
//! | calls         | a call is refused for a reason that the header names                                    | host   |
//! | no panic      | no panic                                                                                | world  |

mod lives;
mod told;
mod wire;

use super::host::Deed;
use super::network::{CONNECT_MS, PAY_REPLY_MS, REPLY_MS};
use super::World;

/// From the call to the final event, beyond the times that the settings give: connections, replies that do not come, the
/// second "no such order", a machine that is busy.
const NOT_FOUND_MS: u64 = 11_000;
pub const NOT_FOUND_GRACE_MS: u64 = 6_000;
const BUSY_MS: u64 = 20_000;
/// A check-in that a payment waits for, under up to three keys, with its writes.
const CHECK_IN_MS: u64 = 3 * (CONNECT_MS + REPLY_MS) + BUSY_MS;
/// A request that goes out again under other keys.
const OTHER_KEYS_MS: u64 = 2 * (CONNECT_MS + REPLY_MS);

impl World {
    /// How long an action may take.
    pub fn time_for(&self, deed: Deed) -> u64 {
        let settings = self.host.settings;
        let exchange = CONNECT_MS + REPLY_MS;
        // The last query before the time is up, the last cancel, and the query after it.
        let cancel = settings.cancel + NOT_FOUND_MS + 2 * exchange;
        let after_the_first = |time: u64| time + exchange + cancel + BUSY_MS;
        let keys = if settings.auto_checkin || self.host.checked_in { CHECK_IN_MS + OTHER_KEYS_MS } else { 0 };
        keys + match deed {
            Deed::Pay(n) if self.host.orders[n].precreate => {
                CONNECT_MS + REPLY_MS + after_the_first(settings.precreate)
            }
            Deed::Pay(_) => CONNECT_MS + PAY_REPLY_MS + after_the_first(settings.pay),
            Deed::Query(_) | Deed::QueryBySn(_) | Deed::Raw(_) | Deed::CheckIn => exchange + BUSY_MS,
            Deed::Cancel(_) | Deed::CancelBySn(_) => cancel + BUSY_MS,
            Deed::Refund(..) => settings.cancel + 2 * exchange + BUSY_MS,
        }
    }
}
