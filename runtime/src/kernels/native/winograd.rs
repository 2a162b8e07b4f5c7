//! Winograd's convolution with a 3x3 window at stride 1: F(2x2, 3x3) and F(4x4, 3x3). Floor 2.
//!
//! Lavin & Gray, *Fast Algorithms for Convolutional Neural Networks* (2015). The result is divided into tiles of `M` x `M` pixels; the
//! `N` x `N` inputs of each, `N = M + 2`, become `Bᵀ d B`, which takes the place of the input in `N²` products of matrices, tiles by
//! channels by filters, one for each position; what these give becomes the tile by `Aᵀ m A`. The weights `G g Gᵀ` are made when they
//! are packed. The products are tiles of `direct`.
//!
//! F(4x4) interpolates at 0, ±5/8, ±3/2 and ∞: these make less than half of the error of the usual 0, ±1, ±2 and ∞, at the same cost, and
//! every constant of the transforms is a float exactly.
//!
//! Tiles lie on a grid that starts at the result's first pixel, and the sum of each runs over the channels in order, so that a
//! result does not depend on which rows, or blocks of tiles, are computed at a time. Of the border, no more is read than the direct
//! convolution reads; beyond it, tiles that hang over the result's edge see zeros.

use crate::simd::Simd;

use super::args::{Act, ConvArgs, PackConvArgs};
use super::direct::{Lattice, Tiled, Tiles};
use super::{div, div_ceil, math};

/// An instruction set with the transforms of F(2x2) and F(4x4), compiled once and called.
pub trait Winograd: Tiled {
    /// [`gather`]
    ///
    /// # Safety
    /// As there.
    unsafe fn gather<const M: usize>(a: &Gather);
    /// [`scatter`]
    ///
    /// # Safety
    /// As there.
    unsafe fn scatter<const M: usize>(a: &Scatter);
}

/// Where F(4x4) interpolates, beside 0 and ∞: at these and their negatives.
const POINTS: [f64; 2] = [0.625, 1.5];

/// Elements from one position of `len` elements to the next: positions start on successive lines of the first-level cache, where
/// distances of a multiple of 4096 bytes would have all of them compete for the same few.
const fn position_len(len: usize) -> usize {
    len.next_multiple_of(1024) + 16
}

/// Elements of scratch for a block of `n` tiles: transformed inputs, and sums of two vectors of filters.
pub const fn scratch_len(tile: usize, n: usize, channels: usize, lanes: usize) -> usize {
    let positions = (tile + 2) * (tile + 2);
    positions * (position_len(n * channels.next_multiple_of(lanes)) + position_len(n * 2 * lanes))
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
            let two = padded - f >= 2 * S::LANES;
            let width = if two { 2 } else { 1 } * S::LANES;
            let sums_position = position_len(n * width);
            let weights = a.pack.add(padded + f * a.channels * positions);
            products::<S>(a, n, two as usize, weights, (a.scratch, position, pixel), (sums, sums_position, width));
            for t in 0..n {
                let ty = div(t0 + t, across);
                let (y, x) = (ty * a.tile, (t0 + t - ty * across) * a.tile);
                let residual = match a.residual.first.is_null() {
                    true => a.residual.first,
                    false => a.residual.first.wrapping_add(y * a.residual.row + x * a.residual.pixel + f),
                };
                let scatter = if a.tile == 2 { S::scatter::<2> } else { S::scatter::<4> };
                scatter(&Scatter {
                    sums: sums.add(t * width),
                    position: sums_position,
                    bias: a.pack.add(f),
                    output: a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel + f),
                    row: a.output.row,
                    pixel: a.output.pixel,
                    residual,
                    residual_row: a.residual.row,
                    residual_pixel: a.residual.pixel,
                    rows: [y0.saturating_sub(y), (y1 - y).min(a.tile)],
                    columns: (a.width - x).min(a.tile),
                    filters: width.min(a.filters - f),
                    act: a.act,
                });
            }
            f += width;
        }
    }
}

