//! Depthwise convolution: channels in the lanes, a tile of output pixels in registers. Floor 2.
//!
//! The sum of an output starts with its bias and runs over the window's rows, then its columns.

use crate::simd::Simd;

use super::args::ConvArgs;
use super::conv::Rows;
use super::math;

/// See the module.
pub struct Depthwise<S>(core::marker::PhantomData<S>);

/// Output pixels of a row that are computed together.
const PIXELS: usize = 7;

impl<S: Simd> Rows for Depthwise<S> {
    #[inline(always)]
    unsafe fn rows(a: &ConvArgs, y0: usize, y1: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            for y in y0..y1 {
                let mut x = 0;
                while x + PIXELS <= a.width {
                    pixels::<S, PIXELS>(a, y, x);
                    x += PIXELS;
                }
                while x < a.width {
                    pixels::<S, 1>(a, y, x);
                    x += 1;
                }
            }
        }
    }
}

/// `T` pixels, all channels.
#[inline(always)]
unsafe fn pixels<S: Simd, const T: usize>(a: &ConvArgs, y: usize, x: usize) {
    let channels = a.groups;
    let padded = channels.next_multiple_of(S::LANES);
    // SAFETY: the caller's promise, see `Rows`; the pack is padded to whole vectors, the maps are read and written by their
    // first `n` channels where less than a vector is left.
    unsafe {
        let input = a.input.first.wrapping_add(y * a.stride_h * a.input.row + x * a.stride_w * a.input.pixel);
        let output = a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel);
        let residual = a.residual.first.wrapping_add(y * a.residual.row + x * a.residual.pixel);
        let mut c = 0;
        while c < channels {
            let n = (channels - c).min(S::LANES);
            let load = |p: *const f32| if n == S::LANES { S::load(p) } else { S::load_first(p, n) };
            let mut acc = [S::load(a.pack.add(c)); T];
            let mut w = a.pack.add(padded + c);
            for i in 0..a.kernel_h {
                for j in 0..a.kernel_w {
                    let from = input.wrapping_add(i * a.dilation_h * a.input.row + j * a.dilation_w * a.input.pixel + c);
                    let weight = S::load(w);
                    for (t, acc) in acc.iter_mut().enumerate() {
                        *acc = S::fma(load(from.wrapping_add(t * a.stride_w * a.input.pixel)), weight, *acc);
                    }
                    w = w.add(padded);
                }
            }
            for (t, acc) in acc.into_iter().enumerate() {
                let mut v = acc;
                if !a.residual.first.is_null() {
                    v = S::add(v, load(residual.wrapping_add(t * a.residual.pixel + c)));
                }
                v = math::bound::<S>(&a.act, v);
                let to = output.wrapping_add(t * a.output.pixel + c);
                if n == S::LANES { S::store(to, v) } else { S::store_first(to, n, v) }
            }
            c += S::LANES;
        }
    }
}
