//! What `rnn`, `lstm` and `gru` share: layers over one another, both directions, the state dict, and the naive evaluation. Floor 4.
//!
//! - Shapes: a sequence `[L, F]`, step by step, to `[L, D·P]`: D directions of P elements, the second read from the end.
//! - States before the first step are zeros, or `h0` `[layers·D, P]` and, of an `lstm`, `c0` `[layers·D, hidden]`: values of the flow.
//! - Results: the output; then, if they are asked for, the states after the last step, `[layers·D, P]`: of each layer those of the
//!   first direction, then those of the second. Of an `lstm` the cells follow, `[layers·D, hidden]`.
//! - Parameters of layer k: `weight_ih_l{k}` `[gates·hidden, F]` (`D·P` columns from layer 1 on), `weight_hh_l{k}` `[gates·hidden, P]`, the
//!   biases `bias_ih_l{k}` and `bias_hh_l{k}` `[gates·hidden]` unless `bias = false`; `weight_hr_l{k}` `[P, hidden]` of a state that is
//!   projected; and the same of the second direction, `weight_ih_l{k}_reverse`.
//! - Other frameworks: PyTorch's unbatched input. `batch_first` has no meaning without a batch axis: time comes first. A map
//!   `[C, H, W]` is read from left to right, say, by `-> permute([2, 0, 1]) -> reshape([W, C·H])`.

use super::sizes::{self, Inferred};
use super::{Default, Kind, Lowering, Param, Part, Results, Weight};
use crate::diag::Problem;
use crate::dim;
use crate::facts::Condition;
use crate::graph::{Arg, Args};
use crate::plan::{Cell, Init};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

// The arguments that recurrent layers have in common.

/// The length of a state, which must be written.
pub const HIDDEN: Param = Param { name: "hidden", kind: Kind::Size, default: Default::Required, about: "elements of a state" };

/// One layer where nothing is written.
pub const LAYERS: Param =
    Param { name: "layers", kind: Kind::Size, default: Default::Value(Arg::Int(1)), about: "layers over one another" };

/// With biases where nothing is written.
pub const BIAS: Param =
    Param { name: "bias", kind: Kind::Flag, default: Default::Value(Arg::Flag(true)), about: "whether biases are added" };

/// Nothing when predicting.
pub const DROPOUT: Param = Param {
    name: "dropout",
    kind: Kind::Number,
    default: Default::Value(Arg::Number(0.0)),
    about: "probability with which training zeroes an element between layers",
};

/// One direction where nothing is written.
pub const BIDIRECTIONAL: Param = Param {
    name: "bidirectional",
    kind: Kind::Flag,
    default: Default::Value(Arg::Flag(false)),
    about: "whether the sequence is read from its end, too",
};

/// What the language sets where several results are named.
pub const STATES: Param = Param {
    name: "states",
    kind: Kind::Flag,
    default: Default::Value(Arg::Flag(false)),
    about: "whether the last states are results, too: so where several are named",
};

/// The arguments of a recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// What is done at each step.
    pub cell: Cell,
    /// Elements of a state before it is projected.
    pub hidden: usize,
    /// Layers over one another.
    pub layers: usize,
    /// Whether biases are added.
    pub bias: bool,
    /// 1, or 2 where the sequence is read from its end, too.
    pub directions: usize,
    /// Elements that a state is projected to; 0 where it is not.
    pub projected: usize,
    /// Whether the last states are part of the output.
    pub states: bool,
}

impl Options {
    /// From the arguments that all of the layers have, and what one has beside them.
    pub fn of(args: &Args, cell: Cell, projected: usize) -> Options {
        Options {
            cell,
            hidden: args.int("hidden"),
            layers: args.int("layers"),
            bias: args.flag("bias"),
            directions: if args.flag("bidirectional") { 2 } else { 1 },
            projected,
            states: args.flag("states"),
        }
    }

    /// Elements of a state after it is projected.
    pub fn width(&self) -> usize {
        if self.projected > 0 { self.projected } else { self.hidden }
    }

