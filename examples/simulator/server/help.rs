//! The tables of stories as text.

use super::refund_story::{self, RefundStory, RefundVerdict};
use super::row::{Parameter, Row};
use super::scenario::{self, Charged, Scenario, Verdict};
use super::terminal_story::{self, TerminalStory};

const BARCODES: &str = "\
MAGIC BARCODES (dynamic_id of pay), 18 digits:

    13 99 SS NNNN ffffffff      WeChat
    28 99 SS NNNN ffffffff      Alipay

    SS        the scenario, see below
    NNNN      n: a time in units of 100 ms, or a count of requests
    ffffffff  free

An ordinary barcode (16 to 24 digits that begin with 10-15 or 25-30) is paid at once. Anything else is
INVALID_BARCODE. `till` is what a correct till says if a time n ends while it still asks; `wallet` is what
the customer has lost in the end.

";

const TAGS: &str = "
TAGS, where there is no barcode: a text somewhere in a field,

    [sim:NAME]      or by number, where room is scarce:      [sim:SS]
    [sim:NAME=N]                                             [sim:SS=N]

    N  n: a time in units of 100 ms, or a count of requests; 10 or 1 if it is left out

    precreate   in subject, or reflect       table PRECREATE; its queries and cancels go by it too
    refund      in refund_request_no, or     table REFUND; queries about the refund go by it too. The first request of a
                operator                     number decides for all of them
    pay and     [refund:NAME=N] in subject,  table REFUND; for the refunds of this order that have no tag
    precreate   or reflect
    activate    in code                      table TERMINAL; a code with a tag need not be given out, and makes one terminal
    checkin     in device_id                 table TERMINAL; n counts the check-ins with that device_id
    echo        in the field echo            table TERMINAL

A tag that is in no table is refused with INVALID_PARAMS. A subject of pay is not looked at for [sim:...].
";

const PRECREATE: &str = "
PRECREATE. The customer scans qr_code: POST /wallet/pay {\"qr_code\": \"...\"} pays an order that is CREATED. Besides
these rows, 60 to 89 of the table of barcodes.

";

const REFUND: &str = "
REFUND. `till` is what a till says that repeats under the same number, and asks for longer than n. Money never moves twice
for one refund_request_no of one order: what is done already is UPAY_REFUND_ORDER_NOOP, and REFUND_REQUEST_CONFLICT if the
amount is another one. One refund at a time: while one is REFUND_IN_PROGRESS or REFUND_ERROR the next number gets
UPAY_REFUND_INVALID_ORDER_STATE. A query about a number that is not known says TRADE_NOT_EXIST.

";

const TERMINAL: &str = "
TERMINAL. A check-in makes a new key; the newest and the one before it are valid, older ones are ILLEGAL_SIGN. So a second
reply in a row that is lost locks the terminal out.

";

/// All tables, with an introduction to each.
pub fn table() -> String {
    let mut text = String::from(BARCODES);
    text.push_str("SS  n      till               wallet   name and story\n");
    for scenario in scenario::all() {
        text.push_str(&scenario_row(scenario));
    }
    text.push_str(TAGS);
    text.push_str(PRECREATE);
    text.push_str("SS  n      till               wallet   name and story\n");
    for scenario in scenario::precreates().filter(|row| row.number < scenario::SHARED_FROM) {
        text.push_str(&scenario_row(scenario));
    }
    text.push_str(REFUND);
    text.push_str("SS  n      till                       moved    name and story\n");
    for story in refund_story::all() {
        text.push_str(&refund_row(story));
    }
    text.push_str(TERMINAL);
    text.push_str("SS  n      name and story\n");
    for story in terminal_story::all() {
        text.push_str(&terminal_row(story));
    }
    text
}

fn scenario_row(scenario: &Scenario) -> String {
    let told: Vec<&str> = scenario.told.iter().map(|verdict| verdict_word(*verdict)).collect();
    let wallet = match scenario.charged {
        Charged::Yes => "charged",
        Charged::No => "-",
        Charged::Depends => "depends",
    };
    let mut row =
        format!("{}{:<17}  {wallet:<7}  {}: {}\n", head(scenario), told.join(" or "), scenario.name, scenario.does);
    if !scenario.depends.is_empty() {
        row.push_str(&format!("{:39}({})\n", "", scenario.depends));
    }
    row
}

fn refund_row(story: &RefundStory) -> String {
    let told: Vec<&str> = story.told.iter().map(|verdict| refund_word(*verdict)).collect();
    let moved = match story.moved {
        Charged::Yes => "moved",
        Charged::No => "-",
        Charged::Depends => "depends",
    };
    format!("{}{:<25}  {moved:<7}  {}: {}\n", head(story), told.join(" or "), story.name, story.does)
}

fn terminal_row(story: &TerminalStory) -> String {
    format!("{}{}: {}\n", head(story), story.name, story.does)
}

/// Number and n.
fn head(row: &impl Row) -> String {
    let n = match row.parameter() {
        Parameter::Ignored => "-",
        Parameter::Time => "time",
        Parameter::Count => "count",
    };
    format!("{:02}  {n:<5}  ", row.number())
}

/// A verdict in a word.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Paid => "paid",
        Verdict::NotPaid => "not paid",
        Verdict::Unknown => "unknown",
    }
}

fn refund_word(verdict: RefundVerdict) -> &'static str {
    match verdict {
        RefundVerdict::Refunded => "refunded",
        RefundVerdict::NotRefunded => "not refunded",
        RefundVerdict::Unknown => "unknown",
    }
}
