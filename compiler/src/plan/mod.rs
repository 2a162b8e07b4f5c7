//! The plan: everything that running a network takes, as plain data. Back ends read nothing else. Floor 3.
//!
//! A plan is made for one image. It names no instruction set, no number of threads and no batch: these change tiles and
//! packing inside the kernels and how work is divided, never an algorithm or the order of a sum.
//!
//! All of it can be written as a constant (`Cow::Borrowed` of a static), which is what the macro emits, and owned, which is
//! what a planner at run time makes. Sizes and offsets are counted in elements (f32), never in bytes.

pub mod cost;
mod recurrent;
mod steps;
mod strips;
mod view;
mod weights;

pub use crate::program::{Function, Operand, Operation};
pub use recurrent::{Cell, Recurrent};
pub use steps::*;
pub use strips::Strips;
pub use view::{Place, View};
pub use weights::{BatchNorm, Form, Init, MoreBias, Pack, Parameter};

use std::borrow::Cow;

/// A list that is a static in emitted code and owned when it was made at run time.
pub type List<T> = Cow<'static, [T]>;
/// A text that is a static in emitted code and owned when it was made at run time.
pub type Text = Cow<'static, str>;

/// A network, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The network's name.
    pub name: Text,
    /// The state dict: every tensor that a weight file must hold.
    pub parameters: List<Parameter>,
    /// Inputs in order.
    pub inputs: List<Port>,
    /// Outputs in order.
    pub outputs: List<Port>,
    /// Elements of the arena that the values of one image live in.
    pub arena_len: usize,
    /// Packed weights that the steps use.
    pub packs: List<Pack>,
    /// What is computed, in order.
    pub steps: List<Step>,
    /// The layers as they were written, for the summary and the picture.
    pub layers: List<Layer>,
    /// What each output is, for the picture.
    pub results: List<Source>,
}

/// An input or output: a dense row-major array in PyTorch's order, `[C, H, W]`, `[C, L]` or `[N]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Its name in the definition.
    pub name: Text,
    /// Its sizes.
    pub shape: List<usize>,
}

/// A layer as it was written: a row of the summary.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its path in the state dict: `layer2.0.conv1`.
    pub path: Text,
    /// The call: `conv(64, 7x7, stride = 2, pad = 3)`.
    pub call: Text,
    /// Its output's sizes.
    pub shape: List<usize>,
    /// Learned parameters.
    pub n_parameters: usize,
    /// Multiply-adds of one image.
    pub macs: u64,
    /// The step that computes it; `None` where nothing is left to compute (dropout, a concatenation in place).
    pub step: Option<usize>,
    /// What it reads, in order.
    pub reads: List<Source>,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// An input: an index into [`Plan::inputs`].
    Input(usize),
    /// A layer before: an index into [`Plan::layers`].
    Layer(usize),
}

impl Port {
    /// From its name and sizes.
    pub const fn new(name: &'static str, shape: &'static [usize]) -> Port {
        Port { name: Cow::Borrowed(name), shape: Cow::Borrowed(shape) }
    }
}

impl Layer {
    /// From its path, call, output's sizes, learned parameters, multiply-adds, the step that computes it and what it reads.
    pub const fn new(
        path: &'static str,
        call: &'static str,
        shape: &'static [usize],
        n_parameters: usize,
        macs: u64,
        step: Option<usize>,
        reads: &'static [Source],
    ) -> Layer {
        let (path, call) = (Cow::Borrowed(path), Cow::Borrowed(call));
        Layer { path, call, shape: Cow::Borrowed(shape), n_parameters, macs, step, reads: Cow::Borrowed(reads) }
    }
}

impl Plan {
    /// Learned parameters.
    pub fn n_parameters(&self) -> usize {
        self.parameters.iter().filter(|p| p.learned).map(|p| p.shape.iter().product::<usize>()).sum()
    }

    /// Multiply-adds of convolutions and linear layers, of one image.
    pub fn macs(&self) -> u64 {
        self.layers.iter().map(|layer| layer.macs).sum()
    }
}
