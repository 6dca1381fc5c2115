//! The top of the connector chain: the finished connection. It notes the moment at which it is first asked to send.
//!
//! Until that moment lookup, connect, tunnel and handshake have sent no byte of the request. A CONNECT proxy runs the
//! whole chain once more, for the connection to the proxy. That inner connection sends the CONNECT line and the
//! handshake but nothing of the request, so only the outermost connection notes the moment.
//!
//! Output is buffered until input is awaited, so that head and body of the request leave in one write, and so do the
//! CONNECT line and its headers.

use super::progress;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Wraps the whole connector chain and makes its connections report to the exchange's progress.
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

/// What a chain has connected: the finished connection, or the connection to the proxy within it.
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
            // Check deadline and interrupt for the last time before anything is sent.
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
