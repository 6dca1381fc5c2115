//! The gateway simulator as a program: reads the command line, starts the server, and runs until it is killed.

use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

mod server;
#[cfg(test)]
mod tests;

use server::{
    help, Options, Simulator, Terminal, Vendor, DEFAULT_ACTIVATION_CODES, DEFAULT_PORT, DEFAULT_TERMINAL_KEY,
    DEFAULT_TERMINAL_SN, DEFAULT_VENDOR_KEY, DEFAULT_VENDOR_SN,
};

fn main() -> ExitCode {
    let command = match parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(message) => {
            eprintln!("{message}\n\n{}", usage());
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Help => write!(io::stdout(), "{}\n{}", usage(), help::table()),
        Command::Run(options) => run(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the help has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot listen: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
enum Command {
    Help,
    Run(Options),
}

fn run(options: Options) -> io::Result<()> {
    let simulator = Simulator::start(options)?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on {}", simulator.url())?;
    stdout.flush()?;
    loop {
        std::thread::park();
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut options = Options::default();
    let (mut terminals, mut vendors) = (Vec::new(), Vec::new());
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--quiet" => options.quiet = true,
            "--port" => options.port = parse_port(&value()?)?,
            "--host" => options.host = parse_host(&value()?)?,
            "--terminal" => {
                let (terminal_sn, terminal_key) = parse_signer(&value()?)?;
                terminals.push(Terminal { terminal_sn, terminal_key });
            }
            "--vendor" => {
                let (vendor_sn, vendor_key) = parse_signer(&value()?)?;
                vendors.push(Vendor { vendor_sn, vendor_key });
            }
            "--activation-code" => options.activation_codes.push(value()?),
            _ => return Err(format!("unknown argument: {argument}")),
        }
    }
    if !terminals.is_empty() {
        options.terminals = terminals;
    }
    if !vendors.is_empty() {
        options.vendors = vendors;
    }
    Ok(Command::Run(options))
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("not a port: {text}"))
}

fn parse_host(text: &str) -> Result<IpAddr, String> {
    let text = if text == "localhost" { "127.0.0.1" } else { text };
    match text.parse::<IpAddr>() {
        Ok(host) if host.is_loopback() => Ok(host),
        _ => Err(format!("not a loopback address: {text}")),
    }
}

fn parse_signer(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((serial_number, key)) if !serial_number.is_empty() && !key.is_empty() => {
            Ok((serial_number.to_owned(), key.to_owned()))
        }
        _ => Err(format!("not SN:KEY: {text}")),
    }
}

fn usage() -> String {
    let codes = DEFAULT_ACTIVATION_CODES.join(" ");
    format!(
        "\
A simulator of the UPay gateway, for tests and for those who build a till. No money moves.

USAGE: simulator [--port PORT] [--host ADDRESS] [--terminal SN:KEY]... [--vendor SN:KEY]...
                 [--activation-code CODE]... [--quiet]

    --port PORT             port to listen on, 0 for any (default {DEFAULT_PORT})
    --host ADDRESS          loopback address to listen on (default 127.0.0.1)
    --terminal SN:KEY       a terminal and its key; may be repeated; replaces the default one,
                            {DEFAULT_TERMINAL_SN}:{DEFAULT_TERMINAL_KEY}
    --vendor SN:KEY         a vendor and its key, for activation; may be repeated; replaces the default one,
                            {DEFAULT_VENDOR_SN}:{DEFAULT_VENDOR_KEY}
                            Terminals of one vendor share their client_sns and see each other's orders; those
                            of --terminal are the first vendor's.
    --activation-code CODE  a code that makes one terminal; may be repeated; besides
                            {codes}
    --quiet                 do not log a line to stderr for each request
    --help                  this text

The first line on stdout is `listening on http://127.0.0.1:PORT`. Runs until it is killed.

    POST /terminal/activate                 signed by a vendor; app_id is any
    POST /terminal/checkin                  signed by a terminal, with its newest key or the one before it
    POST /upay/v2/pay, /upay/v2/precreate, /upay/v2/query, /upay/v2/refund, /upay/v2/cancel, /upay/v2/revoke
    POST /echo/...                          any JSON, signed by a terminal or a vendor: SUCCESS with path, bytes,
                                            signer, how often it was received, and the field echo
    POST /wallet/pay    {{\"qr_code\": \"...\"}}  a customer scans the code of a precreate and pays; unsigned
    POST /clock         {{\"advance_ms\": n}}   puts the gateway's clock forward; unsigned. A PAID order of another
                                            Beijing day is not cancelled any more
    GET  /clock         what o'clock it is at the gateway, and how long until its midnight
    GET  /ledger        orders with their refunds, what every wallet is out of pocket now, terminals with the
                        numbers of their keys, activation codes, as JSON
    GET  /help          the tables below
"
    )
}
