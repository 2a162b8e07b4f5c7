//! `upsample(scale)`: a map or sequence enlarged by a whole factor.
//!
//! - Formula: nearest: the element at `floor(y · H/H')`, in whole numbers (PyTorch's f32 may round a whole result down). Bilinear: the mean, by
//!   their distances, of the four around `max((y + 1/2) · H/H' − 1/2, 0)`, or with `align_corners` around `y · (H − 1)/(H' − 1)`.
//!   Linear: the same of the two elements around a place of a sequence.
//! - Shapes: `[C, H, W]` to `[C, H·down, W·across]`, `[C, L]` to `[C, L·scale]`.
//! - Parameters: none.
//! - Example: `upsample(2)` takes `[64, 14, 14]` to `[64, 28, 28]`.
//! - Source: Odena et al., *Deconvolution and checkerboard artifacts* (2016); PyTorch's `nn.Upsample(scale_factor=…)`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, resample, window};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Upsample;

impl Layer for Upsample {
    const NAME: &'static str = "upsample";
    const ABOUT: &'static str = "a map or sequence enlarged by whole factors, by its nearest elements or mixed of those around";
    const SOURCE: &'static str = "`nn.Upsample`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "scale", kind: Kind::Pair, default: Default::Required, about: "factors, down and across" },
        resample::MODE,
        resample::ALIGN_CORNERS,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let ([channels, height, width], [down, across]) = (window::spatial(Self::NAME, inputs[0])?, args.pair("scale"));
        resample::check(args, inputs[0])?;
        match (height.checked_mul(down), width.checked_mul(across)) {
            (Some(height), Some(width)) => Ok(inputs[0].resized(channels, [height, width])),
            _ => Err(Problem::argument("scale", "what is enlarged is larger than can be counted")),
        }
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let ([channels, height, width], [down, across]) = (inputs[0].chw(), args.pair("scale"));
        let scaled = [height.times(&sizes::number(down)?)?, width.times(&sizes::number(across)?)?];
        Some(Inferred::always(inputs[0].resized(channels, scaled)))
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
    fn a_sequence_is_mixed_linearly() {
        let (twice, input) = (("scale", Arg::Int(2)), tensor(&[1, 2], &[0.0, 3.0]));
        let linear = ("mode", Arg::Word("linear"));
        let output = evaluate::<Upsample>(&[twice.clone(), linear.clone()], std::slice::from_ref(&input), &[]);
        assert_eq!((output.shape, output.data), (Shape::sequence(1, 4), vec![0.0, 0.75, 2.25, 3.0]));
        assert_eq!(
            problem::<Upsample>(&[twice.clone(), BILINEAR], &[Shape::sequence(1, 2)]),
            "`mode = bilinear` does not mix the two elements around a place of a sequence\nhelp: write `mode = linear`"
        );
        assert_eq!(
            problem::<Upsample>(&[twice, linear], &[Shape::map(1, 2, 2)]),
            "`mode = linear` does not mix the four elements around a place of a map\nhelp: write `mode = bilinear`"
        );
    }

    #[test]
    fn corners_are_aligned_only_where_elements_are_mixed() {
        assert!(
            problem::<Upsample>(&[TWICE, ("align_corners", Arg::Flag(true))], &[Shape::map(1, 2, 2)])
                .ends_with("`mode = bilinear`")
        );
    }
}