/// What sums start with.
static ZEROS: [f32; 64] = [0.0; 64];

/// The products of all positions, of one panel of filters: `n` tiles by channels by one or two vectors.
///
/// Inputs and sums are given as where they begin, and the distances between positions and between tiles.
#[inline(always)]
unsafe fn products<S: Winograd>(
    a: &ConvArgs,
    n: usize,
    log_vectors: usize,
    weights: *const f32,
    (inputs, position, pixel): (*const f32, usize, usize),
    (sums, sums_position, width): (*mut f32, usize, usize),
) {
    // SAFETY: the caller's promise, see `rows`.
    unsafe {
        // Tiles of one size, the last of which may begin within the one before: what both compute is the same.
        let across = div_ceil(n, S::PIXELS.as_ptr().add(log_vectors).read());
        let len = div_ceil(n, across);
        let half = len.div_ceil(2);
        let panel = a.channels * width;
        let kernels = S::TILES.as_ptr().add(log_vectors).read();
        kernels.as_ptr().add(len - 1).read()(&Tiles {
            input: Lattice { first: inputs, pixel, row: position, second: half * pixel },
            rows: 1,
            row: 0,
            columns: 1,
            column: 0,
            run: a.channels,
            weights: [weights; 2],
            weight_row: panel,
            next: weights,
            start: Lattice { first: ZEROS.as_ptr(), pixel: 0, row: 0, second: 0 },
            residual: Lattice { first: core::ptr::null(), pixel: 0, row: 0, second: 0 },
            output: Lattice { first: sums, pixel: width, row: sums_position, second: half * width },
            act: Act::NONE,
            across,
            down: (a.tile + 2) * (a.tile + 2),
            last: n - len,
        });
    }
}

/// The inputs of one tile, and where they go.
#[derive(Clone, Copy)]
pub struct Gather {
    /// The first.
    pub input: *const f32,
    /// Between rows.
    pub row: usize,
    /// Between pixels.
    pub pixel: usize,
    /// Channels.
    pub channels: usize,
    /// Rows and columns that may be read; what is beyond them counts as zeros.
    pub size: [usize; 2],
    /// Where the first position goes.
    pub to: *mut f32,
    /// Between positions.
    pub position: usize,
}

/// Transforms the inputs of a tile: `Bᵀ d B` of every channel.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them, `to` for whole vectors.
#[inline(always)]
pub unsafe fn gather<S: Simd, const M: usize>(a: &Gather) {
    let inside = a.size[0] >= M + 2 && a.size[1] >= M + 2;
    let mut c = 0;
    while c < a.channels {
        // SAFETY: the caller's promise; whole vectors are read where there are as many channels.
        unsafe {
            if inside && a.channels - c >= S::LANES {
                gather_vector::<S, M, true>(a, c);
            } else {
                gather_vector::<S, M, false>(a, c);
            }
        }
        c += S::LANES;
    }
}

/// One vector of channels; `WHOLE` where all of it may be read, at every position.
///
/// Two rows of the result at a time, from inputs that are read again for each: all of them would not fit the registers.
#[inline(always)]
unsafe fn gather_vector<S: Simd, const M: usize, const WHOLE: bool>(a: &Gather, c: usize) {
    // SAFETY: the caller's promise, see `gather`.
    unsafe {
        if M == 2 {
            gather_rows::<S, M, WHOLE>(a, c, [0, 1]);
            gather_rows::<S, M, WHOLE>(a, c, [2, 3]);
        } else {
            gather_rows::<S, M, WHOLE>(a, c, [0, 5]);
            gather_rows::<S, M, WHOLE>(a, c, [1, 2]);
            gather_rows::<S, M, WHOLE>(a, c, [3, 4]);
        }
    }
}

