//! `prelu`: negative elements are scaled by a learned factor.
//!
//! - Formula: `out = in` where it is positive, `weight · in` elsewhere, element by element; a NaN stays one.
//! - Shapes: `[C, H, W]`, `[C, L]` or `[C]`, unchanged.
//! - Parameters: `weight`, `[1]`: one for all channels, as `nn.PReLU()` has it; or with `per_channel = true` `[C]`, as `nn.PReLU(C)` has it.
//! - Example: `conv(64, 3x3, pad = 1) -> prelu(per_channel = true)` learns 64 factors.
//! - Source: He et al., *Delving deep into rectifiers* (2015); PyTorch's `nn.PReLU`.

use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::Init;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Prelu;

impl Layer for Prelu {
    const NAME: &'static str = "prelu";
    const ABOUT: &'static str = "`x` where positive, else `weight · x`; one weight, or one per channel";
    const SOURCE: &'static str = "`nn.PReLU`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[Param {
        name: "per_channel",
        kind: Kind::Flag,
        default: Default::Value(Arg::Flag(false)),
        about: "whether each channel has a weight of its own",
    }];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        Ok(inputs[0].clone())
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        inputs[0].chw()[0].known()?;
        Some(Inferred::same(inputs[0]))
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let len = if args.flag("per_channel") { inputs[0].chw()[0] } else { 1 };
        vec![Weight { name: "weight".into(), shape: Shape::vector(len), init: Init::Constant(0.25), learned: true }]
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let (input, slopes) = (inputs[0], &weights[0].data);
        Tensor::from_fn(input.shape.clone(), |c, y, x| {
            let value = input.at(c, y, x);
            let slope = slopes[if slopes.len() == 1 { 0 } else { c }];
            if value < T::ZERO { slope * value } else { value }
        })
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Prelu { per_channel: args.flag("per_channel") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, n_parameters, tensor};

    #[test]
    fn one_weight_scales_every_negative_element() {
        let output = evaluate::<Prelu>(&[], &[tensor(&[2, 1, 2], &[-1.0, 2.0, -4.0, 0.0])], &[&[0.5]]);
        assert_eq!(output.data, [-0.5, 2.0, -2.0, 0.0]);
    }

    #[test]
    fn each_channel_may_have_its_own() {
        let input = tensor(&[2, 1, 2], &[-1.0, 2.0, -4.0, 0.0]);
        let output = evaluate::<Prelu>(&[("per_channel", Arg::Flag(true))], &[input], &[&[0.5, -0.25]]);
        assert_eq!(output.data, [-0.5, 2.0, 1.0, 0.0]);
        assert_eq!(n_parameters::<Prelu>(&[("per_channel", Arg::Flag(true))], Shape::map(64, 3, 3)), 64);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Prelu>(&[], &[tensor(&[1], &[f64::NAN])], &[&[0.5]]).data[0].is_nan());
    }
}
