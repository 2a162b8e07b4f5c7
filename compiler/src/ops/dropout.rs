//! `dropout`: nothing when predicting; when training, each element is zeroed with probability `p`.
//!
//! - Formula: `out = in`.
//! - Shapes: any, unchanged.
//! - Parameters: none.
//! - Example: `linear(4096) -> relu -> dropout(p = 0.2)`.
//! - Source: Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting* (2014); PyTorch's `nn.Dropout`.

use super::{Default, Inputs, Kind, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Dropout;

impl Layer for Dropout {
    const NAME: &'static str = "dropout";
    const ABOUT: &'static str = "nothing when predicting";
    const SOURCE: &'static str = "`nn.Dropout`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[Param {
        name: "p",
        kind: Kind::Number,
        default: Default::Value(Arg::Number(0.5)),
        about: "probability with which training zeroes an element",
    }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let p = args.number("p");
        if !(0.0..=1.0).contains(&p) {
            return Err(Problem::argument("p", format!("`p` is a probability, between 0 and 1, but is {p}")));
        }
        Ok(inputs[0].clone())
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        inputs[0].clone()
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{counting, evaluate, infer};

    #[test]
    fn it_changes_nothing_when_predicting() {
        let input = counting(&[2, 2, 2]);
        assert_eq!(evaluate::<Dropout>(&[], std::slice::from_ref(&input), &[]), input);
    }

    #[test]
    fn its_probability_is_between_0_and_1() {
        for (p, accepted) in [(0.0, true), (0.5, true), (1.0, true), (-0.1, false), (1.1, false)] {
            assert_eq!(infer::<Dropout>(&[("p", Arg::Number(p))], &[Shape::vector(1)]).is_ok(), accepted, "{p}");
        }
    }
}
