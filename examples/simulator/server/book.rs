//! The book of all orders, of all requests that should have become one, and of who may make them.

use std::collections::HashMap;

use super::barcode::{self, Wallet};
use super::fields::Fields;
use super::order::{Order, QrCode};
use super::refund_story::RefundStory;
use super::row::Chosen;
use super::scenario::{Course, Scenario};
use super::terminals::{Signer, Terminals};

/// The first sn is one more than this; the shape is that of the gateway's samples.
const SN_BASE: u64 = 7_894_259_244_000_000;
/// What a customer scans begins with this; nothing of that name can ever exist.
const QR_CODE_BASE: &str = "https://qr.simulator.invalid/";

/// How an order is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Pay,
    Precreate,
}

/// A client_sn that pay or precreate was called for. It is one for all terminals of a vendor.
pub struct Entry {
    pub call: Call,
    vendor: usize,
    pub terminal_sn: String,
    pub client_sn: String,
    pub total_amount: u64,
    pub scenario: &'static Scenario,
    pub parameter: u16,
    /// The story of those refunds that have none of their own.
    pub refund_story: Option<Chosen<RefundStory>>,
    pub pays: u32,
    pub precreates: u32,
    pub queries: u32,
    pub cancels: u32,
    pub outcome: Outcome,
}

/// What became of the request for an order.
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

    fn count(&mut self, call: Call) {
        match call {
            Call::Pay => self.pays += 1,
            Call::Precreate => self.precreates += 1,
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

/// What a request for an order is to lead to.
#[derive(Clone, Copy)]
pub struct Plot {
    pub call: Call,
    pub scenario: Chosen<Scenario>,
    pub refund_story: Option<Chosen<RefundStory>>,
}

/// Whether the book took a request for a new one.
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
    pub revokes: u64,
}

pub struct Book {
    pub entries: Vec<Entry>,
    pub terminals: Terminals,
    pub counters: Counters,
    /// How often a path has been asked to echo a text.
    pub echoes: HashMap<(String, Option<String>), u32>,
    /// Grows with every change that a request makes.
    pub version: u64,
    by_client_sn: HashMap<(usize, String), usize>,
    by_sn: HashMap<String, usize>,
}

impl Book {
    pub fn open(terminals: Terminals) -> Book {
        Book {
            entries: Vec::new(),
            terminals,
            counters: Counters::default(),
            echoes: HashMap::new(),
            version: 0,
            by_client_sn: HashMap::new(),
            by_sn: HashMap::new(),
        }
    }

    /// Enters a request for an order. At most one order ever comes of a client_sn.
    pub fn enter(&mut self, signer: &Signer, fields: &Fields, plot: Plot, now_ms: u64) -> Admission {
        let client_sn = fields.needed("client_sn");
        let key = (signer.vendor, client_sn.to_owned());
        let known = self.by_client_sn.get(&key).copied();
        let index = known.unwrap_or(self.entries.len());
        let mut entry = Entry {
            call: plot.call,
            vendor: signer.vendor,
            terminal_sn: signer.serial_number.clone(),
            client_sn: client_sn.to_owned(),
            total_amount: fields.amount("total_amount"),
            scenario: plot.scenario.row,
            parameter: plot.scenario.n,
            refund_story: plot.refund_story,
            pays: 0,
            precreates: 0,
            queries: 0,
            cancels: 0,
            outcome: Outcome::Lost,
        };
        if let Some(known) = self.entries.get_mut(index) {
            known.count(plot.call);
            // A request that was lost is one that the gateway cannot remember.
            if !matches!(known.outcome, Outcome::Lost) {
                return Admission::Conflict;
            }
            entry = Entry {
                pays: known.pays,
                precreates: known.precreates,
                queries: known.queries,
                cancels: known.cancels,
                ..entry
            };
        } else {
            entry.count(plot.call);
        }
        entry.outcome = match plot.scenario.row.course {
            Course::Lost => Outcome::Lost,
            Course::Refused => Outcome::Refused,
            course => {
                let sn = (SN_BASE + 1 + index as u64).to_string();
                self.by_sn.insert(sn.clone(), index);
                let order = order_of(plot.call, fields, sn, now_ms);
                order.meet(course, entry.n_ms()).map_or(Outcome::Refused, |order| Outcome::Order(Box::new(order)))
            }
        };
        if known.is_some() {
            self.entries[index] = entry;
        } else {
            self.entries.push(entry);
            self.by_client_sn.insert(key, index);
        }
        Admission::New(index)
    }

    /// The entry that a request about an order means: by sn if one is given, else by client_sn. Whichever terminal of the
    /// vendor made the order.
    pub fn find(&mut self, signer: &Signer, fields: &Fields) -> Option<&mut Entry> {
        let index = match fields.text("sn") {
            Some(sn) => self.by_sn.get(sn),
            None => self.by_client_sn.get(&(signer.vendor, fields.needed("client_sn").to_owned())),
        };
        let entry = self.entries.get_mut(*index?)?;
        (entry.vendor == signer.vendor).then_some(entry)
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

fn order_of(call: Call, fields: &Fields, sn: String, now_ms: u64) -> Order {
    let by_barcode = match barcode::wallet_of(fields.needed("dynamic_id")) {
        Some(Wallet::Alipay) => "2",
        Some(Wallet::WeChat) | None => "3",
    };
    let (sub_payway, qr_code) = match call {
        Call::Pay => ("1", None),
        Call::Precreate => ("2", Some(QrCode { text: format!("{QR_CODE_BASE}{sn}"), good: true })),
    };
    let mut order = Order::created(sn, fields.amount("total_amount"), now_ms);
    // A payway that the till names is taken at its word.
    order.payway = fields.text("payway").unwrap_or(by_barcode).to_owned();
    order.sub_payway = fields.text("sub_payway").unwrap_or(sub_payway).to_owned();
    order.qr_code = qr_code;
    order.subject = fields.needed("subject").to_owned();
    order.operator = fields.needed("operator").to_owned();
    order.description = fields.text("description").map(str::to_owned);
    order.reflect = fields.text("reflect").map(str::to_owned);
    order
}
