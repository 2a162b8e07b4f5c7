//! `softmax`: `exp(x − m) / Σ exp(x − m)` over the channels of each pixel, with m their maximum, so that nothing overflows.
//!
//! Shapes: a vector (over all of it) or a map (over channels, pixel by pixel), unchanged. PyTorch's `nn.Softmax(dim=1)`.

use super::{Inputs, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Softmax;

impl Layer for Softmax {
    const NAME: &'static str = "softmax";
    const ABOUT: &'static str = "`exp(x) / Σ exp(x)` over channels, at each pixel";
    const SOURCE: &'static str = "`nn.Softmax(dim=1)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        Ok(inputs[0].clone())
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let input = inputs[0];
        let [channels, ..] = input.shape.chw();
        Tensor::from_fn(input.shape.clone(), |c, y, x| {
            let pixel = (0..channels).map(|c| input.at(c, y, x));
            let largest = pixel.clone().fold(T::NEG_INFINITY, |a, b| if b > a { b } else { a });
            let mut sum = T::ZERO;
            for value in pixel {
                sum += (value - largest).exp();
            }
            (input.at(c, y, x) - largest).exp() / sum
        })
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Softmax
    }
}
