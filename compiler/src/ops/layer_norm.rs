//! `layer_norm`: a value normalised by its own mean and variance, over all of it or over some of its axes.
//!
//! - Formula: `out = weight · (in − μ)/√(σ² + eps) + bias`, μ and σ² being mean and variance of the elements that `over` takes together:
//!   `all` of the value; `map`, the rows and columns of each channel; `row`, each row of each channel, or all steps of a
//!   sequence's channel; `channels`, the channels of each pixel. Each place among these has weight and bias of its own.
//! - Shapes: `[C, H, W]`, `[C, L]` or `[N]`, unchanged.
//! - Parameters: `weight` and `bias`, of the sizes of the axes that are taken together (`[C, H, W]`, `[H, W]`, `[W]` or `[C]`), unless
//!   `affine = false`; `bias = false` leaves out the latter.
//! - Example: `linear(512) -> layer_norm` has 1024 parameters in the norm; `layer_norm(over = channels, eps = 1e-6)` is ConvNeXt's.
//! - Source: Ba et al., *Layer normalization* (2016); PyTorch's `nn.LayerNorm` of the last axes, `all`, `map` or `row`; with
//!   `channels` torchvision's `LayerNorm2d`.

use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight, norm};
use crate::diag::Problem;
use crate::facts::Condition;
use crate::graph::{Arg, Args};
use crate::plan::{Region, ScaleOf};
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct LayerNorm;

/// The axes that are taken together, as the sizes of weight and bias; of a vector all there is.
fn axes(args: &Args, input: &Shape) -> Shape {
    let first = match (args.word("over"), input.0.len()) {
        ("channels", _) => return Shape::vector(input.chw()[0]),
        ("map", 3) => 1,
        ("map" | "row", rank) => rank - 1,
        _ => 0,
    };
    Shape(input.0[first..].to_vec())
}

