//! `hard_sigmoid`: the logistic function as three straight lines.
//!
//! - Formula: `out = min(max(in + 3, 0), 6) / 6`, element by element; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `conv(64, 1x1) -> hard_sigmoid` as a gate.
//! - Source: Howard et al., *Searching for MobileNetV3* (2019); PyTorch's `nn.Hardsigmoid`.

use super::activation::Elementwise;
use crate::graph::Args;
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct HardSigmoid;

impl Elementwise for HardSigmoid {
    const NAME: &'static str = "hard_sigmoid";
    const ABOUT: &'static str = "`min(max(x + 3, 0), 6) / 6`";
    const SOURCE: &'static str = "`nn.Hardsigmoid`";

    fn apply<T: Float>(_args: &Args, x: T) -> T {
        cut(x + T::of(3.0)) / T::of(6.0)
    }

    fn activation(_args: &Args) -> Activation {
        Activation::HardSigmoid
    }
}

/// `min(max(x, 0), 6)`
pub(super) fn cut<T: Float>(x: T) -> T {
    let six = T::of(6.0);
    if x < T::ZERO {
        T::ZERO
    } else if x > six {
        six
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_is_cut_below_minus_3_and_above_3() {
        let output = evaluate::<HardSigmoid>(&[], &[tensor(&[5], &[-4.0, -3.0, 0.0, 1.5, 9.0])], &[]).data;
        assert_eq!(output, [0.0, 0.0, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<HardSigmoid>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
