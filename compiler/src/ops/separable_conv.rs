//! `separable_conv(filters, window)`: a depthwise convolution, and a 1x1 convolution that mixes its channels.
//!
//! - Formula: `conv(filters, 1x1)` of `depthwise_conv(window)`: 1/filters + 1/(KH·KW) of the multiply-adds of a whole convolution.
//! - Shapes: `[C, H, W]` to `[F, H', W']`, `[C, L]` to `[F, L']`, as those of `conv`.
//! - Parameters: `depthwise.weight` `[m·C, 1, KH, KW]`, `depthwise.bias` `[m·C]`, `pointwise.weight` `[F, m·C, 1, 1]`, `pointwise.bias`
//!   `[F]`, with m the `multiplier`; `bias = false` leaves both biases out. PyTorch has no such layer: these are the names of a module
//!   with two `nn.Conv2d` (or `nn.Conv1d`, whose weights have an axis less), `depthwise` and `pointwise`. Where a norm or an activation stands between them, write the two layers.
//! - Example: `separable_conv(64, 3x3, pad = 1)` on `[32, 112, 112]` has 320 + 2112 parameters.
//! - Source: Chollet, *Xception: deep learning with depthwise separable convolutions* (2017).
//!
//! It is split into its two layers before anything else is done to a graph.

use super::conv::Conv;
use super::depthwise_conv::DepthwiseConv;
use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight, window};
use crate::diag::Problem;
use crate::graph::{Arg, Args, Padding};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct SeparableConv;

/// The arguments of the two layers.
fn parts(args: &Args) -> (Args, Args) {
    let pointwise = [
        ("window", Arg::Int(1)),
        ("stride", Arg::Int(1)),
        ("pad", Arg::Pad(Padding::Each(0))),
        ("dilation", Arg::Int(1)),
        ("groups", Arg::Int(1)),
        ("round", Arg::Word("exact")),
    ];
    (
        args.with(DepthwiseConv::SIGNATURE.iter().map(|param| param.name), &[]),
        args.with(Conv::SIGNATURE.iter().map(|param| param.name), &pointwise),
    )
}

/// The shape between the two layers.
fn between(args: &Args, inputs: &[&Shape]) -> Shape {
    DepthwiseConv::infer(args, inputs).unwrap_or_else(|problem| unreachable!("inferred before, but {problem}"))
}

impl Layer for SeparableConv {
    const NAME: &'static str = "separable_conv";
    const ABOUT: &'static str = "`depthwise_conv(window)`, then `conv(filters, 1x1)`";
    const SOURCE: &'static str = "Chollet (2017)";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "filters", kind: Kind::Size, default: Default::Required, about: "output channels" },
        window::WINDOW,
        window::STRIDE,
        window::PAD,
        window::DILATION,
        Param { name: "multiplier", kind: Kind::Size, default: Default::Value(Arg::Int(1)), about: "filters of each channel" },
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether biases are added" },
        window::ROUND,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        window::spatial(Self::NAME, inputs[0])?;
        let (depthwise, pointwise) = parts(args);
        let between = DepthwiseConv::infer(&depthwise, inputs)?;
        Conv::infer(&pointwise, &[&between])
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let (depthwise, pointwise) = parts(args);
        let between = DepthwiseConv::infer_sizes(&depthwise, inputs)?;
        let Inferred { sizes, asks } = Conv::infer_sizes(&pointwise, &[&between.sizes])?;
        Some(Inferred { sizes, asks: [between.asks, asks].concat() })
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let (depthwise, pointwise) = parts(args);
        let between = between(&depthwise, inputs);
        let under = |prefix: &str, weight: Weight| {
            let name = match (prefix, &*weight.name) {
                ("depthwise", "weight") => "depthwise.weight",
                ("depthwise", _) => "depthwise.bias",
                (_, "weight") => "pointwise.weight",
                _ => "pointwise.bias",
            };
            Weight { name: name.into(), ..weight }
        };
        let first = DepthwiseConv::parameters(&depthwise, inputs).into_iter().map(|weight| under("depthwise", weight));
        let second = Conv::parameters(&pointwise, &[&between]).into_iter().map(|weight| under("pointwise", weight));
        first.chain(second).collect()
    }

    fn macs(args: &Args, inputs: &[&Shape], output: &Shape) -> u64 {
        let (depthwise, pointwise) = parts(args);
        let between = between(&depthwise, inputs);
        DepthwiseConv::macs(&depthwise, inputs, &between).saturating_add(Conv::macs(&pointwise, &[&between], output))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let (depthwise, pointwise) = parts(args);
        let (first, second) = weights.split_at(weights.len() / 2);
        let between = DepthwiseConv::evaluate(&depthwise, inputs, first);
        Conv::evaluate(&pointwise, &[&between], second)
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        let (depthwise, pointwise) = parts(args);
        Lowering::Parts(vec![("depthwise", DepthwiseConv::NAME, depthwise), ("pointwise", Conv::NAME, pointwise)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{args, counting, evaluate, infer, problem};

    #[test]
    fn it_is_a_depthwise_convolution_and_one_of_1x1() {
        let call = [("filters", Arg::Int(1)), ("window", Arg::Pair([2, 2]))];
        let depthwise = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0];
        let output = evaluate::<SeparableConv>(&call, &[counting(&[2, 2, 2])], &[&depthwise, &[0.0, 0.5], &[10.0, 1.0], &[3.0]]);
        assert_eq!(output.data, [10.0 + 16.5 + 3.0]);
    }

    #[test]
    fn its_parameters_are_named_after_its_two_layers() {
        let call = args::<SeparableConv>(&[("filters", Arg::Int(64)), ("window", Arg::Pair([3, 3]))]);
        let weights = SeparableConv::parameters(&call, &[&Shape::map(32, 112, 112)]);
        let names: Vec<_> = weights.iter().map(|weight| (&*weight.name, weight.shape.len())).collect();
        assert_eq!(
            names,
            [("depthwise.weight", 288), ("depthwise.bias", 32), ("pointwise.weight", 2048), ("pointwise.bias", 64)]
        );
    }

    #[test]
    fn stride_and_padding_are_those_of_the_window() {
        let call = [
            ("filters", Arg::Int(5)),
            ("window", Arg::Pair([3, 3])),
            ("stride", Arg::Pair([2, 2])),
            ("pad", Arg::Pad(Padding::Sides([1; 4]))),
        ];
        assert_eq!(infer::<SeparableConv>(&call, &[Shape::map(3, 7, 7)]), Ok(Shape::map(5, 4, 4)));
        assert!(problem::<SeparableConv>(&call, &[Shape::vector(3)]).starts_with("`separable_conv` reads a map"));
    }
}
