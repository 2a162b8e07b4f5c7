//! `adaptive_max_pool(size)`: pools a map to `size`, whatever it was, by the maximum of each window.
//!
//! Row i of n over a map of m rows covers rows `floor(i·m/n)` up to and without `ceil((i+1)·m/n)`; columns likewise. PyTorch's `nn.AdaptiveMaxPool2d`.

use super::{Default, Inputs, Kind, Layer, Lowering, Param, window};
use crate::diag::Problem;
use crate::dim;
use crate::graph::Args;
use crate::plan::{Reduce, Windows};
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct AdaptiveMaxPool;

impl Layer for AdaptiveMaxPool {
    const NAME: &'static str = "adaptive_max_pool";
    const ABOUT: &'static str = "maximum of each window, the windows chosen so that the output has the given size";
    const SOURCE: &'static str = "`nn.AdaptiveMaxPool2d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] =
        &[Param { name: "size", kind: Kind::Pair, default: Default::Required, about: "rows x columns of the output" }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, ..] = window::map(Self::NAME, inputs[0])?;
        let [height, width] = args.pair("size");
        Ok(Shape::map(channels, height, width))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let (input, [height, width]) = (inputs[0], args.pair("size"));
        let [channels, in_height, in_width] = input.shape.chw();
        Tensor::from_fn(Shape::map(channels, height, width), |c, y, x| {
            let (rows, columns) = (dim::adaptive(y, height, in_height), dim::adaptive(x, width, in_width));
            let mut best = T::NEG_INFINITY;
            for row in rows {
                for column in columns.clone() {
                    best = window::maximum(best, input.at(c, row, column));
                }
            }
            best
        })
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Pool { reduce: Reduce::Max, windows: Windows::Adaptive }
    }
}
