//! Exponential functions on vectors, and the activations made of them. Floor 2.
//!
//! Errors, measured over all of their range by the tests: `exp` within 2 ULP, `elu` within 3, `sigmoid`, `tanh` and `softplus` within
//! 4, `silu` within 5, `gelu` within 8; its approximation by `tanh` within 6, and within 3·|w| more where `exp(w)` of a negative w
//! scales it. NaN stays NaN, results below the normal range are kept.
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
        scale::<S>(y, n)
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
        S::ratio(S::if_negative(x, e, one), S::add(one, e))
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
        S::copy_sign(S::ratio(m, S::add(m, S::splat(2.0))), x)
    }
}

/// `factor · exp(x)` for `x ≤ 0` and factors of a size for which 2⁻¹⁵⁹ times them is nothing: where `exp(x)` alone would be below
/// the normal range, the product keeps its digits.
#[inline(always)]
unsafe fn times_exp<S: Simd>(factor: S::V, x: S::V) -> S::V {
    // SAFETY: the caller promises that the machine has the instruction set.
    unsafe {
        let x = S::max(S::splat(-110.0), x);
        let (n, r) = reduce::<S>(x);
        let y = S::add(exp_m1_near_0::<S>(r), S::splat(1.0));
        scale::<S>(S::mul(factor, y), n)
    }
}

/// `y · 2ⁿ` for n down to −252, in two factors: n itself may lie outside of the exponent's range.
#[inline(always)]
unsafe fn scale<S: Simd>(y: S::V, n: S::V) -> S::V {
    // SAFETY: the caller promises that the machine has the instruction set.
    unsafe {
        let magic = S::splat(12_582_912.0);
        let half = S::sub(S::fma(n, S::splat(0.5), magic), magic);
        S::mul(S::mul(y, S::pow2(half)), S::pow2(S::sub(n, half)))
    }
}

/// `x / (1 + exp(−w))`: with w = x `silu`, else an approximation of `gelu`.
#[inline(always)]
unsafe fn gated<S: Simd>(x: S::V, w: S::V) -> S::V {
    // SAFETY: the caller promises that the machine has the instruction set.
    unsafe {
        let one = S::splat(1.0);
        let minus = S::sub(S::splat(0.0), S::abs(w));
        // Far down, where the exponential is nothing, x may be anything; NaN is the second operand and stays.
        let bounded = S::max(S::splat(-110.0), x);
        let above = S::if_negative(w, times_exp::<S>(bounded, minus), x);
        S::div(above, S::add(one, exp::<S>(minus)))
    }
}

/// Coefficients of t, t², … of `Φ(−u) · exp(u²/2)` with `t = 1/(1 + 0.3·u)`, from the highest down: fitted for u from 0 to 14.5,
/// within 4e-9 of the value.
const TAIL: [f32; 10] = [
    -2.062_355_2e-2,
    1.124_360_6e-1,
    -2.282_146_5e-1,
    1.917_859_3e-1,
    -7.942_463_6e-2,
    9.615_744e-2,
    7.838_944e-2,
    1.102_354_7e-1,
    1.195_718_1e-1,
    1.196_866_9e-1,
];

/// `x · Φ(x)`, by `x · Φ(−|x|)`, whose factor `exp(−x²/2)` has the square in two parts.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn gelu<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        // Beyond 14.5 the tail is nothing; NaN is the second operand and stays.
        let u = S::min(S::splat(14.5), S::abs(x));
        let t = S::ratio(S::splat(1.0), S::fma(u, S::splat(0.3), S::splat(1.0)));
        let mut p = S::splat(TAIL[0]);
        for c in &TAIL[1..] {
            p = S::fma(p, t, S::splat(*c));
        }
        // The upper half of u's digits, the square of which is exact (Dekker, 1971).
        let c = S::mul(u, S::splat(4097.0));
        let high = S::sub(c, S::sub(c, u));
        let minus_half = S::splat(-0.5);
        let (n, r) = reduce::<S>(S::mul(S::mul(high, high), minus_half));
        let r = S::fma(S::mul(S::sub(u, high), S::add(u, high)), minus_half, r);
        let e = S::add(exp_m1_near_0::<S>(r), S::splat(1.0));
        let tail = scale::<S>(S::mul(S::mul(S::mul(t, p), u), e), n);
        // |x| times the share beyond it.
        S::sub(S::if_negative(x, S::splat(0.0), x), tail)
    }
}

/// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))`
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn gelu_tanh<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        // Far out it is x or nothing; NaN is the second operand and stays.
        let y = S::max(S::splat(-30.0), S::min(S::splat(30.0), x));
        let w = S::mul(y, S::fma(S::mul(y, y), S::splat(7.135_481_6e-2), S::splat(1.595_769)));
        gated::<S>(x, w)
    }
}

/// `min(max(x + 3, 0), 6) / 6`
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn hard_sigmoid<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { S::div(S::min(S::splat(6.0), S::max(S::splat(0.0), S::add(x, S::splat(3.0)))), S::splat(6.0)) }
}

