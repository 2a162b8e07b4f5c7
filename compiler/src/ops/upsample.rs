//! `upsample(scale)`: a map enlarged by a whole factor.
//!
//! - Formula: nearest: the element at `floor(y · H/H')`, in whole numbers (PyTorch's f32 may round a whole result down). Bilinear: the mean, by
//!   their distances, of the four around `max((y + 1/2) · H/H' − 1/2, 0)`, or with `align_corners` around `y · (H − 1)/(H' − 1)`.
//! - Shapes: `[C, H, W]` to `[C, H·down, W·across]`.
//! - Parameters: none.
//! - Example: `upsample(2)` takes `[64, 14, 14]` to `[64, 28, 28]`.
//! - Source: Odena et al., *Deconvolution and checkerboard artifacts* (2016); PyTorch's `nn.Upsample(scale_factor=…)`.

use super::{Default, Inputs, Kind, Layer, Lowering, Param, resample, window};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Upsample;

impl Layer for Upsample {
    const NAME: &'static str = "upsample";
    const ABOUT: &'static str = "a map enlarged by whole factors, by its nearest elements or mixed of four";
    const SOURCE: &'static str = "`nn.Upsample`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "scale", kind: Kind::Pair, default: Default::Required, about: "factors, down and across" },
        resample::MODE,
        resample::ALIGN_CORNERS,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        resample::check(args)?;
        let ([channels, height, width], [down, across]) = (window::map(Self::NAME, inputs[0])?, args.pair("scale"));
        match (height.checked_mul(down), width.checked_mul(across)) {
            (Some(height), Some(width)) => Ok(Shape::map(channels, height, width)),
            _ => Err(Problem::argument("scale", "the enlarged map is larger than can be counted")),
        }
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let ([_, height, width], [down, across]) = (inputs[0].shape.chw(), args.pair("scale"));
        resample::evaluate(args, inputs[0], [height * down, width * across])
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        resample::lower(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{evaluate, problem, tensor};

    const TWICE: (&str, Arg) = ("scale", Arg::Pair([1, 2]));
    const BILINEAR: (&str, Arg) = ("mode", Arg::Word("bilinear"));

    #[test]
    fn nearest_repeats_elements() {
        let output = evaluate::<Upsample>(&[("scale", Arg::Pair([2, 1]))], &[tensor(&[1, 1, 2], &[1.0, 2.0])], &[]);
        assert_eq!(output.data, [1.0, 2.0, 1.0, 2.0]);
    }

    #[test]
    fn bilinear_keeps_edges_or_corners() {
        let input = tensor(&[1, 1, 2], &[0.0, 3.0]);
        assert_eq!(evaluate::<Upsample>(&[TWICE, BILINEAR], std::slice::from_ref(&input), &[]).data, [0.0, 0.75, 2.25, 3.0]);
        let aligned = [TWICE, BILINEAR, ("align_corners", Arg::Flag(true))];
        assert_eq!(evaluate::<Upsample>(&aligned, &[input], &[]).data, [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn corners_are_aligned_only_where_elements_are_mixed() {
        assert!(
            problem::<Upsample>(&[TWICE, ("align_corners", Arg::Flag(true))], &[Shape::map(1, 2, 2)])
                .ends_with("`mode = bilinear`")
        );
    }
}
