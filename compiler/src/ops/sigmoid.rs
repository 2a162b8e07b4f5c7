//! `sigmoid`: elements are squeezed between 0 and 1.
//!
//! - Formula: `out = 1/(1 + exp(−in))`, element by element; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `linear(1) -> sigmoid` gives the probability of one class.
//! - Source: Rumelhart et al., *Learning representations by back-propagating errors* (1986); PyTorch's `nn.Sigmoid`.

use super::activation::Elementwise;
use crate::graph::Args;
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct Sigmoid;

impl Elementwise for Sigmoid {
    const NAME: &'static str = "sigmoid";
    const ABOUT: &'static str = "`1 / (1 + exp(−x))`";
    const SOURCE: &'static str = "`nn.Sigmoid`";

    fn apply<T: Float>(_args: &Args, x: T) -> T {
        T::of(1.0) / (T::of(1.0) + (T::ZERO - x).exp())
    }

    fn activation(_args: &Args) -> Activation {
        Activation::Sigmoid
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_is_a_half_at_0_and_saturates_without_overflow() {
        let input = tensor(&[3], &[0.0, 1000.0, -1000.0]);
        let output = evaluate::<Sigmoid>(&[], &[input], &[]).data;
        assert_eq!(output, [0.5, 1.0, 0.0]);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Sigmoid>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
