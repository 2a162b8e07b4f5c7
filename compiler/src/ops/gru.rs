//! `gru(hidden)`: gated recurrent units, a recurrent layer whose gates mix the state before with a new one.
//!
//! - Formula: `r = σ(W_ir·x_t + b_ir + W_hr·h_{t−1} + b_hr)`, `z` alike, `n = tanh(W_in·x_t + b_in + r·(W_hn·h_{t−1} + b_hn))`,
//!   `h_t = (1 − z)·n + z·h_{t−1}`; `h_0` is `h0`, or 0. The rows of the weights are those of r, z and n.
//! - Shapes: `[L, F]`, time first, to `[L, hidden]`; `[L, 2·hidden]` in both directions.
//! - Parameters, results and other frameworks: see `recurrent`.
//! - Example: `let (y, h) = x -> gru(32, bidirectional = true);` takes `[20, 8]` to `[20, 64]` and the last states `[2, 32]`.
//! - Source: Cho et al., *Learning phrase representations using RNN encoder-decoder* (2014), with the reset gate where PyTorch's
//!   `nn.GRU` has it.

use super::recurrent::{self, Options};
use super::sizes::Inferred;
use super::{Inputs, Layer, Lowering, Param, Results, Weight};
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan::Cell;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Gru;

fn options(args: &Args) -> Options {
    Options::of(args, Cell::Gru, 0)
}

impl Layer for Gru {
    const NAME: &'static str = "gru";
    const ABOUT: &'static str = "gated recurrent units: recurrent, with a reset and an update gate";
    const SOURCE: &'static str = "`nn.GRU`";
    const INPUTS: Inputs = Inputs::Named(&["h0"]);
    const SIGNATURE: &'static [Param] =
        &[recurrent::HIDDEN, recurrent::LAYERS, recurrent::BIAS, recurrent::DROPOUT, recurrent::BIDIRECTIONAL, recurrent::STATES];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        recurrent::infer(Self::NAME, args, &options(args), inputs)
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        recurrent::infer_sizes(&options(args), inputs)
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        recurrent::parameters(&options(args), inputs[0])
    }

    fn macs(args: &Args, inputs: &[&Shape], _output: &Shape) -> u64 {
        recurrent::macs(&options(args), inputs[0])
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        recurrent::evaluate(&options(args), inputs, weights)
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        recurrent::lower(&options(args))
    }

    fn results(args: &Args, inputs: &[&Shape], _output: &Shape) -> Option<Results> {
        Some(recurrent::results(args, &options(args), inputs[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn the_reset_gate_scales_the_state_with_its_bias() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let input = tensor(&[2, 1], &[1.0, 0.0]);
        let weights: [&[f64]; 4] = [&[1.0, 2.0, 3.0], &[0.1, 0.2, 0.3], &[0.0, 0.0, 0.5], &[0.0, 0.0, 0.25]];
        let output = evaluate::<Gru>(&[("hidden", Arg::Int(1))], &[input], &weights);
        let state = |x: f64, h: f64| {
            let (r, z) = (sigmoid(x + 0.1 * h), sigmoid(2.0 * x + 0.2 * h));
            (1.0 - z) * (3.0 * x + 0.5 + r * (0.3 * h + 0.25)).tanh() + z * h
        };
        let expected = [state(1.0, 0.0), state(0.0, state(1.0, 0.0))];
        let close = output.data.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15);
        assert!(close, "{:?} {expected:?}", output.data);
    }
}
