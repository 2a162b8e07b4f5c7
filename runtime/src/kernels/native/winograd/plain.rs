//! F(4x4, 3x3) of few tiles: weights are transformed as they are used. Floor 2.
//!
//! Transformed weights are four times as many bytes, which takes longer to read than to multiply where each is used for few tiles. From the
//! nine of a window, 60 multiply-adds make what four tiles take 144 for.
//!
//! A row of the positions of a group of tiles is summed in registers, over a block of channels whose weights stay in the first-level cache
//! until the sixth row is done; then follows the next group, the next block of channels, the next vector of filters. The sum of a position
//! runs over the channels in order, whichever tiles are in its group.

use super::super::args::{ConvArgs, PackConvArgs};
use super::super::{div, div_ceil};
use super::Winograd;
use super::pack::weight_line;
use super::transforms::{self, Gather, POINTS, Scatter};
use crate::simd::Simd;

/// Positions along one axis of a tile, and all.
const SIDE: usize = 6;
const POSITIONS: usize = SIDE * SIDE;
/// Elements of a window.
const TAPS: usize = 9;
/// Channels of a block.
const CHANNELS: usize = 32;

/// Tiles of a group: sums of a row of positions are in registers.
pub const fn n_tiles<S: Simd>() -> usize {
    if S::LANES < 16 { 2 } else { 4 }
}

/// Most tiles of a group.
pub const MOST_TILES: usize = 4;

/// Elements of scratch for a block of `n` tiles, a multiple of [`MOST_TILES`]: transformed inputs, and sums of a vector of filters.
pub const fn scratch_len(n: usize, channels: usize, lanes: usize) -> usize {
    POSITIONS * n * (channels.next_multiple_of(lanes) + lanes)
}

/// Vectors of filters.
#[inline(always)]
pub fn n_blocks<S: Simd>(a: &ConvArgs) -> usize {
    div_ceil(a.filters, S::LANES)
}

/// The first filter of a vector.
#[inline(always)]
pub fn first_filter<S: Simd>(a: &ConvArgs, block: usize) -> usize {
    (block * S::LANES).min(a.filters)
}

/// Computes rows of vectors of filters, from and up to, in groups of `T` tiles.
///
/// # Safety
/// As for [`super::rows`].
#[inline(always)]
pub unsafe fn rows<S: Winograd, const T: usize>(a: &ConvArgs, rows: (usize, usize), blocks: (usize, usize)) {
    let across = div_ceil(a.width, 4);
    let last = div_ceil(rows.1, 4) * across;
    let mut t = div(rows.0, 4) * across;
    while t < last {
        let end = (t + a.tile_block).min(last);
        // SAFETY: the caller's promise; `tile_block` is what the scratch has been measured for.
        unsafe {
            gather::<S, T>(a, (t, end));
            for block in blocks.0..blocks.1 {
                let f = block * S::LANES;
                sums::<S, T>(a, end - t, f);
                scatter::<S, T>(a, (t, end), rows, f);
            }
        }
        t = end;
    }
}

/// Elements that a group of tiles takes of a vector of channels or filters.
#[inline(always)]
fn group_len<S: Simd, const T: usize>() -> usize {
    POSITIONS * T * S::LANES
}

/// Vectors of channels.
#[inline(always)]
fn n_vectors<S: Simd>(a: &ConvArgs) -> usize {
    div_ceil(a.channels, S::LANES)
}

/// Where a block's sums are: behind its inputs.
#[inline(always)]
fn sums_of<S: Simd, const T: usize>(a: &ConvArgs, n: usize) -> *mut f32 {
    a.scratch.wrapping_add(div_ceil(n, T) * n_vectors::<S>(a) * group_len::<S, T>())
}

/// The first row and column of a tile.
#[inline(always)]
fn place(t: usize, across: usize) -> (usize, usize) {
    let y = div(t, across);
    (4 * y, 4 * (t - y * across))
}

/// Transforms the inputs of tiles, from and up to, into `[group][C/lanes][6][6][T][lanes]`.
#[inline(always)]
unsafe fn gather<S: Winograd, const T: usize>(a: &ConvArgs, (t0, t1): (usize, usize)) {
    for t in t0..t1 {
        let (y, x) = place(t, div_ceil(a.width, 4));
        let size = [a.height + 2 - y, a.width + 2 - x];
        let group = div(t - t0, T);
        for v in 0..n_vectors::<S>(a) {
            let channels = (a.channels - v * S::LANES).min(S::LANES);
            // SAFETY: the caller's promise, see `rows`.
            unsafe {
                let to = (group * n_vectors::<S>(a) + v) * group_len::<S, T>() + (t - t0 - group * T) * S::LANES;
                let gather = Gather {
                    input: a.input.first.wrapping_add(y * a.input.row + x * a.input.pixel + v * S::LANES),
                    row: a.input.row,
                    pixel: a.input.pixel,
                    channels,
                    size,
                    to: a.scratch.add(to),
                    position: T * S::LANES,
                };
                // Of a constant distance between positions, where all of them are inside.
                if channels == S::LANES && size[0] >= SIDE && size[1] >= SIDE {
                    transforms::gather_vector::<S, 4, true>(&gather, 0);
                } else {
                    S::gather::<4>(&gather);
                }
            }
        }
    }
}

