//! A caller and the workers that help it for the length of a run. Floor 1.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use super::pool::Pool;
use super::{MOST, Padded, Patience, n_cores};

/// The pool of the process. It has no workers until a session wants some, and is made then: as a static it would be 16 KB of the program.
static POOL: OnceLock<Box<Pool>> = OnceLock::new();

/// A caller's claim to threads: what it runs in shares, idle workers of the pool help with.
pub struct Team {
    pool: &'static Pool,
    shared: Arc<Shared>,
    /// Most threads, the caller included.
    n_threads: usize,
    /// Most threads of the whole pool that this team brings it to.
    limit: usize,
    /// Of the last call; calls are counted from 1.
    call: u64,
}

/// What a team's caller and workers share.
pub(super) struct Shared {
    call: Padded<Call>,
    /// Shares of the call that are not finished, the caller's first left out.
    n_left: Padded<AtomicUsize>,
    /// Workers that are called and have not left.
    n_members: Padded<AtomicUsize>,
    /// By share: the last call in which somebody has claimed it.
    claims: Box<[Padded<AtomicU64>]>,
    /// What the first share that panicked had to say.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Whether there is one: seen by the caller when it has seen the share finished.
    has_panicked: AtomicBool,
    limit: usize,
}

/// What is to be done.
#[derive(Default)]
struct Call {
    /// The call's number and how many shares it has, see [`Announced`].
    announced: AtomicU64,
    /// The closure, and the function that calls it: those of the announced call as long as it has a share that nobody has claimed.
    closure: AtomicPtr<()>,
    function: AtomicPtr<()>,
}

/// A call's number, above [`Announced::BITS`] for how many shares it has: none where the run is over.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Announced(u64);

impl Announced {
    const BITS: u32 = 16;

    fn new(call: u64, n_shares: usize) -> Announced {
        Announced(call << Announced::BITS | n_shares as u64)
    }

    fn call(self) -> u64 {
        self.0 >> Announced::BITS
    }

    fn n_shares(self) -> usize {
        (self.0 & ((1 << Announced::BITS) - 1)) as usize
    }
}

/// Calls the closure behind a pointer.
type Function = unsafe fn(*const (), usize);

impl Team {
    /// Of up to `n_threads`, at least 1 and at most [`MOST`]. Starts workers where the pool has too few.
    pub fn new(n_threads: usize) -> Team {
        Team::of(POOL.get_or_init(|| Box::new(Pool::new())), n_threads, n_cores())
    }

    /// Of the workers of a pool, on a machine of `n_cores`.
    pub(super) fn of(pool: &'static Pool, n_threads: usize, n_cores: usize) -> Team {
        let n_threads = n_threads.clamp(1, MOST);
        pool.grow(n_threads - 1);
        // Whoever asks for more threads than there are cores gets them where nothing else runs.
        let limit = n_cores.max(n_threads);
        let claims = (0..n_threads).map(|_| Padded::default()).collect();
        let shared = Shared {
            call: Padded::default(),
            n_left: Padded::default(),
            n_members: Padded::default(),
            claims,
            panic: Mutex::new(None),
            has_panicked: AtomicBool::new(false),
            limit,
        };
        Team { pool, shared: Arc::new(shared), n_threads, limit, call: 0 }
    }

    /// Most threads, the caller included.
    pub fn n_threads(&self) -> usize {
        self.n_threads
    }

    /// Begins a run: what is done until the guard is dropped.
    #[inline]
    pub fn enter(&mut self) -> Run<'_> {
        self.pool.enter();
        Run { team: self }
    }
}

/// A team at work. Dropping it sends its workers away.
pub struct Run<'a> {
    team: &'a mut Team,
}

impl Run<'_> {
    /// Calls `f` once with each number below `n`, at most as many as the team has threads; the caller's thread begins with 0.
    /// Returns when all are done.
    ///
    /// # Panics
    /// With the message of a share that panicked, when all others are done.
    #[inline]
    pub fn shares<F: Fn(usize) + Sync>(&mut self, n: usize, f: &F) {
        if n <= 1 {
            return (0..n).for_each(f);
        }
        /// # Safety
        /// `closure` points to an `F`.
        unsafe fn call<F: Fn(usize)>(closure: *const (), part: usize) {
            // SAFETY: the caller's promise.
            unsafe { (*closure.cast::<F>())(part) }
        }
        self.announce(n, std::ptr::from_ref(f).cast(), call::<F>);
        self.get_help(n);
        let mut rest = Rest { shared: &self.team.shared, call: self.team.call, n_untried: n - 1 };
        f(0);
        rest.take(f);
        drop(rest);
        if let Some(panic) = self.team.shared.panic() {
            resume_unwind(panic);
        }
    }

    /// Lets workers know what there is to do.
    fn announce(&mut self, n: usize, closure: *const (), function: Function) {
        let n_threads = self.team.n_threads;
        assert!(n <= n_threads, "{n} shares among {n_threads} threads");
        self.team.call += 1;
        let shared = &*self.team.shared;
        shared.n_left.0.store(n - 1, Ordering::Relaxed);
        let Call { announced, closure: at, function: of } = &shared.call.0;
        at.store(closure.cast_mut(), Ordering::Relaxed);
        of.store(function as *mut (), Ordering::Relaxed);
        announced.store(Announced::new(self.team.call, n).0, Ordering::SeqCst);
    }

    /// Calls workers where the team has too few for `n` shares. After these are announced: a worker that leaves meanwhile is seen
    /// here to have left, or sees the announcement and comes back.
    fn get_help(&self, n: usize) {
        let Team { pool, shared, limit, .. } = &*self.team;
        let n_members = shared.n_members.0.load(Ordering::SeqCst);
        if n_members + 1 < n {
            pool.call(shared, n - 1 - n_members, *limit);
        }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if self.team.n_threads > 1 {
            let over = Announced::new(self.team.call, 0);
            self.team.shared.call.0.announced.store(over.0, Ordering::Release);
            // Of a share beside the caller's own, which is the panic that goes on.
            drop(self.team.shared.panic());
        }
        self.team.pool.leave();
    }
}

