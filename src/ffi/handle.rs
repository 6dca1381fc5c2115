//! The checked table behind the handles. A handle looks like a pointer and is never dereferenced: it is a tag (which
//! type), an index (which slot) and a generation (which of the objects that ever used that slot).
//!
//! ```text
//!   bit  high ……………… 19 │ 18 …………………………… 3 │ 2 … 0
//!        generation       │ index               │ tag (odd: no aligned pointer looks like one)
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::abi::*;
use crate::error::{Error, Result};

const TAG_BITS: u32 = 3;
const INDEX_BITS: u32 = 16;
const GENERATION_SHIFT: u32 = TAG_BITS + INDEX_BITS;
/// How many handles of one type may be alive at a time.
pub const HANDLES_MAX: usize = 1 << INDEX_BITS;
/// So many handles are reserved for events that are lent to a callback: a delivery must not fail for lack of a
/// handle.
const RESERVED_FOR_CALLBACKS: usize = 1024;
/// A slot is reused only while more than this many are free, so that a stale handle is recognised for long.
const FREE_SLOTS_MIN: usize = 1024;
const GENERATION_MASK: usize = (1 << (usize::BITS - GENERATION_SHIFT)) - 1;

pub struct HandleTable<T, H> {
    tag: usize,
    name: &'static str,
    slots: RwLock<Slots<T>>,
    handle: std::marker::PhantomData<fn() -> *mut H>,
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: VecDeque<usize>,
}

struct Slot<T> {
    generation: usize,
    object: Option<Arc<T>>,
}

impl<T, H> HandleTable<T, H> {
    pub fn new(tag: usize, name: &'static str) -> Self {
        Self {
            tag,
            name,
            slots: RwLock::new(Slots { slots: Vec::new(), free: VecDeque::new() }),
            handle: std::marker::PhantomData,
        }
    }

    pub fn insert(&self, object: Arc<T>) -> Result<*mut H> {
        self.insert_within(object, HANDLES_MAX - RESERVED_FOR_CALLBACKS)
    }

    /// As [`Self::insert`] for a handle that is lent to a callback: it may use the reserved handles.
    pub fn lend(&self, object: Arc<T>) -> Result<*mut H> {
        self.insert_within(object, HANDLES_MAX)
    }

    /// Fails if `insert` would fail now. Call it before irreversible work, then `lend` the result.
    pub fn check_capacity(&self) -> Result<()> {
        self.check_capacity_within(&self.slots.read(), HANDLES_MAX - RESERVED_FOR_CALLBACKS)
    }

    fn check_capacity_within(&self, table: &Slots<T>, limit: usize) -> Result<()> {
        if table.slots.len() - table.free.len() < limit {
            return Ok(());
        }
        Err(Error::new(UPAY_E_LIMIT, format!("at most {limit} handles of type {}", self.name)))
    }

    fn insert_within(&self, object: Arc<T>, limit: usize) -> Result<*mut H> {
        let mut table = self.slots.write();
        self.check_capacity_within(&table, limit)?;
        let spare = table.free.len() > FREE_SLOTS_MIN || table.slots.len() == HANDLES_MAX;
        let index = match table.free.front() {
            Some(&index) if spare => {
                table.free.pop_front();
                index
            }
            _ => {
                table.slots.push(Slot { generation: 0, object: None });
                table.slots.len() - 1
            }
        };
        let slot = &mut table.slots[index];
        slot.generation = (slot.generation + 1) & GENERATION_MASK;
        slot.object = Some(object);
        let bits = slot.generation << GENERATION_SHIFT | index << TAG_BITS | self.tag;
        Ok(bits as *mut H)
    }

    pub fn get(&self, handle: *const H) -> Result<Arc<T>> {
        let slot = self.find(handle as usize);
        slot.ok_or_else(|| {
            let what =
                if handle.is_null() { "is NULL" } else { "was freed, is of another type or was never made here" };
            Error::new(UPAY_E_HANDLE, format!("the {} handle {what}", self.name))
        })
    }

    fn find(&self, bits: usize) -> Option<Arc<T>> {
        let table = self.slots.read();
        let slot = table.slots.get(self.index(bits)?)?;
        slot.object.clone().filter(|_| slot.generation == bits >> GENERATION_SHIFT)
    }

