//! The least till that keeps money safe: it pays, asks, cancels, and comes to a verdict. The table is held against it.

use std::time::Duration;

use serde_json::{json, Value};

use super::client::{exchange, signed};
use crate::server::{Row, Scenario, Simulator, Verdict, DEFAULT_TERMINAL_SN};

pub const AMOUNT_FEN: u64 = 1_234;
/// How long the customer may take: a good deal more than the parameters that the tests use.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How often the till asks, and how often it cancels.
const TRIES: usize = 4;

pub struct Till<'a> {
    pub simulator: &'a Simulator,
    pub client_sn: String,
}

/// What a query proved.
enum Seen {
    Final(Verdict),
    NotExists,
    Open,
    Broken,
}

impl Till<'_> {
    pub fn pay(&self, scenario: &Scenario, parameter: u16) -> Verdict {
        let Some(reply) = self.call("pay", &pay_body(&self.client_sn, &scenario.barcode(parameter))) else {
            return self.settle();
        };
        let biz = &reply["biz_response"];
        match (reply["result_code"].as_str(), biz["result_code"].as_str()) {
            (Some("400"), _) | (_, Some("PAY_FAIL")) => Verdict::NotPaid,
            (_, Some("FAIL")) if biz["error_code"] != "CLIENT_SN_CONFLICT" => Verdict::NotPaid,
            (_, Some("PAY_SUCCESS")) if self.is_mine(biz) => Verdict::Paid,
            (_, Some("PAY_FAIL_ERROR")) => Verdict::Unknown,
            _ => self.settle(),
        }
    }

    /// Shows a code, which nobody but the scenario scans.
    pub fn precreate(&self, scenario: &Scenario, n: u16) -> Verdict {
        let body = precreate_body(&self.client_sn, &scenario.tag(n));
        let Some(reply) = self.call("precreate", &body) else {
            return self.settle();
        };
        let biz = &reply["biz_response"];
        match (reply["result_code"].as_str(), biz["result_code"].as_str()) {
            (Some("400"), _) | (_, Some("PRECREATE_FAIL")) => Verdict::NotPaid,
            (_, Some("FAIL")) if biz["error_code"] != "CLIENT_SN_CONFLICT" => Verdict::NotPaid,
            (_, Some("PRECREATE_FAIL_ERROR")) => Verdict::Unknown,
            _ => self.settle(),
        }
    }

    fn settle(&self) -> Verdict {
        self.wait_for_end();
        let mut not_exists = 0;
        for _ in 0..TRIES {
            match self.query() {
                Seen::Final(verdict) => return verdict,
                Seen::NotExists if not_exists == 1 => return Verdict::NotPaid,
                Seen::NotExists => not_exists += 1,
                Seen::Open | Seen::Broken => not_exists = 0,
            }
        }
        self.cancel()
    }

    fn cancel(&self) -> Verdict {
        for _ in 0..TRIES {
            let Some(reply) = self.call("cancel", &self.naming_body()) else {
                continue;
            };
            let biz = &reply["biz_response"];
            match (biz["result_code"].as_str(), biz["error_code"].as_str()) {
                (Some("CANCEL_SUCCESS" | "CANCEL_ABORT_SUCCESS"), _)
                | (Some("FAIL"), Some("UPAY_CANCEL_ORDER_NOOP")) => return Verdict::NotPaid,
                (Some("CANCEL_ERROR" | "CANCEL_ABORT_ERROR"), _) => return Verdict::Unknown,
                _ => {
                    self.wait_for_end();
                    if let Seen::Final(verdict) = self.query() {
                        return verdict;
                    }
                }
            }
        }
        Verdict::Unknown
    }

    fn query(&self) -> Seen {
        let Some(reply) = self.call("query", &self.naming_body()) else {
            return Seen::Broken;
        };
        let biz = &reply["biz_response"];
        if let Some("UPAY_ORDER_NOT_EXISTS" | "UPAY_ORDER_NOT_EXIST") = biz["error_code"].as_str() {
            return Seen::NotExists;
        }
        match biz["data"]["order_status"].as_str() {
            Some("PAID") if self.is_mine(biz) => Seen::Final(Verdict::Paid),
            Some("PAY_CANCELED" | "CANCELED" | "REFUNDED") => Seen::Final(Verdict::NotPaid),
            Some(_) => Seen::Open,
            None => Seen::Broken,
        }
    }

    fn is_mine(&self, biz: &Value) -> bool {
        let data = &biz["data"];
        let amount = data["total_amount"].as_u64();
        let amount = amount.or_else(|| data["total_amount"].as_str()?.parse().ok());
        data["client_sn"] == self.client_sn.as_str()
            && data["terminal_sn"] == DEFAULT_TERMINAL_SN
            && amount == Some(AMOUNT_FEN)
            && data["order_status"] == "PAID"
    }

    /// A till would ask every few seconds until something has happened. This one looks over the gateway's shoulder.
    fn wait_for_end(&self) {
        let is_at_its_end = |status| !matches!(status, "CREATED" | "CANCEL_INPROGRESS");
        let _ = self.simulator.wait_for(
            |ledger| ledger.order(&self.client_sn).and_then(|order| order.order_status).is_some_and(is_at_its_end),
            PATIENCE,
        );
    }

    fn call(&self, action: &str, body: &str) -> Option<Value> {
        exchange(&self.simulator.url(), &signed(&format!("/upay/v2/{action}"), body)).ok()?.json()
    }

    fn naming_body(&self) -> String {
        naming_body(&self.client_sn)
    }
}

pub fn pay_body(client_sn: &str, barcode: &str) -> String {
    json!({
        "terminal_sn": DEFAULT_TERMINAL_SN,
        "client_sn": client_sn,
        "total_amount": AMOUNT_FEN.to_string(),
        "dynamic_id": barcode,
        "subject": "达美乐披萨",
        "operator": "刘侃",
        "reflect": "桌号7",
    })
    .to_string()
}

pub fn precreate_body(client_sn: &str, reflect: &str) -> String {
    json!({
        "terminal_sn": DEFAULT_TERMINAL_SN,
        "client_sn": client_sn,
        "total_amount": AMOUNT_FEN.to_string(),
        "payway": "3",
        "subject": "达美乐披萨",
        "operator": "刘侃",
        "reflect": reflect,
    })
    .to_string()
}

pub fn naming_body(client_sn: &str) -> String {
    json!({ "terminal_sn": DEFAULT_TERMINAL_SN, "client_sn": client_sn }).to_string()
}
