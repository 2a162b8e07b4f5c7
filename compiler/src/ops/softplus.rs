//! `softplus`: a smooth `relu`.
//!
//! - Formula: `out = ln(1 + exp(beta · in)) / beta`, element by element, and `in` itself where `beta · in > threshold`; a NaN stays one.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `linear(1) -> softplus` gives a positive number.
//! - Source: Dugas et al., *Incorporating second-order functional knowledge for better option pricing* (2001); PyTorch's `nn.Softplus`.

use super::activation::Elementwise;
use super::{Default, Kind, Param};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct Softplus;

impl Elementwise for Softplus {
    const NAME: &'static str = "softplus";
    const ABOUT: &'static str = "`ln(1 + exp(beta · x)) / beta`; `x` where `beta · x > threshold`";
    const SOURCE: &'static str = "`nn.Softplus`";
    const SIGNATURE: &'static [Param] = &[
        Param {
            name: "beta",
            kind: Kind::Number,
            default: Default::Value(Arg::Number(1.0)),
            about: "how sharply it bends, not 0",
        },
        Param {
            name: "threshold",
            kind: Kind::Number,
            default: Default::Value(Arg::Number(20.0)),
            about: "from where on it is `x`",
        },
    ];

    fn check(args: &Args) -> Result<(), Problem> {
        match args.number("beta") as f32 {
            0.0 => Err(Problem::argument("beta", "`softplus` divides by `beta`, which is 0").help("PyTorch's is `beta = 1`")),
            _ => Ok(()),
        }
    }

    fn apply<T: Float>(args: &Args, x: T) -> T {
        let beta = T::of(args.number("beta"));
        let y = beta * x;
        if y > T::of(args.number("threshold")) {
            return x;
        }
        // ln(1 + exp(y)) without an overflow: ln(1 + exp(−|y|)), and y more where it is positive.
        let (above, magnitude) = if y > T::ZERO { (y, y) } else { (T::ZERO, T::ZERO - y) };
        (above + (T::ZERO - magnitude).exp().ln_1p()) / beta
    }

    fn activation(args: &Args) -> Activation {
        Activation::Softplus { beta: args.number("beta") as f32, threshold: args.number("threshold") as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_bends_at_0_and_is_x_beyond_the_threshold() {
        let output = evaluate::<Softplus>(&[], &[tensor(&[4], &[0.0, 21.0, -1000.0, 3.0_f64.ln()])], &[]).data;
        for (found, expected) in output.iter().zip([2.0_f64.ln(), 21.0, 0.0, 4.0_f64.ln()]) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn beta_and_threshold_may_be_given() {
        let args = [("beta", Arg::Number(2.0)), ("threshold", Arg::Number(1.0))];
        let output = evaluate::<Softplus>(&args, &[tensor(&[2], &[0.0, 0.6])], &[]).data;
        assert_eq!(output, [2.0_f64.ln() / 2.0, 0.6]);
    }

    #[test]
    fn a_beta_of_0_is_a_problem() {
        assert_eq!(
            crate::ops::testing::problem::<Softplus>(&[("beta", Arg::Number(0.0))], &[crate::shape::Shape::vector(1)]),
            "`softplus` divides by `beta`, which is 0\nhelp: PyTorch's is `beta = 1`"
        );
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Softplus>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
