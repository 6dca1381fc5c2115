//! The top of the chain: the finished connection, which knows whether it was asked to send.
//!
//! Whatever happens below before that moment, in lookup, connect, tunnel and handshake, happens without a byte of the
//! request. A CONNECT proxy runs the whole chain once more for the connection to itself; what that inner connection is
//! asked to send is the CONNECT line and the handshake, so only the outermost connection is marked.
//!
//! Both hold back what they are given until the other side is to speak, so that what belongs together leaves together:
//! head and body of the request, and the CONNECT line with its headers.

use super::progress;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Wraps the whole chain.
#[derive(Debug)]
pub(super) struct SentMarker<C>(pub(super) C);

impl<C: Connector<()>> Connector<()> for SentMarker<C> {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<Self::Out>, ureq::Error> {
        let progress = progress::current()?;
        progress.enter_chain();
        let connected = self.0.connect(details, chained);
        progress.leave_chain();
        Ok(connected?.map(|transport| {
            let outermost = progress.chain_depth() == 0;
            Box::new(BufferedTransport { below: Box::new(transport), held: Vec::new(), outermost })
                as Box<dyn Transport>
        }))
    }
}

/// A connection at the end of its chain: the finished one, or the one to the proxy within it.
#[derive(Debug)]
struct BufferedTransport {
    below: Box<dyn Transport>,
    held: Vec<u8>,
    outermost: bool,
}

impl BufferedTransport {
    fn send(&mut self, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let progress = progress::current()?;
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        if self.outermost {
            // The last look at deadline and interrupt at which nothing has left yet.
            progress.time_left()?;
            progress.mark_sent();
        }
        let mut rest = held.as_slice();
        while !rest.is_empty() {
            let space = self.below.buffers().output();
            let amount = rest.len().min(space.len());
            space[..amount].copy_from_slice(&rest[..amount]);
            self.below.transmit_output(amount, timeout)?;
            rest = &rest[amount..];
        }
        Ok(())
    }
}

impl Transport for BufferedTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.below.buffers()
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        if self.outermost {
            progress::current()?.connection_ready();
        }
        let output = &self.below.buffers().output()[..amount];
        self.held.extend_from_slice(output);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.send(timeout)?;
        self.below.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.held.is_empty() && self.below.is_open()
    }

    fn is_tls(&self) -> bool {
        self.below.is_tls()
    }
}
