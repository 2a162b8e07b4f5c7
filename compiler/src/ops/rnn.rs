//! `rnn(hidden)`: a recurrent layer, whose state at each step is made of the input and of the state before.
//!
//! - Formula: `h_t = tanh(W_ih·x_t + b_ih + W_hh·h_{t−1} + b_hh)`, or `max(…, 0)`; `h_0` is `h0`, or 0.
//! - Shapes: `[L, F]`, time first, to `[L, hidden]`; `[L, 2·hidden]` in both directions.
//! - Parameters, results and other frameworks: see `recurrent`.
//! - Example: `let (y, h) = x -> rnn(16);` takes `[20, 8]` to `[20, 16]` and the last state `[1, 16]`.
//! - Source: Elman, *Finding structure in time* (1990); PyTorch's `nn.RNN`.

use super::recurrent::{self, Options};
use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Results, Weight};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::Cell;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Rnn;

fn options(args: &Args) -> Options {
    Options::of(
        args,
        match args.word("nonlinearity") {
            "relu" => Cell::Relu,
            _ => Cell::Tanh,
        },
        0,
    )
}

impl Layer for Rnn {
    const NAME: &'static str = "rnn";
    const ABOUT: &'static str = "recurrent: `h = tanh(W·x + U·h + b)` at each step";
    const SOURCE: &'static str = "`nn.RNN`";
    const INPUTS: Inputs = Inputs::Named(&["h0"]);
    const SIGNATURE: &'static [Param] = &[
        recurrent::HIDDEN,
        recurrent::LAYERS,
        Param {
            name: "nonlinearity",
            kind: Kind::Word(&["tanh", "relu"]),
            default: Default::Value(Arg::Word("tanh")),
            about: "what is done to the sum",
        },
        recurrent::BIAS,
        recurrent::DROPOUT,
        recurrent::BIDIRECTIONAL,
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
    use crate::ops::testing::{args, evaluate, infer, problem, tensor};

    const HIDDEN: (&str, Arg) = ("hidden", Arg::Int(1));

    #[test]
    fn each_state_is_made_of_the_input_and_the_state_before() {
        let input = tensor(&[3, 2], &[1.0, 0.0, 0.0, 1.0, -1.0, 0.0]);
        let weights: [&[f64]; 4] = [&[2.0, 3.0], &[0.5], &[0.25], &[-0.25]];
        let relu = ("nonlinearity", Arg::Word("relu"));
        let output = evaluate::<Rnn>(&[HIDDEN, relu.clone()], std::slice::from_ref(&input), &weights);
        assert_eq!(output.data, [2.0, 4.0, 0.0]);
        let states = [HIDDEN, relu, ("states", Arg::Flag(true))];
        assert_eq!(evaluate::<Rnn>(&states, std::slice::from_ref(&input), &weights).data, [2.0, 4.0, 0.0, 0.0]);
        let first = 2.0_f64.tanh();
        assert_eq!(evaluate::<Rnn>(&[HIDDEN], &[input], &weights).data[..2], [first, (3.0 + 0.5 * first).tanh()]);
    }

    #[test]
    fn the_state_before_the_first_step_may_be_given() {
        let given = [HIDDEN, ("bias", Arg::Flag(false)), ("nonlinearity", Arg::Word("relu"))];
        let output = evaluate::<Rnn>(&given, &[tensor(&[2, 1], &[1.0, 2.0]), tensor(&[1, 1], &[3.0])], &[&[1.0], &[10.0]]);
        assert_eq!(output.data, [31.0, 312.0]);
        let problem = problem::<Rnn>(&given, &[Shape::sequence(2, 1), Shape::sequence(2, 1)]);
        assert_eq!(problem, "`h0` of this `rnn` is [1, 1]: a row for each layer and direction; but here is [2, 1]");
    }

    #[test]
    fn the_second_direction_starts_at_the_end() {
        let both = [HIDDEN, ("bidirectional", Arg::Flag(true)), ("bias", Arg::Flag(false)), ("nonlinearity", Arg::Word("relu"))];
        let input = tensor(&[2, 1], &[1.0, 2.0]);
        let output = evaluate::<Rnn>(&both, &[input], &[&[1.0], &[10.0], &[1.0], &[100.0]]);
        assert_eq!(output.data, [1.0, 201.0, 12.0, 2.0]);
    }

    #[test]
    fn layers_and_directions_have_pytorchs_names() {
        let given = [("hidden", Arg::Int(3)), ("layers", Arg::Int(2)), ("bidirectional", Arg::Flag(true))];
        let input = Shape::sequence(7, 5);
        let found = Rnn::parameters(&args::<Rnn>(&given), &[&input]);
        let found: Vec<String> = found.iter().map(|weight| format!("{} {}", weight.name, weight.shape)).collect();
        let layer = |layer: usize, inputs: usize| {
            ["", "_reverse"].map(|suffix| {
                let of = format!("l{layer}{suffix}");
                [
                    format!("weight_ih_{of} [3, {inputs}]"),
                    format!("weight_hh_{of} [3, 3]"),
                    format!("bias_ih_{of} [3]"),
                    format!("bias_hh_{of} [3]"),
                ]
            })
        };
        assert_eq!(found, [layer(0, 5), layer(1, 6)].concat().concat());
        assert_eq!(Rnn::macs(&args::<Rnn>(&given), &[&input], &input), 7 * 2 * 3 * ((5 + 3) + (6 + 3)));
    }

    #[test]
    fn a_map_is_made_a_sequence_first() {
        assert_eq!(infer::<Rnn>(&[HIDDEN], &[Shape::sequence(7, 5)]), Ok(Shape::sequence(7, 1)));
        assert_eq!(
            problem::<Rnn>(&[HIDDEN], &[Shape::map(512, 1, 26)]),
            "`rnn` reads a sequence [L, F], but its input is the map [512, 1, 26]\n\
             help: `permute([2, 0, 1]) -> reshape([26, _])` reads the columns of [512, 1, 26] from left to right"
        );
        assert_eq!(problem::<Rnn>(&[HIDDEN], &[Shape::vector(5)]), "`rnn` reads a sequence [L, F], but its input is [5]");
    }

    #[test]
    fn what_cannot_be_is_a_problem() {
        let input = [Shape::sequence(7, 5)];
        assert_eq!(
            problem::<Rnn>(&[HIDDEN, ("dropout", Arg::Number(1.5))], &input),
            "`dropout` is a probability, between 0 and 1, but is 1.5"
        );
        assert_eq!(
            problem::<Rnn>(&[HIDDEN, ("layers", Arg::Int(1000))], &input),
            "1000 layers over one another are more than the 64 that can be"
        );
        assert_eq!(
            problem::<Rnn>(&[("hidden", Arg::Int(1 << 40))], &input),
            "weights of 1099511627776 hidden elements from 5 features have more elements than memory can address"
        );
    }
}
