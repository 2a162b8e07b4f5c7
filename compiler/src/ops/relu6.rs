//! `relu6`: elements are cut at 0 and 6.
//!
//! - Formula: `out = min(max(in, 0), 6)`, element by element; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `conv(32, 3x3, pad = 1) -> batch_norm -> relu6`.
//! - Source: Krizhevsky, *Convolutional deep belief networks on CIFAR-10* (2010); PyTorch's `nn.ReLU6`.

use super::activation::Elementwise;
use crate::graph::Args;
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct Relu6;

impl Elementwise for Relu6 {
    const NAME: &'static str = "relu6";
    const ABOUT: &'static str = "`min(max(x, 0), 6)`";
    const SOURCE: &'static str = "`nn.ReLU6`";

    fn apply<T: Float>(_args: &Args, x: T) -> T {
        let six = T::of(6.0);
        if x < T::ZERO {
            T::ZERO
        } else if x > six {
            six
        } else {
            x
        }
    }

    fn activation(_args: &Args) -> Activation {
        Activation::Relu6
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_is_cut_at_0_and_6() {
        let input = tensor(&[5], &[-2.0, 0.0, 3.0, 6.0, 7.0]);
        let output = evaluate::<Relu6>(&[], &[input], &[]).data;
        assert_eq!(output, [0.0, 0.0, 3.0, 6.0, 6.0]);
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Relu6>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
