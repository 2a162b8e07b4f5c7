//! `batch_norm`: each channel shifted and scaled by its running mean and variance.
//!
//! - Formula: `out = weight · (in − running_mean)/√(running_var + eps) + bias`, each of them one number per channel.
//! - Shapes: `[C, H, W]`, `[C, L]` or `[C]`, unchanged.
//! - Parameters: `weight` and `bias`, `[C]` each, unless `affine = false`. `running_mean` and `running_var` are in the state dict, too, but
//!   are not learned; PyTorch's `num_batches_tracked` is not read.
//! - Example: `batch_norm(eps = 1e-3)` on `[64, 56, 56]` has 128 parameters.
//! - Source: Ioffe & Szegedy, *Batch normalization* (2015); PyTorch's `nn.BatchNorm2d`, and `nn.BatchNorm1d` on a sequence or
//!   a vector, when predicting.

use super::sizes::Inferred;
use super::{Inputs, Layer, Lowering, Param, Weight, norm};
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan::Init;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct BatchNorm;

impl Layer for BatchNorm {
    const NAME: &'static str = "batch_norm";
    const ABOUT: &'static str = "`weight · (x − running_mean)/√(running_var + eps) + bias`, per channel";
    const SOURCE: &'static str = "`nn.BatchNorm2d`, `nn.BatchNorm1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[norm::EPS, norm::AFFINE];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        norm::check(args)?;
        Ok(inputs[0].clone())
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        inputs[0].chw()[0].known()?;
        Some(Inferred::same(inputs[0]))
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let [channels, ..] = inputs[0].chw();
        let weight = |name: &'static str, value, learned| Weight {
            name: name.into(),
            shape: Shape::vector(channels),
            init: Init::Constant(value),
            learned,
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{args, evaluate, n_parameters, problem, tensor};

    #[test]
    fn each_channel_is_shifted_and_scaled_by_its_statistics() {
        let input = tensor(&[2, 1, 2], &[3.0, 5.0, 1.0, 1.0]);
        let [weight, bias, mean, variance] = [[1.0, 2.0], [0.0, 10.0], [3.0, 0.0], [4.0, 0.25]];
        let zero = || ("eps", Arg::Number(0.0));
        let output = evaluate::<BatchNorm>(&[zero()], std::slice::from_ref(&input), &[&weight, &bias, &mean, &variance]);
        assert_eq!(output.data, [0.0, 1.0, 14.0, 14.0]);
        let output = evaluate::<BatchNorm>(&[zero(), ("affine", Arg::Flag(false))], &[input], &[&mean, &variance]);
        assert_eq!(output.data, [0.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn eps_is_added_to_the_variance_before_the_root() {
        let output =
            evaluate::<BatchNorm>(&[("eps", Arg::Number(3.0))], &[tensor(&[1], &[4.0])], &[&[1.0], &[0.0], &[0.0], &[1.0]]);
        assert_eq!(output.data, [2.0]);
    }

    #[test]
    fn two_parameters_per_channel_are_learned_and_two_statistics_are_kept() {
        let weights = BatchNorm::parameters(&args::<BatchNorm>(&[]), &[&Shape::map(64, 8, 8)]);
        let names: Vec<_> = weights.iter().map(|weight| (&*weight.name, weight.shape.len(), weight.learned)).collect();
        assert_eq!(names, [("weight", 64, true), ("bias", 64, true), ("running_mean", 64, false), ("running_var", 64, false)]);
        assert_eq!(n_parameters::<BatchNorm>(&[("affine", Arg::Flag(false))], Shape::map(64, 8, 8)), 0);
    }

    #[test]
    fn a_negative_eps_is_a_problem() {
        assert_eq!(
            problem::<BatchNorm>(&[("eps", Arg::Number(-1.0))], &[Shape::vector(1)]),
            "`eps` is added to a variance before its root is taken, but -1 is negative\nhelp: PyTorch's is `eps = 1e-5`"
        );
    }
}