    /// Features that a layer reads.
    fn inputs(&self, layer: usize, features: usize) -> usize {
        if layer == 0 { features } else { self.directions * self.width() }
    }
}

/// Most layers over one another: the state dict names each.
const MAX_LAYERS: usize = 64;

/// The shape of the output, and what is wrong with the input.
pub fn infer(name: &str, args: &Args, options: &Options, inputs: &[&Shape]) -> Result<Shape, Problem> {
    let input = inputs[0];
    let dropout = args.number("dropout");
    if !(0.0..=1.0).contains(&dropout) {
        return Err(Problem::argument("dropout", format!("`dropout` is a probability, between 0 and 1, but is {dropout}")));
    }
    if options.projected >= options.hidden && options.projected > 0 {
        let message = format!("a state of {} elements is not projected to {}", options.hidden, options.projected);
        return Err(Problem::argument("proj_size", message).help("`proj_size` is less than `hidden`, and 0 for none"));
    }
    if options.layers > MAX_LAYERS {
        let message = format!("{} layers over one another are more than the {MAX_LAYERS} that can be", options.layers);
        return Err(Problem::argument("layers", message));
    }
    let [steps, features] = match *input.0.as_slice() {
        [steps, features] => [steps, features],
        [c, h, w] => {
            let message = format!("`{name}` reads a sequence [L, F], but its input is the map {input}");
            let steps =
                format!("`permute([2, 0, 1]) -> reshape([{w}, _])` reads the columns of [{c}, {h}, {w}] from left to right");
            return Err(Problem::input(0, message).help(steps));
        }
        _ => return Err(Problem::input(0, format!("`{name}` reads a sequence [L, F], but its input is {input}"))),
    };
    let Options { cell, hidden, layers, directions, .. } = *options;
    // As many elements as all weights together have at most.
    let widest = dim::product([directions, hidden]).map(|outputs| outputs.max(features));
    if widest.and_then(|widest| dim::product([2 * cell.n_gates(), layers, directions, hidden, widest])).is_none() {
        let message =
            format!("weights of {hidden} hidden elements from {features} features have more elements than memory can address");
        return Err(Problem::argument("hidden", message));
    }
    let rows = layers * directions;
    let states = [("h0", Shape::sequence(rows, options.width())), ("c0", Shape::sequence(rows, hidden))];
    for (at, ((state, expected), found)) in states.iter().zip(&inputs[1..]).enumerate() {
        if expected != *found {
            let message =
                format!("`{state}` of this `{name}` is {expected}: a row for each layer and direction; but here is {found}");
            return Err(Problem::input(1 + at, message));
        }
    }
    Ok(output(options, steps))
}

/// The output for any number of steps; states before the first one have to be as large as the layer's are.
pub fn infer_sizes(options: &Options, inputs: &[&Sizes]) -> Option<Inferred> {
    let (Sizes(input), given) = inputs.split_first()?;
    let [steps, features] = input.as_slice() else { return None };
    features.known()?;
    let rows = sizes::number(options.layers * options.directions)?;
    let mut asks = Vec::new();
    for (Sizes(state), width) in given.iter().zip([options.width(), options.hidden]) {
        let [found_rows, found_width] = state.as_slice() else { return None };
        asks.push(Condition::equal(found_rows.clone(), rows.clone()));
        asks.push(Condition::equal(found_width.clone(), sizes::number(width)?));
    }
    let outputs = sizes::number(options.directions * options.width())?;
    let sizes = match options.states {
        false => vec![steps.clone(), outputs],
        true => {
            let [hidden, cells] = n_states(options).map(sizes::number);
            vec![steps.times(&outputs)?.plus(&hidden?)?.plus(&cells?)?]
        }
    };
    Some(Inferred { sizes: Sizes(sizes), asks })
}

/// The output for that many steps.
fn output(options: &Options, steps: usize) -> Shape {
    let outputs = options.directions * options.width();
    if !options.states {
        return Shape::sequence(steps, outputs);
    }
    let [hidden, cells] = n_states(options);
    Shape::vector(steps.saturating_mul(outputs).saturating_add(hidden).saturating_add(cells))
}

