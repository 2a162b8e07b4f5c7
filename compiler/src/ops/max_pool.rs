//! `max_pool(window)`: the maximum of each window, channel by channel.
//!
//! Padding takes no part: it counts as −∞. A NaN in the window makes the result NaN. Both as in PyTorch's `nn.MaxPool2d`.

use super::window::{self, Fit, Spec};
use super::{Default, Inputs, Kind, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::dim::Round;
use crate::graph::{Arg, Args, Padding};
use crate::plan::Reduce;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct MaxPool;

fn spec(args: &Args) -> Spec {
    Spec {
        window: args.pair("window"),
        stride: args.pair("stride"),
        dilation: args.pair("dilation"),
        pad: args.pad("pad"),
        round: Round::of(args.word("round")),
        pool: true,
    }
}

impl Layer for MaxPool {
    const NAME: &'static str = "max_pool";
    const ABOUT: &'static str = "maximum of each window";
    const SOURCE: &'static str = "`nn.MaxPool2d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[
        Param { name: "window", kind: Kind::Pair, default: Default::Required, about: "rows x columns" },
        Param { name: "stride", kind: Kind::Pair, default: Default::Of("window"), about: "distance between windows" },
        Param {
            name: "pad",
            kind: Kind::Pad { same: false },
            default: Default::Value(Arg::Pad(Padding::Sides([0; 4]))),
            about: "rows and columns around the map that never are the maximum; at most half the window",
        },
        Param {
            name: "dilation",
            kind: Kind::Pair,
            default: Default::Value(Arg::Pair([1, 1])),
            about: "distance between a window's elements",
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
        let (spec, input) = (spec(args), inputs[0]);
        let Ok(Fit { output: [height, width], pad }) = window::fit(&spec, input.shape.chw()) else {
            unreachable!("inferred before it is evaluated")
        };
        let [channels, in_height, in_width] = input.shape.chw();
        let [rows, columns] = [spec.axis(0, pad), spec.axis(1, pad)];
        Tensor::from_fn(Shape::map(channels, height, width), |c, y, x| {
            let mut best = T::NEG_INFINITY;
            for (_, row) in rows.inside(y, in_height) {
                for (_, column) in columns.inside(x, in_width) {
                    best = window::maximum(best, input.at(c, row, column));
                }
            }
            best
        })
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        Lowering::Pool { reduce: Reduce::Max, windows: spec(args).windows(inputs[0], output) }
    }
}
