//! Direct convolution of few channels with every loop bound of a window a constant: first layers, small networks. Floor 2.
//!
//! The same order of sums as `direct`, so the same bits. Only the widest tile has an instance for each window; pixels that it
//! leaves at a row's end are tiles of `direct`.

use super::args::{Act, ConvArgs};
use super::conv::Rows;
use super::direct::{self, Finish, Sums, Tile, Tiled};
use super::div_ceil;

/// Length of `plan::FIXED_CONVS`.
pub const N_FIXED: usize = 12;

/// A convolution of one group of `C` channels that lie side by side, without dilation: see the module.
pub struct Fixed<S, const C: usize, const KH: usize, const KW: usize, const SH: usize, const SW: usize>(
    core::marker::PhantomData<S>,
);

impl<S: Tiled, const C: usize, const KH: usize, const KW: usize, const SH: usize, const SW: usize> Rows
    for Fixed<S, C, KH, KW, SH, SW>
{
    #[inline(always)]
    fn row_unit(_: &ConvArgs) -> usize {
        1
    }

    #[inline(always)]
    fn n_blocks(a: &ConvArgs) -> usize {
        div_ceil(a.filters, 2 * S::LANES)
    }

    #[inline(always)]
    fn first_filter(a: &ConvArgs, block: usize) -> usize {
        (2 * block * S::LANES).min(a.filters)
    }

    #[inline(always)]
    unsafe fn rows(a: &ConvArgs, (y0, y1): (usize, usize), blocks: (usize, usize)) {
        // SAFETY: the caller's promise.
        unsafe {
            let padded = a.filters.next_multiple_of(S::LANES);
            let weights = a.pack.add(padded);
            let mut f = Self::first_filter(a, blocks.0);
            let end = Self::first_filter(a, blocks.1);
            while f < end {
                let w = weights.add(f * C * KH * KW);
                let two = padded - f >= 2 * S::LANES;
                for y in y0..y1 {
                    if two {
                        row::<S, C, KH, KW, SH, SW, 2>(a, w, f, y);
                    } else {
                        row::<S, C, KH, KW, SH, SW, 1>(a, w, f, y);
                    }
                }
                f += if two { 2 } else { 1 } * S::LANES;
            }
        }
    }
}

/// One row of `NB` vectors of filters.
#[inline(always)]
unsafe fn row<S: Tiled, const C: usize, const KH: usize, const KW: usize, const SH: usize, const SW: usize, const NB: usize>(
    a: &ConvArgs,
    w: *const f32,
    f: usize,
    y: usize,
) {
    // SAFETY: the caller's promise, see `Rows`; a tile ends where the row does.
    unsafe {
        let mut x = 0;
        while x < a.width {
            let left = a.width - x;
            let pixels = match S::LANES {
                16 => 14,
                8 => 6,
                _ => 4,
            };
            if left >= pixels {
                match S::LANES {
                    16 => at::<S, C, KH, KW, SH, SW, NB, 14>(a, w, f, y, x, 14),
                    8 => at::<S, C, KH, KW, SH, SW, NB, 6>(a, w, f, y, x, 6),
                    _ => at::<S, C, KH, KW, SH, SW, NB, 4>(a, w, f, y, x, 4),
                }
                x += pixels;
            } else {
                at::<S, C, KH, KW, SH, SW, NB, 0>(a, w, f, y, x, left);
                x = a.width;
            }
        }
    }
}

/// One tile of `T` pixels; of `pixels` where `T` is 0.
#[inline(always)]
unsafe fn at<
    S: Tiled,
    const C: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
    const NB: usize,
    const T: usize,
>(
    a: &ConvArgs,
    w: *const f32,
    f: usize,
    y: usize,
    x: usize,
    pixels: usize,
) {
    let half = pixels.div_ceil(2);
    let width = NB * S::LANES;
    let filters = width.min(a.filters - f);
    let direct = filters == width && a.residual.first.is_null();
    let input = a.input.first.wrapping_add(y * SH * a.input.row + x * SW * C);
    let output = a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel + f);
    let mut sums = Sums::ROOM;
    let (first, pixel) = if direct { (output, a.output.pixel) } else { (sums.as_mut_ptr(), width) };
    let tile = Tile {
        input: [input, input.wrapping_add(half * SW * C)],
        input_pixel: SW * C,
        rows: KH,
        row: a.input.row,
        columns: 1,
        column: 0,
        run: KW * C,
        weights: [w; 2],
        next: w,
        start: a.pack.wrapping_add(f),
        start_pixel: 0,
        output: [first, first.wrapping_add(half * pixel)],
        output_pixel: pixel,
        act: if direct { a.act } else { Act::NONE },
    };
    // SAFETY: the caller's promise, see `Rows`.
    unsafe {
        if T == 0 {
            S::TILES[NB - 1].as_ptr().add(pixels - 1).read()(&tile);
        } else {
            direct::tile::<S, T, NB, true>(&tile);
        }
        if !direct {
            let residual = match a.residual.first.is_null() {
                true => a.residual.first,
                false => a.residual.first.wrapping_add(y * a.residual.row + x * a.residual.pixel + f),
            };
            (S::FINISH)(&Finish {
                sums: (first, width),
                output,
                output_pixel: a.output.pixel,
                residual,
                residual_pixel: a.residual.pixel,
                pixels,
                filters,
                act: a.act,
            });
        }
    }
}
