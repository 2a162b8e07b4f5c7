//! Convolution in groups of fewer filters than a vector has lanes: several groups side by side. Floor 2.
//!
//! For step c of a window's element, lane f needs channel c of its own group: one vector of input, permuted. It takes groups
//! with a divisor of the lanes as filters and no more channels than filters; the other groupings run as dense convolutions
//! group by group (`direct`).
//!
//! The sum of an output starts with its bias and runs over the channels of its group, the window's rows, then its columns.

use crate::simd::Simd;

use super::args::ConvArgs;
use super::conv::Rows;
use super::{div, math};

/// See the module.
pub struct Grouped<S>(core::marker::PhantomData<S>);

/// Output pixels of a row that are computed together.
const PIXELS: usize = 7;

impl<S: Simd> Rows for Grouped<S> {
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

/// `T` pixels, all filters.
#[inline(always)]
unsafe fn pixels<S: Simd, const T: usize>(a: &ConvArgs, y: usize, x: usize) {
    let filters = a.filters * a.groups;
    let padded = filters.next_multiple_of(S::LANES);
    let taps = a.kernel_h * a.kernel_w;
    // Channels that a vector of filters reads, beginning at a group's first.
    let span = div(S::LANES, a.filters) * a.channels;
    let mut index = [0u32; 16];
    // SAFETY: the caller's promise, see `Rows`; the pack is padded to whole vectors, the maps are read and written by the
    // channels that there are.
    unsafe {
        let input = a.input.first.wrapping_add(y * a.stride_h * a.input.row + x * a.stride_w * a.input.pixel);
        let output = a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel);
        let residual = a.residual.first.wrapping_add(y * a.residual.row + x * a.residual.pixel);
        let mut f = 0;
        while f < filters {
            let n = (filters - f).min(S::LANES);
            let first = div(f, a.filters) * a.channels;
            let n_in = (a.groups * a.channels - first).min(span);
            let mut acc = [S::load(a.pack.add(f)); T];
            let mut w = a.pack.add(padded + f * a.channels * taps);
            for c in 0..a.channels {
                for (lane, index) in index.iter_mut().enumerate() {
                    *index = (div(lane, a.filters) * a.channels + c) as u32;
                }
                let index = S::index(index.as_ptr());
                for i in 0..a.kernel_h {
                    for j in 0..a.kernel_w {
                        let from = input.wrapping_add(i * a.dilation_h * a.input.row + j * a.dilation_w * a.input.pixel + first);
                        let weight = S::load(w);
                        w = w.add(S::LANES);
                        for (t, acc) in acc.iter_mut().enumerate() {
                            let p = from.wrapping_add(t * a.stride_w * a.input.pixel);
                            let v = if n_in == S::LANES { S::load(p) } else { S::load_first(p, n_in) };
                            *acc = S::fma(S::permute(v, index), weight, *acc);
                        }
                    }
                }
            }
            for (t, acc) in acc.into_iter().enumerate() {
                let mut v = acc;
                if !a.residual.first.is_null() {
                    let r = residual.wrapping_add(t * a.residual.pixel + f);
                    v = S::add(v, if n == S::LANES { S::load(r) } else { S::load_first(r, n) });
                }
                v = math::bound::<S>(&a.act, v);
                let to = output.wrapping_add(t * a.output.pixel + f);
                if n == S::LANES { S::store(to, v) } else { S::store_first(to, n, v) }
            }
            f += S::LANES;
        }
    }
}
