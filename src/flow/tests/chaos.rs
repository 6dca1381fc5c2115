//! Every flow through all pairs of answers, through many longer sequences, and with a cashier who gives up at any step: what
//! must hold whatever the gateway says.

use std::collections::VecDeque;

use super::*;
use crate::flow::limits::{CANCEL_MS_MAX, PERSON_MS_MAX, REFUND_MS_MAX};
use crate::flow::pay::Pay;
use crate::flow::query::Query;
use crate::flow::reconcile::Reconcile;
use crate::flow::refund::{Refund, RefundOf};
use crate::flow::watch::Watch;
use crate::record::{Reversal, Told};

const SENT_MS: u64 = 1_700_000_000_000;
/// Of the longer sequences. A million takes about a minute without optimisation.
const RUNS: usize = 30_000;

/// What an answer says, decided by hand and not by the code that is tested.
#[derive(Clone, Copy, Default)]
struct Fact {
    /// PAID or PAY_SUCCESS with number and amount.
    paid: bool,
    /// Number and amount.
    ours: bool,
    /// And a time near ours.
    near: bool,
    /// The number is in use, or the order is another.
    doubt: bool,
    /// A query with it is answered.
    answers: bool,
    /// A cancel with it is refused, or did not leave.
    refuses_cancel: bool,
}

