//! What handing work to other threads costs: `cargo bench -p convoke --bench threads [-- N]`, for a team of N, 2 if not given.
//!
//! Wall-clock time, of the quickest and the median of many measurements; a machine that is busy with other things shows in the
//! median. Shares do nothing, so that what is measured is what an image, or a step of it, costs more than on one thread: where
//! the caller has done all of them before anybody else could, and where each waits until all others have begun.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use convoke::threads::{Run, Team};

/// Measurements.
const ROUNDS: usize = 2001;
/// What is measured at once.
const REPEAT: usize = 20;

fn main() {
    let n: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(2);
    let mut team = Team::new(n);
    let n = team.n_threads();
    println!("{n} threads; quickest and median of {ROUNDS}, each the mean of {REPEAT}\n");
    let nothing = |part: usize| _ = std::hint::black_box(part);
    report("entering and leaving", || drop(team.enter()));
    report("entering, one step in shares, leaving", || team.enter().shares(n, &nothing));
    let mut run = team.enter();
    report("one step in one share, within a run", || run.shares(1, &nothing));
    report("one step in shares, within a run", || run.shares(n, &nothing));
    let (n_there, mut n_calls) = (AtomicUsize::new(0), 0);
    let mut meet = |run: &mut Run<'_>| {
        n_calls += 1;
        let all = n_calls * n;
        run.shares(n, &|_| {
            n_there.fetch_add(1, Ordering::AcqRel);
            while n_there.load(Ordering::Acquire) < all {
                std::hint::spin_loop();
            }
        });
    };
    report("the same, each by a thread of its own", || meet(&mut run));
    drop(run);
    report("entering, such a step, leaving", || meet(&mut team.enter()));
}

/// Measures and prints a line.
fn report(what: &str, mut f: impl FnMut()) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..REPEAT {
                f();
            }
            start.elapsed().as_secs_f64() * 1e9 / REPEAT as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:<40} {:>8.0} ns {:>8.0} ns", times[0], times[ROUNDS / 2]);
}
