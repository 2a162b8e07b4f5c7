//! The yardstick: multiply-adds that touch registers only. Floor 2.

use crate::simd::Simd;

/// Independent sums: twice the units times their latency, and few enough for 16 registers with the factors.
pub const CHAINS: usize = 12;

/// `x·sum + x` in each chain, over and over; what comes out depends on all of it.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn multiply_adds<S: Simd>(x: f32, n_passes: usize) -> f32 {
    // SAFETY: the caller's promise.
    unsafe {
        let x = S::splat(x);
        let mut sums = [x; CHAINS];
        for _ in 0..n_passes {
            for sum in &mut sums {
                *sum = S::fma(*sum, x, x);
            }
        }
        let all = sums.into_iter().fold(x, |all, sum| S::add(all, sum));
        S::lanes(all)[0]
    }
}