fn answers() -> Vec<(Result<Reply>, Fact)> {
    let none = Fact::default();
    let ours = Fact { ours: true, answers: true, ..none };
    let paid = Fact { paid: true, ..ours };
    let refuses = Fact { refuses_cancel: true, ..none };
    let ctime = format!(r#""ctime":"{SENT_MS}""#);
    let old = format!(r#""ctime":"{}""#, SENT_MS - 3_600_000);
    vec![
        (lost(), none),
        (not_sent(), refuses),
        (top("500", "REQUEST_FAIL"), none),
        (top("400", "INVALID_PARAMS"), refuses),
        (top("400", "CLIENT_SN_CONFLICT"), Fact { doubt: true, ..none }),
        (said("PAY_SUCCESS", "PAID"), paid),
        (said("PAY_IN_PROGRESS", "CREATED"), Fact { answers: false, ..ours }),
        (failed("PAY_FAIL", ""), none),
        (dated(fail("CLIENT_SN_CONFLICT"), SENT_MS), Fact { doubt: true, refuses_cancel: true, ..none }),
        (fail(GONE), Fact { answers: true, ..none }),
        (fail("A_CODE_OF_NEXT_YEAR"), refuses),
        (fail("UNKNOWN_SYSTEM_ERROR"), none),
        (fail(FORBIDDEN), refuses),
        (fail(NOOP), none),
        (fail("REFUND_REQUEST_CONFLICT"), refuses),
        (status("PAID"), paid),
        (with("SUCCESS", "PAID", &ctime), Fact { near: true, ..paid }),
        (with("SUCCESS", "PAID", &old), paid),
        (without_amount("SUCCESS", "PAID"), Fact { answers: true, ..none }),
        (another_amount("SUCCESS", "PAID"), Fact { doubt: true, answers: true, ..none }),
        (status("CREATED"), ours),
        (with("SUCCESS", "CREATED", &ctime), Fact { near: true, ..ours }),
        (status("PAY_ERROR"), ours),
        (status("CANCEL_INPROGRESS"), ours),
        (status("CANCELED"), ours),
        (with("SUCCESS", "PARTIAL_REFUNDED", r#""net_amount":"40""#), ours),
        (said("CANCEL_IN_PROGRESS", "CANCEL_INPROGRESS"), Fact { answers: false, ..ours }),
        (said("CANCEL_ERROR", "CANCEL_ERROR"), Fact { answers: false, ..ours }),
        (said("CANCEL_SUCCESS", "CANCELED"), ours),
        (said("REFUND_SUCCESS", "REFUNDED"), ours),
        (said("REFUND_ERROR", "REFUND_ERROR"), Fact { answers: false, ..ours }),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum FlowKind {
    Pay,
    LeftOver,
    HostsCancel,
    Watch(Told),
    Refund { in_doubt: bool },
    Query,
}

type Make = Box<dyn Fn() -> Box<dyn Flow>>;

fn flows() -> Vec<(FlowKind, Knowledge, Make)> {
    let mut flows: Vec<(FlowKind, Knowledge, Make)> = Vec::new();
    let mut add = |kind, knowledge, make: Make| flows.push((kind, knowledge, make));
    let fresh = Knowledge::default();
    add(FlowKind::Pay, fresh, Box::new(|| Box::new(Pay::new(order(), limits()))));
    add(FlowKind::Pay, fresh, Box::new(|| Box::new(Pay::by_precreate(order(), limits()))));
    let known = [
        fresh,
        knows(Cancels::Open),
        Knowledge { owner: Owner::Doubtful, ..fresh },
        Knowledge { owner: Owner::InConflict, sent_ms: Some(SENT_MS), cancels: Cancels::Open, ..fresh },
        Knowledge { owner: Owner::AnotherAmount, named: true, cancels: Cancels::Refused, ..fresh },
    ];
    for knowledge in known {
        for by_host in [false, true] {
            let make = move || Box::new(Reconcile::left_over(order(), limits(), knowledge, by_host)) as Box<dyn Flow>;
            add(FlowKind::LeftOver, knowledge, Box::new(make));
        }
        let make = move || Box::new(Reconcile::by_cancel(order(), limits(), knowledge)) as Box<dyn Flow>;
        add(FlowKind::HostsCancel, knowledge, Box::new(make));
        for told in [Told::NotOwed, Told::Unknown, Told::Nothing, Told::Paid] {
            let make = move || Box::new(Watch::new(order(), limits(), told, knowledge, None)) as Box<dyn Flow>;
            add(FlowKind::Watch(told), knowledge, Box::new(make));
        }
    }
    for reversal in [Reversal::ByCancel { refused: 2 }, Reversal::ByRefund { refused: 1 }, Reversal::ByHand] {
        let knowledge = Knowledge { reversal, ..knows(Cancels::Open) };
        let make = move || {
            let person_by = Some(60_000);
            Box::new(Watch::new(order(), limits(), Told::NotOwed, knowledge, person_by)) as Box<dyn Flow>
        };
        add(FlowKind::Watch(Told::NotOwed), knowledge, Box::new(make));
    }
    let request = || RefundOf { refund_request_no: "r1".into(), refund_amount: 60, returned_before: None };
    add(
        FlowKind::Refund { in_doubt: false },
        fresh,
        Box::new(move || Box::new(Refund::new(order(), request(), limits()))),
    );
    add(
        FlowKind::Refund { in_doubt: true },
        fresh,
        Box::new(move || Box::new(Refund::again(order(), request(), limits()))),
    );
    let left_over = move || Box::new(Refund::left_over(order(), request(), limits())) as Box<dyn Flow>;
    add(FlowKind::Refund { in_doubt: true }, fresh, Box::new(left_over));
    add(FlowKind::Query, fresh, Box::new(|| Box::new(Query::new(order(), false))));
    flows
}

/// What the calls and answers so far allow.
struct Witness {
    kind: FlowKind,
    calls: usize,
    sends_in_a_row: u32,
    sleeps_of_nothing: u32,
    /// A query was answered, or the host wants the cancel.
    may_cancel: bool,
    doubtful: bool,
    in_conflict: bool,
    /// When the newest cancel or refund left that may be carried out.
    open_cancel: Option<Millis>,
    open_refund: Option<Millis>,
    queried_at: Millis,
    paid: bool,
    late_since: Option<Millis>,
}

impl Witness {
    fn new(kind: FlowKind, knowledge: Knowledge, now: Millis) -> Self {
        Self {
            kind,
            calls: 0,
            sends_in_a_row: 0,
            sleeps_of_nothing: 0,
            may_cancel: kind != FlowKind::LeftOver,
            doubtful: !matches!(knowledge.owner, Owner::Ours | Owner::InConflict),
            in_conflict: knowledge.owner == Owner::InConflict,
            open_cancel: (knowledge.cancels == Cancels::Open).then_some(now),
            open_refund: (kind == FlowKind::Refund { in_doubt: true }).then_some(now),
            queried_at: 0,
            paid: false,
            late_since: None,
        }
    }

    fn sends(&mut self, call: Call, flow: &dyn Flow, now: Millis) {
        self.sends_in_a_row += 1;
        self.sleeps_of_nothing = 0;
        assert!(self.sends_in_a_row <= 3, "a pause comes after three calls");
        match call {
            Call::Pay | Call::Precreate => assert!(self.kind == FlowKind::Pay && self.calls == 0, "sent once"),
            Call::Cancel => {
                assert!(!self.doubtful && !self.in_conflict, "an order that may be another's is not cancelled");
                assert!(self.may_cancel, "a left-over order is not cancelled unasked");
                assert_eq!(flow.knowledge().cancels, Cancels::Open, "known before it leaves");
                assert!(flow.warning() != UPAY_E_REFUSED, "a person acts alone");
            }
            Call::Refund => {
                assert!(matches!(self.kind, FlowKind::Watch(Told::NotOwed) | FlowKind::Refund { .. }));
                assert!(matches!(self.kind, FlowKind::Refund { .. }) || flow.warning() != UPAY_E_REFUSED);
            }
            Call::Query => self.queried_at = now,
        }
        self.calls += 1;
    }

    fn hears(&mut self, call: Call, heard: &Result<Reply>, says: Fact, now: Millis) {
        match call {
            Call::Pay | Call::Precreate => {
                self.in_conflict = says.doubt && heard.as_ref().is_ok_and(|reply| reply.data.is_empty());
                self.doubtful = says.doubt && !self.in_conflict;
            }
            Call::Query | Call::Cancel => {
                self.doubtful = !says.ours && (self.doubtful || (says.doubt && says.answers));
                self.in_conflict &= !says.near;
            }
            Call::Refund => {}
        }
        if call == Call::Cancel && !says.refuses_cancel {
            self.open_cancel = Some(now);
        }
        if call == Call::Refund && !says.refuses_cancel && heard != &fail(GONE) && heard != &fail(NOOP) {
            self.open_refund = Some(now);
        }
        self.may_cancel |= call == Call::Query && says.answers;
        self.paid = says.paid;
        if says.paid && call == Call::Query && self.kind == FlowKind::Watch(Told::NotOwed) {
            self.late_since.get_or_insert(now);
        }
    }

    fn sleeps(&mut self, due: Millis, flow: &dyn Flow, now: Millis) {
        assert!(due >= now, "a pause that is over before it begins");
        self.sends_in_a_row = 0;
        self.sleeps_of_nothing = if due == now { self.sleeps_of_nothing + 1 } else { 0 };
        assert!(self.sleeps_of_nothing <= 1, "no pause, and no call");
        if let Some(since) = self.late_since {
            assert!(due <= since + PERSON_MS_MAX || flow.warning() == UPAY_E_REFUSED, "a person hears in time");
        }
    }

    fn ends(&self, end: Resolution) {
        let open = |left: Option<Millis>, time| left.is_some_and(|left| self.queried_at < left + time);
        match end {
            Resolution::Paid => {
                assert!(self.paid && !self.doubtful && !self.in_conflict, "paid, and ours");
                assert!(!open(self.open_cancel, CANCEL_MS_MAX), "no cancel may be carried out");
                assert!(self.kind != FlowKind::Watch(Told::NotOwed), "told \"not paid\"");
            }
            Resolution::Refused(_) if matches!(self.kind, FlowKind::Refund { .. }) => {
                assert!(!open(self.open_refund, REFUND_MS_MAX), "no refund may be carried out");
            }
            Resolution::NotSent(_) => assert!(self.calls <= 1 && self.open_refund.is_none()),
            _ => {}
        }
    }
}

/// Plays these answers, and the last for good. The cashier gives up at this step.
fn run(
    (kind, knowledge, make): &(FlowKind, Knowledge, Make),
    script: &[(Result<Reply>, Fact)],
    gives_up: Option<usize>,
    lasts: Millis,
) {
    let mut flow = make();
    let mut now = 1_000;
    let mut witness = Witness::new(*kind, *knowledge, now);
    let mut next = flow.step(FlowInput::Begin, now);
    let tail = script.last().expect("a script has an answer");
    let mut script: VecDeque<_> = script.iter().collect();
    for step in 0..60 {
        if gives_up == Some(step) && !matches!(next, Next::Done(_)) {
            witness.may_cancel |= flow.give_up();
        }
        next = match next {
            Next::Done(end) => return witness.ends(end),
            Next::SleepUntil(due) => {
                witness.sleeps(due, flow.as_ref(), now);
                now = due;
                flow.step(FlowInput::Timer, now)
            }
            Next::Send(call) => {
                witness.sends(call, flow.as_ref(), now);
                now += lasts;
                let (heard, says) = script.pop_front().unwrap_or(tail);
                witness.hears(call, heard, *says, now);
                flow.step(FlowInput::Heard(heard), now)
            }
        };
    }
}

#[test]
fn the_rules_hold_for_all_pairs_of_answers() {
    let answers = answers();
    for flow in &flows() {
        for first in &answers {
            for second in &answers {
                run(flow, &[first.clone(), second.clone()], None, CALL_MS);
            }
        }
    }
}

#[test]
fn the_rules_hold_for_many_longer_sequences_slow_answers_and_cashiers_who_give_up() {
    let (answers, flows) = (answers(), flows());
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..RUNS {
        let flow = random.choice(&flows).expect("there are flows");
        let script: Vec<_> =
            (0..random.usize(1..12)).map(|_| random.choice(&answers).expect("answers").clone()).collect();
        let gives_up = random.bool().then(|| random.usize(0..12));
        let lasts = *random.choice(&[0, 100, 50_000, 400_000]).expect("times");
        run(flow, &script, gives_up, lasts);
    }
}
