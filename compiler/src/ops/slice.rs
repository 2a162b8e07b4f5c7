//! `slice(range)`: some positions of one axis: channels, rows or columns.
//!
//! - Formula: `out[i] = in[from + i·step]` along the axis.
//! - Shapes: the axis has `ceil((to − from)/step)` positions, the others stay. Axis 0 is the channel, since there is no axis for the
//!   batch; negative axes and positions count from the end. Unlike Python, a range beyond the axis is an error.
//! - Parameters: none.
//! - Example: `slice(0..16)` takes the first 16 channels, `slice(2..-2, axis = 1)` leaves out two rows at the top and at the bottom.
//! - Source: PyTorch's `x[:, from:to:step]`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, axes};
use crate::diag::Problem;
use crate::facts::Condition;
use crate::graph::{Arg, Args};
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use crate::tensor::{Float, Tensor};
use std::ops::Range;

/// See the module.
pub struct Slice;

/// The axis, the positions and their distance.
fn taken(args: &Args, input: &Shape) -> Result<(usize, Range<usize>, usize), Problem> {
    let axis = axes::resolve(Slice::NAME, "axis", args.axis("axis"), input)?;
    Ok((axis, axes::positions(Slice::NAME, args.range("range"), axis, input)?, args.int("step")))
}

impl Layer for Slice {
    const NAME: &'static str = "slice";
    const ABOUT: &'static str = "some positions of one axis: channels, rows or columns";
    const SOURCE: &'static str = "`x[:, from:to:step]`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "range", kind: Kind::Range, default: Default::Required, about: "from the first position up to the second" },
        Param {
            name: "axis",
            kind: Kind::Axis,
            default: Default::Value(Arg::Axis(0)),
            about: "whose positions; 0 is the channel",
        },
        Param { name: "step", kind: Kind::Size, default: Default::Value(Arg::Int(1)), about: "every how many positions" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let (axis, range, step) = taken(args, inputs[0])?;
        let mut shape = inputs[0].clone();
        shape.0[axis] = range.len().div_ceil(step);
        Ok(shape)
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let axis = sizes::axis(args.axis("axis"), inputs[0])?;
        let n = &inputs[0].0[axis];
        // Counted from the end where negative.
        let position =
            |position: i64| if position < 0 { n.plus(&Size::constant(position)) } else { Some(Size::constant(position)) };
        let [from, to] = args.range("range");
        let from = position(from.unwrap_or(0))?;
        let to = to.map_or(Some(n.clone()), position)?;
        let asks = vec![
            Condition::at_least(from.clone(), Size::constant(0)),
            Condition::at_least(n.clone(), to.clone()),
            Condition::at_least(to.clone(), from.plus(&Size::constant(1))?),
        ];
        let mut sizes = inputs[0].clone();
        sizes.0[axis] = to.minus(&from)?.ceil_div(i64::try_from(args.int("step")).ok()?)?;
        Some(Inferred { sizes, asks })
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let input = inputs[0];
        let (axis, range, step) = match taken(args, &input.shape) {
            Ok(taken) => taken,
            Err(problem) => unreachable!("the shape rule has accepted it: {problem}"),
        };
        let [before, on, after] = axes::around(&input.shape, axis);
        let mut data = Vec::new();
        for outer in 0..before {
            for position in range.clone().step_by(step) {
                let start = (outer * on + position) * after;
                data.extend_from_slice(&input.data[start..start + after]);
            }
        }
        let mut shape = input.shape.clone();
        shape.0[axis] = range.len().div_ceil(step);
        Tensor { shape, data }
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        match taken(args, inputs[0]) {
            Ok(_) if inputs[0] == output => Lowering::Identity,
            Ok((axis, range, step)) => Lowering::Slice { axis: axes::of_map(inputs[0], axis), first: range.start, step },
            Err(problem) => unreachable!("the shape rule has accepted it: {problem}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{counting, evaluate, infer, problem};

    fn call(from: impl Into<Option<i64>>, to: impl Into<Option<i64>>, axis: i64, step: usize) -> Vec<(&'static str, Arg)> {
        vec![("range", Arg::Range([from.into(), to.into()])), ("axis", Arg::Axis(axis)), ("step", Arg::Int(step))]
    }

    #[test]
    fn positions_of_each_axis() {
        let input = counting(&[2, 3, 2]);
        for (call, shape, data) in [
            (call(1, None, 0, 1), [1, 3, 2], vec![7.0, 8.0, 9.0, 10.0, 11.0, 12.0]),
            (call(None, 2, 1, 1), [2, 2, 2], vec![1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0, 10.0]),
            (call(None, None, 1, 2), [2, 2, 2], vec![1.0, 2.0, 5.0, 6.0, 7.0, 8.0, 11.0, 12.0]),
            (call(-1, None, -1, 1), [2, 3, 1], vec![2.0, 4.0, 6.0, 8.0, 10.0, 12.0]),
        ] {
            let output = evaluate::<Slice>(&call, std::slice::from_ref(&input), &[]);
            assert_eq!((output.shape, output.data), (Shape(shape.to_vec()), data), "{call:?}");
        }
        assert_eq!(infer::<Slice>(&call(2, 9, 0, 3), &[Shape::vector(10)]), Ok(Shape::vector(3)));
    }

    #[test]
    fn what_is_not_there_cannot_be_taken() {
        assert_eq!(
            problem::<Slice>(&call(0, 17, 0, 1), &[Shape::map(16, 8, 8)]),
            "`slice` finds no 17 on axis 0 of [16, 8, 8], which has 16\n\
             help: positions are 0 to 16 or, counted from the end, from -16 on"
        );
        assert_eq!(
            problem::<Slice>(&call(3, 3, 1, 1), &[Shape::map(16, 8, 8)]),
            "the range from 3 to 3 on axis 1 of [16, 8, 8] has no elements\n\
             help: a range ends before its second number: `0..1` is the first element"
        );
    }
}
