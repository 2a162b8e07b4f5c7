//! Weights from PyTorch's layout into the kernels' tilings. Floor 2.

use super::args::{PackConvArgs, PackLinearArgs, PackRecurrentArgs, ScaleArgs, Tiling};
use super::winograd::plain;
use super::{div, div_ceil, linear};

/// Some filters of a convolution.
///
/// # Safety
/// The pointers are valid for the sizes beside them, `pack` for what its tiling takes.
#[inline(always)]
pub unsafe fn conv(a: &PackConvArgs) {
    // SAFETY: the caller's promise.
    unsafe {
        match a.tiling {
            Tiling::Panels => panels(a),
            // Has a function of its own.
            Tiling::Winograd => {}
            Tiling::WinogradPlain => plain::pack(a),
            Tiling::Pixels => {
                let padded = div_ceil(a.n_rows, a.lanes) * a.lanes;
                let row_len = a.channels * a.taps;
                for i in 0..padded * row_len {
                    let (t, f) = (div(i, padded), i - div(i, padded) * padded);
                    *a.pack.add(i) = if f < a.n_rows { *a.rows.add(f * row_len + t) } else { 0.0 };
                }
            }
            Tiling::Lanes => {
                let end = a.first + a.n_rows;
                let mut to = a.pack;
                let mut first = 0;
                while first < a.n_rows {
                    for c in 0..a.channels {
                        for t in 0..a.taps {
                            for row in first..first + a.lanes {
                                // The lane's turn through its group's channels, see `lanes`.
                                let f = a.first + row;
                                let own = f - div(f, a.filters) * a.filters + c;
                                let turned = own - div(own, a.channels) * a.channels;
                                let channel = if a.filters < a.lanes { turned } else { c };
                                let weight = a.rows.wrapping_add((row * a.channels + channel) * a.taps + t);
                                *to = if f < end { *weight } else { 0.0 };
                                to = to.add(1);
                            }
                        }
                    }
                    first += a.lanes;
                }
            }
        }
    }
}

/// Panels of two vectors of filters, and one of what is left.
#[inline(always)]
unsafe fn panels(a: &PackConvArgs) {
    let padded = div_ceil(a.n_rows, a.lanes) * a.lanes;
    let row_len = a.channels * a.taps;
    let mut f = 0;
    while f < padded {
        let width = (2 * a.lanes).min(padded - f);
        let mut c = 0;
        while c < a.channels {
            let block = a.channel_block.min(a.channels - c);
            let rows = Rows { first: a.rows.wrapping_add(f * row_len + c * a.taps), row_len, n: a.n_rows.saturating_sub(f) };
            // SAFETY: the caller promises `n_rows · channels · taps` elements to read and whole panels to write.
            unsafe { columns::<false>(&rows, a.pack.add(f * row_len + c * a.taps * width), width, [block, a.taps]) }
            c += block;
        }
        f += width;
    }
}

/// Some outputs of a linear layer.
///
/// # Safety
/// The pointers are valid for the sizes beside them, `pack` for as many outputs, rounded up to whole vectors.
#[inline(always)]
pub unsafe fn linear(a: &PackLinearArgs) {
    let padded = div_ceil(a.n_rows, a.lanes) * a.lanes;
    let row_len = a.channels * a.pixels;
    let mut f = 0;
    while f < padded {
        let width = linear::panel_vectors(a.lanes, padded - f) * a.lanes;
        let rows = Rows { first: a.rows.wrapping_add(f * row_len), row_len, n: a.n_rows.saturating_sub(f) };
        // SAFETY: the caller promises `n_rows · channels · pixels` elements to read and whole panels to write.
        unsafe {
            let to = a.pack.add(f * linear::row_len(row_len, a.bf16));
            match a.bf16 {
                false => columns::<false>(&rows, to, width, [a.channels, a.pixels]),
                true => columns::<true>(&rows, to, width, [a.channels, a.pixels]),
            }
        }
        f += width;
    }
}

