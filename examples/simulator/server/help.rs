//! The table of scenarios as text.

use super::scenario::{self, Charged, Parameter, Scenario, Verdict};

const INTRODUCTION: &str = "\
MAGIC BARCODES (dynamic_id), 18 digits:

    13 99 SS NNNN ffffffff      WeChat
    28 99 SS NNNN ffffffff      Alipay

    SS        the scenario, see below
    NNNN      n: a time in units of 100 ms, or a count of requests
    ffffffff  free

An ordinary barcode (16 to 24 digits that begin with 10-15 or 25-30) is paid at once. Anything else is
INVALID_BARCODE. `till` is what a correct till says if a time n ends while it still asks; `wallet` is what
the customer has lost in the end.

";

/// The whole table, with an introduction.
pub fn table() -> String {
    let mut text = String::from(INTRODUCTION);
    text.push_str("SS  n      till               wallet   name and story\n");
    for scenario in scenario::all() {
        text.push_str(&row(scenario));
    }
    text
}

fn row(scenario: &Scenario) -> String {
    let n = match scenario.parameter {
        Parameter::Ignored => "-",
        Parameter::Time => "time",
        Parameter::Count => "count",
    };
    let told: Vec<&str> = scenario.told.iter().map(|verdict| verdict_word(*verdict)).collect();
    let wallet = match scenario.charged {
        Charged::Yes => "charged",
        Charged::No => "-",
        Charged::Depends => "depends",
    };
    let mut row = format!(
        "{:02}  {n:<5}  {:<17}  {wallet:<7}  {}: {}\n",
        scenario.number,
        told.join(" or "),
        scenario.name,
        scenario.does
    );
    if !scenario.depends.is_empty() {
        row.push_str(&format!("{:39}({})\n", "", scenario.depends));
    }
    row
}

/// A verdict in a word.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Paid => "paid",
        Verdict::NotPaid => "not paid",
        Verdict::Unknown => "unknown",
    }
}
