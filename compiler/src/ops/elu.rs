//! `elu`: negative elements approach a bound exponentially.
//!
//! - Formula: `out = in` where it is positive, `alpha · (exp(in) − 1)` elsewhere, element by element; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `conv(64, 3x3, pad = 1) -> elu`.
//! - Source: Clevert et al., *Fast and accurate deep network learning by exponential linear units* (2016); PyTorch's `nn.ELU`.

use super::activation::Elementwise;
use super::{Default, Kind, Param};
use crate::graph::{Arg, Args};
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct Elu;

impl Elementwise for Elu {
    const NAME: &'static str = "elu";
    const ABOUT: &'static str = "`x` where positive, else `alpha · (exp(x) − 1)`";
    const SOURCE: &'static str = "`nn.ELU`";
    const SIGNATURE: &'static [Param] = &[Param {
        name: "alpha",
        kind: Kind::Number,
        default: Default::Value(Arg::Number(1.0)),
        about: "bound of what is negative, its sign turned",
    }];

    fn apply<T: Float>(args: &Args, x: T) -> T {
        if x > T::ZERO { x } else { T::of(args.number("alpha")) * x.exp_m1() }
    }

    fn activation(args: &Args) -> Activation {
        Activation::Elu { alpha: args.number("alpha") as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn negatives_approach_minus_alpha() {
        let input = tensor(&[4], &[-1000.0, -(2.0_f64.ln()), 0.0, 3.0]);
        let output = evaluate::<Elu>(&[("alpha", Arg::Number(0.5))], &[input], &[]).data;
        for (found, expected) in output.iter().zip([-0.5, -0.25, 0.0, 3.0]) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Elu>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
