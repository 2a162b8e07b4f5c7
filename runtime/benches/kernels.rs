//! Kernels in percent of what this core can do: `cargo bench -p convoke [-- WORD..]`, `CONVOKE_ISA` as always.
//!
//! The yardstick is a loop of multiply-adds that touches registers only, run in turn with each kernel, so that a clock or a
//! neighbour that changes meanwhile changes both; the median of these ratios is printed, and the best. One thread, warm caches,
//! one image. A sample of each result is compared with its definition in f64 first. Layers that are bound by memory are
//! printed beside a copy of as many bytes.

mod cases;

use std::time::Duration;

use cases::{Bench, Case};
use convoke::isa::Isa;
use convoke::kernels::multiply_adds;

/// Pairs of measurements of a kernel and the yardstick.
const ROUNDS: usize = 31;
/// Passes of the yardstick over its chains.
const PASSES: usize = 4096;
/// Time that a kernel is repeated for in one measurement.
const BURST: Duration = Duration::from_micros(1500);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let isa = match Isa::detect() {
        Ok(isa) => isa,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    };
    println!("{isa}, one thread; 100 % is a loop of multiply-adds in registers, run in turn with each kernel\n");
    println!("{:<44} {:>10} {:>9} {:>7} {:>7} {:>9}", "kernel", "time", "GFLOP/s", "median", "best", "/ memcpy");
    for case in cases::all() {
        let name = case.name();
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            report(&name, &case, isa);
        }
    }
}

/// Measures one kernel and prints its line.
fn report(name: &str, case: &Case, isa: Isa) {
    let mut bench = Bench::new(case, isa);
    bench.check();
    let repeat = times(&mut || bench.run(), BURST);
    let peak_repeat = times(&mut || _ = multiply_adds(isa, PASSES), BURST / 3);
    let mut bytes = vec![0u8; bench.bytes / 2];
    let source = vec![1u8; bench.bytes / 2];
    let copy_repeat = times(&mut || bytes.copy_from_slice(std::hint::black_box(&source)), BURST / 3);
    let (mut ratios, mut copies, mut seconds, mut rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut flops = 0.0;
        let before = time(peak_repeat, &mut || flops = multiply_adds(isa, PASSES));
        let kernel = time(repeat, &mut || bench.run());
        let after = time(peak_repeat, &mut || flops = multiply_adds(isa, PASSES));
        let copy = time(copy_repeat, &mut || bytes.copy_from_slice(std::hint::black_box(&source)));
        // The faster of the two: what disturbed the other may not flatter the kernel.
        let peak = flops / before.min(after);
        ratios.push(100.0 * bench.flops / kernel / peak);
        copies.push(kernel / copy);
        seconds.push(kernel);
        rates.push(bench.flops / kernel * 1e-9);
    }
    for list in [&mut ratios, &mut copies, &mut seconds, &mut rates] {
        list.sort_by(f64::total_cmp);
    }
    let middle = ROUNDS / 2;
    let micros = seconds[middle] * 1e6;
    let (rate, median, best, copy) = (rates[middle], ratios[middle], ratios[ROUNDS - 1], copies[middle]);
    println!("{name:<44} {micros:>8.1}µs {rate:>9.1} {median:>6.1}% {best:>6.1}% {copy:>9.2}");
}

/// Seconds of this thread that one of `n` runs takes.
fn time(n: usize, run: &mut dyn FnMut()) -> f64 {
    let start = thread_seconds();
    for _ in 0..n {
        run();
    }
    (thread_seconds() - start) / n as f64
}

/// The processor's time that this thread has had: others that want the core do not count.
#[cfg(unix)]
fn thread_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for the write.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Time since the first call.
#[cfg(not(unix))]
fn thread_seconds() -> f64 {
    use std::{sync::OnceLock, time::Instant};
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// How often something can be run in a while; at least once.
fn times(run: &mut dyn FnMut(), a_while: Duration) -> usize {
    run();
    (a_while.as_secs_f64() / time(2, run)).ceil() as usize
}
