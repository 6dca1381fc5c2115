//! Each race that once was found between threads, as a sequence of inputs; and the rules of a session that no single flow
//! has: recorded before sent, one owner, one end, other keys, the check-in, and the disk that fails.

mod check_in;
mod disk;
mod keys;
mod left_over;
mod one_owner;
mod stop;

use super::*;
use crate::flow::limits::Pauses;
use crate::record::{OrderKey, Stage, Told, Verdict};

const TERMINAL: &str = "t";

/// A session with everything that it wants done, in the order in which it wanted it.
struct Desk {
    session: Session,
    now: Millis,
    todo: Vec<Effect>,
    /// What was delivered: subscriber, action, verdict, and the token.
    heard: Vec<(Subscriber, i32, Verdict, Option<Token>)>,
    finished: Vec<(ActionId, Result<()>)>,
    written: Vec<Record>,
    ended: bool,
}

impl Desk {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            terminal_sn: TERMINAL.into(),
            operator: "cashier".into(),
            limits: Limits {
                poll: Pauses::parse("2000").unwrap(),
                pay_timeout: 60_000,
                precreate_timeout: 240_000,
                cancel_timeout: 30_000,
                not_found_grace: 6_000,
                watch: Pauses::parse("30000").unwrap(),
            },
            revoke: false,
            auto_checkin: false,
            device_id: None,
            journal_days: 90,
            sent_elsewhere: HashSet::new(),
        };
        change(&mut config);
        Self {
            session: Session::new(config, KeySet::new(TERMINAL, "newest")),
            now: 1_000,
            todo: Vec::new(),
            heard: Vec::new(),
            finished: Vec::new(),
            written: Vec::new(),
            ended: false,
        }
    }

    fn feed(&mut self, input: Input) {
        let now = Now { ms: self.now, wall_ms: 1_790_000_000_000 + self.now };
        for effect in self.session.step(input, now) {
            match effect {
                Effect::Deliver(Delivery { to, report, token }) => {
                    self.heard.push((to, report.action, report.verdict, token));
                }
                Effect::Finish(id, result) => self.finished.push((id, result.map(drop))),
                Effect::Ended => self.ended = true,
                Effect::Log(..) | Effect::LetGo(_) | Effect::Prune { .. } => {}
                effect => self.todo.push(effect),
            }
        }
    }

    /// Takes the oldest effect of a kind that is still to be carried out.
    fn take<T>(&mut self, what: &str, mut kind: impl FnMut(&Effect) -> Option<T>) -> T {
        let found = self.todo.iter().enumerate().find_map(|(n, effect)| Some((n, kind(effect)?)));
        let (n, found) = found.unwrap_or_else(|| panic!("no {what} is wanted"));
        self.todo.remove(n);
        found
    }

    fn wants(&self, kind: impl Fn(&Effect) -> bool) -> bool {
        self.todo.iter().any(kind)
    }

    fn wants_send(&self) -> bool {
        self.wants(|effect| matches!(effect, Effect::Send(..)))
    }

    fn sent(&mut self, path: &str) -> (ExchangeId, Request) {
        let (exchange, request) = self.take(path, |effect| match effect {
            Effect::Send(exchange, request) => Some((*exchange, request.clone())),
            _ => None,
        });
        assert_eq!(request.path(), path);
        (exchange, request)
    }

    fn answer(&mut self, path: &str, body: &str) {
        let (exchange, _) = self.sent(path);
        self.now += 100;
        self.feed(Input::Answered(exchange, Reply::read(200, body.as_bytes())));
    }

    fn lose(&mut self, path: &str) {
        let (exchange, _) = self.sent(path);
        self.now += 100;
        self.feed(Input::Answered(exchange, Err(Error::new(UPAY_E_INTERRUPTED, "reset"))));
    }

    fn writes(&mut self, written: Result<()>) {
        let (write, record) = self.take("write", |effect| match effect {
            Effect::Write(write, record, _) => Some((*write, record.clone())),
            _ => None,
        });
        if written.is_ok() {
            self.written.push(*record);
        }
        self.feed(Input::Written(write, written));
    }

    fn writes_keys(&mut self) {
        let write = self.take("write of the keys", |effect| match effect {
            Effect::WriteKeys(write, _) => Some(*write),
            _ => None,
        });
        self.feed(Input::Written(write, Ok(())));
    }

    fn finds(&mut self, record: Option<Record>) {
        let lookup = self.take("lookup", |effect| match effect {
            Effect::Lookup(lookup, _) | Effect::LookupSn(lookup, _) => Some(*lookup),
            _ => None,
        });
        self.feed(Input::Found(lookup, Ok(record)));
    }

    fn passes(&mut self, ms: Millis) {
        self.now += ms;
        self.feed(Input::Due);
    }

    fn call(&mut self, call: HostCall) -> ActionId {
        let id = self.session.next_id();
        self.feed(Input::Host(id, call));
        id
    }

    /// A payment whose request has left.
    fn pays(&mut self, client_sn: &str) -> ActionId {
        let id = self.call(HostCall::Begin(crate::gateway::request::Call::Pay, sale(client_sn)));
        self.finds(None);
        self.writes(Ok(()));
        id
    }

    /// The first reply that tells the gateway's number is recorded.
    fn is_in_progress(&mut self, client_sn: &str) {
        self.answer(PAY, &said(client_sn, "PAY_IN_PROGRESS", "CREATED"));
        self.writes(Ok(()));
    }

    fn cancels(&mut self, client_sn: &str) -> ActionId {
        self.call(HostCall::Cancel(sale(client_sn)))
    }

    fn finals(&self, id: ActionId) -> Vec<Verdict> {
        let of_id = |to: &Subscriber| to.id() == id;
        self.heard.iter().filter(|(to, _, verdict, _)| of_id(to) && verdict.is_final()).map(|(.., v, _)| *v).collect()
    }

    fn watched(&self) -> Vec<Verdict> {
        let finals = self.heard.iter().filter(|(to, _, verdict, _)| to.is_watcher() && verdict.is_final());
        finals.map(|(.., verdict, _)| *verdict).collect()
    }

    fn token(&self, id: ActionId) -> Token {
        let of_id = |to: &Subscriber| to.id() == id;
        let heard = self.heard.iter().rfind(|(to, .., token)| of_id(to) && token.is_some());
        heard.and_then(|(.., token)| token.clone()).expect("a verdict with a token")
    }

    fn status(&self, id: ActionId) -> upay_status {
        let finished = self.finished.iter().find(|(finished, _)| *finished == id);
        finished.expect("the call has ended").1.as_ref().map_or_else(|error| error.status, |()| UPAY_OK)
    }

    fn record(&self, client_sn: &str) -> &Record {
        let key = OrderKey::ClientSn(client_sn.to_owned());
        self.written.iter().rfind(|record| record.key == key).expect("a record")
    }
}

