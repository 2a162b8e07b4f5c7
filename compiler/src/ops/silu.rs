//! `silu`: elements times their own logistic function.
//!
//! - Formula: `out = in / (1 + exp(−in))`, element by element; a NaN stays one, and −∞ becomes −0 (PyTorch makes a NaN of it).
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `conv(32, 3x3, pad = 1) -> batch_norm -> silu`.
//! - Source: Elfwing et al., *Sigmoid-weighted linear units for neural network function approximation in reinforcement learning* (2018), also
//!   known as swish; PyTorch's `nn.SiLU`.

use super::activation::Elementwise;
use crate::graph::Args;
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct Silu;

impl Elementwise for Silu {
    const NAME: &'static str = "silu";
    const ABOUT: &'static str = "`x / (1 + exp(−x))`";
    const SOURCE: &'static str = "`nn.SiLU`";

    fn apply<T: Float>(_args: &Args, x: T) -> T {
        if x == T::NEG_INFINITY {
            return T::ZERO;
        }
        x / (T::of(1.0) + (T::ZERO - x).exp())
    }

    fn activation(_args: &Args) -> Activation {
        Activation::Silu
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_is_about_x_far_up_and_about_0_far_down() {
        let output = evaluate::<Silu>(&[], &[tensor(&[4], &[0.0, 1000.0, -1000.0, 3.0_f64.ln()])], &[]).data;
        assert_eq!(output[..3], [0.0, 1000.0, 0.0]);
        assert!((output[3] - 0.75 * 3.0_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Silu>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
