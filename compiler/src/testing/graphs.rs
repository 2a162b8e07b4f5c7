//! Small random graphs in which everything occurs that passes and layout treat: chains to fuse, residuals, concatenations of
//! concatenations, borders, views of views, values that nobody reads.

use crate::graph::{Arg, Call, Graph, Node, Origin, Padding, Port, ValueId};
use crate::ops::{self, Weight, combine};
use crate::passes::rewrite::call_shapes;
use crate::registry;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};
use crate::verify::verify;
use crate::{infer, text};

/// A generator of numbers that are the same everywhere: SplitMix64 (Steele, Lea & Flood, 2014).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + (self.bits() % (high - low + 1) as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.between(1, n) == 1
    }

    /// From −1 to 1.
    pub fn signed(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.between(0, of.len() - 1)]
    }
}

/// A verified graph of about `n_nodes` layers, the same for the same seed.
pub fn random_graph(seed: u64, n_nodes: usize) -> Graph {
    let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let random = &mut random;
    let mut graph = Graph { name: format!("Random{seed}"), inputs: vec![], values: vec![], nodes: vec![], outputs: vec![] };
    for index in 0..random.between(1, 2) {
        let shape = match random.between(0, 7) {
            0 => Shape::vector(random.between(1, 20)),
            1 => Shape::map(random.between(1, 9), 1, 1),
            2 | 3 => Shape::sequence(random.between(1, 9), random.between(1, 40)),
            4 => Shape::map(1, random.between(4, 13), random.between(4, 13)),
            _ => Shape::map(random.between(2, 9), random.between(4, 13), random.between(4, 13)),
        };
        let value = graph.add_value(shape);
        graph.inputs.push(Port { name: format!("in{index}"), value });
    }
    while graph.nodes.len() < n_nodes {
        let (layer, args, inputs) = Attempt { graph: &graph, random }.layer();
        let added = add(&mut graph, layer, &args, inputs);
        if added && matches!(layer, "conv" | "linear" | "conv_transpose") && random.one_in(2) {
            follow(&mut graph, random);
        }
    }
    let unread = |graph: &Graph| -> Vec<ValueId> {
        let values = graph.nodes.iter().map(|node| node.output);
        values.filter(|&value| graph.n_uses(value) == 0).collect()
    };
    // Most of what nobody reads is an output, and now and then a value that others read, too, or an input.
    for value in unread(&graph) {
        if graph.outputs.is_empty() || !random.one_in(4) && graph.outputs.len() < 5 {
            graph.outputs.push(Port { name: format!("out{}", graph.outputs.len()), value });
        }
    }
    for _ in 0..random.between(0, 2) {
        let value = ValueId(random.between(0, graph.values.len() - 1) as u32);
        graph.outputs.push(Port { name: format!("out{}", graph.outputs.len()), value });
    }
    assert_eq!(verify(&graph), Ok(()), "{}", text::print(&graph));
    graph
}

/// What usually follows a convolution, each part now and then left out.
fn follow(graph: &mut Graph, random: &mut Random) {
    for percent in [BATCH_NORM, ADD, ACTIVATION, POOL] {
        let value = ValueId(graph.values.len() as u32 - 1);
        if random.one_in(2) {
            let (layer, args, inputs) = Attempt { graph, random }.of(percent, value);
            add(graph, layer, &args, inputs);
        }
    }
}

/// Of what [`Attempt::of`] makes these layers.
const BATCH_NORM: usize = 26;
const ACTIVATION: usize = 38;
const POOL: usize = 53;
const ADD: usize = 64;

/// Most often those that fuse best.
const ACTIVATIONS: &[&str] = &[
    "relu",
    "relu",
    "relu6",
    "tanh",
    "sigmoid",
    "leaky_relu",
    "silu",
    "gelu",
    "hard_swish",
    "hard_sigmoid",
    "elu",
    "softplus",
    "prelu",
];

type Choice = (&'static str, Vec<(&'static str, Arg)>, Vec<ValueId>);

struct Attempt<'a> {
    graph: &'a Graph,
    random: &'a mut Random,
}

