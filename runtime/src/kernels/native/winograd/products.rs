//! The products of matrices in the middle of Winograd's convolution, one for each position. Floor 2.
//!
//! Tiles lie in memory position by position, so a product is a loop over channels with nothing around it. What it waits for is memory:
//! the weights of a layer are read once for each block of tiles, from the third-level cache or from beyond it. So the weights of the
//! next product are fetched into the second-level cache while this one is computed, as evenly as its time allows, and what the next
//! steps and the next tile read into the first.

use super::super::args::{Act, ConvArgs};
use super::super::direct::{Lattice, Steps, Tiles, each, opaque};
use super::super::{div, div_ceil};
use super::Winograd;
use crate::simd::Simd;

/// Filters whose sums are made of a position's inputs while these are in the second-level cache, before they are transformed.
pub const FILTERS: usize = 64;

/// A kernel of so many tiles at a time, and two vectors of filters.
pub type ProductFn = unsafe fn(&Product);

/// The product of a position and a panel of filters: tiles by channels by two vectors.
pub struct Product {
    /// Transformed inputs of the first tile.
    pub inputs: *const f32,
    /// Between tiles.
    pub pixel: usize,
    /// Channels.
    pub channels: usize,
    /// The panel.
    pub weights: *const f32,
    /// Of that which follows, what is to be fetched meanwhile.
    pub next: *const f32,
    /// Floats of it that go with a channel.
    pub next_step: usize,
    /// Sums of the first tile.
    pub sums: *mut f32,
    /// Between tiles.
    pub width: usize,
    /// Register tiles.
    pub across: usize,
}

/// Floats of weights that lie between what is read and what is fetched into the first-level cache.
const AHEAD: usize = 128;
/// Floats of a cache line.
const LINE: usize = 16;

/// Computes a product, `T` tiles at a time.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn product<S: Simd, const T: usize>(a: &Product) {
    // SAFETY: the caller's promise; what is only fetched need not be valid.
    unsafe {
        let half = T.div_ceil(2);
        let steps = Steps::new(a.pixel);
        let mut next = a.next;
        let tile_step = (1 + div_ceil(T * a.pixel, a.channels)).min(LINE);
        for index in 0..a.across {
            let x = index * T;
            let mut p0 = a.inputs.wrapping_add(x * a.pixel);
            let mut p1 = p0.wrapping_add(half * a.pixel);
            let mut tile = p0.wrapping_add(T * a.pixel);
            let mut w = a.weights;
            let mut acc = [[S::splat(0.0); 2]; T];
            for _ in 0..a.channels {
                let [w0, w1] = [S::load(w), S::load(w.add(S::LANES))];
                S::prefetch_far(next);
                next = next.wrapping_add(a.next_step);
                S::prefetch(tile);
                tile = tile.wrapping_add(tile_step);
                S::prefetch(w.wrapping_add(AHEAD));
                if 2 * S::LANES > LINE {
                    S::prefetch(w.wrapping_add(AHEAD + LINE));
                }
                each!(t < T, {
                    let x = S::splat(*if t < half { steps.at(p0, t) } else { steps.at(p1, t - half) });
                    acc[t] = [S::fma(x, w0, acc[t][0]), S::fma(x, w1, acc[t][1])];
                });
                p0 = opaque(p0.wrapping_add(1));
                p1 = opaque(p1.wrapping_add(1));
                w = w.add(2 * S::LANES);
            }
            let to = a.sums.wrapping_add(x * a.width);
            each!(t < T, {
                let to = to.wrapping_add(t * a.width);
                S::store(to, acc[t][0]);
                S::store(to.wrapping_add(S::LANES), acc[t][1]);
            });
        }
    }
}

/// What sums of one vector start with.
static ZEROS: [f32; 16] = [0.0; 16];

/// A block's products of all positions with `width` filters from `f` on, of `n` tiles.
///
/// Inputs and sums are given as where they begin, and the distances between positions and between tiles.
#[inline(always)]
pub unsafe fn products<S: Winograd>(
    a: &ConvArgs,
    n: usize,
    (f, width): (usize, usize),
    (inputs, position, pixel): (*const f32, usize, usize),
    (sums, sums_position): (*mut f32, usize),
) {
    // SAFETY: the caller's promise, see `rows`; there is a kernel for each size of a register tile.
    unsafe {
        let positions = (a.tile + 2) * (a.tile + 2);
        let weights = a.pack.add(a.filters.next_multiple_of(S::LANES) + f * a.channels * positions);
        let panel = 2 * S::LANES;
        // Register tiles of one size, or of two neighbouring ones.
        let across = div_ceil(n, S::PRODUCTS.len());
        let len = div_ceil(n, across);
        let longer = n - across * (len - 1);
        let next_step = div_ceil(panel, across);
        for p in 0..positions {
            let mut first = 0;
            while first < width {
                // Where a panel's weights of a position lie; those of one vector are at the end.
                let at = |p: usize, first: usize| {
                    weights.wrapping_add(first * a.channels * positions + p * a.channels * panel.min(width - first))
                };
                let (inputs, sums) = (inputs.add(p * position), sums.add(p * sums_position + first));
                let next = match first + panel < width {
                    true => at(p, first + panel),
                    false if p + 1 < positions => at(p + 1, 0),
                    false => at(0, 0).wrapping_add(width * a.channels * positions),
                };
                let weights = at(p, first);
                if width - first >= panel {
                    let channels = a.channels;
                    let longs = Product { inputs, pixel, channels, weights, next, next_step, sums, width, across: longer };
                    S::PRODUCTS.as_ptr().add(len - 1).read()(&longs);
                    if longer < across {
                        let (inputs, sums) = (inputs.add(longer * len * pixel), sums.add(longer * len * width));
                        let (next, across) = (next.wrapping_add(longer * channels * next_step), across - longer);
                        S::PRODUCTS.as_ptr().add(len - 2).read()(&Product { inputs, next, sums, across, ..longs });
                    }
                } else {
                    vector::<S>(a.channels, n, weights, next, (inputs, pixel), (sums, width));
                }
                first += panel;
            }
        }
    }
}

/// A position's product with one vector of filters.
#[inline(always)]
unsafe fn vector<S: Winograd>(
    channels: usize,
    n: usize,
    weights: *const f32,
    next: *const f32,
    (inputs, pixel): (*const f32, usize),
    (sums, width): (*mut f32, usize),
) {
    let across = div_ceil(n, S::PIXELS[0]);
    let len = div_ceil(n, across);
    let half = len.div_ceil(2);
    // SAFETY: the caller's promise, see `rows`; there is a kernel for each size of a register tile.
    unsafe {
        S::TILES[0].as_ptr().add(len - 1).read()(&Tiles {
            input: Lattice { first: inputs, pixel, row: 0, second: half * pixel },
            rows: 1,
            row: 0,
            columns: 1,
            column: 0,
            run: channels,
            weights: [weights; 2],
            weight_row: 0,
            next,
            next_step: div(S::LANES * size_of::<f32>(), across),
            start: Lattice { first: ZEROS.as_ptr(), pixel: 0, row: 0, second: 0 },
            residual: Lattice { first: core::ptr::null(), pixel: 0, row: 0, second: 0 },
            output: Lattice { first: sums, pixel: width, row: 0, second: half * width },
            act: Act::NONE,
            across,
            down: 1,
            last: n - len,
        });
    }
}
