//! 16 lanes by AVX-512 (F, VL, BW, DQ). Floor 1.

use core::arch::x86_64::*;

use super::{ROOT_HALF, Simd};

/// AVX-512.
#[derive(Clone, Copy)]
pub struct Avx512;

/// The first `n` of 16 lanes.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

// SAFETY of each block: the caller of a `Simd` function promises that the machine has the instruction set and that the
// pointer is valid for the lanes that the function touches; a masked lane is not touched.
impl Simd for Avx512 {
    const LANES: usize = 16;
    type V = __m512;
    type Index = __m512i;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m512) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_ps(p, v) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const f32, n: usize) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_maskz_loadu_ps(first(n), p) }
    }
    #[inline(always)]
    unsafe fn store_first(p: *mut f32, n: usize, v: __m512) {
        // SAFETY: as above.
        unsafe { _mm512_mask_storeu_ps(p, first(n), v) }
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn ratio(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe {
            // A reciprocal of 14 digits, and the quotient's remainder for the others.
            let y = _mm512_rcp14_ps(b);
            let q = _mm512_mul_ps(a, y);
            _mm512_fmadd_ps(_mm512_fnmadd_ps(b, q, a), y, q)
        }
    }
    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max_or_nan(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a), a) }
    }
    #[inline(always)]
    unsafe fn abs(v: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_abs_ps(v) }
    }
    #[inline(always)]
    unsafe fn copy_sign(magnitude: __m512, sign: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe {
            let bit = _mm512_set1_ps(-0.0);
            _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign))
        }
    }
    #[inline(always)]
    unsafe fn if_negative(v: __m512, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask::<_CMP_LT_OQ>(v, _mm512_setzero_ps()), a) }
    }
    #[inline(always)]
    unsafe fn if_less(a: __m512, b: __m512, c: __m512, d: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_mask_mov_ps(d, _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), c) }
    }
    #[inline(always)]
    unsafe fn if_less_or_equal(a: __m512, b: __m512, c: __m512, d: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_mask_mov_ps(d, _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b), c) }
    }
    #[inline(always)]
    unsafe fn if_equal(a: __m512, b: __m512, c: __m512, d: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_mask_mov_ps(d, _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b), c) }
    }
    #[inline(always)]
    unsafe fn sqrt(v: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_sqrt_ps(v) }
    }
    #[inline(always)]
    unsafe fn exponent(v: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe {
            let above = _mm512_sub_epi32(_mm512_castps_si512(v), _mm512_set1_epi32(ROOT_HALF));
            _mm512_cvtepi32_ps(_mm512_srai_epi32::<23>(above))
        }
    }
    #[inline(always)]
    unsafe fn mantissa(v: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe {
            let above = _mm512_sub_epi32(_mm512_castps_si512(v), _mm512_set1_epi32(ROOT_HALF));
            let low = _mm512_and_si512(above, _mm512_set1_epi32(0x007f_ffff));
            _mm512_castsi512_ps(_mm512_add_epi32(low, _mm512_set1_epi32(ROOT_HALF)))
        }
    }
    #[inline(always)]
    unsafe fn pow2(n: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), n) }
    }
    #[inline(always)]
    unsafe fn index(p: *const u32) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_loadu_si512(p.cast()) }
    }
    #[inline(always)]
    unsafe fn permute(v: __m512, index: __m512i) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_permutexvar_ps(index, v) }
    }
    #[inline(always)]
    unsafe fn bf16_low(v: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(v))) }
    }
    #[inline(always)]
    unsafe fn bf16_high(v: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(v), _mm512_set1_epi32(-0x1_0000))) }
    }
    #[inline(always)]
    unsafe fn prefetch(p: *const f32) {
        // SAFETY: a prefetch faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }
    #[inline(always)]
    unsafe fn prefetch_far(p: *const f32) {
        // SAFETY: a prefetch faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) }
    }
}