/// `exp(x) − 1` for `x ≤ 0`.
#[inline(always)]
unsafe fn exp_m1_below_0<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller promises that the machine has the instruction set.
    unsafe {
        // From −17.33 on it rounds to −1.
        let (n, r) = reduce::<S>(S::max(S::splat(-20.0), x));
        let scale = S::pow2(n);
        S::fma(scale, exp_m1_near_0::<S>(r), S::sub(scale, S::splat(1.0)))
    }
}

/// `ln(1 + exp(y))`, by `max(y, 0) + ln(1 + e)` with `e = exp(−|y|)`, and `ln(1 + e) = 2 · artanh(e / (2 + e))`.
#[inline(always)]
unsafe fn softplus<S: Simd>(y: S::V) -> S::V {
    // SAFETY: the caller promises that the machine has the instruction set.
    unsafe {
        let zero = S::splat(0.0);
        let e = exp::<S>(S::sub(zero, S::abs(y)));
        let s = S::ratio(e, S::add(S::splat(2.0), e));
        let z = S::mul(s, s);
        let mut p = S::splat(1.403_657_2e-1);
        for c in [1.399_516_3e-1, 2.001_108_2e-1, 3.333_320_3e-1] {
            p = S::fma(p, z, S::splat(c));
        }
        let log = S::fma(S::mul(s, z), p, s);
        S::add(S::max(zero, y), S::add(log, log))
    }
}

/// `ln x` of a positive number, by `ln x = k · ln 2 + 2 · artanh((m − 1)/(m + 1))` with `x = m · 2ᵏ`, m about 1.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // Below the normal range 23 bits higher.
    let small = x < f32::MIN_POSITIVE;
    let (y, less) = if small { (x * 8_388_608.0, 23.0) } else { (x, 0.0) };
    // m from √½ to √2: the exponent is counted from the bits of √½.
    let above = y.to_bits().wrapping_sub(0x3f35_04f3) as i32;
    let k = (above >> 23) as f32 - less;
    let m = f32::from_bits((above & 0x007f_ffff) as u32 + 0x3f35_04f3);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let p = ((1.403_657_2e-1 * z + 1.399_516_3e-1) * z + 2.001_108_2e-1) * z + 3.333_320_3e-1;
    let log = k * LN2[0] + (2.0 * (s + s * z * p) + k * LN2[1]);
    if x > 0.0 && x < f32::INFINITY {
        log
    } else if x == 0.0 {
        f32::NEG_INFINITY
    } else if x > 0.0 {
        x
    } else {
        f32::NAN
    }
}

/// `ln x`: as [`ln`], on vectors, and of anything.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub unsafe fn ln_of<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let (zero, one) = (S::splat(0.0), S::splat(1.0));
        // Below the normal range 23 bits higher.
        let least = S::splat(f32::MIN_POSITIVE);
        let y = S::if_less(x, least, S::mul(x, S::splat(8_388_608.0)), x);
        let k = S::sub(S::exponent(y), S::if_less(x, least, S::splat(23.0), zero));
        let m = S::mantissa(y);
        let s = S::div(S::sub(m, one), S::add(m, one));
        let z = S::mul(s, s);
        let mut p = S::splat(1.403_657_2e-1);
        for c in [1.399_516_3e-1, 2.001_108_2e-1, 3.333_320_3e-1] {
            p = S::fma(p, z, S::splat(c));
        }
        let near_1 = S::fma(S::mul(s, z), p, s);
        let low = S::fma(k, S::splat(LN2[1]), S::add(near_1, near_1));
        let log = S::fma(k, S::splat(LN2[0]), low);
        let infinite = S::splat(f32::INFINITY);
        // Infinity and NaN are their own logarithms.
        let log = S::if_less(x, infinite, log, x);
        let log = S::if_equal(x, zero, S::splat(f32::NEG_INFINITY), log);
        S::if_less(x, zero, S::splat(f32::NAN), log)
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
            ActKind::Silu => for_each::<S>(
                p,
                len,
                #[inline(always)]
                |v| gated::<S>(v, v),
            ),
            ActKind::Gelu => for_each::<S>(
                p,
                len,
                #[inline(always)]
                |v| gelu::<S>(v),
            ),
            ActKind::GeluTanh => for_each::<S>(
                p,
                len,
                #[inline(always)]
                |v| gelu_tanh::<S>(v),
            ),
            ActKind::HardSigmoid => for_each::<S>(
                p,
                len,
                #[inline(always)]
                |v| hard_sigmoid::<S>(v),
            ),
            ActKind::HardSwish => for_each::<S>(
                p,
                len,
                #[inline(always)]
                |v| S::mul(v, hard_sigmoid::<S>(v)),
            ),
            ActKind::Elu => {
                let alpha = S::splat(act.slope);
                for_each::<S>(
                    p,
                    len,
                    #[inline(always)]
                    |v| S::if_negative(v, S::mul(alpha, exp_m1_below_0::<S>(v)), v),
                )
            }
            ActKind::Softplus => {
                let (beta, threshold) = (S::splat(act.slope), S::splat(act.threshold));
                for_each::<S>(
                    p,
                    len,
                    #[inline(always)]
                    |v| {
                        let y = S::mul(beta, v);
                        S::if_negative(S::sub(threshold, y), v, S::div(softplus::<S>(y), beta))
                    },
                )
            }
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
