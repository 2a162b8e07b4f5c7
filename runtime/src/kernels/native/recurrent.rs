//! Recurrent layers: at each step the state times a matrix, then the gates. Floor 2.
//!
//! What the gates are of the input alone is there before, made for all steps at once. Hidden elements are in the lanes: a panel holds
//! the rows of all gates of a vector of them, so that the new state is made of sums that are still in registers. The sum of each
//! gate is kept in several chains, as in `linear`: element i of the state goes to chain i modulo their number, the chains are added
//! in order, and what comes from the input last.

use crate::simd::Simd;

use super::args::{Act, CellKind, LinearArgs, RecurrentArgs};
use super::conv::Parts;
use super::math;
use super::share::Share;

/// Floats of scratch for one direction: the state before and after a step, the cells, the state before it is projected.
#[inline(always)]
pub const fn scratch_len(hidden: usize, width: usize) -> usize {
    2 * (hidden.next_multiple_of(16) + width.next_multiple_of(16))
}

/// A share of a layer: directions.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Parts>(a: &RecurrentArgs, share: Share) {
    let (first, end) = share.of(a.directions, 1);
    for d in first..end {
        // SAFETY: the caller's promise; there are as many directions.
        unsafe {
            match a.cell {
                CellKind::Tanh | CellKind::Relu => direction::<S, 1, 8>(a, d),
                CellKind::Lstm => direction::<S, 4, 2>(a, d),
                CellKind::Gru => direction::<S, 3, 2>(a, d),
            }
        }
    }
}

/// What one direction works on.
struct Direction {
    /// Biases of the products with the state, of a GRU's last gate alone; the panels behind them.
    bias: *const f32,
    panels: *const f32,
    cell: *mut f32,
}

/// All steps of direction `d`, with `G` gates, each summed in `CHAINS`.
#[inline(always)]
unsafe fn direction<S: Parts, const G: usize, const CHAINS: usize>(a: &RecurrentArgs, d: usize) {
    let RecurrentArgs { hidden, width, steps, .. } = *a;
    let backwards = d > 0;
    let (pack, projection) = if backwards { (a.packs[1], a.projections[1]) } else { (a.packs[0], a.projections[0]) };
    let (rounded, rounded_width) = (hidden.next_multiple_of(16), width.next_multiple_of(16));
    let scratch = a.scratch.wrapping_add(d * scratch_len(hidden, width));
    let cell = scratch.wrapping_add(2 * rounded_width);
    let raw = cell.wrapping_add(rounded);
    // SAFETY: the caller's promise; scratch holds each part rounded up to whole vectors, see `scratch_len`.
    unsafe {
        first(scratch, a.first_hidden, d * a.first_hidden_strides[0], a.first_hidden_strides[1], width);
        first(cell, a.first_cell, d * a.first_cell_strides[0], a.first_cell_strides[1], hidden);
        let n_biases = if a.cell as u32 == CellKind::Gru as u32 { hidden.next_multiple_of(S::LANES) } else { 0 };
        let of = Direction { bias: pack, panels: pack.add(n_biases), cell };
        for step in 0..steps {
            let t = if backwards { steps - 1 - step } else { step };
            let gates = a.input.wrapping_add(t * a.input_step + d * G * hidden);
            let turn = step % 2;
            let before = scratch.add(turn * rounded_width);
            let after = scratch.add((1 - turn) * rounded_width);
            let new = if projection.is_null() { after } else { raw };
            let mut j = 0;
            while j < hidden {
                panel::<S, G, CHAINS>(a, &of, gates, before, new, j);
                j += S::LANES;
            }
            if !projection.is_null() {
                S::linear(&LinearArgs {
                    input: raw,
                    output: after,
                    residual: core::ptr::null(),
                    pack: projection,
                    inputs: hidden,
                    outputs: width,
                    bf16: false,
                    act: Act::NONE,
                });
            }
            let to = a.output.wrapping_add(t * a.output_strides[0] + d * width * a.output_strides[1]);
            for i in 0..width {
                *to.add(i * a.output_strides[1]) = *after.add(i);
            }
        }
        if !a.last_cell.is_null() {
            for i in 0..hidden {
                *a.last_cell.add(d * a.last_cell_strides[0] + i * a.last_cell_strides[1]) = *cell.add(i);
            }
        }
    }
}

/// A state before the first step: zeros, or what is given.
#[inline(always)]
unsafe fn first(to: *mut f32, from: *const f32, offset: usize, stride: usize, len: usize) {
    for i in 0..len.next_multiple_of(16) {
        // SAFETY: the caller promises `len` elements to read, unless null, and as many as are rounded up to whole vectors to write.
        unsafe { *to.add(i) = if i < len && !from.is_null() { *from.add(offset + i * stride) } else { 0.0 } }
    }
}

/// The states of a vector of hidden elements, from `j` on, after a step.
#[inline(always)]
unsafe fn panel<S: Simd, const G: usize, const CHAINS: usize>(
    a: &RecurrentArgs,
    of: &Direction,
    gates: *const f32,
    before: *const f32,
    after: *mut f32,
    j: usize,
) {
    // SAFETY: the caller's promise, see `layer`; packs and states are padded to whole vectors, gates are not.
    unsafe {
        let mut w = of.panels.add(j * a.width * G);
        let mut acc = [[S::splat(0.0); G]; CHAINS];
        let mut i = 0;
        while i + CHAINS <= a.width {
            for (chain, acc) in acc.iter_mut().enumerate() {
                let h = S::splat(*before.add(i + chain));
                for (g, acc) in acc.iter_mut().enumerate() {
                    *acc = S::fma(h, S::load(w.add((chain * G + g) * S::LANES)), *acc);
                }
            }
            w = w.add(CHAINS * G * S::LANES);
            i += CHAINS;
        }
        for (chain, acc) in acc.iter_mut().enumerate() {
            if i + chain < a.width {
                let h = S::splat(*before.add(i + chain));
                for (g, acc) in acc.iter_mut().enumerate() {
                    *acc = S::fma(h, S::load(w.add((chain * G + g) * S::LANES)), *acc);
                }
            }
        }
        let mut sums = acc[0];
        for acc in &acc[1..] {
            for (sum, chain) in sums.iter_mut().zip(acc) {
                *sum = S::add(*sum, *chain);
            }
        }
        let n = (a.hidden - j).min(S::LANES);
        let mut x = [S::splat(0.0); G];
        for (g, x) in x.iter_mut().enumerate() {
            *x = S::load_first(gates.add(g * a.hidden + j), n);
        }
        let gate = |g: usize| S::add(sums[g], x[g]);
        let h = match G {
            4 => {
                let cell = of.cell.add(j);
                let kept = S::mul(math::sigmoid::<S>(gate(1)), S::load(cell));
                let c = S::fma(math::sigmoid::<S>(gate(0)), math::tanh::<S>(gate(2)), kept);
                S::store(cell, c);
                S::mul(math::sigmoid::<S>(gate(3)), math::tanh::<S>(c))
            }
            3 => {
                let reset = math::sigmoid::<S>(gate(0));
                let update = math::sigmoid::<S>(gate(1));
                let product = S::add(sums[2], S::load(of.bias.add(j)));
                let new = math::tanh::<S>(S::fma(reset, product, x[2]));
                // (1 − z)·n + z·h
                S::fma(update, S::sub(S::load(before.add(j)), new), new)
            }
            _ if a.cell as u32 == CellKind::Relu as u32 => S::max(S::splat(0.0), gate(0)),
            _ => math::tanh::<S>(gate(0)),
        };
        S::store(after.add(j), h);
    }
}
