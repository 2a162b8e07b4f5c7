//! `avg_pool(window)`: the mean of each window, channel by channel.
//!
//! With `count_pad` (the default, PyTorch's `count_include_pad`) padding counts as zeros; what hangs over the padding with
//! `round = ceil` never counts. PyTorch's `nn.AvgPool2d`.

use super::window::{self, Fit, Spec};
use super::{Default, Inputs, Kind, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::dim::Round;
use crate::graph::{Arg, Args, Padding};
use crate::plan::Reduce;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct AvgPool;

fn spec(args: &Args) -> Spec {
    Spec {
        window: args.pair("window"),
        stride: args.pair("stride"),
        dilation: [1, 1],
        pad: args.pad("pad"),
        round: Round::of(args.word("round")),
        pool: true,
    }
}

impl Layer for AvgPool {
    const NAME: &'static str = "avg_pool";
    const ABOUT: &'static str = "mean of each window";
    const SOURCE: &'static str = "`nn.AvgPool2d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "window", kind: Kind::Pair, default: Default::Required, about: "rows x columns" },
        Param { name: "stride", kind: Kind::Pair, default: Default::Of("window"), about: "distance between windows" },
        Param {
            name: "pad",
            kind: Kind::Pad { same: false },
            default: Default::Value(Arg::Pad(Padding::Sides([0; 4]))),
            about: "zeros around the map; at most half the window",
        },
        Param {
            name: "count_pad",
            kind: Kind::Flag,
            default: Default::Value(Arg::Flag(true)),
            about: "whether padding counts as zeros in the mean",
        },
        Param {
            name: "round",
            kind: Kind::Word(Round::WORDS),
            default: Default::Value(Arg::Word("exact")),
            about: "what to do with positions that the stride does not reach",
        },
    ];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        window::infer_pool(Self::NAME, &spec(args), inputs[0])
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let (spec, input, count_pad) = (spec(args), inputs[0], args.flag("count_pad"));
        let Ok(Fit { output: [height, width], pad }) = window::fit(&spec, input.shape.chw()) else {
            unreachable!("inferred before it is evaluated")
        };
        let [channels, in_height, in_width] = input.shape.chw();
        let [rows, columns] = [spec.axis(0, pad), spec.axis(1, pad)];
        Tensor::from_fn(Shape::map(channels, height, width), |c, y, x| {
            let mut sum = T::ZERO;
            for (_, row) in rows.inside(y, in_height) {
                for (_, column) in columns.inside(x, in_width) {
                    sum += input.at(c, row, column);
                }
            }
            let n = match count_pad {
                true => rows.within_padding(y, in_height) * columns.within_padding(x, in_width),
                false => rows.inside(y, in_height).count() * columns.inside(x, in_width).count(),
            };
            sum / T::of(n as f64)
        })
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        let reduce = Reduce::Average { count_pad: args.flag("count_pad") };
        Lowering::Pool { reduce, windows: spec(args).windows(inputs[0], output) }
    }
}