/// Elements of all states, and of all cells.
pub fn n_states(options: &Options) -> [usize; 2] {
    let rows = options.layers * options.directions;
    let cells = if options.cell == Cell::Lstm { rows.saturating_mul(options.hidden) } else { 0 };
    [rows.saturating_mul(options.width()), cells]
}

/// The results: output, last states and, of an `lstm`, last cells. They are counted from the end, as only the output has a length that
/// depends on the steps.
pub fn results(args: &Args, options: &Options, input: &Shape) -> Results {
    let Options { layers, directions, hidden, .. } = *options;
    let [steps, ..] = input.chw();
    let rows = layers * directions;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let [hidden_len, cells_len] = n_states(options).map(count);
    let part =
        |from: i64, to: Option<i64>, sizes: [i64; 2]| Part { axis: 0, range: [Some(from), to], sizes: Some(sizes.to_vec()) };
    let states = hidden_len.saturating_add(cells_len);
    let has_cells = options.cell == Cell::Lstm;
    let mut parts = vec![
        part(0, Some(-states), [-1, count(directions * options.width())]),
        part(-states, has_cells.then_some(-cells_len), [count(rows), count(options.width())]),
    ];
    if has_cells {
        parts.push(part(-cells_len, None, [count(rows), count(hidden)]));
    }
    let with_states = || args.with(args.0.iter().map(|(name, _)| *name), &[("states", Arg::Flag(true))]);
    let packed = (!options.states).then(|| (with_states(), output(&Options { states: true, ..*options }, steps)));
    Results { parts, first_alone: true, packed }
}

/// The name of a parameter: `weight_ih_l0_reverse`.
pub fn parameter(what: &str, layer: usize, direction: usize) -> String {
    format!("{what}_l{layer}{}", if direction > 0 { "_reverse" } else { "" })
}

/// The state dict, in PyTorch's order.
pub fn parameters(options: &Options, input: &Shape) -> Vec<Weight> {
    let Options { cell, hidden, layers, bias, directions, projected, .. } = *options;
    let rows = cell.n_gates() * hidden;
    // As spread as PyTorch's, which are uniform up to 1/√hidden.
    let init = Init::He { fan_in: 6 * hidden };
    let mut weights = Vec::new();
    for layer in 0..layers {
        let inputs = options.inputs(layer, input.chw()[2]);
        for direction in 0..directions {
            let mut add = |what: &str, shape: &[usize]| {
                let name = parameter(what, layer, direction).into();
                weights.push(Weight { name, shape: Shape(shape.to_vec()), init, learned: true });
            };
            add("weight_ih", &[rows, inputs]);
            add("weight_hh", &[rows, options.width()]);
            if bias {
                add("bias_ih", &[rows]);
                add("bias_hh", &[rows]);
            }
            if projected > 0 {
                add("weight_hr", &[projected, hidden]);
            }
        }
    }
    weights
}

/// Multiply-adds: those of the matrices, at every step.
pub fn macs(options: &Options, input: &Shape) -> u64 {
    let [steps, _, features] = input.chw();
    let size = |n: usize| n as u64;
    let rows = size(options.cell.n_gates() * options.hidden);
    let mut per_step: u64 = 0;
    for layer in 0..options.layers {
        let columns = size(options.inputs(layer, features)).saturating_add(size(options.width()));
        let one = rows.saturating_mul(columns).saturating_add(size(options.projected).saturating_mul(size(options.hidden)));
        per_step = per_step.saturating_add(one.saturating_mul(size(options.directions)));
    }
    per_step.saturating_mul(size(steps))
}

/// What computes it.
pub fn lower(options: &Options) -> Lowering {
    Lowering::Recurrent(*options)
}

