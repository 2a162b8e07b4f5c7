//! What direct convolutions do with sums of less than whole vectors of filters. Floor 2.

use core::mem::MaybeUninit;

use crate::simd::Simd;

use super::super::args::Act;
use super::super::math;

/// Sums of a tile on their way to an output that takes less than whole vectors.
#[repr(C, align(64))]
pub struct Sums(MaybeUninit<[f32; Sums::LEN]>);

impl Sums {
    /// Room for 14 pixels of 2 vectors, or fewer of 4.
    pub const LEN: usize = 28 * 16;
    /// Room, not initialised.
    pub const ROOM: Sums = Sums(MaybeUninit::uninit());

    /// Where a tile goes.
    #[inline(always)]
    pub fn as_mut_ptr(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}

/// What becomes of the sums of a run of pixels.
#[derive(Clone, Copy)]
pub struct Finish {
    /// The first pixel's sums, and the distance between those of pixels.
    pub sums: (*const f32, usize),
    /// Where the first pixel goes.
    pub output: *mut f32,
    /// Between pixels.
    pub output_pixel: usize,
    /// What is added; null for nothing.
    pub residual: *const f32,
    /// Between pixels.
    pub residual_pixel: usize,
    /// Pixels.
    pub pixels: usize,
    /// Filters.
    pub filters: usize,
    /// Its bounds are applied.
    pub act: Act,
}

/// Adds the residual, applies bounds, and stores as many filters as there are.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them; sums are whole vectors.
#[inline(always)]
pub unsafe fn finish<S: Simd>(a: &Finish) {
    // SAFETY: the caller's promise; the last vector of a pixel is read and written by the filters that there are.
    unsafe {
        for t in 0..a.pixels {
            let sums = a.sums.0.add(t * a.sums.1);
            let residual = a.residual.wrapping_add(t * a.residual_pixel);
            let output = a.output.add(t * a.output_pixel);
            let mut f = 0;
            while f + S::LANES <= a.filters {
                let mut v = S::load(sums.add(f));
                if !a.residual.is_null() {
                    v = S::add(v, S::load(residual.add(f)));
                }
                S::store(output.add(f), math::bound::<S>(&a.act, v));
                f += S::LANES;
            }
            if f < a.filters {
                let n = a.filters - f;
                let mut v = S::load(sums.add(f));
                if !a.residual.is_null() {
                    v = S::add(v, S::load_first(residual.add(f), n));
                }
                S::store_first(output.add(f), n, math::bound::<S>(&a.act, v));
            }
        }
    }
}
