//! One exchange with the gateway: the request is signed and sent, and the reply read.

use super::*;
use crate::gateway::sign::authorization;
use crate::session::{ReplyTime, Request};
use crate::transport::Exchange;

impl Runtime {
    pub(super) fn post(&self, request: &Request, interrupt: &Interrupt) -> Result<Reply> {
        let exchange = Exchange {
            path: request.path(),
            authorization: &authorization(&self.terminal_sn, &request.terminal_key, &request.body),
            body: &request.body,
            reply_timeout: match request.time {
                ReplyTime::Pay => self.times.pay,
                ReplyTime::Other => self.times.other,
            },
            until: request.until.map(clock::instant_of),
            fresh: request.fresh,
        };
        let answer = self.transport.exchange(&exchange, interrupt)?;
        let reply = Reply::read(answer.http_status, &answer.body)?;
        Ok(Reply { date_ms: answer.date_ms, ..reply })
    }
}
