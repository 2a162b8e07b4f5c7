//! What all convolutions share: where rows go, activations that take a pass of their own, and pooling in strips. Floor 2.
//!
//! Without pooling a kernel writes rows into the output. With it, rows go into a strip of scratch until a row of windows is
//! complete; rows that the next windows need, too, move to the strip's start.
//!
//! Shares take rows of the output, blocks of filters, or a grid of both; rows that two of them need for pooling are computed twice.

use crate::simd::Simd;

use super::args::{Act, ActKind, ConvArgs, LinearArgs, PoolArgs, Source, Target};
use super::pool;
use super::share::Share;

/// Parts of kernels that are compiled once for an instruction set and called.
pub trait Parts: Simd {
    /// [`super::math::activate_run`]
    ///
    /// # Safety
    /// As there.
    unsafe fn activate(act: &Act, p: *mut f32, len: usize);
    /// [`super::pool::rows`]
    ///
    /// # Safety
    /// As there.
    unsafe fn pool(a: &PoolArgs, y0: usize, y1: usize);
    /// [`super::linear::layer`], all of it.
    ///
    /// # Safety
    /// As there.
    unsafe fn linear(a: &LinearArgs);
}

/// A kernel that computes rows of a convolution.
pub struct Rows {
    /// Rows that are best computed together.
    pub row_unit: fn(&ConvArgs) -> usize,
    /// Into how many blocks the filters of all groups can be divided.
    pub n_blocks: fn(&ConvArgs) -> usize,
    /// The first filter of a block, among those of all groups; their number for the block behind the last.
    pub first_filter: fn(&ConvArgs, usize) -> usize,
    /// Computes rows (from, and up to) of blocks of filters (likewise) into the output, bounds of the activation included. Called on a
    /// machine that has its instruction set, with pointers that are valid for the sizes beside them and these rows.
    pub rows: unsafe fn(&ConvArgs, (usize, usize), (usize, usize)),
}

/// Rows at a time where the activation takes a second pass, so that it finds them in cache.
const ACTIVATION_ROWS: usize = 8;

/// A share of a layer.
///
/// # Safety
/// The machine has the instruction set, and the pointers of `a` are valid for the sizes beside them.
pub unsafe fn layer<S: Parts>(a: &ConvArgs, share: Share, kernel: &Rows) {
    // SAFETY: the caller's promise; a strip holds the rows of one pooled row at least, which `scratch_len` counts.
    unsafe {
        let pooled = a.strip_rows > 0;
        let second_pass = a.act.kind != ActKind::Bounds;
        let filters = a.filters * a.groups;
        let row = a.width * filters;
        let (down, across) = share.in_grid(a.filter_shares);
        let (mut y, y1) = if pooled { down.of(a.pool.height, 1) } else { down.of(a.height, (kernel.row_unit)(a)) };
        let blocks = across.of((kernel.n_blocks)(a), 1);
        let columns = ((kernel.first_filter)(a, blocks.0), (kernel.first_filter)(a, blocks.1));
        if columns.0 == columns.1 {
            return;
        }
        let a = &ConvArgs {
            scratch: a.scratch.wrapping_add(share.part * a.share_scratch),
            strip: a.strip.wrapping_add(share.part * a.share_scratch),
            ..*a
        };
        // Rows of the result from `first` up to `done` are in the strip.
        let (mut first, mut done) = (0, 0);
        while y < y1 {
            // Rows to compute, and the row that follows those which are then finished.
            let (from, end, next);
            let mut output = a.output;
            if pooled {
                let start;
                (start, end, next) = windows(a, y, y1);
                if done > start && start > first {
                    core::ptr::copy(a.strip.add((start - first) * row), a.strip, (done - start) * row);
                }
                first = start;
                from = done.max(start);
                done = done.max(end);
                output = Target { first: a.strip.wrapping_sub(first * row), row, pixel: filters };
            } else {
                from = y;
                end = if second_pass { y1.min(y + ACTIVATION_ROWS) } else { y1 };
                next = end;
            }
            if end > from {
                (kernel.rows)(&ConvArgs { output, ..*a }, (from, end), blocks);
                if second_pass {
                    activate::<S>(a, output, (from, end), columns);
                }
            }
            if pooled {
                let input = Source { first: output.first, row, pixel: filters };
                S::pool(&PoolArgs { input, ..a.pool }.channels(columns), y, next);
            }
            y = next;
        }
    }
}

/// The rows that fit the strip, from the first that row `y` of the pooling needs, and the row after those that they complete, at
/// most `y1`.
#[inline(always)]
fn windows(a: &ConvArgs, y: usize, y1: usize) -> (usize, usize, usize) {
    let (start, mut end) = needed(&a.pool, y);
    let mut next = y + 1;
    while next < y1 {
        let (_, more) = needed(&a.pool, next);
        if more.max(end) - start > a.strip_rows {
            break;
        }
        end = end.max(more);
        next += 1;
    }
    (start, end, next)
}

/// Rows of its input that row `y` of a pooling needs: from, and up to.
#[inline(always)]
fn needed(pool: &PoolArgs, y: usize) -> (usize, usize) {
    let span = pool::Span::of(pool, 0, y);
    (span.start, span.end())
}

/// The part of an activation that is more than bounds.
unsafe fn activate<S: Parts>(a: &ConvArgs, output: Target, rows: (usize, usize), filters: (usize, usize)) {
    let len = filters.1 - filters.0;
    // Pixels that lie side by side are one run.
    let (n, len) = if output.pixel == len { (1, a.width * len) } else { (a.width, len) };
    for y in rows.0..rows.1 {
        for x in 0..n {
            let first = output.first.wrapping_add(y * output.row + x * output.pixel + filters.0);
            // SAFETY: the caller promises the output's rows, of which these are pixels.
            unsafe { S::activate(&a.act, first, len) }
        }
    }
}
