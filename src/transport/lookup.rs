//! From a host name to addresses.

use super::detached::run_detached;
use super::progress::Progress;
use super::Spawn;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

/// Lookups that may be under way at a time, those included that their exchange no longer waits for. A name server that
/// does not answer holds a thread for as long as the operating system likes; more of them would not help.
const LOOKUPS_MAX: usize = 4;

pub(super) type LookUp = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// The operating system's lookup.
pub(super) fn system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

#[derive(Clone)]
pub(super) struct Lookup {
    look_up: Arc<LookUp>,
    /// Whatever is connected to is on this machine: requests and their signatures travel unencrypted.
    loopback_only: bool,
    under_way: Arc<AtomicUsize>,
    spawn: Spawn,
}

impl Lookup {
    pub(super) fn new(look_up: Arc<LookUp>, loopback_only: bool, spawn: Spawn) -> Self {
        Self { look_up, loopback_only, under_way: Arc::default(), spawn }
    }

    /// At least one address.
    pub(super) fn addresses(&self, host: &str, port: u16, progress: &Progress) -> io::Result<Vec<SocketAddr>> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let mut addresses = match bare.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.on_a_thread(host, port, progress)?,
        };
        if addresses.is_empty() {
            return Err(no_address());
        }
        if self.loopback_only {
            addresses.retain(|address| address.ip().to_canonical().is_loopback());
            if addresses.is_empty() {
                return Err(io::Error::other(
                    "http is for this machine alone, and the address is not a loopback one",
                ));
            }
        }
        Ok(addresses)
    }

    fn on_a_thread(&self, host: &str, port: u16, progress: &Progress) -> io::Result<Vec<SocketAddr>> {
        let permit = Permit::take(&self.under_way)?;
        let look_up = self.look_up.clone();
        let host = host.to_owned();
        run_detached(&self.spawn, progress, move || {
            let _permit = permit;
            // What the operating system says differs by platform and language, and says no more than this.
            look_up(&host, port).map_err(|_| no_address())
        })?
    }
}

/// One of the [`LOOKUPS_MAX`] lookups, given back when its job is over.
struct Permit(Arc<AtomicUsize>);

impl Permit {
    fn take(under_way: &Arc<AtomicUsize>) -> io::Result<Self> {
        let permit = Permit(under_way.clone());
        if under_way.fetch_add(1, Ordering::AcqRel) >= LOOKUPS_MAX {
            return Err(io::Error::other("too many lookups are waiting for an answer"));
        }
        Ok(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn no_address() -> io::Error {
    io::Error::other("no address found")
}
