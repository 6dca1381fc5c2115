//! Each job of the library runs on a stack of its own: while one waits for the network, the world goes on, on the same
//! thread.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::engine::Job;
use crate::world;

type Task = Coroutine<(), (), ()>;

thread_local! {
    /// The stack that runs now, and what it goes to sleep for.
    static CURRENT: Cell<*const Yielder<(), ()>> = const { Cell::new(std::ptr::null()) };
    static PARKED_FOR: Cell<u64> = const { Cell::new(0) };
    /// By the exchange that they wait for, with the process that they belong to.
    static PARKED: RefCell<BTreeMap<u64, (u32, Task)>> = const { RefCell::new(BTreeMap::new()) };
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

const STACK_BYTES: usize = 1024 * 1024;

/// Runs the job until it ends or waits for the network.
pub fn run(life: u32, job: Job) {
    let stack = STACKS.with_borrow_mut(Vec::pop);
    let stack = stack.unwrap_or_else(|| DefaultStack::new(STACK_BYTES).expect("memory for a stack"));
    let task = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
        CURRENT.set(yielder);
        job();
    });
    go_on(life, task);
}

/// From inside a job: waits for the exchange.
pub fn park(exchange: u64) {
    let yielder = CURRENT.get();
    PARKED_FOR.set(exchange);
    // SAFETY: `run` and this function set it whenever a stack begins to run, to that stack's own yielder, which lives
    // on that stack for as long as its job does; and this is called by that job.
    unsafe { &*yielder }.suspend(());
    CURRENT.set(yielder);
}

/// The exchange has ended: whoever waits for it goes on.
pub fn wake(exchange: u64) {
    if let Some((life, task)) = PARKED.with_borrow_mut(|parked| parked.remove(&exchange)) {
        world::act_as(life, || go_on(life, task));
    }
}

/// The exchanges that this process waits for.
pub fn parked_by(life: u32) -> Vec<u64> {
    PARKED.with_borrow(|parked| parked.iter().filter(|(_, (of, _))| *of == life).map(|(id, _)| *id).collect())
}

/// After a panic: what waits is forgotten, not unwound.
pub fn abandon() {
    PARKED.take().into_iter().for_each(std::mem::forget);
}

fn go_on(life: u32, mut task: Task) {
    match task.resume(()) {
        CoroutineResult::Yield(()) => {
            PARKED.with_borrow_mut(|parked| parked.insert(PARKED_FOR.get(), (life, task)));
        }
        CoroutineResult::Return(()) => STACKS.with_borrow_mut(|stacks| stacks.push(task.into_stack())),
    }
}
