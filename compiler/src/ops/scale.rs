//! `scale(by)`: each channel of a map or sequence times a number of its own.
//!
//! - Formula: `out[c, y, x] = in[c, y, x] · by[c]`.
//! - Shapes: a map `[C, H, W]` and a vector `[C]` or a map `[C, 1, 1]`, a sequence `[C, L]` and `[C]` or `[C, 1]`; the output's is the first.
//! - Parameters: none.
//! - Example: `x -> scale(x -> global_avg_pool -> conv(8, 1x1) -> relu -> conv(64, 1x1) -> sigmoid)` weighs channels by what all pixels say.
//! - Source: Hu et al., *Squeeze-and-excitation networks* (2018); PyTorch's product of `[N, C, H, W]` and `[N, C, 1, 1]`.

use super::sizes::{self, Inferred};
use super::{Inputs, Layer, Lowering, Param, window};
use crate::diag::Problem;
use crate::facts::Condition;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Scale;

impl Layer for Scale {
    const NAME: &'static str = "scale";
    const ABOUT: &'static str =
        "each channel times a number: the other value is `[C]`, or `[C, 1, 1]` beside a map, `[C, 1]` beside a sequence";
    const SOURCE: &'static str = "`x * s`";
    const INPUTS: Inputs = Inputs::Two;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let (map, by) = (inputs[0], inputs[1]);
        let [channels, ..] = window::spatial(Self::NAME, map)?;
        if by.chw() == [channels, 1, 1] {
            return Ok(map.clone());
        }
        let one = map.resized(channels, [1, 1]);
        let window = if by.as_sequence().is_some() { "1" } else { "1x1" };
        let pooled = by.resized(channels, [1, 1]);
        let help = match (by.as_vector(), by.chw()) {
            _ if by == map => format!("`mul` multiplies {}s of one shape element by element", map.kind()),
            (Some(_), _) => format!("`linear({channels})` makes the second [{channels}]"),
            (None, [n, ..]) if n == channels => format!("`global_avg_pool` makes the second {pooled}"),
            (None, [_, 1, 1]) => format!("`conv({channels}, {window})` makes the second {pooled}"),
            (None, _) => format!("`global_avg_pool -> conv({channels}, {window})` makes the second {pooled}"),
        };
        let message = format!(
            "`scale` multiplies each channel of {map} by a number, but its second value is {by}, not [{channels}] or {one}"
        );
        Err(Problem::input(1, message).help(help))
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let ([channels, ..], by) = (inputs[0].chw(), inputs[1].chw());
        let asked = [channels, sizes::number(1)?, sizes::number(1)?];
        let asks = by.into_iter().zip(asked).filter(|(found, asked)| found != asked);
        let asks = asks.map(|(found, asked)| Condition::equal(found, asked)).collect();
        Some(Inferred { sizes: inputs[0].clone(), asks })
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        Tensor::from_fn(inputs[0].shape.clone(), |c, y, x| inputs[0].at(c, y, x) * inputs[1].data[c])
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{counting, evaluate, infer, problem, tensor};

    #[test]
    fn each_channel_has_its_factor() {
        for by in [&[2][..], &[2, 1, 1], &[2, 1]] {
            let output = evaluate::<Scale>(&[], &[counting(&[2, 1, 2]), tensor(by, &[10.0, 0.5])], &[]);
            assert_eq!(output.data, [10.0, 20.0, 1.5, 2.0]);
            let output = evaluate::<Scale>(&[], &[counting(&[2, 2]), tensor(by, &[10.0, 0.5])], &[]);
            assert_eq!((output.shape, output.data), (Shape::sequence(2, 2), vec![10.0, 20.0, 1.5, 2.0]));
        }
    }

    #[test]
    fn what_would_make_the_second_fit_is_said() {
        let cases: [(&[usize], &str); 4] = [
            (&[3, 2, 2], "help: `mul` multiplies maps of one shape element by element"),
            (&[3, 1, 2], "help: `global_avg_pool` makes the second [3, 1, 1]"),
            (&[4, 1, 1], "help: `conv(3, 1x1)` makes the second [3, 1, 1]"),
            (&[4], "help: `linear(3)` makes the second [3]"),
        ];
        for (by, help) in cases {
            let problem = problem::<Scale>(&[], &[Shape::map(3, 2, 2), Shape(by.to_vec())]);
            assert!(problem.ends_with(help), "{problem}");
        }
        let problem = problem::<Scale>(&[], &[Shape::sequence(3, 7), Shape::sequence(4, 1)]);
        assert!(problem.ends_with("not [3] or [3, 1]\nhelp: `conv(3, 1)` makes the second [3, 1]"), "{problem}");
        assert!(infer::<Scale>(&[], &[Shape::vector(3), Shape::vector(3)]).is_err());
    }
}