/// Two rows of the result, which are constants where this is inlined: what they do not need is not read.
#[inline(always)]
unsafe fn gather_rows<S: Simd, const M: usize, const WHOLE: bool>(a: &Gather, c: usize, rows: [usize; 2]) {
    // SAFETY: the caller's promise, see `gather`; where not all may be read, what may not be is masked.
    unsafe {
        let n = M + 2;
        let lanes = (a.channels - c).min(S::LANES);
        let mut columns = [[S::splat(0.0); 2]; 6];
        for (j, pair) in columns.iter_mut().enumerate().take(n) {
            let mut d = [S::splat(0.0); 6];
            for (i, d) in d.iter_mut().enumerate().take(n) {
                let p = a.input.wrapping_add(i * a.row + j * a.pixel + c);
                *d = match WHOLE {
                    true => S::load(p),
                    false => S::load_first(p, if i < a.size[0] && j < a.size[1] { lanes } else { 0 }),
                };
            }
            let column = input_line::<S, M>(d);
            *pair = rows.map(|i| column[i]);
        }
        for (k, i) in rows.into_iter().enumerate() {
            let line = input_line::<S, M>(columns.map(|pair| pair[k]));
            for (j, v) in line.into_iter().enumerate().take(n) {
                S::store(a.to.wrapping_add((i * n + j) * a.position + c), v);
            }
        }
    }
}

/// `Bᵀ d` of a column.
#[inline(always)]
unsafe fn input_line<S: Simd, const M: usize>(d: [S::V; 6]) -> [S::V; 6] {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        if M == 2 {
            return [S::sub(d[0], d[2]), S::add(d[1], d[2]), S::sub(d[2], d[1]), S::sub(d[1], d[3]), d[4], d[5]];
        }
        let [a, b] = POINTS;
        let product = constant::<S>(a * a * b * b);
        let sum = constant::<S>(-(a * a + b * b));
        let [a_plus, a_minus] = input_pair::<S>(&d, a, b);
        let [b_plus, b_minus] = input_pair::<S>(&d, b, a);
        let first = S::fma(d[0], product, S::fma(d[2], sum, d[4]));
        let last = S::fma(d[1], product, S::fma(d[3], sum, d[5]));
        [first, a_plus, a_minus, b_plus, b_minus, last]
    }
}

/// `Bᵀ d` at ±x, y being the other point: `(d₄ − y²·d₂) ± x·(d₃ − y²·d₁)`.
#[inline(always)]
unsafe fn input_pair<S: Simd>(d: &[S::V; 6], x: f64, y: f64) -> [S::V; 2] {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let even = S::fma(d[2], constant::<S>(-(y * y)), d[4]);
        let odd = S::fma(d[1], constant::<S>(-(y * y)), d[3]);
        [S::fma(odd, constant::<S>(x), even), S::fma(odd, constant::<S>(-x), even)]
    }
}

/// A number, which is a float exactly, in every lane.
#[inline(always)]
unsafe fn constant<S: Simd>(x: f64) -> S::V {
    // SAFETY: the caller promises the instruction set.
    unsafe { S::splat(x as f32) }
}

/// The sums of one tile, and where its results go.
#[derive(Clone, Copy)]
pub struct Scatter {
    /// Of the first position.
    pub sums: *const f32,
    /// Between positions.
    pub position: usize,
    /// Biases.
    pub bias: *const f32,
    /// The tile's first result.
    pub output: *mut f32,
    /// Between rows.
    pub row: usize,
    /// Between pixels.
    pub pixel: usize,
    /// What is added; null for nothing.
    pub residual: *const f32,
    /// Between rows.
    pub residual_row: usize,
    /// Between pixels.
    pub residual_pixel: usize,
    /// The first row that is written, and the one after the last.
    pub rows: [usize; 2],
    /// Columns that are written.
    pub columns: usize,
    /// Filters.
    pub filters: usize,
    /// Its bounds are applied.
    pub act: Act,
}

