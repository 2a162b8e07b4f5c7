//! `softmax`: positive numbers that sum to one over the channels of each pixel.
//!
//! - Formula: `out[c] = exp(in[c] − m) / Σ exp(in[k] − m)` over channels k, with m their maximum, so that nothing overflows.
//! - Shapes: a vector `[N]`, over all of it, a map `[C, H, W]`, pixel by pixel, or a sequence `[C, L]`, position by position; unchanged.
//!   By default over the first axis, PyTorch's `dim=1` behind the batch; `axis = -1` is over the last one: the features of a sequence
//!   of L steps by F features.
//! - Parameters: none.
//! - Example: `linear(10) -> softmax` gives the probabilities of ten classes.
//! - Source: Bridle, *Probabilistic interpretation of feedforward classification network outputs* (1990); PyTorch's `nn.Softmax(dim=1)`.

use super::{Default, Inputs, Kind, Layer, Lowering, Param, axes};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Softmax;

/// The argument that says over which axis.
pub const AXIS: Param =
    Param { name: "axis", kind: Kind::Axis, default: Default::Value(Arg::Axis(0)), about: "over which; 0 is the channel" };

/// The axis that is meant, from 0.
pub fn axis(args: &Args, input: &Shape) -> usize {
    match axes::resolve(Softmax::NAME, "axis", args.axis("axis"), input) {
        Ok(axis) => axis,
        Err(problem) => unreachable!("the shape rule has accepted it: {problem}"),
    }
}

/// A function of each element's difference from the largest along an axis, and of the sum of the exponentials of these.
pub fn shifted<T: Float>(input: &Tensor<T>, axis: usize, f: impl Fn(T, T) -> T) -> Tensor<T> {
    let [_, on, after] = axes::around(&input.shape, axis);
    let element = |index: usize, &value: &T| {
        let first = index / (on * after) * (on * after) + index % after;
        let along = (0..on).map(|position| input.data[first + position * after]);
        let largest = along.clone().fold(T::NEG_INFINITY, |a, b| if b > a { b } else { a });
        let mut sum = T::ZERO;
        for value in along {
            sum += (value - largest).exp();
        }
        f(value - largest, sum)
    };
    let data = input.data.iter().enumerate().map(|(index, value)| element(index, value)).collect();
    Tensor { shape: input.shape.clone(), data }
}

impl Layer for Softmax {
    const NAME: &'static str = "softmax";
    const ABOUT: &'static str = "`exp(x) / Σ exp(x)` over channels, at each pixel or position";
    const SOURCE: &'static str = "`nn.Softmax(dim=1)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[AXIS];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        axes::resolve(Self::NAME, "axis", args.axis("axis"), inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        shifted(inputs[0], axis(args, &inputs[0].shape), |difference, sum| difference.exp() / sum)
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Softmax { axis: axes::of_map(inputs[0], axis(args, inputs[0])), log: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{args, evaluate, problem, tensor};

    #[test]
    fn over_a_vector_it_sums_to_one_and_keeps_ratios() {
        let output = evaluate::<Softmax>(&[], &[tensor(&[3], &[0.0, 2.0_f64.ln(), 5.0_f64.ln()])], &[]).data;
        for (found, expected) in output.iter().zip([0.125, 0.25, 0.625]) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn over_a_map_it_is_taken_at_each_pixel() {
        let output = evaluate::<Softmax>(&[], &[tensor(&[2, 1, 2], &[1.0, 7.0, 1.0, 7.0])], &[]);
        assert_eq!(output.data, [0.5; 4]);
    }

    #[test]
    fn over_another_axis_it_sums_to_one_there() {
        let input = tensor(&[2, 2], &[0.0, 3.0_f64.ln(), 0.0, 0.0]);
        let last = ("axis", Arg::Axis(-1));
        let output = evaluate::<Softmax>(std::slice::from_ref(&last), &[input], &[]);
        assert!(output.data.iter().zip([0.25, 0.75, 0.5, 0.5]).all(|(found, expected)| (found - expected).abs() < 1e-15));
        let map = Shape::map(2, 3, 4);
        let lowering = Softmax::lower(&args::<Softmax>(&[("axis", Arg::Axis(1))]), &[&map], &map);
        assert_eq!(lowering, Lowering::Softmax { axis: 1, log: false });
        assert!(problem::<Softmax>(&[("axis", Arg::Axis(2))], &[Shape::sequence(2, 3)]).contains("no axis 2"));
    }

    #[test]
    fn large_values_do_not_overflow() {
        assert_eq!(evaluate::<Softmax>(&[], &[tensor(&[2], &[1e4, 1e4])], &[]).data, [0.5, 0.5]);
        assert_eq!(evaluate::<Softmax>(&[], &[tensor(&[2], &[-1e4, 1e4])], &[]).data, [0.0, 1.0]);
    }
}
