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

/// A kernel of tiles of one size.
pub type TilesFn = unsafe fn(&Tiles);

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
    const TILES: [&'static [TilesFn]; 3];
}

/// How the pixels of tiles lie in memory.
#[derive(Clone, Copy)]
pub struct Lattice<P> {
    /// That of the first pixel.
    pub first: P,
    /// Between pixels.
    pub pixel: usize,
    /// Between rows of tiles.
    pub row: usize,
    /// From the first pixel of a tile to that of its second sequence.
    pub second: usize,
}

/// Tiles side by side and below each other, each of `T` pixels and `NB` vectors of filters.
#[derive(Clone, Copy)]
pub struct Tiles {
    /// What is read: the first elements of the pixels' windows.
    pub input: Lattice<*const f32>,
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
    /// Weights that are read after these, to be fetched meanwhile.
    pub next: *const f32,
    /// How many bytes of them each step fetches.
    pub next_step: usize,
    /// Between the weights of rows of tiles: 0 where all have the same.
    pub weight_row: usize,
    /// What the sums start with: biases (all distances are 0) or partial sums.
    pub start: Lattice<*const f32>,
    /// What is added to them; null for nothing.
    pub residual: Lattice<*const f32>,
    /// Where they go.
    pub output: Lattice<*mut f32>,
    /// Its bounds are applied to the result.
    pub act: Act,
    /// Tiles side by side.
    pub across: usize,
    /// Tiles below each other.
    pub down: usize,
    /// Where the last tile of a row begins at most, in pixels: it may share some with the one before.
    pub last: usize,
}

