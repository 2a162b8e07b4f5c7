//! `mul(other)`: the product of two values of one shape.
//!
//! - Formula: `out = a · b`, element by element; nothing is repeated to fit.
//! - Shapes: two of one shape, which is the output's.
//! - Parameters: none.
//! - Example: `x -> mul(gate)`, where `gate` ends in `sigmoid`.
//! - Source: Srivastava et al., *Highway networks* (2015).

use super::sizes::{self, Inferred};
use super::{Inputs, Layer, Lowering, Param, combine};
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan::Combination;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Mul;

impl Layer for Mul {
    const NAME: &'static str = "mul";
    const ABOUT: &'static str = "product of two values of one shape, element by element";
    const SOURCE: &'static str = "`a * b`";
    const INPUTS: Inputs = Inputs::Two;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        combine::infer(Self::NAME, inputs)
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        sizes::alike(inputs)
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        combine::evaluate(inputs, |a, b| a * b)
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Combine(Combination::Mul)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, tensor};

    #[test]
    fn element_by_element() {
        let output = evaluate::<Mul>(&[], &[tensor(&[3], &[1.0, 2.0, 3.0]), tensor(&[3], &[4.0, 5.0, 6.0])], &[]);
        assert_eq!(output.data, [4.0, 10.0, 18.0]);
    }
}
