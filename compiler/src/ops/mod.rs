//! One file per layer, holding all that is particular to it: documentation, arguments, shape rule, parameters, multiply-adds,
//! naive evaluation, lowering, tests. `registry` lists them. Floor 4.
//!
//! To add a layer: write its file beside these, add a line to `registry`, and a row to the parity suite. If no kernel computes it
//! yet, add a [`Lowering`] and its kernel in the plan and the runtime.

pub mod adaptive_avg_pool;
pub mod adaptive_max_pool;
pub mod add;
pub mod avg_pool;
pub mod batch_norm;
pub mod concat;
pub mod conv;
pub mod conv_transpose;
pub mod depthwise_conv;
pub mod dropout;
pub mod elu;
pub mod flatten;
pub mod gelu;
pub mod global_avg_pool;
pub mod group_norm;
pub mod gru;
pub mod hard_sigmoid;
pub mod hard_swish;
pub mod instance_norm;
pub mod layer_norm;
pub mod leaky_relu;
pub mod linear;
pub mod local_response_norm;
pub mod log_softmax;
pub mod lstm;
pub mod map;
pub mod max_pool;
pub mod mean;
pub mod mul;
pub mod pad;
pub mod pad_channels;
pub mod permute;
pub mod prelu;
pub mod relu;
pub mod relu6;
pub mod reshape;
pub mod resize;
pub mod rnn;
pub mod scale;
pub mod separable_conv;
pub mod shuffle_channels;
pub mod sigmoid;
pub mod silu;
pub mod slice;
pub mod softmax;
pub mod softplus;
pub mod split;
pub mod subsample;
pub mod tanh;
pub mod upsample;

// What several layers share.
pub mod activation;
mod along;
pub mod axes;
pub mod combine;
mod misfit;
pub mod norm;
pub mod pool;
pub mod recurrent;
mod resample;
pub mod sizes;
#[cfg(test)]
mod testing;
pub mod window;

use crate::diag::Problem;
use crate::dim;
use crate::graph::{Arg, Args, Padding};
use crate::plan;
use crate::program::Program;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};
use sizes::Inferred;
use std::fmt;

/// What a layer is. Implemented by one unit type per file; [`AnyLayer`] is the same behind a pointer.
pub trait Layer: Sync + 'static {
    /// Its word in the language.
    const NAME: &'static str;
    /// One line for the layer table: what it computes.
    const ABOUT: &'static str;
    /// Its counterpart in PyTorch, or the paper it comes from.
    const SOURCE: &'static str;
    /// How many values it reads.
    const INPUTS: Inputs;
    /// Its arguments, positional ones first.
    const SIGNATURE: &'static [Param];

    /// The shape of its output.
    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem>;

    /// The shape rule where sizes are expressions, which agrees with [`Layer::infer`] wherever its conditions hold; `None` where the
    /// layer needs known sizes, or cannot have inputs of so many axes. By default the output is as large as the input.
    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        inputs.first().map(|input| Inferred::same(input))
    }

    /// Its output's shape as far as the arguments alone give it: used after an error, so that one mistake does not bring others.
    fn recover(_args: &Args) -> Option<Shape> {
        None
    }

    /// Its entries in the state dict, in PyTorch's order. Called with inputs that [`Layer::infer`] accepted.
    fn parameters(_args: &Args, _inputs: &[&Shape]) -> Vec<Weight> {
        Vec::new()
    }

    /// Multiply-adds for one image; only convolutions and linear layers count. Saturates.
    fn macs(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> u64 {
        0
    }

    /// The definition, for one image, written as it stands in a textbook. `weights` are as [`Layer::parameters`] lists them.
    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T>;

    /// What computes it.
    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering;

    /// Its results, if it has several: they are parts of its output, which holds them all. Called as [`Layer::lower`] is.
    ///
    /// Such a layer does not [`recover`](Layer::recover), since its output alone is nothing that a definition can name.
    fn results(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Option<Results> {
        None
    }
}

/// The results of a layer that has several: `let (a, b) = x -> split(2);`.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// In order.
    pub parts: Vec<Part>,
    /// Whether the first one is meant where a single value is asked for: by an arrow, or by a single name.
    pub first_alone: bool,
    /// Where the output is the first result alone: the arguments with which it holds all of them, and its shape then.
    pub packed: Option<(Args, Shape)>,
}

