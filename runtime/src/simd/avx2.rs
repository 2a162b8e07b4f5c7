//! 8 lanes by AVX2 and FMA. Floor 1.

use core::arch::x86_64::*;

use super::{ROOT_HALF, Simd};

/// AVX2 and FMA.
#[derive(Clone, Copy)]
pub struct Avx2;

/// The first `n` of 8 lanes, as sign bits.
#[inline(always)]
unsafe fn first(n: usize) -> __m256i {
    // SAFETY: the caller promises that the machine has AVX2.
    unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
}

// SAFETY of each block: the caller of a `Simd` function promises that the machine has the instruction set and that the
// pointer is valid for the lanes that the function touches; a masked lane is not touched.
impl Simd for Avx2 {
    const LANES: usize = 8;
    type V = __m256;
    type Index = __m256i;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m256) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(p, v) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const f32, n: usize) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_maskload_ps(p, first(n)) }
    }
    #[inline(always)]
    unsafe fn store_first(p: *mut f32, n: usize, v: __m256) {
        // SAFETY: as above.
        unsafe { _mm256_maskstore_ps(p, first(n), v) }
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max_or_nan(a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a)) }
    }
    #[inline(always)]
    unsafe fn abs(v: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), v) }
    }
    #[inline(always)]
    unsafe fn copy_sign(magnitude: __m256, sign: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe {
            let bit = _mm256_set1_ps(-0.0);
            _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign))
        }
    }
    #[inline(always)]
    unsafe fn if_negative(v: __m256, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_blendv_ps(b, a, _mm256_cmp_ps::<_CMP_LT_OQ>(v, _mm256_setzero_ps())) }
    }
    #[inline(always)]
    unsafe fn if_less(a: __m256, b: __m256, c: __m256, d: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_blendv_ps(d, c, _mm256_cmp_ps::<_CMP_LT_OQ>(a, b)) }
    }
    #[inline(always)]
    unsafe fn if_less_or_equal(a: __m256, b: __m256, c: __m256, d: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_blendv_ps(d, c, _mm256_cmp_ps::<_CMP_LE_OQ>(a, b)) }
    }
    #[inline(always)]
    unsafe fn if_equal(a: __m256, b: __m256, c: __m256, d: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_blendv_ps(d, c, _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b)) }
    }
    #[inline(always)]
    unsafe fn sqrt(v: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_sqrt_ps(v) }
    }
    #[inline(always)]
    unsafe fn exponent(v: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe {
            let above = _mm256_sub_epi32(_mm256_castps_si256(v), _mm256_set1_epi32(ROOT_HALF));
            _mm256_cvtepi32_ps(_mm256_srai_epi32::<23>(above))
        }
    }
    #[inline(always)]
    unsafe fn mantissa(v: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe {
            let above = _mm256_sub_epi32(_mm256_castps_si256(v), _mm256_set1_epi32(ROOT_HALF));
            let low = _mm256_and_si256(above, _mm256_set1_epi32(0x007f_ffff));
            _mm256_castsi256_ps(_mm256_add_epi32(low, _mm256_set1_epi32(ROOT_HALF)))
        }
    }
    #[inline(always)]
    unsafe fn pow2(n: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        }
    }
    #[inline(always)]
    unsafe fn index(p: *const u32) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_loadu_si256(p.cast()) }
    }
    #[inline(always)]
    unsafe fn permute(v: __m256, index: __m256i) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_permutevar8x32_ps(v, index) }
    }
    #[inline(always)]
    unsafe fn bf16_low(v: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(v))) }
    }
    #[inline(always)]
    unsafe fn bf16_high(v: __m256) -> __m256 {
        // SAFETY: as above.
        unsafe { _mm256_castsi256_ps(_mm256_and_si256(_mm256_castps_si256(v), _mm256_set1_epi32(-0x1_0000))) }
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
