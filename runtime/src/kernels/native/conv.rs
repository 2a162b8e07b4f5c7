//! What all convolutions share: where rows go, activations that take a pass of their own, and pooling in strips. Floor 2.
//!
//! Without pooling a kernel writes rows into the output. With it, rows go into a strip of scratch until a row of windows is
//! complete; rows that the next windows need, too, move to the strip's start.

use crate::simd::Simd;

use super::args::{ActKind, ConvArgs, PoolArgs, Source, Target};
use super::{math, pool};

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
pub unsafe fn layer<S: Simd, R: Rows>(a: &ConvArgs) {
    // SAFETY: the caller's promise; a strip holds the rows of one pooled row at least, which `scratch_len` counts.
    unsafe {
        if a.strip_rows == 0 {
            if a.act.kind == ActKind::Bounds {
                return R::rows(a, 0, a.height);
            }
            let mut y = 0;
            while y < a.height {
                let end = (y + ACTIVATION_ROWS).min(a.height);
                R::rows(a, y, end);
                activate::<S>(a, y, end);
                y = end;
            }
            return;
        }
        let filters = a.filters * a.groups;
        let row = a.width * filters;
        // Rows of the result from `first` up to `done` are in the strip.
        let (mut first, mut done) = (0, 0);
        let mut y = 0;
        while y < a.pool.height {
            let (start, mut end) = needed(&a.pool, y);
            let mut last = y + 1;
            while last < a.pool.height {
                let (_, more) = needed(&a.pool, last);
                if more.max(end) - start > a.strip_rows {
                    break;
                }
                end = end.max(more);
                last += 1;
            }
            if done > start && start > first {
                core::ptr::copy(a.strip.add((start - first) * row), a.strip, (done - start) * row);
            }
            first = start;
            let from = done.max(start);
            let virtual_row_0 = a.strip.wrapping_sub(first * row);
            if end > from {
                let strip = ConvArgs { output: Target { first: virtual_row_0, row, pixel: filters }, ..*a };
                R::rows(&strip, from, end);
                activate::<S>(&strip, from, end);
            }
            done = done.max(end);
            let input = Source { first: virtual_row_0, row, pixel: filters };
            pool::rows::<S>(&PoolArgs { input, ..a.pool }, y, last);
            y = last;
        }
    }
}

/// Rows of its input that row `y` of a pooling needs: from, and up to.
#[inline(always)]
fn needed(pool: &PoolArgs, y: usize) -> (usize, usize) {
    let span = pool::Span::of(pool, 0, y);
    (span.start, span.end())
}

/// The part of an activation that is more than bounds.
#[inline(always)]
unsafe fn activate<S: Simd>(a: &ConvArgs, y0: usize, y1: usize) {
    if a.act.kind == ActKind::Bounds {
        return;
    }
    let filters = a.filters * a.groups;
    let dense = a.output.pixel == filters;
    for y in y0..y1 {
        let row = a.output.first.wrapping_add(y * a.output.row);
        // SAFETY: the caller promises the output's rows, of which these are pixels.
        unsafe {
            if dense {
                math::activate_run::<S>(&a.act, row, a.width * filters);
            } else {
                for x in 0..a.width {
                    math::activate_run::<S>(&a.act, row.wrapping_add(x * a.output.pixel), filters);
                }
            }
        }
    }
}
