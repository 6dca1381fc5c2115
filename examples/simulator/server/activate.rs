//! What activation and check-in do and answer: how a terminal comes by its keys.

use super::clock::Ticket;
use super::delivery::{Delivery, Refusal};
use super::desk::Desk;
use super::fields::Fields;
use super::reply::{self, text};
use super::row::{self, Chosen};
use super::sign::Terminal;
use super::terminal_story::{self, KeyAnswer, TerminalStory};
use super::terminals::{self, Signer};

/// The result_code of an activation whose reply has one. The documents have none; others have recorded this.
const ACTIVATED: &str = "ACTIVATE_SUCCESS";
const CHECKED_IN: &str = "TERMINAL_CHECKIN_SUCCESS";
/// The merchant and the store of every simulated terminal.
const MERCHANT: [(&str, &str); 4] = [
    ("merchant_sn", "1680000000001"),
    ("merchant_name", "模拟商户"),
    ("store_sn", "1580000000001"),
    ("store_name", "模拟门店"),
];

impl Desk {
    pub(super) fn activate(&self, signer: &Signer, fields: &Fields) -> Result<Delivery, Refusal> {
        let code = fields.needed("code");
        let tagged = row::choose(terminal_story::all(), row::OWN, [Some(code)]).map_err(Refusal::invalid)?;
        let story = tagged.unwrap_or_else(terminal_story::ordinary);
        let ticket = self.holds.ticket();
        let (row, made) = self.write(|book, _| {
            let terminals = &mut book.terminals;
            let is_code = terminals.is_code(code, tagged.is_some());
            let activation = terminals.activation(code);
            let row = story.row_for(activation.received);
            if !row.done {
                return (row, None);
            }
            if !is_code || activation.terminal_sn.is_some() {
                return (row, Some(Err("ACTIVATE_FAIL")));
            }
            let terminal = terminals.create(signer.vendor, fields.needed("device_id"));
            terminals.activations.iter_mut().filter(|activation| activation.code == code).for_each(|activation| {
                activation.terminal_sn = Some(terminal.terminal_sn.clone());
            });
            (row, Some(Ok(terminal)))
        });
        let delivery = deliver(row, made, ACTIVATED).noted(format!("activate {}", row.name));
        Ok(self.after_story(ticket, row, story, delivery))
    }

    pub(super) fn checkin(&self, signer: &Signer, fields: &Fields) -> Result<Delivery, Refusal> {
        let device_id = fields.needed("device_id");
        let story = row::choose(terminal_story::all(), row::OWN, [Some(device_id)])
            .map_err(Refusal::invalid)?
            .unwrap_or_else(terminal_story::ordinary);
        let ticket = self.holds.ticket();
        let (row, made) = self.write(|book, _| {
            let Some(known) = book.terminals.find(&signer.serial_number) else {
                return (story.row, Some(Err("TERMINAL_NOT_EXISTS")));
            };
            let received = known.checkins.entry(device_id.to_owned()).or_default();
            *received += 1;
            let row = story.row_for(*received);
            if !row.done {
                return (row, None);
            }
            let terminal = Terminal { terminal_sn: known.terminal_sn.clone(), terminal_key: known.renew_key() };
            (row, Some(Ok(terminal)))
        });
        let delivery = deliver(row, made, CHECKED_IN).noted(format!("{} {}", signer.serial_number, row.name));
        Ok(self.after_story(ticket, row, story, delivery))
    }

    /// Delivers as the row says.
    pub(super) fn after_story(
        &self,
        ticket: Ticket,
        row: &TerminalStory,
        story: Chosen<TerminalStory>,
        delivery: Delivery,
    ) -> Delivery {
        match self.hold_back(ticket, if row.slow { story.time_ms() } else { 0 }) {
            Ok(_) => delivery.over(row.wire),
            Err(nothing) => nothing,
        }
    }
}

/// The reply to a request that made a terminal or a key, was refused (`Some(Err)`), or came to nothing (`None`).
fn deliver(row: &TerminalStory, made: Option<Result<Terminal, &'static str>>, result_code: &str) -> Delivery {
    if let KeyAnswer::RequestError(result_code, error_code, http_status) = row.answer {
        let body = reply::request_error(result_code, error_code, reply::message_of(error_code));
        return Delivery::json(body).with_status(http_status);
    }
    match made {
        None => Delivery::page(500, "nobody reads this"),
        Some(Err(error_code)) => {
            Delivery::json(reply::request_error("400", error_code, reply::message_of(error_code)))
        }
        Some(Ok(terminal)) => Delivery::json(keyed(row.answer, terminal, result_code)),
    }
}

/// The reply that carries a key.
fn keyed(answer: KeyAnswer, mut terminal: Terminal, result_code: &str) -> String {
    if answer == KeyAnswer::AnotherTerminal {
        terminal.terminal_sn = reply::another(&terminal.terminal_sn);
        terminal.terminal_key = terminals::key_text(&terminal.terminal_sn, 1);
    }
    let mut fields = vec![("terminal_sn", text(&terminal.terminal_sn))];
    if answer != KeyAnswer::WithoutKey {
        fields.push(("terminal_key", text(&terminal.terminal_key)));
    }
    fields.extend(MERCHANT.map(|(name, value)| (name, text(value))));
    match answer {
        KeyAnswer::Nested => reply::done(result_code, None, reply::object(&fields)),
        KeyAnswer::LooseTypes => {
            // Only what is a number can be written as one.
            if terminal.terminal_sn.bytes().all(|byte| byte.is_ascii_digit()) {
                fields[0].1 = terminal.terminal_sn;
            }
            fields.push(("error_code", "null".to_owned()));
            fields.push(("client_sn", "null".to_owned()));
            fields.push(("status", "1".to_owned()));
            reply::in_first_layer(&fields)
        }
        _ => reply::in_first_layer(&fields),
    }
}
