//! What convolution and pooling share: how a window fits a map, and how that is said when it does not.

use super::misfit;
use super::{Default, Kind, Param};
use crate::diag::Problem;
use crate::dim::{self, Misfit, Round, Window};
use crate::graph::{Arg, Padding};
use crate::plan;
use crate::shape::Shape;

// The arguments that layers with windows have in common.

/// A window, which must be written.
pub const WINDOW: Param = Param { name: "window", kind: Kind::Pair, default: Default::Required, about: "rows x columns" };

/// A stride of 1 where none is written.
pub const STRIDE: Param =
    Param { name: "stride", kind: Kind::Pair, default: Default::Value(Arg::Int(1)), about: "distance between windows" };

/// Padding of 0 where none is written; `same` makes sense.
pub const PAD: Param = Param {
    name: "pad",
    kind: Kind::Pad { same: true },
    default: Default::Value(Arg::Pad(Padding::Each(0))),
    about: "zeros around the map",
};

/// A dilation of 1 where none is written.
pub const DILATION: Param = Param {
    name: "dilation",
    kind: Kind::Pair,
    default: Default::Value(Arg::Int(1)),
    about: "distance between a window's elements",
};

/// What is left over is a mistake where nothing else is written.
pub const ROUND: Param = Param {
    name: "round",
    kind: Kind::Word(Round::WORDS),
    default: Default::Value(Arg::Word("exact")),
    about: "what to do with positions that the stride does not reach",
};

/// A window on a map, with its padding worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Height and width of the output.
    pub output: [usize; 2],
    /// Top, left, bottom, right, as written.
    pub pad: [usize; 4],
}

/// The window of a layer, as its arguments give it.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Down and across.
    pub window: [usize; 2],
    /// Down and across.
    pub stride: [usize; 2],
    /// Down and across.
    pub dilation: [usize; 2],
    /// As written.
    pub pad: Padding,
    /// What to do with what is left over.
    pub round: Round,
    /// Whether it is a pooling's.
    pub pool: bool,
}

impl Spec {
    /// The window along one axis, with the padding that [`fit`] has worked out.
    pub fn axis(&self, axis: usize, pad: [usize; 4]) -> Window {
        Window {
            kernel: self.window[axis],
            stride: self.stride[axis],
            dilation: self.dilation[axis],
            pad: [pad[axis], pad[axis + 2]],
        }
    }

    /// Top, left, bottom, right, on a map of `size` (height and width).
    pub fn sides(&self, size: [usize; 2]) -> [usize; 4] {
        self.pad.sides().unwrap_or_else(|| {
            let [top, bottom] = dim::same_pad(size[0], self.window[0], self.stride[0], self.dilation[0]);
            let [left, right] = dim::same_pad(size[1], self.window[1], self.stride[1], self.dilation[1]);
            [top, left, bottom, right]
        })
    }

    /// Stride and dilation as a kernel wants them: a stride that is never taken, or a dilation within one element, may be any
    /// number, and is made one whose addresses exist.
    pub fn steps(&self, input: &Shape, output: &Shape) -> ([usize; 2], [usize; 2]) {
        let ([_, height, width], [_, out_height, out_width]) = (input.chw(), output.chw());
        let (size, out) = ([height, width], [out_height, out_width]);
        let stride = [0, 1].map(|axis| if out[axis] == 1 { self.stride[axis].min(size[axis]) } else { self.stride[axis] });
        let dilation = [0, 1].map(|axis| if self.window[axis] == 1 { 1 } else { self.dilation[axis] });
        (stride, dilation)
    }

    /// The windows of a pooling.
    pub fn windows(&self, input: &Shape, output: &Shape) -> plan::Windows {
        let [_, height, width] = input.chw();
        let (stride, dilation) = self.steps(input, output);
        plan::Windows::Sliding { window: self.window, stride, dilation, pad: self.sides([height, width]) }
    }
}

/// `[channels, height, width]` of a layer's input, a sequence being a map of one row, or that the layer does not read a vector.
pub fn spatial(name: &str, input: &Shape) -> Result<[usize; 3], Problem> {
    if input.as_vector().is_none() {
        return Ok(input.chw());
    }
    let instead = if name == "conv" { ", or `linear` instead of it" } else { "" };
    Err(Problem::input(0, format!("`{name}` reads a map [C, H, W] or a sequence [C, L], but its input is the vector {input}"))
        .help(format!("a vector has no axis beside its channels: write `{name}` before `flatten`{instead}")))
}

/// The sizes of a window as they stand in the shape of a weight: rows and columns, on a sequence its length.
pub fn weight_sizes([rows, columns]: [usize; 2], input: &Shape) -> Vec<usize> {
    if input.as_sequence().is_some() { vec![columns] } else { vec![rows, columns] }
}

/// Fits a window to a map or sequence, or says why it does not fit and what would.
pub fn fit(spec: &Spec, input: &Shape) -> Result<Fit, Problem> {
    let [channels, height, width] = input.chw();
    let size = [height, width];
    let sides = spec.sides(size);
    // With `same`, the padding was made for a count of ceil(n / stride): what is left over is meant.
    let round = if spec.pad == Padding::Same { Round::Floor } else { spec.round };
    let positions = [0, 1].map(|axis| spec.axis(axis, sides).positions(size[axis], round));
    let [Ok(rows), Ok(columns)] = positions else {
        return Err(misfit::problem(spec, input, sides, positions.map(Result::err)));
    };
    // The padded map may lie in memory as it is.
    let padded = [0, 1].map(|axis| spec.axis(axis, sides).padded(size[axis]).unwrap_or(usize::MAX));
    match dim::product([channels, padded[0], padded[1]]) {
        Some(_) => Ok(Fit { output: [rows, columns], pad: sides }),
        None => Err(misfit::problem(spec, input, sides, [Some(Misfit::Overflow); 2])),
    }
}
