//! Five payments against the built-in simulator of the gateway, through the C API, as a till would take them: what the
//! cashier sees, the verdict, and whether the customer's wallet agrees. Ends with 1 when it does not.
//!
//! ```text
//! cargo run --example demo
//! ```

#[path = "../simulator/server.rs"]
mod simulator;

mod screen;
mod till;

use std::process::ExitCode;
use std::time::Duration;

use simulator::scenario::{self, Verdict};
use simulator::{Options, Simulator};
use till::{Heard, Till};
use upay::abi::*;

/// How long a payment may take here before something must be wrong: the times below end far earlier.
const PATIENCE: Duration = Duration::from_secs(60);

struct Sale {
    zh: &'static str,
    en: &'static str,
    scenario: &'static str,
    /// In the scenario's unit.
    parameter: u16,
    fen: u64,
    subject: &'static str,
}

const SALES: [Sale; 5] = [
    Sale {
        zh: "顾客一次付款成功",
        en: "paid at once",
        scenario: "paid-at-once",
        parameter: 0,
        fen: 1250,
        subject: "披萨",
    },
    Sale {
        zh: "顾客输入密码",
        en: "the customer types a password",
        scenario: "paid-after",
        parameter: 25,
        fen: 32_000,
        subject: "家庭套餐",
    },
    Sale {
        zh: "付款码已过期",
        en: "the code has expired",
        scenario: "expired-barcode",
        parameter: 0,
        fen: 880,
        subject: "咖啡",
    },
    Sale {
        zh: "已付款，但答复丢失",
        en: "paid, but the reply is lost",
        scenario: "reply-lost-paid",
        parameter: 0,
        fen: 4600,
        subject: "面条",
    },
    Sale {
        zh: "顾客一直没有付款",
        en: "never paid, so cancelled",
        scenario: "never-paid",
        parameter: 0,
        fen: 1500,
        subject: "沙拉",
    },
];

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(wrong) => {
            eprintln!("{wrong} of {} verdicts do not agree with the wallet", SALES.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize, Box<dyn std::error::Error>> {
    let gateway = Simulator::start(Options { port: 0, quiet: true, ..Options::default() })?;
    screen::opening(&gateway.url());
    let till = Till::open(&gateway.url())?;
    let mut wrong = 0;
    for (number, sale) in SALES.iter().enumerate() {
        let scenario = scenario::named(sale.scenario);
        let barcode = scenario.barcode(sale.parameter);
        screen::sale(number + 1, SALES.len(), sale, &barcode);
        let paying = till.pay(sale.fen, &barcode, sale.subject)?;
        let verdict = loop {
            let heard = paying.next(PATIENCE)?;
            screen::event(&heard);
            if heard.outcome != UPAY_OUTCOME_PENDING {
                break heard;
            }
        };
        let charged = charged_fen(&gateway, &paying.client_sn);
        let right = agrees(&verdict, scenario.told, charged, sale.fen);
        screen::verdict(&verdict, charged, right);
        wrong += usize::from(!right);
    }
    till.close()?;
    screen::closing(wrong, SALES.len());
    Ok(wrong)
}

fn charged_fen(gateway: &Simulator, client_sn: &str) -> u64 {
    gateway.ledger().order(client_sn).map_or(0, |order| order.charged_fen)
}

/// The till heard what the scenario stands for, and the wallet lost what the till believes.
fn agrees(verdict: &Heard, told: &[Verdict], charged: u64, fen: u64) -> bool {
    let heard = match verdict.outcome {
        UPAY_OUTCOME_SUCCESS => Verdict::Paid,
        UPAY_OUTCOME_FAILED => Verdict::NotPaid,
        _ => Verdict::Unknown,
    };
    let owed = if heard == Verdict::Paid { fen } else { 0 };
    told.contains(&heard) && (heard == Verdict::Unknown || charged == owed)
}
