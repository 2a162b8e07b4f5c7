//! The workers of the process: threads that wait to be called into a team. Floor 1.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::{io, ptr};

use super::team::Shared;
use super::{MOST, Padded, Patience};

/// Threads, as many as the largest session has asked for, less its caller's.
pub(super) struct Pool {
    workers: [Padded<Worker>; MOST - 1],
    n_workers: AtomicUsize,
    /// Held while workers are started.
    starting: Mutex<()>,
    /// Callers within a run and workers that are called, of all sessions.
    active: Padded<AtomicUsize>,
}

/// One thread.
struct Worker {
    /// The team that it is called into, an `Arc` that is the worker's once it has taken it.
    inbox: AtomicPtr<Shared>,
    /// From when it is called until it has left.
    is_called: AtomicBool,
    /// Whether it sleeps or is about to.
    is_asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

/// How many sleepers one thread wakes, itself and others: each of those wakes as many.
const WAKES: usize = 2;

impl Pool {
    /// Without workers.
    pub(super) const fn new() -> Pool {
        Pool {
            workers: [const { Padded(Worker::new()) }; MOST - 1],
            n_workers: AtomicUsize::new(0),
            starting: Mutex::new(()),
            active: Padded(AtomicUsize::new(0)),
        }
    }

    /// Starts workers until there are `n`, or as many as the system grants.
    pub(super) fn grow(&'static self, n: usize) {
        // Nothing is left half done by a thread that panicked here: a worker counts when it is complete.
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        for index in self.n_workers.load(Ordering::Relaxed)..n.min(self.workers.len()) {
            let started: io::Result<_> =
                thread::Builder::new().name(format!("convoke-{}", index + 1)).spawn(move || self.work(index));
            let Ok(handle) = started else { return };
            self.workers[index].0.thread.get_or_init(|| handle.thread().clone());
            self.n_workers.store(index + 1, Ordering::Release);
        }
    }

    fn workers(&self) -> &[Padded<Worker>] {
        &self.workers[..self.n_workers.load(Ordering::Acquire)]
    }

    /// Counts a caller.
    pub(super) fn enter(&self) {
        self.active.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a caller or worker no longer.
    pub(super) fn leave(&self) {
        self.active.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts one more where `limit` allows it.
    fn enter_below(&self, limit: usize) -> bool {
        let more = |active| (active < limit).then_some(active + 1);
        self.active.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Counts one less where there are more than `limit`.
    pub(super) fn leave_above(&self, limit: usize) -> bool {
        let less = |active| (active > limit).then(|| active - 1);
        // Read first: most of the time there are not, and reading leaves the line with all who share it.
        self.active.0.load(Ordering::Relaxed) > limit
            && self.active.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// Callers within a run and workers that are called.
    #[cfg(test)]
    pub(super) fn n_active(&self) -> usize {
        self.active.0.load(Ordering::SeqCst)
    }

    /// Workers that sleep or are about to.
    #[cfg(test)]
    pub(super) fn n_asleep(&self) -> usize {
        self.workers().iter().filter(|worker| worker.0.is_asleep.load(Ordering::SeqCst)).count()
    }

    /// Calls up to `n` workers that are free into a team, as long as no more than `limit` are active.
    pub(super) fn call(&self, team: &Arc<Shared>, n: usize, limit: usize) {
        let mut n_called = 0;
        for Padded(worker) in self.workers() {
            if n_called == n || self.active.0.load(Ordering::Relaxed) >= limit {
                break;
            }
            if worker.is_called.load(Ordering::SeqCst) || worker.is_called.swap(true, Ordering::SeqCst) {
                continue;
            }
            if !self.enter_below(limit) {
                worker.is_called.store(false, Ordering::SeqCst);
                break;
            }
            team.joins();
            worker.inbox.store(Arc::into_raw(Arc::clone(team)).cast_mut(), Ordering::SeqCst);
            n_called += 1;
        }
        if n_called > 0 {
            self.wake(Arc::as_ptr(team));
        }
    }

    /// Wakes some of the sleepers that are called into a team. Those who wake do the same, so that none takes long.
    fn wake(&self, team: *const Shared) {
        let sleepers = self.workers().iter().filter(|Padded(worker)| {
            ptr::eq(worker.inbox.load(Ordering::SeqCst), team) && worker.is_asleep.swap(false, Ordering::SeqCst)
        });
        for Padded(worker) in sleepers.take(WAKES) {
            if let Some(thread) = worker.thread.get() {
                thread.unpark();
            }
        }
    }

    /// What a worker does, until the process ends.
    fn work(&self, index: usize) {
        let Padded(worker) = &self.workers[index];
        loop {
            let team = worker.wait();
            self.wake(Arc::as_ptr(&team));
            loop {
                let last = team.serve(self, index);
                worker.is_called.store(false, Ordering::SeqCst);
                // A caller who announced a call meanwhile has seen here that this worker is free, or is seen to have announced it.
                if !team.has_news(last) || worker.is_called.swap(true, Ordering::SeqCst) {
                    break;
                }
                if !self.enter_below(team.limit()) {
                    worker.is_called.store(false, Ordering::SeqCst);
                    break;
                }
                team.joins();
            }
        }
    }
}

impl Worker {
    const fn new() -> Worker {
        Worker {
            inbox: AtomicPtr::new(ptr::null_mut()),
            is_called: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
            thread: OnceLock::new(),
        }
    }

    /// Waits until it is called.
    fn wait(&self) -> Arc<Shared> {
        let mut patience = Patience::new();
        loop {
            if !self.inbox.load(Ordering::Relaxed).is_null() {
                let team = self.inbox.swap(ptr::null_mut(), Ordering::Acquire);
                // SAFETY: `call` has put the pointer of an `Arc` here that it gave away, nobody else takes it, and `swap` takes
                // it once.
                return unsafe { Arc::from_raw(team) };
            }
            if patience.is_over() {
                self.is_asleep.store(true, Ordering::SeqCst);
                // Whoever calls from here on sees that it sleeps; who called before has left a team.
                if self.inbox.load(Ordering::SeqCst).is_null() {
                    thread::park();
                }
                self.is_asleep.store(false, Ordering::SeqCst);
                patience = Patience::new();
            }
        }
    }
}
