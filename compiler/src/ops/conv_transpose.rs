//! `conv_transpose(filters, window)`: the transpose of a convolution: each element of the input adds its multiple of the window to the output.
//!
//! - Formula: `out[f, y, x] = bias[f] + Σ weight[c, f, i, j] · in[c, y', x']` over channels c of the filter's group and all i, j, y', x' with
//!   `y'·stride + i·dilation − pad = y` and likewise for x.
//! - Shapes: `[C, H, W]` to `[F, H', W']` with `H' = (H − 1)·stride − 2·pad + dilation·(KH − 1) + output_pad + 1`.
//!   `[C, L]` to `[F, L']`, likewise; every argument is one number there, `pad` may be `(left, right)`.
//! - Parameters: `weight` `[C, F/G, KH, KW]` (inputs first, as PyTorch has it), on a sequence `[C, F/G, K]`, and `bias` `[F]` unless `bias = false`.
//! - Example: `conv_transpose(64, 2x2, stride = 2)` takes `[128, 28, 28]` to `[64, 56, 56]` with 32,832 parameters.
//! - Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning* (2016); PyTorch's `nn.ConvTranspose2d`
//!   and `nn.ConvTranspose1d`.
//!
//! It is computed as convolutions: output rows of one remainder by the stride read the input with every stride-th row of the window, from the
//! last to the first, and so for columns; each of them writes its own pixels of the output. A stride is therefore at most 32.

use super::sizes::{self, Inferred};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Phase, Weight, window};
use crate::diag::Problem;
use crate::dim;
use crate::facts::Condition;
use crate::graph::{Arg, Args, Padding};
use crate::plan::Init;
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct ConvTranspose;

/// The arguments, typed.
struct Options {
    filters: usize,
    window: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    /// Top, left, bottom, right.
    pad: [usize; 4],
    /// At the bottom and right.
    output_pad: [usize; 2],
    groups: usize,
    bias: bool,
}

impl Options {
    fn of(args: &Args) -> Options {
        let sides = |name| args.pad(name).sides().unwrap_or_else(|| unreachable!("the signature does not accept `same`"));
        let (pad, [.., bottom, right]) = (sides("pad"), sides("output_pad"));
        Options {
            filters: args.int("filters"),
            window: args.pair("window"),
            stride: args.pair("stride"),
            dilation: args.pair("dilation"),
            pad,
            output_pad: [bottom, right],
            groups: args.int("groups"),
            bias: args.flag("bias"),
        }
    }

    /// `[C, F/G, KH, KW]`, `[C, F/G, K]`
    fn weight_shape(&self, input: &Shape) -> Shape {
        let [channels, ..] = input.chw();
        Shape([vec![channels, self.filters / self.groups], window::weight_sizes(self.window, input)].concat())
    }

    /// Rows or columns of the output; `None` where there are none, or too many to count.
    fn output(&self, axis: usize, n: usize) -> Option<usize> {
        let reach = self.dilation[axis].checked_mul(self.window[axis] - 1)?;
        let whole =
            (n - 1).checked_mul(self.stride[axis])?.checked_add(reach)?.checked_add(self.output_pad[axis])?.checked_add(1)?;
        whole.checked_sub(self.pad[axis].checked_add(self.pad[axis + 2])?).filter(|&size| size > 0 && size < dim::MAX_LEN)
    }

    /// The convolutions of an axis of n elements, by the remainder of the output's positions.
    fn phases(&self, axis: usize, n: usize) -> Vec<Phase> {
        let (window, stride, dilation) = (self.window[axis], self.stride[axis], self.dilation[axis]);
        let (pad, out) = (self.pad[axis], self.output(axis, n).unwrap_or(1));
        let phase = |remainder: usize| {
            // Taps i of the window that meet an element: those with `remainder + pad − i·dilation` a multiple of the stride.
            let meets = |i: &usize| (remainder + pad) % stride == i * dilation % stride;
            let taps: Vec<usize> = (0..window).filter(meets).collect();
            let positions = (out - remainder).div_ceil(stride);
            let (Some(&first), Some(&last)) = (taps.first(), taps.last()) else {
                return Phase { remainder, positions, taps: 1, first: window, step: 1, dilation: 1, start: 0 };
            };
            let step = taps.get(1).map_or(1, |second| second - first);
            // Of the window's last tap, which is the first of the convolution, at output position `remainder`.
            let start = ((remainder + pad) as i64 - (last * dilation) as i64) / stride as i64;
            let dilation = if taps.len() > 1 { step * dilation / stride } else { 1 };
            Phase { remainder, positions, taps: taps.len(), first, step, dilation, start }
        };
        (0..stride.min(out)).map(phase).collect()
    }
}