/// A result among several: a range of one axis of the layer's output, in another shape if it says so. No number depends on symbols.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The axis of the output, from 0.
    pub axis: usize,
    /// Positions on that axis, as `slice` takes them.
    pub range: [Option<i64>; 2],
    /// The result's shape, as `reshape` takes it.
    pub sizes: Option<Vec<i64>>,
}

/// How many values a layer reads; the first is what flows in along the arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// One.
    One,
    /// Two: `x -> add(y)`.
    Two,
    /// One or more: `concat(a, b, c)`.
    Many,
    /// As many as its closure has parameters: `x -> map(y, |x, y| x / y)`.
    Closure,
    /// One, and all of these or none, each by its name: `x -> gru(8, h0 = state)`.
    Named(&'static [&'static str]),
}

impl Inputs {
    /// The names of those that have one.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Inputs::Named(names) => names,
            _ => &[],
        }
    }
}

/// An argument that a layer takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name; positional arguments may be given without it, in the order of the signature.
    pub name: &'static str,
    /// What it accepts.
    pub kind: Kind,
    /// Its value where it is not written.
    pub default: Default,
    /// One line of documentation.
    pub about: &'static str,
}

/// What an argument accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// An integer of at least 1. [`Arg::Int`]
    Size,
    /// An integer of at least 0. [`Arg::Int`]
    Count,
    /// Two integers of at least 1, down and across: `3x5`, `(3, 5)`, [`Arg::Pair`]; or one for every axis: `2`, [`Arg::Int`].
    Pair,
    /// As [`Kind::Pair`], or a positive number for both, which need not be whole: `1.5`. [`Arg::Number`]
    Factor,
    /// `1` for all sides, `(down, across)` or on a sequence `(left, right)`, `(top, left, bottom, right)`, or `same` where that makes
    /// sense. [`Arg::Pad`]
    Pad {
        /// Whether `same` does.
        same: bool,
    },
    /// `true` or `false`. [`Arg::Flag`]
    Flag,
    /// A finite real number. [`Arg::Number`]
    Number,
    /// One of these words. [`Arg::Word`]
    Word(&'static [&'static str]),
    /// An axis, counted from the end where it is negative. [`Arg::Axis`]
    Axis,
    /// One axis or, in brackets, several. [`Arg::List`]
    Axes,
    /// Sizes in brackets; one of them may be left open by `_` or −1. [`Arg::List`]
    Sizes,
    /// A number of parts, [`Arg::Int`], or their sizes in brackets, [`Arg::List`].
    Parts,
    /// `2..-2`: from the first up to the second, counted from the end where they are negative. [`Arg::Range`]
    Range,
    /// An expression of elements. [`Arg::Closure`]
    Closure,
}

