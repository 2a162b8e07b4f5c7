//! What `upsample` and `resize` share: where each element of the output lies in the input.

use super::{Default, Kind, Lowering, Param};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::Sampling;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// `mode`.
pub const MODE: Param = Param {
    name: "mode",
    kind: Kind::Word(&["nearest", "bilinear", "linear"]),
    default: Default::Value(Arg::Word("nearest")),
    about: "the nearest element, or the mean of four by their distances (of two on a sequence)",
};

/// `align_corners`.
pub const ALIGN_CORNERS: Param = Param {
    name: "align_corners",
    kind: Kind::Flag,
    default: Default::Value(Arg::Flag(false)),
    about: "whether the corners' centres stay where they are; else the map's edges do",
};

/// That corners are aligned only where elements are mixed, and that elements are mixed along the axes that there are.
pub fn check(args: &Args, input: &Shape) -> Result<(), Problem> {
    let mixed = if input.as_sequence().is_some() { "linear" } else { "bilinear" };
    if args.flag("align_corners") && args.word("mode") == "nearest" {
        let problem =
            Problem::argument("align_corners", "`align_corners` says where elements are mixed, but `mode = nearest` mixes none");
        return Err(problem.help(format!("write `mode = {mixed}`")));
    }
    if ![mixed, "nearest"].contains(&args.word("mode")) {
        let (mode, elements) = (args.word("mode"), if mixed == "linear" { "two" } else { "four" });
        let problem = Problem::argument(
            "mode",
            format!("`mode = {mode}` does not mix the {elements} elements around a place of a {}", input.kind()),
        );
        return Err(problem.help(format!("write `mode = {mixed}`")));
    }
    Ok(())
}

/// How the input is sampled.
fn sampling(args: &Args) -> Sampling {
    match (args.word("mode"), args.flag("align_corners")) {
        ("nearest", _) => Sampling::Nearest,
        (_, align_corners) => Sampling::Bilinear { align_corners },
    }
}

/// What computes it.
pub fn lower(args: &Args) -> Lowering {
    Lowering::Resize(sampling(args))
}

/// Along one axis the two elements that are mixed, and the share of the second.
fn source(sampling: Sampling, i: usize, n: usize, out: usize) -> (usize, usize, f64) {
    let at = match sampling {
        Sampling::Nearest => return (i * n / out, i * n / out, 0.0),
        Sampling::Bilinear { align_corners: true } if out == 1 => 0.0,
        Sampling::Bilinear { align_corners: true } => i as f64 * ((n - 1) as f64 / (out - 1) as f64),
        Sampling::Bilinear { align_corners: false } => ((i as f64 + 0.5) * (n as f64 / out as f64) - 0.5).max(0.0),
    };
    let first = (at as usize).min(n - 1);
    (first, (first + 1).min(n - 1), at - first as f64)
}

/// The map at another size.
pub fn evaluate<T: Float>(args: &Args, input: &Tensor<T>, [height, width]: [usize; 2]) -> Tensor<T> {
    let [channels, in_height, in_width] = input.shape.chw();
    let sampling = sampling(args);
    Tensor::from_fn(input.shape.resized(channels, [height, width]), |c, y, x| {
        let (top, bottom, down) = source(sampling, y, in_height, height);
        let (left, right, across) = source(sampling, x, in_width, width);
        let mix = |a: T, b: T, share: f64| if share == 0.0 { a } else { a * T::of(1.0 - share) + b * T::of(share) };
        let row = |y: usize| mix(input.at(c, y, left), input.at(c, y, right), across);
        mix(row(top), row(bottom), down)
    })
}
