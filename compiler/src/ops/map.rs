//! `map(|x| …)`: an element-wise expression of one's own, of one value or of several of one shape.
//!
//! - Formula: what stands in the closure, of each element: numbers, the parameters of the closure, `let`; `+ - * /`, unary `-`;
//!   `min(a, b)`, `max(a, b)`, `abs(a)`, `sqrt(a)`, `clamp(a, low, high)`, `exp(a)`, `ln(a)`, `tanh(a)`, `sigmoid(a)`;
//!   `if a < b { … } else { … }` with `< <= > >= == !=`, `&&`, `||`, `!`. Constants, numbers among a block's parameters and
//!   properties of values (`x.channels`) are numbers there, too; closures are arguments like others, so that a block can take one.
//! - Arithmetic: IEEE 754 in single precision, each operation rounded once, none contracted with another: the bits that the same
//!   expression has as Rust's f32 arithmetic, on every back end, instruction set and in the naive evaluation. `exp`, `ln`, `tanh` and
//!   `sigmoid` are the runtime's own, within 4 ULP, the same bits on every back end and instruction set. `min` and `max` of a
//!   number and a NaN are the number, as `f32::min`'s; `clamp` of a NaN is a NaN; comparisons with a NaN fail, but for `!=`. Of −0 and 0,
//!   which are equal, `min` and `max` take the second. Which NaN a NaN is is not said.
//! - Shapes: any, unchanged; several values have one shape. At most 8 values, 256 operations.
//! - Parameters: none.
//! - Example: `x -> map(|x| x * tanh(ln(1.0 + exp(x))))`, `a -> map(b, |a, b| a * sigmoid(b))`.
//! - Source: PyTorch's arithmetic on tensors.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, combine};
use crate::diag::{Blame, Problem};
use crate::graph::Args;
use crate::program::{Function, Operand, Program, registers};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Map;

impl Layer for Map {
    const NAME: &'static str = "map";
    const ABOUT: &'static str = "an expression of each element, such as `x * sigmoid(x)`";
    const SOURCE: &'static str = "arithmetic on tensors";
    const INPUTS: Inputs = Inputs::Closure;
    const SIGNATURE: &'static [Param] =
        &[Param { name: "f", kind: Kind::Closure, default: Default::Required, about: "the expression" }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let Program { n_inputs, operations } = args.closure("f");
        if *n_inputs != inputs.len() {
            let parameters = if *n_inputs == 1 { "one parameter".into() } else { format!("{n_inputs} parameters") };
            let values = if inputs.len() == 1 { "one value flows".into() } else { format!("{} values flow", inputs.len()) };
            let message = format!("this closure has {parameters}, but {values} into `map`");
            let help = match inputs.len() {
                1 => "further values stand before the closure: `a -> map(b, |a, b| a * b)`",
                _ => "a closure has a parameter for each value, the one before the arrow first",
            };
            return Err(Problem::argument("f", message).help(help));
        }
        registers(*n_inputs, operations)
            .map_err(|message| Problem::argument("f", format!("this expression is too large: {message}")))?;
        for (position, other) in inputs.iter().enumerate().skip(1) {
            combine::infer(Self::NAME, &[inputs[0], other])
                .map_err(|problem| Problem { blame: Blame::Input(position), ..problem })?;
        }
        Ok(inputs[0].clone())
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        sizes::alike(inputs)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let program = args.closure("f");
        let data = (0..inputs[0].data.len()).map(|at| run(program, inputs.iter().map(|input| input.data[at]).collect()));
        Tensor { shape: inputs[0].shape.clone(), data: data.collect() }
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Map(args.closure("f").clone())
    }
}

/// The result of a program for one element of each value.
pub fn run<T: Float>(program: &Program, mut values: Vec<T>) -> T {
    for operation in program.operations.iter() {
        let [a, b, c, d] = operation.operands.map(|operand| match operand {
            Operand::Value(value) => values[usize::from(value)],
            Operand::Number(number) => T::of(f64::from(number)),
        });
        let one = T::of(1.0);
        let minus = |x: T| T::of(-0.0) - x;
        values.push(match operation.function {
            Function::Same => a,
            Function::Neg => minus(a),
            Function::Abs => {
                // Of −0, too.
                if a <= T::ZERO { T::ZERO - a } else { a }
            }
            Function::Sqrt => a.sqrt(),
            Function::Exp => a.exp(),
            Function::Ln => a.ln(),
            Function::Tanh => a.tanh(),
            Function::Sigmoid => one / (one + minus(a).exp()),
            Function::Add => a + b,
            Function::Sub => a - b,
            Function::Mul => a * b,
            Function::Div => a / b,
            Function::Min => {
                if a < b || b.to_f64().is_nan() {
                    a
                } else {
                    b
                }
            }
            Function::Max => {
                if a > b || b.to_f64().is_nan() {
                    a
                } else {
                    b
                }
            }
            Function::IfLess => {
                if a < b {
                    c
                } else {
                    d
                }
            }
            Function::IfLessOrEqual => {
                if a <= b {
                    c
                } else {
                    d
                }
            }
            Function::IfEqual => {
                if a == b {
                    c
                } else {
                    d
                }
            }
        });
    }
    values[values.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{evaluate, problem, tensor};

    fn f(program: &str) -> (&'static str, Arg) {
        ("f", Arg::Closure(program.parse().unwrap_or_else(|problem| panic!("{program}: {problem}"))))
    }

    #[test]
    fn an_expression_of_each_element_of_several_values() {
        let (a, b) = (tensor(&[3], &[1.0, -2.0, 3.0]), tensor(&[3], &[4.0, 5.0, -6.0]));
        let output = evaluate::<Map>(&[f("[2: mul(0, 1), abs(2), if_less(0, 0.0, 3, 1)]")], &[a, b], &[]);
        assert_eq!(output.data, [4.0, 10.0, -6.0]);
    }

    #[test]
    fn minimum_and_maximum_prefer_numbers_to_nan_and_comparisons_fail_with_it() {
        let x = tensor(&[3], &[f64::NAN, 1.0, -0.0]);
        for (program, expected) in [
            ("[1: min(0, 2.0)]", [2.0, 1.0, -0.0]),
            ("[1: max(2.0, 0)]", [2.0, 2.0, 2.0]),
            ("[1: if_less_or_equal(0, 1.0, 5.0, 6.0)]", [6.0, 5.0, 5.0]),
            ("[1: if_equal(0, 0, 5.0, 6.0)]", [6.0, 5.0, 5.0]),
            ("[1: abs(0), max(1, 0.0)]", [0.0, 1.0, 0.0]),
        ] {
            assert_eq!(evaluate::<Map>(&[f(program)], std::slice::from_ref(&x), &[]).data, expected, "{program}");
        }
    }

    #[test]
    fn values_are_as_many_as_parameters_and_of_one_shape() {
        let (a, b) = (Shape::vector(3), Shape::vector(4));
        assert_eq!(
            problem::<Map>(&[f("[2: add(0, 1)]")], std::slice::from_ref(&a)),
            "this closure has 2 parameters, but one value flows into `map`\n\
             help: further values stand before the closure: `a -> map(b, |a, b| a * b)`"
        );
        assert_eq!(
            problem::<Map>(&[f("[1: exp(0)]")], &[a.clone(), a.clone()]),
            "this closure has one parameter, but 2 values flow into `map`\n\
             help: a closure has a parameter for each value, the one before the arrow first"
        );
        assert!(problem::<Map>(&[f("[2: add(0, 1)]")], &[a, b]).starts_with("`map` needs two values of one shape"));
    }
}