impl Layer for ConvTranspose {
    const NAME: &'static str = "conv_transpose";
    const ABOUT: &'static str = "transposed convolution: each element adds its multiple of the window to the output";
    const SOURCE: &'static str = "`nn.ConvTranspose2d`, `nn.ConvTranspose1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "filters", kind: Kind::Size, default: Default::Required, about: "output channels" },
        window::WINDOW,
        Param {
            name: "stride",
            kind: Kind::Pair,
            default: Default::Value(Arg::Int(1)),
            about: "distance between the windows of neighbouring elements",
        },
        Param {
            name: "pad",
            kind: Kind::Pad { same: false },
            default: Default::Value(Arg::Pad(Padding::Each(0))),
            about: "rows and columns of the output that are cut off",
        },
        Param {
            name: "output_pad",
            kind: Kind::Pad { same: false },
            default: Default::Value(Arg::Pad(Padding::Each(0))),
            about: "rows and columns that the output has more, at the bottom and right; as many for both, or `(down, across)`",
        },
        window::DILATION,
        Param {
            name: "groups",
            kind: Kind::Size,
            default: Default::Value(Arg::Int(1)),
            about: "groups of channels that do not see each other",
        },
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether a bias is added" },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let [channels, height, width] = window::spatial(Self::NAME, inputs[0])?;
        let options = Options::of(args);
        let Options { filters, groups, stride, dilation, output_pad, .. } = options;
        if !channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
            let message = format!("{groups} groups do not divide both {channels} input channels and {filters} filters");
            return Err(Problem::argument("groups", message));
        }
        if args.pad("output_pad").sides().is_some_and(|[top, left, bottom, right]| [top, left] != [bottom, right]) {
            let message = "the output grows at its bottom and right: `output_pad` is one number or `(down, across)`";
            return Err(Problem::argument("output_pad", message));
        }
        if let Some(axis) = (0..2).find(|&axis| output_pad[axis] > 0 && output_pad[axis] >= stride[axis].max(dilation[axis])) {
            let (output_pad, stride, dilation) = (output_pad[axis], stride[axis], dilation[axis]);
            let message = format!(
                "an output padding of {output_pad} is not smaller than stride {stride} or dilation {dilation}: nothing reaches there"
            );
            return Err(Problem::argument("output_pad", message));
        }
        let weight = options.weight_shape(inputs[0]);
        if dim::product(weight.0.iter().copied()).is_none() {
            return Err(Problem::argument("filters", format!("a weight of {weight} has more elements than memory can address")));
        }
        let sizes = [height, width];
        let outputs = [0, 1].map(|axis| options.output(axis, sizes[axis]));
        if options.window.iter().any(|&size| size > MOST[0]) {
            return Err(Problem::argument("window", format!("the window of `conv_transpose` is at most {}", MOST[0])));
        }
        if options.stride.iter().any(|&size| size > MOST[1]) {
            return Err(Problem::argument("stride", format!("the stride of `conv_transpose` is at most {}", MOST[1])));
        }
        match outputs {
            [Some(height), Some(width)] => Ok(inputs[0].resized(filters, [height, width])),
            _ => {
                let pad = super::written(&Arg::Pad(args.pad("pad")));
                let message = format!("padding {pad} leaves nothing of the output, or it is larger than can be counted");
                Err(Problem::argument("pad", message))
            }
        }
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let options = Options::of(args);
        let [channels, height, width] = inputs[0].chw();
        channels.known()?;
        let along = |axis: usize, n: Size| {
            // (n − 1)·stride + dilation·(window − 1) + output_pad + 1 − pad
            let reach = options.dilation[axis].checked_mul(options.window[axis] - 1)?.checked_add(options.output_pad[axis])?;
            let cut = options.pad[axis].checked_add(options.pad[axis + 2])?;
            let last = n.minus(&Size::constant(1))?.times(&sizes::number(options.stride[axis])?)?;
            last.plus(&sizes::number(reach.checked_add(1)?)?)?.minus(&sizes::number(cut)?)
        };
        // A sequence has one row, which is not computed with.
        let height = if inputs[0].0.len() == 3 { along(0, height)? } else { height };
        let size = [height, along(1, width)?];
        let asks = size.iter().map(|size| Condition::at_least(size.clone(), Size::constant(1))).collect();
        Some(Inferred { sizes: inputs[0].resized(sizes::number(options.filters)?, size), asks })
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let options = Options::of(args);
        let channels = inputs[0].chw()[0];
        let fan_in = channels / options.groups * options.window[0] * options.window[1];
        let mut weights = vec![Weight {
            name: "weight".into(),
            shape: options.weight_shape(inputs[0]),
            init: Init::He { fan_in },
            learned: true,
        }];
        if options.bias {
            let shape = Shape::vector(options.filters);
            weights.push(Weight { name: "bias".into(), shape, init: Init::Constant(0.0), learned: true });
        }
        weights
    }

    fn macs(args: &Args, inputs: &[&Shape], _output: &Shape) -> u64 {
        let per_input: usize = Options::of(args).weight_shape(inputs[0]).0[1..].iter().product();
        (per_input as u64).saturating_mul(inputs[0].len() as u64)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let options = Options::of(args);
        let Options { filters, window: [rows, columns], stride, dilation, pad, groups, bias, .. } = options;
        let [channels, in_height, in_width] = inputs[0].shape.chw();
        let sizes = [in_height, in_width];
        let [height, width] = [0, 1].map(|axis| options.output(axis, sizes[axis]).unwrap_or(1));
        let (filters_per, channels_per) = (filters / groups, channels / groups);
        let start = if bias { weights[1].data.clone() } else { vec![T::ZERO; filters] };
        let mut output = Tensor::from_fn(inputs[0].shape.resized(filters, [height, width]), |f, _, _| start[f]);
        for c in 0..channels {
            for (y, x) in (0..in_height).flat_map(|y| (0..in_width).map(move |x| (y, x))) {
                for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                    let row = (y * stride[0] + i * dilation[0]).checked_sub(pad[0]).filter(|&row| row < height);
                    let column = (x * stride[1] + j * dilation[1]).checked_sub(pad[1]).filter(|&column| column < width);
                    let (Some(row), Some(column)) = (row, column) else { continue };
                    for k in 0..filters_per {
                        let f = c / channels_per * filters_per + k;
                        let weight = weights[0].data[((c * filters_per + k) * rows + i) * columns + j];
                        output.data[(f * height + row) * width + column] += weight * inputs[0].at(c, y, x);
                    }
                }
            }
        }
        output
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        let options = Options::of(args);
        let [_, height, width] = inputs[0].chw();
        let phases = [options.phases(0, height), options.phases(1, width)];
        Lowering::ConvTranspose { window: options.window, stride: options.stride, groups: options.groups, phases }
    }
}

