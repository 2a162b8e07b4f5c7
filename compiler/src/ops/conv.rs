//! `conv(filters, window)`: convolution over the rows and columns of a map, or along a sequence.
//!
//! - Formula: `out[f, y, x] = bias[f] + Σ weight[f, c, i, j] · in[g·C/G + c, y·stride + i·dilation − pad, x·stride + j·dilation − pad]`,
//!   summed over the C/G channels c of the filter's group g and the window's rows i and columns j; what lies in the padding is zero.
//!   As in PyTorch, and unlike in signal processing, the window is not flipped (cross-correlation).
//! - Shapes: `[C, H, W]` to `[F, H', W']` with `H' = (H + 2·pad − dilation·(KH − 1) − 1)/stride + 1`, which must come out whole unless
//!   `round` says otherwise; `pad = same` makes it `ceil(H/stride)`. `[C, L]` to `[F, L']`, likewise; every argument is one number there,
//!   `pad` may be `(left, right)`.
//! - Parameters: `weight` `[F, C/G, KH, KW]`, on a sequence `[F, C/G, K]`, and `bias` `[F]` unless `bias = false`.
//! - Example: `conv(10, 5x5, pad = 2)` takes `[3, 32, 32]` to `[10, 32, 32]` with 760 parameters; `conv(8, 5)` takes `[2, 100]` to `[8, 96]`
//!   with 88.
//! - Source: LeCun et al., *Gradient-based learning applied to document recognition* (1998); PyTorch's `nn.Conv2d` and
//!   `nn.Conv1d`.

use super::sizes::{self, Inferred};
use super::window::{self, Fit, Spec};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight, misfit};
use crate::diag::Problem;
use crate::dim::{self, Round};
use crate::graph::{Arg, Args};
use crate::plan::Init;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Conv;

/// The arguments, typed.
struct Options {
    filters: usize,
    spec: Spec,
    groups: usize,
    bias: bool,
}

impl Options {
    fn of(args: &Args) -> Options {
        Options {
            filters: args.int("filters"),
            spec: Spec {
                window: args.pair("window"),
                stride: args.pair("stride"),
                dilation: args.pair("dilation"),
                pad: args.pad("pad"),
                round: Round::of(args.word("round")),
                pool: false,
            },
            groups: args.int("groups"),
            bias: args.flag("bias"),
        }
    }

    /// The weight's sizes: `[F, C/G, KH, KW]`, `[F, C/G, K]`.
    fn weight_shape(&self, input: &Shape) -> Shape {
        let [channels, ..] = input.chw();
        Shape([vec![self.filters, channels / self.groups], window::weight_sizes(self.spec.window, input)].concat())
    }

    /// Groups divide the channels and the filters.
    fn divided(&self, channels: usize) -> Result<(), Problem> {
        let Options { filters, groups, .. } = *self;
        let (counts, help) = match (channels % groups, filters % groups) {
            (0, 0) => return Ok(()),
            (0, _) => {
                let below = filters / groups * groups;
                let filters =
                    if below == 0 { groups.to_string() } else { format!("{below} or {}", below.saturating_add(groups)) };
                (format!("do not divide {}", quotient(self.filters, groups, "filters")), format!(", or {filters} filters"))
            }
            (_, 0) => (format!("do not divide {}", quotient(channels, groups, "input channels")), String::new()),
            _ => (format!("divide neither {channels} input channels nor {filters} filters"), String::new()),
        };
        // The nearest counts that divide both, looked for so far only that huge numbers do not keep the compiler busy.
        let common = gcd(channels, filters);
        let divides = |count: &usize| common.is_multiple_of(*count);
        let below = (1..groups.min(common.saturating_add(1))).rev().take(SEARCH).find(divides);
        let above = (groups..=common).take(SEARCH).find(divides);
        let offers: Vec<String> = [below, above].into_iter().flatten().map(|count| format!("`groups = {count}`")).collect();
        let problem = Problem::argument("groups", format!("{groups} groups {counts}"));
        Err(match offers.is_empty() {
            true => problem,
            false => problem.help(format!("{} would do{help}", offers.join(" or "))),
        })
    }

    fn fit(&self, input: &Shape) -> Result<Fit, Problem> {
        window::fit(&self.spec, input)
    }
}

/// How many counts are tried before no divisor is offered.
const SEARCH: usize = 1 << 16;

