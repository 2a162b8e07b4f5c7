//! `linear(outputs)`: a fully connected layer on a vector, or on each step of a sequence.
//!
//! - Formula: `out[o] = bias[o] + Σ weight[o, i] · in[i]`.
//! - Shapes: `[N]` to `[outputs]`; a sequence `[L, N]` to `[L, outputs]`, the last axis being that of the vectors.
//! - Parameters: `weight` `[outputs, N]`, and `bias` `[outputs]` unless `bias = false`.
//! - Example: `linear(4)` takes `[7]` to `[4]` with 32 parameters.
//! - Source: Rosenblatt, *The perceptron* (1958); PyTorch's `nn.Linear`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight};
use crate::diag::Problem;
use crate::dim;
use crate::graph::{Arg, Args};
use crate::plan::Init;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Linear;

impl Layer for Linear {
    const NAME: &'static str = "linear";
    const ABOUT: &'static str = "fully connected: `out = weight · in + bias`";
    const SOURCE: &'static str = "`nn.Linear`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "outputs", kind: Kind::Size, default: Default::Required, about: "length of the output" },
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether a bias is added" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let outputs = args.int("outputs");
        let (&[len] | &[_, len]) = inputs[0].0.as_slice() else {
            let sizes = &inputs[0].0;
            let product = sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("·");
            let len = dim::product(sizes.iter().copied()).map(|len| format!(": it makes {product} = {len} elements of the map"));
            return Err(Problem::input(0, format!("`linear` reads a vector [N], but its input is the map {}", inputs[0]))
                .help(format!("write `flatten` before it{}", len.unwrap_or_default())));
        };
        match dim::product([outputs, len]) {
            Some(_) => Ok(output(inputs[0], outputs)),
            None => Err(Problem::argument(
                "outputs",
                format!("a weight of [{outputs}, {len}] has more elements than memory can address"),
            )),
        }
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        // The weight has a column for each element of the last axis; there may be any number of steps.
        match inputs[0].0.as_slice() {
            [steps, len] if len.known().is_some() => {
                Some(Inferred::always(Sizes(vec![steps.clone(), sizes::number(args.int("outputs"))?])))
            }
            _ => None,
        }
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let (outputs, fan_in) = (args.int("outputs"), columns(inputs[0]));
        let mut weights =
            vec![Weight { name: "weight".into(), shape: Shape(vec![outputs, fan_in]), init: Init::He { fan_in }, learned: true }];
        if args.flag("bias") {
            weights.push(Weight { name: "bias".into(), shape: Shape::vector(outputs), init: Init::Constant(0.0), learned: true });
        }
        weights
    }

    fn macs(_args: &Args, inputs: &[&Shape], output: &Shape) -> u64 {
        (columns(inputs[0]) as u64).saturating_mul(output.len() as u64)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let (outputs, columns) = (args.int("outputs"), columns(&inputs[0].shape));
        let mut data = Vec::new();
        for input in inputs[0].data.chunks(columns) {
            for o in 0..outputs {
                let mut sum = if args.flag("bias") { weights[1].data[o] } else { T::ZERO };
                for (&value, &weight) in input.iter().zip(&weights[0].data[o * columns..]) {
                    sum += weight * value;
                }
                data.push(sum);
            }
        }
        Tensor { shape: output(&inputs[0].shape, outputs), data }
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        let bias = args.flag("bias");
        match inputs[0].as_vector() {
            Some(_) => Lowering::Linear { bias },
            None => Lowering::Rows { bias },
        }
    }
}

/// The last axis: columns of the weight.
fn columns(input: &Shape) -> usize {
    input.0.last().copied().unwrap_or(1)
}

/// The shape with another last axis.
fn output(input: &Shape, outputs: usize) -> Shape {
    let mut sizes = input.0.clone();
    sizes.pop();
    sizes.push(outputs);
    Shape(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{args, evaluate, n_parameters, problem, tensor};

    const OUTPUTS: (&str, Arg) = ("outputs", Arg::Int(4));

    #[test]
    fn from_7_to_4_it_has_32_parameters_and_28_multiply_adds() {
        let input = Shape::vector(7);
        assert_eq!(n_parameters::<Linear>(&[OUTPUTS], input.clone()), 32);
        assert_eq!(n_parameters::<Linear>(&[OUTPUTS, ("bias", Arg::Flag(false))], input.clone()), 28);
        assert_eq!(Linear::macs(&args::<Linear>(&[OUTPUTS]), &[&input], &Shape::vector(4)), 28);
    }

    #[test]
    fn each_output_is_a_row_of_the_weight_times_the_input_and_the_bias() {
        let two = ("outputs", Arg::Int(2));
        let input = tensor(&[3], &[1.0, 2.0, 3.0]);
        let output = evaluate::<Linear>(&[two], &[input], &[&[1.0, 0.0, 0.0, 1.0, 1.0, 1.0], &[10.0, 20.0]]);
        assert_eq!(output.data, [11.0, 26.0]);
    }

    #[test]
    fn each_step_of_a_sequence_is_a_vector() {
        let input = tensor(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let output = evaluate::<Linear>(&[("outputs", Arg::Int(1))], &[input], &[&[1.0, 1.0, -1.0], &[10.0]]);
        assert_eq!((output.shape, output.data), (Shape(vec![2, 1]), vec![10.0, 13.0]));
        let input = Shape(vec![5, 7]);
        assert_eq!(n_parameters::<Linear>(&[OUTPUTS], input.clone()), 32);
        assert_eq!(Linear::macs(&args::<Linear>(&[OUTPUTS]), &[&input], &Shape(vec![5, 4])), 5 * 28);
    }

    #[test]
    fn a_map_must_be_flattened_first() {
        assert_eq!(
            problem::<Linear>(&[OUTPUTS], &[Shape::map(16, 5, 5)]),
            "`linear` reads a vector [N], but its input is the map [16, 5, 5]\n\
             help: write `flatten` before it: it makes 16·5·5 = 400 elements of the map"
        );
    }

    #[test]
    fn a_weight_that_no_memory_holds_is_a_problem() {
        assert_eq!(
            problem::<Linear>(&[("outputs", Arg::Int(1 << 40))], &[Shape::vector(1 << 40)]),
            "a weight of [1099511627776, 1099511627776] has more elements than memory can address"
        );
    }
}
