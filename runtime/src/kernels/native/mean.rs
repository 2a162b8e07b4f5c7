//! The mean of the channels, at each pixel. Floor 2.

use crate::simd::Simd;

use super::args::MeanArgs;
use super::share::Share;

/// Vectors that are summed side by side, so that additions need not wait for one another.
const SUMS: usize = 4;

/// A share of the pixels: of the longer axis.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Simd>(a: &MeanArgs, share: Share) {
    let [height, width, channels] = a.sizes;
    let (down, across) = share.rows_or_blocks(height, width);
    let ((y0, y1), (x0, x1)) = (down.of(height, 1), across.of(width, 1));
    for y in y0..y1 {
        for x in x0..x1 {
            // SAFETY: the caller's promise.
            unsafe {
                let sum = sum::<S>(a.input.first.add(y * a.input.row + x * a.input.pixel), channels);
                *a.output.first.add(y * a.output.row + x * a.output.pixel) = sum / channels as f32;
            }
        }
    }
}

/// The sum of `len` neighbours, in an order that the length alone decides.
#[inline(always)]
unsafe fn sum<S: Simd>(p: *const f32, len: usize) -> f32 {
    // SAFETY: the caller promises `len` elements and the instruction set; each vector begins inside of them.
    unsafe {
        let mut sums = [S::splat(0.0); SUMS];
        let mut i = 0;
        while i + SUMS * S::LANES <= len {
            for (n, sum) in sums.iter_mut().enumerate() {
                *sum = S::add(*sum, S::load(p.add(i + n * S::LANES)));
            }
            i += SUMS * S::LANES;
        }
        while i < len {
            let n = if len - i < S::LANES { len - i } else { S::LANES };
            sums[0] = S::add(sums[0], S::load_first(p.add(i), n));
            i += n;
        }
        let lanes = S::lanes(S::add(S::add(sums[0], sums[1]), S::add(sums[2], sums[3])));
        lanes.iter().fold(0.0, |sum, lane| sum + lane)
    }
}
