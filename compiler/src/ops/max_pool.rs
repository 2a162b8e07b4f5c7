//! `max_pool(window)`: the maximum of each window, channel by channel.
//!
//! - Formula: `out[c, y, x] = max in[c, y·stride + i·dilation − pad, x·stride + j·dilation − pad]` over the window's rows i and columns j;
//!   padding takes no part, and neither does what hangs over it with `round = ceil`. A NaN in the window is its maximum.
//! - Shapes: `[C, H, W]` to `[C, H', W']` with `H' = (H + 2·pad − dilation·(KH − 1) − 1)/stride + 1`, which must come out whole unless
//!   `round` says otherwise. The stride is the window where it is not written.
//!   Every window reaches into the input, which a dilation larger than the input may prevent.
//!   `[C, L]` to `[C, L']`, likewise; every argument is one number there, `pad` may be `(left, right)`.
//! - Parameters: none.
//! - Example: `max_pool(3x3, stride = 2, pad = 1, round = floor)` takes `[64, 112, 112]` to `[64, 56, 56]`.
//! - Source: Ranzato et al., *Unsupervised learning of invariant feature hierarchies* (2007); PyTorch's `nn.MaxPool2d` and
//!   `nn.MaxPool1d`.

use super::sizes::{self, Inferred};
use super::window::{self, Spec};
use super::{Inputs, Layer, Lowering, Param, pool};
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan::Reduce;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct MaxPool;

fn spec(args: &Args) -> Spec {
    pool::spec(args, args.pair("dilation"))
}

impl Layer for MaxPool {
    const NAME: &'static str = "max_pool";
    const ABOUT: &'static str = "maximum of each window";
    const SOURCE: &'static str = "`nn.MaxPool2d`, `nn.MaxPool1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        window::WINDOW,
        pool::STRIDE,
        pool::pad("rows and columns around the map that never are the maximum; at most half the window"),
        window::DILATION,
        window::ROUND,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        pool::infer(Self::NAME, &spec(args), inputs[0])
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        sizes::windows(&spec(args), inputs[0], inputs[0].chw()[0].clone())
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        pool::sliding(&spec(args), inputs[0], |elements, _| pool::maximum(elements))
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        Lowering::Pool { reduce: Reduce::Max, windows: spec(args).windows(inputs[0], output) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Arg, Padding};
    use crate::ops::testing::{counting, evaluate, infer, problem, tensor};

    /// The textbook's table.
    fn table() -> Tensor<f64> {
        tensor(&[1, 4, 4], &[2.0, 2.0, 7.0, 3.0, 9.0, 4.0, 6.0, 1.0, 8.0, 5.0, 2.0, 4.0, 3.0, 1.0, 2.0, 6.0])
    }

    const TWO: (&str, Arg) = ("window", Arg::Pair([2, 2]));
    const ONE_STEP: (&str, Arg) = ("stride", Arg::Pair([1, 1]));
    const PAD_ONE: (&str, Arg) = ("pad", Arg::Pad(Padding::Sides([1; 4])));
    const CEIL: (&str, Arg) = ("round", Arg::Word("ceil"));

    #[test]
    fn the_textbooks_table() {
        assert_eq!(evaluate::<MaxPool>(&[TWO], &[table()], &[]).data, [9.0, 7.0, 8.0, 6.0]);
    }

    #[test]
    fn each_channel_is_pooled_by_itself() {
        let output = evaluate::<MaxPool>(&[TWO], &[counting(&[2, 2, 4])], &[]);
        assert_eq!((output.shape, output.data), (Shape::map(2, 1, 2), vec![6.0, 8.0, 14.0, 16.0]));
    }

    #[test]
    fn padding_is_never_the_maximum() {
        let input = tensor(&[1, 2, 2], &[-1.0, -2.0, -3.0, -4.0]);
        assert_eq!(evaluate::<MaxPool>(&[TWO, PAD_ONE], &[input], &[]).data, [-1.0, -2.0, -3.0, -4.0]);
    }