/// Largest window and stride: each element of a stride is a convolution.
const MOST: [usize; 2] = [1 << 12, 32];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{counting, evaluate, infer, n_parameters, problem, tensor};

    /// Filters and a square window.
    fn call(filters: usize, window: usize, more: &[(&'static str, Arg)]) -> Vec<(&'static str, Arg)> {
        [&[("filters", Arg::Int(filters)), ("window", Arg::Pair([window; 2]))], more].concat()
    }

    const STRIDE: (&str, Arg) = ("stride", Arg::Pair([2, 2]));

    #[test]
    fn each_element_adds_its_multiple_of_the_window() {
        let input = tensor(&[1, 1, 2], &[1.0, 10.0]);
        let apart =
            evaluate::<ConvTranspose>(&call(1, 2, &[STRIDE]), std::slice::from_ref(&input), &[&[1.0, 2.0, 3.0, 4.0], &[0.0]]);
        assert_eq!(apart.data, [1.0, 2.0, 10.0, 20.0, 3.0, 4.0, 30.0, 40.0]);
        let over = evaluate::<ConvTranspose>(&call(1, 2, &[]), &[input], &[&[1.0, 2.0, 3.0, 4.0], &[0.5]]);
        assert_eq!(over.data, [1.5, 12.5, 20.5, 3.5, 34.5, 40.5]);
    }

    #[test]
    fn sizes_are_those_that_a_convolution_would_start_from() {
        let check = |window, more: &[(&'static str, Arg)], n, out| {
            assert_eq!(infer::<ConvTranspose>(&call(3, window, more), &[Shape::map(2, n, n)]), Ok(Shape::map(3, out, out)));
        };
        check(2, &[STRIDE], 28, 56);
        check(3, &[STRIDE, ("pad", Arg::Pad(Padding::Sides([1; 4])))], 7, 13);
        check(3, &[STRIDE, ("pad", Arg::Pad(Padding::Sides([1; 4]))), ("output_pad", Arg::Pad(Padding::Each(1)))], 7, 14);
        check(3, &[("dilation", Arg::Pair([2, 2]))], 5, 9);
        let down = [STRIDE, ("output_pad", Arg::Pad(Padding::Two([1, 0])))];
        assert_eq!(infer::<ConvTranspose>(&call(3, 3, &down), &[Shape::map(2, 4, 4)]), Ok(Shape::map(3, 10, 9)));
        assert_eq!(n_parameters::<ConvTranspose>(&call(64, 2, &[STRIDE]), Shape::map(128, 28, 28)), 32_832);
    }

    #[test]
    fn groups_see_their_own_channels() {
        let call = call(2, 1, &[("groups", Arg::Int(2)), ("bias", Arg::Flag(false))]);
        assert_eq!(evaluate::<ConvTranspose>(&call, &[counting(&[2, 1, 2])], &[&[10.0, 1.0]]).data, [10.0, 20.0, 3.0, 4.0]);
    }

    #[test]
    fn on_a_sequence_only_its_length_grows() {
        let call = [
            ("filters", Arg::Int(1)),
            ("window", Arg::Int(2)),
            ("stride", Arg::Int(2)),
            ("output_pad", Arg::Pad(Padding::Each(1))),
        ];
        let output = evaluate::<ConvTranspose>(&call, &[tensor(&[1, 2], &[1.0, 10.0])], &[&[1.0, 2.0], &[0.5]]);
        assert_eq!((output.shape, output.data), (Shape::sequence(1, 5), vec![1.5, 2.5, 10.5, 20.5, 0.5]));
    }

    #[test]
    fn mistakes_are_said() {
        let on_map = |more: &[(&'static str, Arg)]| problem::<ConvTranspose>(&call(3, 3, more), &[Shape::map(2, 4, 4)]);
        assert_eq!(on_map(&[("groups", Arg::Int(2))]), "2 groups do not divide both 2 input channels and 3 filters");
        assert_eq!(
            on_map(&[STRIDE, ("output_pad", Arg::Pad(Padding::Each(2)))]),
            "an output padding of 2 is not smaller than stride 2 or dilation 1: nothing reaches there"
        );
        assert_eq!(
            on_map(&[STRIDE, ("output_pad", Arg::Pad(Padding::Sides([0, 0, 1, 1])))]),
            "the output grows at its bottom and right: `output_pad` is one number or `(down, across)`"
        );
        assert_eq!(on_map(&[("stride", Arg::Pair([33, 1]))]), "the stride of `conv_transpose` is at most 32");
        assert_eq!(
            on_map(&[("pad", Arg::Pad(Padding::Sides([3; 4])))]),
            "padding 3 leaves nothing of the output, or it is larger than can be counted"
        );
    }
}
