//! What the layers on several values share: broadcasting, how it is said that shapes differ, and what would make them alike.

use super::{Lowering, written};
use crate::diag::Problem;
use crate::graph::{Arg, Padding};
use crate::plan::Combination;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// The shape that both have once sizes of 1 are repeated, or what differs and how to mend it.
pub fn infer(name: &str, inputs: &[&Shape]) -> Result<Shape, Problem> {
    let (a, b) = (inputs[0], inputs[1]);
    if let Some(shape) = broadcast(a, b) {
        return Ok(shape);
    }
    let (what, help) = match (a.kind(), b.kind()) {
        ("vector", "vector") => {
            ("their lengths differ".into(), format!("`linear({})` makes the second as long as the first", a.chw()[0]))
        }
        (one, other) if one == other => (differing(a, b), project(a, b)),
        (_, "vector") | ("vector", _) => {
            let b_is_vector = b.as_vector().is_some();
            let (which, other, pooled, [len, ..]) =
                if b_is_vector { ("first", "second", a, b.chw()) } else { ("second", "first", b, a.chw()) };
            let [channels, _, width] = pooled.chw();
            let help = match channels == len {
                true => format!("`reshape({})` makes the {other} a number for each channel", pooled.resized(len, [1, 1])),
                false => format!("`flatten -> linear({len})` makes the {which} a vector [{len}]"),
            };
            (format!("the last axes are aligned, and {width} is not {len}"), help)
        }
        _ => ("the last axes are aligned, those of a sequence with rows and columns".into(), String::new()),
    };
    let message = format!("`{name}` needs two values of one shape, or sizes of 1 to repeat, but they are {a} and {b}: {what}");
    Err(Problem::input(1, message).help(help))
}

/// The shape of two values of which sizes of 1 are repeated, their last axes being aligned: PyTorch's broadcasting.
fn broadcast(a: &Shape, b: &Shape) -> Option<Shape> {
    let n = a.0.len().max(b.0.len());
    let size = |shape: &Shape, axis: usize| (axis + shape.0.len()).checked_sub(n).map_or(1, |axis| shape.0[axis]);
    let both = |axis: usize| match (size(a, axis), size(b, axis)) {
        (1, size) | (size, 1) => Some(size),
        (a, b) => (a == b).then_some(a),
    };
    (0..n).map(both).collect::<Option<Vec<usize>>>().map(Shape)
}

/// Both, element by element.
pub fn evaluate<T: Float>(inputs: &[&Tensor<T>], f: impl Fn(T, T) -> T) -> Tensor<T> {
    let Some(shape) = broadcast(&inputs[0].shape, &inputs[1].shape) else { unreachable!("the shape rule has accepted it") };
    // Where the element of an operand is, for an element of the result.
    let index = |operand: &Shape, mut element: usize| {
        let (mut index, mut step) = (0, 1);
        for (back, &size) in shape.0.iter().rev().enumerate() {
            let own = operand.0.len().checked_sub(back + 1).map_or(1, |axis| operand.0[axis]);
            index += if own == 1 { 0 } else { element % size * step };
            step *= own;
            element /= size;
        }
        index
    };
    let value = |at: usize, operand: &Tensor<T>| operand.data[index(&operand.shape, at)];
    let data = (0..shape.len()).map(|at| f(value(at, inputs[0]), value(at, inputs[1]))).collect();
    Tensor { shape, data }
}

/// What combines two values.
pub fn lower(combination: Combination, inputs: &[&Shape]) -> Lowering {
    if inputs[0] == inputs[1] { Lowering::Combine(combination) } else { Lowering::Broadcast(combination) }
}

/// `their heights and widths differ`
fn differing(a: &Shape, b: &Shape) -> String {
    let axes = match a.0.len() {
        2 => &["channels", "lengths"][..],
        _ => &["channels", "heights", "widths"],
    };
    let unlike = |(_, (a, b)): &(&&str, (&usize, &usize))| a != b && **a != 1 && **b != 1;
    let differ: Vec<&str> = axes.iter().zip(a.0.iter().zip(&b.0)).filter(unlike).map(|(&axis, _)| axis).collect();
    match differ[..] {
        [one] => format!("their {one} differ"),
        [one, other] => format!("their {one} and {other} differ"),
        _ => "their channels, heights and widths differ".into(),
    }
}

