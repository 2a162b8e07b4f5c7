//! Tiles of a direct convolution: pixels times vectors of filters, whose sums are registers. Floor 2.
//!
//! One shape of loop serves every window: steps over rows and columns of the window, and within a step a run of input floats that
//! lie side by side, each broadcast to all lanes and multiplied with the next vectors of weights. A tile's pixels form two
//! arithmetic sequences, so that it can lie in one row or take a piece of each of two rows.

use crate::simd::Simd;

use super::super::args::Act;
use super::super::conv::Parts;
use super::super::div;
use super::Finish;

/// A kernel of tiles of one size.
pub type TilesFn = unsafe fn(&Tiles);

/// An instruction set with kernels for tiles.
pub trait Tiled: Parts {
    /// What follows on the sums: `finish`.
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
pub(in super::super) use each;

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
