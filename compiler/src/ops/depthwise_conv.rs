//! `depthwise_conv(window)`: each channel has filters of its own, which see no other channel.
//!
//! - Formula: `out[m·c + k, y, x] = bias[m·c + k] + Σ weight[m·c + k, 0, i, j] · in[c, y·stride + i·dilation − pad, …]` for the m filters
//!   k of channel c: `conv(m·C, window, groups = C)`.
//! - Shapes: `[C, H, W]` to `[m·C, H', W']`, `[C, L]` to `[m·C, L']`, sizes as those of `conv`; m is the `multiplier`.
//! - Parameters: `weight` `[m·C, 1, KH, KW]`, on a sequence `[m·C, 1, K]`, and `bias` `[m·C]` unless `bias = false`.
//! - Example: `depthwise_conv(3x3, pad = 1)` takes `[32, 112, 112]` to itself with 320 parameters.
//! - Source: Sifre, *Rigid-motion scattering for image classification* (2014); PyTorch's `nn.Conv2d(C, m·C, window, groups=C)`.

use super::conv::Conv;
use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight, window};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct DepthwiseConv;

/// The arguments of the same convolution in groups.
fn conv(args: &Args, input: &Shape) -> Result<Args, Problem> {
    let ([channels, ..], multiplier) = (input.chw(), args.int("multiplier"));
    let filters = channels.checked_mul(multiplier).ok_or_else(|| {
        Problem::argument(
            "multiplier",
            format!("{multiplier} filters for each of {channels} channels are more than can be counted"),
        )
    })?;
    let own = [("filters", Arg::Int(filters)), ("groups", Arg::Int(channels))];
    Ok(args.with(Conv::SIGNATURE.iter().map(|param| param.name), &own))
}

/// The same, for an input that [`Layer::infer`] has accepted.
fn inferred(args: &Args, input: &Shape) -> Args {
    conv(args, input).unwrap_or_else(|problem| unreachable!("inferred before, but {problem}"))
}

impl Layer for DepthwiseConv {
    const NAME: &'static str = "depthwise_conv";
    const ABOUT: &'static str = "convolution of each channel by itself, with `multiplier` filters";
    const SOURCE: &'static str = "`nn.Conv2d(…, groups=C)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        window::WINDOW,
        window::STRIDE,
        window::PAD,
        window::DILATION,
        Param { name: "multiplier", kind: Kind::Size, default: Default::Value(Arg::Int(1)), about: "filters of each channel" },
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether a bias is added" },
        window::ROUND,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        window::spatial(Self::NAME, inputs[0])?;
        Conv::infer(&conv(args, inputs[0])?, inputs)
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        // Channels are all that the arguments of the convolution depend on.
        let channels = usize::try_from(inputs[0].chw()[0].known()?).ok()?;
        Conv::infer_sizes(&conv(args, &Shape::map(channels, 1, 1)).ok()?, inputs)
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        Conv::parameters(&inferred(args, inputs[0]), inputs)
    }

    fn macs(args: &Args, inputs: &[&Shape], output: &Shape) -> u64 {
        Conv::macs(&inferred(args, inputs[0]), inputs, output)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        Conv::evaluate(&inferred(args, &inputs[0].shape), inputs, weights)
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        Conv::lower(&inferred(args, inputs[0]), inputs, output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{counting, evaluate, infer, n_parameters, problem};

    const WINDOW: (&str, Arg) = ("window", Arg::Pair([2, 2]));

    #[test]
    fn each_channel_is_convolved_by_itself() {
        let input = counting(&[2, 2, 2]);
        let output = evaluate::<DepthwiseConv>(&[WINDOW], &[input], &[&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0], &[0.0, 0.5]]);
        assert_eq!(output.data, [1.0, 16.5]);
    }

    #[test]
    fn a_multiplier_gives_each_channel_several_filters() {
        let call = [WINDOW, ("multiplier", Arg::Int(3)), ("bias", Arg::Flag(false))];
        assert_eq!(infer::<DepthwiseConv>(&call, &[Shape::map(4, 5, 5)]), Ok(Shape::map(12, 4, 4)));
        assert_eq!(n_parameters::<DepthwiseConv>(&call, Shape::map(4, 5, 5)), 48);
    }

    #[test]
    fn mistakes_are_those_of_a_convolution_under_its_own_name() {
        assert!(problem::<DepthwiseConv>(&[WINDOW], &[Shape::vector(3)]).starts_with("`depthwise_conv` reads a map"));
        let strides = problem::<DepthwiseConv>(&[WINDOW, ("stride", Arg::Pair([2, 2]))], &[Shape::map(1, 5, 5)]);
        assert!(strides.starts_with("a 2x2 window with stride 2 does not tile a 5x5 input"), "{strides}");
    }
}
