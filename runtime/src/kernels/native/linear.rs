//! Fully connected layers: a matrix times a vector, outputs in the lanes, weights streamed once. Floor 2.
//!
//! Panels of four vectors of outputs are read in order; what is left takes two and one. So that few outputs keep the
//! multiply-add units as busy as many, the sum of each is kept in several chains (2 of panels of four vectors, 4 of two, 8 of
//! one): input i goes to chain i modulo their number, and the chains are added in order at the end.
//!
//! Weights may be bf16, that is the upper halves of floats: the vector that holds those of two neighbouring inputs is widened by a shift
//! and a mask.

use crate::simd::Simd;

use super::args::LinearArgs;
use super::conv::Parts;
use super::share::Share;
use super::{div, div_ceil, math};

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
            match (vectors, a.bf16) {
                (4, false) => panel::<S, 4, 2, false>(a, padded, f),
                (2, false) => panel::<S, 2, 4, false>(a, padded, f),
                (_, false) => panel::<S, 1, 8, false>(a, padded, f),
                (4, true) => panel::<S, 4, 2, true>(a, padded, f),
                (2, true) => panel::<S, 2, 4, true>(a, padded, f),
                (_, true) => panel::<S, 1, 8, true>(a, padded, f),
            }
            f += vectors * S::LANES;
        }
        S::activate(&a.act, a.output.wrapping_add(first), end - first);
    }
}

/// Elements of the weights of an output, in which those of `inputs` lie.
#[inline(always)]
pub fn row_len(inputs: usize, bf16: bool) -> usize {
    if bf16 { div_ceil(inputs, 2) } else { inputs }
}

/// `NB` vectors of outputs from `f` on, each summed in `CHAINS`, an even number; of weights that are `BF16` or not. Rounded weights
/// make the same sums in both.
#[inline(always)]
unsafe fn panel<S: Simd, const NB: usize, const CHAINS: usize, const BF16: bool>(a: &LinearArgs, padded: usize, f: usize) {
    // SAFETY: the caller's promise, see `layer`; the pack is padded to whole vectors, and to two inputs where they share elements.
    unsafe {
        let mut w = a.pack.add(padded + f * row_len(a.inputs, BF16));
        let mut acc = [[S::splat(0.0); NB]; CHAINS];
        let mut i = 0;
        while i + CHAINS <= a.inputs {
            for (k, [even, odd]) in acc.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                let x = [S::splat(*a.input.add(i + 2 * k)), S::splat(*a.input.add(i + 2 * k + 1))];
                for (b, (even, odd)) in even.iter_mut().zip(odd).enumerate() {
                    let [first, second] = pair::<S, NB, BF16>(w, 2 * k, b);
                    *even = S::fma(x[0], first, *even);
                    *odd = S::fma(x[1], second, *odd);
                }
            }
            w = w.add(row_len(CHAINS, BF16) * NB * S::LANES);
            i += CHAINS;
        }
        for (chain, acc) in acc.iter_mut().enumerate() {
            if i + chain < a.inputs {
                let x = S::splat(*a.input.add(i + chain));
                for (b, acc) in acc.iter_mut().enumerate() {
                    let w = match BF16 {
                        false => S::load(w.add((chain * NB + b) * S::LANES)),
                        true => pair::<S, NB, BF16>(w, chain - chain % 2, b)[chain % 2],
                    };
                    *acc = S::fma(x, w, *acc);
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

/// The weights of two neighbouring inputs, the first being `chain` behind `w`, for one vector of a panel's outputs.
#[inline(always)]
unsafe fn pair<S: Simd, const NB: usize, const BF16: bool>(w: *const f32, chain: usize, b: usize) -> [S::V; 2] {
    // SAFETY: the caller promises them both, see `panel`.
    unsafe {
        if BF16 {
            let w = w.add((chain / 2 * NB + b) * S::LANES);
            S::prefetch(w.wrapping_add(AHEAD));
            let both = S::load(w);
            return [S::bf16_low(both), S::bf16_high(both)];
        }
        [chain, chain + 1].map(
            #[inline(always)]
            |chain| {
                let w = w.add((chain * NB + b) * S::LANES);
                S::prefetch(w.wrapping_add(AHEAD));
                S::load(w)
            },
        )
    }
}
