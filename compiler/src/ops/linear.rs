//! `linear(outputs)`: a fully connected layer on a vector, `out = W · in + b`.
//!
//! Shapes: `[N]` to `[outputs]`. Parameters: `outputs · N`, and `outputs` more with `bias`: a layer from 7 to 4 has 32. PyTorch's `nn.Linear`.

use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight};
use crate::diag::Problem;
use crate::dim;
use crate::graph::{Arg, Args};
use crate::plan::Init;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Linear;

impl Layer for Linear {
    const NAME: &'static str = "linear";
    const ABOUT: &'static str = "fully connected: `out = weight · in + bias`";
    const SOURCE: &'static str = "`nn.Linear`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "outputs", kind: Kind::Size, default: Default::Required, about: "length of the output" },
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether a bias is added" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let outputs = args.int("outputs");
        let Some(len) = inputs[0].as_vector() else {
            let [c, h, w] = inputs[0].chw();
            let count = dim::product([c, h, w]).map(|len| format!(", which makes {c}·{h}·{w} = {len} elements of it"));
            return Err(Problem::input(0, format!("`linear` reads a vector [N], but its input is the map {}", inputs[0]))
                .help(format!("write `flatten` before it{}", count.unwrap_or_default())));
        };
        match dim::product([outputs, len]) {
            Some(_) => Ok(Shape::vector(outputs)),
            None => Err(Problem::argument("outputs", format!("a weight of {outputs} x {len} is more than memory can address"))),
        }
    }

    fn recover(args: &Args) -> Option<Shape> {
        Some(Shape::vector(args.int("outputs")))
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let (outputs, fan_in) = (args.int("outputs"), inputs[0].len());
        let mut weights =
            vec![Weight { name: "weight", shape: Shape(vec![outputs, fan_in]), init: Init::He { fan_in }, learned: true }];
        if args.flag("bias") {
            weights.push(Weight { name: "bias", shape: Shape::vector(outputs), init: Init::Constant(0.0), learned: true });
        }
        weights
    }

    fn macs(_args: &Args, inputs: &[&Shape], output: &Shape) -> u64 {
        (inputs[0].len() as u64).saturating_mul(output.len() as u64)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let input = &inputs[0].data;
        Tensor::from_fn(Shape::vector(args.int("outputs")), |o, _, _| {
            let mut sum = if args.flag("bias") { weights[1].data[o] } else { T::ZERO };
            for (&value, &weight) in input.iter().zip(&weights[0].data[o * input.len()..]) {
                sum += weight * value;
            }
            sum
        })
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Linear { bias: args.flag("bias") }
    }
}
