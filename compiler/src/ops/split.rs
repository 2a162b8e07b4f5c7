//! `split(parts)`: one value as several, cut along one axis.
//!
//! - Formula: part i is `in[start_i .. start_i + size_i]` along the axis.
//! - Shapes: `split(2)` cuts an axis into that many equal parts, `split([8, 24])` into parts of these sizes, which add up to it. Axis 0
//!   is the channel, since there is no axis for the batch; negative axes count from the end. Unlike `torch.chunk`, parts that do not
//!   come out equal are an error.
//! - Parameters: none.
//! - Example: `let (a, b) = x -> split(2);` names both halves of the channels.
//! - Source: PyTorch's `torch.chunk` and `torch.split`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Part, Results, axes};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Split;

/// The axis and the sizes of the parts on it.
fn parts(args: &Args, input: &Shape) -> Result<(usize, Vec<usize>), Problem> {
    let axis = axes::resolve(Split::NAME, "axis", args.axis("axis"), input)?;
    let n = input.0[axis];
    if let Some(sizes) = args.sizes("parts") {
        let sum = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        if sum != Some(n) {
            let terms: Vec<String> = sizes.iter().map(usize::to_string).collect();
            let sum = sum.map_or_else(|| "more than can be counted".to_owned(), |sum| sum.to_string());
            let message = format!("the parts do not add up to axis {axis} of {input}: {} = {sum}, not {n}", terms.join(" + "));
            return Err(Problem::argument("parts", message));
        }
        return Ok((axis, sizes));
    }
    let count = args.int("parts");
    if count > MAX_PARTS {
        return Err(Problem::argument("parts", format!("a value is split into at most {MAX_PARTS} parts, but here are {count}")));
    }
    if !n.is_multiple_of(count) {
        let message =
            format!("axis {axis} of {input} does not split into {count} equal parts: {n}/{count} = {}", quotient(n, count));
        let (each, rest) = (n.div_ceil(count), n - n.div_ceil(count).min(n) * (count - 1).min(n));
        let mut sizes = vec![each.to_string(); count - 1];
        sizes.push(rest.to_string());
        let fits = (1..=each).contains(&rest) && count <= 8 && each * (count - 1) + rest == n;
        let help = if fits {
            format!("sizes may differ where they are written: `split([{}])`", sizes.join(", "))
        } else {
            String::new()
        };
        return Err(Problem::argument("parts", message).help(help));
    }
    Ok((axis, vec![n / count; count]))
}

/// More than anyone names.
const MAX_PARTS: usize = 1024;

/// `2.33`
fn quotient(n: usize, count: usize) -> String {
    let text = format!("{:.2}", n as f64 / count as f64);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Layer for Split {
    const NAME: &'static str = "split";
    const ABOUT: &'static str = "one value as several, cut along one axis: `let (a, b) = x -> split(2);`";
    const SOURCE: &'static str = "`torch.chunk`, `torch.split`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "parts", kind: Kind::Parts, default: Default::Required, about: "how many, or their sizes in brackets" },
        Param { name: "axis", kind: Kind::Axis, default: Default::Value(Arg::Axis(0)), about: "what is cut; 0 is the channel" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        parts(args, inputs[0]).map(|_| inputs[0].clone())
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        // Parts of known sizes are cut where the axis is known.
        inputs[0].0[sizes::axis(args.axis("axis"), inputs[0])?].known()?;
        Some(Inferred::same(inputs[0]))
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        inputs[0].clone()
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Identity
    }

    fn results(args: &Args, inputs: &[&Shape], _output: &Shape) -> Option<Results> {
        let (axis, sizes) = parts(args, inputs[0]).ok()?;
        let mut start = 0;
        let part = |size| {
            let first = start;
            start += i64::try_from(size).ok()?;
            Some(Part { axis, range: [Some(first), Some(start)], sizes: None })
        };
        Some(Results { parts: sizes.into_iter().map(part).collect::<Option<_>>()?, first_alone: false, packed: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{args, problem};

    fn ranges(call: &[(&str, Arg)], input: &Shape) -> Vec<[Option<i64>; 2]> {
        let results = Split::results(&args::<Split>(call), &[input], input).unwrap();
        results.parts.into_iter().map(|part| part.range).collect()
    }

    #[test]
    fn equal_parts_or_given_sizes() {
        let map = Shape::map(6, 4, 5);
        assert_eq!(ranges(&[("parts", Arg::Int(3))], &map), [[Some(0), Some(2)], [Some(2), Some(4)], [Some(4), Some(6)]]);
        let sizes = [("parts", Arg::List(vec![1, 4])), ("axis", Arg::Axis(-1))];
        assert_eq!(ranges(&sizes, &map), [[Some(0), Some(1)], [Some(1), Some(5)]]);
    }

    #[test]
    fn parts_that_do_not_come_out_are_a_problem_with_the_arithmetic() {
        let map = Shape::map(7, 4, 4);
        assert_eq!(
            problem::<Split>(&[("parts", Arg::Int(3))], std::slice::from_ref(&map)),
            "axis 0 of [7, 4, 4] does not split into 3 equal parts: 7/3 = 2.33\n\
             help: sizes may differ where they are written: `split([3, 3, 1])`"
        );
        assert_eq!(
            problem::<Split>(&[("parts", Arg::List(vec![3, 3]))], &[map]),
            "the parts do not add up to axis 0 of [7, 4, 4]: 3 + 3 = 6, not 7"
        );
    }
}
