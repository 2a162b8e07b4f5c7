//! What the layers on two values of one shape share: their shape rule and how it is said that the shapes differ.

use crate::diag::Problem;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// The shape of both, or what differs and how to mend it.
pub fn infer(name: &str, inputs: &[&Shape]) -> Result<Shape, Problem> {
    let (a, b) = (inputs[0], inputs[1]);
    if a == b {
        return Ok(a.clone());
    }
    Err(Problem::input(1, format!("`{name}` needs two values of one shape, but they are {a} and {b}")))
}

/// Both, element by element.
pub fn evaluate<T: Float>(inputs: &[&Tensor<T>], f: impl Fn(T, T) -> T) -> Tensor<T> {
    let data = inputs[0].data.iter().zip(&inputs[1].data).map(|(&a, &b)| f(a, b)).collect();
    Tensor { shape: inputs[0].shape.clone(), data }
}