/// The value of an argument that is not written.
#[derive(Clone, Debug, PartialEq)]
pub enum Default {
    /// It must be written. Required arguments come first and are the positional ones.
    Required,
    /// This one.
    Value(Arg),
    /// That of another argument: a pool's stride is its window.
    Of(&'static str),
}

impl Param {
    /// Whether a value is of the parameter's kind and within its bounds; if not, what would be: `an integer of at least 1`.
    pub fn accepts(&self, value: &Arg) -> Result<(), String> {
        let fits = match (self.kind, value) {
            (Kind::Size, Arg::Int(value)) => *value >= 1,
            (Kind::Count, Arg::Int(_)) => true,
            (Kind::Factor, Arg::Number(value)) => value.is_finite() && *value > 0.0,
            (Kind::Pair | Kind::Factor, Arg::Pair(values)) => values.iter().all(|&value| value >= 1),
            (Kind::Pair | Kind::Factor, Arg::Int(value) | Arg::Along(value)) => *value >= 1,
            (Kind::Pad { same }, Arg::Pad(pad)) => same || *pad != Padding::Same,
            (Kind::Flag, Arg::Flag(_)) => true,
            (Kind::Number, Arg::Number(value)) => value.is_finite(),
            (Kind::Word(words), Arg::Word(word)) => words.contains(word),
            (Kind::Axis, Arg::Axis(_)) | (Kind::Range, Arg::Range(_)) => true,
            (Kind::Axes, Arg::List(values)) => !values.is_empty(),
            (Kind::Sizes, Arg::List(values)) => {
                let n_open = values.iter().filter(|&&size| size == -1).count();
                !values.is_empty() && n_open <= 1 && values.iter().all(|&size| size >= 1 || size == -1)
            }
            (Kind::Parts, Arg::Int(parts)) => *parts >= 1,
            (Kind::Parts, Arg::List(sizes)) => !sizes.is_empty() && sizes.iter().all(|&size| size >= 1),
            (Kind::Closure, Arg::Closure(_)) => true,
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.kind.to_string()) }
    }
}

impl fmt::Display for Kind {
    /// What is accepted, in words: `an integer of at least 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Size => f.write_str("an integer of at least 1"),
            Kind::Count => f.write_str("an integer of at least 0"),
            Kind::Factor => f.write_str("a positive number, or two integers of at least 1, as in `2`, `1.5` or `(2, 3)`"),
            Kind::Pair => f.write_str("one or two integers of at least 1, as in `3`, `3x5` or `(3, 5)`"),
            Kind::Pad { same } => {
                f.write_str("one integer, `(down, across)` or `(top, left, bottom, right)`")?;
                if *same { f.write_str(", or `same`") } else { Ok(()) }
            }
            Kind::Flag => f.write_str("`true` or `false`"),
            Kind::Number => f.write_str("a number"),
            Kind::Word(words) => {
                for (i, word) in words.iter().enumerate() {
                    let separator = match i {
                        0 => "",
                        _ if i + 1 == words.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{separator}`{word}`")?;
                }
                Ok(())
            }
            Kind::Axis => f.write_str("an axis: 0, 1 or 2 or, counted from the end, -1, -2 or -3"),
            Kind::Axes => f.write_str("an axis or, in brackets, several, as in `[1, 2]`"),
            Kind::Sizes => f.write_str("sizes in brackets, one of which may be left open, as in `[8, _]`"),
            Kind::Parts => f.write_str("a number of parts or, in brackets, their sizes, as in `2` or `[8, 24]`"),
            Kind::Range => f.write_str("a range, as in `2..6`, `2..`, `..6` or `2..-2`"),
            Kind::Closure => f.write_str("a closure, as in `|x| x * sigmoid(x)`"),
        }
    }
}

/// A value as a definition would have it, as short as can be: `2` for a stride of `[2, 2]`, `(0, 3)` for a padding.
pub fn written(value: &Arg) -> String {
    match *value {
        Arg::Int(value) => value.to_string(),
        Arg::Pair([a, b]) if a == b => a.to_string(),
        Arg::Pair([a, b]) => format!("({a}, {b})"),
        Arg::Along(value) => value.to_string(),
        Arg::Pad(Padding::Same) => "same".into(),
        Arg::Pad(Padding::Each(side)) => side.to_string(),
        Arg::Pad(Padding::Two([a, b]) | Padding::Along([a, b])) if a == b => a.to_string(),
        Arg::Pad(Padding::Two([a, b]) | Padding::Along([a, b])) => format!("({a}, {b})"),
        Arg::Pad(Padding::Sides([t, l, b, r])) if t == l && t == b && t == r => t.to_string(),
        Arg::Pad(Padding::Sides([t, l, b, r])) if t == b && l == r => format!("({t}, {l})"),
        Arg::Pad(Padding::Sides([t, l, b, r])) => format!("({t}, {l}, {b}, {r})"),
        Arg::Flag(value) => value.to_string(),
        Arg::Number(value) => format!("{value:?}"),
        Arg::Word(word) => word.into(),
        Arg::Axis(axis) => axis.to_string(),
        Arg::List(ref values) => {
            let values: Vec<String> = values.iter().map(i64::to_string).collect();
            format!("[{}]", values.join(", "))
        }
        Arg::Range([from, to]) => {
            let end = |end: Option<i64>| end.map_or_else(String::new, |end| end.to_string());
            format!("{}..{}", end(from), end(to))
        }
        Arg::Closure(ref program) => program.written(),
    }
}

