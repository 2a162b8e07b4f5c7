//! What the layers' tests share: a layer called as the compiler calls it, with its defaults filled in.

use super::{AnyLayer, Entry, Layer, complete};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::marker::PhantomData;

/// The arguments of a layer: those given, and its defaults.
pub fn args<L: Layer>(given: &[(&str, Arg)]) -> Args {
    complete(L::SIGNATURE, given).unwrap_or_else(|problem| panic!("`{}`: {problem}", L::NAME))
}

/// The shape of its output.
pub fn infer<L: Layer>(given: &[(&str, Arg)], inputs: &[Shape]) -> Result<Shape, Problem> {
    Entry::<L>(PhantomData).infer(&args::<L>(given), &inputs.iter().collect::<Vec<_>>())
}

/// Message and help of what it does not accept.
pub fn problem<L: Layer>(given: &[(&str, Arg)], inputs: &[Shape]) -> String {
    match infer::<L>(given, inputs) {
        Err(problem) => problem.to_string(),
        Ok(shape) => panic!("`{}` accepts {given:?} and gives {shape}", L::NAME),
    }
}

/// Its output, of the shape that was inferred.
pub fn evaluate<L: Layer>(given: &[(&str, Arg)], inputs: &[Tensor<f64>], weights: &[&[f64]]) -> Tensor<f64> {
    let args = args::<L>(given);
    let shapes: Vec<&Shape> = inputs.iter().map(|input| &input.shape).collect();
    let expected = infer::<L>(given, &shapes.iter().copied().cloned().collect::<Vec<_>>());
    let layer = Entry::<L>(PhantomData);
    let parameters = layer.parameters(&args, &shapes);
    assert_eq!(parameters.len(), weights.len(), "parameters of `{}`", L::NAME);
    let weights: Vec<_> = parameters.into_iter().zip(weights).map(|(weight, data)| tensor(&weight.shape.0, data)).collect();
    let output = layer.evaluate_f64(&args, &inputs.iter().collect::<Vec<_>>(), &weights);
    assert_eq!(Ok(&output.shape), expected.as_ref());
    output
}

/// Learned parameters.
pub fn n_parameters<L: Layer>(given: &[(&str, Arg)], input: Shape) -> usize {
    Entry::<L>(PhantomData)
        .parameters(&args::<L>(given), &[&input])
        .iter()
        .filter(|weight| weight.learned)
        .map(|weight| weight.shape.len())
        .sum()
}

/// A tensor from its elements in order.
pub fn tensor(shape: &[usize], data: &[f64]) -> Tensor<f64> {
    Tensor { shape: Shape::vector(data.len()), data: data.to_vec() }.with_shape(Shape(shape.to_vec()))
}

/// 1, 2, 3, … in order.
pub fn counting(shape: &[usize]) -> Tensor<f64> {
    let len: usize = shape.iter().product();
    tensor(shape, &(1..=len).map(|value| value as f64).collect::<Vec<_>>())
}