/// The shares of a call but its first. Dropping it waits for those that are begun and leaves the others undone: a caller whose own
/// share panicked does no more than that.
struct Rest<'a> {
    shared: &'a Shared,
    call: u64,
    /// The shares 1 to this one may be left.
    n_untried: usize,
}

impl Rest<'_> {
    /// Calls `f` with each share that nobody has begun. From the last on, as workers begin with the first.
    #[inline]
    fn take(&mut self, f: impl Fn(usize)) {
        while self.n_untried > 0 {
            let part = self.n_untried;
            self.n_untried -= 1;
            if self.shared.claim(part, self.call) {
                let _done = Done(self.shared);
                f(part);
            }
        }
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.take(|_| ());
        let mut patience = Patience::new();
        while self.shared.n_left.0.load(Ordering::Acquire) > 0 {
            // A worker that has been at it for so long may have lost its core, to this thread perhaps.
            if patience.is_over() {
                thread::yield_now();
            }
        }
    }
}

/// Counts a share as finished when it is dropped: also where it panicked.
struct Done<'a>(&'a Shared);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.n_left.0.fetch_sub(1, Ordering::Release);
    }
}

impl Shared {
    /// Counts a worker that is called.
    pub(super) fn joins(&self) {
        self.n_members.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a share is the claimant's: at most once for each call.
    ///
    /// Calls only grow, and one is over when all its shares have been claimed. So who still knows an earlier call claims nothing,
    /// and who has claimed a share knows that its call is not over.
    #[inline]
    fn claim(&self, part: usize, call: u64) -> bool {
        let Padded(claim) = &self.claims[part];
        let last = claim.load(Ordering::Relaxed);
        last < call && claim.compare_exchange(last, call, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Most threads at work with which this team goes on as it is.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    fn announced(&self) -> Announced {
        Announced(self.call.0.announced.load(Ordering::SeqCst))
    }

    /// Whether something was announced since a worker left.
    pub(super) fn has_news(&self, last: Option<Announced>) -> bool {
        last.is_some_and(|last| self.announced() != last && self.announced().n_shares() > 0)
    }

    /// What worker `index` of the pool does for the team: shares, until the run is over or nothing has come for a while; then it
    /// returns what was announced last. Or until there are more threads at work than cores.
    pub(super) fn serve(&self, pool: &Pool, index: usize) -> Option<Announced> {
        let mut last = Announced(u64::MAX);
        let mut patience = Patience::new();
        loop {
            let next = self.announced();
            if next != last && next.n_shares() > 0 {
                if pool.leave_above(self.limit) {
                    self.n_members.0.fetch_sub(1, Ordering::SeqCst);
                    return None;
                }
                self.help(next, index);
                last = next;
                patience = Patience::new();
            } else if next.n_shares() == 0 || patience.is_over() {
                self.n_members.0.fetch_sub(1, Ordering::SeqCst);
                pool.leave();
                return Some(next);
            }
        }
    }

    /// Computes what nobody else has begun, beginning with the worker's own share: neighbouring steps then find in its caches
    /// what it wrote.
    fn help(&self, announced: Announced, index: usize) {
        let Call { closure, function, .. } = &self.call.0;
        let closure = closure.load(Ordering::Relaxed).cast_const();
        let function = function.load(Ordering::Relaxed);
        let n = announced.n_shares() - 1;
        for i in 0..n {
            let part = 1 + (index + i) % n;
            if self.claim(part, announced.call()) {
                let _done = Done(self);
                // SAFETY: the announced call has a share that nobody had claimed, so its caller waits for it: neither pointer has
                // changed since they were announced, `function` is the `Function` that was stored, and it is the one for
                // `closure`, which the caller borrows until all shares are done and which is `Sync`.
                let result = catch_unwind(AssertUnwindSafe(|| unsafe {
                    std::mem::transmute::<*mut (), Function>(function)(closure, part);
                }));
                if let Err(panic) = result {
                    self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
                    self.has_panicked.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    /// The panic of a share, if one panicked since it was last asked.
    #[inline]
    fn panic(&self) -> Option<Box<dyn Any + Send>> {
        if !self.has_panicked.load(Ordering::Relaxed) {
            return None;
        }
        self.has_panicked.store(false, Ordering::Relaxed);
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
