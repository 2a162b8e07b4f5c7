//! `mean(axes)`: the mean over one axis or several.
//!
//! - Formula: the sum over these axes, divided by how many elements it is of.
//! - Shapes: the axes are gone, or have one position with `keep = true`; where none would be left, a vector `[1]` is. Axes are counted
//!   without the batch: 0 is the channel; negative ones count from the end.
//! - Parameters: none.
//! - Example: `mean([1, 2])` makes `[512, 7, 7]` to `[512]`; `mean(0, keep = true)` makes it to `[1, 7, 7]`.
//! - Source: PyTorch's `x.mean(dim, keepdim)`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, axes};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::{Reduce, Windows};
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Mean;

/// Whether each axis of the input is one of those.
fn reduced(args: &Args, input: &Shape) -> Result<Vec<bool>, Problem> {
    let axes = axes::several(Mean::NAME, "axes", args.list("axes"), input)?;
    Ok((0..input.0.len()).map(|axis| axes.contains(&axis)).collect())
}

/// The input's shape with one position on each of these axes.
fn kept(reduced: &[bool], input: &Shape) -> Shape {
    Shape(reduced.iter().zip(&input.0).map(|(&reduced, &size)| if reduced { 1 } else { size }).collect())
}

/// The mean over these axes, which keep one position.
fn folded<T: Float>(input: &Tensor<T>, reduced: &[bool]) -> Tensor<T> {
    let shape = kept(reduced, &input.shape);
    let mut sums = vec![T::ZERO; shape.len()];
    for (at, &value) in input.data.iter().enumerate() {
        let (mut rest, mut to, mut step) = (at, 0, 1);
        for (&size, &left) in input.shape.0.iter().zip(&shape.0).rev() {
            to += rest % size % left * step;
            step *= left;
            rest /= size;
        }
        sums[to] += value;
    }
    let n = T::of((input.data.len() / sums.len()) as f64);
    Tensor { shape, data: sums.into_iter().map(|sum| sum / n).collect() }
}

/// These axes, as arguments of a part.
fn part(axes: impl Iterator<Item = usize>) -> Args {
    let axes = axes.filter_map(|axis| i64::try_from(axis).ok()).collect();
    Args(vec![("axes", Arg::List(axes)), ("keep", Arg::Flag(true))])
}