/// A recurrent layer's.
///
/// # Safety
/// The pointers are valid for the sizes beside them, `pack` for `gates · width` elements, and one more with a bias, for each hidden one
/// rounded up to whole vectors.
#[inline(always)]
pub unsafe fn recurrent(a: &PackRecurrentArgs) {
    let padded = div_ceil(a.hidden, a.lanes) * a.lanes;
    // SAFETY: the caller's promise.
    unsafe {
        let mut panels = a.pack;
        if !a.bias.is_null() {
            for j in 0..padded {
                *panels.add(j) = if j < a.hidden { *a.bias.add(j) } else { 0.0 };
            }
            panels = panels.add(padded);
        }
        for j in 0..padded {
            let first = j - j % a.lanes.max(1);
            let to = panels.add(first * a.width * a.gates + (j - first));
            for g in 0..a.gates {
                let row = a.weight.wrapping_add((g * a.hidden + j) * a.width);
                for i in 0..a.width {
                    *to.add((i * a.gates + g) * a.lanes) = if j < a.hidden { *row.add(i) } else { 0.0 };
                }
            }
        }
    }
}

/// Rows of a matrix.
struct Rows {
    first: *const f32,
    /// Between rows.
    row_len: usize,
    /// How many there are, at least 0; those behind them are zeros.
    n: usize,
}

/// Makes `width` rows of `outer · inner` elements columns of a panel, in the order inner, outer: a square of 16 by 16 at a time, so that
/// both what is read and what is written are in the first-level cache. As `BF16`, two columns share an element.
#[inline(always)]
unsafe fn columns<const BF16: bool>(rows: &Rows, to: *mut f32, width: usize, [outer, inner]: [usize; 2]) {
    const SIDE: usize = 16;
    let len = outer * inner;
    let (mut i, mut j) = (0, 0);
    let mut first = 0;
    while first < len {
        let n = (len - first).min(SIDE);
        let mut places = [0; SIDE];
        for place in places.iter_mut().take(n) {
            *place = j * outer + i;
            j += 1;
            if j == inner {
                (i, j) = (i + 1, 0);
            }
        }
        let mut lane = 0;
        while lane < width {
            for lane in lane..(lane + SIDE).min(width) {
                let from = rows.first.wrapping_add(lane * rows.row_len + first);
                for (k, place) in places.iter().enumerate().take(n) {
                    // SAFETY: the caller promises the elements of the rows that there are, and the whole panel.
                    unsafe {
                        let value = if lane < rows.n { *from.add(k) } else { 0.0 };
                        put::<BF16>(to, width, *place, lane, value);
                    }
                }
            }
            lane += SIDE;
        }
        first += n;
    }
    if BF16 && len % 2 == 1 {
        for lane in 0..width {
            // SAFETY: the caller promises the whole panel, the half of an element that is left included.
            unsafe { put::<BF16>(to, width, len, lane, 0.0) }
        }
    }
}

/// Writes an element of a panel.
#[inline(always)]
unsafe fn put<const BF16: bool>(to: *mut f32, width: usize, column: usize, lane: usize, value: f32) {
    // SAFETY: the caller promises the panel.
    unsafe {
        if !BF16 {
            *to.add(column * width + lane) = value;
            return;
        }
        // The first of two columns is the lower half of their element.
        let half = (column % 2) ^ cfg!(target_endian = "big") as usize;
        *to.add(column / 2 * width + lane).cast::<u16>().add(half) = bf16(value);
    }
}

/// The nearest bf16; of two, the even one. What is not a number stays so.
#[inline(always)]
fn bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() { (bits >> 16) as u16 | 0x40 } else { ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16 }
}

/// Multiplies each row with its factor, rounding once.
///
/// # Safety
/// The pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn scale(a: &ScaleArgs) {
    for row in 0..a.n_rows {
        // SAFETY: the caller's promise.
        unsafe {
            let factor = *a.scale.add(row);
            let first = a.rows.add(row * a.len);
            for i in 0..a.len {
                *first.add(i) = (f64::from(*first.add(i)) * factor) as f32;
            }
        }
    }
}
