//! The ledger as JSON: amounts and counts are numbers.

use super::ledger::{Ledger, LedgerActivation, LedgerKey, LedgerOrder, LedgerRefund, LedgerTerminal};
use super::reply::{object, text};

impl Ledger {
    /// The same as JSON; amounts and counts are numbers.
    pub fn to_json(&self) -> String {
        let orders: Vec<String> = self.orders.iter().map(LedgerOrder::to_json).collect();
        let lost: Vec<String> = self.lost().map(text).collect();
        let totals = object(&[
            ("charged", self.charged_fen.to_string()),
            ("requests", self.requests.to_string()),
            ("refused", self.refused.to_string()),
            ("redirects_followed", self.redirects_followed.to_string()),
            ("revokes", self.revokes.to_string()),
        ]);
        let orders = format!("[{}]", orders.join(",\n"));
        let terminals = list(&self.terminals, LedgerTerminal::to_json);
        let activations = list(&self.activations, LedgerActivation::to_json);
        let lost = format!("[{}]", lost.join(","));
        object(&[
            ("orders", orders),
            ("terminals", terminals),
            ("activations", activations),
            ("lost", lost),
            ("totals", totals),
        ])
    }
}

impl LedgerOrder {
    fn to_json(&self) -> String {
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
            ("precreates", self.precreates.to_string()),
            ("queries", self.queries.to_string()),
            ("cancels", self.cancels.to_string()),
            ("lost", self.lost.to_string()),
            ("qr_code", or_null(self.qr_code.as_deref())),
            ("refunds", list(&self.refunds, LedgerRefund::to_json)),
        ])
    }
}

impl LedgerRefund {
    fn to_json(&self) -> String {
        object(&[
            ("refund_request_no", text(&self.refund_request_no)),
            ("amount", self.amount_fen.to_string()),
            ("status", or_null(self.status)),
            ("received", self.received.to_string()),
            ("moved", self.moved.to_string()),
            ("queries", self.queries.to_string()),
            ("story", text(self.story)),
            ("parameter", self.parameter.to_string()),
        ])
    }
}

impl LedgerTerminal {
    fn to_json(&self) -> String {
        object(&[
            ("terminal_sn", text(&self.terminal_sn)),
            ("device_id", or_null(self.device_id.as_deref())),
            ("checkins", self.checkins.to_string()),
            ("keys", list(&self.keys, LedgerKey::to_json)),
        ])
    }
}

impl LedgerKey {
    fn to_json(&self) -> String {
        object(&[
            ("number", self.number.to_string()),
            ("valid", self.valid.to_string()),
            ("used", self.used.to_string()),
        ])
    }
}

impl LedgerActivation {
    fn to_json(&self) -> String {
        object(&[
            ("code", text(&self.code)),
            ("received", self.received.to_string()),
            ("terminal_sn", or_null(self.terminal_sn.as_deref())),
        ])
    }
}

fn list<T>(items: &[T], to_json: fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(to_json).collect::<Vec<_>>().join(","))
}

fn or_null(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), text)
}