/// The arguments of a call in the signature's order, defaults filled in; an error names the first that is unknown, repeated, missing
/// or of the wrong kind.
pub fn complete(signature: &'static [Param], given: &[(&str, Arg)]) -> Result<Args, String> {
    for (i, (name, _)) in given.iter().enumerate() {
        if signature.iter().all(|param| param.name != *name) {
            return Err(format!("there is no argument `{name}`"));
        }
        if given[..i].iter().any(|(other, _)| other == name) {
            return Err(format!("`{name}` is given twice"));
        }
    }
    let mut args: Vec<(&'static str, Arg)> = Vec::with_capacity(signature.len());
    for param in signature {
        let value = match (given.iter().find(|(name, _)| *name == param.name), &param.default) {
            (Some((_, value)), _) => value.clone(),
            (None, Default::Value(value)) => value.clone(),
            (None, Default::Of(other)) => match args.iter().find(|(name, _)| name == other) {
                Some((_, value)) => value.clone(),
                None => unreachable!("`{}` takes its default from `{other}`, which does not stand before it", param.name),
            },
            (None, Default::Required) => return Err(format!("`{}` is missing", param.name)),
        };
        param.accepts(&value).map_err(|kind| format!("`{}` must be {kind}", param.name))?;
        args.push((param.name, value));
    }
    Ok(Args(args))
}

/// An entry of the state dict, relative to the layer's path.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// `weight`, `bias`, `running_mean`.
    pub name: plan::Text,
    /// As in PyTorch.
    pub shape: Shape,
    /// How it starts when a network is random.
    pub init: plan::Init,
    /// Whether it is learned: running statistics are not.
    pub learned: bool,
}