/// The definition: layer by layer, direction by direction, step by step.
pub fn evaluate<T: Float>(options: &Options, inputs: &[&Tensor<T>], weights: &[Tensor<T>]) -> Tensor<T> {
    let input = inputs[0];
    let first = |state: usize, row: usize, len: usize| match inputs.get(state) {
        Some(given) => given.data[row * len..][..len].to_vec(),
        None => vec![T::ZERO; len],
    };
    let [steps, _, features] = input.shape.chw();
    let (width, directions) = (options.width(), options.directions);
    let mut sequence: Vec<Vec<T>> = input.data.chunks(features).map(<[T]>::to_vec).collect();
    let (mut states, mut cells) = (Vec::new(), Vec::new());
    let mut weights = weights.iter();
    for layer in 0..options.layers {
        let mut outputs = vec![Vec::with_capacity(directions * width); steps];
        for direction in 0..directions {
            let mut next = || weights.next().map_or(&[][..], |weight| &weight.data);
            let (ih, hh) = (next(), next());
            let (bias_ih, bias_hh) = if options.bias { (next(), next()) } else { (&[][..], &[][..]) };
            let weights = Matrices { ih, hh, bias_ih, bias_hh, hr: if options.projected > 0 { next() } else { &[] } };
            let row = layer * directions + direction;
            let (mut h, mut c) = (first(1, row, width), first(2, row, options.hidden));
            for step in 0..steps {
                let t = if direction > 0 { steps - 1 - step } else { step };
                (h, c) = self::step(options, &weights, &sequence[t], &h, &c);
                outputs[t].extend_from_slice(&h);
            }
            states.extend(h);
            cells.extend(c);
        }
        sequence = outputs;
    }
    let mut data: Vec<T> = sequence.into_iter().flatten().collect();
    if options.states {
        data.extend(states);
        if options.cell == Cell::Lstm {
            data.extend(cells);
        }
    }
    Tensor { shape: output(options, steps), data }
}

/// Of one direction of one layer.
struct Matrices<'a, T> {
    ih: &'a [T],
    hh: &'a [T],
    bias_ih: &'a [T],
    bias_hh: &'a [T],
    hr: &'a [T],
}

/// State and cell after a step.
fn step<T: Float>(options: &Options, weights: &Matrices<'_, T>, x: &[T], h: &[T], c: &[T]) -> (Vec<T>, Vec<T>) {
    let n = options.hidden;
    let product = |matrix: &[T], bias: &[T], row: usize, by: &[T]| {
        let mut sum = bias.get(row).copied().unwrap_or(T::ZERO);
        for (&weight, &value) in matrix[row * by.len()..].iter().zip(by) {
            sum += weight * value;
        }
        sum
    };
    let one = T::of(1.0);
    let sigmoid = |x: T| one / (one + (T::ZERO - x).exp());
    // Gate g of element j: of the input, of the state, and of both.
    let of_input = |g: usize, j: usize| product(weights.ih, weights.bias_ih, g * n + j, x);
    let of_state = |g: usize, j: usize| product(weights.hh, weights.bias_hh, g * n + j, h);
    let gate = |g: usize, j: usize| of_input(g, j) + of_state(g, j);
    let (mut new, mut cells) = (Vec::with_capacity(n), c.to_vec());
    for (j, cell) in cells.iter_mut().enumerate() {
        new.push(match options.cell {
            Cell::Tanh => gate(0, j).tanh(),
            Cell::Relu => {
                let value = gate(0, j);
                if value < T::ZERO { T::ZERO } else { value }
            }
            Cell::Lstm => {
                *cell = sigmoid(gate(1, j)) * *cell + sigmoid(gate(0, j)) * gate(2, j).tanh();
                sigmoid(gate(3, j)) * cell.tanh()
            }
            Cell::Gru => {
                let (reset, update) = (sigmoid(gate(0, j)), sigmoid(gate(1, j)));
                let candidate = (of_input(2, j) + reset * of_state(2, j)).tanh();
                (one - update) * candidate + update * h[j]
            }
        });
    }
    if options.projected > 0 {
        new = (0..options.projected).map(|row| product(weights.hr, &[], row, &new)).collect();
    }
    (new, cells)
}
