//! `lstm(hidden)`: long short-term memory, a recurrent layer whose cells keep what its gates let them.
//!
//! - Formula, with gates `i, f, g, o = W_ih·x_t + b_ih + W_hh·h_{t−1} + b_hh` in this order: `c_t = σ(f)·c_{t−1} + σ(i)·tanh(g)`,
//!   `h_t = σ(o)·tanh(c_t)`, and `W_hr` times that where `proj_size` is given; `h_0` and `c_0` are `h0` and
//!   `c0`, or 0.
//! - Shapes: `[L, F]`, time first, to `[L, hidden]`; `[L, 2·hidden]` in both directions.
//! - Parameters, results and other frameworks: see `recurrent`.
//! - Example: `let (y, h, c) = x -> lstm(64, layers = 2, bidirectional = true);`, where `y` alone is `x -> lstm(…)`.
//! - Source: Hochreiter & Schmidhuber, *Long short-term memory* (1997); Sak, Senior & Beaufays (2014) for the projection; PyTorch's
//!   `nn.LSTM`.

use super::recurrent::{self, Options};
use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Results, Weight};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::Cell;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Lstm;

fn options(args: &Args) -> Options {
    Options::of(args, Cell::Lstm, args.int("proj_size"))
}

impl Layer for Lstm {
    const NAME: &'static str = "lstm";
    const ABOUT: &'static str = "long short-term memory: recurrent, with cells and gates";
    const SOURCE: &'static str = "`nn.LSTM`";
    const INPUTS: Inputs = Inputs::Named(&["h0", "c0"]);
    const SIGNATURE: &'static [Param] = &[
        recurrent::HIDDEN,
        recurrent::LAYERS,
        recurrent::BIAS,
        recurrent::DROPOUT,
        recurrent::BIDIRECTIONAL,
        Param {
            name: "proj_size",
            kind: Kind::Count,
            default: Default::Value(Arg::Int(0)),
            about: "elements that a state is projected to; 0 where it is not",
        },
        recurrent::STATES,
    ];

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
    use crate::ops::testing::{args, evaluate, infer, n_parameters, problem, tensor};

    const HIDDEN: (&str, Arg) = ("hidden", Arg::Int(1));

    #[test]
    fn gates_come_in_the_order_i_f_g_o() {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let input = tensor(&[2, 1], &[1.0, 0.0]);
        let weights: [&[f64]; 4] = [&[1.0, 2.0, 3.0, 4.0], &[0.0; 4], &[0.5, 0.0, 0.0, 0.0], &[0.0, -0.5, 0.0, 0.0]];
        let output = evaluate::<Lstm>(&[HIDDEN, ("states", Arg::Flag(true))], &[input], &weights);
        let first = sigmoid(1.5) * 3.0_f64.tanh();
        let second = sigmoid(-0.5) * first;
        let expected = [sigmoid(4.0) * first.tanh(), 0.5 * second.tanh(), 0.5 * second.tanh(), second];
        let close = output.data.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15);
        assert!(close, "{:?} {expected:?}", output.data);
    }

    #[test]
    fn a_projection_makes_states_shorter_but_not_cells() {
        let given = [("hidden", Arg::Int(8)), ("proj_size", Arg::Int(3)), ("bidirectional", Arg::Flag(true))];
        let input = Shape::sequence(7, 5);
        assert_eq!(infer::<Lstm>(&given, std::slice::from_ref(&input)), Ok(Shape::sequence(7, 6)));
        let with_states = [&given[..], &[("states", Arg::Flag(true))]].concat();
        assert_eq!(infer::<Lstm>(&with_states, std::slice::from_ref(&input)), Ok(Shape::vector(7 * 6 + 2 * 3 + 2 * 8)));
        assert_eq!(n_parameters::<Lstm>(&given, input.clone()), 2 * (32 * 5 + 32 * 3 + 2 * 32 + 3 * 8));
        assert_eq!(Lstm::macs(&args::<Lstm>(&given), &[&input], &input), 7 * 2 * (32 * 5 + 32 * 3 + 3 * 8));
        assert_eq!(
            problem::<Lstm>(&[("hidden", Arg::Int(8)), ("proj_size", Arg::Int(8))], &[input]),
            "a state of 8 elements is not projected to 8\nhelp: `proj_size` is less than `hidden`, and 0 for none"
        );
    }
}
