//! `gelu`: elements times the share of a normal distribution below them.
//!
//! - Formula: `out = in · Φ(in)` with `Φ(x) = (1 + erf(x/√2))/2`, element by element; with `approximate = tanh`
//!   `out = in/2 · (1 + tanh(√(2/π) · (in + 0.044715·in³)))`. A NaN stays one, and −∞ becomes 0 (PyTorch makes a NaN of it).
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `linear(4096) -> gelu`.
//! - Source: Hendrycks & Gimpel, *Gaussian error linear units* (2016); PyTorch's `nn.GELU`.

use super::activation::Elementwise;
use super::{Default, Kind, Param};
use crate::graph::{Arg, Args};
use crate::plan::Activation;
use crate::tensor::Float;

/// See the module.
pub struct Gelu;

impl Elementwise for Gelu {
    const NAME: &'static str = "gelu";
    const ABOUT: &'static str = "`x · Φ(x)`, Φ that of the normal distribution; or by `tanh`";
    const SOURCE: &'static str = "`nn.GELU`";
    const SIGNATURE: &'static [Param] = &[Param {
        name: "approximate",
        kind: Kind::Word(&["none", "tanh"]),
        default: Default::Value(Arg::Word("none")),
        about: "`tanh` for the approximation of the paper's second section",
    }];

    fn apply<T: Float>(args: &Args, x: T) -> T {
        if x == T::NEG_INFINITY {
            return T::ZERO;
        }
        let half = T::of(0.5);
        match args.word("approximate") {
            "tanh" => {
                let inner = T::of(std::f64::consts::FRAC_2_PI.sqrt()) * (x + T::of(0.044715) * x * x * x);
                x * half * (T::of(1.0) + inner.tanh())
            }
            _ => x * half * (T::of(1.0) + (x * T::of(std::f64::consts::FRAC_1_SQRT_2)).erf()),
        }
    }

    fn activation(args: &Args) -> Activation {
        match args.word("approximate") {
            "tanh" => Activation::GeluTanh,
            _ => Activation::Gelu,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn it_is_x_times_the_share_of_a_normal_distribution_below_x() {
        let output = evaluate::<Gelu>(&[], &[tensor(&[4], &[0.0, 1.0, -1.0, 100.0])], &[]).data;
        // Φ(1) from tables.
        let share = 0.841_344_746_068_543;
        for (found, expected) in output.iter().zip([0.0, share, share - 1.0, 100.0]) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }

    #[test]
    fn the_approximation_is_near() {
        let input = tensor(&[5], &[-3.0, -1.0, 0.5, 1.0, 3.0]);
        let exact = evaluate::<Gelu>(&[], std::slice::from_ref(&input), &[]).data;
        let by_tanh = evaluate::<Gelu>(&[("approximate", Arg::Word("tanh"))], &[input], &[]).data;
        assert_ne!(exact, by_tanh);
        assert!(exact.iter().zip(&by_tanh).all(|(a, b)| (a - b).abs() < 5e-4), "{exact:?} {by_tanh:?}");
    }

    #[test]
    fn a_nan_stays_a_nan() {
        assert!(evaluate::<Gelu>(&[], &[tensor(&[1], &[f64::NAN])], &[]).data[0].is_nan());
    }
}
