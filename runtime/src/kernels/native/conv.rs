//! What all convolutions share: where rows go, activations that take a pass of their own, and pooling in strips. Floor 2.
//!
//! Without pooling a kernel writes rows into the output. With it, rows go into a strip of scratch until a row of windows is
//! complete; rows that the next windows need, too, move to the strip's start.

use crate::simd::Simd;

use super::args::{Act, ActKind, ConvArgs, PoolArgs, Source, Target};
use super::pool;

/// Parts of kernels that are compiled once for an instruction set and called.
pub trait Parts: Simd {
    /// [`super::math::activate_run`]
    const ACTIVATE: unsafe fn(&Act, *mut f32, usize);
    /// [`super::pool::rows`]
    const POOL: unsafe fn(&PoolArgs, usize, usize);
}

/// A kernel that computes rows of a convolution.
pub trait Rows {
    /// Computes rows from `y0` up to `y1` into `a.output`, bounds of the activation included.
    ///
    /// # Safety
    /// The machine has the instruction set, and the pointers of `a` are valid for the sizes beside them and these rows.
    unsafe fn rows(a: &ConvArgs, y0: usize, y1: usize);
}

/// Rows at a time where the activation takes a second pass, so that it finds them in cache.
const ACTIVATION_ROWS: usize = 8;

/// A whole layer.
///
/// # Safety
/// The machine has the instruction set, and the pointers of `a` are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Parts, R: Rows>(a: &ConvArgs) {
    // SAFETY: the caller's promise; a strip holds the rows of one pooled row at least, which `scratch_len` counts.
    unsafe {
        let pooled = a.strip_rows > 0;
        let second_pass = a.act.kind != ActKind::Bounds;
        let filters = a.filters * a.groups;
        let row = a.width * filters;
        // Rows of the result from `first` up to `done` are in the strip.
        let (mut first, mut done) = (0, 0);
        let mut y = 0;
        while y < if pooled { a.pool.height } else { a.height } {
            // Rows to compute, and the row that follows those which are then finished.
            let (from, end, next);
            let mut output = a.output;
            if pooled {
                let start;
                (start, end, next) = windows(a, y);
                if done > start && start > first {
                    core::ptr::copy(a.strip.add((start - first) * row), a.strip, (done - start) * row);
                }
                first = start;
                from = done.max(start);
                done = done.max(end);
                output = Target { first: a.strip.wrapping_sub(first * row), row, pixel: filters };
            } else {
                from = y;
                end = if second_pass { a.height.min(y + ACTIVATION_ROWS) } else { a.height };
                next = end;
            }
            if end > from {
                R::rows(&ConvArgs { output, ..*a }, from, end);
                if second_pass {
                    activate::<S>(a, output, from, end);
                }
            }
            if pooled {
                let input = Source { first: output.first, row, pixel: filters };
                (S::POOL)(&PoolArgs { input, ..a.pool }, y, next);
            }
            y = next;
        }
    }
}

/// The rows that fit the strip, from the first that row `y` of the pooling needs, and the row after those that they complete.
#[inline(always)]
fn windows(a: &ConvArgs, y: usize) -> (usize, usize, usize) {
    let (start, mut end) = needed(&a.pool, y);
    let mut next = y + 1;
    while next < a.pool.height {
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
#[inline(always)]
unsafe fn activate<S: Parts>(a: &ConvArgs, output: Target, y0: usize, y1: usize) {
    let filters = a.filters * a.groups;
    // Pixels that lie side by side are one run.
    let (n, len) = if output.pixel == filters { (1, a.width * filters) } else { (a.width, filters) };
    for y in y0..y1 {
        for x in 0..n {
            // SAFETY: the caller promises the output's rows, of which these are pixels.
            unsafe { (S::ACTIVATE)(&a.act, output.first.wrapping_add(y * output.row + x * output.pixel), len) }
        }
    }
}
