//! `batch_norm`: `γ · (x − μ)/√(σ² + ε) + β`, with the running mean μ and variance σ² of each channel.
//!
//! Shapes: a map or a vector, unchanged. Parameters: γ (`weight`) and β (`bias`), one each per channel, unless `affine = false`;
//! the running statistics are in the state dict, too, but are not learned. PyTorch's `num_batches_tracked` is not read.
//! Ioffe & Szegedy, *Batch normalization* (2015); PyTorch's `nn.BatchNorm2d` and `nn.BatchNorm1d` when predicting.

use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::Init;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct BatchNorm;

impl Layer for BatchNorm {
    const NAME: &'static str = "batch_norm";
    const ABOUT: &'static str = "`weight · (x − running_mean)/√(running_var + eps) + bias`, per channel";
    const SOURCE: &'static str = "`nn.BatchNorm2d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "eps", kind: Kind::Number, default: Default::Value(Arg::Number(1e-5)), about: "added to the variance" },
        Param {
            name: "affine",
            kind: Kind::Flag,
            default: Default::Value(Arg::Flag(true)),
            about: "whether weight and bias are there",
        },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let eps = args.number("eps");
        if eps < 0.0 {
            return Err(Problem::argument(
                "eps",
                format!("`eps` is added to a variance before its root is taken; {eps} is negative"),
            ));
        }
        Ok(inputs[0].clone())
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let [channels, ..] = inputs[0].chw();
        let weight = |name, value, learned| Weight { name, shape: Shape::vector(channels), init: Init::Constant(value), learned };
        let mut weights = Vec::new();
        if args.flag("affine") {
            weights.extend([weight("weight", 1.0, true), weight("bias", 0.0, true)]);
        }
        weights.extend([weight("running_mean", 0.0, false), weight("running_var", 1.0, false)]);
        weights
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let (input, eps) = (inputs[0], T::of(args.number("eps")));
        let (affine, statistics) = weights.split_at(weights.len() - 2);
        Tensor::from_fn(input.shape.clone(), |c, y, x| {
            let normal = (input.at(c, y, x) - statistics[0].data[c]) / (statistics[1].data[c] + eps).sqrt();
            match affine {
                [weight, bias] => normal * weight.data[c] + bias.data[c],
                _ => normal,
            }
        })
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::BatchNorm { eps: args.number("eps"), affine: args.flag("affine") }
    }
}
