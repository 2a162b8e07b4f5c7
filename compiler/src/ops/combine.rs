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
    let (what, help) = match (a.as_map(), b.as_map()) {
        (Some(a), Some(b)) => (differing(a, b), project(a, b)),
        (None, None) => {
            ("their lengths differ".into(), format!("`linear({})` makes the second as long as the first", a.chw()[0]))
        }
        (map, _) => {
            let (which, channels, [len, ..]) =
                if map.is_some() { ("first", a.chw()[0], b.chw()) } else { ("second", b.chw()[0], a.chw()) };
            let mend =
                if channels == len { "adaptive_avg_pool(1x1) -> flatten".into() } else { format!("flatten -> linear({len})") };
            ("one is a map, the other a vector".into(), format!("`{mend}` makes the {which} a vector [{len}]"))
        }
    };
    Err(Problem::input(1, format!("`{name}` needs two values of one shape, but they are {a} and {b}: {what}")).help(help))
}

/// Both, element by element.
pub fn evaluate<T: Float>(inputs: &[&Tensor<T>], f: impl Fn(T, T) -> T) -> Tensor<T> {
    let data = inputs[0].data.iter().zip(&inputs[1].data).map(|(&a, &b)| f(a, b)).collect();
    Tensor { shape: inputs[0].shape.clone(), data }
}

/// `their heights and widths differ`
fn differing(a: [usize; 3], b: [usize; 3]) -> String {
    let differ: Vec<&str> =
        (0..3).filter(|&axis| a[axis] != b[axis]).map(|axis| ["channels", "heights", "widths"][axis]).collect();
    match differ[..] {
        [one] => format!("their {one} differ"),
        [one, other] => format!("their {one} and {other} differ"),
        _ => "their channels, heights and widths differ".into(),
    }
}

/// A 1x1 convolution that makes one map like the other: the larger like the smaller, or the second like the first.
fn project(a: [usize; 3], b: [usize; 3]) -> String {
    if a[1..] == b[1..] {
        return format!("`conv({}, 1x1)` makes the second {}", a[0], Shape(a.to_vec()));
    }
    let second_is_smaller = a[1] >= b[1] && a[2] >= b[2];
    let (large, small) = if second_is_smaller { (a, b) } else { (b, a) };
    let [larger, smaller] = if second_is_smaller { ["first", "second"] } else { ["second", "first"] };
    if small[1..] == [1, 1] {
        return format!(
            "a 1x1 map is not repeated over rows and columns: pool the {larger} with `adaptive_avg_pool(1x1)`, or leave the {smaller} unpooled"
        );
    }
    match (stride(large, small), border(large, small)) {
        (_, Some(pad)) => {
            format!("with `pad` greater by {pad} in the window before it, the {smaller} is {}x{}", large[1], large[2])
        }
        (Some(stride), _) => {
            let exact = (1..3).all(|axis| (large[axis] - 1).is_multiple_of(stride));
            let round = if exact { "" } else { ", round = floor" };
            format!("`conv({}, 1x1, stride = {stride}{round})` makes the {larger} {}", small[0], Shape(small.to_vec()))
        }
        _ => String::new(),
    }
}

/// The stride that brings the sides of one map to those of another.
pub(super) fn stride(large: [usize; 3], small: [usize; 3]) -> Option<usize> {
    let stride = large[1].div_ceil(small[1]);
    ((2..=8).contains(&stride) && (1..3).all(|axis| large[axis].div_ceil(stride) == small[axis])).then_some(stride)
}

/// The padding, as it is written, that gives one map the sides of another: the border that a window before it has lost.
pub(super) fn border(large: [usize; 3], small: [usize; 3]) -> Option<String> {
    let lost = [large[1].checked_sub(small[1])?, large[2].checked_sub(small[2])?];
    // A lost border is narrow; a map of half the size has lost none.
    let narrow = (0..2).all(|axis| lost[axis] <= 10 && 2 * lost[axis] < large[axis + 1]);
    let sides = Padding::Sides([lost[0] / 2, lost[1] / 2, lost[0].div_ceil(2), lost[1].div_ceil(2)]);
    narrow.then(|| written(&Arg::Pad(sides)))
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
        let cases: [(&[usize], &[usize], &str); 11] = [
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
            (&[10], &[12], "[10] and [12]: their lengths differ\nhelp: `linear(10)` makes the second as long as the first"),
            (
                &[10],
                &[10, 4, 4],
                "[10] and [10, 4, 4]: one is a map, the other a vector\n\
                 help: `adaptive_avg_pool(1x1) -> flatten` makes the second a vector [10]",
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
