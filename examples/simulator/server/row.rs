//! What all tables of stories have in common: a row has a number and a name, and a tag in a text chooses it.
//!
//! A tag is `[sim:NAME]` or `[sim:NAME=N]`, with the row's number for its name where room is scarce: `[sim:30=2]`.

use super::scenario::TIME_UNIT_MS;

/// What an n means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    Ignored,
    /// A duration in units of 100 ms.
    Time,
    /// A number of requests.
    Count,
}

impl Parameter {
    /// What n is if a tag does not say: one second, or one request.
    pub fn sample(self) -> u16 {
        match self {
            Parameter::Ignored => 0,
            Parameter::Time => 10,
            Parameter::Count => 1,
        }
    }
}

/// A row of a table of stories.
pub trait Row: Copy + 'static {
    /// Two digits, unique in its table.
    fn number(&self) -> u8;
    /// Unique in its table, and as good as the number.
    fn name(&self) -> &'static str;
    fn parameter(&self) -> Parameter;

    /// The tag that chooses this row.
    fn tag(&self, n: u16) -> String {
        match self.parameter() {
            Parameter::Ignored => format!("[{OWN}:{}]", self.name()),
            _ => format!("[{OWN}:{}={n}]", self.name()),
        }
    }
}

/// A row with its n.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<R: Row> {
    pub row: &'static R,
    pub n: u16,
}

impl<R: Row> Chosen<R> {
    /// How long n is, if it is a time.
    pub fn time_ms(&self) -> u64 {
        match self.row.parameter() {
            Parameter::Time => u64::from(self.n) * TIME_UNIT_MS,
            Parameter::Ignored | Parameter::Count => 0,
        }
    }

    /// Whether a count is among the first n.
    pub fn among_first_n(&self, count: u32) -> bool {
        count <= u32::from(self.n)
    }
}

/// The word of a tag that is about the request that it stands in.
pub const OWN: &str = "sim";
/// The word of a tag, in an order's texts, that is about the refunds of that order.
pub const REFUND: &str = "refund";

/// The row that the first tag of that word in these texts asks for. A tag that asks for nothing known is an error: a test
/// that means a fault must not pass for want of one.
pub fn choose<'a, R: Row>(
    rows: impl Iterator<Item = &'static R>,
    word: &str,
    texts: impl IntoIterator<Item = Option<&'a str>>,
) -> Result<Option<Chosen<R>>, String> {
    let opening = format!("[{word}:");
    let Some((_, rest)) = texts.into_iter().flatten().find_map(|text| text.split_once(opening.as_str())) else {
        return Ok(None);
    };
    let tag = rest.split_once(']').map(|(tag, _)| tag).ok_or_else(|| format!("{opening}没有结束的]"))?;
    let (name, n) = match tag.split_once('=') {
        Some((name, n)) => (name, Some(n.parse::<u16>().map_err(|_| format!("{opening}{tag}]的{n}不是数字"))?)),
        None => (tag, None),
    };
    let number = if name.len() == 2 { name.parse::<u8>().ok() } else { None };
    let row = { rows }
        .find(|row| row.name() == name || Some(row.number()) == number)
        .ok_or_else(|| format!("{opening}{tag}]在表中不存在"))?;
    Ok(Some(Chosen { row, n: n.unwrap_or(row.parameter().sample()) }))
}
