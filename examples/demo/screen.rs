//! What the demo shows: a timeline for each payment. Colours only where somebody watches.

use std::io::IsTerminal;

use upay::abi::*;

use crate::till::Heard;
use crate::Sale;

const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const BOLD: &str = "1";
const DIM: &str = "2";

fn paint(style: &str, text: &str) -> String {
    if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\x1b[{style}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

pub fn opening(url: &str, sales: usize) {
    let version = env!("CARGO_PKG_VERSION");
    println!("{}", paint(BOLD, &format!("libupay {version}: a till's day, {sales} steps through the C API")));
    println!("收款演示 · the gateway is the built-in simulator at {url}; no real money moves");
    println!("{}", paint(DIM, "pauses and time limits are shortened for the demo"));
}

pub fn activated(code: &str, terminal_sn: &str) {
    println!();
    println!("终端已激活 · activated with the code {code}: terminal {terminal_sn}");
}

pub fn sale(number: usize, of: usize, sale: &Sale) {
    println!();
    println!("{}", paint(BOLD, &format!("{number}/{of}  {} · {}", sale.zh, sale.en)));
    println!("     {}  {}", yuan(sale.fen), sale.subject);
}

/// A bitmap of one pixel a square, two rows of squares to a line of text.
pub fn code(text: &str, bitmap: &[u8]) {
    let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| bitmap[at + byte])) as usize;
    let (pixels, side) = (&bitmap[number(10)..], number(18));
    let row_bytes = side.div_ceil(32) * 4;
    // The lowest row comes first; in this picture's palette 0 is black.
    let dark = |row: usize, column: usize| {
        let byte = pixels[(side - 1 - row) * row_bytes + column / 8];
        byte & (0x80 >> (column % 8)) == 0
    };
    for row in (0..side).step_by(2) {
        let squares = (0..side).map(|column| match (dark(row, column), row + 1 < side && dark(row + 1, column)) {
            (true, true) => ' ',
            (true, false) => '▄',
            (false, true) => '▀',
            (false, false) => '█',
        });
        println!("                 {}", squares.collect::<String>());
    }
    println!("                 {}", paint(DIM, text));
}

pub fn event(heard: &Heard) {
    let seconds = heard.elapsed_ms as f64 / 1000.0;
    let style = colour(heard.outcome);
    println!("     {seconds:6.2} s  {}  {}", paint(style, &format!("{:<10}", heard.phase)), heard.zh);
    println!("                           {}", paint(DIM, &heard.en));
}

pub fn verdict(heard: &Heard, charged: u64, right: bool) {
    let words = match heard.outcome {
        UPAY_OUTCOME_SUCCESS if heard.action == UPAY_ACTION_REFUND => "已退款 · REFUNDED".to_owned(),
        UPAY_OUTCOME_SUCCESS => "已付款 · PAID".to_owned(),
        UPAY_OUTCOME_FAILED => format!("未扣款或已全额退回 · NOT PAID, nothing is owed (status {})", heard.status),
        _ => format!("结果未知 · NOBODY KNOWS (status {})", heard.status),
    };
    println!("     {}  {}", paint(BOLD, "结果 verdict"), paint(colour(heard.outcome), &words));
    println!("     {}  {}", paint(BOLD, "建议 advice "), advice(heard.advice));
    let (mark, style) = if right { ("✓ agrees", GREEN) } else { ("✗ DIFFERS", RED) };
    println!("     {}  {} {}", paint(BOLD, "账本 ledger "), yuan(charged), paint(style, mark));
}

pub fn closing(wrong: usize, of: usize) {
    println!();
    if wrong == 0 {
        println!("{}", paint(GREEN, &format!("全部一致 · all {of} verdicts agree with the customers' wallets")));
    }
}

fn colour(outcome: i32) -> &'static str {
    match outcome {
        UPAY_OUTCOME_SUCCESS => GREEN,
        UPAY_OUTCOME_FAILED => RED,
        UPAY_OUTCOME_PENDING => DIM,
        _ => YELLOW,
    }
}

fn yuan(fen: u64) -> String {
    format!("¥{}.{:02}", fen / 100, fen % 100)
}

fn advice(advice: i32) -> &'static str {
    match advice {
        UPAY_ADVICE_DELIVER => "交货 · hand over the goods",
        UPAY_ADVICE_RETRY => "用新订单重新收款 · start a new payment",
        UPAY_ADVICE_WAIT => "请稍候 · wait",
        UPAY_ADVICE_CALL_SUPPORT => "不要交货，联系收钱吧客服 · hand over no goods, call support",
        UPAY_ADVICE_FIX_REQUEST => "联系收银软件厂商 · call the till's maker",
        UPAY_ADVICE_CHECK_NETWORK => "检查网络 · check the network",
        UPAY_ADVICE_RETRY_SAME => "用同一单号重试 · try again under the same number",
        UPAY_ADVICE_BY_HAND => "人工处理 · settle it by hand",
        UPAY_ADVICE_ASK_CUSTOMER => "请顾客换码或换支付方式 · ask the customer for a fresh code or other means",
        _ => "无需操作 · nothing to do",
    }
}
