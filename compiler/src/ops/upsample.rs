//! `upsample(scale)`: a map or sequence enlarged by a factor.
//!
//! - Formula: nearest: the element at `floor(y · H/H')`, in whole numbers (PyTorch's f32 may round a whole result down). Bilinear: the mean, by
//!   their distances, of the four around `max((y + 1/2) · H/H' − 1/2, 0)`, or with `align_corners` around `y · (H − 1)/(H' − 1)`.
//!   Linear: the same of the two elements around a place of a sequence.
//! - Shapes: `[C, H, W]` to `[C, H·down, W·across]`, `[C, L]` to `[C, L·scale]`, which must come out whole. One factor for both need not
//!   be: `upsample(1.5)` takes 14 rows to 21. (Where it does not come out whole, PyTorch leaves out what is over; `resize` gives any size.)
//! - Parameters: none.
//! - Example: `upsample(2)` takes `[64, 14, 14]` to `[64, 28, 28]`.
//! - Source: Odena et al., *Deconvolution and checkerboard artifacts* (2016); PyTorch's `nn.Upsample(scale_factor=…)`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, resample, window};
use crate::diag::Problem;
use crate::dim;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Upsample;

/// Height and width of the output.
fn enlarged(args: &Args, input: &Shape) -> Result<[usize; 2], Problem> {
    let [_, height, width] = input.chw();
    let too_large = || Problem::argument("scale", "what is enlarged is larger than can be counted");
    let Some(scale) = args.factor("scale") else {
        let [down, across] = args.pair("scale");
        let size = height.checked_mul(down).zip(width.checked_mul(across));
        return size.map(|(height, width)| [height, width]).ok_or_else(too_large);
    };
    let times = |n: usize| {
        let size = n as f64 * scale;
        if size >= dim::MAX_LEN as f64 {
            return Err(too_large());
        }
        // The factor is a rounded one: so may the product be.
        if size < 1.0 || size - size.floor() > 1e-9 * size {
            let message = format!("{n} times {scale} is {size}, not a number of rows or columns");
            let help = format!("`resize` takes any size, as in `resize({})`", size.ceil());
            return Err(Problem::argument("scale", message).help(help));
        }
        Ok(size as usize)
    };
    Ok([if input.as_sequence().is_some() { 1 } else { times(height)? }, times(width)?])
}

impl Layer for Upsample {
    const NAME: &'static str = "upsample";
    const ABOUT: &'static str = "a map or sequence enlarged by factors, by its nearest elements or mixed of those around";
    const SOURCE: &'static str = "`nn.Upsample`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param {
            name: "scale",
            kind: Kind::Factor,
            default: Default::Required,
            about: "factors, down and across; or one for both, which need not be whole",
        },
        resample::MODE,
        resample::ALIGN_CORNERS,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, ..] = window::spatial(Self::NAME, inputs[0])?;
        resample::check(args, inputs[0])?;
        Ok(inputs[0].resized(channels, enlarged(args, inputs[0])?))
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let ([channels, height, width], [down, across]) = (inputs[0].chw(), args.pair("scale"));
        let scaled = [height.times(&sizes::number(down)?)?, width.times(&sizes::number(across)?)?];
        Some(Inferred::always(inputs[0].resized(channels, scaled)))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let Ok(size) = enlarged(args, &inputs[0].shape) else { unreachable!("inferred before it is evaluated") };
        resample::evaluate(args, inputs[0], size)
    }

    fn lower(args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        resample::lower(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{evaluate, infer, problem, tensor};

    const TWICE: (&str, Arg) = ("scale", Arg::Pair([1, 2]));
    const BILINEAR: (&str, Arg) = ("mode", Arg::Word("bilinear"));

    #[test]
    fn nearest_repeats_elements() {
        let output = evaluate::<Upsample>(&[("scale", Arg::Pair([2, 1]))], &[tensor(&[1, 1, 2], &[1.0, 2.0])], &[]);
        assert_eq!(output.data, [1.0, 2.0, 1.0, 2.0]);
    }

    #[test]
    fn a_factor_need_not_be_whole_but_the_size_must() {
        let scale = |scale| [("scale", Arg::Number(scale))];
        assert_eq!(infer::<Upsample>(&scale(1.5), &[Shape::map(3, 14, 8)]), Ok(Shape::map(3, 21, 12)));
        assert_eq!(infer::<Upsample>(&scale(1.1), &[Shape::map(3, 10, 20)]), Ok(Shape::map(3, 11, 22)));
        assert_eq!(infer::<Upsample>(&scale(0.5), &[Shape::sequence(3, 8)]), Ok(Shape::sequence(3, 4)));
        let output = evaluate::<Upsample>(&scale(1.5), &[tensor(&[1, 4], &[1.0, 2.0, 3.0, 4.0])], &[]);
        assert_eq!(output.data, [1.0, 1.0, 2.0, 3.0, 3.0, 4.0]);
        assert_eq!(
            problem::<Upsample>(&scale(1.5), &[Shape::map(3, 14, 7)]),
            "7 times 1.5 is 10.5, not a number of rows or columns\nhelp: `resize` takes any size, as in `resize(11)`"
        );
    }

    #[test]
    fn bilinear_keeps_edges_or_corners() {
        let input = tensor(&[1, 1, 2], &[0.0, 3.0]);
        assert_eq!(evaluate::<Upsample>(&[TWICE, BILINEAR], std::slice::from_ref(&input), &[]).data, [0.0, 0.75, 2.25, 3.0]);
        let aligned = [TWICE, BILINEAR, ("align_corners", Arg::Flag(true))];
        assert_eq!(evaluate::<Upsample>(&aligned, &[input], &[]).data, [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_sequence_is_mixed_linearly() {
        let (twice, input) = (("scale", Arg::Int(2)), tensor(&[1, 2], &[0.0, 3.0]));
        let linear = ("mode", Arg::Word("linear"));
        let output = evaluate::<Upsample>(&[twice.clone(), linear.clone()], std::slice::from_ref(&input), &[]);
        assert_eq!((output.shape, output.data), (Shape::sequence(1, 4), vec![0.0, 0.75, 2.25, 3.0]));
        assert_eq!(
            problem::<Upsample>(&[twice.clone(), BILINEAR], &[Shape::sequence(1, 2)]),
            "`mode = bilinear` does not mix the two elements around a place of a sequence\nhelp: write `mode = linear`"
        );
        assert_eq!(
            problem::<Upsample>(&[twice, linear], &[Shape::map(1, 2, 2)]),
            "`mode = linear` does not mix the four elements around a place of a map\nhelp: write `mode = bilinear`"
        );
    }

    #[test]
    fn corners_are_aligned_only_where_elements_are_mixed() {
        assert!(
            problem::<Upsample>(&[TWICE, ("align_corners", Arg::Flag(true))], &[Shape::map(1, 2, 2)])
                .ends_with("`mode = bilinear`")
        );
    }
}
