//! Softmax over channels: `exp(x − max) / Σ exp(x − max)`, at each pixel, or its logarithm `x − max − ln Σ exp(x − max)`. Floor 2.

use crate::simd::Simd;

use super::args::SoftmaxArgs;
use super::math;
use super::share::Share;

/// A share of the pixels: of the longer axis.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Simd>(a: &SoftmaxArgs, share: Share) {
    let [height, width, channels] = a.sizes;
    let (down, across) = share.rows_or_blocks(height, width);
    let ((y0, y1), (x0, x1)) = (down.of(height, 1), across.of(width, 1));
    for y in y0..y1 {
        for x in x0..x1 {
            let from = a.input.first.wrapping_add(y * a.input.strides[0] + x * a.input.strides[1]);
            let to = a.output.first.wrapping_add(y * a.output.strides[0] + x * a.output.strides[1]);
            // SAFETY: the caller's promise.
            unsafe { pixel::<S>(from, a.input.strides[2], to, a.output.strides[2], channels, a.log) }
        }
    }
}

/// One pixel.
#[inline(always)]
unsafe fn pixel<S: Simd>(from: *const f32, from_channel: usize, to: *mut f32, to_channel: usize, channels: usize, log: bool) {
    // SAFETY: the caller promises `channels` elements at these strides.
    unsafe {
        let mut max = f32::NEG_INFINITY;
        for c in 0..channels {
            let x = *from.add(c * from_channel);
            // Not `f32::max`, which leaves NaN out.
            if x > max || x.is_nan() {
                max = x;
            }
        }
        // Lane by lane in a fixed order: the same sum whatever the strides are.
        let mut sums = [0.0f32; 16];
        let mut c = 0;
        while c < channels {
            let n = (channels - c).min(S::LANES);
            let mut lanes = [f32::NEG_INFINITY; 16];
            for (i, lane) in lanes.iter_mut().enumerate().take(n) {
                *lane = *from.add((c + i) * from_channel);
            }
            let e = S::lanes(math::exp::<S>(S::sub(S::load(lanes.as_ptr()), S::splat(max))));
            for (i, e) in e.iter().enumerate().take(n) {
                sums[i] += e;
                *to.add((c + i) * to_channel) = if log { lanes[i] - max } else { *e };
            }
            c += S::LANES;
        }
        let mut sum = 0.0;
        for lane in sums {
            sum += lane;
        }
        let log_sum = if log { math::ln(sum) } else { 0.0 };
        for c in 0..channels {
            let y = to.add(c * to_channel);
            *y = if log { *y - log_sum } else { *y / sum };
        }
    }
}