/// Keeps LLVM from seeing where a pointer comes from: it would keep one for each pixel of a tile, and spill.
#[inline(always)]
pub fn opaque(p: *const f32) -> *const f32 {
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
pub struct Steps([usize; 4]);

impl Steps {
    /// Of a distance in floats.
    #[inline(always)]
    pub fn new(floats: usize) -> Steps {
        let step = |n: usize| opaque(core::ptr::without_provenance(n * floats * 4)).addr();
        Steps([step(1), step(3), step(5), step(7)])
    }

    /// The n-th element of a sequence.
    #[inline(always)]
    pub fn at(&self, first: *const f32, n: usize) -> *const f32 {
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
pub(super) use each;

/// Computes tiles.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn tiles<S: Simd, const T: usize, const NB: usize>(a: &Tiles) {
    // SAFETY: the caller's promise; weights, starts and partial sums are padded to whole vectors by their layout.
    unsafe {
        let half = T.div_ceil(2);
        let width = if NB < 2 { 1 } else { 2 } * S::LANES;
        let steps = Steps::new(a.input.pixel);
        let mut next = a.next;
        // As far as a tile's inputs reach, in as many steps as are on a row of its windows.
        let ahead = (1 + div(T * a.input.pixel, a.run)).min(16);
        let (mut y, mut index) = (0, 0);
        while y < a.down {
            let x = (index * T).min(a.last);
            // The first pixels of a map's two sequences.
            macro_rules! firsts {
                ($map:ident) => {{
                    let first = a.$map.first.wrapping_add(y * a.$map.row + x * a.$map.pixel);
                    [first, first.wrapping_add(a.$map.second)]
                }};
            }
            macro_rules! at {
                ($firsts:ident, $map:ident, $t:ident) => {
                    if $t < half {
                        $firsts[0].wrapping_add($t * a.$map.pixel)
                    } else {
                        $firsts[1].wrapping_add(($t - half) * a.$map.pixel)
                    }
                };
            }
            let mut acc = [[S::splat(0.0); NB]; T];
            let firsts = firsts!(start);
            each!(t < T, {
                let start = at!(firsts, start, t);
                for (b, acc) in acc[t].iter_mut().enumerate() {
                    *acc = S::load(start.wrapping_add(b * S::LANES));
                }
            });
            let [mut w0, mut w1] = a.weights.map(|w| w.wrapping_add(y * a.weight_row));
            let inputs = firsts!(input);
            if a.weight_row > 0 && index == 0 {
                next = w0.wrapping_add(a.weight_row);
            }
            for i in 0..a.rows {
                for j in 0..a.columns {
                    let offset = i * a.row + j * a.column;
                    let [mut p0, mut p1] = inputs.map(|first| first.wrapping_add(offset));
                    let mut input = p0.wrapping_add(T * a.input.pixel);
                    for _ in 0..a.run {
                        let mut w = [S::splat(0.0); NB];
                        for (b, w) in w.iter_mut().enumerate() {
                            *w = S::load(if b < 2 { w0.add(b * S::LANES) } else { w1.add((b - 2) * S::LANES) });
                        }
                        S::prefetch(input);
                        input = input.wrapping_add(ahead);
                        S::prefetch_far(next);
                        next = next.wrapping_byte_add(a.next_step);
                        each!(t < T, {
                            let x = S::splat(*if t < half { steps.at(p0, t) } else { steps.at(p1, t - half) });
                            for b in 0..NB {
                                acc[t][b] = S::fma(x, w[b], acc[t][b]);
                            }
                        });
                        p0 = opaque(p0.wrapping_add(1));
                        p1 = opaque(p1.wrapping_add(1));
                        w0 = w0.add(width);
                        if NB > 2 {
                            w1 = w1.add(width);
                        }
                    }
                }
            }
            if !a.residual.first.is_null() {
                let firsts = firsts!(residual);
                each!(t < T, {
                    let residual = at!(firsts, residual, t);
                    for (b, acc) in acc[t].iter_mut().enumerate() {
                        *acc = S::add(*acc, S::load(residual.wrapping_add(b * S::LANES)));
                    }
                });
            }
            // Each bound takes a multiply-add's time.
            if a.act.low > f32::NEG_INFINITY {
                let low = S::splat(a.act.low);
                each!(t < T, {
                    for acc in &mut acc[t] {
                        *acc = S::max(low, *acc);
                    }
                });
            }
            if a.act.high < f32::INFINITY {
                let high = S::splat(a.act.high);
                each!(t < T, {
                    for acc in &mut acc[t] {
                        *acc = S::min(high, *acc);
                    }
                });
            }
            let firsts = firsts!(output);
            each!(t < T, {
                let to = at!(firsts, output, t);
                for (b, acc) in acc[t].into_iter().enumerate() {
                    S::store(to.wrapping_add(b * S::LANES), acc);
                }
            });
            index += 1;
            if index == a.across {
                (y, index) = (y + 1, 0);
            }
        }
    }
}

/// Sums of a tile on their way to an output that takes less than whole vectors.
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
                let start_of = |f: usize| weights.wrapping_add((f * a.channels + c * panel_width) * taps);
                let last = c + block == a.channels;
                let dense = block == a.channels && a.dilation_w == 1 && a.input.pixel == a.channels;
                let at = |first: *const f32, row: usize, pixel: usize| Lattice { first, pixel, row, second: 0 };
                let scratch = at(a.scratch, a.width * width, width);
                let none = at(core::ptr::null(), 0, 0);
                let (row, pixel) = (a.stride_h * a.input.row, a.stride_w * a.input.pixel);
                let tiles = Tiles {
                    input: at(a.input.first.wrapping_add(c + y0 * row), row, pixel),
                    rows: a.kernel_h,
                    row: a.dilation_h * a.input.row,
                    columns: if dense { 1 } else { a.kernel_w },
                    column: a.dilation_w * a.input.pixel,
                    run: if dense { a.kernel_w * block } else { block },
                    weights: [start_of(f), start_of(f + panel)],
                    next: start_of(if vectors > 2 { f + panel } else { f }).wrapping_add(panel_width * block * taps),
                    next_step: width * size_of::<f32>(),
                    weight_row: 0,
                    start: if c > 0 { scratch } else { at(a.pack.add(f), 0, 0) },
                    residual: if last && !a.residual.first.is_null() {
                        at(a.residual.first.wrapping_add(y0 * a.residual.row + f), a.residual.row, a.residual.pixel)
                    } else {
                        none
                    },
                    output: if last {
                        let first = a.output.first.wrapping_add(y0 * a.output.row + f);
                        Lattice { first, pixel: a.output.pixel, row: a.output.row, second: 0 }
                    } else {
                        Lattice { first: a.scratch, pixel: width, row: a.width * width, second: 0 }
                    },
                    act: if last { a.act } else { Act::NONE },
                    across: 1,
                    down: y1 - y0,
                    last: usize::MAX,
                };
                let filters = width.min(a.filters - f);
                let kernels = S::TILES[vectors.trailing_zeros() as usize];
                panel_rows::<S>(tiles, a.width, &tiling, kernels, if last && filters < width { filters } else { 0 });
                c += block;
            }
            f += width;
        }
    }
}

