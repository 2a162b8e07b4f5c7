//! `leaky_relu`: negative elements are scaled down.
//!
//! - Formula: `out = in` where it is positive, `slope · in` elsewhere, element by element; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `leaky_relu(slope = 0.1)` takes −2 to −0.2.
//! - Source: Maas et al., *Rectifier nonlinearities improve neural network acoustic models* (2013); PyTorch's `nn.LeakyReLU`.

use super::activation::Elementwise;
use super::{Default, Kind, Param};
use crate::graph::{Arg, Args};
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct LeakyRelu;

impl Elementwise for LeakyRelu {
    const NAME: &'static str = "leaky_relu";
    const ABOUT: &'static str = "`x` where positive, else `slope · x`";
    const SOURCE: &'static str = "`nn.LeakyReLU`";
    const SIGNATURE: &'static [Param] = &[Param {
        name: "slope",
        kind: Kind::Number,
        default: Default::Value(Arg::Number(0.01)),
        about: "factor of what is negative",
    }];

    fn apply<T: Float>(args: &Args, x: T) -> T {
        if x > T::ZERO { x } else { T::of(args.number("slope")) * x }
    }

    fn activation(args: &Args) -> Activation {
        Activation::LeakyRelu { slope: args.number("slope") as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn negatives_become_a_hundredth() {
        let input = tensor(&[3], &[-2.0, 0.0, 3.0]);
        let output = evaluate::<LeakyRelu>(&[], &[input], &[]).data;
        assert_eq!(output, [-0.02, 0.0, 3.0]);
    }

    #[test]
    fn its_slope_may_be_given() {
        let output = evaluate::<LeakyRelu>(&[("slope", Arg::Number(0.5))], &[tensor(&[2], &[-2.0, 2.0])], &[]);
        assert_eq!(output.data, [-1.0, 2.0]);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<LeakyRelu>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
