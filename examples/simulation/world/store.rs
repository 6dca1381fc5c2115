//! What is durable. In most runs records alone: those that are on disk, and those that the next durable write takes along.
//! In the others the library's own journal, on a disk that keeps any part of what was not synced.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::disk::Disk;
use super::{StoreKind, World};
use crate::abi::UPAY_E_STORAGE;
use crate::choices::{Choices, Of};
use crate::disk::{self as room, Room};
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::record::{KeySet, OrderKey, Record, Resolution, Stage};
use crate::world::gateway::TERMINAL_SN;

pub struct Store {
    kind: Kind,
    /// The key set that was written last.
    newest_keys: Option<Rc<KeySet>>,
    /// Until then, every write fails.
    pub failing_until: u64,
}

enum Kind {
    Records(Records),
    Journal { disk: Disk, journal: Option<Journal> },
}

pub enum Write {
    Record(Rc<Record>),
    /// It reaches the disk with the next one.
    RecordWithTheNext(Rc<Record>),
    Keys(Rc<KeySet>),
}

#[derive(Default)]
struct Records {
    durable: BTreeMap<OrderKey, Rc<Record>>,
    keys: Option<Rc<KeySet>>,
    /// Written in this order, and not durable.
    waiting: Vec<Rc<Record>>,
}

impl Records {
    fn write(&mut self, write: &Write) {
        match write {
            Write::RecordWithTheNext(record) => self.waiting.push(record.clone()),
            Write::Record(record) => {
                self.sync();
                self.durable.insert(record.key.clone(), record.clone());
            }
            Write::Keys(keys) => {
                self.sync();
                self.keys = Some(keys.clone());
            }
        }
    }

    fn sync(&mut self) {
        for record in std::mem::take(&mut self.waiting) {
            self.durable.insert(record.key.clone(), record);
        }
    }

    fn get(&self, key: &OrderKey) -> Option<&Rc<Record>> {
        self.waiting.iter().rev().find(|record| record.key == *key).or_else(|| self.durable.get(key))
    }

    fn all(&self) -> impl Iterator<Item = &Rc<Record>> {
        self.durable.keys().filter_map(|key| self.get(key))
    }
}

const DAY_MS: u64 = 86_400_000;

/// As the journal says it: ended, heard, and begun before that time by the gateway's clock.
fn is_old(record: &Record, until_ms: u64) -> bool {
    let began_ms = match record.stage {
        Stage::Ended(Resolution::NotSent(_)) => Some(record.began_gateway_ms.unwrap_or(record.began_ms)),
        _ => record.began_gateway_ms,
    };
    !record.is_pending() && began_ms.is_some_and(|began_ms| began_ms < until_ms)
}

fn failed() -> Error {
    Error::new(UPAY_E_STORAGE, "the disk fails")
}

impl Store {
    pub fn new(kind: StoreKind) -> Self {
        let kind = match kind {
            StoreKind::Records => Kind::Records(Records::default()),
            StoreKind::Journal => Kind::Journal { disk: Disk::default(), journal: None },
        };
        Self { kind, newest_keys: None, failing_until: 0 }
    }

    /// What was not durable is gone, or a part of it. True: the power failed.
    pub fn crash(&mut self, choices: &mut Choices) -> bool {
        match &mut self.kind {
            Kind::Records(records) => {
                let kept = choices.below(Of::Crash, records.waiting.len() as u32 + 1) as usize;
                records.waiting.truncate(kept);
                records.sync();
                false
            }
            Kind::Journal { disk, journal } => {
                drop_in_room(disk, choices, journal.take());
                disk.unlock_all();
                let power_fails = choices.below(Of::Crash, 2) == 1;
                if power_fails {
                    let names_too = choices.below(Of::Crash, 2) == 1;
                    let chance = match choices.below(Of::Crash, 2) {
                        0 => None,
                        _ => Some(choices.below(Of::Crash, u32::MAX)),
                    };
                    disk.lose_power(names_too, chance);
                }
                power_fails
            }
        }
    }

    /// For the rules: the record, if it would survive a crash now. Not known of the library's own journal.
    pub fn is_durable(&self, key: &OrderKey) -> Option<bool> {
        match &self.kind {
            Kind::Records(records) => Some(records.durable.contains_key(key)),
            Kind::Journal { .. } => None,
        }
    }

    /// For the rules: the durable record, where it is known without a look at the disk.
    pub fn durable(&self, key: &OrderKey) -> Option<&Record> {
        match &self.kind {
            Kind::Records(records) => records.durable.get(key).map(Rc::as_ref),
            Kind::Journal { .. } => None,
        }
    }

    /// For the rules: the keys that would survive a crash now.
    pub fn durable_keys(&self) -> Vec<String> {
        let keys = match &self.kind {
            Kind::Records(records) => &records.keys,
            Kind::Journal { .. } => &self.newest_keys,
        };
        let Some(keys) = keys else { return Vec::new() };
        let mut known = Vec::new();
        while let Some(key) = keys.next(&known).map(str::to_owned) {
            known.push(key);
        }
        known
    }

