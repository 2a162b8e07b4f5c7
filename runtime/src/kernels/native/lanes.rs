//! Convolution in small groups, depthwise included: filters in the lanes, several groups side by side. Floor 2.
//!
//! For each channel of a group, lane f needs that channel of f's own group. Depthwise, that is the input as it lies; where groups
//! are smaller than a vector, it is the input permuted; where a group fills vectors, it is one channel in all lanes. The second
//! turns through a group's channels beginning with each lane's own, so that the first of its permutations is none.
//!
//! The sum of an output starts with its bias and runs over the channels of its group, the window's rows, then its columns,
//! whichever of the loops below computes it.

use crate::simd::Simd;

use super::args::ConvArgs;
use super::{div, math};

/// What a lane reads: the channel below it.
pub const DEPTHWISE: u8 = 0;
/// A channel of its group, several of which share a vector.
pub const PERMUTED: u8 = 1;
/// A channel of its group, which fills vectors.
pub const SPLAT: u8 = 2;

/// Tiles of an instruction set, compiled once and called.
pub trait Lanes: Simd {
    /// [`square`]
    ///
    /// # Safety
    /// As there.
    unsafe fn square<const READS: u8, const STRIDE: usize>(a: &ConvArgs, groups: &Groups, y: usize, x: usize, f: usize);
    /// [`pixels`]
    ///
    /// # Safety
    /// As there.
    unsafe fn pixels<const READS: u8, const T: usize, const MASKED: bool>(
        a: &ConvArgs,
        groups: &Groups,
        y: usize,
        x: usize,
        f: usize,
    );
}

/// Rows that tiles take together.
pub fn row_unit(_: &ConvArgs) -> usize {
    2
}

/// Filters are not divided.
pub fn n_blocks(_: &ConvArgs) -> usize {
    1
}

/// The first filter of a block.
pub fn first_filter(a: &ConvArgs, block: usize) -> usize {
    block * filters(a)
}

/// Rows from `y0` up to `y1`; `READS` is one of the constants above.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them and these rows.
#[inline(always)]
pub unsafe fn rows<S: Lanes, const READS: u8>(a: &ConvArgs, (y0, y1): (usize, usize)) {
    let whole_reads = READS != PERMUTED || (a.channels == a.filters && S::LANES > 4);
    let square =
        whole_reads && a.kernel_h == 3 && a.kernel_w == 3 && a.dilation_h == 1 && a.dilation_w == 1 && a.stride_h == a.stride_w;
    let filters = filters(a);
    let groups = &Groups::new::<READS>(a, S::LANES);
    let mut y = y0;
    while y < y1 {
        // What tiles of two rows leave: pixels from `x` on of whole vectors, and all pixels of the filters from `whole` on.
        let (mut n, mut x, mut whole) = (1, 0, filters);
        // SAFETY: the caller's promise.
        unsafe {
            if square && y + 1 < y1 && (a.stride_h == 1 || (a.stride_h == 2 && READS == DEPTHWISE)) {
                (n, x, whole) = (2, a.width - a.width % tile_pixels::<S>(), filters - filters % S::LANES);
                if a.stride_h == 1 || READS != DEPTHWISE {
                    two_rows::<S, READS, 1>(a, groups, y, x, whole);
                } else {
                    two_rows::<S, DEPTHWISE, 2>(a, groups, y, x, whole);
                }
            }
            for i in 0..2 * n {
                let (x, from, to) = if i % 2 == 0 { (x, 0, whole) } else { (0, whole, filters) };
                any::<S, READS>(a, groups, y + i / 2, x, from, to);
            }
        }
        y += n;
    }
}

/// Filters of all groups.
#[inline(always)]
fn filters(a: &ConvArgs) -> usize {
    a.filters * a.groups
}

/// The first filter's pointers for the pixel of a row and column.
#[derive(Clone, Copy)]
struct Pixel {
    input: *const f32,
    output: *mut f32,
    residual: *const f32,
}

