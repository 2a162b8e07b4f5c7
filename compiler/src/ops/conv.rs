//! `conv(filters, window)`: convolution over the rows and columns of a map.
//!
//! As in PyTorch, and unlike in signal processing, the window is not flipped (cross-correlation).
//! LeCun et al., *Gradient-based learning applied to document recognition* (1998); PyTorch's `nn.Conv2d`.

use super::window::{self, Fit, Spec};
use super::{Default, Inputs, Kind, Layer, Lowering, Param, Weight, misfit};
use crate::diag::Problem;
use crate::dim::{self, Round};
use crate::graph::{Arg, Args, Padding};
use crate::plan::Init;
use crate::shape::Shape;
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

    /// The weight's sizes: `[F, C/G, KH, KW]`.
    fn weight_shape(&self, channels: usize) -> Shape {
        Shape(vec![self.filters, channels / self.groups, self.spec.window[0], self.spec.window[1]])
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
        window::fit(&self.spec, input.chw())
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
    const SOURCE: &'static str = "`nn.Conv2d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "filters", kind: Kind::Size, default: Default::Required, about: "output channels" },
        Param { name: "window", kind: Kind::Pair, default: Default::Required, about: "rows x columns" },
        Param { name: "stride", kind: Kind::Pair, default: Default::Value(Arg::Pair([1, 1])), about: "distance between windows" },
        Param {
            name: "pad",
            kind: Kind::Pad { same: true },
            default: Default::Value(Arg::Pad(Padding::Sides([0; 4]))),
            about: "zeros around the map",
        },
        Param {
            name: "dilation",
            kind: Kind::Pair,
            default: Default::Value(Arg::Pair([1, 1])),
            about: "distance between a window's elements",
        },
        Param {
            name: "groups",
            kind: Kind::Size,
            default: Default::Value(Arg::Int(1)),
            about: "groups of channels that do not see each other; as many as channels: depthwise",
        },
        Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether a bias is added" },
        Param {
            name: "round",
            kind: Kind::Word(Round::WORDS),
            default: Default::Value(Arg::Word("exact")),
            about: "what to do with positions that the stride does not reach",
        },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let options = Options::of(args);
        let [channels, ..] = window::map(Self::NAME, inputs[0])?;
        options.divided(channels)?;
        if dim::product(options.weight_shape(channels).0).is_none() {
            let message = format!("a weight of {} is more than memory can address", options.weight_shape(channels));
            return Err(Problem::argument("filters", message));
        }
        let [height, width] = options.fit(inputs[0])?.output;
        Ok(Shape::map(options.filters, height, width))
    }

    fn parameters(args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        let options = Options::of(args);
        let shape = options.weight_shape(inputs[0].chw()[0]);
        let fan_in = shape.0[1..].iter().product();
        let mut weights = vec![Weight { name: "weight", shape, init: Init::He { fan_in }, learned: true }];
        if options.bias {
            let shape = Shape::vector(options.filters);
            weights.push(Weight { name: "bias", shape, init: Init::Constant(0.0), learned: true });
        }
        weights
    }

    fn macs(args: &Args, inputs: &[&Shape], output: &Shape) -> u64 {
        let per_output: usize = Options::of(args).weight_shape(inputs[0].chw()[0]).0[1..].iter().product();
        (per_output as u64).saturating_mul(output.len() as u64)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
        let options = Options::of(args);
        let Options { filters, spec, groups, bias } = &options;
        let input = inputs[0];
        let Ok(Fit { output: [height, width], pad }) = options.fit(&input.shape) else {
            unreachable!("inferred before it is evaluated")
        };
        let [channels, in_height, in_width] = input.shape.chw();
        let per_group = channels / groups;
        let [rows, columns] = [spec.axis(0, pad), spec.axis(1, pad)];
        Tensor::from_fn(Shape::map(*filters, height, width), |f, y, x| {
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

    fn args(filters: usize, window: [usize; 2], stride: usize, pad: usize, groups: usize) -> Args {
        Args(vec![
            ("filters", Arg::Int(filters)),
            ("window", Arg::Pair(window)),
            ("stride", Arg::Pair([stride; 2])),
            ("pad", Arg::Pad(Padding::Sides([pad; 4]))),
            ("dilation", Arg::Pair([1; 2])),
            ("groups", Arg::Int(groups)),
            ("bias", Arg::Flag(true)),
            ("round", Arg::Word("exact")),
        ])
    }

    #[test]
    fn ten_filters_of_5x5_on_32x32x3_keep_the_size_and_have_760_parameters() {
        let (args, input) = (args(10, [5, 5], 1, 2, 1), Shape::map(3, 32, 32));
        assert_eq!(Conv::infer(&args, &[&input]), Ok(Shape::map(10, 32, 32)));
        assert_eq!(Conv::parameters(&args, &[&input]).iter().map(|w| w.shape.len()).sum::<usize>(), 760);
    }

    #[test]
    fn groups_must_divide_channels_and_filters() {
        let input = Shape::map(6, 8, 8);
        assert!(Conv::infer(&args(8, [3, 3], 1, 1, 2), &[&input]).is_ok());
        assert!(Conv::infer(&args(8, [3, 3], 1, 1, 4), &[&input]).is_err());
    }
}
