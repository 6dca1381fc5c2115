//! What becomes of each effect: under the lock, or on the thread that has fed the session.

use std::collections::VecDeque;

use super::*;
use crate::engine::Priority;
use crate::session::{Delivery, Durability, ReplyTime, Request, Subscriber};

impl Runtime {
    /// Feeds the session, carries out what it wants, and feeds what came of that, until nothing is left for this thread.
    pub(super) fn feed(self: &Arc<Self>, input: Input, thread: Thread) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let step = self.step(input);
            if step.collapsed {
                log::error(format_args!(
                    "a defect of the library has ended the client; the orders stay in the journal"
                ));
            }
            inputs.extend(step.dropped.into_iter().map(|receipt| Input::Dropped(receipt.token)));
            // At most one exchange is carried out here, and last, so that nothing else waits for it.
            let mut own = None;
            for effect in step.effects {
                match effect {
                    Effect::Send(exchange, request) => match thread {
                        Thread::Caller if request.by_caller => own = Some((exchange, request)),
                        Thread::Worker if own.is_none() && request.time == ReplyTime::Other => {
                            own = Some((exchange, request));
                        }
                        _ => self.submit(exchange, request),
                    },
                    effect => inputs.extend(self.carry_out(effect)),
                }
            }
            if let Some((exchange, request)) = own {
                let writes_first = !inputs.is_empty();
                if writes_first {
                    self.submit(exchange, request);
                } else {
                    inputs.push_back(self.exchange(exchange, &request));
                }
            }
        }
    }

    /// On a worker.
    fn submit(self: &Arc<Self>, exchange: ExchangeId, request: Request) {
        let priority = match request.time {
            ReplyTime::Pay => Priority::Held,
            ReplyTime::Other => Priority::Prompt,
        };
        let runtime = self.clone();
        let job = move || {
            let answered = runtime.exchange(exchange, &request);
            runtime.feed(answered, Thread::Worker);
        };
        self.engine.submit(priority, Box::new(job));
    }

    fn exchange(&self, exchange: ExchangeId, request: &Request) -> Input {
        let interrupt = self.core.lock().interrupts.get(&exchange).cloned().unwrap_or_default();
        let answer = self.post(request, &interrupt);
        self.core.lock().interrupts.remove(&exchange);
        Input::Answered(exchange, answer)
    }

    pub(super) fn timer_is_due(self: Arc<Self>) {
        let engine = self.engine.clone();
        engine.submit(Priority::Prompt, Box::new(move || self.feed(Input::Due, Thread::Worker)));
    }

    /// What gives events their order, and calls their result.
    pub(super) fn under_lock(self: &Arc<Self>, core: &mut Core, effect: Effect, step: &mut Step) {
        match effect {
            Effect::Finish(id, result) => {
                let Some(call) = core.calls.get_mut(&id) else { return };
                if let Some(subscription) = call.subscription.take().filter(|_| result.is_ok()) {
                    subscription.order.began(id);
                    core.subscribers.insert(id, subscription);
                }
                call.result = Some(result);
                self.changed.notify_all();
            }
            Effect::Deliver(delivery) => self.deliver(core, delivery, step),
            Effect::LetGo(id) => {
                let listener = core.subscribers.remove(&id).and_then(|subscription| subscription.listener);
                if let Some(listener) = listener {
                    self.sink.callbacks.let_go(listener);
                }
            }
            Effect::Ended => {
                core.ended = true;
                self.sink.runtime_ended();
                self.changed.notify_all();
                // Closing may run the last jobs on this thread, and these want the lock.
                step.effects.push(Effect::Ended);
            }
            Effect::Send(exchange, request) => {
                core.interrupts.insert(exchange, Interrupt::new());
                step.effects.push(Effect::Send(exchange, request));
            }
            Effect::Interrupt(exchange) => {
                // Raised outside of the lock: it shuts a socket down.
                if core.interrupts.contains_key(&exchange) {
                    step.effects.push(Effect::Interrupt(exchange));
                }
            }
            effect => step.effects.push(effect),
        }
    }

    fn deliver(self: &Arc<Self>, core: &mut Core, delivery: Delivery, step: &mut Step) {
        let Delivery { to, report, token } = delivery;
        let reply = report.reply.clone();
        let event = Arc::new(Event::new(report, self.sink.reader));
        let receipt = token.map(|token| Receipt { runtime: Arc::downgrade(self), token });
        let subscription = match to {
            Subscriber::Action(id) => core.subscribers.get(&id),
            Subscriber::Watcher(_) => None,
        };
        if let (Some(subscription), Some(reply)) = (subscription, reply) {
            subscription.order.described(&reply.data);
        }
        let listener = match to {
            Subscriber::Action(_) => subscription.and_then(|subscription| subscription.listener.clone()),
            Subscriber::Watcher(_) => self.sink.watcher(),
        };
        match listener.filter(|listener| listener.event.is_some()) {
            Some(listener) => self.sink.callbacks.call(&listener, &event, receipt.clone()),
            None => step.dropped.extend(self.sink.queue.push(to.id(), &event, receipt.clone())),
        }
        // After the queue has it: what a wait hands out must be there to be taken back.
        if let (Some(subscription), true) = (subscription, event.is_final()) {
            subscription.order.ended(to.id(), &event, receipt);
        }
    }

    /// What needs no lock. Gives what came of it.
    fn carry_out(self: &Arc<Self>, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Write(write, record, durability) => {
                let written = unless_it_panics(|| match durability {
                    Durability::Durable => self.journal.put(&record),
                    Durability::WithTheNext => self.journal.put_lazily(&record),
                });
                Some(Input::Written(write, written))
            }
            Effect::WriteKeys(write, keys) => {
                Some(Input::Written(write, unless_it_panics(|| self.journal.put_keys(&keys))))
            }
            Effect::Lookup(lookup, key) => Some(Input::Found(lookup, unless_it_panics(|| self.journal.get(&key)))),
            Effect::LookupRefund(lookup, key) => {
                Some(Input::FoundRefund(lookup, unless_it_panics(|| self.journal.get_refund(&key))))
            }
            Effect::LookupSn(lookup, sn) => Some(Input::Found(lookup, unless_it_panics(|| self.journal.called(&sn)))),
            Effect::Interrupt(exchange) => {
                let interrupt = self.core.lock().interrupts.get(&exchange).cloned();
                if let Some(interrupt) = interrupt {
                    interrupt.raise();
                }
                None
            }
            Effect::Prune { days, now_ms } => {
                let journal = self.journal.clone();
                let prune = move || match journal.prune(days, now_ms) {
                    Ok(0) => {}
                    Ok(count) => {
                        log::info(format_args!("{count} orders that began more than {days} days ago are forgotten"));
                    }
                    Err(error) => log::warn(format_args!("old orders are not forgotten: {error}")),
                };
                self.engine.submit(Priority::Prompt, Box::new(prune));
                None
            }
            Effect::Log(level, line) => {
                log::write(level, format_args!("{line}"));
                None
            }
            Effect::Ended => {
                self.engine.close();
                None
            }
            // Done under the lock.
            Effect::Send(..) | Effect::Finish(..) | Effect::Deliver(_) | Effect::LetGo(_) => None,
        }
    }
}

/// The journal's store is foreign code. A panic in it is a failure of the disk, and ends nothing else.
fn unless_it_panics<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::new(UPAY_E_STORAGE, "the journal: a defect of the library")))
}