impl Pixel {
    #[inline(always)]
    fn at<S: Simd>(a: &ConvArgs, groups: &Groups, y: usize, x: usize, f: usize) -> Pixel {
        let channel = f / S::LANES * groups.span;
        Pixel {
            input: a.input.first.wrapping_add(y * a.stride_h * a.input.row + x * a.stride_w * a.input.pixel + channel),
            output: a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel + f),
            residual: match a.residual.first.is_null() {
                true => a.residual.first,
                false => a.residual.first.wrapping_add(y * a.residual.row + x * a.residual.pixel + f),
            },
        }
    }
}

/// How the lanes of a vector lie over groups, for every vector alike.
pub struct Groups {
    /// Input channels that a vector of filters reads.
    span: usize,
    /// By turn through a group's channels: which of the span each lane reads.
    turns: [[u32; 16]; 16],
}

impl Groups {
    #[inline(always)]
    fn new<const READS: u8>(a: &ConvArgs, lanes: usize) -> Groups {
        if READS != PERMUTED {
            return Groups { span: if READS == DEPTHWISE { lanes } else { a.channels }, turns: [[0; 16]; 16] };
        }
        let mut turns = [[0; 16]; 16];
        for (turn, index) in turns.iter_mut().enumerate().take(a.channels) {
            // Lane by lane: the group's first channel, the filter within the group, and the channel that it reads.
            let (mut first, mut filter, mut channel) = (0, 0, turn);
            for index in index.iter_mut().take(lanes) {
                *index = (first + channel) as u32;
                filter += 1;
                channel = if channel + 1 == a.channels { 0 } else { channel + 1 };
                if filter == a.filters {
                    (first, filter, channel) = (first + a.channels, 0, turn);
                }
            }
        }
        Groups { span: div(lanes, a.filters) * a.channels, turns }
    }
}

/// Turn `channel` through a group's channels: which lane of the input each lane reads, or which channel all of them do.
#[derive(Clone, Copy)]
struct Turn<S: Simd> {
    index: S::Index,
    channel: usize,
}

impl<S: Simd> Turn<S> {
    #[inline(always)]
    unsafe fn new<const READS: u8>(groups: &Groups, channel: usize) -> Turn<S> {
        // Only permutations look at it, and these have no more turns than lanes.
        let table = groups.turns.as_ptr().wrapping_add(if READS == PERMUTED { channel } else { 0 });
        // SAFETY: the caller promises the instruction set; no vector has more than 16 lanes.
        Turn { index: unsafe { S::index(table.cast()) }, channel }
    }

    /// The input of one pixel, a whole vector; `PLAIN` where the permutation is none.
    #[inline(always)]
    unsafe fn read<const READS: u8, const PLAIN: bool>(&self, p: *const f32) -> S::V {
        // SAFETY: the caller promises a vector of channels at `p`, or those of a group.
        unsafe {
            match READS {
                SPLAT => S::splat(*p.wrapping_add(self.channel)),
                PERMUTED if !PLAIN => S::permute(S::load(p), self.index),
                _ => S::load(p),
            }
        }
    }

    /// The input of one pixel, of which there are `n` channels.
    #[inline(always)]
    unsafe fn read_first<const READS: u8>(&self, p: *const f32, n: usize) -> S::V {
        // SAFETY: the caller promises `n` channels at `p`, or those of a group.
        unsafe {
            match READS {
                SPLAT => S::splat(*p.wrapping_add(self.channel)),
                PERMUTED => S::permute(S::load_first(p, n), self.index),
                _ => S::load_first(p, n),
            }
        }
    }
}

/// A loop that is written out, so that the arrays that it indexes are registers: turns below a limit, of those listed.
macro_rules! each {
    ($i:ident in [$($k:literal)*] < $n:expr, $body:block) => {
        $(if $k < $n {
            let $i: usize = $k;
            $body
        })*
    };
}

/// Pixels of a tile of two rows.
pub const fn tile_pixels<S: Simd>() -> usize {
    match S::LANES {
        16 => 7,
        8 => 4,
        _ => 2,
    }
}

