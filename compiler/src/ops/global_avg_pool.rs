//! `global_avg_pool`: each channel of a map or sequence becomes its mean.
//!
//! - Formula: `out[c] = Σ in[c, y, x] / (H·W)`, as `adaptive_avg_pool(1x1)`.
//! - Shapes: `[C, H, W]` to `[C, 1, 1]`, `[C, L]` to `[C, 1]`; `flatten` makes a vector of it.
//! - Parameters: none.
//! - Example: `global_avg_pool -> flatten -> linear(1000)` ends a classifier for maps of any size.
//! - Source: Lin et al., *Network in network* (2013); PyTorch's `nn.AdaptiveAvgPool2d(1)`.

use super::sizes::{self, Inferred};
use super::{Inputs, Layer, Lowering, Param, pool, window};
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan::{Reduce, Windows};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct GlobalAvgPool;

impl Layer for GlobalAvgPool {
    const NAME: &'static str = "global_avg_pool";
    const ABOUT: &'static str = "mean of each channel";
    const SOURCE: &'static str = "`nn.AdaptiveAvgPool2d(1)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, ..] = window::spatial(Self::NAME, inputs[0])?;
        Ok(inputs[0].resized(channels, [1, 1]))
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let [channels, ..] = inputs[0].chw();
        Some(Inferred::always(inputs[0].resized(channels, [sizes::number(1)?, sizes::number(1)?])))
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        pool::adaptive([1, 1], inputs[0], |elements| pool::mean(elements, elements.len()))
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Pool { reduce: Reduce::Average { count_pad: false }, windows: Windows::Adaptive }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{counting, evaluate, problem};

    #[test]
    fn each_channel_becomes_its_mean() {
        assert_eq!(evaluate::<GlobalAvgPool>(&[], &[counting(&[2, 2, 2])], &[]).data, [2.5, 6.5]);
    }

    #[test]
    fn a_vector_has_no_pixels() {
        assert!(problem::<GlobalAvgPool>(&[], &[Shape::vector(3)]).starts_with("`global_avg_pool` reads a map [C, H, W]"));
    }
}
