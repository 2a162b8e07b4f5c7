//! `hard_swish`: elements times a logistic function of straight lines.
//!
//! - Formula: `out = in · min(max(in + 3, 0), 6) / 6`, element by element; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `conv(16, 3x3, stride = 2, pad = 1) -> batch_norm -> hard_swish`.
//! - Source: Howard et al., *Searching for MobileNetV3* (2019); PyTorch's `nn.Hardswish`.

use super::activation::Elementwise;
use super::hard_sigmoid::cut;
use crate::graph::Args;
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct HardSwish;

impl Elementwise for HardSwish {
    const NAME: &'static str = "hard_swish";
    const ABOUT: &'static str = "`x · min(max(x + 3, 0), 6) / 6`";
    const SOURCE: &'static str = "`nn.Hardswish`";

    fn apply<T: Float>(_args: &Args, x: T) -> T {
        x * (cut(x + T::of(3.0)) / T::of(6.0))
    }

    fn activation(_args: &Args) -> Activation {
        Activation::HardSwish
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_is_0_below_minus_3_and_x_above_3() {
        let output = evaluate::<HardSwish>(&[], &[tensor(&[5], &[-4.0, -3.0, 0.0, 1.5, 9.0])], &[]).data;
        assert_eq!(output, [0.0, 0.0, 0.0, 1.125, 9.0]);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<HardSwish>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