/// Two rows of a 3x3 window up to pixel `width` and filter `whole`: tiles in which each input is read (and permuted) once.
#[inline(always)]
unsafe fn two_rows<S: Lanes, const READS: u8, const STRIDE: usize>(
    a: &ConvArgs,
    groups: &Groups,
    y: usize,
    width: usize,
    whole: usize,
) {
    let (n_tiles, n_vectors) = (width / tile_pixels::<S>(), whole / S::LANES);
    // Vectors of filters innermost: neighbours in memory follow one another.
    for i in 0..n_tiles {
        for j in 0..n_vectors {
            let (x, f) = (i * tile_pixels::<S>(), j * S::LANES);
            // SAFETY: the caller's promise, see `rows`; tiles end where `width` does, vectors where `whole` does.
            unsafe { S::square::<READS, STRIDE>(a, groups, y, x, f) }
        }
    }
}

/// What [`square`] reads beside its tile.
struct Window<'a> {
    /// Between rows of the input.
    row: usize,
    /// Between pixels of the input.
    pixel: usize,
    groups: &'a Groups,
    /// Of the tile's filters.
    weights: *const f32,
}

impl Window<'_> {
    /// Adds one turn through a group's channels; `PLAIN` where its permutation is none.
    #[inline(always)]
    unsafe fn taps<S: Simd, const READS: u8, const STRIDE: usize, const T: usize, const PLAIN: bool>(
        &self,
        channel: usize,
        input: *const f32,
        acc: &mut [[S::V; T]; 2],
    ) {
        // SAFETY: the caller promises the window's inputs and weights of as many channels as a group has.
        unsafe {
            let turn = Turn::<S>::new::<READS>(self.groups, channel);
            let w = self.weights.add(channel * 9 * S::LANES);
            each!(r in [0 1 2 3 4] < 3 + STRIDE, {
                let row = input.wrapping_add(r * self.row);
                each!(t in [0 1 2 3 4 5 6] < T, {
                    each!(k in [0 1] < 2, {
                        if r >= STRIDE * k && r - STRIDE * k < 3 {
                            let w = w.wrapping_add((r - STRIDE * k) * 3 * S::LANES);
                            each!(j in [0 1 2] < 3, {
                                let v = turn.read::<READS, PLAIN>(row.wrapping_add((STRIDE * t + j) * self.pixel));
                                acc[k][t] = S::fma(v, S::load(w.wrapping_add(j * S::LANES)), acc[k][t]);
                            });
                        }
                    });
                });
            });
        }
    }
}

/// One tile of two rows and `T` pixels of one vector of filters under a 3x3 window.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the tile.
#[inline(always)]
pub unsafe fn square<S: Simd, const READS: u8, const STRIDE: usize, const T: usize>(
    a: &ConvArgs,
    groups: &Groups,
    y: usize,
    x: usize,
    f: usize,
) {
    let padded = filters(a).next_multiple_of(S::LANES);
    let Pixel { input, output, residual } = Pixel::at::<S>(a, groups, y, x, f);
    // SAFETY: the caller promises two rows of T pixels of a whole vector.
    unsafe {
        let mut acc = [[S::load(a.pack.add(f)); T]; 2];
        let window = Window { row: a.input.row, pixel: a.input.pixel, groups, weights: a.pack.add(padded + f * a.channels * 9) };
        // As many channels as filters where they are permuted, see `rows`: each lane begins with its own.
        if READS != SPLAT {
            window.taps::<S, READS, STRIDE, T, true>(0, input, &mut acc);
        }
        if READS != DEPTHWISE {
            for c in if READS == SPLAT { 0 } else { 1 }..a.channels {
                window.taps::<S, READS, STRIDE, T, false>(c, input, &mut acc);
            }
        }
        if !residual.is_null() {
            each!(k in [0 1] < 2, {
                each!(t in [0 1 2 3 4 5 6] < T, {
                    let from = residual.wrapping_add(k * a.residual.row + t * a.residual.pixel);
                    acc[k][t] = S::add(acc[k][t], S::load(from));
                });
            });
        }
        each!(k in [0 1] < 2, {
            each!(t in [0 1 2 3 4 5 6] < T, {
                let to = output.wrapping_add(k * a.output.row + t * a.output.pixel);
                S::store(to, math::bound::<S>(&a.act, acc[k][t]));
            });
        });
    }
}

