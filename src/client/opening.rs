//! What a start makes: the journal of the terminal, its keys, its session; and the same for terminals that were in use in this
//! state directory before it and have left something open.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::settings::{Settings, Values};
use crate::abi::*;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::event::EventReader;
use crate::journal::{activated, Journal};
use crate::log;
use crate::record::{KeySet, Record};
use crate::runtime::{EventSink, Listener, ReplyTimes, Runtime};
use crate::session::{Config, Session};
use crate::transport::Transport;

pub struct Opened {
    pub reader: EventReader,
    /// The terminal itself first.
    pub terminals: Vec<Terminal>,
}

/// A terminal that is about to run.
pub struct Terminal {
    terminal_sn: String,
    journal: Journal,
    session: Session,
    left_over: Vec<Record>,
    transport: Arc<Transport>,
    times: ReplyTimes,
}

impl Terminal {
    /// Gives what runs it, and what the earlier run left over.
    pub fn run(self, engine: Arc<Engine>, sink: Arc<EventSink>) -> (Arc<Runtime>, Vec<Record>) {
        let Self { terminal_sn, journal, session, left_over, transport, times } = self;
        (Runtime::new(session, journal, engine, transport, sink, times, terminal_sn), left_over)
    }
}

/// What a host has set before the start.
#[derive(Default)]
pub struct Setup {
    pub values: Values,
    pub watcher: Option<Arc<Listener>>,
    /// The keys of an activated terminal that the disk did not take: its start tries again.
    pub unkept: Option<(String, KeySet)>,
}

pub fn open(setup: &mut Setup, engine: &Engine, transport: Arc<Transport>) -> Result<Opened> {
    if let (false, Some(directory)) = (setup.values.has_terminal(), setup.values.state_dir()) {
        if let Some(terminal_sn) = activated(&directory)? {
            setup.values.found(&terminal_sn)?;
        }
    }
    let settings: Settings = setup.values.settings()?;
    let journal = match &settings.state_dir {
        Some(directory) => Journal::open(directory, &settings.terminal_sn)?,
        None => {
            log::warn(format_args!("state_dir is not set: nothing is kept for the next start; for tests alone"));
            Journal::in_memory(&settings.terminal_sn)?
        }
    };
    // Another terminal's journal has keys of its own.
    if let Some((_, keys)) = setup.unkept.take_if(|(terminal_sn, _)| *terminal_sn == settings.terminal_sn) {
        if let Err(error) = journal.put_keys(&keys) {
            setup.unkept = Some((settings.terminal_sn, keys));
            return Err(error);
        }
    }
    let keys = keys(&journal, &settings.terminal_sn, &setup.values.terminal_key())?;
    engine.workers_max(settings.in_flight_max);
    let mut earlier = Predecessors::default();
    if let Some(directory) = &settings.state_dir {
        earlier = predecessors(&settings, directory, &keys.predecessors, &transport);
    }
    let sn = settings.terminal_sn.clone();
    let mut terminals = vec![terminal(&settings, journal, keys, sn, transport, earlier.sent)?];
    terminals.extend(earlier.terminals);
    let reader = EventReader { chinese: settings.chinese, encoding: settings.encoding };
    Ok(Opened { reader, terminals })
}

fn terminal(
    settings: &Settings,
    journal: Journal,
    keys: KeySet,
    terminal_sn: String,
    transport: Arc<Transport>,
    sent_elsewhere: HashSet<String>,
) -> Result<Terminal> {
    let left_over = journal.pending()?;
    let config = Config {
        terminal_sn: terminal_sn.clone(),
        operator: settings.operator.clone(),
        limits: settings.limits.clone(),
        revoke: settings.revoke,
        auto_checkin: settings.auto_checkin && settings.state_dir.is_some() && terminal_sn == settings.terminal_sn,
        device_id: settings.device_id.clone(),
        journal_days: settings.journal_days,
        sent_elsewhere,
    };
    let times = ReplyTimes { pay: settings.pay_reply_timeout, other: settings.reply_timeout };
    Ok(Terminal { terminal_sn, journal, session: Session::new(config, keys), left_over, transport, times })
}

/// `given` is the host's key. The journal's keys count, as long as they come from that very key.
fn keys(journal: &Journal, terminal_sn: &str, given: &str) -> Result<KeySet> {
    let given = Some(given).filter(|key| !key.is_empty());
    let keys = match (journal.keys()?, given) {
        (None, None) => return Err(Error::new(UPAY_E_MISSING, "terminal_key: start needs it")),
        (None, Some(key)) => KeySet::new(terminal_sn, key),
        (Some(mut keys), Some(key)) => {
            if !keys.set_by_host(terminal_sn, key) {
                return Ok(keys);
            }
            log::info(format_args!("terminal_key is another one than before: it counts from now on"));
            keys
        }
        (Some(keys), None) => return Ok(keys),
    };
    // After a new activation here, this terminal's orders are settled with it.
    if let Err(error) = journal.put_keys(&keys) {
        log::warn(format_args!("terminal_key is not kept: {error}"));
    }
    Ok(keys)
}

/// What terminals that were in use in this state directory before have left.
#[derive(Default)]
struct Predecessors {
    /// Those that have something open, or something that the host has not heard.
    terminals: Vec<Terminal>,
    /// The numbers that any of them has sent.
    sent: HashSet<String>,
}

/// A new activation leaves the earlier terminals' orders behind. They are settled with those terminals' own keys.
fn predecessors(
    settings: &Settings,
    directory: &Path,
    predecessors: &[String],
    transport: &Arc<Transport>,
) -> Predecessors {
    let mut found = Predecessors::default();
    for terminal_sn in predecessors {
        let opened = Journal::open_existing(directory, terminal_sn).and_then(|journal| match journal {
            Some(journal) => take_up(settings, journal, terminal_sn, transport, &mut found),
            None => Ok(()),
        });
        if let Err(error) = opened {
            log::error(format_args!("the earlier terminal {terminal_sn} is not settled: {error}"));
        }
    }
    found
}

fn take_up(
    settings: &Settings,
    journal: Journal,
    terminal_sn: &str,
    transport: &Arc<Transport>,
    found: &mut Predecessors,
) -> Result<()> {
    found.sent.extend(journal.sent()?);
    if journal.pending()?.is_empty() {
        journal.close();
        return Ok(());
    }
    let keys = journal.keys()?.ok_or_else(|| Error::new(UPAY_E_MISSING, "its key was never set here"))?;
    let sn = terminal_sn.to_owned();
    found.terminals.push(terminal(settings, journal, keys, sn, transport.clone(), HashSet::new())?);
    Ok(())
}
