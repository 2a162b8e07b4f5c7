//! `relu`: `max(x, 0)` of each element.
//!
//! A NaN stays a NaN, as in PyTorch. Nair & Hinton, *Rectified linear units improve restricted Boltzmann machines* (2010).

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
