//! A map at another size: channels in the lanes, nearest elements or four of them mixed. Floor 2.

use crate::simd::Simd;

use super::args::{ResizeArgs, SamplingKind};
use super::div;
use super::share::Share;

/// Along one axis the two elements that are mixed, and the share of the second.
#[inline(always)]
fn source(a: &ResizeArgs, axis: usize, i: usize) -> (usize, usize, f32) {
    let (n, out) = (a.from[axis], a.to[axis]);
    let at = match a.kind {
        SamplingKind::Nearest => {
            let at = div(i * n, out);
            return (at, at, 0.0);
        }
        SamplingKind::Corners => match out {
            1 => 0.0,
            _ => i as f64 * ((n - 1) as f64 / (out - 1) as f64),
        },
        SamplingKind::Edges => {
            let at = (i as f64 + 0.5) * (n as f64 / out as f64) - 0.5;
            if at > 0.0 { at } else { 0.0 }
        }
    };
    let first = (at as usize).min(n - 1);
    (first, (first + 1).min(n - 1), (at - first as f64) as f32)
}

/// A share of the rows.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Simd>(a: &ResizeArgs, share: Share) {
    let [height, width] = a.to;
    let (y0, y1) = share.of(height, 1);
    for y in y0..y1 {
        let (top, bottom, down) = source(a, 0, y);
        for x in 0..width {
            let (left, right, across) = source(a, 1, x);
            let at = |y: usize, x: usize| a.input.first.wrapping_add(y * a.input.row + x * a.input.pixel);
            let corners = [at(top, left), at(top, right), at(bottom, left), at(bottom, right)];
            let to = a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel);
            let mut c = 0;
            while c < a.channels {
                let n = (a.channels - c).min(S::LANES);
                // SAFETY: the caller's promise; `source` stays on the map, and `n` channels are left from `c` on.
                unsafe {
                    let [a, b, c_, d] = corners.map(
                        #[inline(always)]
                        |p| S::load_first(p.wrapping_add(c), n),
                    );
                    let upper = mix::<S>(a, b, across);
                    let result = if down == 0.0 { upper } else { mix::<S>(upper, mix::<S>(c_, d, across), down) };
                    S::store_first(to.wrapping_add(c), n, result);
                }
                c += S::LANES;
            }
        }
    }
}

/// `a·(1 − share) + b·share`; exactly a where there is nothing of b, whatever it is.
#[inline(always)]
unsafe fn mix<S: Simd>(a: S::V, b: S::V, share: f32) -> S::V {
    if share == 0.0 {
        return a;
    }
    // SAFETY: the caller promises that the machine has the instruction set.
    unsafe { S::fma(b, S::splat(share), S::mul(a, S::splat(1.0 - share))) }
}
