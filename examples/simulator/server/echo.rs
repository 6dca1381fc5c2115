//! What a signed request without a meaning answers, for those who test that they can sign one and read the reply.

use serde_json::Value;

use super::delivery::{Delivery, Refusal};
use super::desk::Desk;
use super::http::Request;
use super::reply::{self, text};
use super::row;
use super::terminal_story::{self, KeyAnswer};
use super::terminals::Signer;

impl Desk {
    /// `body` is any JSON; its field `echo` comes back, and may have a tag.
    pub(super) fn echo(&self, signer: &Signer, request: &Request) -> Result<Delivery, Refusal> {
        let body: Value =
            serde_json::from_slice(&request.body).map_err(|_| Refusal::invalid("请求主体不是JSON".to_owned()))?;
        let echo = body["echo"].as_str();
        let story = row::choose(terminal_story::all(), row::OWN, [echo])
            .map_err(Refusal::invalid)?
            .unwrap_or_else(terminal_story::ordinary);
        let ticket = self.holds.ticket();
        let received = self.write(|book, _| {
            let received = book.echoes.entry((request.path.clone(), echo.map(str::to_owned))).or_default();
            *received += 1;
            *received
        });
        let row = story.row_for(received);
        let delivery = if let KeyAnswer::RequestError(result_code, error_code, http_status) = row.answer {
            let body = reply::request_error(result_code, error_code, reply::message_of(error_code));
            Delivery::json(body).with_status(http_status)
        } else {
            let data = reply::object(&[
                ("path", text(&request.path)),
                ("bytes", text(&request.body.len().to_string())),
                ("signer", text(&signer.serial_number)),
                ("received", text(&received.to_string())),
                ("echo", echo.map_or_else(|| "null".to_owned(), text)),
            ]);
            Delivery::json(reply::done("SUCCESS", None, data))
        };
        Ok(self.after_story(ticket, row, story, delivery.noted(row.name.to_owned())))
    }
}