/// What computes a layer: the sizes of a kernel whose views are placed later, or a way of not computing anything.
#[derive(Clone, Debug, PartialEq)]
pub enum Lowering {
    /// The output is the input: dropout in prediction.
    Identity,
    /// The elements of a map as a vector, in the order C, H, W.
    Flatten,
    /// Element by element.
    Activation(plan::Activation),
    /// `γ (x − μ)/√(σ² + ε) + β` per channel; weights are `weight`, `bias` if affine, then `running_mean`, `running_var`.
    BatchNorm {
        /// Added to the variance.
        eps: f64,
        /// Whether γ and β are there.
        affine: bool,
    },
    /// Element by element of values of one shape, by an expression.
    Map(Program),
    /// Two values of one shape.
    Combine(plan::Combination),
    /// Two values of which sizes of 1 are repeated, their last axes being aligned.
    Broadcast(plan::Combination),
    /// By the value's own mean and variance; weights are `weight` and `bias`, as far as they are there.
    Norm {
        /// Groups of channels with statistics of their own.
        groups: usize,
        /// Added to the variance.
        eps: f64,
        /// What of the map has mean and variance of its own.
        region: plan::Region,
        /// What has weight and bias of its own.
        scale_of: plan::ScaleOf,
    },
    /// Over neighbouring channels.
    LocalNorm {
        /// How many.
        size: usize,
        /// Factor of the sum, before it is divided by the size.
        alpha: f32,
        /// Exponent.
        beta: f32,
        /// Added to the sum.
        k: f32,
    },
    /// A map whose channels are each multiplied by a number.
    Scale,
    /// The elements under another shape, in the order C, H, W; both fall apart into [common axes](axes::common).
    Reshape,
    /// Axes in another order: channel, row and column of the output are these of the input.
    Permute([usize; 3]),
    /// Channels as a table of so many rows, read column by column.
    Shuffle {
        /// Rows.
        groups: usize,
    },
    /// The mean of all channels, at each pixel.
    MeanChannels,
    /// Positions of one axis: of channels (0), rows (1) or columns (2).
    Slice {
        /// Which.
        axis: usize,
        /// The first position.
        first: usize,
        /// Distance between positions.
        step: usize,
    },
    /// Several layers after one another, each with what its name adds to the path, its word and its arguments.
    Parts(Vec<(&'static str, &'static str, Args)>),
    /// Channels after one another.
    Concat,
    /// Over an axis.
    Softmax {
        /// Which: channels (0), rows (1) or columns (2).
        axis: usize,
        /// Whether the result is its logarithm.
        log: bool,
    },
    /// Negative elements times a weight, of all channels or of each.
    Prelu {
        /// Whether of each.
        per_channel: bool,
    },
    /// Windows reduced to one value.
    Pool {
        /// The reduction.
        reduce: plan::Reduce,
        /// Its windows.
        windows: plan::Windows,
    },
    /// A convolution; weights are `weight`, then `bias` if any.
    Conv {
        /// Down and across.
        window: [usize; 2],
        /// Down and across.
        stride: [usize; 2],
        /// Down and across.
        dilation: [usize; 2],
        /// Top, left, bottom, right, as large as the output's size needs (`round = ceil` reads further).
        pad: [usize; 4],
        /// Groups.
        groups: usize,
        /// Whether a bias is there.
        bias: bool,
    },
    /// A transposed convolution, as a convolution for each remainder of the output's rows and columns by the stride; weights are
    /// `weight`, then `bias` if any.
    ConvTranspose {
        /// Down and across.
        window: [usize; 2],
        /// Down and across.
        stride: [usize; 2],
        /// Groups.
        groups: usize,
        /// Down and across.
        phases: [Vec<Phase>; 2],
    },
    /// A map at another size.
    Resize(plan::Sampling),
    /// A fully connected layer; weights are `weight`, then `bias` if any.
    Linear {
        /// Whether a bias is there.
        bias: bool,
    },
    /// A fully connected layer at each step of a sequence; weights are `weight`, then `bias` if any.
    Rows {
        /// Whether a bias is there.
        bias: bool,
    },
    /// A recurrent layer; weights are as [`recurrent::parameters`] lists them.
    Recurrent(recurrent::Options),
    /// Zeros around a map: top, left, bottom, right.
    Pad([usize; 4]),
    /// Every n-th row and column.
    Subsample([usize; 2]),
    /// Zero channels before the others (and after them, as many as the output has room for).
    PadChannels {
        /// Before.
        before: usize,
    },
}

/// One axis of a convolution that is a part of a transposed one: it makes the output's positions of one remainder by the stride.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// The first of these positions.
    pub remainder: usize,
    /// How many there are.
    pub positions: usize,
    /// Elements of the convolution's window.
    pub taps: usize,
    /// The first element of the whole window that is one of them, the last of the convolution's; beyond the window where there is none.
    pub first: usize,
    /// Distance between them in the whole window.
    pub step: usize,
    /// Distance between the elements of the input that they meet.
    pub dilation: usize,
    /// The element of the input where the first window starts; before the map where it is negative.
    pub start: i64,
}

impl Phase {
    /// Elements before the map that are read, and after its n.
    pub fn border(&self, n: usize) -> [usize; 2] {
        let end = self.start + ((self.positions - 1) + (self.taps - 1) * self.dilation + 1) as i64 - n as i64;
        [-self.start, end].map(|over| usize::try_from(over).unwrap_or(0))
    }
}