    /// At the end of a run: what is still open is closed.
    pub fn let_go(&mut self, choices: &mut Choices) {
        if let Kind::Journal { disk, journal } = &mut self.kind {
            drop_in_room(disk, choices, journal.take());
        }
    }
}

/// The journal of a process that is no more: nothing that closing it does reaches the disk.
fn drop_in_room(disk: &mut Disk, choices: &mut Choices, journal: Option<Journal>) {
    let room = Room {
        disk: std::mem::take(disk),
        choices: std::mem::replace(choices, Choices::none()),
        level: 0,
        now: 0,
        failing_until: 0,
        crash_at: None,
        life: u32::MAX,
        crashed: Some("gone"),
        met: Vec::new(),
    };
    let ((), room) = room::within(room, || drop(journal));
    (*disk, *choices) = (room.disk, room.choices);
}

impl World {
    /// Opens the journal. `None`: the process crashed on the way.
    pub fn open_store(&mut self) -> Option<Result<(Option<KeySet>, Vec<Record>)>> {
        if let Kind::Records(records) = &mut self.store.kind {
            records.sync();
            let keys = records.keys.as_deref().cloned();
            let pending =
                records.all().filter(|record| record.is_pending()).map(|record| (**record).clone()).collect();
            return Some(match self.read_fails() {
                true => Err(failed()),
                false => Ok((keys, pending)),
            });
        }
        let opened = self.in_room(true, |journal| {
            if journal.is_none() {
                *journal = Some(Journal::open(Path::new("/state"), TERMINAL_SN)?);
            }
            let open = journal.as_ref().expect("just opened");
            Ok((open.keys()?, open.pending()?))
        })?;
        if opened.is_err() {
            let closed = |journal: &mut Option<Journal>| {
                drop(journal.take());
                Ok(())
            };
            let _ = self.in_room(true, closed)?;
        }
        Some(opened)
    }

    /// The process ends in good order: what waits is written, if the disk takes it.
    pub fn close_store(&mut self) {
        if self.write_fails(false) {
            if let Kind::Records(records) = &mut self.store.kind {
                records.waiting.clear();
            }
        }
        match &mut self.store.kind {
            Kind::Records(records) => records.sync(),
            Kind::Journal { .. } => {
                let _ = self.in_room(true, |journal| {
                    if let Some(journal) = journal.take() {
                        journal.flush()?;
                        journal.close();
                    }
                    Ok(())
                });
            }
        }
    }

    /// `None`: the process crashed in the middle.
    pub fn write_down(&mut self, write: &Write) -> Option<Result<()>> {
        let verdict = matches!(write, Write::Record(record) if record.resolution().is_some() && !record.acknowledged);
        if let Kind::Journal { .. } = self.store.kind {
            if verdict && self.write_fails(true) {
                return Some(Err(failed()));
            }
            if let Write::Keys(keys) = write {
                self.store.newest_keys = Some(keys.clone());
            }
            return self.in_room(true, |journal| {
                let journal = journal.as_ref().ok_or_else(failed)?;
                match write {
                    Write::Record(record) => journal.put(record),
                    Write::RecordWithTheNext(record) => journal.put_lazily(record),
                    Write::Keys(keys) => journal.put_keys(keys),
                }
            });
        }
        let crashes = self.crash_is_due("crash: at a write to the disk");
        let fails = !crashes && self.write_fails(verdict);
        // A write that fails, or in which the process ends, may have been carried out all the same.
        let carried_out = !(crashes || fails) || self.choices.below(Of::Disk, 4) == 1;
        let forgotten = fails && !carried_out && self.choices.below(Of::Disk, 2) == 1;
        let Kind::Records(records) = &mut self.store.kind else { return None };
        if carried_out {
            records.write(write);
        }
        if forgotten {
            records.waiting.clear();
        }
        if crashes {
            self.crash("crash: at a write to the disk");
            return None;
        }
        Some(if fails { Err(failed()) } else { Ok(()) })
    }

    pub fn look_up(&mut self, key: &OrderKey) -> Option<Result<Option<Record>>> {
        if let Kind::Journal { .. } = self.store.kind {
            return self.in_room(true, |journal| journal.as_ref().ok_or_else(failed)?.get(key));
        }
        let fails = self.read_fails();
        let Kind::Records(records) = &self.store.kind else { return None };
        Some(if fails { Err(failed()) } else { Ok(records.get(key).map(|record| (**record).clone())) })
    }