/// A 1x1 convolution that makes one map or sequence like the other: the larger like the smaller, or the second like the first.
fn project(first: &Shape, second: &Shape) -> String {
    let (a, b) = (first.chw(), second.chw());
    let (one, axes) = if first.as_sequence().is_some() { ("1", 2..3) } else { ("1x1", 1..3) };
    if a[1..] == b[1..] {
        return format!("`conv({}, {one})` makes the second {first}", a[0]);
    }
    let second_is_smaller = a[1] >= b[1] && a[2] >= b[2];
    let (large, small) = if second_is_smaller { (a, b) } else { (b, a) };
    let [larger, smaller] = if second_is_smaller { ["first", "second"] } else { ["second", "first"] };
    if small[1..] == [1, 1] {
        let shape = first.resized(large[0], [1, 1]);
        return format!("`conv({}, {one})` makes the {smaller} {shape}, which is repeated", large[0]);
    }
    match (stride(large, small), border(large, small)) {
        (_, Some(pad)) => {
            format!(
                "with `pad` greater by {} in the window before it, the {smaller} is {}",
                padding(first, pad),
                sides(first, large)
            )
        }
        (Some(stride), _) => {
            let exact = axes.into_iter().all(|axis| (large[axis] - 1).is_multiple_of(stride));
            let round = if exact { "" } else { ", round = floor" };
            let shape = first.resized(small[0], [small[1], small[2]]);
            format!("`conv({}, {one}, stride = {stride}{round})` makes the {larger} {shape}", small[0])
        }
        _ => String::new(),
    }
}

/// Height and width of a map, `56x56`, or of a sequence its length, `100 long`.
pub(super) fn sides(of: &Shape, [_, height, width]: [usize; 3]) -> String {
    match of.kind() {
        "map" => format!("{height}x{width}"),
        _ => format!("{width} long"),
    }
}

/// Padding as it is written of a value like `of`.
pub(super) fn padding(of: &Shape, [top, left, bottom, right]: [usize; 4]) -> String {
    match of.kind() {
        "map" => written(&Arg::Pad(Padding::Sides([top, left, bottom, right]))),
        _ if left == right => left.to_string(),
        _ => format!("({left}, {right})"),
    }
}

/// The stride that brings the sides of one map to those of another.
pub(super) fn stride(large: [usize; 3], small: [usize; 3]) -> Option<usize> {
    let stride = large[2].div_ceil(small[2]);
    ((2..=8).contains(&stride) && (1..3).all(|axis| large[axis].div_ceil(stride) == small[axis])).then_some(stride)
}

