//! The table of what the tag of an activation, a check-in or an echo makes the gateway and the wire do.

#[path = "scenarios/terminal.rs"]
mod rows;

use super::row::{Chosen, Parameter, Row};
use super::scenario::Wire;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct TerminalStory {
    pub number: u8,
    pub name: &'static str,
    pub parameter: Parameter,
    /// What happens, in one sentence; `n` is the parameter.
    pub does: &'static str,
    /// Whether the gateway does what it is asked for.
    pub done: bool,
    pub answer: KeyAnswer,
    pub wire: Wire,
    /// Whether the answer is held back for n.
    pub slow: bool,
}

/// What the answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAnswer {
    /// The terminal's fields right in biz_response, which has no result_code: as public documentation shows it.
    Flat,
    /// A result_code, and the fields in biz_response.data: as others have recorded it.
    Nested,
    /// Flat, and numbers where text is usual, among strangers.
    LooseTypes,
    /// Flat, but no terminal_key.
    WithoutKey,
    /// Flat, but the terminal_sn and key of a terminal of somebody else.
    AnotherTerminal,
    /// A top-level error of this result_code and error_code, under this HTTP status.
    RequestError(&'static str, &'static str, u16),
}

/// A row in which nothing goes wrong.
const PLAIN: TerminalStory = TerminalStory {
    number: 0,
    name: "",
    parameter: Parameter::Ignored,
    does: "",
    done: true,
    answer: KeyAnswer::Flat,
    wire: Wire::Whole,
    slow: false,
};

/// Every story, by number.
pub fn all() -> impl Iterator<Item = &'static TerminalStory> {
    rows::ROWS.iter()
}

/// The story of a request without a tag.
pub fn ordinary() -> Chosen<TerminalStory> {
    Chosen { row: &rows::ROWS[0], n: 0 }
}

impl Chosen<TerminalStory> {
    /// The row for the request that is received as number `received`: an ordinary one once n requests are over.
    pub fn row_for(&self, received: u32) -> &'static TerminalStory {
        if self.row.parameter == Parameter::Count && !self.among_first_n(received) {
            ordinary().row
        } else {
            self.row
        }
    }
}

impl Row for TerminalStory {
    fn number(&self) -> u8 {
        self.number
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn parameter(&self) -> Parameter {
        self.parameter
    }
}
