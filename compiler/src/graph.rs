//! The graph: what a definition says, as data. Nodes are layers by name with their arguments; what a layer means is in `ops/`. Floor 2.
//!
//! A graph is built in evaluation order and printed and parsed by `text`. A node may carry an *epilogue*: stages
//! (activation, residual add, batch norm, pooling) which fusing moved into it and which are applied to its result in turn,
//! so that a fused graph still has a naive evaluation to be tested against.

use crate::program::Program;
use crate::shape::Shape;

/// Index of a value in [`Graph::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// Where something stands in its source: an index into the parser's table of places, or [`Origin::NONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin(pub u32);

impl Origin {
    /// Made by a pass or read from a text form.
    pub const NONE: Origin = Origin(u32::MAX);
}

/// A network: its inputs, layers and outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The network's name.
    pub name: String,
    /// Inputs by name, in order.
    pub inputs: Vec<Port>,
    /// The shape of every value, by [`ValueId`].
    pub values: Vec<Shape>,
    /// Layers in evaluation order: a node's inputs are defined before it.
    pub nodes: Vec<Node>,
    /// Outputs by name, in order.
    pub outputs: Vec<Port>,
}

/// A named input or output.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Its name in the definition.
    pub name: String,
    /// Its value.
    pub value: ValueId,
}

/// One layer applied to values, with what was fused into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The layer and its arguments.
    pub call: Call,
    /// What it reads, in the layer's order.
    pub inputs: Vec<ValueId>,
    /// Stages applied to its result, in order.
    pub epilogue: Vec<Stage>,
    /// What it defines: the result of the last stage.
    pub output: ValueId,
}

/// A layer that was fused into the node before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The layer and its arguments.
    pub call: Call,
    /// What it reads beside the result so far, which is its first input.
    pub others: Vec<ValueId>,
}

/// A layer by name, with arguments that its signature has accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The layer's word in the language: `conv`.
    pub layer: &'static str,
    /// Its path in a state dict: `layer2.0.conv1`; empty for the network itself.
    pub path: String,
    /// Every argument of the signature, defaults filled in.
    pub args: Args,
    /// Where it was written.
    pub origin: Origin,
}

/// The arguments of a call in the order of the layer's signature, complete and well-typed.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Args(pub Vec<(&'static str, Arg)>);

/// The value of one argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// A size or count; or a window, stride, dilation or output size that is the same along every axis.
    Int(usize),
    /// Down and across: a window, stride, dilation or output size.
    Pair([usize; 2]),
    /// The same along the only axis of a sequence: what [`Arg::Int`] is read as there.
    Along(usize),
    /// Padding.
    Pad(Padding),
    /// `true` or `false`.
    Flag(bool),
    /// A real number.
    Number(f64),
    /// One word of a closed set: `round = floor`.
    Word(&'static str),
    /// An axis, counted from the end where it is negative.
    Axis(i64),
    /// Several integers: `[8, -1]`.
    List(Vec<i64>),
    /// From and to, counted from the end where they are negative; from the start or to the end where they are left out: `2..-2`.
    Range([Option<i64>; 2]),
    /// An expression of elements: `|x| x * sigmoid(x)`.
    Closure(Program),
}

/// Padding as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// As many zeros on every side.
    Each(usize),
    /// Zeros on opposite sides: above and below, left and right of a map; on the left, on the right of a sequence.
    Two([usize; 2]),
    /// Zeros at the top, left, bottom and right, in pixels.
    Sides([usize; 4]),
    /// Zeros on the left and right of a sequence: what [`Padding::Each`] and [`Padding::Two`] are read as there.
    Along([usize; 2]),
    /// As much as keeps `ceil(size / stride)`, the odd pixel at the bottom and right (TensorFlow's and PyTorch's `same`).
    Same,
}

impl Padding {
    /// Zeros at the top, left, bottom and right; `None` for [`Padding::Same`], whose zeros depend on the window.
    pub fn sides(self) -> Option<[usize; 4]> {
        match self {
            Padding::Each(side) => Some([side; 4]),
            Padding::Two([down, across]) => Some([down, across, down, across]),
            Padding::Sides(sides) => Some(sides),
            Padding::Along([left, right]) => Some([0, left, 0, right]),
            Padding::Same => None,
        }
    }
}

