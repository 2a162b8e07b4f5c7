//! Direct convolution: filters in the lanes, a tile of pixels times vectors of filters in registers. Floor 2.
//!
//! One shape of loop serves every window: steps over rows and columns of the window, and within a step a run of input floats that
//! lie side by side, each broadcast to all lanes and multiplied with the next vectors of weights. A tile's pixels form two
//! arithmetic sequences, so that it can lie in one row or take a piece of each of two rows.
//!
//! The sum of an output starts with its bias and runs over blocks of channels, the window's rows, its columns, and channels,
//! wherever the output lies in a tile.

use core::mem::MaybeUninit;

use crate::simd::Simd;

use super::args::{Act, ConvArgs, Source, Target};
use super::conv::Parts;
use super::{div, div_ceil, math};

/// A tile's kernel.
pub type TileFn = unsafe fn(&Tile);

/// An instruction set with kernels for tiles.
pub trait Tiled: Parts {
    /// [`finish`]
    ///
    /// # Safety
    /// As there.
    unsafe fn finish(a: &Finish);
    /// Most pixels of a tile of 1, 2 and 4 vectors.
    const PIXELS: [usize; 3];
    /// By `log2` of the number of vectors, then by pixels less one.
    const TILES: [&'static [TileFn]; 3];
}

/// One tile of the output: `T` pixels, `NB` vectors of filters.
#[derive(Clone, Copy)]
pub struct Tile {
    /// The first pixel's first input, and that of the second sequence's.
    pub input: [*const f32; 2],
    /// Between the inputs of neighbouring pixels.
    pub input_pixel: usize,
    /// Rows of the window, or 1 where they lie side by side.
    pub rows: usize,
    /// Between rows of the window.
    pub row: usize,
    /// Columns of the window, or 1 where they lie side by side.
    pub columns: usize,
    /// Between columns of the window.
    pub column: usize,
    /// Inputs that lie side by side.
    pub run: usize,
    /// Weights; of the second panel where there are two.
    pub weights: [*const f32; 2],
    /// Weights of the next tiles, to be fetched meanwhile.
    pub next: *const f32,
    /// What the sums start with: biases or partial sums.
    pub start: *const f32,
    /// Between the starts of pixels: 0 for biases.
    pub start_pixel: usize,
    /// Where the first pixel's result goes, and that of the second sequence's.
    pub output: [*mut f32; 2],
    /// Between the outputs of pixels.
    pub output_pixel: usize,
    /// Its bounds are applied to the result.
    pub act: Act,
}

/// Keeps LLVM from seeing where a pointer comes from: it would keep one for each pixel of a tile, and spill.
#[inline(always)]
fn opaque(p: *const f32) -> *const f32 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let mut p = p;
        // SAFETY: no instruction at all. `readonly` because a pointer is passed, as the lint wants it.
        unsafe { core::arch::asm!("/* {0} */", inout(reg) p, options(pure, readonly, nostack, preserves_flags)) };
        p
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    p
}

/// Odd multiples of a distance in bytes, from which x86's addressing makes all of the first nine.
#[derive(Clone, Copy)]
struct Steps([usize; 4]);

impl Steps {
    #[inline(always)]
    fn new(floats: usize) -> Steps {
        let step = |n: usize| opaque(core::ptr::without_provenance(n * floats * 4)).addr();
        Steps([step(1), step(3), step(5), step(7)])
    }

    /// The n-th element of a sequence.
    #[inline(always)]
    fn at(&self, first: *const f32, n: usize) -> *const f32 {
        let [one, three, five, seven] = self.0;
        first.wrapping_byte_add(match n {
            0 => 0,
            1 => one,
            2 => one * 2,
            3 => three,
            4 => one * 4,
            5 => five,
            6 => three * 2,
            7 => seven,
            _ => one * n,
        })
    }
}

