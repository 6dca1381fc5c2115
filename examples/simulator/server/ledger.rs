//! The ledger: what tests and developers compare a till's verdicts with.

use super::book::{Book, Counters, Entry, Outcome};
use super::order::{Money, Order};
use super::refunds::Refund;
use super::terminals::{Activation, Known, KEYS_VALID};

/// Orders and money at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// One for each client_sn that pay or precreate was called for, in the order of their first arrival.
    pub orders: Vec<LedgerOrder>,
    pub terminals: Vec<LedgerTerminal>,
    /// One for each activation code that was tried.
    pub activations: Vec<LedgerActivation>,
    /// What all wallets together are out of pocket, refunds taken off.
    pub charged_fen: u64,
    /// Requests to the gateway's own paths, refused ones included.
    pub requests: u64,
    /// Requests that were answered 400 because something was wrong with them: always a till's mistake.
    pub refused: u64,
    /// Requests that came to where a redirect had pointed.
    pub redirects_followed: u64,
    /// Cancels that came to /upay/v2/revoke.
    pub revokes: u64,
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
    /// What the customer's wallet is out of pocket now, refunds taken off.
    pub charged_fen: u64,
    /// Whether money was ever taken, even if it has been given back.
    pub paid_ever: bool,
    /// The name of the scenario.
    pub scenario: &'static str,
    pub parameter: u16,
    /// Pay requests received, the lost ones too. More than one is a till's mistake.
    pub pays: u32,
    /// Precreate requests received, the lost ones too.
    pub precreates: u32,
    pub queries: u32,
    pub cancels: u32,
    /// One for each refund_request_no, in the order of their first arrival.
    pub refunds: Vec<LedgerRefund>,
    /// What a wallet would scan, if the gateway made a code for this order.
    pub qr_code: Option<String>,
    /// Whether the request was received here and the gateway does not know of it, or not yet.
    pub lost: bool,
}

/// What is known about one refund_request_no of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRefund {
    pub refund_request_no: String,
    pub amount_fen: u64,
    /// The transaction's status; `None` if the gateway knows of no such refund, or not yet.
    pub status: Option<&'static str>,
    /// Refund requests received with this number, the lost ones too.
    pub received: u32,
    /// How often money moved. More than once would be a defect of the simulator.
    pub moved: u32,
    pub queries: u32,
    /// The name of the story.
    pub story: &'static str,
    pub parameter: u16,
}

/// What is known about one terminal. Its keys are known by their number, the first is 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerTerminal {
    pub terminal_sn: String,
    /// What it was activated with; `None` for one that was known from the start.
    pub device_id: Option<String>,
    /// Check-ins received with a right signature, the lost ones too.
    pub checkins: u32,
    pub keys: Vec<LedgerKey>,
}

/// What may be known about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerKey {
    pub number: usize,
    pub valid: bool,
    /// Requests that were let in with it.
    pub used: u64,
}

/// What is known about one activation code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerActivation {
    pub code: String,
    /// Activations received with this code and a right signature, the lost ones too.
    pub received: u32,
    /// The terminal that came of it.
    pub terminal_sn: Option<String>,
}

impl Ledger {
    pub(super) fn of(book: &mut Book, now_ms: u64) -> Ledger {
        let Counters { requests, refused, redirects_followed, revokes } = book.counters;
        let mut ledger = Ledger { requests, refused, redirects_followed, revokes, ..Ledger::default() };
        for entry in &mut book.entries {
            let order = LedgerOrder::of(entry, now_ms);
            ledger.charged_fen += order.charged_fen;
            ledger.orders.push(order);
        }
        ledger.terminals = book.terminals.list.iter().map(LedgerTerminal::of).collect();
        ledger.activations = book.terminals.activations.iter().map(LedgerActivation::of).collect();
        ledger
    }

    /// The order of that client_sn, of whatever terminal.
    pub fn order(&self, client_sn: &str) -> Option<&LedgerOrder> {
        self.orders.iter().find(|order| order.client_sn == client_sn)
    }

    pub fn terminal(&self, terminal_sn: &str) -> Option<&LedgerTerminal> {
        self.terminals.iter().find(|terminal| terminal.terminal_sn == terminal_sn)
    }

    /// The client_sns whose request for an order was received here and never reached the gateway, or has not yet.
    pub fn lost(&self) -> impl Iterator<Item = &str> {
        self.orders.iter().filter(|order| order.lost).map(|order| order.client_sn.as_str())
    }
}

impl LedgerOrder {
    fn of(entry: &mut Entry, now_ms: u64) -> LedgerOrder {
        let order: Option<Order> = entry.order(now_ms).map(|order| order.clone());
        let order = order.as_ref();
        LedgerOrder {
            client_sn: entry.client_sn.clone(),
            terminal_sn: entry.terminal_sn.clone(),
            sn: order.map(|order| order.sn.clone()),
            order_status: order.map(|order| order.status.order_status()),
            total_amount: entry.total_amount,
            charged_fen: order.map_or(0, Order::charged_fen),
            paid_ever: order.is_some_and(|order| order.money != Money::NotTaken),
            scenario: entry.scenario.name,
            parameter: entry.parameter,
            pays: entry.pays,
            precreates: entry.precreates,
            queries: entry.queries,
            cancels: entry.cancels,
            refunds: order.map(|order| order.refunds.iter().map(LedgerRefund::of).collect()).unwrap_or_default(),
            qr_code: order.and_then(|order| order.qr_code.as_ref()).map(|code| code.text.clone()),
            lost: order.is_none() && !matches!(entry.outcome, Outcome::Refused),
        }
    }

    /// The refund of that number.
    pub fn refund(&self, refund_request_no: &str) -> Option<&LedgerRefund> {
        self.refunds.iter().find(|refund| refund.refund_request_no == refund_request_no)
    }
}

impl LedgerRefund {
    fn of(refund: &Refund) -> LedgerRefund {
        LedgerRefund {
            refund_request_no: refund.refund_request_no.clone(),
            amount_fen: refund.amount_fen,
            status: refund.state.is_known().then(|| refund.state.transaction_status()),
            received: refund.received,
            moved: refund.moved,
            queries: refund.queries,
            story: refund.story.row.name,
            parameter: refund.story.n,
        }
    }
}

impl LedgerTerminal {
    fn of(known: &Known) -> LedgerTerminal {
        let first_valid = known.keys.len().saturating_sub(KEYS_VALID);
        let keys = known.keys.iter().enumerate();
        LedgerTerminal {
            terminal_sn: known.terminal_sn.clone(),
            device_id: known.device_id.clone(),
            checkins: known.checkins.values().sum(),
            keys: keys
                .map(|(index, key)| LedgerKey { number: index + 1, valid: index >= first_valid, used: key.used })
                .collect(),
        }
    }
}

impl LedgerActivation {
    fn of(activation: &Activation) -> LedgerActivation {
        LedgerActivation {
            code: activation.code.clone(),
            received: activation.received,
            terminal_sn: activation.terminal_sn.clone(),
        }
    }
}
