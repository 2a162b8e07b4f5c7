//! Direct convolution: filters in the lanes, a tile of pixels times vectors of filters in registers. Floor 2.
//!
//! Here rows and filters are divided into tiles; `tiles` computes them, and `finish` stores what is less than whole vectors.
//!
//! The sum of an output starts with its bias and runs over blocks of channels, the window's rows, its columns, and channels,
//! wherever the output lies in a tile.

mod finish;
mod tiles;

pub use finish::{Finish, Sums, finish};
pub use tiles::{Lattice, Tiled, Tiles, TilesFn, tiles};
pub(super) use tiles::{Steps, each, opaque};

use super::args::{Act, ConvArgs, Source, Target};
use super::{div, div_ceil};

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
