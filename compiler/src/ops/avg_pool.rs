//! `avg_pool(window)`: the mean of each window, channel by channel.
//!
//! - Formula: `out[c, y, x] = 1/n · Σ in[c, y·stride + i − pad, x·stride + j − pad]` over the window's rows i and columns j. Padding counts
//!   as zeros (PyTorch's `count_include_pad`), unless `count_pad = false`: then n counts only what lies on the map. What hangs over
//!   the padding with `round = ceil` never counts.
//! - Shapes: `[C, H, W]` to `[C, H', W']` with `H' = (H + 2·pad − KH)/stride + 1`, which must come out whole unless `round` says
//!   otherwise. The stride is the window where it is not written.
//!   `[C, L]` to `[C, L']`, likewise; every argument is one number there, `pad` may be `(left, right)`.
//! - Parameters: none.
//! - Example: `avg_pool(2x2)` takes `[6, 28, 28]` to `[6, 14, 14]`.
//! - Source: LeCun et al., *Handwritten digit recognition with a back-propagation network* (1989); PyTorch's `nn.AvgPool2d` and
//!   `nn.AvgPool1d`.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, pool, window};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::Reduce;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct AvgPool;

impl Layer for AvgPool {
    const NAME: &'static str = "avg_pool";
    const ABOUT: &'static str = "mean of each window";
    const SOURCE: &'static str = "`nn.AvgPool2d`, `nn.AvgPool1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        window::WINDOW,
        pool::STRIDE,
        pool::pad("zeros around the map; at most half the window"),
        Param {
            name: "count_pad",
            kind: Kind::Flag,
            default: Default::Value(Arg::Flag(true)),
            about: "whether padding counts as zeros in the mean",
        },
        window::ROUND,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        pool::infer(Self::NAME, &pool::spec(args, [1, 1]), inputs[0])
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        sizes::windows(&pool::spec(args, [1, 1]), inputs[0], inputs[0].chw()[0].clone())
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let count_pad = args.flag("count_pad");
        pool::sliding(&pool::spec(args, [1, 1]), inputs[0], |elements, n| {
            pool::mean(elements, if count_pad { n } else { elements.len() })
        })
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        let reduce = Reduce::Average { count_pad: args.flag("count_pad") };
        Lowering::Pool { reduce, windows: pool::spec(args, [1, 1]).windows(inputs[0], output) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Padding;
    use crate::ops::testing::{counting, evaluate, infer, problem, tensor};

    /// The textbook's table.
    fn table() -> Tensor<f64> {
        tensor(&[1, 4, 4], &[2.0, 2.0, 7.0, 3.0, 9.0, 4.0, 6.0, 1.0, 8.0, 5.0, 2.0, 4.0, 3.0, 1.0, 2.0, 6.0])
    }

    const TWO: (&str, Arg) = ("window", Arg::Pair([2, 2]));
    const PAD_ONE: (&str, Arg) = ("pad", Arg::Pad(Padding::Sides([1; 4])));
    const CEIL: (&str, Arg) = ("round", Arg::Word("ceil"));

    const OWN: (&str, Arg) = ("count_pad", Arg::Flag(false));

    #[test]
    fn the_textbooks_table() {
        assert_eq!(evaluate::<AvgPool>(&[TWO], &[table()], &[]).data, [4.25, 4.25, 4.25, 3.5]);
    }

    #[test]
    fn padding_counts_as_zeros_unless_it_is_not_to() {
        let input = tensor(&[1, 2, 2], &[4.0, 8.0, 12.0, 16.0]);
        assert_eq!(evaluate::<AvgPool>(&[TWO, PAD_ONE], std::slice::from_ref(&input), &[]).data, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(evaluate::<AvgPool>(&[TWO, PAD_ONE, OWN], &[input], &[]).data, [4.0, 8.0, 12.0, 16.0]);
    }

    #[test]
    fn what_hangs_over_the_padding_never_counts() {
        // A row of 3 in windows of 3 at stride 3, one column of padding on each side: the second window covers the last element, the
        // padding after it and one position beyond, and is divided by two.
        let input = tensor(&[1, 1, 3], &[3.0, 6.0, 9.0]);
        let wide =
            [("window", Arg::Pair([1, 3])), ("stride", Arg::Pair([1, 3])), ("pad", Arg::Pad(Padding::Sides([0, 1, 0, 1]))), CEIL];
        assert_eq!(evaluate::<AvgPool>(&wide, std::slice::from_ref(&input), &[]).data, [3.0, 4.5]);
        assert_eq!(evaluate::<AvgPool>(&[&wide[..], &[OWN]].concat(), &[input], &[]).data, [4.5, 9.0]);
    }

    #[test]
    fn padding_may_differ_by_side() {
        let after = ("pad", Arg::Pad(Padding::Sides([0, 0, 1, 1])));
        let output = evaluate::<AvgPool>(&[TWO, after], &[counting(&[1, 3, 3])], &[]);
        assert_eq!(output.data, [3.0, 2.25, 3.75, 2.25]);
    }

    #[test]
    fn what_does_not_tile_may_be_rounded_either_way() {
        assert_eq!(
            problem::<AvgPool>(&[TWO], &[Shape::map(1, 7, 8)]),
            "a 2x2 window with stride 2 does not tile the height of a 7x8 input: (7 + 2·0 − 2)/2 + 1 = 3.5\n\
             help: `pad = (0, 0, 1, 0)` gives 4x4; or write `round = floor` to leave out the last row, \
             `round = ceil` for a last window that hangs over the edge"
        );
        assert_eq!(infer::<AvgPool>(&[TWO, CEIL], &[Shape::map(1, 7, 8)]), Ok(Shape::map(1, 4, 4)));
    }
}
