//! The ledger: what tests and developers compare a till's verdicts with.

use super::book::{Book, Counters, Outcome};
use super::order::Money;
use super::reply::{object, text};

/// Orders and money at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// One for each client_sn that pay was called for, in the order of their first arrival.
    pub orders: Vec<LedgerOrder>,
    /// What all wallets together are out of pocket.
    pub charged_fen: u64,
    /// Requests to the gateway's own paths, refused ones included.
    pub requests: u64,
    /// Requests that were answered 400 because something was wrong with them: always a till's mistake.
    pub refused: u64,
    /// Requests that came to where a redirect had pointed.
    pub redirects_followed: u64,
}

/// What is known about one client_sn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerOrder {
    pub client_sn: String,
    pub terminal_sn: String,
    /// The gateway's number; `None` if the gateway knows no such order, or not yet.
    pub sn: Option<String>,
    /// `None` if the gateway knows no such order, or not yet.
    pub order_status: Option<&'static str>,
    pub total_amount: u64,
    /// What the customer's wallet is out of pocket now.
    pub charged_fen: u64,
    /// Whether money was ever taken, even if it has been given back.
    pub paid_ever: bool,
    /// The name of the scenario.
    pub scenario: &'static str,
    pub parameter: u16,
    /// Pay requests received, the lost ones too. More than one is a till's mistake.
    pub pays: u32,
    pub queries: u32,
    pub cancels: u32,
    /// Whether the pay request was received here and the gateway does not know of it, or not yet.
    pub lost: bool,
}

impl Ledger {
    pub(super) fn of(book: &mut Book, now_ms: u64) -> Ledger {
        let Counters { requests, refused, redirects_followed } = book.counters;
        let mut ledger = Ledger { requests, refused, redirects_followed, ..Ledger::default() };
        for entry in &mut book.entries {
            let order = entry.order(now_ms);
            let known = order.map(|order| (order.sn.clone(), order.status.order_status(), order.money));
            let (sn, order_status, money) = match known {
                Some((sn, order_status, money)) => (Some(sn), Some(order_status), money),
                None => (None, None, Money::NotTaken),
            };
            let charged_fen = if money == Money::Taken { entry.total_amount } else { 0 };
            ledger.charged_fen += charged_fen;
            ledger.orders.push(LedgerOrder {
                client_sn: entry.client_sn.clone(),
                terminal_sn: entry.terminal_sn.clone(),
                lost: sn.is_none() && !matches!(entry.outcome, Outcome::Refused),
                sn,
                order_status,
                total_amount: entry.total_amount,
                charged_fen,
                paid_ever: money != Money::NotTaken,
                scenario: entry.scenario.name,
                parameter: entry.parameter,
                pays: entry.pays,
                queries: entry.queries,
                cancels: entry.cancels,
            });
        }
        ledger
    }

    /// The order of that client_sn, of whatever terminal.
    pub fn order(&self, client_sn: &str) -> Option<&LedgerOrder> {
        self.orders.iter().find(|order| order.client_sn == client_sn)
    }

    /// The client_sns whose pay request was received here and never reached the gateway, or has not yet.
    pub fn lost(&self) -> impl Iterator<Item = &str> {
        self.orders.iter().filter(|order| order.lost).map(|order| order.client_sn.as_str())
    }

    /// The same as JSON; amounts and counts are numbers.
    pub fn to_json(&self) -> String {
        let orders: Vec<String> = self.orders.iter().map(LedgerOrder::to_json).collect();
        let lost: Vec<String> = self.lost().map(text).collect();
        let totals = object(&[
            ("charged", self.charged_fen.to_string()),
            ("requests", self.requests.to_string()),
            ("refused", self.refused.to_string()),
            ("redirects_followed", self.redirects_followed.to_string()),
        ]);
        let orders = format!("[{}]", orders.join(",\n"));
        let lost = format!("[{}]", lost.join(","));
        object(&[("orders", orders), ("lost", lost), ("totals", totals)])
    }
}

impl LedgerOrder {
    fn to_json(&self) -> String {
        let or_null = |value: Option<&str>| value.map_or_else(|| "null".to_owned(), text);
        object(&[
            ("client_sn", text(&self.client_sn)),
            ("terminal_sn", text(&self.terminal_sn)),
            ("sn", or_null(self.sn.as_deref())),
            ("order_status", or_null(self.order_status)),
            ("total_amount", self.total_amount.to_string()),
            ("charged", self.charged_fen.to_string()),
            ("paid_ever", self.paid_ever.to_string()),
            ("scenario", text(self.scenario)),
            ("parameter", self.parameter.to_string()),
            ("pays", self.pays.to_string()),
            ("queries", self.queries.to_string()),
            ("cancels", self.cancels.to_string()),
            ("lost", self.lost.to_string()),
        ])
    }
}
