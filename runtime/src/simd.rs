//! A vector of floats, as far as the kernels need one; a file per instruction set beneath. Floor 1.
//!
//! Every function is `#[inline(always)]` and inherits the target features of the entry function that it ends up in; called from
//! anywhere else it would be undefined behaviour where the machine lacks them, so all of them are unsafe.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
mod unfused;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
pub use portable::Portable;
pub use unfused::Unfused;

/// The bits of √½, from which exponents of mantissas from √½ to √2 are counted.
const ROOT_HALF: i32 = 0x3f35_04f3;

/// The operations on one vector.
///
/// # Safety
/// Every function: the machine has the instruction set. Those that take a pointer: it is valid for what they read or write,
/// which is [`Simd::LANES`] floats of any alignment, or the first `n`, with `n` at most that.
pub trait Simd: Copy + 'static {
    /// Floats in a vector.
    const LANES: usize;
    /// The vector.
    type V: Copy;
    /// Which lane of a vector each lane of a permuted one is.
    type Index: Copy;

    /// `x` in every lane.
    unsafe fn splat(x: f32) -> Self::V;
    /// Reads all lanes.
    unsafe fn load(p: *const f32) -> Self::V;
    /// Writes all lanes.
    unsafe fn store(p: *mut f32, v: Self::V);
    /// Reads the first `n` lanes and touches nothing behind; the others are 0.
    unsafe fn load_first(p: *const f32, n: usize) -> Self::V;
    /// Writes the first `n` lanes and touches nothing behind.
    unsafe fn store_first(p: *mut f32, n: usize, v: Self::V);
    /// `a + b`
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a − b`
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// `a · b`
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// `a / b` within an ULP, for a finite a and a b whose reciprocal is far from the ends of the range; faster where division is slow.
    #[inline(always)]
    unsafe fn ratio(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: the caller promises the instruction set.
        unsafe { Self::div(a, b) }
    }
    /// `a · b + c`, rounded once where the instruction set can.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger; `b` where one of them is NaN.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; `b` where one of them is NaN.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// The larger; NaN where one of them is NaN.
    unsafe fn max_or_nan(a: Self::V, b: Self::V) -> Self::V;
    /// `|v|`
    unsafe fn abs(v: Self::V) -> Self::V;
    /// The magnitude of one with the sign of the other.
    unsafe fn copy_sign(magnitude: Self::V, sign: Self::V) -> Self::V;
    /// `a` where `v < 0`, else `b`.
    unsafe fn if_negative(v: Self::V, a: Self::V, b: Self::V) -> Self::V;
    /// `c` where `a < b`, else `d`.
    unsafe fn if_less(a: Self::V, b: Self::V, c: Self::V, d: Self::V) -> Self::V;
    /// `c` where `a ≤ b`, else `d`.
    unsafe fn if_less_or_equal(a: Self::V, b: Self::V, c: Self::V, d: Self::V) -> Self::V;
    /// `c` where `a = b`, else `d`.
    unsafe fn if_equal(a: Self::V, b: Self::V, c: Self::V, d: Self::V) -> Self::V;
    /// `√v`, rounded correctly.
    unsafe fn sqrt(v: Self::V) -> Self::V;
    /// k, and below m, with `v = m · 2ᵏ` and m from √½ to √2, of positive numbers in the normal range; anything of others.
    unsafe fn exponent(v: Self::V) -> Self::V;
    /// See [`Simd::exponent`].
    unsafe fn mantissa(v: Self::V) -> Self::V;
    /// `2ⁿ` for integers from −126 to 127.
    unsafe fn pow2(n: Self::V) -> Self::V;
    /// Reads [`Simd::LANES`] lane numbers.
    unsafe fn index(p: *const u32) -> Self::Index;
    /// Lane `index[i]` of `v` in lane i.
    unsafe fn permute(v: Self::V, index: Self::Index) -> Self::V;
    /// Two bf16 in each lane as floats: the lower ones.
    unsafe fn bf16_low(v: Self::V) -> Self::V;
    /// The upper ones.
    unsafe fn bf16_high(v: Self::V) -> Self::V;
    /// Asks for the cache line at `p` in the first-level cache; `p` need not be valid.
    unsafe fn prefetch(p: *const f32);
    /// Asks for it in the second-level cache.
    unsafe fn prefetch_far(p: *const f32);

    /// The lanes in order.
    #[inline(always)]
    unsafe fn lanes(v: Self::V) -> [f32; 16] {
        let mut lanes = [0.0; 16];
        // SAFETY: no vector has more than 16 lanes.
        unsafe { Self::store(lanes.as_mut_ptr(), v) };
        lanes
    }
}