/// The padding that gives one map the sides of another, the border that a window before it has lost: top, left, bottom, right.
pub(super) fn border(large: [usize; 3], small: [usize; 3]) -> Option<[usize; 4]> {
    let lost = [large[1].checked_sub(small[1])?, large[2].checked_sub(small[2])?];
    // A lost border is narrow; a map of half the size has lost none.
    let narrow = (0..2).all(|axis| lost[axis] <= 10 && 2 * lost[axis] < large[axis + 1]);
    narrow.then_some([lost[0] / 2, lost[1] / 2, lost[0].div_ceil(2), lost[1].div_ceil(2)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Blame;
    use crate::ops::testing::tensor;

    fn check(a: &[usize], b: &[usize], expected: &str) {
        let problem = infer("add", &[&Shape(a.to_vec()), &Shape(b.to_vec())]).unwrap_err();
        assert_eq!(problem.blame, Blame::Input(1));
        assert_eq!(
            problem.to_string(),
            format!("`add` needs two values of one shape, or sizes of 1 to repeat, but they are {expected}")
        );
    }

    #[test]
    fn sizes_of_one_are_repeated_and_missing_axes_are_the_first() {
        let shape = |a: &[usize], b: &[usize]| infer("add", &[&Shape(a.to_vec()), &Shape(b.to_vec())]);
        for (a, b, expected) in [
            (&[3, 4, 5][..], &[3, 1, 1][..], &[3, 4, 5][..]),
            (&[3, 1, 1], &[1, 4, 5], &[3, 4, 5]),
            (&[5], &[3, 4, 5], &[3, 4, 5]),
            (&[4, 5], &[3, 4, 5], &[3, 4, 5]),
            (&[4, 1], &[5], &[4, 5]),
            (&[1], &[7], &[7]),
        ] {
            assert_eq!((shape(a, b), shape(b, a)), (Ok(Shape(expected.to_vec())), Ok(Shape(expected.to_vec()))));
        }
        let sum = |a, b| evaluate(&[&a, &b], |a: f64, b| a + b);
        assert_eq!(sum(tensor(&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]), tensor(&[2], &[10.0, 20.0])).data, [11.0, 22.0, 13.0, 24.0]);
        assert_eq!(sum(tensor(&[2, 1], &[1.0, 2.0]), tensor(&[2], &[10.0, 20.0])).data, [11.0, 21.0, 12.0, 22.0]);
    }

    #[test]
    fn what_differs_is_said_and_what_would_mend_it() {
        let cases: [(&[usize], &[usize], &str); 17] = [
            (
                &[64, 56, 56],
                &[128, 28, 28],
                "[64, 56, 56] and [128, 28, 28]: their channels, heights and widths differ\n\
                 help: `conv(128, 1x1, stride = 2, round = floor)` makes the first [128, 28, 28]",
            ),
            (
                &[128, 29, 29],
                &[64, 57, 57],
                "[128, 29, 29] and [64, 57, 57]: their channels, heights and widths differ\n\
                 help: `conv(128, 1x1, stride = 2)` makes the second [128, 29, 29]",
            ),
            (
                &[64, 56, 56],
                &[128, 56, 56],
                "[64, 56, 56] and [128, 56, 56]: their channels differ\nhelp: `conv(64, 1x1)` makes the second [64, 56, 56]",
            ),
            (
                &[64, 54, 54],
                &[64, 56, 56],
                "[64, 54, 54] and [64, 56, 56]: their heights and widths differ\n\
                 help: with `pad` greater by 1 in the window before it, the first is 56x56",
            ),
            (
                &[64, 56, 56],
                &[64, 54, 56],
                "[64, 56, 56] and [64, 54, 56]: their heights differ\n\
                 help: with `pad` greater by (1, 0) in the window before it, the second is 56x56",
            ),
            (
                &[64, 56, 56],
                &[64, 56, 55],
                "[64, 56, 56] and [64, 56, 55]: their widths differ\n\
                 help: with `pad` greater by (0, 0, 0, 1) in the window before it, the second is 56x56",
            ),
            (
                &[64, 8, 8],
                &[32, 1, 1],
                "[64, 8, 8] and [32, 1, 1]: their channels differ\n\
                 help: `conv(64, 1x1)` makes the second [64, 1, 1], which is repeated",
            ),
            (&[64, 56, 7], &[64, 7, 56], "[64, 56, 7] and [64, 7, 56]: their heights and widths differ"),
            (
                &[64, 100],
                &[32, 100],
                "[64, 100] and [32, 100]: their channels differ\nhelp: `conv(64, 1)` makes the second [64, 100]",
            ),
            (
                &[64, 100],
                &[64, 97],
                "[64, 100] and [64, 97]: their lengths differ\n\
                 help: with `pad` greater by (1, 2) in the window before it, the second is 100 long",
            ),
            (
                &[64, 100],
                &[96, 50],
                "[64, 100] and [96, 50]: their channels and lengths differ\n\
                 help: `conv(96, 1, stride = 2, round = floor)` makes the first [96, 50]",
            ),
            (
                &[32, 1],
                &[64, 50],
                "[32, 1] and [64, 50]: their channels differ\nhelp: `conv(64, 1)` makes the first [64, 1], which is repeated",
            ),
            (
                &[64, 50],
                &[64, 5, 10],
                "[64, 50] and [64, 5, 10]: the last axes are aligned, those of a sequence with rows and columns",
            ),
            (
                &[64, 50],
                &[64],
                "[64, 50] and [64]: the last axes are aligned, and 50 is not 64\n\
                 help: `reshape([64, 1])` makes the second a number for each channel",
            ),
            (&[10], &[12], "[10] and [12]: their lengths differ\nhelp: `linear(10)` makes the second as long as the first"),
            (
                &[10],
                &[10, 4, 4],
                "[10] and [10, 4, 4]: the last axes are aligned, and 4 is not 10\n\
                 help: `reshape([10, 1, 1])` makes the first a number for each channel",
            ),
            (
                &[3, 4, 4],
                &[10],
                "[3, 4, 4] and [10]: the last axes are aligned, and 4 is not 10\nhelp: `flatten -> linear(10)` makes the first a vector [10]",
            ),
        ];
        for (a, b, expected) in cases {
            check(a, b, expected);
        }
    }
}
