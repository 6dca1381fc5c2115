//! Looks a host name up.

use super::detached::run_detached;
use super::progress::Progress;
use super::Spawn;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

/// How many lookups may be under way at a time, including those that no exchange waits for any more. A name server
/// that does not answer blocks a thread for as long as the operating system allows; more threads would not help.
const LOOKUPS_MAX: usize = 4;

pub(super) type LookUp = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// The operating system's lookup.
pub(super) fn system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

#[derive(Clone)]
pub(super) struct Lookup {
    look_up: Arc<LookUp>,
    /// Only loopback addresses may be connected to, because requests and their signatures travel unencrypted.
    loopback_only: bool,
    under_way: Arc<AtomicUsize>,
    spawn: Spawn,
}

impl Lookup {
    pub(super) fn new(look_up: Arc<LookUp>, loopback_only: bool, spawn: Spawn) -> Self {
        Self { look_up, loopback_only, under_way: Arc::default(), spawn }
    }

    /// Returns at least one address.
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
                return Err(io::Error::other("http is for loopback addresses alone, and this address is none"));
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
            // The operating system's text differs by platform and language, and says no more than this.
            look_up(&host, port).map_err(|_| no_address())
        })?
    }
}

/// The right to one of the [`LOOKUPS_MAX`] lookups. Dropping it gives it back.
struct Permit(Arc<AtomicUsize>);

impl Permit {
    fn take(under_way: &Arc<AtomicUsize>) -> io::Result<Self> {
        let permit = Permit(under_way.clone());
        if under_way.fetch_add(1, Ordering::AcqRel) >= LOOKUPS_MAX {
            return Err(io::Error::other("too many name lookups are under way"));
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
