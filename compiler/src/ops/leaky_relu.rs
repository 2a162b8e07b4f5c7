//! `leaky_relu`: `x` where it is positive, `slope · x` elsewhere, of each element.
//!
//! A NaN stays a NaN, as in PyTorch. Maas et al., *Rectifier nonlinearities improve neural network acoustic models* (2013).

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
