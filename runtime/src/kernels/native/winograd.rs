//! Winograd's convolution with a 3x3 window at stride 1: F(2x2, 3x3) and F(4x4, 3x3). Floor 2.
//!
//! Lavin & Gray, *Fast Algorithms for Convolutional Neural Networks* (2015). The result is divided into tiles of `M` x `M` pixels; the
//! `N` x `N` inputs of each, `N = M + 2`, become `Bᵀ d B`, which takes the place of the input in `N²` products of matrices, tiles by
//! channels by filters, one for each position; what these give becomes the tile by `Aᵀ m A`. The weights `G g Gᵀ` are made when they
//! are packed.
//!
//! Tiles lie on a grid that starts at the result's first pixel, and the sum of each runs over the channels in order, so that a
//! result does not depend on which rows, or blocks of tiles, are computed at a time. Of the border, no more is read than the direct
//! convolution reads; beyond it, tiles that hang over the result's edge see zeros.

pub mod pack;
pub mod plain;
pub mod products;
pub mod small;
pub mod transforms;

use crate::simd::Simd;

use super::args::ConvArgs;
use super::direct::Tiled;
use super::{div, div_ceil};
use products::{FILTERS, ProductFn, products};
use transforms::{Gather, Scatter};

/// An instruction set with the transforms of F(2x2) and F(4x4), compiled once and called.
pub trait Winograd: Tiled {
    /// [`transforms::gather`]
    ///
    /// # Safety
    /// As there.
    unsafe fn gather<const M: usize>(a: &Gather);
    /// [`transforms::scatter`]
    ///
    /// # Safety
    /// As there.
    unsafe fn scatter<const M: usize>(a: &Scatter);
    /// [`products::product`] of 1, 2 and so on up to as many tiles as there are registers for.
    const PRODUCTS: &'static [ProductFn];
}

/// Elements from one position of `len` elements to the next: positions start on successive lines of the first-level cache, where
/// distances of a multiple of 4096 bytes would have all of them compete for the same few.
const fn position_len(len: usize) -> usize {
    len.next_multiple_of(1024) + 16
}

/// Elements of scratch for a block of `n` tiles: transformed inputs, and sums of some filters.
pub fn scratch_len(tile: usize, n: usize, [channels, filters]: [usize; 2], lanes: usize) -> usize {
    let positions = (tile + 2) * (tile + 2);
    let sums = filters.next_multiple_of(lanes).min(FILTERS);
    positions * (position_len(n * channels.next_multiple_of(lanes)) + position_len(n * sums))
}

/// Rows that tiles take together.
#[inline(always)]
pub fn row_unit(a: &ConvArgs) -> usize {
    a.tile
}

/// Blocks of two vectors of filters.
#[inline(always)]
pub fn n_blocks<S: Simd>(a: &ConvArgs) -> usize {
    div_ceil(a.filters, 2 * S::LANES)
}

/// The first filter of a block.
#[inline(always)]
pub fn first_filter<S: Simd>(a: &ConvArgs, block: usize) -> usize {
    (block * 2 * S::LANES).min(a.filters)
}

/// Computes rows of blocks of filters: from, and up to.
///
/// # Safety
/// The machine has the instruction set, the window is 3x3 without stride, dilation and groups, and the pointers are valid for the
/// sizes beside them.
#[inline(always)]
pub unsafe fn rows<S: Winograd>(a: &ConvArgs, rows: (usize, usize), blocks: (usize, usize)) {
    let across = div_ceil(a.width, a.tile);
    let (first, last) = (div(rows.0, a.tile) * across, div_ceil(rows.1, a.tile) * across);
    // Blocks of about the same size.
    let len = div_ceil(last - first, div_ceil(last - first, a.tile_block));
    let mut t = first;
    while t < last {
        let end = (t + len).min(last);
        // SAFETY: the caller's promise; `tile_block` is what the scratch has been measured for.
        unsafe { block::<S>(a, (t, end), rows, blocks) };
        t = end;
    }
}

/// Computes a block of tiles, as far as they lie in some rows, and blocks of filters.
#[inline(always)]
unsafe fn block<S: Winograd>(a: &ConvArgs, (t0, t1): (usize, usize), (y0, y1): (usize, usize), blocks: (usize, usize)) {
    // SAFETY: the caller's promise, see `rows`.
    unsafe {
        let side = a.tile + 2;
        let positions = side * side;
        let n = t1 - t0;
        let across = div_ceil(a.width, a.tile);
        let pixel = a.channels.next_multiple_of(S::LANES);
        let position = position_len(n * pixel);
        for t in 0..n {
            let ty = div(t0 + t, across);
            let (y, x) = (ty * a.tile, (t0 + t - ty * across) * a.tile);
            let gather = if a.tile == 2 { S::gather::<2> } else { S::gather::<4> };
            gather(&Gather {
                input: a.input.first.wrapping_add(y * a.input.row + x * a.input.pixel),
                row: a.input.row,
                pixel: a.input.pixel,
                channels: a.channels,
                size: [a.height + 2 - y, a.width + 2 - x],
                to: a.scratch.add(t * pixel),
                position,
            });
        }
        let sums = a.scratch.add(positions * position);
        let padded = a.filters.next_multiple_of(S::LANES);
        let (mut f, end) = (blocks.0 * 2 * S::LANES, (blocks.1 * 2 * S::LANES).min(padded));
        while f < end {
            let width = (end - f).min(FILTERS);
            let sums_position = position_len(n * width);
            products::<S>(a, n, (f, width), (a.scratch, position, pixel), (sums, sums_position));
            for t in 0..n {
                let ty = div(t0 + t, across);
                let (y, x) = (ty * a.tile, (t0 + t - ty * across) * a.tile);
                let residual = match a.residual.first.is_null() {
                    true => a.residual.first,
                    false => a.residual.first.wrapping_add(y * a.residual.row + x * a.residual.pixel + f),
                };
                // A tile's results, or those pooled.
                let (to_y, to_x) = if a.pooled_tiles { (y / 2, x / 2) } else { (y, x) };
                let scatter = if a.tile == 2 { S::scatter::<2> } else { S::scatter::<4> };
                scatter(&Scatter {
                    sums: sums.add(t * width),
                    position: sums_position,
                    bias: a.pack.add(f),
                    output: a.output.first.wrapping_add(to_y * a.output.row + to_x * a.output.pixel + f),
                    row: a.output.row,
                    pixel: a.output.pixel,
                    residual,
                    residual_row: a.residual.row,
                    residual_pixel: a.residual.pixel,
                    rows: [y0.saturating_sub(y), (y1 - y).min(a.tile)],
                    columns: (a.width - x).min(a.tile),
                    filters: width.min(a.filters - f),
                    act: a.act,
                    pooled: a.pooled_tiles,
                });
            }
            f += width;
        }
    }
}
