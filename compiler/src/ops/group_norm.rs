//! `group_norm(groups)`: groups of channels normalised by the image's own mean and variance.
//!
//! - Formula: `out = weight[c] · (in − μ)/√(σ² + eps) + bias[c]`, μ and σ² being mean and variance of all elements of the group of channel c.
//! - Shapes: `[C, H, W]`, `[C, L]` or `[C]`, unchanged; the groups divide the channels.
//! - Parameters: `weight` and `bias`, `[C]` each, unless `affine = false`.
//! - Example: `group_norm(32)` on `[64, 56, 56]` has 128 parameters.
//! - Source: Wu & He, *Group normalization* (2018); PyTorch's `nn.GroupNorm`.

use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight, norm};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct GroupNorm;

impl Layer for GroupNorm {
    const NAME: &'static str = "group_norm";
    const ABOUT: &'static str = "`weight · (x − μ)/√(σ² + eps) + bias`, by groups of channels";
    const SOURCE: &'static str = "`nn.GroupNorm`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "groups", kind: Kind::Size, default: Default::Required, about: "groups of channels" },
        norm::EPS,
        norm::AFFINE,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        norm::check(args)?;
        let ([channels, ..], groups) = (inputs[0].chw(), args.int("groups"));
        if !channels.is_multiple_of(groups) {
            let message = format!("{groups} groups do not divide {channels} channels");
            let below = (1..groups.min(channels)).rev().take(1 << 16).find(|count| channels.is_multiple_of(*count));
            let problem = Problem::argument("groups", message);
            return Err(match below {
                Some(count) => problem.help(format!("`groups = {count}` would do")),
                None => problem,
            });
        }
        Ok(inputs[0].clone())
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        inputs[0].chw()[0].known()?;
        Some(Inferred::same(inputs[0]))
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        if !args.flag("affine") {
            return Vec::new();
        }
        norm::weights(&Shape::vector(inputs[0].chw()[0]), true)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        norm::evaluate(&norm::lower(args.int("groups"), args), inputs[0], weights)
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        let channels = inputs[0].chw()[0];
        norm::lower(args.int("groups").min(channels), args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{evaluate, n_parameters, problem, tensor};

    const NO_EPS: (&str, Arg) = ("eps", Arg::Number(0.0));

    #[test]
    fn each_group_has_mean_0_and_variance_1() {
        let input = tensor(&[4, 1, 2], &[1.0, 3.0, 1.0, 3.0, 0.0, 8.0, 0.0, 8.0]);
        let affine = [[1.0, 2.0, 1.0, 1.0], [0.0, 0.0, 0.0, 5.0]];
        let output = evaluate::<GroupNorm>(&[("groups", Arg::Int(2)), NO_EPS], &[input], &[&affine[0], &affine[1]]);
        assert_eq!(output.data, [-1.0, 1.0, -2.0, 2.0, -1.0, 1.0, 4.0, 6.0]);
    }

    #[test]
    fn groups_divide_channels() {
        assert_eq!(n_parameters::<GroupNorm>(&[("groups", Arg::Int(32))], Shape::map(64, 56, 56)), 128);
        assert_eq!(
            problem::<GroupNorm>(&[("groups", Arg::Int(5))], &[Shape::map(6, 2, 2)]),
            "5 groups do not divide 6 channels\nhelp: `groups = 3` would do"
        );
    }
}