/// Transforms the sums of tiles, from and up to, as far as they lie in some rows, of the vector of filters that begins at `f`.
#[inline(always)]
unsafe fn scatter<S: Winograd, const T: usize>(a: &ConvArgs, (t0, t1): (usize, usize), (y0, y1): (usize, usize), f: usize) {
    // SAFETY: the caller's promise, see `rows`.
    unsafe {
        let sums = sums_of::<S, T>(a, t1 - t0);
        for t in t0..t1 {
            let (y, x) = place(t, div_ceil(a.width, 4));
            let group = div(t - t0, T);
            // A tile's results, or those pooled.
            let (to_y, to_x) = if a.pooled_tiles { (y / 2, x / 2) } else { (y, x) };
            let scatter = Scatter {
                sums: sums.add(group * group_len::<S, T>() + (t - t0 - group * T) * S::LANES),
                position: T * S::LANES,
                bias: a.pack.add(f),
                output: a.output.first.wrapping_add(to_y * a.output.row + to_x * a.output.pixel + f),
                row: a.output.row,
                pixel: a.output.pixel,
                residual: match a.residual.first.is_null() {
                    true => a.residual.first,
                    false => a.residual.first.wrapping_add(y * a.residual.row + x * a.residual.pixel + f),
                },
                residual_row: a.residual.row,
                residual_pixel: a.residual.pixel,
                rows: [y0.saturating_sub(y), (y1 - y).min(4)],
                columns: (a.width - x).min(4),
                filters: (a.filters - f).min(S::LANES),
                act: a.act,
                pooled: a.pooled_tiles,
            };
            if scatter.filters == S::LANES && scatter.rows == [0, 4] && scatter.columns == 4 && !scatter.pooled {
                transforms::scatter_vector::<S, 4, true>(&scatter, 0);
            } else {
                S::scatter::<4>(&scatter);
            }
        }
    }
}

/// The sums of `n` tiles and the vector of filters that begins at `f`: `[group][6][6][T][lanes]`.
#[inline(always)]
unsafe fn sums<S: Simd, const T: usize>(a: &ConvArgs, n: usize, f: usize) {
    // SAFETY: the caller's promise, see `rows`; `gather` has written the inputs of all groups.
    unsafe {
        let padded = a.filters.next_multiple_of(S::LANES);
        let weights = a.pack.add(padded + f * a.channels * TAPS);
        let mut c = 0;
        while c < a.channels {
            let channels = (a.channels - c).min(CHANNELS);
            for group in 0..div_ceil(n, T) {
                let vector = group * n_vectors::<S>(a) + div(c, S::LANES);
                let block = Block {
                    weights: weights.add(c * TAPS * S::LANES),
                    values: a.scratch.add(vector * group_len::<S, T>()),
                    sums: sums_of::<S, T>(a, n).add(group * group_len::<S, T>()),
                    channels,
                    first: c == 0,
                    last: c + channels == a.channels,
                };
                row::<S, T, 0>(&block);
                row::<S, T, 1>(&block);
                row::<S, T, 2>(&block);
                row::<S, T, 3>(&block);
                row::<S, T, 4>(&block);
                row::<S, T, 5>(&block);
            }
            c += channels;
        }
    }
}

/// Channels of a vector of filters and a group of tiles.
#[derive(Clone, Copy)]
struct Block {
    /// `[C][3][3][lanes]`
    weights: *const f32,
    /// `[C/lanes][6][6][T][lanes]`
    values: *const f32,
    /// `[6][6][T][lanes]`
    sums: *mut f32,
    /// How many.
    channels: usize,
    /// Whether sums start with them.
    first: bool,
    /// Whether sums are complete with them.
    last: bool,
}

/// The second point of interpolation over the first.
const RATIO: f64 = POINTS[1] / POINTS[0];