impl Attempt<'_> {
    /// A layer that may or may not fit.
    fn layer(&mut self) -> Choice {
        let (percent, value) = (self.random.between(0, 99), self.value());
        self.of(percent, value)
    }

    /// The layer that is made `percent` times of a hundred.
    fn of(&mut self, percent: usize, value: ValueId) -> Choice {
        let is_map = self.graph.shape(value).as_vector().is_none();
        match percent {
            0..=25 if is_map => match self.random.between(0, 9) {
                0 => self.depthwise(value),
                2 | 3 => self.transpose(value),
                4 => self.resample(value),
                1 => self.separable(value),
                _ => self.conv(value),
            },
            0..=25 if self.graph.shape(value).as_sequence().is_some() && self.random.one_in(2) => self.recurrent(value),
            0..=25 => ("linear", vec![("outputs", Arg::Int(self.random.between(1, 12))), self.flag("bias")], vec![value]),
            BATCH_NORM..ACTIVATION if self.random.one_in(3) => self.norm(value),
            BATCH_NORM..ACTIVATION => {
                let affine = self.flag("affine");
                ("batch_norm", vec![affine, ("eps", Arg::Number(1e-3))], vec![value])
            }
            ACTIVATION..POOL => (self.random.pick(ACTIVATIONS), vec![], vec![value]),
            POOL..61 => self.pool(value),
            61 if self.random.one_in(2) => ("global_avg_pool", vec![], vec![value]),
            61..=63 => {
                let size = self.pair(value, 1, 3);
                (self.random.pick(&["adaptive_avg_pool", "adaptive_max_pool"]), vec![("size", size)], vec![value])
            }
            ADD..76 if self.random.one_in(4) => self.map(value),
            ADD..67 if is_map => {
                let channels = self.graph.shape(value).chw()[0];
                let others = self.values().filter(|&other| self.graph.shape(other).chw() == [channels, 1, 1]);
                let other = others.last().unwrap_or(value);
                ("scale", vec![], vec![value, other])
            }
            ADD..69 => {
                // Another value that may fit, as it is or with sizes of 1.
                let n = self.values().count();
                let others: Vec<ValueId> = self.values().filter(|&other| self.fits(value, other)).collect();
                let other =
                    if others.is_empty() { ValueId(self.random.between(0, n - 1) as u32) } else { self.random.pick(&others) };
                let sides = if self.random.one_in(2) { vec![value, other] } else { vec![other, value] };
                (self.random.pick(&["add", "mul"]), vec![], sides)
            }
            69..76 => {
                let shape = self.graph.shape(value);
                let others: Vec<ValueId> = self.values().filter(|&other| self.graph.shape(other) == shape).collect();
                (self.random.pick(&["add", "add", "mul"]), vec![], vec![value, self.random.pick(&others)])
            }
            84..=96 if self.random.one_in(2) => self.rearranged(value),
            76..=86 => {
                let sides = &self.graph.shape(value).0[1..];
                let others: Vec<ValueId> = self.values().filter(|&other| &self.graph.shape(other).0[1..] == sides).collect();
                let more = (0..self.random.between(0, 3)).map(|_| self.random.pick(&others));
                ("concat", vec![], std::iter::once(value).chain(more).collect())
            }
            87..=88 => ("pad", vec![("sides", self.sides(value, 2))], vec![value]),
            89..=90 => {
                let stride = self.pair(value, 1, 3);
                ("subsample", vec![("stride", stride)], vec![value])
            }
            91..=93 => {
                let zeros = [("before", Arg::Int(self.random.between(0, 3))), ("after", Arg::Int(self.random.between(0, 3)))];
                ("pad_channels", zeros.to_vec(), vec![value])
            }
            94..=96 => ("flatten", vec![], vec![value]),
            97..=98 => {
                let axis = Arg::Axis(self.random.between(0, self.graph.shape(value).0.len() - 1) as i64);
                (self.random.pick(&["softmax", "log_softmax"]), vec![("axis", axis)], vec![value])
            }
            _ => ("dropout", vec![], vec![value]),
        }
    }

    fn values(&self) -> impl Iterator<Item = ValueId> + use<> {
        (0..self.graph.values.len() as u32).map(ValueId)
    }

    /// Whether two values have unlike shapes of which one is repeated to fit.
    fn fits(&self, value: ValueId, other: ValueId) -> bool {
        let (a, b) = (self.graph.shape(value), self.graph.shape(other));
        a != b && combine::infer("add", &[a, b]).is_ok()
    }

    /// Most often one of the last values, so that chains form.
    fn value(&mut self) -> ValueId {
        let last = self.graph.values.len() - 1;
        let back =
            if self.random.one_in(4) { self.random.between(0, last) } else { usize::from(self.random.one_in(8)).min(last) };
        ValueId((last - back) as u32)
    }

    fn map(&mut self, value: ValueId) -> Choice {
        let shape = self.graph.shape(value);
        let others: Vec<ValueId> = self.values().filter(|&other| self.graph.shape(other) == shape).collect();
        let mut inputs = vec![value];
        inputs.extend((0..self.random.between(0, 2)).map(|_| self.random.pick(&others)));
        // Nothing that grows without bound, or jumps where two roundings may differ.
        let program = match inputs.len() {
            1 => self.random.pick(&[
                "[1: mul(0, 1.5), tanh(1), add(0, 2)]",
                "[1: max(0, -0.25), min(1, 0.75)]",
                "[1: abs(0), add(1, 1.0), div(0, 2)]",
            ]),
            2 => self.random.pick(&[
                "[2: sigmoid(1), mul(0, 2)]",
                "[2: max(0, 1), sub(2, 0.5)]",
                "[2: if_less(0, 1, 1, 0), neg(2)]",
            ]),
            _ => "[3: abs(0), add(3, 1.0), ln(4), min(1, 2), add(5, 6)]",
        };
        let program = program.parse().unwrap_or_else(|problem| panic!("{program}: {problem}"));
        ("map", vec![("f", Arg::Closure(program))], inputs)
    }

    fn flag(&mut self, name: &'static str) -> (&'static str, Arg) {
        (name, Arg::Flag(!self.random.one_in(3)))
    }

    fn is_sequence(&self, value: ValueId) -> bool {
        self.graph.shape(value).as_sequence().is_some()
    }

    fn sides(&mut self, value: ValueId, most: usize) -> Arg {
        let mut side = || self.random.between(0, most);
        let sides = [side(), side(), side(), side()];
        Arg::Pad(match self.random.between(0, 4) {
            0 => Padding::Each(0),
            1 | 2 => Padding::Each(sides[0]),
            3 if !self.is_sequence(value) => Padding::Sides(sides),
            _ => Padding::Two([sides[0], sides[1]]),
        })
    }

    fn pair(&mut self, value: ValueId, low: usize, high: usize) -> Arg {
        let (size, other) = (self.random.between(low, high), self.random.between(low, high));
        let different = self.random.one_in(4) && !self.is_sequence(value);
        if different { Arg::Pair([size, other]) } else { Arg::Int(size) }
    }

    fn conv(&mut self, value: ValueId) -> Choice {
        let channels = self.graph.shape(value).chw()[0];
        let (filters, groups) = match self.random.between(0, 5) {
            0 => (channels, channels),
            1 if channels.is_multiple_of(2) => (2 * self.random.between(1, 4), 2),
            // As many filters as channels, so that there is something to add it to.
            2 => (channels, 1),
            _ => (self.random.between(1, 8), 1),
        };
        let pad = if self.random.one_in(5) { Arg::Pad(Padding::Same) } else { self.sides(value, 2) };
        let (window, stride) = (self.pair(value, 1, 4), if self.random.one_in(3) { self.pair(value, 1, 3) } else { Arg::Int(1) });
        let dilation = if self.random.one_in(5) { self.pair(value, 1, 2) } else { Arg::Int(1) };
        let args = vec![
            ("filters", Arg::Int(filters)),
            ("window", window),
            ("stride", stride),
            ("pad", pad),
            ("dilation", dilation),
            ("groups", Arg::Int(groups)),
            self.flag("bias"),
            ("round", Arg::Word(self.random.pick(&["floor", "ceil", "exact"]))),
        ];
        ("conv", args, vec![value])
    }

    fn depthwise(&mut self, value: ValueId) -> Choice {
        let multiplier = ("multiplier", Arg::Int(self.random.between(1, 2)));
        let args = vec![("window", self.pair(value, 1, 3)), ("pad", self.sides(value, 1)), multiplier, self.flag("bias")];
        ("depthwise_conv", args, vec![value])
    }

    fn recurrent(&mut self, value: ValueId) -> Choice {
        let layer = self.random.pick(&["rnn", "lstm", "gru"]);
        // States before the first step, if there is something of a shape for them.
        let state = self.values().filter(|&state| matches!(*self.graph.shape(state).0, [1 | 2 | 4, 1..=8])).last();
        if let Some(state) = state.filter(|_| self.random.one_in(2)) {
            let [rows, _, width] = self.graph.shape(state).chw();
            let both = rows > 1;
            let layers = if both { rows / 2 } else { rows };
            let args = vec![
                ("hidden", Arg::Int(width)),
                ("layers", Arg::Int(layers)),
                ("bidirectional", Arg::Flag(both)),
                ("states", Arg::Flag(self.random.one_in(4))),
            ];
            return (layer, args, [vec![value], vec![state; if layer == "lstm" { 2 } else { 1 }]].concat());
        }
        let hidden = self.random.between(2, 6);
        let mut args = vec![
            ("hidden", Arg::Int(hidden)),
            ("layers", Arg::Int(if self.random.one_in(3) { 2 } else { 1 })),
            ("bidirectional", Arg::Flag(self.random.one_in(2))),
            ("states", Arg::Flag(self.random.one_in(4))),
            self.flag("bias"),
        ];
        match layer {
            "rnn" => args.push(("nonlinearity", Arg::Word(self.random.pick(&["tanh", "relu"])))),
            "lstm" if self.random.one_in(3) => args.push(("proj_size", Arg::Int(self.random.between(1, hidden - 1)))),
            _ => {}
        }
        (layer, args, vec![value])
    }

    fn separable(&mut self, value: ValueId) -> Choice {
        let (_, mut args, inputs) = self.depthwise(value);
        args.push(("filters", Arg::Int(self.random.between(1, 8))));
        ("separable_conv", args, inputs)
    }

    fn norm(&mut self, value: ValueId) -> Choice {
        let affine = self.flag("affine");
        // Elements that are almost equal differ by rounding errors, which a small ε would make large.
        let eps = ("eps", Arg::Number(0.01));
        match self.random.between(0, 3) {
            0 => ("group_norm", vec![("groups", Arg::Int(self.random.between(1, 3))), affine, eps], vec![value]),
            1 => {
                let over = ["all", "map", "row", "channels"][self.random.between(0, 3)];
                ("layer_norm", vec![affine, self.flag("bias"), ("over", Arg::Word(over)), eps], vec![value])
            }
            2 => ("instance_norm", vec![affine, eps], vec![value]),
            _ => (
                "local_response_norm",
                vec![("size", Arg::Int(self.random.between(1, 4))), ("alpha", Arg::Number(0.5))],
                vec![value],
            ),
        }
    }

    fn transpose(&mut self, value: ValueId) -> Choice {
        let channels = self.graph.shape(value).chw()[0];
        let groups = self.random.pick(&[1, 1, if channels.is_multiple_of(2) { 2 } else { 1 }, channels]);
        let args = vec![
            ("filters", Arg::Int(groups * self.random.between(1, 3))),
            ("window", self.pair(value, 1, 4)),
            ("stride", self.pair(value, 1, 3)),
            ("pad", self.sides(value, 1)),
            ("output_pad", Arg::Pad(Padding::Each(usize::from(self.random.one_in(4))))),
            ("dilation", if self.random.one_in(4) { self.pair(value, 1, 3) } else { Arg::Int(1) }),
            ("groups", Arg::Int(groups)),
            self.flag("bias"),
        ];
        ("conv_transpose", args, vec![value])
    }

    fn resample(&mut self, value: ValueId) -> Choice {
        let (mixed, linear) = (self.random.one_in(2), if self.is_sequence(value) { "linear" } else { "bilinear" });
        let mode = ("mode", Arg::Word(if mixed { linear } else { "nearest" }));
        let corners = ("align_corners", Arg::Flag(mixed && self.random.one_in(2)));
        match self.random.one_in(2) {
            true => ("upsample", vec![("scale", self.pair(value, 1, 3)), mode, corners], vec![value]),
            false => ("resize", vec![("size", self.pair(value, 1, 9)), mode, corners], vec![value]),
        }
    }

    /// The same elements elsewhere, or some of them.
    fn rearranged(&mut self, value: ValueId) -> Choice {
        let shape = self.graph.shape(value).clone();
        let axis = self.random.between(0, shape.0.len() - 1);
        let size = shape.0[axis];
        let axis = Arg::Axis(axis as i64 - if self.random.one_in(2) { shape.0.len() as i64 } else { 0 });
        match self.random.between(0, 8) {
            0..=2 => {
                let (from, to) = (self.random.between(0, size / 2), self.random.between(size / 2 + 1, size));
                let range = Arg::Range([Some(from as i64), Some(to as i64 - if to < size { size as i64 } else { 0 })]);
                let step = if self.random.one_in(3) { self.random.between(1, 3) } else { 1 };
                ("slice", vec![("range", range), ("axis", axis), ("step", Arg::Int(step))], vec![value])
            }
            3 | 4 => {
                let mut order: Vec<i64> = (0..shape.0.len() as i64).collect();
                for at in (1..order.len()).rev() {
                    order.swap(at, self.random.between(0, at));
                }
                ("permute", vec![("axes", Arg::List(order))], vec![value])
            }
            5 => ("shuffle_channels", vec![("groups", Arg::Int(self.random.between(1, 4)))], vec![value]),
            6 => {
                let axes: Vec<i64> = (0..shape.0.len() as i64).filter(|_| self.random.one_in(2)).collect();
                let axes = if axes.is_empty() { vec![-1] } else { axes };
                ("mean", vec![("axes", Arg::List(axes)), self.flag("keep")], vec![value])
            }
            _ => {
                let mut left = shape.len();
                let mut factor = || {
                    let factors: Vec<usize> = (1..=left).filter(|&factor| left.is_multiple_of(factor)).collect();
                    let factor = self.random.pick(&factors);
                    left /= factor;
                    factor as i64
                };
                let sizes = [factor(), factor(), -1];
                let sizes = sizes[self.random.pick(&[0, 0, 1, 2])..].to_vec();
                ("reshape", vec![("sizes", Arg::List(sizes))], vec![value])
            }
        }
    }

    fn pool(&mut self, value: ValueId) -> Choice {
        let layer = self.random.pick(&["max_pool", "avg_pool"]);
        let round = ("round", Arg::Word(self.random.pick(&["floor", "ceil"])));
        let (window, stride) =
            if self.random.one_in(2) { (Arg::Int(2), Arg::Int(2)) } else { (self.pair(value, 2, 3), self.pair(value, 1, 3)) };
        let mut args = vec![("window", window), ("stride", stride), ("pad", self.sides(value, 1)), round];
        match layer {
            "avg_pool" => args.push(self.flag("count_pad")),
            _ if self.random.one_in(4) => args.push(("dilation", self.pair(value, 1, 3))),
            _ => {}
        }
        (layer, args, vec![value])
    }
}