/// Transforms the sums of a tile, `Aᵀ m A` of every filter, adds bias and residual, applies bounds and stores.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them, `sums` and `bias` for whole vectors.
#[inline(always)]
pub unsafe fn scatter<S: Simd, const M: usize>(a: &Scatter) {
    let inside = a.rows == [0, M] && a.columns == M;
    let mut f = 0;
    while f < a.filters {
        // SAFETY: the caller's promise; whole vectors are written where there are as many filters.
        unsafe {
            if inside && a.filters - f >= S::LANES {
                scatter_vector::<S, M, true>(a, f);
            } else {
                scatter_vector::<S, M, false>(a, f);
            }
        }
        f += S::LANES;
    }
}

/// One vector of filters; `WHOLE` where all of it is written, at every pixel.
#[inline(always)]
unsafe fn scatter_vector<S: Simd, const M: usize, const WHOLE: bool>(a: &Scatter, f: usize) {
    // SAFETY: the caller's promise, see `scatter`.
    unsafe {
        if M == 2 {
            scatter_rows::<S, M, WHOLE>(a, f, [0, 1]);
        } else {
            scatter_rows::<S, M, WHOLE>(a, f, [0, 2]);
            scatter_rows::<S, M, WHOLE>(a, f, [1, 3]);
        }
    }
}

/// Two rows of the result, which are constants where this is inlined: what they do not need is not read.
#[inline(always)]
unsafe fn scatter_rows<S: Simd, const M: usize, const WHOLE: bool>(a: &Scatter, f: usize, rows: [usize; 2]) {
    // SAFETY: the caller's promise, see `scatter`; where not all is written, what is not is left alone.
    unsafe {
        let n = M + 2;
        let lanes = (a.filters - f).min(S::LANES);
        let mut columns = [[S::splat(0.0); 2]; 6];
        for (j, pair) in columns.iter_mut().enumerate().take(n) {
            let mut m = [S::splat(0.0); 6];
            for (i, m) in m.iter_mut().enumerate().take(n) {
                *m = S::load(a.sums.add((i * n + j) * a.position + f));
            }
            let column = output_line::<S, M>(m);
            *pair = rows.map(|i| column[i]);
        }
        let bias = S::load(a.bias.add(f));
        for (k, i) in rows.into_iter().enumerate() {
            let line = output_line::<S, M>(columns.map(|pair| pair[k]));
            for (j, v) in line.into_iter().enumerate().take(M) {
                let outside = i < a.rows[0] || i >= a.rows[1] || j >= a.columns;
                if !WHOLE && outside {
                    continue;
                }
                let mut v = S::add(v, bias);
                if !a.residual.is_null() {
                    let p = a.residual.wrapping_add(i * a.residual_row + j * a.residual_pixel + f);
                    v = S::add(v, if WHOLE { S::load(p) } else { S::load_first(p, lanes) });
                }
                let v = math::bound::<S>(&a.act, v);
                let p = a.output.wrapping_add(i * a.row + j * a.pixel + f);
                match WHOLE {
                    true => S::store(p, v),
                    false => S::store_first(p, lanes, v),
                }
            }
        }
    }
}

/// `Aᵀ m` of a column.
#[inline(always)]
unsafe fn output_line<S: Simd, const M: usize>(m: [S::V; 6]) -> [S::V; 4] {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        if M == 2 {
            let first = S::add(S::add(m[0], m[1]), m[2]);
            let second = S::sub(S::sub(m[1], m[2]), m[3]);
            return [first, second, m[4], m[5]];
        }
        let [a, b] = POINTS;
        let (a_even, a_odd) = (S::add(m[1], m[2]), S::sub(m[1], m[2]));
        let (b_even, b_odd) = (S::add(m[3], m[4]), S::sub(m[3], m[4]));
        [
            S::add(m[0], S::add(a_even, b_even)),
            S::fma(a_odd, constant::<S>(a), S::mul(b_odd, constant::<S>(b))),
            S::fma(a_even, constant::<S>(a * a), S::mul(b_even, constant::<S>(b * b))),
            S::fma(a_odd, constant::<S>(a * a * a), S::fma(b_odd, constant::<S>(b * b * b), m[5])),
        ]
    }
}

