//! `log_softmax`: the logarithm of `softmax`, as losses and scores of sequences want it.
//!
//! - Formula: `out[c] = in[c] − m − ln Σ exp(in[k] − m)` over channels k, with m their maximum, so that nothing overflows.
//! - Shapes: a vector `[N]`, over all of it, a map `[C, H, W]`, pixel by pixel, or a sequence `[C, L]`, position by position; unchanged.
//!   By default over the first axis, PyTorch's `dim=1` behind the batch; `axis = -1` is over the last one: the features of a sequence
//!   of L steps by F features.
//! - Parameters: none.
//! - Example: `linear(10) -> log_softmax` gives the logarithms of the probabilities of ten classes.
//! - Source: Bridle, *Probabilistic interpretation of feedforward classification network outputs* (1990); PyTorch's
//!   `nn.LogSoftmax(dim=1)`.

use super::{Inputs, Layer, Lowering, Param, axes, softmax};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct LogSoftmax;

impl Layer for LogSoftmax {
    const NAME: &'static str = "log_softmax";
    const ABOUT: &'static str = "`x − ln Σ exp(x)` over channels, at each pixel or position";
    const SOURCE: &'static str = "`nn.LogSoftmax(dim=1)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[softmax::AXIS];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        axes::resolve(Self::NAME, "axis", args.axis("axis"), inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        softmax::shifted(inputs[0], softmax::axis(args, &inputs[0].shape), |difference, sum| difference - sum.ln())
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Softmax { axis: axes::of_map(inputs[0], softmax::axis(args, inputs[0])), log: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::softmax::Softmax;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_is_the_logarithm_of_softmax() {
        let input = tensor(&[3, 1, 2], &[0.0, 2.0, 5.0, -1.0, 0.5, 0.25]);
        let logarithms = evaluate::<LogSoftmax>(&[], std::slice::from_ref(&input), &[]).data;
        for (found, expected) in logarithms.iter().zip(evaluate::<Softmax>(&[], &[input], &[]).data) {
            assert!((found - expected.ln()).abs() < 1e-14, "{found} {}", expected.ln());
        }
    }

    #[test]
    fn what_is_unlikely_keeps_its_logarithm() {
        assert_eq!(evaluate::<LogSoftmax>(&[], &[tensor(&[2], &[-1e4, 1e4])], &[]).data, [-2e4, 0.0]);
    }
}
