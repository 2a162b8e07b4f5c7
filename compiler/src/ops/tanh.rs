//! `tanh`: elements are squeezed between −1 and 1.
//!
//! - Formula: `out = tanh(in)`, element by element; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `conv(6, 5x5) -> tanh -> avg_pool(2x2)`.
//! - Source: LeCun et al., *Efficient backprop* (1998); PyTorch's `nn.Tanh`.

use super::activation::Elementwise;
use crate::graph::Args;
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct Tanh;

impl Elementwise for Tanh {
    const NAME: &'static str = "tanh";
    const ABOUT: &'static str = "`tanh x`";
    const SOURCE: &'static str = "`nn.Tanh`";

    fn apply<T: Float>(_args: &Args, x: T) -> T {
        x.tanh()
    }

    fn activation(_args: &Args) -> Activation {
        Activation::Tanh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_is_0_at_0_and_saturates() {
        let input = tensor(&[3], &[0.0, 1000.0, -1000.0]);
        let output = evaluate::<Tanh>(&[], &[input], &[]).data;
        assert_eq!(output, [0.0, 1.0, -1.0]);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Tanh>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
