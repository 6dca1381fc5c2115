//! What the host will do in a run, and what will go wrong by the calendar.

use super::*;
use crate::world::gateway::Kind;

const DAY_MS: u64 = 86_400_000;

impl World {
    pub fn begin(&mut self) {
        self.plan_settings();
        let orders = 1 + self.choices.weighted(Of::Host, &[50, 30, 20]);
        let mut plan = Vec::new();
        for n in 0..orders {
            self.plan_order(n, &mut plan);
        }
        if self.host.settings.auto_checkin || self.choices.chance(Of::Host, 50) {
            self.plan_check_ins(&mut plan);
        }
        for _ in 0..self.choices.weighted(Of::Crash, &[70, 20, 10]) {
            plan.push((self.choices.between(Of::Crash, 1_000, 400_000), Act::Stop));
        }
        if self.levels.crashes > 0 && self.choices.chance(Of::Crash, 500) {
            plan.push((self.choices.between(Of::Crash, 1_000, 500_000), Act::Crash));
        }
        if self.choices.chance(Of::Disk, 100) {
            let from = self.choices.between(Of::Disk, 1_000, 300_000);
            let until = from + self.choices.between(Of::Disk, 1, 60_000);
            self.at(from, Event::DiskFails(until));
        }
        if self.choices.chance(Of::Time, 200) {
            let at = self.choices.between(Of::Time, 1_000, 400_000);
            self.at(at, Event::ClockJumps);
        }
        let calm_at = self.choices.between(Of::Host, 600_000, 900_000);
        self.at(calm_at, Event::Act(Act::Calm));
        self.at(0, Event::Act(Act::Start));
        for (at, act) in plan {
            self.at(at, Event::Act(act));
        }
    }

    fn plan_settings(&mut self) {
        let mut settings = Settings::default();
        if self.choices.chance(Of::Setting, 450) {
            settings.pay = self.choices.one_of(Of::Setting, &[1_000, 10_000]);
            (settings.precreate, settings.cancel) = (20_000, 3_000);
        }
        settings.revoke = self.choices.chance(Of::Setting, 100);
        settings.auto_checkin = self.choices.chance(Of::Setting, 200);
        settings.journal_days = self.choices.one_of(Of::Setting, &[90, 90, 90, 1]);
        self.host.settings = settings;
        self.host.callbacks = self.choices.chance(Of::Setting, 700);
        self.host.unread_max = self.choices.one_of(Of::Setting, &[20_000, 20_000, 20_000, 2]);
        if settings.revoke {
            self.met("host: cancel_path is revoke");
        }
        self.met(if self.host.callbacks { "host: callbacks" } else { "host: pulls its events" });
    }

    fn plan_order(&mut self, n: usize, plan: &mut Vec<(u64, Act)>) {
        let choices = &mut self.choices;
        let kind = choices.weighted(Of::Host, &[900, 40, 40]);
        let precreate = choices.chance(Of::Host, 250);
        let amount = choices.one_of(Of::Host, &[100, 100, 100, 1_250, 4_600]);
        let at = 1_000 + choices.between(Of::Host, 0, 120_000);
        let mut deeds = vec![
            (250, Deed::Cancel(n)),
            (100, Deed::Cancel(n)),
            (150, Deed::Query(n)),
            (100, Deed::Pay(n)),
            (50, Deed::CancelBySn(n)),
            (50, Deed::Raw(n)),
            (30, Deed::QueryBySn(n)),
        ];
        let elsewhere = kind == 1;
        match elsewhere {
            true => deeds.retain(|(_, deed)| !matches!(deed, Deed::Pay(_))),
            false => plan.push((at, Act::Do(Deed::Pay(n)))),
        }
        for (per_mille, deed) in deeds {
            let (does, after) = (choices.chance(Of::Host, per_mille), choices.between(Of::Host, 0, 180_000));
            if does {
                plan.push((at + after, Act::Do(deed)));
            }
        }
        if choices.chance(Of::Host, 50) && !elsewhere {
            // The same number once more, long after.
            plan.push((at + choices.between(Of::Host, 200_000, 600_000), Act::Do(Deed::Pay(n))));
        }
        let client_sn = format!("order-{n}");
        self.host.orders.push(Order { client_sn, amount, precreate, elsewhere, ..Order::default() });
        match kind {
            1 => {
                self.met("gateway: an order of another terminal");
                self.made_before(n, amount, Kind::Elsewhere, 60_000);
            }
            2 => {
                self.met("gateway: the number was used long ago");
                let age = self.choices.one_of(Of::Gateway, &[DAY_MS, 700_000, 400 * DAY_MS]);
                self.made_before(n, amount, Kind::Older, age);
            }
            _ => {}
        }
    }

    /// Where there were check-ins, a till that only pays finds out which key is taken.
    pub(super) fn plan_last_payments(&mut self) {
        if !self.host.settings.auto_checkin && !self.host.checked_in {
            return;
        }
        for n in 1..=3 {
            let client_sn = format!("order-{}", self.host.orders.len());
            self.at(self.now + n * 60_000, Event::Act(Act::Do(Deed::Pay(self.host.orders.len()))));
            self.host.orders.push(Order { client_sn, amount: 100, ..Order::default() });
        }
    }

    fn plan_check_ins(&mut self, plan: &mut Vec<(u64, Act)>) {
        for _ in 0..self.choices.weighted(Of::Host, &[60, 25, 15]) {
            plan.push((self.choices.between(Of::Host, 1_000, 400_000), Act::Do(Deed::CheckIn)));
        }
    }
}
