//! What the layers on several values share: how it is said that shapes differ, and what would make them alike.

use super::written;
use crate::diag::Problem;
use crate::graph::{Arg, Padding};
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// The shape of both, or what differs and how to mend it.
pub fn infer(name: &str, inputs: &[&Shape]) -> Result<Shape, Problem> {
    let (a, b) = (inputs[0], inputs[1]);
    if a == b {
        return Ok(a.clone());
    }
    let (what, help) = match (a.kind(), b.kind()) {
        ("vector", "vector") => {
            ("their lengths differ".into(), format!("`linear({})` makes the second as long as the first", a.chw()[0]))
        }
        (one, other) if one == other => (differing(a, b), project(a, b)),
        (_, "vector") | ("vector", _) => {
            let (which, pooled, [len, ..]) = if b.as_vector().is_some() { ("first", a, b.chw()) } else { ("second", b, a.chw()) };
            let mend = match pooled.chw()[0] == len {
                true => "global_avg_pool -> flatten".into(),
                false => format!("flatten -> linear({len})"),
            };
            (format!("one is a {}, the other a vector", pooled.kind()), format!("`{mend}` makes the {which} a vector [{len}]"))
        }
        _ => ("one is a map, the other a sequence".into(), String::new()),
    };
    Err(Problem::input(1, format!("`{name}` needs two values of one shape, but they are {a} and {b}: {what}")).help(help))
}

/// Both, element by element.
pub fn evaluate<T: Float>(inputs: &[&Tensor<T>], f: impl Fn(T, T) -> T) -> Tensor<T> {
    let data = inputs[0].data.iter().zip(&inputs[1].data).map(|(&a, &b)| f(a, b)).collect();
    Tensor { shape: inputs[0].shape.clone(), data }
}

/// `their heights and widths differ`
fn differing(a: &Shape, b: &Shape) -> String {
    let axes = match a.0.len() {
        2 => &["channels", "lengths"][..],
        _ => &["channels", "heights", "widths"],
    };
    let differ: Vec<&str> = axes.iter().zip(a.0.iter().zip(&b.0)).filter(|(_, (a, b))| a != b).map(|(&axis, _)| axis).collect();
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
        let repeated = match first.kind() {
            "map" => "a 1x1 map is not repeated over rows and columns",
            _ => "one position is not repeated over others",
        };
        return format!("{repeated}: pool the {larger} with `adaptive_avg_pool({one})`, or leave the {smaller} unpooled");
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

    fn check(a: &[usize], b: &[usize], expected: &str) {
        let problem = infer("add", &[&Shape(a.to_vec()), &Shape(b.to_vec())]).unwrap_err();
        assert_eq!(problem.blame, Blame::Input(1));
        assert_eq!(problem.to_string(), format!("`add` needs two values of one shape, but they are {expected}"));
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
                &[64, 1, 1],
                "[64, 8, 8] and [64, 1, 1]: their heights and widths differ\n\
                 help: a 1x1 map is not repeated over rows and columns: pool the first with `adaptive_avg_pool(1x1)`, or leave the second unpooled",
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
                &[64, 1],
                &[64, 50],
                "[64, 1] and [64, 50]: their lengths differ\nhelp: one position is not repeated over others: \
                 pool the second with `adaptive_avg_pool(1)`, or leave the first unpooled",
            ),
            (&[64, 50], &[64, 5, 10], "[64, 50] and [64, 5, 10]: one is a map, the other a sequence"),
            (
                &[64, 50],
                &[64],
                "[64, 50] and [64]: one is a sequence, the other a vector\n\
                 help: `global_avg_pool -> flatten` makes the first a vector [64]",
            ),
            (&[10], &[12], "[10] and [12]: their lengths differ\nhelp: `linear(10)` makes the second as long as the first"),
            (
                &[10],
                &[10, 4, 4],
                "[10] and [10, 4, 4]: one is a map, the other a vector\n\
                 help: `global_avg_pool -> flatten` makes the second a vector [10]",
            ),
            (
                &[3, 4, 4],
                &[10],
                "[3, 4, 4] and [10]: one is a map, the other a vector\nhelp: `flatten -> linear(10)` makes the first a vector [10]",
            ),
        ];
        for (a, b, expected) in cases {
            check(a, b, expected);
        }
    }
}