/// The rows of one panel of filters; `filters` of them are stored where that is less than whole vectors, else it is 0.
unsafe fn panel_rows<S: Tiled>(mut a: Tiles, width: usize, tiling: &Tiling, kernels: &[TilesFn], filters: usize) {
    let n_tiles =
        if tiling.pairs { a.down.div_ceil(2) } else { a.down * div_ceil(width, tiling.len + (tiling.longer > 0) as usize) };
    a.next_step = div(a.next_step, n_tiles);
    let steps = a.rows * a.columns * a.run;
    // SAFETY: the caller's promise, see `rows`; there is a kernel for each size of a tile.
    unsafe {
        let run = |a: &Tiles, len: usize| match filters {
            0 => kernels.as_ptr().add(len - 1).read()(a),
            _ => masked::<S>(a, len, kernels, filters),
        };
        macro_rules! maps {
            (|$map:ident| $do:block) => {{
                {
                    let $map = &mut a.input;
                    $do
                }
                {
                    let $map = &mut a.start;
                    $do
                }
                {
                    let $map = &mut a.residual;
                    $do
                }
                {
                    let $map = &mut a.output;
                    $do
                }
            }};
        }
        if tiling.pairs {
            let (pairs, odd) = (a.down / 2, a.down % 2);
            maps!(|map| { (map.second, map.row) = (map.row, 2 * map.row) });
            a.down = pairs;
            if pairs > 0 {
                run(&a, 2 * width);
            }
            maps!(|map| {
                map.first = map.first.wrapping_add(pairs * map.row);
                map.second = width.div_ceil(2) * map.pixel;
            });
            a.down = odd;
            a.next = a.next.wrapping_byte_add(pairs * steps * a.next_step);
            if odd > 0 {
                run(&a, width);
            }
            return;
        }
        let n = div_ceil(width, tiling.len + (tiling.longer > 0) as usize);
        for (across, len) in [(tiling.longer, tiling.len + 1), (n - tiling.longer, tiling.len)] {
            if across == 0 {
                continue;
            }
            maps!(|map| { map.second = len.div_ceil(2) * map.pixel });
            a.across = across;
            run(&a, len);
            maps!(|map| { map.first = map.first.wrapping_add(across * len * map.pixel) });
            a.next = a.next.wrapping_byte_add(a.down * across * steps * a.next_step);
        }
    }
}

/// Tiles of `len` pixels whose last vector of filters is stored in part: by way of memory.
unsafe fn masked<S: Tiled>(a: &Tiles, len: usize, kernels: &[TilesFn], filters: usize) {
    let mut sums = Sums::ROOM;
    let sums = sums.as_mut_ptr();
    let width = filters.next_multiple_of(S::LANES);
    let half = len.div_ceil(2);
    for y in 0..a.down {
        for x in 0..a.across {
            macro_rules! tile {
                ($map:expr) => {
                    $map.first.wrapping_add(y * $map.row + x * len * $map.pixel)
                };
            }
            let tile = Tiles {
                input: Lattice { first: tile!(a.input), ..a.input },
                start: Lattice { first: tile!(a.start), ..a.start },
                residual: Lattice { first: core::ptr::null(), ..a.residual },
                output: Lattice { first: sums, pixel: width, row: 0, second: half * width },
                act: Act::NONE,
                across: 1,
                down: 1,
                ..*a
            };
            // SAFETY: the caller's promise, see `rows`; a tile fits the room for its sums.
            unsafe {
                kernels.as_ptr().add(len - 1).read()(&tile);
                for (i, pixels) in [half, len - half].into_iter().enumerate() {
                    S::finish(&Finish {
                        sums: (sums.add(i * half * width), width),
                        output: tile!(a.output).wrapping_add(i * a.output.second),
                        output_pixel: a.output.pixel,
                        residual: match a.residual.first.is_null() {
                            true => core::ptr::null(),
                            false => tile!(a.residual).wrapping_add(i * a.residual.second),
                        },
                        residual_pixel: a.residual.pixel,
                        pixels,
                        filters,
                        act: a.act,
                    });
                }
            }
        }
    }
}