    #[test]
    fn dilation_skips_elements() {
        let dilation = ("dilation", Arg::Pair([1, 2]));
        assert_eq!(evaluate::<MaxPool>(&[TWO, ONE_STEP, dilation], &[counting(&[1, 2, 3])], &[]).data, [6.0]);
    }

    #[test]
    fn rounded_up_the_last_window_hangs_over_the_edge_and_starts_within_it() {
        let three = counting(&[1, 3, 3]);
        assert_eq!(evaluate::<MaxPool>(&[TWO, CEIL], std::slice::from_ref(&three), &[]).data, [5.0, 6.0, 8.0, 9.0]);
        // With padding a third window would start in the padding at the end.
        assert_eq!(evaluate::<MaxPool>(&[TWO, CEIL, PAD_ONE], &[three], &[]).data, [1.0, 3.0, 7.0, 9.0]);
    }

    #[test]
    fn a_nan_in_the_window_is_its_maximum() {
        let input = tensor(&[1, 1, 4], &[f64::NAN, 1.0, 2.0, 3.0]);
        let output = evaluate::<MaxPool>(&[("window", Arg::Pair([1, 2]))], &[input], &[]);
        assert!(output.data[0].is_nan());
        assert_eq!(output.data[1], 3.0);
    }

    #[test]
    fn padding_beyond_half_the_window_is_a_problem() {
        let pad = |sides| ("pad", Arg::Pad(Padding::Sides(sides)));
        assert_eq!(
            problem::<MaxPool>(&[("window", Arg::Pair([3, 3])), pad([2; 4])], &[Shape::map(1, 8, 8)]),
            "padding of 2 is more than half of a 3x3 window: 2 > 3/2 = 1.5\nhelp: write `pad = 1`: every window must reach into the map"
        );
        assert_eq!(
            problem::<MaxPool>(&[("window", Arg::Pair([4, 2])), pad([2, 1, 2, 2])], &[Shape::map(1, 8, 8)]),
            "padding of 2 is more than half of a 4x2 window: 2 > 2/2 = 1\n\
             help: write `pad = (2, 1)`: every window must reach into the map"
        );
    }

    #[test]
    fn a_window_that_reads_padding_alone_is_a_problem() {
        let dilated = |dilation| [TWO, ONE_STEP, PAD_ONE, ("dilation", Arg::Pair([1, dilation]))];
        assert_eq!(
            problem::<MaxPool>(&dilated(2), &[Shape::map(1, 8, 1)]),
            "the first window reads padding alone: its columns −1 and −1 + 2 = 1 lie before and after the input's: 0, the only one\n\
             help: a dilation of at most 1 reaches into it"
        );
        assert_eq!(infer::<MaxPool>(&dilated(2), &[Shape::map(1, 8, 2)]), Ok(Shape::map(1, 9, 2)));
        let along =
            [("window", Arg::Int(2)), ("pad", Arg::Pad(Padding::Each(1))), ("dilation", Arg::Int(3)), ("stride", Arg::Int(1))];
        assert_eq!(
            problem::<MaxPool>(&along, &[Shape::sequence(1, 2)]),
            "the first window reads padding alone: its positions −1 and −1 + 3 = 2 lie before and after the input's: 0 to 1\n\
             help: a dilation of at most 2 reaches into it"
        );
    }

    #[test]
    fn on_a_sequence_one_number_is_enough() {
        let wave = tensor(&[2, 5], &[1.0, 4.0, 2.0, 3.0, 0.0, -1.0, -4.0, -2.0, -3.0, -5.0]);
        let output = evaluate::<MaxPool>(&[("window", Arg::Int(2)), ("pad", Arg::Pad(Padding::Two([0, 1])))], &[wave], &[]);
        assert_eq!((output.shape, output.data), (Shape::sequence(2, 3), vec![4.0, 3.0, 0.0, -1.0, -2.0, -5.0]));
    }

    #[test]
    fn a_vector_has_nothing_to_pool() {
        assert_eq!(
            problem::<MaxPool>(&[TWO], &[Shape::vector(120)]),
            "`max_pool` reads a map [C, H, W] or a sequence [C, L], but its input is the vector [120]\n\
             help: a vector has no axis beside its channels: write `max_pool` before `flatten`"
        );
    }
}
