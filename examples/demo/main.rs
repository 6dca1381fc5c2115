//! A till's day against the built-in simulator of the gateway, through the C API: an activation, payments by barcode, one by
//! the till's own code, a partial refund. What the cashier sees, the verdict, and whether the customer's wallet agrees. Ends
//! with 1 when it does not.
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
use simulator::{Options, Simulator, DEFAULT_ACTIVATION_CODES};
use till::{Acting, Heard, Till};
use upay::abi::*;

/// How long a payment may take here before something must be wrong: the times below end far earlier.
const PATIENCE: Duration = Duration::from_secs(60);

struct Sale {
    zh: &'static str,
    en: &'static str,
    act: Act,
    fen: u64,
    subject: &'static str,
}

enum Act {
    /// With a barcode of this scenario, and its number.
    Pay(&'static str, u16),
    /// The till shows a code, and the customer scans it and pays.
    ShowCode,
    /// Of the order of an earlier sale.
    Refund { of: usize },
}

const SALES: [Sale; 7] = [
    Sale {
        zh: "顾客一次付款成功", en: "paid at once", act: Act::Pay("paid-at-once", 0), fen: 1250, subject: "披萨"
    },
    Sale {
        zh: "顾客输入密码",
        en: "the customer types a password",
        act: Act::Pay("paid-after", 25),
        fen: 32_000,
        subject: "家庭套餐",
    },
    Sale {
        zh: "付款码已过期",
        en: "the code has expired",
        act: Act::Pay("expired-barcode", 0),
        fen: 880,
        subject: "咖啡",
    },
    Sale {
        zh: "已付款，但答复丢失",
        en: "paid, but the reply is lost",
        act: Act::Pay("reply-lost-paid", 0),
        fen: 4600,
        subject: "面条",
    },
    Sale {
        zh: "顾客一直没有付款",
        en: "never paid, so cancelled",
        act: Act::Pay("never-paid", 0),
        fen: 1500,
        subject: "沙拉",
    },
    Sale {
        zh: "顾客扫收款码付款",
        en: "the customer scans the till's code",
        act: Act::ShowCode,
        fen: 2800,
        subject: "寿司",
    },
    Sale {
        zh: "退回第一笔的一部分",
        en: "a part of the first one goes back",
        act: Act::Refund { of: 0 },
        fen: 250,
        subject: "披萨",
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
    screen::opening(&gateway.url(), SALES.len());
    let till = Till::open(&gateway.url(), DEFAULT_ACTIVATION_CODES[0])?;
    screen::activated(DEFAULT_ACTIVATION_CODES[0], &till.get("terminal_sn")?);
    let mut wrong = 0;
    let mut client_sns: Vec<String> = Vec::new();
    for (number, sale) in SALES.iter().enumerate() {
        screen::sale(number + 1, SALES.len(), sale);
        let acting = match sale.act {
            Act::Pay(name, parameter) => {
                till.pay(sale.fen, &scenario::named(name).barcode(parameter), sale.subject)?
            }
            Act::ShowCode => till.precreate(sale.fen, sale.subject)?,
            Act::Refund { of } => till.refund(&client_sns[of], sale.fen)?,
        };
        let verdict = watch(&till, &gateway, &acting)?;
        let charged = charged_fen(&gateway, &acting.client_sn);
        let right = agrees(&verdict, sale, charged);
        screen::verdict(&verdict, charged, right);
        wrong += usize::from(!right);
        client_sns.push(acting.client_sn);
    }
    till.close()?;
    screen::closing(wrong, SALES.len());
    Ok(wrong)
}

/// Shows the news until the final one. The customer is quick to scan a code that is shown.
fn watch(till: &Till, gateway: &Simulator, acting: &Acting) -> Result<Heard, Box<dyn std::error::Error>> {
    let mut shown = false;
    loop {
        let heard = acting.next(PATIENCE)?;
        screen::event(&heard);
        if heard.outcome != UPAY_OUTCOME_PENDING {
            return Ok(heard);
        }
        if !heard.qr_code.is_empty() && !shown {
            shown = true;
            screen::code(&heard.qr_code, &till.picture(&heard.qr_code)?);
            gateway.scan_and_pay(&heard.qr_code)?;
        }
    }
}

fn charged_fen(gateway: &Simulator, client_sn: &str) -> u64 {
    gateway.ledger().order(client_sn).map_or(0, |order| order.charged_fen)
}

/// The till heard what the sale stands for, and the wallet lost what the till believes.
fn agrees(heard: &Heard, sale: &Sale, charged: u64) -> bool {
    let verdict = match heard.outcome {
        UPAY_OUTCOME_SUCCESS => Verdict::Paid,
        UPAY_OUTCOME_FAILED => Verdict::NotPaid,
        _ => Verdict::Unknown,
    };
    let paid = |fen| if verdict == Verdict::Paid { fen } else { 0 };
    match sale.act {
        Act::Pay(name, _) => {
            let told = scenario::named(name).told;
            told.contains(&verdict) && (verdict == Verdict::Unknown || charged == paid(sale.fen))
        }
        Act::ShowCode => verdict == Verdict::Paid && charged == sale.fen,
        Act::Refund { of } => verdict == Verdict::Paid && charged == SALES[of].fen - sale.fen,
    }
}
