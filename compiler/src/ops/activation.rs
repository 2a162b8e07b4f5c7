//! What the element-wise activations share: everything but the function itself, which each has in its own file.

use super::{Inputs, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// A layer that applies one function to each element. Shape in, shape out; no parameters; no multiply-adds counted.
pub trait Elementwise: Sync + 'static {
    /// [`Layer::NAME`]
    const NAME: &'static str;
    /// [`Layer::ABOUT`]
    const ABOUT: &'static str;
    /// [`Layer::SOURCE`]
    const SOURCE: &'static str;
    /// [`Layer::SIGNATURE`]
    const SIGNATURE: &'static [Param] = &[];

    /// What its arguments must be beyond their kinds.
    fn check(_args: &Args) -> Result<(), Problem> {
        Ok(())
    }

    /// The function.
    fn apply<T: Float>(args: &Args, x: T) -> T;

    /// The same, as kernels know it.
    fn activation(args: &Args) -> plan::Activation;
}

impl<E: Elementwise> Layer for E {
    const NAME: &'static str = E::NAME;
    const ABOUT: &'static str = E::ABOUT;
    const SOURCE: &'static str = E::SOURCE;
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = E::SIGNATURE;

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        E::check(args)?;
        Ok(inputs[0].clone())
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        inputs[0].map(|x| E::apply(args, x))
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Activation(E::activation(args))
    }
}
