//! What a run writes into the journal, and when: before what cannot be taken back leaves, and before a verdict is told.

use super::Run;
use crate::abi::*;
use crate::error::Result;
use crate::flow::verdict::Verdict;
use crate::flow::Fate;
use crate::gateway::reply::Reply;
use crate::gateway::request::Call;
use crate::journal::{Record, State as RecordState};
use crate::log;

impl Run {
    /// On disk before the first byte of a cancel or a refund leaves: "paid" is not the last word from then on, also after
    /// a restart. Should the disk fail, nothing leaves. Written each time, because a write that fails may have been carried
    /// out all the same, and then the journal holds a verdict that was taken back.
    pub(super) fn record_ahead(&self, call: Call) -> Result<()> {
        let record = {
            let mut state = self.state.lock();
            let gave_up = state.gave_up;
            match (call, &mut state.record) {
                (Call::Cancel, Some(record)) => {
                    cancelled(record, gave_up);
                    record.clone()
                }
                (Call::Refund, Some(record)) => record.clone(),
                _ => return Ok(()),
            }
        };
        if bug!(NotRecordedAhead) {
            return Ok(());
        }
        self.terminal.outlet.journal.amend(&self.key, |known| {
            // What the host has heard of the same fate, it has heard.
            let told = known.told && known.fate == record.fate;
            *known = Record { told: told || record.told, ..record };
        })
    }

    /// On disk before a person is told to give the money back: the library must not do so as well, later.
    pub(super) fn record_by_hand(&self) {
        {
            let mut state = self.state.lock();
            let by_hand = state.flow.trouble() == UPAY_E_REFUSED;
            match &mut state.record {
                Some(record) if by_hand && !record.by_hand => record.by_hand = true,
                _ => return,
            }
        }
        self.amend(|record| record.by_hand = true);
    }

    fn amend(&self, change: impl FnOnce(&mut Record)) {
        if let Err(error) = self.terminal.outlet.journal.amend(&self.key, change) {
            log::error(format_args!("{}: not recorded: {error}", self.name));
        }
    }

    fn write(&self, record: &Record) -> bool {
        let written = self.terminal.outlet.journal.put(record);
        if let Err(error) = &written {
            log::error(format_args!("{}: not recorded: {error}", record.client_sn));
        }
        written.is_ok()
    }

    /// A verdict that is on disk survives what comes next. Gives the fate that may be told, and what stays watched.
    pub(super) fn write_down(
        &self,
        action: i32,
        fate: Fate,
        mut record: Record,
        reply: Option<&Reply>,
    ) -> (Fate, Option<Record>) {
        let verdict = Verdict::of(action, fate);
        record.state = match fate {
            Fate::NotSent(_) => RecordState::NotSent,
            fate if fate.is_open() => RecordState::Watched,
            _ => RecordState::Closed,
        };
        // "No such order" to a cancel is a promise as well, but for an order that the till was told is paid.
        let promised = verdict.outcome == UPAY_OUTCOME_FAILED && fate.is_open() && record.fate != Some(Fate::Paid);
        record.failed |= promised;
        record.fate = Some(fate);
        record.told = false;
        if let Some(reply) = reply {
            record.data = lasting(reply);
        }
        let written = self.write(&record);
        // What the next start would undo must not be told: "failed" needs a watch that survives, and an order whose
        // cancel is on disk is cancelled again.
        let refund = record.refund.is_some() && fate != Fate::Refunded;
        let undone = fate.is_open() || refund || (fate == Fate::Paid && record.cancel_sent);
        if undone && !written && !bug!(ToldUnwritten) {
            record.state = RecordState::Watched;
            record.fate = Some(Fate::Unknown);
            return (Fate::Unknown, Some(record));
        }
        (fate, fate.is_open().then_some(record))
    }
}

fn cancelled(record: &mut Record, gave_up: bool) {
    record.cancel_sent = true;
    if record.state == RecordState::Querying {
        record.state = RecordState::Cancelling { gave_up };
    }
}

/// What the journal keeps of an order: numbers, amounts and times, and nothing about the payer.
fn lasting(reply: &Reply) -> Vec<(String, String)> {
    const KEPT: &[&str] = &[
        "sn",
        "trade_no",
        "status",
        "order_status",
        "payway",
        "payway_name",
        "sub_payway",
        "total_amount",
        "net_amount",
        "ctime",
        "finish_time",
        "channel_finish_time",
    ];
    let kept = reply.data.iter().filter(|(key, _)| KEPT.contains(&key.as_str()));
    kept.cloned().collect()
}
