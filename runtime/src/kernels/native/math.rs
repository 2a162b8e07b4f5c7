//! Exponential, logistic function and hyperbolic tangent on vectors, and activations. Floor 2.
//!
//! Errors, measured over all of their range by the tests: `exp` within 2 ULP, `sigmoid` and `tanh` within 4 ULP. NaN stays NaN,
//! results below the normal range are kept.
//!
//! Range reduction and polynomial after Cephes' `expf` (S. Moshier, *Methods and Programs for Mathematical Functions*, 1989).

use crate::simd::Simd;

use super::args::{Act, ActKind};

/// `ln 2` in two parts; the first has few enough bits that its product with an exponent is exact.
const LN2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// n and r with `x = n · ln 2 + r`, `|r| ≤ ln 2 / 2`.
#[inline(always)]
unsafe fn reduce<S: Simd>(x: S::V) -> (S::V, S::V) {
    // SAFETY: the caller promises that the machine has the instruction set.
    unsafe {
        // Adding and subtracting 1.5 · 2²³ rounds to the nearest integer.
        let magic = S::splat(12_582_912.0);
        let n = S::sub(S::fma(x, S::splat(core::f32::consts::LOG2_E), magic), magic);
        let r = S::fma(n, S::splat(-LN2[0]), x);
        (n, S::fma(n, S::splat(-LN2[1]), r))
    }
}

/// `exp(r) − 1` for `|r| ≤ ln 2 / 2`.
#[inline(always)]
unsafe fn exp_m1_near_0<S: Simd>(r: S::V) -> S::V {
    // SAFETY: the caller promises that the machine has the instruction set.
    unsafe {
        let mut p = S::splat(1.987_569_1e-4);
        for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
            p = S::fma(p, r, S::splat(c));
        }
        S::fma(S::mul(r, r), p, r)
    }
}

/// `exp x`
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn exp<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        // Beyond these it is 0 and infinity all the same; NaN is the second operand and stays.
        let x = S::max(S::splat(-105.0), S::min(S::splat(89.5), x));
        let (n, r) = reduce::<S>(x);
        let y = S::add(exp_m1_near_0::<S>(r), S::splat(1.0));
        // 2ⁿ in two factors: n itself may lie outside of the exponent's range.
        let magic = S::splat(12_582_912.0);
        let half = S::sub(S::fma(n, S::splat(0.5), magic), magic);
        S::mul(S::mul(y, S::pow2(half)), S::pow2(S::sub(n, half)))
    }
}

/// `1 / (1 + exp(−x))`
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn sigmoid<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let one = S::splat(1.0);
        let e = exp::<S>(S::sub(S::splat(0.0), S::abs(x)));
        S::div(S::if_negative(x, e, one), S::add(one, e))
    }
}

/// `tanh x`, by `tanh |x| = m / (m + 2)` with `m = exp(2|x|) − 1`.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn tanh<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        // From 9.02 on it rounds to 1.
        let a = S::min(S::splat(9.1), S::abs(x));
        let (n, r) = reduce::<S>(S::add(a, a));
        let scale = S::pow2(n);
        let m = S::fma(scale, exp_m1_near_0::<S>(r), S::sub(scale, S::splat(1.0)));
        S::copy_sign(S::div(m, S::add(m, S::splat(2.0))), x)
    }
}

/// The bounds of an activation: all of `relu` and `relu6`, nothing where there are none. NaN stays.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn bound<S: Simd>(act: &Act, v: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { S::min(S::splat(act.high), S::max(S::splat(act.low), v)) }
}

/// What an activation does beyond its bounds, to `len` elements in place.
///
/// # Safety
/// The machine has the instruction set, and `p` is valid for reads and writes of `len` elements.
#[inline(always)]
pub unsafe fn activate_run<S: Simd>(act: &Act, p: *mut f32, len: usize) {
    // SAFETY: the caller's promise; `for_each` stays inside of `len`.
    unsafe {
        match act.kind {
            ActKind::Bounds => {}
            ActKind::Leaky => {
                let slope = S::splat(act.slope);
                for_each::<S>(
                    p,
                    len,
                    #[inline(always)]
                    |v| S::if_negative(v, S::mul(v, slope), v),
                )
            }
            ActKind::Sigmoid => for_each::<S>(
                p,
                len,
                #[inline(always)]
                |v| sigmoid::<S>(v),
            ),
            ActKind::Tanh => for_each::<S>(
                p,
                len,
                #[inline(always)]
                |v| tanh::<S>(v),
            ),
        }
    }
}

/// Replaces `len` elements by `f` of them.
#[inline(always)]
unsafe fn for_each<S: Simd>(p: *mut f32, len: usize, f: impl Fn(S::V) -> S::V) {
    // SAFETY: the caller promises `len` elements; whole vectors are taken while they fit, then the first of the last.
    unsafe {
        let mut i = 0;
        while i + S::LANES <= len {
            S::store(p.add(i), f(S::load(p.add(i))));
            i += S::LANES;
        }
        if i < len {
            S::store_first(p.add(i), len - i, f(S::load_first(p.add(i), len - i)));
        }
    }
}
