//! `softmax`: positive numbers that sum to one over the channels of each pixel.
//!
//! - Formula: `out[c] = exp(in[c] − m) / Σ exp(in[k] − m)` over channels k, with m their maximum, so that nothing overflows.
//! - Shapes: a vector `[N]`, over all of it, a map `[C, H, W]`, pixel by pixel, or a sequence `[C, L]`, position by position; unchanged.
//!   Always the first axis, PyTorch's `dim=1` behind the batch; of a sequence of L steps by F features that is over the steps.
//! - Parameters: none.
//! - Example: `linear(10) -> softmax` gives the probabilities of ten classes.
//! - Source: Bridle, *Probabilistic interpretation of feedforward classification network outputs* (1990); PyTorch's `nn.Softmax(dim=1)`.

use super::{Inputs, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Softmax;

/// A function of each element's difference from the largest of its pixel, and of the sum of the exponentials of these.
pub fn shifted<T: Float>(input: &Tensor<T>, f: impl Fn(T, T) -> T) -> Tensor<T> {
    let [channels, ..] = input.shape.chw();
    Tensor::from_fn(input.shape.clone(), |c, y, x| {
        let pixel = (0..channels).map(|c| input.at(c, y, x));
        let largest = pixel.clone().fold(T::NEG_INFINITY, |a, b| if b > a { b } else { a });
        let mut sum = T::ZERO;
        for value in pixel {
            sum += (value - largest).exp();
        }
        f(input.at(c, y, x) - largest, sum)
    })
}

impl Layer for Softmax {
    const NAME: &'static str = "softmax";
    const ABOUT: &'static str = "`exp(x) / Σ exp(x)` over channels, at each pixel or position";
    const SOURCE: &'static str = "`nn.Softmax(dim=1)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        Ok(inputs[0].clone())
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        shifted(inputs[0], |difference, sum| difference.exp() / sum)
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Softmax { log: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn over_a_vector_it_sums_to_one_and_keeps_ratios() {
        let output = evaluate::<Softmax>(&[], &[tensor(&[3], &[0.0, 2.0_f64.ln(), 5.0_f64.ln()])], &[]).data;
        for (found, expected) in output.iter().zip([0.125, 0.25, 0.625]) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn over_a_map_it_is_taken_at_each_pixel() {
        let output = evaluate::<Softmax>(&[], &[tensor(&[2, 1, 2], &[1.0, 7.0, 1.0, 7.0])], &[]);
        assert_eq!(output.data, [0.5; 4]);
    }

    #[test]
    fn large_values_do_not_overflow() {
        assert_eq!(evaluate::<Softmax>(&[], &[tensor(&[2], &[1e4, 1e4])], &[]).data, [0.5, 0.5]);
        assert_eq!(evaluate::<Softmax>(&[], &[tensor(&[2], &[-1e4, 1e4])], &[]).data, [0.0, 1.0]);
    }
}
