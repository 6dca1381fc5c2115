//! An event's fields by key: this library's own words, and the gateway's, which never stand in for them.

use crate::gateway::reply::Reply;
use crate::record::{OrderKey, Report};

/// Words of this library: an order's field of the same name does not get in.
const OWN: &[&str] = &[
    "phase",
    "queries",
    "elapsed_ms",
    "remaining_ms",
    "http_status",
    "result_code",
    "error_code",
    "error_message",
    "biz_result_code",
    "biz_error_code",
    "biz_error_message",
    "message_zh",
    "message_en",
    "tried",
];

#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    pub fn of_report(report: &Report) -> Self {
        let mut fields = Self::default();
        match report.key.order() {
            OrderKey::Sn(sn) => fields.add("sn", Some(sn)),
            key => fields.add("client_sn", key.client_sn()),
        }
        fields.add("refund_request_no", report.key.refund_request_no());
        fields.add("phase", Some(report.phase.name()));
        fields.add("queries", Some(report.queries));
        fields.add("elapsed_ms", Some(report.elapsed_ms));
        fields.add("remaining_ms", report.remaining_ms);
        fields.add("tried", report.tried.as_deref());
        if let Some(reply) = &report.reply {
            fields.add_reply(reply);
        }
        fields
    }

    /// Of the library's own words; absent ones are left out.
    pub fn add(&mut self, key: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.push((key.to_owned(), value.to_string()));
        }
    }

    /// All three layers of a reply.
    pub fn add_reply(&mut self, reply: &Reply) {
        self.add("result_code", reply.result_code.as_deref());
        self.add("error_code", reply.error_code.as_deref());
        self.add("error_message", reply.error_message.as_deref());
        self.add("biz_result_code", reply.biz_result_code.as_deref());
        self.add("biz_error_code", reply.biz_error_code.as_deref());
        self.add("biz_error_message", reply.biz_error_message.as_deref());
        self.add_data(&reply.data);
    }

    /// What the gateway says of the order.
    pub fn add_data(&mut self, data: &[(String, String)]) {
        let ours = |key: &str| OWN.contains(&key) || self.get(key).is_some();
        let theirs: Vec<_> = data.iter().filter(|(key, _)| !ours(key)).cloned().collect();
        self.0.extend(theirs);
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        let field = self.0.iter().find(|(name, _)| name == key);
        field.map(|(_, value)| value.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
