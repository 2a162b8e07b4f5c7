//! F(4x4, 3x3) of 16 or 32 channels and as many filters. Floor 2.
//!
//! The number of channels is a constant, and a block of tiles is so small that it stays in the first-level cache: all distances between
//! positions are constants, too, and sums take the place of the inputs that they are of. The same sums in the same order as those of
//! blocks of any size.

use super::super::args::ConvArgs;
use super::super::div;
use super::Winograd;
use super::transforms::{self, Gather, Scatter};
use crate::simd::Simd;

/// Positions of a tile.
const POSITIONS: usize = 36;
/// Tiles of a block: with two vectors of filters as many sums as hide the latency of adding to one.
const TILES: usize = 8;
/// Vectors of filters at most.
const VECTORS: usize = 2;

/// Elements of scratch.
pub const fn scratch_len(lanes: usize) -> usize {
    POSITIONS * TILES * VECTORS * lanes
}

/// Computes rows, from and up to.
///
/// # Safety
/// As for [`super::rows`], of vectors of 16 lanes.
#[inline(always)]
pub unsafe fn rows<S: Winograd>(a: &ConvArgs, rows: (usize, usize)) {
    if S::LANES < 16 {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        if a.channels == 16 {
            blocks::<S, 16>(a, rows);
        } else {
            blocks::<S, 32>(a, rows);
        }
    }
}

/// Where a tile begins.
#[derive(Clone, Copy)]
struct Place {
    y: usize,
    x: usize,
}

impl Place {
    /// The tile that follows.
    #[inline(always)]
    fn next(self, width: usize) -> Place {
        if self.x + 4 < width { Place { x: self.x + 4, ..self } } else { Place { y: self.y + 4, x: 0 } }
    }
}

/// All tiles of some rows, a block at a time, of `C` channels and filters.
#[inline(always)]
unsafe fn blocks<S: Winograd, const C: usize>(a: &ConvArgs, (y0, y1): (usize, usize)) {
    let mut next = Place { y: 4 * div(y0, 4), x: 0 };
    while next.y < y1 {
        let first = next;
        let mut n = 0;
        // SAFETY: the caller's promise, see `rows`; the scratch holds a block.
        unsafe {
            while n < TILES && next.y < y1 {
                gather::<S, C>(a, next, n);
                next = next.next(a.width);
                n += 1;
            }
            products::<S, C>(a.pack.add(C), a.scratch);
            let mut place = first;
            for t in 0..n {
                scatter::<S, C>(a, place, t, (y0, y1));
                place = place.next(a.width);
            }
        }
    }
}

/// Transforms the inputs of tile `t` of a block.
#[inline(always)]
unsafe fn gather<S: Winograd, const C: usize>(a: &ConvArgs, Place { y, x }: Place, t: usize) {
    let size = [a.height + 2 - y, a.width + 2 - x];
    // SAFETY: the caller's promise, see `rows`.
    unsafe {
        let gather = Gather {
            input: a.input.first.wrapping_add(y * a.input.row + x * a.input.pixel),
            row: a.input.row,
            pixel: a.input.pixel,
            channels: C,
            size,
            to: a.scratch.add(t * C),
            position: TILES * C,
        };
        if size[0] < 6 || size[1] < 6 {
            return S::gather::<4>(&gather);
        }
        for c in (0..C).step_by(S::LANES) {
            transforms::gather_vector::<S, 4, true>(&gather, c);
        }
    }
}

/// Transforms the sums of tile `t` of a block.
#[inline(always)]
unsafe fn scatter<S: Winograd, const C: usize>(a: &ConvArgs, Place { y, x }: Place, t: usize, (y0, y1): (usize, usize)) {
    // SAFETY: the caller's promise, see `rows`.
    unsafe {
        // A tile's results, or those pooled.
        let (to_y, to_x) = if a.pooled_tiles { (y / 2, x / 2) } else { (y, x) };
        let scatter = Scatter {
            sums: a.scratch.add(t * C),
            position: TILES * C,
            bias: a.pack,
            output: a.output.first.wrapping_add(to_y * a.output.row + to_x * a.output.pixel),
            row: a.output.row,
            pixel: a.output.pixel,
            residual: match a.residual.first.is_null() {
                true => a.residual.first,
                false => a.residual.first.wrapping_add(y * a.residual.row + x * a.residual.pixel),
            },
            residual_row: a.residual.row,
            residual_pixel: a.residual.pixel,
            rows: [y0.saturating_sub(y), (y1 - y).min(4)],
            columns: (a.width - x).min(4),
            filters: C,
            act: a.act,
            pooled: a.pooled_tiles,
        };
        if scatter.rows != [0, 4] || scatter.columns < 4 || scatter.pooled {
            return S::scatter::<4>(&scatter);
        }
        for f in (0..C).step_by(S::LANES) {
            transforms::scatter_vector::<S, 4, true>(&scatter, f);
        }
    }
}

/// The products of all positions of a block, in place: those of tiles that it lacks are of whatever lies there.
#[inline(always)]
unsafe fn products<S: Simd, const C: usize>(weights: *const f32, values: *mut f32) {
    // SAFETY: the caller promises C · C weights for each position, and a block.
    unsafe {
        for p in 0..POSITIONS {
            let v = values.add(p * TILES * C);
            let mut w = weights.add(p * C * C);
            let mut sums = [[S::splat(0.0); VECTORS]; TILES];
            for c in 0..C {
                for f in (0..C).step_by(S::LANES) {
                    // Those of the next position, which the second-level cache holds.
                    S::prefetch(w.wrapping_add(C * C + f));
                }
                let u = [0, C - S::LANES].map(
                    #[inline(always)]
                    |f| S::load(w.add(f)),
                );
                for (t, sums) in sums.iter_mut().enumerate() {
                    let x = S::splat(*v.add(t * C + c));
                    for (sum, u) in sums.iter_mut().zip(u).take(C / S::LANES) {
                        *sum = S::fma(x, u, *sum);
                    }
                }
                w = w.add(C);
            }
            for (t, sums) in sums.into_iter().enumerate() {
                for (n, sum) in sums.into_iter().enumerate().take(C / S::LANES) {
                    S::store(v.add(t * C + n * S::LANES), sum);
                }
            }
        }
    }
}
