//! `resize(size)`: a map or sequence at another size.
//!
//! - Formula: nearest: the element at `floor(y · H/H')`, in whole numbers (PyTorch's f32 may round a whole result down). Bilinear: the mean, by
//!   their distances, of the four around `max((y + 1/2) · H/H' − 1/2, 0)`, or with `align_corners` around `y · (H − 1)/(H' − 1)`.
//!   Linear: the same of the two elements around a place of a sequence.
//! - Shapes: `[C, H, W]` to `[C, rows, columns]`, `[C, L]` to `[C, size]`, larger or smaller.
//! - Parameters: none.
//! - Example: `resize(28x28, mode = bilinear)` takes `[64, 13, 13]` to `[64, 28, 28]`.
//! - Source: PyTorch's `nn.Upsample(size=…)`, `F.interpolate` without antialiasing.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, resample, window};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Resize;

impl Layer for Resize {
    const NAME: &'static str = "resize";
    const ABOUT: &'static str = "a map or sequence at another size, by its nearest elements or mixed of those around";
    const SOURCE: &'static str = "`nn.Upsample(size=…)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "size", kind: Kind::Pair, default: Default::Required, about: "rows x columns of the output" },
        resample::MODE,
        resample::ALIGN_CORNERS,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, ..] = window::spatial(Self::NAME, inputs[0])?;
        resample::check(args, inputs[0])?;
        Ok(inputs[0].resized(channels, args.pair("size")))
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let [channels, ..] = inputs[0].chw();
        let [height, width] = args.pair("size");
        Some(Inferred::always(inputs[0].resized(channels, [sizes::number(height)?, sizes::number(width)?])))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        resample::evaluate(args, inputs[0], args.pair("size"))
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

    #[test]
    fn nearest_takes_the_element_whose_part_a_place_lies_in() {
        let output = evaluate::<Resize>(&[("size", Arg::Pair([1, 5]))], &[tensor(&[1, 1, 3], &[1.0, 2.0, 3.0])], &[]);
        assert_eq!(output.data, [1.0, 1.0, 2.0, 2.0, 3.0]);
    }

    #[test]
    fn a_vector_has_no_size() {
        assert!(problem::<Resize>(&[("size", Arg::Pair([1, 5]))], &[Shape::vector(3)]).starts_with("`resize` reads a map"));
    }
}
