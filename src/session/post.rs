//! The one place where requests are signed, sent and answered. When the gateway refuses a signature it has done nothing, so
//! the same request goes out again under another key; never so for a payment.

use super::*;
use crate::gateway::reply::RequestStatus;
use crate::gateway::request::{self, Call};

/// Who waits for an exchange.
pub(super) enum Sender {
    Entry(OrderKey, Call),
    Query(ActionId),
    CheckIn,
    /// A request of the host's own making.
    Raw(ActionId),
    /// Finds out which key the gateway accepts, so that the next payment is signed with that one.
    KeyProbe,
}

/// An exchange that is under way.
pub(super) struct Post {
    sender: Sender,
    request: Request,
    /// It may go out again under another key.
    repeats: bool,
    tried: Vec<String>,
    /// Somebody has broken it off.
    broken_off: bool,
}

impl Session {
    pub(super) fn post(&mut self, sender: Sender, request: Request, repeats: bool) -> ExchangeId {
        let exchange = ExchangeId(self.next_id());
        let key = self.keys.first().to_owned();
        let post = Post { sender, request, repeats, tried: Vec::new(), broken_off: false };
        self.send_under(exchange, post, key);
        exchange
    }

    fn send_under(&mut self, exchange: ExchangeId, mut post: Post, key: String) {
        post.request.terminal_key.clone_from(&key);
        post.tried.push(key);
        self.effects.push(Effect::Send(exchange, post.request.clone()));
        self.exchanges.insert(exchange, post);
    }

    /// Its answer comes at once.
    pub(super) fn break_off(&mut self, exchange: ExchangeId) {
        if let Some(post) = self.exchanges.get_mut(&exchange) {
            post.broken_off = true;
            self.effects.push(Effect::Interrupt(exchange));
        }
    }

    pub(super) fn answered(&mut self, exchange: ExchangeId, answer: Result<Reply>) {
        let Some(post) = self.exchanges.remove(&exchange) else { return };
        self.log_answer(&post, &answer);
        if let Ok(reply) = &answer {
            if let Some(date_ms) = reply.date_ms {
                self.clock.learn(date_ms, self.now);
            }
        }
        let refused = is_signature_refused(&answer);
        if refused && post.repeats && !post.broken_off && !self.closing {
            // Also one that has come since the request left.
            if let Some(key) = self.keys.next(&post.tried).map(str::to_owned) {
                self.log(UPAY_LOG_WARN, format_args!("the gateway refuses a key's signature: another key is tried"));
                return self.send_under(exchange, post, key);
            }
        }
        // A gateway that fails, or that refuses for another reason, may not have looked at the signature.
        let accepted = answer.as_ref().is_ok_and(|reply| reply.result_code.as_deref() == Some("200"));
        if accepted {
            self.accepted_at = Some(self.now.ms);
        }
        if accepted && self.keys.prefer(&post.request.terminal_key) {
            self.write_keys(WriteOf::Keys);
        }
        match post.sender {
            Sender::Entry(key, call) => {
                let probe = refused && matches!(call, Call::Pay | Call::Precreate);
                self.entry_answered(&key, exchange, answer);
                if probe {
                    self.probe_keys(&key, post.tried);
                }
            }
            Sender::Query(id) => self.query_answered(id, answer),
            Sender::CheckIn => self.check_in_answered(answer),
            Sender::Raw(id) => {
                self.actions.remove(&id);
                self.finish(id, answer.map(|reply| Some(Box::new(reply))));
            }
            Sender::KeyProbe => {}
        }
        if accepted {
            self.check_in_when_due(true);
        }
    }

    /// The gateway refused a payment's signature. A payment is sent once, so a query finds out which key is accepted.
    fn probe_keys(&mut self, key: &OrderKey, tried: Vec<String>) {
        let Some(next) = self.keys.next(&tried).map(str::to_owned) else {
            return self.log(
                UPAY_LOG_ERROR,
                format_args!(
                    "the gateway refuses every key of this terminal: a check-in elsewhere may have replaced it"
                ),
            );
        };
        let identity = self.identity_of(&Record::new(key.clone(), UPAY_ACTION_QUERY, None, 0));
        let Ok(body) = request::about(&self.config.terminal_sn, &identity, None) else { return };
        if self.closing {
            return;
        }
        let request = Request {
            path: Call::Query.path(),
            raw_path: None,
            body: body.into(),
            terminal_key: String::new(),
            time: ReplyTime::Other,
            until: None,
            fresh: true,
            by_caller: false,
        };
        let exchange = ExchangeId(self.next_id());
        let post = Post { sender: Sender::KeyProbe, request, repeats: true, tried, broken_off: false };
        self.send_under(exchange, post, next);
    }

    fn log_answer(&mut self, post: &Post, answer: &Result<Reply>) {
        if !log::is_on(UPAY_LOG_DEBUG) {
            return;
        }
        let order = match &post.sender {
            Sender::Entry(key, _) => key.to_string(),
            Sender::Query(id) => self.queries.get(id).map_or_else(String::new, |run| run.key.to_string()),
            Sender::CheckIn | Sender::Raw(_) | Sender::KeyProbe => String::new(),
        };
        let path = post.request.path().to_owned();
        match answer {
            Ok(reply) => {
                let (code, biz) = (reply.result_code.as_deref(), reply.biz_result_code.as_deref());
                let (why, status) = (reply.biz_error_code.as_deref(), reply.get("order_status"));
                let [code, biz, why, status] = [code, biz, why, status].map(|text| text.unwrap_or("-"));
                self.log(UPAY_LOG_DEBUG, format_args!("{order}: {path} answered {code} {biz} {why} {status}"));
            }
            Err(error) => {
                let status = error.status;
                self.log(UPAY_LOG_DEBUG, format_args!("{order}: {path} got no answer: {status} {error}"));
            }
        }
    }
}

fn is_signature_refused(answer: &Result<Reply>) -> bool {
    let status = answer.as_ref().map(Reply::request_status);
    matches!(status, Ok(RequestStatus::Refused(error)) if error.status == UPAY_E_SIGN)
}
