//! `permute([axes])`: the axes in another order.
//!
//! - Formula: axis i of the output is axis `axes[i]` of the input.
//! - Shapes: the sizes move with their axes. Axes are counted without the batch: 0 is the channel; negative ones count from the end.
//! - Parameters: none.
//! - Example: `permute([1, 2, 0])` makes `[C, H, W]` to `[H, W, C]`; `permute([1, 0])` makes a sequence of steps of features.
//! - Source: PyTorch's `x.permute(…)`.

use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, axes};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Permute;

/// The input's axis of each axis of the output.
fn order(args: &Args, input: &Shape) -> Result<Vec<usize>, Problem> {
    let order = axes::several(Permute::NAME, "axes", args.list("axes"), input)?;
    if order.len() != input.0.len() {
        let (n, found) = (input.0.len(), order.len());
        let are = if found == 1 { "is 1".to_owned() } else { format!("are {found}") };
        let message = format!("`permute` gives each of the {n} axes of {input} its place, but here {are}");
        return Err(Problem::argument("axes", message));
    }
    Ok(order)
}

impl Layer for Permute {
    const NAME: &'static str = "permute";
    const ABOUT: &'static str = "the axes in another order; 0 is the channel";
    const SOURCE: &'static str = "`x.permute(…)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] =
        &[Param { name: "axes", kind: Kind::Axes, default: Default::Required, about: "in brackets: which axis comes where" }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let order = order(args, inputs[0])?;
        Ok(Shape(order.into_iter().map(|axis| inputs[0].0[axis]).collect()))
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let order = order(args, &inputs[0].smallest()).ok()?;
        Some(Inferred::always(Sizes(order.into_iter().map(|axis| inputs[0].0[axis].clone()).collect())))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let input = inputs[0];
        let (Ok(order), Ok(shape)) = (order(args, &input.shape), Self::infer(args, &[&input.shape])) else {
            unreachable!("the shape rule has accepted it")
        };
        let strides: Vec<usize> = order.iter().map(|&axis| axes::around(&input.shape, axis)[2]).collect();
        let element = |mut at: usize| {
            let mut from = 0;
            for (&size, &stride) in shape.0.iter().zip(&strides).rev() {
                from += at % size * stride;
                at /= size;
            }
            input.data[from]
        };
        let data = (0..input.data.len()).map(element).collect();
        Tensor { shape, data }
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        let Ok(order) = order(args, inputs[0]) else { unreachable!("the shape rule has accepted it") };
        if order.is_sorted() {
            return Lowering::Identity;
        }
        let several = order.iter().filter(|&&axis| inputs[0].0[axis] > 1);
        if several.is_sorted() {
            return Lowering::Reshape;
        }
        let mut map = [0, 1, 2];
        for (axis, &from) in order.iter().enumerate() {
            map[axes::of_map(output, axis)] = axes::of_map(inputs[0], from);
        }
        Lowering::Permute(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{args, counting, evaluate, problem};

    fn axes(axes: &[i64]) -> Vec<(&'static str, Arg)> {
        vec![("axes", Arg::List(axes.to_vec()))]
    }

    #[test]
    fn axes_change_their_places() {
        let output = evaluate::<Permute>(&axes(&[1, 0]), &[counting(&[2, 3])], &[]);
        assert_eq!((output.shape, output.data), (Shape::sequence(3, 2), vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
        let output = evaluate::<Permute>(&axes(&[-1, 0, 1]), &[counting(&[2, 2, 2])], &[]);
        assert_eq!(output.data, [1.0, 3.0, 5.0, 7.0, 2.0, 4.0, 6.0, 8.0]);
    }

    #[test]
    fn what_moves_is_told_from_what_does_not() {
        let lower = |axes: &[i64], input: Shape| {
            let args = args::<Permute>(&self::axes(axes));
            let output = Permute::infer(&args, &[&input]).unwrap();
            Permute::lower(&args, &[&input], &output)
        };
        assert_eq!(lower(&[0, 1, 2], Shape::map(2, 3, 4)), Lowering::Identity);
        assert_eq!(lower(&[1, 0, 2], Shape::map(1, 3, 4)), Lowering::Reshape);
        assert_eq!(lower(&[2, 0, 1], Shape::map(2, 3, 4)), Lowering::Permute([2, 0, 1]));
        assert_eq!(lower(&[1, 0], Shape::sequence(2, 3)), Lowering::Permute([2, 1, 0]));
    }

    #[test]
    fn each_axis_has_one_place() {
        let map = Shape::map(2, 3, 4);
        assert_eq!(
            problem::<Permute>(&axes(&[0, -3, 1]), std::slice::from_ref(&map)),
            "`permute` is given axis 0 of [2, 3, 4] twice"
        );
        assert_eq!(
            problem::<Permute>(&axes(&[1, 0]), &[map]),
            "`permute` gives each of the 3 axes of [2, 3, 4] its place, but here are 2"
        );
    }
}
