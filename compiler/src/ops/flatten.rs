//! `flatten`: the elements of a map or sequence as a vector, channel by channel, row by row.
//!
//! - Formula: `out[(c·H + y)·W + x] = in[c, y, x]`.
//! - Shapes: `[C, H, W]` to `[C·H·W]`, `[C, L]` to `[C·L]`; a vector stays as it is.
//! - Parameters: none.
//! - Example: `flatten -> linear(84)` on `[120, 1, 1]`.
//! - Source: PyTorch's `nn.Flatten`.

use super::sizes::Inferred;
use super::{Inputs, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Flatten;

impl Layer for Flatten {
    const NAME: &'static str = "flatten";
    const ABOUT: &'static str = "the elements of a map or sequence as a vector, in the order C, H, W";
    const SOURCE: &'static str = "`nn.Flatten`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        Ok(Shape::vector(inputs[0].len()))
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        Some(Inferred::always(Sizes(vec![inputs[0].len()?])))
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        Tensor { shape: Shape::vector(inputs[0].shape.len()), data: inputs[0].data.clone() }
    }

    fn lower(_args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        match inputs[0].as_vector() {
            Some(_) => Lowering::Identity,
            None => Lowering::Flatten,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{args, counting, evaluate, infer};

    #[test]
    fn elements_keep_their_order() {
        let output = evaluate::<Flatten>(&[], &[counting(&[2, 2, 3])], &[]);
        assert_eq!((output.shape, output.data), (Shape::vector(12), counting(&[12]).data));
    }

    #[test]
    fn a_sequence_is_a_map_of_one_row() {
        assert_eq!(evaluate::<Flatten>(&[], &[counting(&[2, 3])], &[]), counting(&[6]));
        let (input, output) = (Shape::sequence(2, 3), Shape::vector(6));
        assert_eq!(Flatten::lower(&args::<Flatten>(&[]), &[&input], &output), Lowering::Flatten);
    }

    #[test]
    fn a_vector_is_left_alone() {
        let input = Shape::vector(5);
        assert_eq!(infer::<Flatten>(&[], std::slice::from_ref(&input)), Ok(input.clone()));
        assert_eq!(Flatten::lower(&args::<Flatten>(&[]), &[&input], &input), Lowering::Identity);
    }
}
