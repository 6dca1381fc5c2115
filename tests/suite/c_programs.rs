//! The promises of the ABI, each held to by a C program in `tests/c` that knows nothing but the header.
//!
//! A program gets the address of a simulator of its own and an empty directory, and ends with 0 when the promise was
//! kept. `UPAY_TEST_VALGRIND=1` runs them under valgrind, `UPAY_TEST_ASAN=1` with gcc's address sanitizer.
#![cfg(unix)]

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{channel, Receiver};
use std::thread;
use std::time::Duration;

use super::bindings::root;
use super::header::{built, declared};
use super::simulator::{Options, Simulator};
use super::skipped::{is_set, not_installed, skipped, skipped_in_a_quick_run};

/// A program that takes longer hangs: its own waits end earlier, and say what never came.
pub const LIMIT: Duration = Duration::from_secs(240);
/// Valgrind runs one thread at a time, many times slower.
const LIMIT_UNDER_VALGRIND: Duration = Duration::from_secs(1800);
/// How long the simulator waits for a request that must come.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program's name, and what it keeps the library to.
macro_rules! programs {
    ($($name:ident: $promise:ident),+ $(,)?) => {
        $(
            mod $name {
                #[test]
                fn $promise() {
                    super::keeps_its_promise(stringify!($name));
                }
            }
        )+
    };
}

programs![
    after_stop: a_stopped_client_says_closed_and_leaves_its_journal_to_the_next,
    bad_input: bad_input_is_refused_by_the_fields_name_and_nothing_is_sent,
    buffers: a_buffer_gets_the_whole_text_or_nothing,
    double_free: a_handle_can_be_freed_twice,
    encodings: text_goes_in_and_comes_out_in_the_tills_encoding,
    events: a_copy_of_an_event_outlives_callback_and_client,
    forked: every_call_in_a_forked_child_fails_and_none_hangs,
    hammer: no_calls_from_any_threads_crash_hang_or_leak,
    limits: each_limit_says_its_name_and_takes_nothing,
    log_without_locks: a_log_function_may_call_the_library,
    made_up_handles: a_handle_that_the_library_did_not_make_is_refused,
    null_arguments: null_is_refused_where_the_header_gives_it_no_meaning,
    one_final_one_drop: an_action_that_was_taken_has_one_final_event_and_one_drop,
    pull_form: without_functions_each_event_is_handed_out_once,
    reentrant: a_callback_may_call_everything_but_stop_and_wait,
    secrets: no_secret_gets_into_the_log_an_error_an_event_or_a_file,
    shared_by_32_threads: one_client_gives_every_thread_the_right_verdict,
    state_private: the_journal_is_for_its_owner_alone,
    stop_while_held: a_stop_does_not_wait_for_the_gateway,
    stop_while_paying: a_pay_call_that_meets_a_stop_is_refused_or_ended,
    threads_bounded: a_thousand_waiting_payments_need_a_handful_of_threads,
    wrong_type: a_handle_of_another_type_is_refused,
];

fn keeps_its_promise(name: &'static str) {
    if skipped_under_valgrind(name) || (LOADS.contains(&name) && skipped_in_a_quick_run(name)) {
        return;
    }
    if let Some(bench) = Bench::set_up(name) {
        bench.run(&[]);
        bench.clear();
    }
}

/// A function that is new in the header is called with every bad handle, and in a forked child, from its first day on.
#[test]
fn no_function_of_the_header_is_left_out() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let calls = ["tests/c/check.h", "tests/c/every_call.h", "tests/c/forked.c"].map(read).concat();
    let left_out: Vec<_> = declared().into_iter().filter(|name| !calls.contains(&format!("{name}("))).collect();
    assert!(left_out.is_empty(), "in none of check.h, every_call.h and forked.c: {left_out:?}");
}

mod killed {
    use super::*;

    /// The till dies after the customer was charged and before it has heard of it.
    #[test]
    fn a_payment_is_sent_once_and_the_next_start_finds_out_how_it_ended() {
        if skipped_under_valgrind("killed") {
            return;
        }
        let Some(bench) = Bench::set_up("killed") else {
            return;
        };
        let mut till = bench.start(&["pay"]);
        let charged = bench.simulator.wait_for(|ledger| ledger.charged_fen == 1250, PATIENCE);
        bench.run(&["locked"]);
        till.child.kill().expect("the till can be killed");
        till.child.wait().expect("the till ends");
        charged.unwrap_or_else(|ledger| panic!("the payment never arrived: {ledger:?}\n{}", till.output(LIMIT)));
        bench.run(&["resume"]);
        bench.run(&["again"]);
        let ledger = bench.simulator.ledger();
        assert_eq!(ledger.order("killed").map(|order| order.pays), Some(1), "{ledger:?}");
        assert_eq!(ledger.charged_fen, 1250);
        bench.clear();
    }
}

/// Many payments, calls or threads, for many seconds.
const LOADS: &[&str] = &["hammer", "limits", "log_without_locks", "threads_bounded"];