impl Layer for LayerNorm {
    const NAME: &'static str = "layer_norm";
    const ABOUT: &'static str =
        "`weight · (x − μ)/√(σ² + eps) + bias`, over all elements, each map, each row, or the channels of each pixel";
    const SOURCE: &'static str = "`nn.LayerNorm`, `LayerNorm2d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param {
            name: "over",
            kind: Kind::Word(&["all", "map", "row", "channels"]),
            default: Default::Value(Arg::Word("all")),
            about: "the elements that share mean and variance",
        },
        norm::EPS,
        norm::AFFINE,
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether a bias is there" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        norm::check(args)?;
        if axes(args, inputs[0]).len() == 1 && inputs[0].len() > 1 {
            let over = args.word("over");
            let message = format!("`layer_norm(over = {over})` of {} is 0 everywhere: one element is its own mean", inputs[0]);
            return Err(Problem::argument("over", message).help("`over = all` takes mean and variance over all elements"));
        }
        Ok(inputs[0].clone())
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let sizes = &inputs[0].0;
        let over = match (args.word("over"), sizes.len()) {
            ("channels", _) => &sizes[..1],
            ("map", 3) => &sizes[1..],
            ("map" | "row", rank) => &sizes[rank - 1..],
            _ => sizes,
        };
        // Each place among those that are taken together has a weight of its own.
        if args.flag("affine") && over.iter().any(|size| size.known().is_none()) {
            return None;
        }
        let several = Size::constant(2);
        let n = Sizes(over.to_vec()).len()?;
        // A value of one element is normalised all the same.
        let asks = match over.len() == sizes.len() {
            true => Vec::new(),
            false => vec![Condition::at_least(n, several)],
        };
        Some(Inferred { sizes: inputs[0].clone(), asks })
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        if !args.flag("affine") {
            return Vec::new();
        }
        norm::weights(&axes(args, inputs[0]), args.flag("bias"))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let shape = &inputs[0].shape;
        norm::evaluate(&Self::lower(args, &[shape], shape), inputs[0], weights)
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        let [channels, height, width] = inputs[0].chw();
        let is_vector = inputs[0].as_vector().is_some();
        let (groups, region, scale_of) = match args.word("over") {
            "channels" => (1, Region::Pixel, ScaleOf::Channel),
            "map" if !is_vector => (channels, Region::Map, ScaleOf::Place),
            "row" if !is_vector => (channels, Region::Row, ScaleOf::Place),
            _ if height * width == 1 => (1, Region::Map, ScaleOf::Channel),
            _ => (1, Region::Map, ScaleOf::Element),
        };
        let scale_of = if args.flag("affine") { scale_of } else { ScaleOf::Channel };
        Lowering::Norm { groups, eps: args.number("eps"), region, scale_of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{evaluate, n_parameters, problem, tensor};

    const NO_EPS: (&str, Arg) = ("eps", Arg::Number(0.0));

    #[test]
    fn all_of_it_has_mean_0_and_variance_1_and_each_element_its_weight() {
        let input = tensor(&[2, 1, 2], &[1.0, 3.0, 3.0, 1.0]);
        let plain = [NO_EPS, ("affine", Arg::Flag(false))];
        assert_eq!(evaluate::<LayerNorm>(&plain, std::slice::from_ref(&input), &[]).data, [-1.0, 1.0, 1.0, -1.0]);
        let output = evaluate::<LayerNorm>(&[NO_EPS], &[input], &[&[1.0, 2.0, 3.0, 4.0], &[0.0, 0.0, 1.0, 1.0]]);
        assert_eq!(output.data, [-1.0, 2.0, 4.0, -3.0]);
    }

    #[test]
    fn the_bias_may_be_left_out() {
        assert_eq!(n_parameters::<LayerNorm>(&[], Shape::vector(512)), 1024);
        assert_eq!(n_parameters::<LayerNorm>(&[("bias", Arg::Flag(false))], Shape::map(2, 3, 4)), 24);
        assert!(
            problem::<LayerNorm>(&[("eps", Arg::Number(-1.0))], &[Shape::vector(1)]).starts_with("`eps` is added to a variance")
        );
    }

    #[test]
    fn rows_maps_and_pixels_may_have_their_own() {
        let input = tensor(&[2, 2, 2], &[1.0, 3.0, 5.0, 7.0, 1.0, 3.0, 0.0, 8.0]);
        let of = |over, weights: &[&[f64]]| {
            let affine = ("affine", Arg::Flag(!weights.is_empty()));
            let plain = [NO_EPS, ("over", Arg::Word(over)), affine, ("bias", Arg::Flag(false))];
            evaluate::<LayerNorm>(&plain, std::slice::from_ref(&input), weights).data
        };
        assert_eq!(of("row", &[]), [-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0]);
        assert_eq!(of("row", &[&[2.0, 3.0]]), [-2.0, 3.0, -2.0, 3.0, -2.0, 3.0, -2.0, 3.0]);
        let root = 5.0_f64.sqrt();
        assert_eq!(of("map", &[&[root, root, 0.0, 1.0]])[..3], [-3.0, -1.0, 0.0]);
        let pixels = of("channels", &[&[1.0, 2.0]]);
        assert!(pixels[0].is_nan(), "one pixel of equal channels, and no eps: {pixels:?}");
        assert_eq!(pixels[2..4], [1.0, -1.0]);
        assert_eq!(pixels[6..], [-2.0, 2.0]);
    }

    #[test]
    fn weights_have_the_sizes_of_what_is_taken_together() {
        let count = |over, shape| n_parameters::<LayerNorm>(&[("over", Arg::Word(over))], shape);
        let map = || Shape::map(6, 4, 5);
        assert_eq!([count("all", map()), count("map", map()), count("row", map()), count("channels", map())], [240, 40, 10, 12]);
        assert_eq!([count("row", Shape::sequence(7, 9)), count("map", Shape::sequence(7, 9))], [18, 18]);
        assert_eq!(["all", "map", "row", "channels"].map(|over| count(over, Shape::vector(8))), [16; 4]);
        assert_eq!(
            problem::<LayerNorm>(&[("over", Arg::Word("row"))], &[Shape::map(6, 4, 1)]),
            "`layer_norm(over = row)` of [6, 4, 1] is 0 everywhere: one element is its own mean\n\
             help: `over = all` takes mean and variance over all elements"
        );
    }
}
