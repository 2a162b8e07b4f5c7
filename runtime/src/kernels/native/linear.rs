//! Fully connected layers: a matrix times a vector, outputs in the lanes, weights streamed once. Floor 2.
//!
//! Panels of four vectors of outputs are read in order; what is left takes two and one. So that few outputs keep the
//! multiply-add units as busy as many, the sum of each is kept in several chains (2 of panels of four vectors, 4 of two, 8 of
//! one): input i goes to chain i modulo their number, and the chains are added in order at the end.

use crate::simd::Simd;

use super::args::LinearArgs;
use super::conv::Parts;
use super::share::Share;
use super::{div, math};

/// Floats that weights are fetched ahead of their use. The processor's own prefetcher stops at the ends of pages of 4 KB; asked for a
/// little ahead of them, it goes on: 18 GB/s instead of 15.5 from memory. Nothing is gained from 4 KB on.
const AHEAD: usize = 256;

/// Vectors of a panel whose first output is `padded_left` before the end.
#[inline(always)]
pub fn panel_vectors(lanes: usize, padded_left: usize) -> usize {
    match div(padded_left, lanes) {
        0..2 => 1,
        2..4 => 2,
        _ => 4,
    }
}

/// A share of the layer: panels of outputs.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Parts>(a: &LinearArgs, share: Share) {
    // SAFETY: the caller's promise.
    unsafe {
        let padded = a.outputs.next_multiple_of(S::LANES);
        let (first, end) = share.of(a.outputs, 4 * S::LANES);
        let mut f = first;
        while f < end {
            let vectors = panel_vectors(S::LANES, padded - f);
            match vectors {
                4 => panel::<S, 4, 2>(a, padded, f),
                2 => panel::<S, 2, 4>(a, padded, f),
                _ => panel::<S, 1, 8>(a, padded, f),
            }
            f += vectors * S::LANES;
        }
        S::activate(&a.act, a.output.wrapping_add(first), end - first);
    }
}

/// `NB` vectors of outputs from `f` on, each summed in `CHAINS`.
#[inline(always)]
unsafe fn panel<S: Simd, const NB: usize, const CHAINS: usize>(a: &LinearArgs, padded: usize, f: usize) {
    // SAFETY: the caller's promise, see `layer`; the pack is padded to whole vectors.
    unsafe {
        let mut w = a.pack.add(padded + f * a.inputs);
        let mut acc = [[S::splat(0.0); NB]; CHAINS];
        let mut i = 0;
        while i + CHAINS <= a.inputs {
            for (chain, acc) in acc.iter_mut().enumerate() {
                let x = S::splat(*a.input.add(i + chain));
                for (b, acc) in acc.iter_mut().enumerate() {
                    let w = w.add((chain * NB + b) * S::LANES);
                    S::prefetch(w.wrapping_add(AHEAD));
                    *acc = S::fma(x, S::load(w), *acc);
                }
            }
            w = w.add(CHAINS * NB * S::LANES);
            i += CHAINS;
        }
        for (chain, acc) in acc.iter_mut().enumerate() {
            if i + chain < a.inputs {
                let x = S::splat(*a.input.add(i + chain));
                for (b, acc) in acc.iter_mut().enumerate() {
                    *acc = S::fma(x, S::load(w.add((chain * NB + b) * S::LANES)), *acc);
                }
            }
        }
        for b in 0..NB {
            let first = f + b * S::LANES;
            let n = (a.outputs - first).min(S::LANES);
            let mut v = acc[0][b];
            for acc in &acc[1..] {
                v = S::add(v, acc[b]);
            }
            v = S::add(v, S::load(a.pack.add(first)));
            if !a.residual.is_null() {
                v = S::add(v, S::load_first(a.residual.add(first), n));
            }
            S::store_first(a.output.add(first), n, math::bound::<S>(&a.act, v));
        }
    }
}
