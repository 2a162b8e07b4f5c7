//! `layer_norm`: all of a value normalised by its own mean and variance.
//!
//! - Formula: `out = weight · (in − μ)/√(σ² + eps) + bias`, μ and σ² being mean and variance of all elements, weight and bias of each its own.
//! - Shapes: `[C, H, W]`, `[C, L]` or `[N]`, unchanged.
//! - Parameters: `weight` and `bias`, as many as elements each, unless `affine = false`; `bias = false` leaves out the latter.
//! - Example: `linear(512) -> layer_norm` has 1024 parameters in the norm.
//! - Source: Ba et al., *Layer normalization* (2016); PyTorch's `nn.LayerNorm` of the value's whole shape, without the batch.

use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight, norm};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct LayerNorm;

impl Layer for LayerNorm {
    const NAME: &'static str = "layer_norm";
    const ABOUT: &'static str = "`weight · (x − μ)/√(σ² + eps) + bias`, over all elements";
    const SOURCE: &'static str = "`nn.LayerNorm`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "eps", kind: Kind::Number, default: Default::Value(Arg::Number(1e-5)), about: "added to the variance" },
        Param {
            name: "affine",
            kind: Kind::Flag,
            default: Default::Value(Arg::Flag(true)),
            about: "whether weight and bias are there",
        },
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether a bias is there" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        norm::check(args)?;
        Ok(inputs[0].clone())
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        if !args.flag("affine") {
            return Vec::new();
        }
        norm::weights(inputs[0], args.flag("bias"))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        norm::evaluate(args.number("eps"), 1, inputs[0], weights)
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        let pixels: usize = inputs[0].chw()[1..].iter().product();
        Lowering::Norm { groups: 1, eps: args.number("eps"), by_element: args.flag("affine") && pixels > 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, n_parameters, problem, tensor};

    const NO_EPS: (&str, Arg) = ("eps", Arg::Number(0.0));

    #[test]
    fn all_of_it_has_mean_0_and_variance_1_and_each_element_its_weight() {
        let input = tensor(&[2, 1, 2], &[1.0, 3.0, 3.0, 1.0]);
        let plain = [NO_EPS, ("affine", Arg::Flag(false))];
        assert_eq!(evaluate::<LayerNorm>(&plain, std::slice::from_ref(&input), &[]).data, [-1.0, 1.0, 1.0, -1.0]);
        let output = evaluate::<LayerNorm>(&[NO_EPS], &[input], &[&[1.0, 2.0, 3.0, 4.0], &[0.0, 0.0, 1.0, 1.0]]);
        assert_eq!(output.data, [-1.0, 2.0, 4.0, -3.0]);
    }

    #[test]
    fn the_bias_may_be_left_out() {
        assert_eq!(n_parameters::<LayerNorm>(&[], Shape::vector(512)), 1024);
        assert_eq!(n_parameters::<LayerNorm>(&[("bias", Arg::Flag(false))], Shape::map(2, 3, 4)), 24);
        assert!(
            problem::<LayerNorm>(&[("eps", Arg::Number(-1.0))], &[Shape::vector(1)]).starts_with("`eps` is added to a variance")
        );
    }
}