/// Pixels of row `y` from `x` on, filters from `f0`, which begins a vector, up to `f1`, under any window.
#[inline(always)]
unsafe fn any<S: Lanes, const READS: u8>(a: &ConvArgs, groups: &Groups, y: usize, x: usize, f0: usize, f1: usize) {
    const PIXELS: usize = 7;
    let mut x = x;
    // SAFETY: the caller's promise, see `rows`.
    unsafe {
        while x < a.width {
            let many = x + PIXELS <= a.width;
            let mut f = f0;
            while f < f1 {
                match (many, f + S::LANES <= f1) {
                    (true, true) => S::pixels::<READS, PIXELS, false>(a, groups, y, x, f),
                    (true, false) => S::pixels::<READS, PIXELS, true>(a, groups, y, x, f),
                    (false, _) => S::pixels::<READS, 1, true>(a, groups, y, x, f),
                }
                f += S::LANES;
            }
            x += if many { PIXELS } else { 1 };
        }
    }
}

/// `T` pixels of one vector of filters under any window; `MASKED` where there may be fewer than lanes.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for these pixels.
#[inline(always)]
pub unsafe fn pixels<S: Simd, const READS: u8, const T: usize, const MASKED: bool>(
    a: &ConvArgs,
    groups: &Groups,
    y: usize,
    x: usize,
    f: usize,
) {
    let filters = filters(a);
    let padded = filters.next_multiple_of(S::LANES);
    let n = (filters - f).min(S::LANES);
    let Pixel { input, output, residual } = Pixel::at::<S>(a, groups, y, x, f);
    // Channels that the vector's groups have.
    let n_in = (a.groups * a.channels - f / S::LANES * groups.span).min(groups.span);
    // SAFETY: the caller promises T pixels; the pack is padded to whole vectors, the maps are read and written by the channels
    // that there are.
    unsafe {
        let mut w = a.pack.add(padded + f * a.channels * a.kernel_h * a.kernel_w);
        let mut acc = [S::load(a.pack.add(f)); T];
        for c in 0..a.channels {
            let turn = Turn::<S>::new::<READS>(groups, c);
            for i in 0..a.kernel_h {
                for j in 0..a.kernel_w {
                    let from = input.wrapping_add(i * a.dilation_h * a.input.row + j * a.dilation_w * a.input.pixel);
                    let weight = S::load(w);
                    w = w.add(S::LANES);
                    each!(t in [0 1 2 3 4 5 6] < T, {
                        let p = from.wrapping_add(t * a.stride_w * a.input.pixel);
                        // Groups of fewer channels than filters fill less than a vector, too.
                        let v = match MASKED || READS == PERMUTED {
                            true => turn.read_first::<READS>(p, n_in),
                            false => turn.read::<READS, false>(p),
                        };
                        acc[t] = S::fma(v, weight, acc[t]);
                    });
                }
            }
        }
        each!(t in [0 1 2 3 4 5 6] < T, {
            let to = output.wrapping_add(t * a.output.pixel);
            let from = residual.wrapping_add(t * a.residual.pixel);
            if MASKED {
                if !residual.is_null() {
                    acc[t] = S::add(acc[t], S::load_first(from, n));
                }
                S::store_first(to, n, math::bound::<S>(&a.act, acc[t]));
            } else {
                if !residual.is_null() {
                    acc[t] = S::add(acc[t], S::load(from));
                }
                S::store(to, math::bound::<S>(&a.act, acc[t]));
            }
        });
    }
}
