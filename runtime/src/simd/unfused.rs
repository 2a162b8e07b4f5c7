//! Any vector with products that are rounded before they are added to: the same bits on every instruction set. Floor 1.

use core::marker::PhantomData;

use super::Simd;

/// As `S`, but for [`Simd::fma`], which rounds twice, and [`Simd::ratio`], which is a division.
#[derive(Clone, Copy)]
pub struct Unfused<S>(PhantomData<S>);

macro_rules! as_they_are {
    ($($name:ident($($arg:ident: $t:ty),*) $(-> $r:ty)?;)*) => {
        $(
            #[inline(always)]
            unsafe fn $name($($arg: $t),*) $(-> $r)? {
                // SAFETY: the caller promises what `S` asks for.
                unsafe { S::$name($($arg),*) }
            }
        )*
    };
}

impl<S: Simd> Simd for Unfused<S> {
    const LANES: usize = S::LANES;
    type V = S::V;
    type Index = S::Index;

    #[inline(always)]
    unsafe fn fma(a: S::V, b: S::V, c: S::V) -> S::V {
        // SAFETY: the caller promises that the machine has the instruction set.
        unsafe { S::add(S::mul(a, b), c) }
    }

    as_they_are! {
        splat(x: f32) -> S::V;
        load(p: *const f32) -> S::V;
        store(p: *mut f32, v: S::V);
        load_first(p: *const f32, n: usize) -> S::V;
        store_first(p: *mut f32, n: usize, v: S::V);
        add(a: S::V, b: S::V) -> S::V;
        sub(a: S::V, b: S::V) -> S::V;
        mul(a: S::V, b: S::V) -> S::V;
        div(a: S::V, b: S::V) -> S::V;
        max(a: S::V, b: S::V) -> S::V;
        min(a: S::V, b: S::V) -> S::V;
        max_or_nan(a: S::V, b: S::V) -> S::V;
        abs(v: S::V) -> S::V;
        copy_sign(magnitude: S::V, sign: S::V) -> S::V;
        if_negative(v: S::V, a: S::V, b: S::V) -> S::V;
        if_less(a: S::V, b: S::V, c: S::V, d: S::V) -> S::V;
        if_less_or_equal(a: S::V, b: S::V, c: S::V, d: S::V) -> S::V;
        if_equal(a: S::V, b: S::V, c: S::V, d: S::V) -> S::V;
        sqrt(v: S::V) -> S::V;
        exponent(v: S::V) -> S::V;
        mantissa(v: S::V) -> S::V;
        pow2(n: S::V) -> S::V;
        index(p: *const u32) -> S::Index;
        permute(v: S::V, index: S::Index) -> S::V;
        bf16_low(v: S::V) -> S::V;
        bf16_high(v: S::V) -> S::V;
        prefetch(p: *const f32);
        prefetch_far(p: *const f32);
    }
}
