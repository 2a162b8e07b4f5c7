//! `local_response_norm(size)`: each element over what its neighbours among the channels amount to.
//!
//! - Formula: `out[c] = in[c] / (k + alpha/size · Σ in[i]²)^beta` at each pixel, i from `c − floor(size/2)` to `c + floor((size − 1)/2)`, as far
//!   as there are channels.
//! - Shapes: `[C, H, W]` or `[C, L]`, unchanged.
//! - Parameters: none.
//! - Example: `local_response_norm(5, alpha = 5e-4, k = 2.0)` is what AlexNet's paper has: it does not divide alpha by the size, which is
//!   PyTorch's habit, so that its 1e-4 is 5e-4 here.
//! - Source: Krizhevsky et al., *ImageNet classification with deep convolutional neural networks* (2012); PyTorch's `nn.LocalResponseNorm`.

use super::{Default, Inputs, Kind, Layer, Lowering, Param, window};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct LocalResponseNorm;

impl Layer for LocalResponseNorm {
    const NAME: &'static str = "local_response_norm";
    const ABOUT: &'static str = "`x / (k + alpha/size · Σ x²)^beta` over `size` neighbouring channels";
    const SOURCE: &'static str = "`nn.LocalResponseNorm`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "size", kind: Kind::Size, default: Default::Required, about: "channels that are summed" },
        Param { name: "alpha", kind: Kind::Number, default: Default::Value(Arg::Number(1e-4)), about: "factor of the sum" },
        Param { name: "beta", kind: Kind::Number, default: Default::Value(Arg::Number(0.75)), about: "exponent" },
        Param { name: "k", kind: Kind::Number, default: Default::Value(Arg::Number(1.0)), about: "added to the sum" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        window::spatial(Self::NAME, inputs[0])?;
        for name in ["alpha", "k"] {
            let value = args.number(name);
            if value < 0.0 {
                return Err(Problem::argument(name, format!("`{name}` is {value}, but a negative sum has no power")));
            }
        }
        Ok(inputs[0].clone())
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let (input, size) = (inputs[0], args.int("size"));
        let [channels, ..] = input.shape.chw();
        let [alpha, beta, k] = ["alpha", "beta", "k"].map(|name| T::of(args.number(name)));
        Tensor::from_fn(input.shape.clone(), |c, y, x| {
            let mut sum = T::ZERO;
            for i in c.saturating_sub(size / 2)..c.saturating_add(size.div_ceil(2)).min(channels) {
                sum += input.at(i, y, x) * input.at(i, y, x);
            }
            let base = k + alpha * (sum / T::of(size as f64));
            input.at(c, y, x) / (beta * base.ln()).exp()
        })
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        let [alpha, beta, k] = ["alpha", "beta", "k"].map(|name| args.number(name) as f32);
        Lowering::LocalNorm { size: args.int("size"), alpha, beta, k }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, problem, tensor};

    #[test]
    fn an_element_is_divided_by_what_its_neighbours_amount_to() {
        let args = [("size", Arg::Int(3)), ("alpha", Arg::Number(3.0)), ("beta", Arg::Number(0.5)), ("k", Arg::Number(0.0))];
        let output = evaluate::<LocalResponseNorm>(&args, &[tensor(&[4, 1, 1], &[3.0, 4.0, 0.0, 2.0])], &[]).data;
        for (found, expected) in output.iter().zip([0.6, 0.8, 0.0, 1.0]) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn an_even_size_takes_one_more_before() {
        let args = [("size", Arg::Int(2)), ("alpha", Arg::Number(2.0)), ("beta", Arg::Number(1.0)), ("k", Arg::Number(0.0))];
        let output = evaluate::<LocalResponseNorm>(&args, &[tensor(&[2, 1, 1], &[1.0, 3.0])], &[]).data;
        assert!((output[0] - 1.0).abs() < 1e-15 && (output[1] - 0.3).abs() < 1e-15, "{output:?}");
    }

    #[test]
    fn a_negative_sum_is_a_problem() {
        assert_eq!(
            problem::<LocalResponseNorm>(&[("size", Arg::Int(5)), ("k", Arg::Number(-1.0))], &[Shape::map(3, 2, 2)]),
            "`k` is -1, but a negative sum has no power"
        );
    }
}