/// [`Layer`] behind a pointer.
pub trait AnyLayer: Sync {
    /// [`Layer::NAME`]
    fn name(&self) -> &'static str;
    /// [`Layer::ABOUT`]
    fn about(&self) -> &'static str;
    /// [`Layer::SOURCE`]
    fn source(&self) -> &'static str;
    /// [`Layer::INPUTS`]
    fn inputs(&self) -> Inputs;
    /// [`Layer::SIGNATURE`]
    fn signature(&self) -> &'static [Param];
    /// [`Layer::infer`]
    fn infer(&self, args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem>;
    /// [`Layer::infer_sizes`]
    fn infer_sizes(&self, args: &Args, inputs: &[&Sizes]) -> Option<Inferred>;
    /// [`Layer::recover`]
    fn recover(&self, args: &Args) -> Option<Shape>;
    /// [`Layer::parameters`]
    fn parameters(&self, args: &Args, inputs: &[&Shape]) -> Vec<Weight>;
    /// [`Layer::macs`]
    fn macs(&self, args: &Args, inputs: &[&Shape], output: &Shape) -> u64;
    /// [`Layer::evaluate`] in f32.
    fn evaluate_f32(&self, args: &Args, inputs: &[&Tensor<f32>], weights: &[Tensor<f32>]) -> Tensor<f32>;
    /// [`Layer::evaluate`] in f64.
    fn evaluate_f64(&self, args: &Args, inputs: &[&Tensor<f64>], weights: &[Tensor<f64>]) -> Tensor<f64>;
    /// [`Layer::lower`]
    fn lower(&self, args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering;
    /// [`Layer::results`]
    fn results(&self, args: &Args, inputs: &[&Shape], output: &Shape) -> Option<Results>;
}

/// Whether a value of that shape has at least one element and not more than memory can hold; if not, why.
pub fn countable(shape: &Shape) -> Result<(), String> {
    match dim::product(shape.0.iter().copied()) {
        Some(0) => Err(format!("a value of shape {shape} has no elements")),
        Some(_) => Ok(()),
        None => Err(format!("a value of shape {shape} has more elements than memory can address")),
    }
}

/// A layer's unit type, made a value so that it can stand in the registry.
pub struct Entry<L>(pub std::marker::PhantomData<fn() -> L>);

impl<L: Layer> AnyLayer for Entry<L> {
    fn name(&self) -> &'static str {
        L::NAME
    }
    fn about(&self) -> &'static str {
        L::ABOUT
    }
    fn source(&self) -> &'static str {
        L::SOURCE
    }
    fn inputs(&self) -> Inputs {
        L::INPUTS
    }
    fn signature(&self) -> &'static [Param] {
        L::SIGNATURE
    }
    fn infer(&self, args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        for (position, input) in inputs.iter().enumerate() {
            countable(input).map_err(|message| Problem::input(position, message))?;
        }
        let output = L::infer(&*along::read::<L>(args, inputs[0])?, inputs)?;
        countable(&output).map_err(Problem::layer)?;
        Ok(output)
    }
    fn infer_sizes(&self, args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        L::infer_sizes(&*along::read::<L>(args, &inputs[0].smallest()).ok()?, inputs)
    }
    fn recover(&self, args: &Args) -> Option<Shape> {
        L::recover(args)
    }
    fn parameters(&self, args: &Args, inputs: &[&Shape]) -> Vec<Weight> {
        L::parameters(&along::inferred::<L>(args, inputs[0]), inputs)
    }
    fn macs(&self, args: &Args, inputs: &[&Shape], output: &Shape) -> u64 {
        L::macs(&along::inferred::<L>(args, inputs[0]), inputs, output)
    }
    fn evaluate_f32(&self, args: &Args, inputs: &[&Tensor<f32>], weights: &[Tensor<f32>]) -> Tensor<f32> {
        L::evaluate(&along::inferred::<L>(args, &inputs[0].shape), inputs, weights)
    }
    fn evaluate_f64(&self, args: &Args, inputs: &[&Tensor<f64>], weights: &[Tensor<f64>]) -> Tensor<f64> {
        L::evaluate(&along::inferred::<L>(args, &inputs[0].shape), inputs, weights)
    }
    fn lower(&self, args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        L::lower(&along::inferred::<L>(args, inputs[0]), inputs, output)
    }
    fn results(&self, args: &Args, inputs: &[&Shape], output: &Shape) -> Option<Results> {
        L::results(&along::inferred::<L>(args, inputs[0]), inputs, output)
    }
}
