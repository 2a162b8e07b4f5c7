//! Maximum and average pooling: channels in the lanes, windows clipped to the map. Floor 2.

use crate::simd::Simd;

use super::args::{ActKind, PoolArgs, PoolKind};
use super::conv::Parts;
use super::share::Share;
use super::{div, div_ceil, math};

/// The part of a window that lies on the map, along one axis.
#[derive(Clone, Copy)]
pub struct Span {
    /// First position on the map.
    pub start: usize,
    /// Number of positions on the map.
    pub len: usize,
    /// Distance between them.
    pub step: usize,
    /// Positions on the map and its padding.
    pub padded: usize,
}

impl Span {
    /// Of output position `i` along `axis` (0 is down, 1 is across).
    #[inline(always)]
    pub fn of(a: &PoolArgs, axis: usize, i: usize) -> Span {
        let (n, out) = if axis == 0 { (a.in_height, a.height) } else { (a.in_width, a.width) };
        if a.adaptive {
            let start = div(i * n, out);
            let len = div_ceil((i + 1) * n, out) - start;
            return Span { start, len, step: 1, padded: len };
        }
        let (window, step, before, after) = (a.window[axis], a.dilation[axis], a.pad[axis], a.pad[axis + 2]);
        // Position of the window's first element, counted from the first of the padding.
        let first = i * a.stride[axis];
        // Number of the window's elements before a position that is counted likewise.
        let below = |limit: usize| if limit <= first { 0 } else { div_ceil(limit - first, step).min(window) };
        let skipped = below(before);
        let inside = below(before + n);
        let start = first + skipped * step;
        Span { start: start.saturating_sub(before), len: inside - skipped, step, padded: below(before + n + after) }
    }

    /// One past the last position on the map; `start` where there is none.
    #[inline(always)]
    pub fn end(&self) -> usize {
        if self.len == 0 { self.start } else { self.start + (self.len - 1) * self.step + 1 }
    }
}

/// A share of a layer: rows, or channels of few rows.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Parts>(a: &PoolArgs, share: Share) {
    let unit = 4 * S::LANES;
    let (down, across) = share.rows_or_blocks(a.height, div_ceil(a.channels, unit));
    let (y0, y1) = down.of(a.height, 1);
    // SAFETY: the caller's promise.
    unsafe { S::pool(&a.channels(across.of(a.channels, unit)), y0, y1) }
}

/// Pools the output's rows from `y0` up to `y1`.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn rows<S: Parts>(a: &PoolArgs, y0: usize, y1: usize) {
    // SAFETY: the caller's promise; spans lie on the input, and the tail reads and writes only the channels that are left.
    unsafe {
        for y in y0..y1 {
            let down = Span::of(a, 0, y);
            for x in 0..a.width {
                let across = Span::of(a, 1, x);
                // Wrapping, as the input of a fused pooling counts from a row that is no longer there.
                let from = a.input.first.wrapping_add(down.start * a.input.row + across.start * a.input.pixel);
                let to = a.output.first.add(y * a.output.row + x * a.output.pixel);
                let mut c = 0;
                while c + 4 * S::LANES <= a.channels {
                    pixel::<S, 4>(a, &down, &across, from.wrapping_add(c), to.add(c));
                    c += 4 * S::LANES;
                }
                while c + S::LANES <= a.channels {
                    pixel::<S, 1>(a, &down, &across, from.wrapping_add(c), to.add(c));
                    c += S::LANES;
                }
                if c < a.channels {
                    let n = a.channels - c;
                    let from = from.wrapping_add(c);
                    let v = reduce::<S, 1>(
                        a,
                        &down,
                        &across,
                        #[inline(always)]
                        |offset, _| S::load_first(from.wrapping_add(offset), n),
                    );
                    S::store_first(to.add(c), n, v[0]);
                }
                if a.act.kind != ActKind::Bounds {
                    S::activate(&a.act, to, a.channels);
                }
            }
        }
    }
}

/// `NB` whole vectors of channels of one output pixel.
#[inline(always)]
unsafe fn pixel<S: Simd, const NB: usize>(a: &PoolArgs, down: &Span, across: &Span, from: *const f32, to: *mut f32) {
    // SAFETY: the caller promises NB whole vectors at every pixel of the window.
    unsafe {
        let acc = reduce::<S, NB>(
            a,
            down,
            across,
            #[inline(always)]
            |offset, b| S::load(from.wrapping_add(offset + b * S::LANES)),
        );
        for (b, v) in acc.into_iter().enumerate() {
            S::store(to.add(b * S::LANES), v);
        }
    }
}

/// The reduction of one window, vector b of the pixel at an offset being `load(offset, b)`.
#[inline(always)]
unsafe fn reduce<S: Simd, const NB: usize>(
    a: &PoolArgs,
    down: &Span,
    across: &Span,
    load: impl Fn(usize, usize) -> S::V,
) -> [S::V; NB] {
    // SAFETY: the caller promises the instruction set and that `load` may be called for every pixel of the window.
    unsafe {
        let max = a.kind == PoolKind::Max;
        let mut acc = [S::splat(if max { f32::NEG_INFINITY } else { 0.0 }); NB];
        for i in 0..down.len {
            for j in 0..across.len {
                let offset = i * down.step * a.input.row + j * across.step * a.input.pixel;
                for (b, acc) in acc.iter_mut().enumerate() {
                    let v = load(offset, b);
                    *acc = if max { S::max_or_nan(*acc, v) } else { S::add(*acc, v) };
                }
            }
        }
        if !max {
            let n = match a.kind {
                PoolKind::AverageWithPad => down.padded * across.padded,
                _ => down.len * across.len,
            };
            let n = S::splat(n as f32);
            for acc in &mut acc {
                *acc = S::div(*acc, n);
            }
        }
        for acc in &mut acc {
            *acc = math::bound::<S>(&a.act, *acc);
        }
        acc
    }
}