/// What a position's row of `G` is a multiple of, as `row` computes it from weights as they are packed.
const fn scale(position: usize) -> f64 {
    let line = weight_line::<4>(position);
    if position + 1 == SIDE { line[2] / (POINTS[0] * POINTS[0]) } else { line[0] }
}

/// Adds a block of channels to the sums of row `ROW` of the positions.
#[inline(always)]
unsafe fn row<S: Simd, const T: usize, const ROW: usize>(b: &Block) {
    // SAFETY: the caller promises the block's elements.
    unsafe {
        let to = b.sums.add(ROW * SIDE * T * S::LANES);
        let mut acc = [[S::splat(0.0); T]; SIDE];
        if !b.first {
            for (j, acc) in acc.iter_mut().enumerate() {
                for (t, acc) in acc.iter_mut().enumerate() {
                    *acc = S::load(to.add((j * T + t) * S::LANES));
                }
            }
        }
        let [ratio, square, minus] = [RATIO, RATIO * RATIO, -RATIO].map(
            #[inline(always)]
            |x| S::splat(x as f32),
        );
        let mut w = b.weights;
        let mut values = b.values.add(ROW * SIDE * T * S::LANES);
        let mut left = b.channels;
        while left > 0 {
            let n = left.min(S::LANES);
            for c in 0..n {
                macro_rules! tap {
                    ($i:expr, $j:expr) => {
                        S::load(w.add(($i * 3 + $j) * S::LANES))
                    };
                }
                // The row of `G g`.
                let g = [0, 1, 2].map(
                    #[inline(always)]
                    |j| match ROW {
                        0 => tap!(0, j),
                        1 => S::add(S::add(tap!(0, j), tap!(2, j)), tap!(1, j)),
                        2 => S::sub(S::add(tap!(0, j), tap!(2, j)), tap!(1, j)),
                        3 => S::fma(tap!(1, j), ratio, S::fma(tap!(2, j), square, tap!(0, j))),
                        4 => S::fma(tap!(1, j), minus, S::fma(tap!(2, j), square, tap!(0, j))),
                        _ => tap!(2, j),
                    },
                );
                // Of `(G g) Gᵀ` that of a position, when it is needed.
                let v = values.add(c);
                macro_rules! add {
                    ($j:literal, $u:expr) => {{
                        let u = $u;
                        for (t, acc) in acc[$j].iter_mut().enumerate() {
                            *acc = S::fma(S::splat(*v.add(($j * T + t) * S::LANES)), u, *acc);
                        }
                    }};
                }
                add!(0, g[0]);
                let even = S::add(g[0], g[2]);
                add!(1, S::add(even, g[1]));
                add!(2, S::sub(even, g[1]));
                let even = S::fma(g[2], square, g[0]);
                add!(3, S::fma(g[1], ratio, even));
                add!(4, S::fma(g[1], minus, even));
                add!(5, g[2]);
                // The rows of the positions share in fetching the next block's weights.
                for line in [2 * ROW, 2 * ROW + 1] {
                    if line < TAPS {
                        S::prefetch(w.wrapping_add((CHANNELS * TAPS + line) * S::LANES));
                    }
                }
                w = w.add(TAPS * S::LANES);
            }
            values = values.add(group_len::<S, T>());
            left -= n;
        }
        for (j, acc) in acc.into_iter().enumerate() {
            let scale = S::splat((scale(ROW) * scale(j)) as f32);
            for (t, acc) in acc.into_iter().enumerate() {
                S::store(to.add((j * T + t) * S::LANES), if b.last { S::mul(acc, scale) } else { acc });
            }
        }
    }
}

/// Weights into `[F/lanes][C][3x3][lanes]`, columns and rows multiplied with 1, x and x², x being the first point of interpolation: so
/// that it takes but additions to evaluate them there.
///
/// # Safety
/// The pointers are valid for the sizes beside them, `pack` for `9 · channels` of filters rounded up to whole vectors.
#[inline(always)]
pub unsafe fn pack(a: &PackConvArgs) {
    let powers = [1.0, POINTS[0], POINTS[0] * POINTS[0]];
    let mut to = a.pack;
    let mut first = 0;
    while first < a.n_rows {
        for c in 0..a.channels {
            for i in 0..TAPS {
                let factor = powers[i / 3] * powers[i % 3];
                for f in first..first + a.lanes {
                    let from = a.rows.wrapping_add((f * a.channels + c) * TAPS + i);
                    // SAFETY: the caller promises the rows that there are, and whole vectors.
                    unsafe {
                        *to = if f < a.n_rows { (f64::from(*from) * factor) as f32 } else { 0.0 };
                        to = to.add(1);
                    }
                }
            }
        }
        first += a.lanes;
    }
}