fn sale(client_sn: &str) -> OrderArguments {
    let fields = [("total_amount", "100"), ("dynamic_id", "130818341921441147"), ("subject", "goods")];
    OrderArguments {
        client_sn: client_sn.to_owned(),
        made: false,
        fields: fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
    }
}

/// An answer about the order.
fn said(client_sn: &str, result_code: &str, order_status: &str) -> String {
    format!(
        r#"{{"result_code":"200","biz_response":{{"result_code":"{result_code}","data":{{"client_sn":"{client_sn}",
        "sn":"7{client_sn}","terminal_sn":"t","total_amount":"100","order_status":"{order_status}"}}}}}}"#
    )
}

fn fail(error_code: &str) -> String {
    format!(r#"{{"result_code":"200","biz_response":{{"result_code":"FAIL","error_code":"{error_code}"}}}}"#)
}

fn refused(error_code: &str) -> String {
    format!(r#"{{"result_code":"400","error_code":"{error_code}"}}"#)
}

const PAY: &str = "/upay/v2/pay";
const QUERY: &str = "/upay/v2/query";
const CANCEL: &str = "/upay/v2/cancel";
const REFUND: &str = "/upay/v2/refund";
const CHECK_IN: &str = "/terminal/checkin";

const PAID: Verdict = Verdict::new(UPAY_OUTCOME_SUCCESS, UPAY_OK);
const CANCELLED: Verdict = Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_CANCELLED);
const STANDS: Verdict = Verdict::new(UPAY_OUTCOME_FAILED, UPAY_E_REFUSED);
const UNKNOWN: Verdict = Verdict::new(UPAY_OUTCOME_UNKNOWN, UPAY_E_UNRESOLVED);
