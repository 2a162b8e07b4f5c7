//! Convolutions one after another, some rows of each at a time, so that what lies between them stays in cache. Floor 2.
//!
//! A share takes rows of the last result. For each strip of them it goes backwards through the convolutions to find which rows each has to
//! add to those that are still there from the strip before, then computes these in order. Rows between two convolutions are in a buffer of
//! the share's scratch that holds as many as a strip needs; when it is full, those that the next strip needs, too, move to its start. Rows
//! at the edge of two shares are computed by both. A row comes out the same whoever computes it and whatever is computed beside it.

use std::ptr::{self, null, null_mut};

use convoke_compiler::plan::{Conv, Strips};

use super::native::Entry;
use super::native::args::ConvArgs;
use super::native::share::Share;
use super::tiling::ConvScratch;
use crate::isa::Isa;

/// Elements of all rows that a share keeps, so that they stay in the second-level cache beside weights, input and output.
const BUDGET: usize = 160 << 10;

/// The rows between a convolution and the next, in a share's scratch. Rows are counted from the border's first.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Between {
    /// Of the first element in the scratch.
    offset: usize,
    /// Between rows, the zeros left and right of the map included.
    row: usize,
    /// Elements before the map in each row.
    left: usize,
    /// Of the map in each row.
    width: usize,
    /// Rows before the map.
    top: usize,
    /// Of the map.
    height: usize,
    /// Rows that there is room for.
    room: usize,
    /// Between the first rows of windows of the convolution that reads it, and as many as one covers.
    stride: usize,
    extent: usize,
    /// Rows that the convolution that writes it computes together.
    unit: usize,
}

/// How the scratch of a share is laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct StripScratch {
    between: Vec<Between>,
    /// Rows of the last result that are computed at a time.
    rows: usize,
    /// Where the scratch of a convolution itself begins.
    conv: usize,
    /// Elements of one share, in whole cache lines.
    len: usize,
}

impl StripScratch {
    /// For these convolutions on an instruction set.
    pub fn of(strips: &Strips, isa: Isa) -> StripScratch {
        let convs: Vec<&Conv> = strips.convs().collect();
        let conv = convs.iter().map(|conv| ConvScratch::of(conv, isa).len()).max().unwrap_or(0);
        let (height, unit) = (strips.last.output.height, unit(&strips.last));
        let of_rows = |rows: usize| StripScratch::of_rows(&convs, rows, conv);
        // Twice the unit, as depthwise convolutions take rows by two.
        let step = 2 * unit;
        let mut most = step;
        while most < height && of_rows(most + step).conv <= BUDGET {
            most += step;
        }
        // About as many in each strip.
        of_rows(height.div_ceil(height.div_ceil(most)).next_multiple_of(step).min(height))
    }

    fn of_rows(convs: &[&Conv], rows: usize, conv_len: usize) -> StripScratch {
        let mut between = Vec::new();
        let (mut offset, mut computed) = (0, rows);
        for pair in convs.windows(2).rev() {
            let (from, to) = (pair[0], pair[1]);
            let (view, extent, unit) = (&to.input, to.extent(), unit(from));
            let (top, left) = (to.pad[0], to.pad[1] * view.pixel);
            let room = (computed - 1) * to.stride[0] + extent.max(to.stride[0]) + 2 * (unit - 1);
            let width = view.width * view.pixel;
            let (row, height, stride) = (view.row, view.height, to.stride[0]);
            between.push(Between { offset, row, left, width, top, height, room, stride, extent, unit });
            offset += (room * row).next_multiple_of(16);
            computed = room.min(view.height);
        }
        between.reverse();
        StripScratch { between, rows, conv: offset, len: offset + conv_len }
    }

    /// Elements of one share.
    pub fn len(&self) -> usize {
        self.len
    }
}

/// Rows that a convolution computes together, so that the same are computed alike whoever does.
fn unit(conv: &Conv) -> usize {
    conv.algorithm.tile().unwrap_or(1)
}

/// Rows between two convolutions that a share has: the first of them, and the one behind the last, border included.
#[derive(Clone, Copy, Default)]
struct Held {
    first: usize,
    end: usize,
}

/// Convolutions bound to a session's memory.
#[derive(Debug)]
pub struct StripCall {
    /// The first element that the first one reads, which may be in the border.
    pub input: *const f32,
    /// Where the last one's result goes.
    pub output: *mut f32,
    /// What each adds to its result; null for nothing.
    pub residuals: [*const f32; Strips::MOST],
    convs: Vec<(Entry<ConvArgs>, ConvArgs)>,
    layout: StripScratch,
    /// Of the first share.
    scratch: *mut f32,
}

impl StripCall {
    /// Of kernels with their arguments, but for the pointers to what is not in the scratch, whose layout this is for each share.
    pub fn new(convs: Vec<(Entry<ConvArgs>, ConvArgs)>, layout: StripScratch, scratch: *mut f32) -> StripCall {
        StripCall { input: null(), output: null_mut(), residuals: [null(); Strips::MOST], convs, layout, scratch }
    }

