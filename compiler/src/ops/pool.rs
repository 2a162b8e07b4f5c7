//! What the pools share: their arguments, their shape rule, and how the elements of each window are gathered.

use super::misfit::Words;
use super::sizes::{self, Inferred};
use super::window::{self, Fit, Spec};
use super::{Default, Kind, Param, misfit};
use crate::diag::Problem;
use crate::dim::{self, Round};
use crate::graph::{Arg, Args, Padding};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// The window as the stride where none is written.
pub const STRIDE: Param =
    Param { name: "stride", kind: Kind::Pair, default: Default::Of("window"), about: "distance between windows" };

/// The size that an adaptive pool gives.
pub const SIZE: Param =
    Param { name: "size", kind: Kind::Pair, default: Default::Required, about: "rows x columns of the output" };

/// Padding, and what it is for.
pub const fn pad(about: &'static str) -> Param {
    Param { name: "pad", kind: Kind::Pad { same: false }, default: Default::Value(Arg::Pad(Padding::Each(0))), about }
}

/// The windows of a pool.
pub fn spec(args: &Args, dilation: [usize; 2]) -> Spec {
    Spec {
        window: args.pair("window"),
        stride: args.pair("stride"),
        dilation,
        pad: args.pad("pad"),
        round: Round::of(args.word("round")),
        pool: true,
    }
}

/// The shape rule of a pooling: besides fitting, its padding is at most half its window, as PyTorch demands, and every window reaches
/// into the input.
pub fn infer(name: &str, spec: &Spec, input: &Shape) -> Result<Shape, Problem> {
    let [channels, height, width] = window::spatial(name, input)?;
    let words = Words::of(input);
    let sides = spec.sides([height, width]);
    let most = [0, 1].map(|axis| spec.window[axis] / 2);
    if let Some(side) = (0..4).find(|&side| sides[side] > most[side % 2]) {
        let (kernel, pad) = (spec.window[side % 2], sides[side]);
        let most = words.pad([0, 1, 2, 3].map(|side| sides[side].min(most[side % 2])));
        let half = misfit::quotient(kernel, 2, 0);
        let message = format!("padding of {pad} is more than half of {}: {pad} > {kernel}/2 = {half}", words.window(spec.window));
        let help = format!("write `pad = {most}`: every window must reach into the {}", input.kind());
        return Err(Problem::argument("pad", message).help(help));
    }
    let output = window::fit(spec, input)?.output;
    let size = [height, width];
    match [0, 1].into_iter().find(|&axis| spec.axis(axis, sides).first_is_outside(size[axis])) {
        Some(axis) => Err(misfit::outside(&spec.axis(axis, sides), size[axis], words.axis(axis))),
        None => Ok(input.resized(channels, output)),
    }
}

/// The shape rule of an adaptive pool.
pub fn infer_adaptive(name: &str, args: &Args, input: &Shape) -> Result<Shape, Problem> {
    let [channels, ..] = window::spatial(name, input)?;
    Ok(input.resized(channels, args.pair("size")))
}

/// The same where sizes are expressions.
pub fn adaptive_sizes(args: &Args, input: &Sizes) -> Option<Inferred> {
    let [channels, ..] = input.chw();
    let [height, width] = args.pair("size");
    Some(Inferred::always(input.resized(channels, [sizes::number(height)?, sizes::number(width)?])))
}

/// Each window reduced: a function of its elements and of the number of its places that are not beyond the padding.
pub fn sliding<T: Float>(spec: &Spec, input: &Tensor<T>, reduce: impl Fn(&[T], usize) -> T) -> Tensor<T> {
    let Ok(Fit { output, pad }) = window::fit(spec, &input.shape) else { unreachable!("inferred before it is evaluated") };
    let [channels, height, width] = input.shape.chw();
    let [rows, columns] = [spec.axis(0, pad), spec.axis(1, pad)];
    Tensor::from_fn(input.shape.resized(channels, output), |c, y, x| {
        let elements: Vec<T> = rows
            .inside(y, height)
            .flat_map(|(_, row)| columns.inside(x, width).map(move |(_, column)| (row, column)))
            .map(|(row, column)| input.at(c, row, column))
            .collect();
        reduce(&elements, rows.within_padding(y, height) * columns.within_padding(x, width))
    })
}

/// Each window reduced, the windows chosen so that the output has the given size.
pub fn adaptive<T: Float>(size: [usize; 2], input: &Tensor<T>, reduce: impl Fn(&[T]) -> T) -> Tensor<T> {
    let [channels, height, width] = input.shape.chw();
    Tensor::from_fn(input.shape.resized(channels, size), |c, y, x| {
        let elements: Vec<T> = dim::adaptive(y, size[0], height)
            .flat_map(|row| dim::adaptive(x, size[1], width).map(move |column| (row, column)))
            .map(|(row, column)| input.at(c, row, column))
            .collect();
        reduce(&elements)
    })
}

/// The sum over a number.
pub fn mean<T: Float>(elements: &[T], n: usize) -> T {
    let mut sum = T::ZERO;
    elements.iter().for_each(|&x| sum += x);
    sum / T::of(n as f64)
}

/// The largest one; a NaN is larger than any number, as in PyTorch.
pub fn maximum<T: Float>(elements: &[T]) -> T {
    elements.iter().fold(T::NEG_INFINITY, |a, &b| if b <= a || a.to_f64().is_nan() { a } else { b })
}