/// A loop of at most 14 turns that is written out: arrays that it indexes are registers, whatever LLVM thinks of unrolling.
macro_rules! each {
    ($i:ident < $n:ident, $body:block) => {
        each!($i, $n, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    ($i:ident, $n:ident, $body:block, $($k:literal)*) => {
        $(if $k < $n {
            let $i: usize = $k;
            $body
        })*
    };
}

/// Computes a tile.
///
/// # Safety
/// The machine has the instruction set, and the tile's pointers are valid for its sizes.
#[inline(always)]
pub unsafe fn tile<S: Simd, const T: usize, const NB: usize>(a: &Tile) {
    // SAFETY: the caller's promise; weights, starts and partial sums are padded to whole vectors by their layout.
    unsafe {
        let half = T.div_ceil(2);
        let width = if NB < 2 { 1 } else { 2 } * S::LANES;
        let mut acc = [[S::splat(0.0); NB]; T];
        each!(t < T, {
            for (b, acc) in acc[t].iter_mut().enumerate() {
                *acc = S::load(a.start.add(t * a.start_pixel + b * S::LANES));
            }
        });
        let steps = Steps::new(a.input_pixel);
        let [mut w0, mut w1] = a.weights;
        let mut next = a.next;
        for i in 0..a.rows {
            for j in 0..a.columns {
                let offset = i * a.row + j * a.column;
                let mut p0 = a.input[0].add(offset);
                let mut p1 = a.input[1].wrapping_add(offset);
                for _ in 0..a.run {
                    let mut w = [S::splat(0.0); NB];
                    for (b, w) in w.iter_mut().enumerate() {
                        *w = S::load(if b < 2 { w0.add(b * S::LANES) } else { w1.add((b - 2) * S::LANES) });
                    }
                    S::prefetch(next);
                    next = next.wrapping_add(16);
                    each!(t < T, {
                        let x = S::splat(*if t < half { steps.at(p0, t) } else { steps.at(p1, t - half) });
                        for b in 0..NB {
                            acc[t][b] = S::fma(x, w[b], acc[t][b]);
                        }
                    });
                    p0 = opaque(p0.add(1));
                    p1 = opaque(p1.wrapping_add(1));
                    w0 = w0.add(width);
                    if NB > 2 {
                        w1 = w1.add(width);
                    }
                }
            }
        }
        each!(t < T, {
            let (sequence, i) = if t < half { (0, t) } else { (1, t - half) };
            let to = a.output[sequence].wrapping_add(i * a.output_pixel);
            for (b, acc) in acc[t].iter().enumerate() {
                S::store(to.add(b * S::LANES), math::bound::<S>(&a.act, *acc));
            }
        });
    }
}

/// Sums of a tile on their way to an output that has a residual, or that takes less than whole vectors.
#[repr(C, align(64))]
pub struct Sums(MaybeUninit<[f32; Sums::LEN]>);

impl Sums {
    /// Room for 14 pixels of 2 vectors, or fewer of 4.
    pub const LEN: usize = 28 * 16;
    /// Room, not initialised.
    pub const ROOM: Sums = Sums(MaybeUninit::uninit());

    /// Where a tile goes.
    #[inline(always)]
    pub fn as_mut_ptr(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}

/// What becomes of the sums of a run of pixels.
#[derive(Clone, Copy)]
pub struct Finish {
    /// The first pixel's sums, and the distance between those of pixels.
    pub sums: (*const f32, usize),
    /// Where the first pixel goes.
    pub output: *mut f32,
    /// Between pixels.
    pub output_pixel: usize,
    /// What is added; null for nothing.
    pub residual: *const f32,
    /// Between pixels.
    pub residual_pixel: usize,
    /// Pixels.
    pub pixels: usize,
    /// Filters.
    pub filters: usize,
    /// Its bounds are applied.
    pub act: Act,
}

/// Adds the residual, applies bounds, and stores as many filters as there are.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them; sums are whole vectors.
#[inline(always)]
pub unsafe fn finish<S: Simd>(a: &Finish) {
    // SAFETY: the caller's promise; the last vector of a pixel is read and written by the filters that there are.
    unsafe {
        for t in 0..a.pixels {
            let sums = a.sums.0.add(t * a.sums.1);
            let residual = a.residual.wrapping_add(t * a.residual_pixel);
            let output = a.output.add(t * a.output_pixel);
            let mut f = 0;
            while f + S::LANES <= a.filters {
                let mut v = S::load(sums.add(f));
                if !a.residual.is_null() {
                    v = S::add(v, S::load(residual.add(f)));
                }
                S::store(output.add(f), math::bound::<S>(&a.act, v));
                f += S::LANES;
            }
            if f < a.filters {
                let n = a.filters - f;
                let mut v = S::load(sums.add(f));
                if !a.residual.is_null() {
                    v = S::add(v, S::load_first(residual.add(f), n));
                }
                S::store_first(output.add(f), n, math::bound::<S>(&a.act, v));
            }
        }
    }
}

/// How the pixels of a block of rows are divided into tiles.
#[derive(Clone, Copy)]
pub struct Tiling {
    /// Whether a tile takes all of two rows.
    pub pairs: bool,
    /// Pixels of the smaller ones.
    pub len: usize,
    /// How many of them have one pixel more.
    pub longer: usize,
}

impl Tiling {
    /// Of rows of `width` pixels, at most `most` in a tile.
    #[inline(always)]
    pub fn of(width: usize, most: usize) -> Tiling {
        let n = div_ceil(width, most);
        let len = div(width, n);
        Tiling { pairs: 2 * width <= most, len, longer: width - n * len }
    }
}

/// Rows that tiles take together.
#[inline(always)]
pub fn row_unit<S: Tiled>(a: &ConvArgs) -> usize {
    1 + Tiling::of(a.width, S::PIXELS[1]).pairs as usize
}

/// Filters of a group that tiles take together: the widest of them.
#[inline(always)]
fn block_filters<S: Tiled>(a: &ConvArgs) -> usize {
    if few_pixels::<S>(a) && a.filters > 2 * S::LANES { 4 * S::LANES } else { 2 * S::LANES }
}

/// Blocks of filters, of all groups.
#[inline(always)]
pub fn n_blocks<S: Tiled>(a: &ConvArgs) -> usize {
    a.groups * div_ceil(a.filters, block_filters::<S>(a))
}

/// The first filter of a block, among those of all groups.
#[inline(always)]
pub fn first_filter<S: Tiled>(a: &ConvArgs, block: usize) -> usize {
    let width = block_filters::<S>(a);
    let per_group = div_ceil(a.filters, width);
    let group = div(block, per_group);
    group * a.filters + ((block - group * per_group) * width).min(a.filters)
}

/// Whether tiles of two vectors have so few pixels that those of four keep more registers busy.
#[inline(always)]
fn few_pixels<S: Tiled>(a: &ConvArgs) -> bool {
    let tiling = Tiling::of(a.width, S::PIXELS[1]);
    let most = if tiling.pairs { 2 * a.width } else { tiling.len + (tiling.longer > 0) as usize };
    most <= S::PIXELS[2]
}

/// Computes rows of blocks of filters: from, and up to.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn rows<S: Tiled>(a: &ConvArgs, (y0, y1): (usize, usize), blocks: (usize, usize)) {
    // SAFETY: the caller's promise.
    unsafe {
        let width = block_filters::<S>(a);
        let per_group = div_ceil(a.filters, width);
        let bias_len = (a.filters).next_multiple_of(S::LANES);
        let group_len = bias_len * (1 + a.channels * a.kernel_h * a.kernel_w);
        for g in 0..a.groups {
            let first = blocks.0.saturating_sub(g * per_group) * width;
            let end = (blocks.1.saturating_sub(g * per_group) * width).min(a.filters);
            if first >= end {
                continue;
            }
            let group = ConvArgs {
                input: Source { first: a.input.first.wrapping_add(g * a.channels), ..a.input },
                output: Target { first: a.output.first.wrapping_add(g * a.filters), ..a.output },
                residual: Source {
                    first: if a.residual.first.is_null() {
                        a.residual.first
                    } else {
                        a.residual.first.wrapping_add(g * a.filters)
                    },
                    ..a.residual
                },
                pack: a.pack.add(g * group_len),
                ..*a
            };
            let mut y = y0;
            while y < y1 {
                let to = (y + a.row_block).min(y1);
                block::<S>(&group, y, to, first, end);
                y = to;
            }
        }
    }
}

/// Computes a block of rows of one group, filters from `first` up to `end`: panel by panel of them, block by block of channels,
/// tile by tile.
#[inline(always)]
unsafe fn block<S: Tiled>(a: &ConvArgs, y0: usize, y1: usize, first: usize, end: usize) {
    // SAFETY: the caller's promise, see `rows`.
    unsafe {
        let panel = 2 * S::LANES;
        let taps = a.kernel_h * a.kernel_w;
        let padded = a.filters.next_multiple_of(S::LANES);
        let weights = a.pack.add(padded);
        let mut sums = Sums::ROOM;
        let few = few_pixels::<S>(a);
        let mut f = first;
        while f < end {
            // Few pixels: twice the filters, so that there are as many sums as registers.
            let left = end.next_multiple_of(S::LANES) - f;
            let vectors = match () {
                _ if left >= 2 * panel && few => 4,
                _ if left >= panel => 2,
                _ => 1,
            };
            let width = vectors * S::LANES;
            let panel_width = panel.min(width);
            let tiling = Tiling::of(a.width, S::PIXELS[vectors.trailing_zeros() as usize]);
            let mut c = 0;
            while c < a.channels {
                let block = a.channel_block.min(a.channels - c);
                let start_of = |f: usize| weights.add((f * a.channels + c * panel_width) * taps);
                let w = [start_of(f), weights.wrapping_add(((f + panel) * a.channels + c * panel_width) * taps)];
                let block_len = panel_width * block * taps;
                let last = c + block == a.channels;
                let dense = block == a.channels && a.dilation_w == 1 && a.input.pixel == a.channels;
                let mut tile = Tile {
                    input: [a.input.first; 2],
                    input_pixel: a.stride_w * a.input.pixel,
                    rows: a.kernel_h,
                    row: a.dilation_h * a.input.row,
                    columns: if dense { 1 } else { a.kernel_w },
                    column: a.dilation_w * a.input.pixel,
                    run: if dense { a.kernel_w * block } else { block },
                    weights: w,
                    next: w[0],
                    start: a.pack.add(f),
                    start_pixel: 0,
                    output: [a.output.first; 2],
                    output_pixel: a.output.pixel,
                    act: a.act,
                };
                let filters = width.min(a.filters - f);
                let direct = last && filters == width && a.residual.first.is_null();
                if !direct {
                    tile.output_pixel = width;
                    tile.act = Act::NONE;
                }
                let mut pixel = 0;
                let mut n_tiles = 0;
                let mut y = y0;
                while y < y1 {
                    let pair = tiling.pairs && y + 1 < y1;
                    let mut x = 0;
                    let mut index = 0;
                    while x < a.width {
                        let (len, second) = if tiling.pairs {
                            (if pair { 2 * a.width } else { a.width }, if pair { (1, 0) } else { (0, a.width.div_ceil(2)) })
                        } else {
                            let len = tiling.len + (index < tiling.longer) as usize;
                            (len, (0, len.div_ceil(2)))
                        };
                        let at = |row: usize, pixel: usize, down: usize, across: usize, to: (usize, usize)| {
                            ((y + to.0) * down) * row + ((x + to.1) * across) * pixel
                        };
                        let half = len.div_ceil(2);
                        let scratch = a.scratch.wrapping_add(pixel * width);
                        let sums = if last { sums.as_mut_ptr() } else { scratch };
                        let mut finished = [a.output.first; 2];
                        for (i, to) in [(0, 0), second].into_iter().enumerate() {
                            tile.input[i] =
                                a.input.first.wrapping_add(c + at(a.input.row, a.input.pixel, a.stride_h, a.stride_w, to));
                            finished[i] = a.output.first.wrapping_add(f + at(a.output.row, a.output.pixel, 1, 1, to));
                            tile.output[i] = if direct { finished[i] } else { sums.wrapping_add(i * half * width) };
                        }
                        if c > 0 {
                            (tile.start, tile.start_pixel) = (scratch, width);
                        }
                        // The next weights are twice as many cache lines as a tile has steps: two tiles fetch them.
                        tile.next = if n_tiles < 2 { w[0].wrapping_add(block_len + n_tiles * block_len / 2) } else { w[0] };
                        let kernels = S::TILES[vectors.trailing_zeros() as usize];
                        kernels.as_ptr().add(len - 1).read()(&tile);
                        if last && !direct {
                            for (i, to) in [(0, 0), second].into_iter().enumerate() {
                                let residual = match a.residual.first.is_null() {
                                    true => a.residual.first,
                                    false => a.residual.first.wrapping_add(f + at(a.residual.row, a.residual.pixel, 1, 1, to)),
                                };
                                S::finish(&Finish {
                                    sums: (tile.output[i], width),
                                    output: finished[i],
                                    output_pixel: a.output.pixel,
                                    residual,
                                    residual_pixel: a.residual.pixel,
                                    pixels: if i == 0 { half } else { len - half },
                                    filters,
                                    act: a.act,
                                });
                            }
                        }
                        x += if tiling.pairs { a.width } else { len };
                        pixel += len;
                        index += 1;
                        n_tiles += 1;
                    }
                    y += if pair { 2 } else { 1 };
                }
                c += block;
            }
            f += width;
        }
    }
}
