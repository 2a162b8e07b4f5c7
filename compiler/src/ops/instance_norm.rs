//! `instance_norm`: each channel normalised by the image's own mean and variance.
//!
//! - Formula: `out = weight[c] · (in − μ)/√(σ² + eps) + bias[c]`, μ and σ² being mean and variance of channel c; without weights unless `affine`.
//! - Shapes: `[C, H, W]` or `[C, L]` of more than one pixel, unchanged.
//! - Parameters: none; with `affine = true` `weight` and `bias`, `[C]` each.
//! - Example: `conv(32, 9x9, pad = 4) -> instance_norm(affine = true) -> relu`.
//! - Source: Ulyanov et al., *Instance normalization* (2016); PyTorch's `nn.InstanceNorm2d`, and
//!   `nn.InstanceNorm1d` on a sequence.

use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight, norm, window};
use crate::diag::Problem;
use crate::facts::Condition;
use crate::graph::{Arg, Args};
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct InstanceNorm;

impl Layer for InstanceNorm {
    const NAME: &'static str = "instance_norm";
    const ABOUT: &'static str = "`(x − μ)/√(σ² + eps)` of each channel";
    const SOURCE: &'static str = "`nn.InstanceNorm2d`, `nn.InstanceNorm1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        norm::EPS,
        Param {
            name: "affine",
            kind: Kind::Flag,
            default: Default::Value(Arg::Flag(false)),
            about: "whether weight and bias are there",
        },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        norm::check(args)?;
        let [_, height, width] = window::spatial(Self::NAME, inputs[0])?;
        if height == 1 && width == 1 {
            let message = format!("`instance_norm` of {} is 0 everywhere: a channel of one element is its own mean", inputs[0]);
            return Err(Problem::input(0, message).help("`layer_norm` takes mean and variance over all channels"));
        }
        Ok(inputs[0].clone())
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let [channels, height, width] = inputs[0].chw();
        channels.known()?;
        let asks = vec![Condition::at_least(height.times(&width)?, Size::constant(2))];
        Some(Inferred { sizes: inputs[0].clone(), asks })
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        if !args.flag("affine") {
            return Vec::new();
        }
        norm::weights(&Shape::vector(inputs[0].chw()[0]), true)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        norm::evaluate(&norm::lower(inputs[0].shape.chw()[0], args), inputs[0], weights)
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        norm::lower(inputs[0].chw()[0], args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, n_parameters, problem, tensor};

    const NO_EPS: (&str, Arg) = ("eps", Arg::Number(0.0));

    #[test]
    fn each_channel_has_mean_0_and_variance_1() {
        let input = tensor(&[2, 1, 2], &[1.0, 3.0, 0.0, 8.0]);
        assert_eq!(evaluate::<InstanceNorm>(&[NO_EPS], std::slice::from_ref(&input), &[]).data, [-1.0, 1.0, -1.0, 1.0]);
        let affine = [NO_EPS, ("affine", Arg::Flag(true))];
        assert_eq!(evaluate::<InstanceNorm>(&affine, &[input], &[&[1.0, 2.0], &[0.0, 1.0]]).data, [-1.0, 1.0, -1.0, 3.0]);
        assert_eq!(n_parameters::<InstanceNorm>(&affine, Shape::map(4, 2, 2)), 8);
    }

    #[test]
    fn one_pixel_is_a_problem() {
        assert!(problem::<InstanceNorm>(&[], &[Shape::map(4, 1, 1)]).starts_with("`instance_norm` of [4, 1, 1] is 0 everywhere"));
    }
}