/// Floats in the widest vector.
const MOST_LANES: usize = 16;

/// Weights into `[F/2 vectors][position][C][2 vectors]` of `G g Gᵀ`, behind biases rounded up to whole vectors.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them, `pack` for `(1 + channels · positions) ·`
/// filters rounded up to whole vectors.
#[inline(always)]
pub unsafe fn pack<S: Simd>(a: &PackConvArgs) {
    // SAFETY: the caller's promise; no vector has more than `MOST_LANES` lanes.
    unsafe {
        let padded = a.n_rows.next_multiple_of(S::LANES);
        let n = a.tile + 2;
        let mut f = 0;
        while f < padded {
            let width = (2 * S::LANES).min(padded - f);
            let to = a.pack.add(f * a.channels * n * n);
            for c in 0..a.channels {
                for lane in (0..width).step_by(S::LANES) {
                    let mut g = [[0.0; MOST_LANES]; 9];
                    for l in 0..S::LANES.min(a.n_rows.saturating_sub(f + lane)) {
                        let from = a.rows.add(((f + lane + l) * a.channels + c) * 9);
                        for (t, g) in g.iter_mut().enumerate() {
                            g[l] = f64::from(*from.add(t));
                        }
                    }
                    let to = to.add(c * width + lane);
                    if a.tile == 2 {
                        pack_vector::<S, 2>(&g, to, a.channels * width);
                    } else {
                        pack_vector::<S, 4>(&g, to, a.channels * width);
                    }
                }
            }
            f += width;
        }
    }
}

/// `G g Gᵀ` of one vector of filters, in f64, rounded once.
#[inline(always)]
unsafe fn pack_vector<S: Simd, const M: usize>(g: &[[f64; MOST_LANES]; 9], to: *mut f32, position: usize) {
    let n = M + 2;
    for i in 0..n {
        let [x, y, z] = weight_line::<M>(i);
        let mut row = [[0.0; MOST_LANES]; 3];
        for (k, row) in row.iter_mut().enumerate() {
            for (l, v) in row.iter_mut().enumerate() {
                *v = x * g[k][l] + y * g[3 + k][l] + z * g[6 + k][l];
            }
        }
        for j in 0..n {
            let [x, y, z] = weight_line::<M>(j);
            let mut u = [0.0; MOST_LANES];
            for (l, u) in u.iter_mut().enumerate() {
                *u = (x * row[0][l] + y * row[1][l] + z * row[2][l]) as f32;
            }
            // SAFETY: the caller promises a vector at each position, see `pack`.
            unsafe { core::ptr::copy_nonoverlapping(u.as_ptr(), to.add((i * n + j) * position), S::LANES) };
        }
    }
}

/// A row of `G`.
const fn weight_line<const M: usize>(i: usize) -> [f64; 3] {
    if M == 2 {
        return match i {
            0 => [1.0, 0.0, 0.0],
            1 => [0.5, 0.5, 0.5],
            2 => [0.5, -0.5, 0.5],
            _ => [0.0, 0.0, 1.0],
        };
    }
    let [a, b] = POINTS;
    match i {
        0 => [1.0 / (a * a * b * b), 0.0, 0.0],
        1 => point(a, b),
        2 => point(-a, b),
        3 => point(b, a),
        4 => point(-b, a),
        _ => [0.0, 0.0, 1.0],
    }
}

/// The row of `G` at x, y being the other pair's.
const fn point(x: f64, y: f64) -> [f64; 3] {
    let scale = 1.0 / (2.0 * x * x * (x * x - y * y));
    [scale, scale * x, scale * x * x]
}
