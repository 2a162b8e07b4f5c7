//! Convolution of one channel by few filters: pixels in the lanes. Floor 2.
//!
//! Six filters would leave ten of sixteen lanes empty; sixteen pixels of a row leave none. Rows of the result are kept as planes, one
//! for each filter, until they are pooled, so that activation and pooling fill their vectors, too, and go to the output from there.
//!
//! The same order of sums as `direct`, so the same bits.

use super::args::{ConvArgs, PoolArgs, PoolKind};
use super::conv::{self, Parts, Rows};
use super::math;
use super::share::Share;

/// Rows of tiles of an instruction set, compiled once and called.
pub trait Planes: Parts {
    /// [`plane`]
    ///
    /// # Safety
    /// As there.
    unsafe fn plane<const F: usize>(a: &Plane);
}

/// One row of the result, of `F` filters.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    /// The layer.
    pub conv: &'a ConvArgs,
    /// The row.
    pub y: usize,
    /// The first of the filters.
    pub filter: usize,
    /// Where the row of the first filter goes: whole vectors.
    pub output: *mut f32,
    /// Between the rows of filters.
    pub row: usize,
}

/// Computes a row of `F` filters, two vectors of pixels at a time; bounds are applied.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn plane<S: Parts, const F: usize>(r: &Plane) {
    let a = r.conv;
    let padded = a.filters.next_multiple_of(S::LANES);
    let taps = a.pack.wrapping_add(padded + r.filter);
    let mut x = 0;
    while x < a.width {
        // SAFETY: the caller's promise; of the inputs those of pixels that there are are read.
        unsafe {
            let first = (a.width - x).min(S::LANES);
            let second = (a.width - x - first).min(S::LANES);
            let mut acc = [[S::splat(0.0); 2]; F];
            for (f, acc) in acc.iter_mut().enumerate() {
                *acc = [S::splat(*a.pack.wrapping_add(r.filter + f)); 2];
            }
            let mut w = taps;
            for i in 0..a.kernel_h {
                let row = a.input.first.wrapping_add((r.y * a.stride_h + i * a.dilation_h) * a.input.row + x);
                for j in 0..a.kernel_w {
                    let p = row.wrapping_add(j * a.dilation_w);
                    let v = [S::load_first(p, first), S::load_first(p.wrapping_add(S::LANES), second)];
                    for (f, acc) in acc.iter_mut().enumerate() {
                        let w = S::splat(*w.wrapping_add(f));
                        *acc = [S::fma(v[0], w, acc[0]), S::fma(v[1], w, acc[1])];
                    }
                    w = w.wrapping_add(padded);
                }
            }
            for (f, acc) in acc.into_iter().enumerate() {
                let to = r.output.wrapping_add(f * r.row + x);
                S::store(to, math::bound::<S>(&a.act, acc[0]));
                if second > 0 {
                    S::store(to.wrapping_add(S::LANES), math::bound::<S>(&a.act, acc[1]));
                }
            }
        }
        x += 2 * S::LANES;
    }
}

/// Length of a plane's row: whole vectors.
#[inline(always)]
pub fn plane_row(width: usize, lanes: usize) -> usize {
    width.next_multiple_of(lanes)
}

/// The blocks of filters that have a kernel, from the first up to `n`: `$do` for each, `$first` being its first filter.
macro_rules! blocks {
    ($n:expr, |$first:ident, $F:ident| $do:expr) => {{
        let mut $first = 0;
        while $first < $n {
            $first += match $n - $first {
                6.. => {
                    const $F: usize = 6;
                    $do;
                    $F
                }
                4.. => {
                    const $F: usize = 4;
                    $do;
                    $F
                }
                _ => {
                    const $F: usize = 1;
                    $do;
                    $F
                }
            };
        }
    }};
}

/// Row `y` of every filter into planes, one behind the other.
#[inline(always)]
unsafe fn planes<S: Planes>(a: &ConvArgs, y: usize, to: *mut f32) {
    let row = plane_row(a.width, S::LANES);
    // SAFETY: the caller's promise.
    unsafe {
        blocks!(a.filters, |f, F| S::plane::<F>(&Plane { conv: a, y, filter: f, output: to.wrapping_add(f * row), row }));
    }
}

