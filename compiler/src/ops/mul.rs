//! `mul(other)`: the product of two values.
//!
//! - Formula: `out = a · b`, element by element.
//! - Shapes: two of one shape, or with sizes of 1 that are repeated: `[64, 8, 8]` with `[64, 1, 1]`, `[1, 8, 8]` or `[1, 1, 8]`. Of values with
//!   unlike numbers of axes the last ones are aligned, as in PyTorch (without the batch): a vector `[8]` goes along the columns of
//!   `[64, 8, 8]`, a sequence `[8, 8]` along its rows and columns. For a number for each channel, `reshape([64, 1, 1])` the vector.
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
    const ABOUT: &'static str = "product of two values, element by element; sizes of 1 are repeated as in PyTorch";
    const SOURCE: &'static str = "`a * b`";
    const INPUTS: Inputs = Inputs::Two;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        combine::infer(Self::NAME, inputs)
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        sizes::broadcast(inputs)
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        combine::evaluate(inputs, |a, b| a * b)
    }

    fn lower(_args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        combine::lower(Combination::Mul, inputs)
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
