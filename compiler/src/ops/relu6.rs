//! `relu6`: `min(max(x, 0), 6)` of each element.
//!
//! A NaN stays a NaN, as in PyTorch. Krizhevsky, *Convolutional deep belief networks on CIFAR-10* (2010).

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
