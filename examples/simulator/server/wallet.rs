//! The customer's wallet, scanning a code that a till shows.

use serde_json::Value;

use super::book::Book;
use super::delivery::Delivery;
use super::desk::Desk;
use super::order::Status;
use super::reply::{object, text};

impl Desk {
    /// Scans a code and pays. `Err` says why the wallet will not.
    pub fn scan_and_pay(&self, qr_code: &str) -> Result<String, &'static str> {
        self.write(|book, now_ms| scan(book, qr_code, now_ms))
    }

    /// The same for those who come by HTTP: `{"qr_code": "…"}`, unsigned, as a wallet does not ask the till's leave.
    pub(super) fn wallet_pay(&self, body: &[u8]) -> Delivery {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(qr_code) = body["qr_code"].as_str() else {
            return Delivery::json(object(&[("error", text("qr_code is missing"))])).with_status(400);
        };
        match self.scan_and_pay(qr_code) {
            Ok(client_sn) => Delivery::json(object(&[("paid", "true".to_owned()), ("client_sn", text(&client_sn))])),
            Err(reason) => {
                Delivery::json(object(&[("paid", "false".to_owned()), ("error", text(reason))])).with_status(409)
            }
        }
    }
}

fn scan(book: &mut Book, qr_code: &str, now_ms: u64) -> Result<String, &'static str> {
    for entry in &mut book.entries {
        let Some(order) = entry.order(now_ms) else {
            continue;
        };
        let Some(code) = order.qr_code.as_ref().filter(|code| code.text == qr_code) else {
            continue;
        };
        if !code.good {
            return Err("the wallet is turned away");
        }
        if order.status != Status::Created {
            return Err("the order is not waiting to be paid");
        }
        order.end_as(Status::Paid, now_ms);
        return Ok(entry.client_sn.clone());
    }
    Err("no such code")
}