    /// Frees the handle and returns its object. `None` if the handle is not valid.
    pub fn remove(&self, handle: *const H) -> Option<Arc<T>> {
        let bits = handle as usize;
        let index = self.index(bits)?;
        let mut table = self.slots.write();
        let slot = table.slots.get_mut(index)?;
        if slot.generation != bits >> GENERATION_SHIFT {
            return None;
        }
        let object = slot.object.take()?;
        table.free.push_back(index);
        Some(object)
    }

    fn index(&self, bits: usize) -> Option<usize> {
        let tag = bits & ((1 << TAG_BITS) - 1);
        (tag == self.tag).then_some(bits >> TAG_BITS & (HANDLES_MAX - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::upay_order;
    use std::sync::atomic::{AtomicUsize, Ordering};

    type Numbers = HandleTable<u32, upay_order>;

    #[test]
    fn a_handle_stands_for_its_object_until_it_is_freed_and_never_again() {
        let table = Numbers::new(3, "number");
        let one = table.insert(Arc::new(1)).unwrap();
        assert_eq!(*table.get(one).unwrap(), 1);
        assert_eq!(table.remove(one).as_deref(), Some(&1));
        assert_eq!(table.remove(one), None);
        for n in 0..5000 {
            let handle = table.insert(Arc::new(n)).unwrap();
            assert_ne!(handle, one);
            assert_eq!(table.get(one).unwrap_err().status, UPAY_E_HANDLE);
            table.remove(handle);
        }
    }

    #[test]
    fn made_up_handles_are_refused() {
        let table = Numbers::new(3, "number");
        let one = table.insert(Arc::new(1)).unwrap();
        let real = &1u64 as *const u64 as usize;
        for bits in [
            0,
            1,
            3,
            usize::MAX,
            real,
            one as usize ^ 1,
            one as usize + 8,
            (one as usize).wrapping_add(1 << GENERATION_SHIFT),
        ] {
            assert!(table.get(bits as *const upay_order).is_err(), "{bits:#x}");
        }
    }

    #[test]
    fn a_full_table_is_an_error_and_keeps_some_for_callbacks() {
        let table = Numbers::new(3, "number");
        let handles: Vec<_> =
            (0..HANDLES_MAX - RESERVED_FOR_CALLBACKS).map(|_| table.insert(Arc::new(0)).unwrap()).collect();
        assert_eq!(table.insert(Arc::new(0)).unwrap_err().status, UPAY_E_LIMIT);
        assert_eq!(table.check_capacity().unwrap_err().status, UPAY_E_LIMIT);
        assert!(table.lend(Arc::new(0)).is_ok());
        table.remove(handles[7]);
        table.remove(handles[8]);
        assert!(table.check_capacity().is_ok());
        assert!(table.insert(Arc::new(0)).is_ok());
    }

    /// Runs under ThreadSanitizer too: every thread makes, uses and frees handles of its own and of the others.
    #[test]
    fn threads_that_make_use_and_free_handles_never_meet_in_one_object() {
        const THREADS: usize = 8;
        const ROUNDS: usize = 2000;
        let table = Numbers::new(3, "number");
        let shared: Vec<_> = (0..THREADS).map(|_| AtomicUsize::new(0)).collect();
        let freed = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (table, shared, freed) = (&table, &shared, &freed);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let number = (thread * ROUNDS + round) as u32;
                        let handle = table.insert(Arc::new(number)).unwrap();
                        assert_eq!(*table.get(handle).unwrap(), number);
                        let other = shared[(thread + round) % THREADS].swap(handle as usize, Ordering::SeqCst);
                        let other = other as *const upay_order;
                        // Another thread may use it and free it at the same time.
                        let seen = table.get(other);
                        assert!(seen.is_ok_and(|seen| *seen < (THREADS * ROUNDS) as u32) || round < THREADS);
                        freed.fetch_add(usize::from(table.remove(other).is_some()), Ordering::SeqCst);
                    }
                });
            }
        });
        let left = shared.iter().filter(|handle| {
            let handle = handle.load(Ordering::SeqCst) as *const upay_order;
            table.remove(handle).is_some()
        });
        assert_eq!(freed.load(Ordering::SeqCst) + left.count(), THREADS * ROUNDS);
    }
}