impl Layer for Mean {
    const NAME: &'static str = "mean";
    const ABOUT: &'static str = "mean over one axis or several; 0 is the channel";
    const SOURCE: &'static str = "`x.mean(dim, keepdim)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "axes", kind: Kind::Axes, default: Default::Required, about: "which are reduced" },
        Param {
            name: "keep",
            kind: Kind::Flag,
            default: Default::Value(Arg::Flag(false)),
            about: "whether one position is left of each",
        },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let reduced = reduced(args, inputs[0])?;
        if args.flag("keep") {
            return Ok(kept(&reduced, inputs[0]));
        }
        let left: Vec<usize> =
            inputs[0].0.iter().zip(&reduced).filter(|(_, reduced)| !**reduced).map(|(&size, _)| size).collect();
        Ok(if left.is_empty() { Shape::vector(1) } else { Shape(left) })
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let reduced = reduced(args, &inputs[0].smallest()).ok()?;
        let one = || sizes::number(1);
        let axes = inputs[0].0.iter().zip(reduced);
        if args.flag("keep") {
            let kept = axes.map(|(size, reduced)| if reduced { one() } else { Some(size.clone()) });
            return Some(Inferred::always(Sizes(kept.collect::<Option<_>>()?)));
        }
        let left: Vec<Size> = axes.filter(|(_, reduced)| !reduced).map(|(size, _)| size.clone()).collect();
        Some(Inferred::always(Sizes(if left.is_empty() { vec![one()?] } else { left })))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let input = inputs[0];
        let (Ok(reduced), Ok(shape)) = (reduced(args, &input.shape), Self::infer(args, &[&input.shape])) else {
            unreachable!("the shape rule has accepted it")
        };
        // As they are computed: first over rows and columns, then over channels.
        let sides: Vec<bool> = reduced.iter().enumerate().map(|(axis, &reduced)| reduced && axis > 0).collect();
        folded(&folded(input, &sides), &reduced).with_shape(shape)
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        let input = inputs[0];
        let Ok(reduced) = reduced(args, input) else { unreachable!("the shape rule has accepted it") };
        let kept = kept(&reduced, input);
        // What has one position is its own mean.
        let of = |axis: &usize| reduced[*axis] && input.0[*axis] > 1;
        let (channels, sides) = (of(&0), (1..reduced.len()).any(|axis| of(&axis)));
        // Rows and columns, then channels, then the shape without them.
        let mut parts = Vec::new();
        if sides {
            parts.push(("sides", Self::NAME, part((1..reduced.len()).filter(of))));
        }
        if channels {
            parts.push(("channels", Self::NAME, part(std::iter::once(0))));
        }
        if kept != *output {
            let sizes = output.0.iter().filter_map(|&size| i64::try_from(size).ok()).collect();
            parts.push(("shape", "reshape", Args(vec![("sizes", Arg::List(sizes))])));
        }
        match (parts.len(), channels, sides) {
            (0, ..) => Lowering::Identity,
            (1, true, _) => Lowering::MeanChannels,
            (1, _, true) => {
                let [[_, height, width], [_, out_height, out_width]] = [input.chw(), kept.chw()];
                let window = [if out_height == 1 { height } else { 1 }, if out_width == 1 { width } else { 1 }];
                let windows = match [out_height, out_width] {
                    [1, 1] => Windows::Adaptive,
                    _ => Windows::Sliding { window, stride: window, dilation: [1, 1], pad: [0; 4] },
                };
                Lowering::Pool { reduce: Reduce::Average { count_pad: false }, windows }
            }
            (1, ..) => Lowering::Reshape,
            _ => Lowering::Parts(parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{args, counting, evaluate, infer, problem};

    fn call(axes: &[i64], keep: bool) -> Vec<(&'static str, Arg)> {
        vec![("axes", Arg::List(axes.to_vec())), ("keep", Arg::Flag(keep))]
    }

    #[test]
    fn any_axes_of_a_map() {
        let input = counting(&[2, 2, 3]);
        for (axes, shape, data) in [
            (&[1, 2][..], &[2][..], vec![3.5, 9.5]),
            (&[0], &[2, 3], vec![4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
            (&[-1], &[2, 2], vec![2.0, 5.0, 8.0, 11.0]),
            (&[0, 1], &[3], vec![5.5, 6.5, 7.5]),
            (&[2, 0, 1], &[1], vec![6.5]),
        ] {
            let output = evaluate::<Mean>(&call(axes, false), std::slice::from_ref(&input), &[]);
            assert_eq!((output.shape, output.data), (Shape(shape.to_vec()), data), "{axes:?}");
        }
        assert_eq!(infer::<Mean>(&call(&[0, -1], true), &[Shape::map(2, 3, 4)]), Ok(Shape::map(1, 3, 1)));
        assert_eq!(problem::<Mean>(&call(&[1, -2], true), &[Shape::map(2, 3, 4)]), "`mean` is given axis 1 of [2, 3, 4] twice");
    }

    #[test]
    fn it_is_a_pooling_or_a_sum_of_channels_or_both() {
        let lower = |axes: &[i64], keep, input: Shape| {
            let args = args::<Mean>(&call(axes, keep));
            let output = Mean::infer(&args, &[&input]).unwrap();
            Mean::lower(&args, &[&input], &output)
        };
        assert!(matches!(lower(&[1, 2], true, Shape::map(2, 3, 4)), Lowering::Pool { windows: Windows::Adaptive, .. }));
        assert!(matches!(
            lower(&[2], true, Shape::map(2, 3, 4)),
            Lowering::Pool { windows: Windows::Sliding { window: [1, 4], .. }, .. }
        ));
        assert_eq!(lower(&[0], true, Shape::map(2, 3, 4)), Lowering::MeanChannels);
        assert!(matches!(lower(&[0, 2], false, Shape::map(2, 3, 4)), Lowering::Parts(parts) if parts.len() == 3));
        assert_eq!(lower(&[1], true, Shape::map(2, 1, 4)), Lowering::Identity);
        assert_eq!(lower(&[1], false, Shape::map(2, 1, 4)), Lowering::Reshape);
    }
}