    pub fn look_up_refund(&mut self, key: &OrderKey) -> Option<Result<(Option<Record>, u64)>> {
        if let Kind::Journal { .. } = self.store.kind {
            return self.in_room(true, |journal| journal.as_ref().ok_or_else(failed)?.get_refund(key));
        }
        let fails = self.read_fails();
        let Kind::Records(records) = &self.store.kind else { return None };
        let others = records.all().filter(|record| record.key != *key && record.key.order() == key.order());
        let done = others.filter(|record| record.resolution() == Some(Resolution::Refunded));
        let amount = |record: &Record| record.refund.as_ref()?.refund_amount.parse::<u64>().ok();
        let returned = done.filter_map(|record| amount(record)).sum();
        Some(if fails { Err(failed()) } else { Ok((records.get(key).map(|record| (**record).clone()), returned)) })
    }

    pub fn look_up_sn(&mut self, sn: &str) -> Option<Result<Option<Record>>> {
        if let Kind::Journal { .. } = self.store.kind {
            return self.in_room(true, |journal| journal.as_ref().ok_or_else(failed)?.called(sn));
        }
        let fails = self.read_fails();
        let Kind::Records(records) = &self.store.kind else { return None };
        let named = |record: &Record| record.data.iter().any(|(key, value)| key == "sn" && value == sn);
        let own = records.all().find(|record| matches!(record.key, OrderKey::ClientSn(_)) && named(record));
        let found = own.or_else(|| records.get(&OrderKey::Sn(sn.to_owned())));
        Some(if fails { Err(failed()) } else { Ok(found.map(|record| (**record).clone())) })
    }

    pub fn prune(&mut self, days: u64, now_ms: u64) {
        match &mut self.store.kind {
            Kind::Records(records) => {
                let until_ms = now_ms.saturating_sub(days.saturating_mul(DAY_MS));
                let before = records.durable.len();
                records.sync();
                records.durable.retain(|_, record| !is_old(record, until_ms));
                if records.durable.len() < before {
                    self.met("till: forgets old orders");
                }
            }
            Kind::Journal { .. } => {
                let _ = self.in_room(true, |journal| journal.as_ref().ok_or_else(failed)?.prune(days, now_ms));
            }
        }
    }

    /// For the rules: nothing fails, and nothing changes by it.
    pub fn pending_records(&mut self) -> Result<Vec<Record>> {
        if let Kind::Records(records) = &self.store.kind {
            return Ok(records.all().filter(|record| record.is_pending()).map(|record| (**record).clone()).collect());
        }
        let pending = self.in_room(false, |journal| journal.as_ref().ok_or_else(failed)?.pending());
        pending.unwrap_or_else(|| Err(failed()))
    }

    fn crash_is_due(&mut self, point: &'static str) -> bool {
        let Some((_, left)) = self.crash_at.as_mut().filter(|(at, _)| *at == point) else { return false };
        *left -= 1;
        if *left == 0 {
            self.met(point);
        }
        self.crash_at.is_some_and(|(_, left)| left == 0)
    }

    fn read_fails(&mut self) -> bool {
        let fails = self.levels.disk > 0 && self.choices.chance(Of::Disk, self.levels.disk / 4);
        if fails {
            self.met("disk: a read fails");
            self.note(|| "disk: a read fails".to_owned());
        }
        fails
    }

    fn write_fails(&mut self, verdict: bool) -> bool {
        let failing = self.now < self.store.failing_until;
        let chance = if verdict { self.levels.disk.max(self.levels.verdict) } else { self.levels.disk };
        if !failing && (chance == 0 || !self.choices.chance(Of::Disk, chance)) {
            return false;
        }
        self.met(if verdict { "disk: the write of a verdict fails" } else { "disk: a write fails" });
        self.note(|| "disk: a write fails".to_owned());
        if !failing {
            // Often it fails again.
            self.store.failing_until = self.now + self.choices.one_of(Of::Disk, &[0, 1, 10_000, 120_000]);
        }
        true
    }

    /// The journal at work on its disk. `None`: the process crashed meanwhile.
    fn in_room<T>(
        &mut self,
        faults: bool,
        work: impl FnOnce(&mut Option<Journal>) -> Result<T>,
    ) -> Option<Result<T>> {
        let Kind::Journal { disk, journal } = &mut self.store.kind else { return None };
        let mut held = journal.take();
        let room = Room {
            disk: std::mem::take(disk),
            choices: std::mem::replace(&mut self.choices, Choices::none()),
            level: if faults { self.levels.disk } else { 0 },
            now: if faults { self.now } else { u64::MAX },
            failing_until: self.store.failing_until,
            crash_at: self.crash_at.filter(|_| faults),
            life: self.life,
            crashed: None,
            met: Vec::new(),
        };
        let (done, room) = room::within(room, || work(&mut held));
        self.choices = room.choices;
        if faults {
            self.crash_at = room.crash_at;
            self.store.failing_until = room.failing_until;
        }
        if let Kind::Journal { disk, journal } = &mut self.store.kind {
            (*disk, *journal) = (room.disk, held);
        }
        for what in room.met {
            self.met(what);
            self.note(|| what.to_owned());
        }
        if let Some(point) = room.crashed {
            self.met(point);
            self.crash(point);
            return None;
        }
        Some(done)
    }
}
