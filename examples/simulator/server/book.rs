//! The book of all orders, and of all requests that should have become one.

use std::collections::HashMap;

use super::barcode::{self, Wallet};
use super::fields::Fields;
use super::order::Order;
use super::scenario::{Fate, Scenario};

/// The first sn is one more than this; the shape is that of the gateway's samples.
const SN_BASE: u64 = 7_894_259_244_000_000;

/// A (terminal_sn, client_sn) that pay was called for.
pub struct Entry {
    pub terminal_sn: String,
    pub client_sn: String,
    pub total_amount: u64,
    pub scenario: &'static Scenario,
    pub parameter: u16,
    pub pays: u32,
    pub queries: u32,
    pub cancels: u32,
    pub outcome: Outcome,
}

/// What became of a pay request.
pub enum Outcome {
    /// An order, perhaps one that is still on its way.
    Order(Box<Order>),
    /// The gateway said no.
    Refused,
    /// It never reached the gateway.
    Lost,
}

impl Entry {
    /// The order as it is now, if the gateway knows it.
    pub fn order(&mut self, now_ms: u64) -> Option<&mut Order> {
        match &mut self.outcome {
            Outcome::Order(order) if order.arrived(now_ms) => {
                order.catch_up(now_ms);
                Some(order)
            }
            _ => None,
        }
    }

    /// How long the scenario's n is, if it is a time.
    pub fn n_ms(&self) -> u64 {
        self.scenario.time_ms(self.parameter)
    }

    /// Whether a count is among the first n.
    pub fn among_first_n(&self, count: u32) -> bool {
        count <= u32::from(self.parameter)
    }
}

/// Whether the book took a pay request for a new one.
pub enum Admission {
    New(usize),
    /// The gateway has seen this client_sn before.
    Conflict,
}

/// What has been counted besides the orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub requests: u64,
    pub refused: u64,
    pub redirects_followed: u64,
}

#[derive(Default)]
pub struct Book {
    pub entries: Vec<Entry>,
    pub counters: Counters,
    /// Grows with every change that a request makes.
    pub version: u64,
    by_client_sn: HashMap<(String, String), usize>,
    by_sn: HashMap<String, usize>,
}

impl Book {
    /// Enters a pay request. At most one order ever comes of a client_sn.
    pub fn enter_pay(&mut self, terminal_sn: &str, fields: &Fields, now_ms: u64) -> Admission {
        let client_sn = fields.needed("client_sn");
        let key = (terminal_sn.to_owned(), client_sn.to_owned());
        let known = self.by_client_sn.get(&key).copied();
        if let Some(entry) = known.and_then(|index| self.entries.get_mut(index)) {
            entry.pays += 1;
            // A request that was lost is one that the gateway cannot remember.
            if !matches!(entry.outcome, Outcome::Lost) {
                return Admission::Conflict;
            }
        }
        let (scenario, parameter) = barcode::scenario_of(fields.needed("dynamic_id"));
        let index = known.unwrap_or(self.entries.len());
        let outcome = match scenario.fate {
            Fate::Lost => Outcome::Lost,
            Fate::Refused => Outcome::Refused,
            fate => {
                let sn = (SN_BASE + 1 + index as u64).to_string();
                self.by_sn.insert(sn.clone(), index);
                let order = order_of(fields, sn, now_ms);
                order
                    .meet(fate, scenario.time_ms(parameter))
                    .map_or(Outcome::Refused, |order| Outcome::Order(Box::new(order)))
            }
        };
        let (pays, queries, cancels) = match known.map(|index| &self.entries[index]) {
            Some(lost) => (lost.pays, lost.queries, lost.cancels),
            None => (1, 0, 0),
        };
        let entry = Entry {
            terminal_sn: terminal_sn.to_owned(),
            client_sn: client_sn.to_owned(),
            total_amount: fields.needed("total_amount").parse().unwrap_or_default(),
            scenario,
            parameter,
            pays,
            queries,
            cancels,
            outcome,
        };
        if known.is_some() {
            self.entries[index] = entry;
        } else {
            self.entries.push(entry);
            self.by_client_sn.insert(key, index);
        }
        Admission::New(index)
    }

    /// The entry that a query or a cancel means: by sn if one is given, else by client_sn.
    pub fn find(&mut self, terminal_sn: &str, fields: &Fields) -> Option<&mut Entry> {
        let index = match fields.text("sn") {
            Some(sn) => self.by_sn.get(sn),
            None => self.by_client_sn.get(&(terminal_sn.to_owned(), fields.needed("client_sn").to_owned())),
        };
        let entry = self.entries.get_mut(*index?)?;
        (entry.terminal_sn == terminal_sn).then_some(entry)
    }

    /// When the clock will next change something, once everything has caught up.
    pub fn next_change_ms(&self, now_ms: u64) -> Option<u64> {
        let orders = self.entries.iter().filter_map(|entry| match &entry.outcome {
            Outcome::Order(order) => order.next_change_ms(now_ms),
            _ => None,
        });
        orders.min()
    }
}

fn order_of(fields: &Fields, sn: String, now_ms: u64) -> Order {
    let by_barcode = match barcode::wallet_of(fields.needed("dynamic_id")) {
        Some(Wallet::Alipay) => "2",
        Some(Wallet::WeChat) | None => "3",
    };
    // A payway that the till names is taken at its word.
    let payway = fields.text("payway").unwrap_or(by_barcode);
    let mut order = Order::created(sn, payway.to_owned(), now_ms);
    order.subject = fields.needed("subject").to_owned();
    order.operator = fields.needed("operator").to_owned();
    order.description = fields.text("description").map(str::to_owned);
    order.reflect = fields.text("reflect").map(str::to_owned);
    order
}
