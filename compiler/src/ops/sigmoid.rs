//! `sigmoid`: `1 / (1 + exp(−x))` of each element, between 0 and 1.

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
