//! 4 lanes in plain Rust, which rustc turns into whatever vectors the target has (SSE2 on x86-64, NEON on aarch64). Floor 1.

use super::{ROOT_HALF, Simd};

/// Arrays of four floats.
#[derive(Clone, Copy)]
pub struct Portable;

/// Four lanes.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub struct F32x4([f32; 4]);

/// `f` of each lane of two vectors.
#[inline(always)]
fn zip(a: F32x4, b: F32x4, f: impl Fn(f32, f32) -> f32) -> F32x4 {
    F32x4([f(a.0[0], b.0[0]), f(a.0[1], b.0[1]), f(a.0[2], b.0[2]), f(a.0[3], b.0[3])])
}

/// Lanes of one vector or of another.
#[inline(always)]
fn choose(first: [bool; 4], a: F32x4, b: F32x4) -> F32x4 {
    let pick = |i: usize| if first[i] { a.0[i] } else { b.0[i] };
    F32x4([pick(0), pick(1), pick(2), pick(3)])
}

// SAFETY of each block: the caller of a `Simd` function promises that the pointer is valid for the lanes that the function
// touches.
impl Simd for Portable {
    const LANES: usize = 4;
    type V = F32x4;
    type Index = [u32; 4];

    #[inline(always)]
    unsafe fn splat(x: f32) -> F32x4 {
        F32x4([x; 4])
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> F32x4 {
        // SAFETY: as above.
        F32x4(unsafe { p.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: F32x4) {
        // SAFETY: as above.
        unsafe { p.cast::<[f32; 4]>().write_unaligned(v.0) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const f32, n: usize) -> F32x4 {
        let mut v = [0.0; 4];
        for (i, lane) in v.iter_mut().enumerate() {
            if i < n {
                // SAFETY: as above, and lane i is among the first n.
                *lane = unsafe { *p.add(i) };
            }
        }
        F32x4(v)
    }
    #[inline(always)]
    unsafe fn store_first(p: *mut f32, n: usize, v: F32x4) {
        for (i, lane) in v.0.iter().enumerate() {
            if i < n {
                // SAFETY: as above, and lane i is among the first n.
                unsafe { *p.add(i) = *lane };
            }
        }
    }
    #[inline(always)]
    unsafe fn add(a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn fma(a: F32x4, b: F32x4, c: F32x4) -> F32x4 {
        zip(zip(a, b, |a, b| a * b), c, |product, c| product + c)
    }
    #[inline(always)]
    unsafe fn max(a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn min(a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn max_or_nan(a: F32x4, b: F32x4) -> F32x4 {
        zip(a, b, |a, b| {
            let max = if a > b { a } else { b };
            if a.is_nan() { a } else { max }
        })
    }
    #[inline(always)]
    unsafe fn abs(v: F32x4) -> F32x4 {
        zip(v, v, |v, _| f32::from_bits(v.to_bits() & 0x7fff_ffff))
    }
    #[inline(always)]
    unsafe fn copy_sign(magnitude: F32x4, sign: F32x4) -> F32x4 {
        zip(magnitude, sign, |m, s| f32::from_bits(m.to_bits() & 0x7fff_ffff | s.to_bits() & 0x8000_0000))
    }
    #[inline(always)]
    unsafe fn if_negative(v: F32x4, a: F32x4, b: F32x4) -> F32x4 {
        let pick = |i: usize| if v.0[i] < 0.0 { a.0[i] } else { b.0[i] };
        F32x4([pick(0), pick(1), pick(2), pick(3)])
    }
    #[inline(always)]
    unsafe fn if_less(a: F32x4, b: F32x4, c: F32x4, d: F32x4) -> F32x4 {
        let holds = |i: usize| a.0[i] < b.0[i];
        choose([holds(0), holds(1), holds(2), holds(3)], c, d)
    }
    #[inline(always)]
    unsafe fn if_less_or_equal(a: F32x4, b: F32x4, c: F32x4, d: F32x4) -> F32x4 {
        let holds = |i: usize| a.0[i] <= b.0[i];
        choose([holds(0), holds(1), holds(2), holds(3)], c, d)
    }
    #[inline(always)]
    unsafe fn if_equal(a: F32x4, b: F32x4, c: F32x4, d: F32x4) -> F32x4 {
        let holds = |i: usize| a.0[i] == b.0[i];
        choose([holds(0), holds(1), holds(2), holds(3)], c, d)
    }
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn sqrt(v: F32x4) -> F32x4 {
        use core::arch::x86_64::{_mm_loadu_ps, _mm_sqrt_ps, _mm_storeu_ps};
        let mut root = [0.0; 4];
        // SAFETY: SSE is part of x86-64, and both arrays hold four floats.
        unsafe { _mm_storeu_ps(root.as_mut_ptr(), _mm_sqrt_ps(_mm_loadu_ps(v.0.as_ptr()))) };
        F32x4(root)
    }
    // The kernels have no object of their own here, so that the standard library is at hand.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    unsafe fn sqrt(v: F32x4) -> F32x4 {
        zip(v, v, |v, _| v.sqrt())
    }
    #[inline(always)]
    unsafe fn exponent(v: F32x4) -> F32x4 {
        zip(v, v, |v, _| ((v.to_bits() as i32).wrapping_sub(ROOT_HALF) >> 23) as f32)
    }
    #[inline(always)]
    unsafe fn mantissa(v: F32x4) -> F32x4 {
        zip(v, v, |v, _| {
            let low = (v.to_bits() as i32).wrapping_sub(ROOT_HALF) & 0x007f_ffff;
            f32::from_bits(low.wrapping_add(ROOT_HALF) as u32)
        })
    }
    #[inline(always)]
    unsafe fn pow2(n: F32x4) -> F32x4 {
        // n + 1.5·2²³ holds the integer in its low bits; NaN stays out of the exponent's range but is no undefined conversion.
        zip(n, n, |n, _| f32::from_bits((n + 12_582_912.0).to_bits().wrapping_add(127) << 23))
    }
    #[inline(always)]
    unsafe fn index(p: *const u32) -> [u32; 4] {
        // SAFETY: as above.
        unsafe { p.cast::<[u32; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn permute(v: F32x4, index: [u32; 4]) -> F32x4 {
        // The lowest two bits keep the lane in range without a panicking path.
        let lane = |i: u32| v.0[(i & 3) as usize];
        F32x4([lane(index[0]), lane(index[1]), lane(index[2]), lane(index[3])])
    }
    #[inline(always)]
    unsafe fn bf16_low(v: F32x4) -> F32x4 {
        let [a, b, c, d] = v.0.map(f32::to_bits);
        F32x4([a << 16, b << 16, c << 16, d << 16].map(f32::from_bits))
    }
    #[inline(always)]
    unsafe fn bf16_high(v: F32x4) -> F32x4 {
        const HIGH: u32 = 0xffff_0000;
        let [a, b, c, d] = v.0.map(f32::to_bits);
        F32x4([a & HIGH, b & HIGH, c & HIGH, d & HIGH].map(f32::from_bits))
    }
    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}
    #[inline(always)]
    unsafe fn prefetch_far(_: *const f32) {}
}
