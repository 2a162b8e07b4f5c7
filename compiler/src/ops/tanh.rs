//! `tanh`: the hyperbolic tangent of each element, between −1 and 1.

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
