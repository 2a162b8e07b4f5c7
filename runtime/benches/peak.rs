//! The yardstick: multiply-adds that touch registers only, in enough independent chains to keep the units busy.

use convoke::isa::Isa;

/// Passes over the chains.
const PASSES: usize = 4096;

/// Runs the loop and returns its floating-point operations, a multiply-add being two.
pub fn multiply_adds(isa: Isa) -> f64 {
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Isa::detect` yields what the machine has.
        Isa::Avx512 => unsafe { avx512() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { avx2() },
        _ => portable(),
    }
    (PASSES * CHAINS * isa.lanes() * 2) as f64
}

/// Independent sums: twice the units times their latency, and few enough for 16 registers with the factors.
const CHAINS: usize = 12;

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512() {
    use std::arch::x86_64::*;
    let x = _mm512_set1_ps(std::hint::black_box(0.5));
    let mut sums = [x; CHAINS];
    for _ in 0..PASSES {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, x, x);
        }
    }
    std::hint::black_box(sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2() {
    use std::arch::x86_64::*;
    let x = _mm256_set1_ps(std::hint::black_box(0.5));
    let mut sums = [x; CHAINS];
    for _ in 0..PASSES {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(*sum, x, x);
        }
    }
    std::hint::black_box(sums);
}

/// A multiplication and an addition, as the portable kernels have them.
fn portable() {
    let x = std::hint::black_box(0.5f32);
    let mut sums = [[x; 4]; CHAINS];
    for _ in 0..PASSES {
        for sum in &mut sums {
            for lane in sum {
                *lane = *lane * x + x;
            }
        }
    }
    std::hint::black_box(sums);
}