/// Every `step`-th element of the planes into `n` pixels.
#[inline(always)]
unsafe fn interleave(from: *const f32, row: usize, filters: usize, step: usize, to: *mut f32, pixel: usize, n: usize) {
    // SAFETY: the caller promises as many elements and pixels.
    unsafe {
        blocks!(filters, |first, F| {
            let (mut from, mut to) = (from.wrapping_add(first * row), to.wrapping_add(first));
            for _ in 0..n {
                let mut pixels = [0.0; F];
                for (f, element) in pixels.iter_mut().enumerate() {
                    *element = *from.wrapping_add(f * row);
                }
                for (f, element) in pixels.into_iter().enumerate() {
                    *to.wrapping_add(f) = element;
                }
                (from, to) = (from.wrapping_add(step), to.wrapping_add(pixel));
            }
        });
    }
}

/// Reduces the windows that begin at each of `len` elements of planes, rows of which are `len` apart, into the first row.
#[inline(always)]
unsafe fn reduce<S: Parts>(
    a: &PoolArgs,
    planes: *mut f32,
    len: usize,
    op: impl Fn(S::V, S::V) -> S::V,
    end: impl Fn(S::V) -> S::V,
) {
    // SAFETY: the caller promises the rows of a window, and as much as a vector reads beyond.
    unsafe {
        for i in 1..a.window[0] {
            let mut x = 0;
            while x < len {
                let to = planes.wrapping_add(x);
                S::store(to, op(S::load(to), S::load(to.wrapping_add(i * len))));
                x += S::LANES;
            }
        }
        // What is read is at or behind what is written.
        let mut x = 0;
        while x < len {
            let to = planes.wrapping_add(x);
            let mut acc = S::load(to);
            for j in 1..a.window[1] {
                acc = op(acc, S::load(to.wrapping_add(j * a.dilation[1])));
            }
            S::store(to, math::bound::<S>(&a.act, end(acc)));
            x += S::LANES;
        }
    }
}

/// Rows of a convolution whose pooling, if any, goes the usual way.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them and these rows.
#[inline(always)]
pub unsafe fn rows<S: Planes>(a: &ConvArgs, (y0, y1): (usize, usize)) {
    let row = plane_row(a.width, S::LANES);
    for y in y0..y1 {
        // SAFETY: the caller's promise; the scratch holds a row of every filter.
        unsafe {
            planes::<S>(a, y, a.scratch);
            let to = a.output.first.wrapping_add(y * a.output.row);
            interleave(a.scratch, row, a.filters, 1, to, a.output.pixel, a.width);
        }
    }
}

/// Whether windows neither overlap downwards nor reach beyond the map, so that a row of them can be pooled from its planes.
#[inline(always)]
pub fn pools_planes(a: &ConvArgs) -> bool {
    let p = &a.pool;
    let extent = |axis: usize| (p.window[axis] - 1) * p.dilation[axis] + 1;
    let inside = |axis: usize, n: usize, out: usize| (out - 1) * p.stride[axis] + extent(axis) <= n;
    a.strip_rows > 0
        && !p.adaptive
        && p.pad == [0; 4]
        && extent(0) <= p.stride[0]
        && inside(0, p.in_height, p.height)
        && inside(1, p.in_width, p.width)
}

/// A share of a layer: rows of its output.
///
/// # Safety
/// The machine has the instruction set, and the pointers of `a` are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Planes>(a: &ConvArgs, share: Share, kernel: &Rows) {
    // SAFETY: the caller's promise; the scratch holds a row of every filter for each row of a window, and as much as a vector reads
    // beyond.
    unsafe {
        if !pools_planes(a) {
            return conv::layer::<S>(a, share, kernel);
        }
        let row = plane_row(a.width, S::LANES);
        let planes_len = a.filters * row;
        let p = &a.pool;
        let scratch = a.scratch.wrapping_add(share.part * a.share_scratch);
        let (y0, y1) = share.of(p.height, 1);
        for y in y0..y1 {
            for i in 0..p.window[0] {
                planes::<S>(a, y * p.stride[0] + i * p.dilation[0], scratch.wrapping_add(i * planes_len));
            }
            S::activate(&a.act, scratch, p.window[0] * planes_len);
            if p.kind == PoolKind::Max {
                reduce::<S>(
                    p,
                    scratch,
                    planes_len,
                    #[inline(always)]
                    |a, b| S::max_or_nan(a, b),
                    #[inline(always)]
                    |v| v,
                );
            } else {
                let n = S::splat((p.window[0] * p.window[1]) as f32);
                reduce::<S>(
                    p,
                    scratch,
                    planes_len,
                    #[inline(always)]
                    |a, b| S::add(a, b),
                    #[inline(always)]
                    |v| S::div(v, n),
                );
            }
            let to = p.output.first.wrapping_add(y * p.output.row);
            interleave(scratch, row, a.filters, p.stride[1], to, p.output.pixel, p.width);
        }
    }
}
