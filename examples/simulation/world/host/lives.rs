//! A life of the till's process: from its start to a stop, or to a crash.

use super::*;
use crate::error::Error;
use crate::flow::limits::{Limits, Pauses};
use crate::record::{KeySet, Record};
use crate::session::Config;
use crate::world::gateway::{Keys, TERMINAL_SN};

/// So long after calm has come, all that can end has ended.
const CALM_MS_MAX: u64 = 4 * 3_600_000;
/// The end of a stop, which needs no network: what is under way is broken off.
const STOP_MS_MAX: u64 = 15_000;

thread_local! {
    /// As they are by default; read once.
    static PAUSES: (Pauses, Pauses) = (
        Pauses::parse("2000*15,5000").expect("good pauses"),
        Pauses::parse("30000,60000,300000").expect("good pauses"),
    );
}

impl World {
    pub(super) fn start(&mut self) {
        if self.is_up() {
            return;
        }
        self.plan_crash();
        self.host.stopping = false;
        if self.life > 0 && std::mem::take(&mut self.clock.mended_by_start) {
            self.met("time: a wrong calendar is set right");
            self.clock.wall_ahead = 0;
            self.host.calendar_changed = self.now;
        }
        let Some(opened) = self.open_store() else { return };
        match opened {
            Ok((keys, left_over)) => self.started(keys, left_over),
            Err(error) => self.start_fails(error),
        }
    }

    fn started(&mut self, keys: Option<KeySet>, left_over: Vec<Record>) {
        // A host that knows only its first key, or an older one than the library does.
        let given = Keys::text(self.host.key);
        let keys = match keys {
            None => KeySet::new(TERMINAL_SN, &given),
            Some(mut keys) => {
                if keys.set_by_host(TERMINAL_SN, &given) {
                    self.met("host: sets another key");
                }
                keys
            }
        };
        let settings = self.host.settings;
        let (poll, watch) = PAUSES.with(|(poll, watch)| (poll.clone(), watch.clone()));
        let config = Config {
            terminal_sn: TERMINAL_SN.to_owned(),
            operator: "cashier".to_owned(),
            limits: Limits {
                poll,
                pay_timeout: settings.pay,
                precreate_timeout: settings.precreate,
                cancel_timeout: settings.cancel,
                not_found_grace: super::super::rules::NOT_FOUND_GRACE_MS,
                watch,
            },
            revoke: settings.revoke,
            auto_checkin: settings.auto_checkin,
            device_id: Some("till-1".to_owned()),
            journal_days: settings.journal_days,
            sent_elsewhere: Default::default(),
        };
        let life = self.life;
        self.note(|| format!("host: started, process {life}"));
        self.after_start(&left_over);
        self.start_session(config, keys, left_over);
        self.plan_pull();
    }

    fn start_fails(&mut self, error: Error) {
        self.met("host: start fails");
        self.note(|| format!("host: start fails: {} {error}", error.status));
        if error.status != UPAY_E_STORAGE || self.host.calm_since.is_some() {
            self.breaks("start", format_args!("{} {error}", error.status));
        }
        self.at(self.now + 1_000, Event::Act(Act::Start));
    }

    pub(super) fn stop(&mut self) {
        if self.host.stopping || !self.is_up() {
            return;
        }
        self.host.stopping = true;
        self.note(|| "host: stops".to_owned());
        self.met("host: stop");
        self.at(self.now + 50, Event::Act(Act::Stopping { since: self.now }));
        self.stop_session();
    }

    pub(super) fn stopping(&mut self, since: u64) {
        if !self.is_up() || !self.host.stopping {
            return;
        }
        if !self.has_ended() {
            if self.now > since + STOP_MS_MAX {
                return self.breaks("stop", format_args!("has not ended after {} ms", self.now - since));
            }
            self.at(self.now + 50, Event::Act(Act::Stopping { since }));
            return;
        }
        let life = self.life;
        // In the pull form what was not taken yet can be taken still.
        self.pull();
        if self.life != life {
            return;
        }
        self.after_stop();
        self.close_store();
        if self.life != life {
            return;
        }
        self.life_ends();
        if self.host.ends {
            self.at_the_end();
            self.host.is_over = true;
            return;
        }
        if self.gateway.keys.made > 0 && self.choices.chance(Of::Setting, 250) {
            // The host is set up anew, with a key that the terminal has, or once had.
            self.host.key = self.choices.below(Of::Setting, self.gateway.keys.made + 1);
        }
        let after = self.choices.one_of(Of::Host, &[1_000, 100, 120_000]);
        self.at(self.now + after, Event::Act(Act::Start));
    }

    pub(super) fn look(&mut self) {
        if !self.is_up() || self.host.stopping {
            self.at(self.now + LOOK_MS, Event::Act(Act::Look));
            return;
        }
        let calm_for = self.now - self.host.calm_since.unwrap_or(self.now);
        let quiet = self.unfinished() == 0 && !self.is_stirring() && calm_for >= LOOK_MS;
        if !quiet && calm_for < CALM_MS_MAX {
            self.at(self.now + LOOK_MS, Event::Act(Act::Look));
            // What the disk did not take is written by the next start.
            if calm_for >= CALM_MS_MAX / 2 && !std::mem::replace(&mut self.host.started_again, true) {
                self.stop();
            }
            return;
        }
        self.host.ends = true;
        let pending = self.pending_records();
        self.watch_list_is_empty(pending);
        self.stop();
    }
}
