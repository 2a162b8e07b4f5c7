//! `pad_channels(before, after)`: channels of zeros before and after those of a map.
//!
//! - Formula: `out[c, y, x] = in[c − before, y, x]`, zero where there is no such channel.
//! - Shapes: `[C, H, W]` to `[before + C + after, H, W]`, `[C, L]` to `[before + C + after, L]`; `after` is `before` where it is not written.
//! - Parameters: none.
//! - Example: `subsample(2) -> pad_channels(8)` takes `[16, 32, 32]` to `[32, 16, 16]`: a shortcut without parameters.
//! - Source: He et al., *Deep residual learning for image recognition* (2015), section 4.2, option A; PyTorch's
//!   `F.pad(x, (0, 0, 0, 0, before, after))`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, window};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct PadChannels;

impl Layer for PadChannels {
    const NAME: &'static str = "pad_channels";
    const ABOUT: &'static str = "channels of zeros before and after";
    const SOURCE: &'static str = "`F.pad(x, (0, 0, 0, 0, before, after))`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "before", kind: Kind::Count, default: Default::Required, about: "channels of zeros before the map's" },
        Param { name: "after", kind: Kind::Count, default: Default::Of("before"), about: "channels of zeros after the map's" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, sides @ ..] = window::spatial(Self::NAME, inputs[0])?;
        let sum = channels.checked_add(args.int("before")).and_then(|sum| sum.checked_add(args.int("after")));
        match sum {
            Some(channels) => Ok(inputs[0].resized(channels, sides)),
            None => Err(Problem::layer("the channels are more than can be counted")),
        }
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let [channels, height, width] = inputs[0].chw();
        let more = sizes::number(args.int("before").checked_add(args.int("after"))?)?;
        Some(Inferred::always(inputs[0].resized(channels.plus(&more)?, [height, width])))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let (input, before, after) = (inputs[0], args.int("before"), args.int("after"));
        let [channels, sides @ ..] = input.shape.chw();
        Tensor::from_fn(input.shape.resized(before + channels + after, sides), |c, y, x| match c.checked_sub(before) {
            Some(c) if c < channels => input.at(c, y, x),
            _ => T::ZERO,
        })
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::PadChannels { before: args.int("before") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{counting, evaluate, infer, problem};

    const BEFORE: (&str, Arg) = ("before", Arg::Int(1));

    #[test]
    fn zeros_stand_before_and_after_as_many_unless_said_otherwise() {
        let input = counting(&[2, 1, 1]);
        assert_eq!(evaluate::<PadChannels>(&[BEFORE], std::slice::from_ref(&input), &[]).data, [0.0, 1.0, 2.0, 0.0]);
        assert_eq!(evaluate::<PadChannels>(&[BEFORE, ("after", Arg::Int(0))], &[input], &[]).data, [0.0, 1.0, 2.0]);
    }

    #[test]
    fn the_shortcut_of_resnet_20_from_16_to_32_channels() {
        assert_eq!(infer::<PadChannels>(&[("before", Arg::Int(8))], &[Shape::map(16, 16, 16)]), Ok(Shape::map(32, 16, 16)));
    }

    #[test]
    fn channels_that_cannot_be_counted_are_a_problem() {
        let problem = problem::<PadChannels>(&[("before", Arg::Int(usize::MAX))], &[Shape::map(16, 16, 16)]);
        assert_eq!(problem, "the channels are more than can be counted");
    }
}
