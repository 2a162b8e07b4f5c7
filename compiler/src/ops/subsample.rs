//! `subsample(stride)`: every `stride`-th row and column of a map, the first ones included.
//!
//! - Formula: `out[c, y, x] = in[c, y·stride, x·stride]`.
//! - Shapes: `[C, H, W]` to `[C, ceil(H/stride), ceil(W/stride)]`, `[C, L]` to `[C, ceil(L/stride)]`.
//! - Parameters: none.
//! - Example: `subsample(2) -> pad_channels(8)` takes `[16, 32, 32]` to `[32, 16, 16]`: a shortcut without parameters.
//! - Source: He et al., *Deep residual learning for image recognition* (2015), section 4.2, option A; PyTorch's `x[:, :, ::2, ::2]`.

use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, window};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Subsample;

impl Layer for Subsample {
    const NAME: &'static str = "subsample";
    const ABOUT: &'static str = "every `stride`-th row and column, or position of a sequence";
    const SOURCE: &'static str = "`x[:, :, ::s, ::s]`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[Param {
        name: "stride",
        kind: Kind::Pair,
        default: Default::Required,
        about: "distance between rows and between columns",
    }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, height, width] = window::spatial(Self::NAME, inputs[0])?;
        let [down, across] = args.pair("stride");
        Ok(inputs[0].resized(channels, [height.div_ceil(down), width.div_ceil(across)]))
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let ([channels, height, width], [down, across]) = (inputs[0].chw(), args.pair("stride"));
        let every = |n: Size, stride: usize| n.ceil_div(i64::try_from(stride).ok()?);
        Some(Inferred::always(inputs[0].resized(channels, [every(height, down)?, every(width, across)?])))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let (input, [down, across]) = (inputs[0], args.pair("stride"));
        let [channels, height, width] = input.shape.chw();
        Tensor::from_fn(input.shape.resized(channels, [height.div_ceil(down), width.div_ceil(across)]), |c, y, x| {
            input.at(c, y * down, x * across)
        })
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        // A stride beyond the map leaves one row: as large as the map is enough, and cannot overflow an address.
        let ([down, across], [_, height, width]) = (args.pair("stride"), inputs[0].chw());
        Lowering::Subsample([down.min(height), across.min(width)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{args, counting, evaluate};

    fn stride(down: usize, across: usize) -> (&'static str, Arg) {
        ("stride", Arg::Pair([down, across]))
    }

    #[test]
    fn every_second_row_and_column_from_the_first_one_on() {
        assert_eq!(evaluate::<Subsample>(&[stride(2, 2)], &[counting(&[1, 3, 3])], &[]).data, [1.0, 3.0, 7.0, 9.0]);
        assert_eq!(evaluate::<Subsample>(&[stride(1, 2)], &[counting(&[1, 2, 4])], &[]).data, [1.0, 3.0, 5.0, 7.0]);
    }

    #[test]
    fn a_stride_beyond_the_map_leaves_its_first_row() {
        let (args, input, output) = (args::<Subsample>(&[stride(usize::MAX, 1)]), Shape::map(1, 3, 3), Shape::map(1, 1, 3));
        assert_eq!(Subsample::infer(&args, &[&input]), Ok(output.clone()));
        assert_eq!(Subsample::lower(&args, &[&input], &output), Lowering::Subsample([3, 1]));
    }
}