/// `6 filters: 6/4 = 1.5`
fn quotient(count: usize, groups: usize, what: &str) -> String {
    format!("{count} {what}: {count}/{groups} = {}", misfit::quotient(count, groups, 0))
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Layer for Conv {
    const NAME: &'static str = "conv";
    const ABOUT: &'static str = "convolution: `out[f] = bias[f] + Σ weight[f, c, i, j] · in[c, y·stride + i·dilation − pad, …]`";
    const SOURCE: &'static str = "`nn.Conv2d`, `nn.Conv1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "filters", kind: Kind::Size, default: Default::Required, about: "output channels" },
        window::WINDOW,
        window::STRIDE,
        window::PAD,
        window::DILATION,
        Param {
            name: "groups",
            kind: Kind::Size,
            default: Default::Value(Arg::Int(1)),
            about: "groups of channels that do not see each other; as many as channels: depthwise",
        },
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether a bias is added" },
        window::ROUND,
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let options = Options::of(args);
        let [channels, ..] = window::spatial(Self::NAME, inputs[0])?;
        options.divided(channels)?;
        let weight = options.weight_shape(inputs[0]);
        if dim::product(weight.0.iter().copied()).is_none() {
            return Err(Problem::argument("filters", format!("a weight of {weight} has more elements than memory can address")));
        }
        Ok(inputs[0].resized(options.filters, options.fit(inputs[0])?.output))
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let options = Options::of(args);
        inputs[0].chw()[0].known()?;
        sizes::windows(&options.spec, inputs[0], sizes::number(options.filters)?)
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let options = Options::of(args);
        let shape = options.weight_shape(inputs[0]);
        let fan_in = shape.0[1..].iter().product();
        let mut weights = vec![Weight { name: "weight".into(), shape, init: Init::He { fan_in }, learned: true }];
        if options.bias {
            let shape = Shape::vector(options.filters);
            weights.push(Weight { name: "bias".into(), shape, init: Init::Constant(0.0), learned: true });
        }
        weights
    }

    fn macs(args: &Args, inputs: &[&Shape], output: &Shape) -> u64 {
        let per_output: usize = Options::of(args).weight_shape(inputs[0]).0[1..].iter().product();
        (per_output as u64).saturating_mul(output.len() as u64)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let options = Options::of(args);
        let Options { filters, spec, groups, bias } = &options;
        let input = inputs[0];
        let Ok(Fit { output, pad }) = options.fit(&input.shape) else { unreachable!("inferred before it is evaluated") };
        let [channels, in_height, in_width] = input.shape.chw();
        let per_group = channels / groups;
        let [rows, columns] = [spec.axis(0, pad), spec.axis(1, pad)];
        Tensor::from_fn(input.shape.resized(*filters, output), |f, y, x| {
            let first = f / (filters / groups) * per_group;
            let mut sum = if *bias { weights[1].data[f] } else { T::ZERO };
            for c in 0..per_group {
                for (i, row) in rows.inside(y, in_height) {
                    for (j, column) in columns.inside(x, in_width) {
                        let weight = weights[0].data[((f * per_group + c) * rows.kernel + i) * columns.kernel + j];
                        sum += weight * input.at(first + c, row, column);
                    }
                }
            }
            sum
        })
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        let options = Options::of(args);
        let Ok(Fit { pad: [top, left, ..], .. }) = options.fit(inputs[0]) else { unreachable!("inferred before it is lowered") };
        let window = options.spec.window;
        let (stride, dilation) = options.spec.steps(inputs[0], output);
        let [_, height, width] = inputs[0].chw();
        let [_, out_height, out_width] = output.chw();
        // Rows below and columns to the right that the last window reads; fewer than written where rounding leaves some out.
        let after = |axis: usize, n: usize, out: usize, before: usize| {
            ((out - 1) * stride[axis] + dilation[axis] * (window[axis] - 1) + 1).saturating_sub(n + before)
        };
        let pad = [top, left, after(0, height, out_height, top), after(1, width, out_width, left)];
        Lowering::Conv { window, stride, dilation, pad, groups: options.groups, bias: options.bias }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Blame;
    use crate::graph::Padding;
    use crate::ops::testing::{args, counting, evaluate, infer, n_parameters, problem, tensor};

    /// Filters and a square window.
    fn call(filters: usize, window: usize, more: &[(&'static str, Arg)]) -> Vec<(&'static str, Arg)> {
        [&[("filters", Arg::Int(filters)), ("window", Arg::Pair([window; 2]))], more].concat()
    }

    fn stride(stride: usize) -> (&'static str, Arg) {
        ("stride", Arg::Pair([stride; 2]))
    }

    fn pad(pad: usize) -> (&'static str, Arg) {
        ("pad", Arg::Pad(Padding::Sides([pad; 4])))
    }

    fn groups(groups: usize) -> (&'static str, Arg) {
        ("groups", Arg::Int(groups))
    }

    const FLOOR: (&str, Arg) = ("round", Arg::Word("floor"));

    #[test]
    fn ten_filters_of_5x5_with_pad_2_on_32x32x3_keep_the_size_and_have_760_parameters() {
        let call = call(10, 5, &[pad(2)]);
        assert_eq!(infer::<Conv>(&call, &[Shape::map(3, 32, 32)]), Ok(Shape::map(10, 32, 32)));
        assert_eq!(n_parameters::<Conv>(&call, Shape::map(3, 32, 32)), 760);
    }

    #[test]
    fn six_filters_of_5x5_on_32x32x3_give_28x28x6() {
        let (call, input) = (call(6, 5, &[]), Shape::map(3, 32, 32));
        let output = infer::<Conv>(&call, std::slice::from_ref(&input)).unwrap();
        assert_eq!(output, Shape::map(6, 28, 28));
        assert_eq!(Conv::macs(&args::<Conv>(&call), &[&input], &output), 28 * 28 * 6 * 5 * 5 * 3);
    }

    #[test]
    fn a_pad_of_half_the_window_keeps_the_size() {
        for window in [3, 5, 7] {
            assert_eq!(
                infer::<Conv>(&call(4, window, &[pad((window - 1) / 2)]), &[Shape::map(1, 32, 32)]),
                Ok(Shape::map(4, 32, 32))
            );
        }
    }

    #[test]
    fn on_7x7_a_3x3_window_has_strides_1_and_2_but_not_3() {
        let on_7x7 = |more: &[(&'static str, Arg)]| infer::<Conv>(&call(1, 3, more), &[Shape::map(1, 7, 7)]);
        assert_eq!(on_7x7(&[stride(1)]), Ok(Shape::map(1, 5, 5)));
        assert_eq!(on_7x7(&[stride(2)]), Ok(Shape::map(1, 3, 3)));
        let problem = on_7x7(&[stride(3)]).unwrap_err();
        assert_eq!(problem.blame, Blame::Argument("stride"));
        assert_eq!(
            problem.to_string(),
            "a 3x3 window with stride 3 does not tile a 7x7 input: (7 + 2·0 − 3)/3 + 1 = 2.33\n\
             help: `pad = 1` gives 3x3; or write `round = floor` to leave out the last row and column"
        );
        assert_eq!(on_7x7(&[stride(3), FLOOR]), Ok(Shape::map(1, 2, 2)));
    }

    #[test]
    fn on_a_sequence_the_weight_has_one_axis_less() {
        let call = [("filters", Arg::Int(8)), ("window", Arg::Int(5))];
        assert_eq!(infer::<Conv>(&call, &[Shape::sequence(2, 100)]), Ok(Shape::sequence(8, 96)));
        assert_eq!(n_parameters::<Conv>(&call, Shape::sequence(2, 100)), 88);
        let weights = Conv::parameters(&args::<Conv>(&call), &[&Shape::sequence(2, 100)]);
        assert_eq!(weights[0].shape, Shape(vec![8, 2, 5]));
        let call = [
            ("filters", Arg::Int(1)),
            ("window", Arg::Int(2)),
            ("stride", Arg::Int(2)),
            ("pad", Arg::Pad(Padding::Two([1, 0]))),
            ("bias", Arg::Flag(false)),
        ];
        // 0 1 2 3 and 0 4 5 6 in windows of 2.
        let output = evaluate::<Conv>(&call, &[counting(&[2, 3])], &[&[10.0, 1.0, 0.0, 100.0]]);
        assert_eq!((output.shape, output.data), (Shape::sequence(1, 2), vec![401.0, 623.0]));
    }

    #[test]
    fn same_keeps_the_size_and_puts_the_odd_zero_after() {
        let same = || ("pad", Arg::Pad(Padding::Same));
        assert_eq!(infer::<Conv>(&call(1, 4, &[same()]), &[Shape::map(1, 9, 9)]), Ok(Shape::map(1, 9, 9)));
        assert_eq!(infer::<Conv>(&call(1, 3, &[same(), stride(2)]), &[Shape::map(1, 9, 8)]), Ok(Shape::map(1, 5, 4)));
        let row = [("filters", Arg::Int(1)), ("window", Arg::Pair([1, 2])), same(), ("bias", Arg::Flag(false))];
        assert_eq!(evaluate::<Conv>(&row, &[counting(&[1, 1, 3])], &[&[10.0, 1.0]]).data, [12.0, 23.0, 30.0]);
    }

    #[test]
    fn the_window_is_not_flipped_and_the_bias_is_added() {
        let row = [("filters", Arg::Int(2)), ("window", Arg::Pair([1, 2]))];
        let output = evaluate::<Conv>(&row, &[counting(&[1, 1, 3])], &[&[1.0, 0.0, 0.0, 1.0], &[10.0, 20.0]]);
        assert_eq!((output.shape, output.data), (Shape::map(2, 1, 2), vec![11.0, 12.0, 22.0, 23.0]));
    }

    #[test]
    fn stride_dilation_and_uneven_padding() {
        let row = [
            ("filters", Arg::Int(1)),
            ("window", Arg::Pair([1, 2])),
            ("stride", Arg::Pair([1, 3])),
            ("pad", Arg::Pad(Padding::Sides([0, 1, 0, 2]))),
            ("dilation", Arg::Pair([1, 2])),
            ("bias", Arg::Flag(false)),
        ];
        // 0 1 2 3 4 5 0 0: windows at 0 and 3 read elements 0 and 2, 3 and 5 of the padded row.
        let output = evaluate::<Conv>(&[&row[..], &[FLOOR]].concat(), &[counting(&[1, 1, 5])], &[&[10.0, 1.0]]);
        assert_eq!(output.data, [2.0, 35.0]);
    }

    #[test]
    fn groups_do_not_see_each_other() {
        let call = call(4, 1, &[groups(2), ("bias", Arg::Flag(false))]);
        assert_eq!(n_parameters::<Conv>(&call, Shape::map(2, 1, 1)), 4);
        let output = evaluate::<Conv>(&call, &[tensor(&[2, 1, 1], &[1.0, 10.0])], &[&[1.0, 2.0, 3.0, 4.0]]);
        assert_eq!(output.data, [1.0, 2.0, 30.0, 40.0]);
    }

    #[test]
    fn groups_must_divide_channels_and_filters() {
        for (channels, filters, n, expected) in [
            (8, 12, 3, "3 groups do not divide 8 input channels: 8/3 = 2.67\nhelp: `groups = 2` or `groups = 4` would do"),
            (
                12,
                8,
                3,
                "3 groups do not divide 8 filters: 8/3 = 2.67\nhelp: `groups = 2` or `groups = 4` would do, or 6 or 9 filters",
            ),
            (64, 32, 64, "64 groups do not divide 32 filters: 32/64 = 0.5\nhelp: `groups = 32` would do, or 64 filters"),
            (8, 10, 3, "3 groups divide neither 8 input channels nor 10 filters\nhelp: `groups = 2` would do"),
            (7, 8, 2, "2 groups do not divide 7 input channels: 7/2 = 3.5\nhelp: `groups = 1` would do"),
        ] {
            assert_eq!(problem::<Conv>(&call(filters, 3, &[groups(n)]), &[Shape::map(channels, 8, 8)]), expected);
        }
    }

    #[test]
    fn a_vector_has_nothing_to_convolve() {
        assert_eq!(
            problem::<Conv>(&call(10, 3, &[]), &[Shape::vector(120)]),
            "`conv` reads a map [C, H, W] or a sequence [C, L], but its input is the vector [120]\n\
             help: a vector has no axis beside its channels: write `conv` before `flatten`, or `linear` instead of it"
        );
    }

    #[test]
    fn sizes_that_no_memory_holds_are_problems() {
        let map = [Shape::map(8, 7, 7)];
        for (call, expected) in [
            (call(usize::MAX, 3, &[]), "a weight of [18446744073709551615, 8, 3, 3] has more elements than memory can address"),
            (call(1 << 57, 1, &[]), "a value of shape [144115188075855872, 7, 7] has more elements than memory can address"),
            (call(1, 3, &[pad(usize::MAX)]), "with its padding, the input has more elements than memory can address"),
            (call(1, 3, &[pad(1 << 40)]), "with its padding, the input has more elements than memory can address"),
            (
                call(1, 3, &[("dilation", Arg::Pair([usize::MAX; 2]))]),
                "a 3x3 window with dilation 18446744073709551615 spans more than can be counted",
            ),
        ] {
            assert_eq!(problem::<Conv>(&call, &map), expected);
        }
    }

    #[test]
    fn lowered_it_reads_as_much_padding_as_its_windows_need() {
        let lowered = |call: &[(&'static str, Arg)], size: usize| {
            let input = Shape::map(3, size, size);
            let output = infer::<Conv>(call, std::slice::from_ref(&input)).unwrap();
            match Conv::lower(&args::<Conv>(call), &[&input], &output) {
                Lowering::Conv { stride, dilation, pad, .. } => (stride, dilation, pad),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(lowered(&call(1, 7, &[stride(2), pad(3), FLOOR]), 224), ([2, 2], [1, 1], [3, 3, 2, 2]));
        assert_eq!(lowered(&call(1, 3, &[stride(2), ("round", Arg::Word("ceil"))]), 8), ([2, 2], [1, 1], [0, 0, 1, 1]));
        // A stride that is never taken and a dilation within one element may be any number.
        let wide = [stride(usize::MAX), ("dilation", Arg::Pair([usize::MAX; 2])), FLOOR];
        assert_eq!(lowered(&call(1, 1, &wide), 8), ([8, 8], [1, 1], [0, 0, 0, 0]));
    }
}
