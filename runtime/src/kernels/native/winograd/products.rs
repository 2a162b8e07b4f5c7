//! The products of matrices in the middle of Winograd's convolution, one for each position. Floor 2.

use super::super::args::{Act, ConvArgs};
use super::super::direct::{Lattice, Tiles};
use super::super::{div, div_ceil};
use super::Winograd;

/// What sums start with.
static ZEROS: [f32; 64] = [0.0; 64];

/// The products of all positions, of one panel of filters: `n` tiles by channels by one or two vectors.
///
/// Inputs and sums are given as where they begin, and the distances between positions and between tiles.
#[inline(always)]
pub unsafe fn products<S: Winograd>(
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
            next_step: div(width * size_of::<f32>(), across),
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