impl Args {
    /// The argument called `name`. The signature has made sure that it is there.
    fn get(&self, name: &str) -> &Arg {
        match self.0.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => value,
            None => unreachable!("no argument `{name}` in {self:?}"),
        }
    }

    /// The arguments of these names: as given, else as they are here, where they must be.
    pub fn with(&self, names: impl Iterator<Item = &'static str>, given: &[(&'static str, Arg)]) -> Args {
        let of = |name| given.iter().find(|(other, _)| *other == name).map_or_else(|| self.get(name), |(_, value)| value);
        Args(names.map(|name| (name, of(name).clone())).collect())
    }

    /// A size or count.
    pub fn int(&self, name: &str) -> usize {
        match self.get(name) {
            Arg::Int(value) => *value,
            other => unreachable!("`{name}` is {other:?}, not an integer"),
        }
    }

    /// Down and across.
    pub fn pair(&self, name: &str) -> [usize; 2] {
        match self.get(name) {
            Arg::Pair(value) => *value,
            Arg::Int(value) => [*value; 2],
            Arg::Along(value) => [1, *value],
            other => unreachable!("`{name}` is {other:?}, not a pair"),
        }
    }

    /// The number that stands for both factors where they need not be whole.
    pub fn factor(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Arg::Number(value) => Some(*value),
            _ => None,
        }
    }

    /// Padding as written.
    pub fn pad(&self, name: &str) -> Padding {
        match self.get(name) {
            Arg::Pad(value) => *value,
            other => unreachable!("`{name}` is {other:?}, not a padding"),
        }
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Arg::Flag(value) => *value,
            other => unreachable!("`{name}` is {other:?}, not a flag"),
        }
    }

    /// A real number.
    pub fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Arg::Number(value) => *value,
            other => unreachable!("`{name}` is {other:?}, not a number"),
        }
    }

    /// An expression of elements.
    pub fn closure(&self, name: &str) -> &Program {
        match self.get(name) {
            Arg::Closure(program) => program,
            other => unreachable!("`{name}` is {other:?}, not a closure"),
        }
    }

    /// One word of a closed set.
    pub fn word(&self, name: &str) -> &'static str {
        match self.get(name) {
            Arg::Word(value) => value,
            other => unreachable!("`{name}` is {other:?}, not a word"),
        }
    }

    /// An axis, counted from the end where it is negative.
    pub fn axis(&self, name: &str) -> i64 {
        match self.get(name) {
            Arg::Axis(value) => *value,
            other => unreachable!("`{name}` is {other:?}, not an axis"),
        }
    }

    /// Several integers.
    pub fn list(&self, name: &str) -> &[i64] {
        match self.get(name) {
            Arg::List(values) => values,
            other => unreachable!("`{name}` is {other:?}, not a list"),
        }
    }

    /// Several sizes, or `None` where one number stands instead of them.
    pub fn sizes(&self, name: &str) -> Option<Vec<usize>> {
        match self.get(name) {
            Arg::List(values) => values.iter().map(|&value| usize::try_from(value).ok()).collect(),
            _ => None,
        }
    }

    /// From and to.
    pub fn range(&self, name: &str) -> [Option<i64>; 2] {
        match self.get(name) {
            Arg::Range(value) => *value,
            other => unreachable!("`{name}` is {other:?}, not a range"),
        }
    }
}

impl Graph {
    /// The shape of a value.
    pub fn shape(&self, value: ValueId) -> &Shape {
        &self.values[value.0 as usize]
    }

    /// A new value of the given shape.
    pub fn add_value(&mut self, shape: Shape) -> ValueId {
        self.values.push(shape);
        ValueId(self.values.len() as u32 - 1)
    }

    /// The node that defines a value; `None` for an input.
    pub fn producer(&self, value: ValueId) -> Option<usize> {
        self.nodes.iter().position(|node| node.output == value)
    }

    /// How often a value is read, by nodes, their epilogues and the network's outputs.
    pub fn n_uses(&self, value: ValueId) -> usize {
        let in_nodes: usize = self.nodes.iter().map(|node| node.reads().filter(|&read| read == value).count()).sum();
        in_nodes + self.outputs.iter().filter(|port| port.value == value).count()
    }
}

impl Node {
    /// Everything the node reads, epilogue included.
    pub fn reads(&self) -> impl Iterator<Item = ValueId> + '_ {
        self.inputs.iter().copied().chain(self.epilogue.iter().flat_map(|stage| stage.others.iter().copied()))
    }

    /// The node's own call and those of its epilogue, in order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        std::iter::once(&self.call).chain(self.epilogue.iter().map(|stage| &stage.call))
    }
}