    /// [`StripCall::share`], as kernels are called.
    ///
    /// # Safety
    /// As there.
    pub unsafe extern "C" fn entry(call: *const StripCall, part: usize, n_parts: usize) {
        // SAFETY: the caller's promise.
        unsafe { (*call).share(part, n_parts) }
    }

    /// Computes a share of the last result's rows.
    ///
    /// # Safety
    /// The kernels' instruction set is there, the pointers are valid for the sizes beside them, and each share has scratch as long as the
    /// layout says.
    unsafe fn share(&self, part: usize, n_parts: usize) {
        let StripScratch { between, rows, .. } = &self.layout;
        let last = self.convs.len() - 1;
        let scratch = self.scratch.wrapping_add(part * self.layout.len);
        let (mut y, end) = Share { part, n_parts }.of(self.convs[last].1.height, self.convs[last].1.tile.max(1));
        if y == end {
            return;
        }
        let mut held = [Held::default(); Strips::MOST];
        // SAFETY: the caller's promise; rows and columns are those that the layout has room for.
        unsafe {
            for rows in between {
                rows.clear_sides(scratch);
            }
            let mut starts = true;
            while y < end {
                let next = (y + rows).min(end);
                // The rows that each convolution computes: from, and up to.
                let mut now = [(0, 0); Strips::MOST];
                now[last] = (y, next);
                for (index, rows) in between.iter().enumerate().rev() {
                    now[index] = rows.advance(&mut held[index], now[index + 1], starts, scratch);
                }
                for (index, &rows) in now.iter().enumerate().take(last + 1) {
                    self.rows(index, rows, &held, scratch);
                }
                (y, starts) = (next, false);
            }
        }
    }

    /// Computes rows of one convolution.
    unsafe fn rows(&self, index: usize, (from, to): (usize, usize), held: &[Held], scratch: *mut f32) {
        if from == to {
            return;
        }
        let between = &self.layout.between;
        let (kernel, mut args) = self.convs[index];
        args.input.first = match index.checked_sub(1) {
            Some(before) => between[before].at(scratch, from * args.stride_h - held[before].first),
            None => self.input.wrapping_add(from * args.stride_h * args.input.row),
        };
        let residual = self.residuals[index];
        args.residual.first = if residual.is_null() { residual } else { residual.wrapping_add(from * args.residual.row) };
        args.output.first = match between.get(index) {
            Some(rows) => rows.at(scratch, from + rows.top - held[index].first).wrapping_add(rows.left),
            None => self.output.wrapping_add(from * args.output.row),
        };
        args.height = to - from;
        args.scratch = scratch.wrapping_add(self.layout.conv);
        // SAFETY: the caller's promise; these rows are there, see `Between::advance`.
        unsafe { kernel(&args, 0, 1) }
    }
}

impl Between {
    /// Where a row begins, by its number among those that there is room for.
    fn at(&self, scratch: *mut f32, row: usize) -> *mut f32 {
        debug_assert!(row < self.room, "row {row} of {self:?}");
        scratch.wrapping_add(self.offset + row * self.row)
    }

    /// Writes the zeros left and right of the map.
    unsafe fn clear_sides(&self, scratch: *mut f32) {
        let right = self.left + self.width;
        for row in 0..self.room {
            // SAFETY: the caller promises the scratch of a share, which has room for these rows.
            unsafe {
                ptr::write_bytes(self.at(scratch, row), 0, self.left);
                ptr::write_bytes(self.at(scratch, row).wrapping_add(right), 0, self.row - right);
            }
        }
    }

    /// Makes room for what rows of the next result need, zeros of the border included. Returns the rows of the map that are missing.
    unsafe fn advance(&self, held: &mut Held, (from, to): (usize, usize), starts: bool, scratch: *mut f32) -> (usize, usize) {
        let Between { top, height, room, unit, .. } = *self;
        if from == to {
            return (0, 0);
        }
        let (first, end) = (from * self.stride, (to - 1) * self.stride + self.extent);
        if starts {
            let first = if first < top { first } else { (first - top) / unit * unit + top };
            *held = Held { first, end: first };
        }
        let missing_from = held.end.saturating_sub(top).min(height);
        let missing_to = end.saturating_sub(top).min(height).next_multiple_of(unit).min(height).max(missing_from);
        let end = end.max(missing_to + top).max(held.end);
        if end - held.first > room {
            let keep = first.min(held.end);
            if keep < held.end {
                let (source, len) = (self.at(scratch, keep - held.first), (held.end - keep) * self.row);
                // SAFETY: the caller promises the scratch of a share, which has room for these rows.
                unsafe { ptr::copy(source, self.at(scratch, 0), len) }
            }
            held.first = keep;
        }
        for row in (held.end..end).filter(|row| !(top..top + height).contains(row)) {
            // SAFETY: as above.
            unsafe { ptr::write_bytes(self.at(scratch, row - held.first), 0, self.row) }
        }
        held.end = end;
        (missing_from, missing_to)
    }
}
