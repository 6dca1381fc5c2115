//! The bodies of a till's requests.

use serde_json::json;

use crate::server::DEFAULT_TERMINAL_SN;

pub const AMOUNT_FEN: u64 = 1_234;

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