/// Adds a layer if it accepts what it is given and its output stays small; whether it did.
fn add(graph: &mut Graph, layer: &'static str, args: &[(&'static str, Arg)], inputs: Vec<ValueId>) -> bool {
    let Some(found) = registry::layer(layer) else { panic!("no layer `{layer}`") };
    let args = match ops::complete(found.signature(), args) {
        Ok(args) => args,
        Err(problem) => panic!("`{layer}`: {problem}"),
    };
    let path = format!("l{}", graph.nodes.len());
    let call = Call { layer, path, args, origin: Origin::NONE };
    let shapes: Vec<&Shape> = inputs.iter().map(|&input| graph.shape(input)).collect();
    let Some(shape) = infer::call(&call, &shapes).ok().filter(|shape| shape.len() <= 4000) else { return false };
    let output = graph.add_value(shape);
    graph.nodes.push(Node { call, inputs, epilogue: vec![], output });
    true
}

/// Every parameter of a graph, by its full name: see [`random_weight`].
pub fn random_weights<T: Float>(graph: &Graph) -> impl Fn(&str) -> Tensor<T> + use<T> {
    let calls = graph.nodes.iter().flat_map(|node| call_shapes(graph, node));
    let weights: Vec<(String, Weight)> =
        calls.flat_map(|(call, inputs, _)| registry::parameters(call, &inputs.iter().collect::<Vec<_>>())).collect();
    move |name| match weights.iter().find(|(found, _)| found == name) {
        Some((name, weight)) => random_weight(name, weight),
        None => panic!("no parameter `{name}`"),
    }
}

/// A parameter by its full name, of a size that keeps values near 1. Variances are positive.
pub fn random_weight<T: Float>(name: &str, weight: &Weight) -> Tensor<T> {
    let seed =
        name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut random = Random(seed);
    let fan_in: usize = weight.shape.0.iter().skip(1).product();
    let scale = (3.0 / fan_in as f64).sqrt();
    // Through f32, so that both precisions start from the same numbers.
    let mut element = || match &*weight.name {
        "running_var" => 0.5 + random.signed().abs(),
        name if name.contains("weight") && weight.shape.0.len() > 1 => scale * random.signed(),
        "weight" => 1.0 + 0.5 * random.signed(),
        _ => random.signed(),
    };
    let data = (0..weight.shape.len()).map(|_| T::of(f64::from(element() as f32))).collect();
    Tensor { shape: weight.shape.clone(), data }
}

/// An input's elements, from −1 to 1 and never 0.
pub fn random_input<T: Float>(seed: u64, shape: &Shape) -> Tensor<T> {
    let mut random = Random(seed);
    let data = (0..shape.len()).map(|_| T::of(f64::from((random.signed() * 0.9) as f32 + 0.01))).collect();
    Tensor { shape: shape.clone(), data }
}
