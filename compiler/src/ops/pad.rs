//! `pad(sides)`: rows and columns of zeros around a map, or zeros before and after a sequence.
//!
//! - Formula: `out[c, y, x] = in[c, y − top, x − left]`, zero where that lies outside.
//! - Shapes: `[C, H, W]` to `[C, top + H + bottom, left + W + right]`, `[C, L]` to `[C, left + L + right]`.
//! - Parameters: none.
//! - Example: `pad((0, 0, 1, 1))` takes `[3, 224, 224]` to `[3, 225, 225]`; `pad(1)` to `[3, 226, 226]`.
//!   `pad((0, 2))` takes `[8, 100]` to `[8, 102]`.
//! - Source: PyTorch's `nn.ZeroPad2d` and `nn.ZeroPad1d`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, window};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Pad;

/// Top, left, bottom, right.
fn sides(args: &Args) -> [usize; 4] {
    args.pad("sides").sides().unwrap_or_else(|| unreachable!("the signature does not accept `same`"))
}

impl Layer for Pad {
    const NAME: &'static str = "pad";
    const ABOUT: &'static str = "zeros around a map, before and after a sequence";
    const SOURCE: &'static str = "`nn.ZeroPad2d`, `nn.ZeroPad1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[Param {
        name: "sides",
        kind: Kind::Pad { same: false },
        default: Default::Required,
        about: "rows and columns of zeros",
    }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, height, width] = window::spatial(Self::NAME, inputs[0])?;
        let [top, left, bottom, right] = sides(args);
        let sum = |n: usize, before: usize, after: usize| n.checked_add(before)?.checked_add(after);
        match (sum(height, top, bottom), sum(width, left, right)) {
            (Some(height), Some(width)) => Ok(inputs[0].resized(channels, [height, width])),
            _ => Err(Problem::argument("sides", "the padded map is larger than can be counted")),
        }
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let ([channels, height, width], sides) = (inputs[0].chw(), sides(args));
        let padded = |n: Size, axis: usize| n.plus(&sizes::number(sides[axis].checked_add(sides[axis + 2])?)?);
        Some(Inferred::always(inputs[0].resized(channels, [padded(height, 0)?, padded(width, 1)?])))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let (input, [top, left, bottom, right]) = (inputs[0], sides(args));
        let [channels, height, width] = input.shape.chw();
        Tensor::from_fn(input.shape.resized(channels, [height + top + bottom, width + left + right]), |c, y, x| {
            input.get(c, y as isize - top as isize, x as isize - left as isize).unwrap_or(T::ZERO)
        })
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Pad(sides(args))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Arg, Padding};
    use crate::ops::testing::{counting, evaluate, problem};

    fn sides(top: usize, left: usize, bottom: usize, right: usize) -> (&'static str, Arg) {
        ("sides", Arg::Pad(Padding::Sides([top, left, bottom, right])))
    }

    #[test]
    fn zeros_stand_on_the_sides_that_were_given() {
        let output = evaluate::<Pad>(&[sides(1, 0, 0, 2)], &[counting(&[1, 1, 2])], &[]);
        assert_eq!((output.shape, output.data), (Shape::map(1, 2, 4), vec![0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0]));
    }

    #[test]
    fn a_map_that_no_memory_holds_is_a_problem() {
        let map = [Shape::map(1, 4, 4)];
        assert_eq!(problem::<Pad>(&[sides(usize::MAX, 0, 0, 0)], &map), "the padded map is larger than can be counted");
        assert_eq!(
            problem::<Pad>(&[sides(1 << 40, 1 << 40, 0, 0)], &map),
            "a value of shape [1, 1099511627780, 1099511627780] has more elements than memory can address"
        );
    }
}
