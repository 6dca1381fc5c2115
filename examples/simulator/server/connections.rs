//! The connections: a thread for each, none left when they are stopped.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::clock::lock;
use super::delivery::Delivery;
use super::desk::Desk;
use super::http::{self, Received, Request};
use super::wire::{self, Afterwards};

/// How many connections may be open at once; who comes after that is told to come later.
pub const CONNECTIONS_MAX: usize = 2048;
/// How long a client may leave a reply unread.
const WRITE_MAX: Duration = Duration::from_secs(60);
/// Requests are small and nothing recurses, so a thread needs little.
const STACK_BYTES: usize = 256 * 1024;
/// Pause after a failed accept, which is most likely for want of file descriptors.
const ACCEPT_PAUSE_MS: u64 = 20;

/// All open connections of one simulator.
pub struct Connections {
    desk: Arc<Desk>,
    quiet: bool,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    next_id: u64,
    running: HashMap<u64, Connection>,
    /// Threads that have nothing left to do but end.
    ended: Vec<u64>,
}

struct Connection {
    /// Weak, because a connection is only closed when the last who owns it lets go.
    stream: Weak<TcpStream>,
    thread: JoinHandle<()>,
}

impl Connections {
    pub fn new(desk: Arc<Desk>, quiet: bool) -> Arc<Connections> {
        Arc::new(Connections { desk, quiet, threads: Mutex::default() })
    }

    /// Takes connections until the simulator stops.
    pub fn accept_all(self: &Arc<Connections>, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.desk.holds.stopping() {
                return;
            }
            match accepted {
                Ok((stream, _)) => self.open(stream),
                Err(_) => {
                    let holds = &self.desk.holds;
                    holds.hold(holds.ticket(), ACCEPT_PAUSE_MS);
                }
            }
        }
    }

    /// Closes every connection and waits for its thread. Nobody may be accepting any more.
    pub fn close_all(&self) {
        let running = std::mem::take(&mut lock(&self.threads).running);
        for connection in running.values() {
            if let Some(stream) = connection.stream.upgrade() {
                // It may have been closed from the other side.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        for connection in running.into_values() {
            let _ = connection.thread.join();
        }
    }

    fn open(self: &Arc<Connections>, stream: TcpStream) {
        self.join_ended();
        let mut threads = lock(&self.threads);
        if threads.running.len() >= CONNECTIONS_MAX {
            let _ = wire::send_refusal(&stream, 503, "too many connections");
            return;
        }
        let id = threads.next_id;
        threads.next_id += 1;
        let stream = Arc::new(stream);
        let weak = Arc::downgrade(&stream);
        let this = Arc::clone(self);
        // The lock is held, so the thread cannot report its end before it is listed.
        let thread = thread::Builder::new().name("connection".to_owned()).stack_size(STACK_BYTES).spawn(move || {
            // An error means that the client has gone: there is nobody left to tell.
            let _ = this.serve(&stream);
            drop(stream);
            lock(&this.threads).ended.push(id);
        });
        if let Ok(thread) = thread {
            threads.running.insert(id, Connection { stream: weak, thread });
        }
    }

    fn join_ended(&self) {
        let mut threads = lock(&self.threads);
        let ended = std::mem::take(&mut threads.ended);
        let connections: Vec<Connection> = ended.iter().filter_map(|id| threads.running.remove(id)).collect();
        drop(threads);
        for connection in connections {
            let _ = connection.thread.join();
        }
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_MAX))?;
        loop {
            match http::receive(stream)? {
                Received::Nothing => return Ok(()),
                Received::Refused(status, reason) => {
                    self.log_line(&format!("{status} {reason}"));
                    wire::send_refusal(stream, status, reason)?;
                    http::drain(stream);
                    return Ok(());
                }
                Received::Request(request) => {
                    let answer = self.desk.answer(&request);
                    let delivery = Delivery { date_ms: Some(self.desk.clock.now_ms()), ..answer };
                    self.log(&request, &delivery);
                    if wire::send(stream, &request, &delivery, &self.desk.holds)? == Afterwards::Close {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn log(&self, request: &Request, delivery: &Delivery) {
        let Delivery { status, wire, note, .. } = delivery;
        self.log_line(&format!("{} {} {note} -> {status} {wire:?}", request.method, request.path));
    }

    /// To stderr: a parent that reads only the first line of stdout must not block the simulator.
    fn log_line(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
}
