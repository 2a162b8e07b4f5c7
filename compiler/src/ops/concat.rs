//! `concat(a, b, …)`: the channels of maps of one height and width after one another; of vectors, their elements.
//!
//! Szegedy et al., *Going deeper with convolutions* (2014); PyTorch's `torch.cat(…, dim=1)`.

use super::{Inputs, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Concat;

impl Layer for Concat {
    const NAME: &'static str = "concat";
    const ABOUT: &'static str = "channels of maps of one height and width after one another";
    const SOURCE: &'static str = "`torch.cat(…, dim=1)`";
    const INPUTS: Inputs = Inputs::Many;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let mut shape = inputs[0].clone();
        for (position, input) in inputs.iter().enumerate().skip(1) {
            if input.0[1..] != shape.0[1..] {
                return Err(Problem::input(
                    position,
                    format!("`concat` joins channels of maps of one height and width, but they are {} and {input}", inputs[0]),
                ));
            }
            let sum = shape.0[0].checked_add(input.0[0]);
            shape.0[0] = sum.ok_or_else(|| Problem::layer("the channels are more than can be counted"))?;
        }
        Ok(shape)
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let mut shape = inputs[0].shape.clone();
        shape.0[0] = inputs.iter().map(|input| input.shape.0[0]).sum();
        // Channels are the slowest axis, so the elements only follow one another.
        Tensor { shape, data: inputs.iter().flat_map(|input| &input.data).copied().collect() }
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Concat
    }
}
