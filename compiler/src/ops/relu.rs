//! `relu`: negative elements become zero.
//!
//! - Formula: `out = max(in, 0)`, element by element; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `conv(64, 3x3, pad = 1) -> relu`.
//! - Source: Nair & Hinton, *Rectified linear units improve restricted Boltzmann machines* (2010); PyTorch's `nn.ReLU`.

use super::activation::Elementwise;
use crate::graph::Args;
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct Relu;

impl Elementwise for Relu {
    const NAME: &'static str = "relu";
    const ABOUT: &'static str = "`max(x, 0)`";
    const SOURCE: &'static str = "`nn.ReLU`";

    fn apply<T: Float>(_args: &Args, x: T) -> T {
        if x < T::ZERO { T::ZERO } else { x }
    }

    fn activation(_args: &Args) -> Activation {
        Activation::Relu
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn negatives_become_zero() {
        let input = tensor(&[4], &[-2.0, 0.0, 3.0, f64::INFINITY]);
        let output = evaluate::<Relu>(&[], &[input], &[]).data;
        assert_eq!(output, [0.0, 0.0, 3.0, f64::INFINITY]);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Relu>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