/// What valgrind cannot judge, and why. AddressSanitizer runs all of them.
const NOT_UNDER_VALGRIND: &[(&str, &str)] = &[
    ("forked", "it ends processes in the middle of their work"),
    ("killed_anywhere", "it ends processes in the middle of their work"),
    ("killed", "it ends processes in the middle of their work"),
    ("hammer", "a load of many threads, of which valgrind runs one at a time"),
    ("limits", "ten thousand payments, of which valgrind runs one thread at a time"),
    ("threads_bounded", "a load of a thousand payments, of which valgrind runs one thread at a time"),
    ("log_without_locks", "a load of many thousand queries, of which valgrind runs one thread at a time"),
];

pub fn skipped_under_valgrind(name: &str) -> bool {
    let row = NOT_UNDER_VALGRIND.iter().find(|(program, _)| *program == name && is_set("UPAY_TEST_VALGRIND"));
    if let Some((_, why)) = row {
        skipped(&format!("{name} under valgrind"), why);
    }
    row.is_some()
}

/// To the person at the terminal, past the test harness, which keeps a passing test's output to itself.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// One program, compiled, with what it needs.
pub struct Bench {
    name: &'static str,
    pub directory: PathBuf,
    pub simulator: Simulator,
}

impl Bench {
    /// `None` when there is no C compiler; the terminal then says so.
    pub fn set_up(name: &'static str) -> Option<Bench> {
        Self::with(name, Options { port: 0, quiet: true, ..Options::default() })
    }

    pub fn with(name: &'static str, options: Options) -> Option<Bench> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let own = format!("{name}-{}-{number}", std::process::id());
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(own);
        fs::create_dir_all(directory.join("state")).unwrap();
        let simulator = Simulator::start(options).unwrap();
        let bench = Bench { name, directory, simulator };
        bench.compile().then_some(bench)
    }

    fn program(&self) -> PathBuf {
        self.directory.join(self.name)
    }

    /// False when there is no C compiler.
    fn compile(&self) -> bool {
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut command = Command::new(&compiler);
        command.args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread", "-g"]);
        if is_set("UPAY_TEST_ASAN") {
            command.arg("-fsanitize=address");
        }
        if is_set("UPAY_TEST_VALGRIND") {
            command.arg("-DUNDER_VALGRIND");
        }
        command.arg("-I").arg(root().join("include")).arg(root().join("tests/c").join(format!("{}.c", self.name)));
        command.arg("-o").arg(self.program()).arg("-L").arg(built()).arg("-lupay");
        match command.output() {
            Ok(output) => {
                assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
                true
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                not_installed(self.name, "a C compiler");
                false
            }
            Err(error) => panic!("{command:?}: {error}"),
        }
    }

    fn start(&self, part: &[&str]) -> Program {
        let mut command = self.command();
        command.arg(self.simulator.url()).arg(self.directory.join("state")).args(part);
        Program::of(command)
    }

    /// The program, without its arguments.
    pub fn command(&self) -> Command {
        let mut command = if is_set("UPAY_TEST_VALGRIND") {
            let mut valgrind = Command::new("valgrind");
            valgrind.args([
                "--quiet",
                "--error-exitcode=99",
                "--leak-check=full",
                "--errors-for-leak-kinds=definite",
            ]);
            valgrind.arg(self.program());
            valgrind
        } else {
            Command::new(self.program())
        };
        // The library's name is found where cargo has put it, whatever is installed on this machine.
        command.env("LD_LIBRARY_PATH", built()).env("DYLD_LIBRARY_PATH", built());
        command.current_dir(&self.directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end, which has to be a good one.
    fn run(&self, part: &[&str]) {
        let limit = if is_set("UPAY_TEST_VALGRIND") { LIMIT_UNDER_VALGRIND } else { LIMIT };
        let mut program = self.start(part);
        let output = program.output(limit);
        let status = program.child.wait().expect("the program ends");
        assert!(status.success(), "{} {part:?}: {status}\n{output}", self.name);
        for line in output.lines().filter_map(|line| line.strip_prefix("SKIPPED ")) {
            let (what, why) = line.split_once(": ").expect("SKIPPED what: why");
            skipped(what, why);
        }
    }

    /// What a failing test leaves behind stays, to be looked at.
    pub fn clear(self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A program that runs, and what it says. Only stderr: nothing is said on stdout.
pub struct Program {
    pub child: Child,
    said: Receiver<String>,
}

impl Program {
    pub fn of(mut command: Command) -> Program {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stderr = child.stderr.take().expect("it is piped");
        let (tell, said) = channel();
        let listen = move || {
            let mut bytes = Vec::new();
            // What could be read until then is worth showing.
            let _ = stderr.read_to_end(&mut bytes);
            let _ = tell.send(String::from_utf8_lossy(&bytes).into_owned());
        };
        thread::Builder::new().spawn(listen).expect("a thread to listen to the program");
        Program { child, said }
    }

    /// All that it says until its end; killed, and only it, when that takes longer than `limit`.
    pub fn output(&mut self, limit: Duration) -> String {
        self.said.recv_timeout(limit).unwrap_or_else(|_| {
            let _ = self.child.kill();
            let said = self.said.recv_timeout(PATIENCE).unwrap_or_default();
            format!("killed after {} s\n{said}", limit.as_secs())
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that failed in between leaves no till behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
