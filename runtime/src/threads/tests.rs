//! Teams on pools of their own, so that what one test does changes nothing for another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::pool::Pool;
use super::team::Team;

fn pool() -> &'static Pool {
    Box::leak(Box::new(Pool::new()))
}

/// Waits for something that happens sooner or later; fails where it has not within a minute.
fn eventually(what: &str, mut happens: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        thread::yield_now();
    }
}

/// Waits in a share until another thread is in another.
fn meet(n_there: &AtomicUsize) {
    n_there.fetch_add(1, Ordering::SeqCst);
    eventually("a worker comes", || n_there.load(Ordering::SeqCst) >= 2);
}

/// Runs of a team in which a worker takes part, with a share that waits for it.
fn run_with_help(team: &mut Team) {
    let n_there = AtomicUsize::new(0);
    team.enter().shares(2, &|_| meet(&n_there));
}

#[test]
fn each_share_runs_once() {
    let pool = pool();
    for n_threads in [1, 2, 3, 5, 16] {
        let mut team = Team::of(pool, n_threads, 2);
        for round in 0..200 {
            let mut run = team.enter();
            for n in [1, 2, n_threads, 1 + round % n_threads].map(|n| n.min(n_threads)) {
                let counts: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
                run.shares(n, &|part| _ = counts[part].fetch_add(1, Ordering::Relaxed));
                assert!(
                    counts.iter().all(|count| count.load(Ordering::Relaxed) == 1),
                    "{n} shares, {n_threads} threads: {counts:?}"
                );
            }
        }
    }
}

#[test]
fn many_callers_share_a_pool() {
    let pool = pool();
    let total = AtomicUsize::new(0);
    thread::scope(|scope| {
        for caller in 0..6 {
            let total = &total;
            scope.spawn(move || {
                for round in 0..20 {
                    // Made and dropped again and again.
                    let mut team = Team::of(pool, 1 + (caller + round) % 5, 3);
                    for _ in 0..20 {
                        let n = team.n_threads();
                        let mut run = team.enter();
                        for step in 0..20 {
                            let n = 1 + step % n;
                            let sum = AtomicUsize::new(0);
                            run.shares(n, &|part| _ = sum.fetch_add(part + 1, Ordering::Relaxed));
                            assert_eq!(sum.into_inner(), n * (n + 1) / 2);
                            total.fetch_add(n, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    assert!(total.into_inner() > 6 * 20 * 20 * 20);
    eventually("all leave", || pool.n_active() == 0);
}

#[test]
fn a_panic_in_a_worker_is_the_callers() {
    let mut team = Team::of(pool(), 2, 2);
    for _ in 0..3 {
        let n_there = AtomicUsize::new(0);
        let caller = thread::current().id();
        let result = catch_unwind(AssertUnwindSafe(|| {
            team.enter().shares(2, &|part| {
                meet(&n_there);
                assert_eq!(thread::current().id() == caller, part == 0);
                assert!(part == 0, "share {part} failed");
            })
        }));
        let panic = result.expect_err("the panic of share 1");
        assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("share 1 failed"));
        // The team goes on as if nothing had happened.
        run_with_help(&mut team);
    }
}

#[test]
fn a_panic_in_the_caller_waits_for_the_workers() {
    let mut team = Team::of(pool(), 3, 3);
    for both in [false, true] {
        let (n_there, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        let result = catch_unwind(AssertUnwindSafe(|| {
            team.enter().shares(3, &|part| {
                if part == 2 {
                    return;
                }
                meet(&n_there);
                assert!(part != 0, "the caller failed");
                thread::sleep(Duration::from_millis(20));
                done.store(true, Ordering::SeqCst);
                assert!(!both, "a worker failed");
            })
        }));
        assert!(done.load(Ordering::SeqCst), "the worker's share was still running");
        assert_eq!(result.expect_err("a panic").downcast_ref::<&str>(), Some(&"the caller failed"));
        run_with_help(&mut team);
    }
}

#[test]
fn a_second_caller_takes_no_more_than_the_cores() {
    let pool = pool();
    let (mut first, mut second) = (Team::of(pool, 2, 2), Team::of(pool, 2, 2));
    let mut run = first.enter();
    let n_there = AtomicUsize::new(0);
    run.shares(2, &|_| meet(&n_there));
    let mut other = second.enter();
    // Two callers on two cores: nobody helps the second, and the worker of the first leaves when it sees that.
    let caller = thread::current().id();
    other.shares(2, &|_| assert_eq!(thread::current().id(), caller));
    eventually("the worker leaves", || {
        run.shares(2, &|_| ());
        pool.n_active() == 2
    });
    run.shares(2, &|_| assert_eq!(thread::current().id(), caller));
    // And it comes back when there is room.
    drop(other);
    let n_there = AtomicUsize::new(0);
    run.shares(2, &|_| meet(&n_there));
}

#[test]
fn who_asks_for_more_threads_than_cores_gets_them() {
    let mut team = Team::of(pool(), 4, 1);
    let n_there = AtomicUsize::new(0);
    team.enter().shares(4, &|_| {
        n_there.fetch_add(1, Ordering::SeqCst);
        eventually("four threads", || n_there.load(Ordering::SeqCst) == 4);
    });
}

#[test]
fn each_of_many_short_runs_gets_help() {
    let mut team = Team::of(pool(), 2, 2);
    // Each begins while the worker is about to leave the one before.
    for _ in 0..5_000 {
        run_with_help(&mut team);
    }
}

#[test]
fn workers_without_work_sleep() {
    let pool = pool();
    let mut team = Team::of(pool, 4, 4);
    for _ in 0..3 {
        run_with_help(&mut team);
        eventually("all sleep", || pool.n_asleep() == 3 && pool.n_active() == 0);
    }
    let mut run = team.enter();
    run.shares(4, &|_| ());
    // Within a run, too, when it goes on alone for long.
    eventually("all sleep", || pool.n_asleep() == 3 && pool.n_active() == 1);
    let n_there = AtomicUsize::new(0);
    run.shares(2, &|_| meet(&n_there));
}
