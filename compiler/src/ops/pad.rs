//! `pad(sides)`: rows and columns of zeros around a map.
//!
//! Shapes: `[C, H, W]` to `[C, H + top + bottom, W + left + right]`. PyTorch's `nn.ZeroPad2d`.

use super::{Default, Inputs, Kind, Layer, Lowering, Param, window};
use crate::diag::Problem;
use crate::graph::{Args, Padding};
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Pad;

/// Top, left, bottom, right.
fn sides(args: &Args) -> [usize; 4] {
    match args.pad("sides") {
        Padding::Sides(sides) => sides,
        Padding::Same => unreachable!("the signature does not accept `same`"),
    }
}

impl Layer for Pad {
    const NAME: &'static str = "pad";
    const ABOUT: &'static str = "zeros around a map";
    const SOURCE: &'static str = "`nn.ZeroPad2d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[Param {
        name: "sides",
        kind: Kind::Pad { same: false },
        default: Default::Required,
        about: "rows and columns of zeros",
    }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, height, width] = window::map(Self::NAME, inputs[0])?;
        let [top, left, bottom, right] = sides(args);
        let sum = |n: usize, before: usize, after: usize| n.checked_add(before)?.checked_add(after);
        match (sum(height, top, bottom), sum(width, left, right)) {
            (Some(height), Some(width)) => Ok(Shape::map(channels, height, width)),
            _ => Err(Problem::argument("sides", "the padded map is larger than can be counted")),
        }
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let (input, [top, left, bottom, right]) = (inputs[0], sides(args));
        let [channels, height, width] = input.shape.chw();
        Tensor::from_fn(Shape::map(channels, height + top + bottom, width + left + right), |c, y, x| {
            input.get(c, y as isize - top as isize, x as isize - left as isize).unwrap_or(T::ZERO)
        })
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Pad(sides(args))
    }
}
