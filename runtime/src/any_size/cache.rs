//! What is made once and kept: the first who asks makes it, others who ask meanwhile wait for that. Floor 8.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::error::Result;

/// A value that is being made, or was.
type Slot<V> = Arc<OnceLock<Result<V>>>;

/// The values that were asked for last, by their keys: at most a limit of them.
pub(super) struct Cache<K, V> {
    /// The one that was asked for last is the last.
    slots: Mutex<Vec<(K, Slot<V>)>>,
    limit: usize,
}

impl<K: PartialEq + Clone, V: Clone> Cache<K, V> {
    /// An empty one.
    pub(super) fn new(limit: usize) -> Cache<K, V> {
        Cache { slots: Mutex::new(Vec::new()), limit }
    }

    /// The value of a key, and whether it was there; `make` is run by the first who asks, outside of any lock.
    ///
    /// # Errors
    /// That of `make`, which is not kept: the next who asks tries again.
    pub(super) fn get(&self, key: &K, make: impl FnOnce() -> Result<V>) -> Result<(V, bool)> {
        let slot = self.slot(key);
        let mut made = false;
        let value = slot.get_or_init(|| {
            made = true;
            make()
        });
        if value.is_err() || self.limit == 0 {
            self.lock().retain(|(_, kept)| !Arc::ptr_eq(kept, &slot));
        }
        value.clone().map(|value| (value, !made))
    }

    /// The value of a key, if it was made.
    pub(super) fn kept(&self, key: &K) -> Option<V> {
        let slots = self.lock();
        let (_, slot) = slots.iter().find(|(kept, _)| kept == key)?;
        slot.get()?.as_ref().ok().cloned()
    }

    /// The slot of a key, which becomes the last; the first falls out where there are too many.
    fn slot(&self, key: &K) -> Slot<V> {
        let mut slots = self.lock();
        let entry = match slots.iter().position(|(kept, _)| kept == key) {
            Some(index) => slots.remove(index),
            None => (key.clone(), Slot::default()),
        };
        let slot = entry.1.clone();
        slots.push(entry);
        // What is dropped may be large: after the lock.
        let n_surplus = slots.len().saturating_sub(self.limit.max(1));
        let surplus: Vec<_> = slots.drain(..n_surplus).collect();
        drop(slots);
        drop(surplus);
        slot
    }

    /// How many are kept.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(K, Slot<V>)>> {
        // A thread that panicked in here left a list as good as any.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn the_ones_asked_for_last_are_kept() {
        let cache = Cache::new(2);
        let get = |key: u32| cache.get(&key, || Ok(key)).unwrap();
        assert_eq!(
            [get(1), get(2), get(1), get(3), get(1), get(2)].map(|(_, kept)| kept),
            [false, false, true, false, true, false]
        );
        assert_eq!(cache.len(), 2);
        let none = Cache::new(0);
        assert_eq!([none.get(&1, || Ok(1)), none.get(&1, || Ok(1))].map(|got| got.unwrap().1), [false, false]);
        assert_eq!(none.len(), 0);
    }

    #[test]
    fn many_who_ask_at_once_have_it_made_once() {
        let (cache, n_made) = (Cache::new(8), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    cache.get(&7, || {
                        thread::yield_now();
                        Ok(n_made.fetch_add(1, Ordering::Relaxed))
                    })
                });
            }
        });
        assert_eq!(n_made.into_inner(), 1);
    }

    #[test]
    fn an_error_is_not_kept() {
        let cache = Cache::new(8);
        assert!(cache.get(&1, || Err(Error::new(ErrorKind::Io, "gone"))).is_err());
        assert_eq!(cache.get(&1, || Ok(5)).unwrap(), (5, false));
        assert_eq!(cache.get(&1, || Ok(6)).unwrap(), (5, true));
    }
}
