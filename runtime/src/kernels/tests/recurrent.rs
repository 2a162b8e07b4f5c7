//! Recurrent layers against their formulas.

use convoke_compiler::plan::{Cell, Form, Kernel, List, Recurrent, View};

use super::{Arena, Map, Random, check, isas};
use crate::buffer::Buffer;
use crate::kernels::pack;

/// A layer to test.
struct Case {
    cell: Cell,
    hidden: usize,
    width: usize,
    steps: usize,
    directions: usize,
    /// Whether states are given before and asked for after.
    states: bool,
}

/// Weights of one direction: U, the bias of a GRU's last gate among others, the projection.
struct Weights {
    matrix: Vec<f32>,
    bias: Vec<f32>,
    projection: Vec<f32>,
}

/// The states at every step and the last cells, in f64.
fn definition(case: &Case, gates: &Map, weights: &[Weights], first: [&Map; 2]) -> [Map; 2] {
    let Case { cell, hidden: n, width, steps, directions, states } = *case;
    let mut output = Map::from_fn([1, steps, directions * width], |_, _, _| 0.0);
    let mut cells = Map::from_fn([directions, 1, n], |_, _, _| 0.0);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for (d, weights) in weights.iter().enumerate() {
        let given = |map: &Map, i: usize| if states { map.at(d, 0, i) } else { 0.0 };
        let mut h: Vec<f64> = (0..width).map(|i| given(first[0], i)).collect();
        let mut c: Vec<f64> = (0..n).map(|i| given(first[1], i)).collect();
        for step in 0..steps {
            let t = if d == 0 { step } else { steps - 1 - step };
            let x = |g: usize, j: usize| gates.at(0, t, (d * cell.n_gates() + g) * n + j);
            let dot = |matrix: &[f32], row: usize, by: &[f64]| -> f64 {
                matrix[row * by.len()..].iter().zip(by).map(|(&w, v)| w as f64 * v).sum()
            };
            let u = |g: usize, j: usize| dot(&weights.matrix, g * n + j, &h);
            let mut new = vec![0.0; n];
            for j in 0..n {
                new[j] = match cell {
                    Cell::Tanh => (x(0, j) + u(0, j)).tanh(),
                    Cell::Relu => (x(0, j) + u(0, j)).max(0.0),
                    Cell::Lstm => {
                        let [i, f, g, o] = [0, 1, 2, 3].map(|g| x(g, j) + u(g, j));
                        c[j] = sigmoid(f) * c[j] + sigmoid(i) * g.tanh();
                        sigmoid(o) * c[j].tanh()
                    }
                    Cell::Gru => {
                        let [r, z] = [0, 1].map(|g| sigmoid(x(g, j) + u(g, j)));
                        let candidate = (x(2, j) + r * (u(2, j) + weights.bias[2 * n + j] as f64)).tanh();
                        (1.0 - z) * candidate + z * h[j]
                    }
                };
            }
            h = if width == n { new } else { (0..width).map(|row| dot(&weights.projection, row, &new)).collect() };
            for (i, &h) in h.iter().enumerate() {
                output.data[t * directions * width + d * width + i] = h;
            }
        }
        for (j, &c) in c.iter().enumerate() {
            cells.data[d * n + j] = c;
        }
    }
    [output, cells]
}

fn check_case(case: &Case, random: &mut Random) {
    let Case { cell, hidden, width, steps, directions, states } = *case;
    let rows = cell.n_gates() * hidden;
    let scale = 1.0 / (width as f32).sqrt();
    let weights: Vec<Weights> = (0..directions)
        .map(|_| Weights {
            matrix: random.floats(rows * width).iter().map(|w| w * scale).collect(),
            bias: random.floats(rows),
            projection: random.floats(if width == hidden { 0 } else { width * hidden }),
        })
        .collect();
    let gates = Map::random([1, steps, directions * rows], random).map(|v| 2.0 * v);
    let gates = gates.map(|v| v as f32 as f64);
    let before = [width, hidden].map(|len| Map::random([directions, 1, len], random));
    let expected = definition(case, &gates, &weights, [&before[0], &before[1]]);
    let has_cells = states && cell == Cell::Lstm;
    for slack in [0, 3] {
        let mut arena = Arena::default();
        let input = arena.view(gates.size, slack, [0; 4]);
        arena.put(&input, &gates);
        let given: Vec<View> = before
            .iter()
            .map(|map| {
                let view = arena.view(map.size, slack, [0; 4]);
                arena.put(&view, map);
                view
            })
            .collect();
        let mut output = arena.view([1, steps, directions * width], slack, [0; 4]);
        if slack > 0 {
            // Steps side by side, elements further apart.
            let [pixel, channel] = [1, steps + slack];
            output = View { row: 0, pixel, channel, ..arena.view([1, directions * width, steps], slack, [0; 4]) };
            (output.width, output.channels) = (steps, directions * width);
        }
        let last_cell = has_cells.then(|| arena.view([directions, 1, hidden], slack, [0; 4]));
        let projected = width != hidden;
        let kernel = Kernel::Recurrent(Recurrent {
            cell,
            hidden,
            input,
            output,
            first_hidden: states.then_some(given[0]),
            first_cell: has_cells.then_some(given[1]),
            last_cell,
            packs: List::Owned((0..directions).collect()),
            projections: List::Owned(if projected { (directions..2 * directions).collect() } else { Vec::new() }),
        });
        let outputs: Vec<View> = [Some(output), last_cell].into_iter().flatten().collect();
        for isa in isas() {
            let form = Form::Recurrent { cell, hidden, width };
            let mut packs: Vec<Buffer> = weights.iter().map(|of| pack(&form, isa, &of.matrix, &of.bias)).collect();
            if projected {
                let form = Form::Linear { outputs: width, map: [hidden, 1, 1] };
                packs.extend(weights.iter().map(|of| pack(&form, isa, &of.projection, &vec![0.0; width])));
            }
            // Each step adds rounding errors of its sums to those of the state before, which the gates do not make larger.
            let largest = expected[0].data.iter().fold(1.0, |most: f64, v| most.max(v.abs()));
            let tolerance = 1e-7 * (4 + steps) as f64 * (4.0 + (hidden as f64).sqrt()) * largest;
            for (found, expected) in arena.run_all(&kernel, isa, &packs, &outputs).iter().zip(&expected) {
                check(found, expected, tolerance, &(isa, &kernel));
            }
        }
    }
}

#[test]
fn states_are_those_of_the_formulas() {
    let mut random = Random(14);
    for cell in [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru] {
        for (hidden, steps) in [(1, 1), (3, 2), (8, 5), (16, 3), (17, 4), (33, 9), (48, 2), (64, 6)] {
            for directions in [1, 2] {
                let states = (hidden + steps) % 2 == 0;
                check_case(&Case { cell, hidden, width: hidden, steps, directions, states }, &mut random);
            }
        }
    }
}

#[test]
fn states_may_be_projected() {
    let mut random = Random(15);
    for (hidden, width, steps) in [(2, 1, 1), (9, 5, 3), (16, 8, 4), (40, 17, 6)] {
        for (directions, states) in [(1, true), (2, false), (2, true)] {
            check_case(&Case { cell: Cell::Lstm, hidden, width, steps, directions, states }, &mut random);
        }
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    for cell in [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru] {
        let mut arena = Arena::default();
        let gates = Map::from_fn([1, 2, cell.n_gates()], |_, t, _| if t == 0 { f64::NAN } else { 0.0 });
        let input = arena.view(gates.size, 0, [0; 4]);
        arena.put(&input, &gates);
        let output = arena.view([1, 2, 1], 0, [0; 4]);
        let kernel = Kernel::Recurrent(Recurrent {
            cell,
            hidden: 1,
            input,
            output,
            first_hidden: None,
            first_cell: None,
            last_cell: None,
            packs: List::Owned(vec![0]),
            projections: List::Owned(Vec::new()),
        });
        for isa in isas() {
            let form = Form::Recurrent { cell, hidden: 1, width: 1 };
            let ones = vec![1.0; cell.n_gates()];
            let found = arena.run(&kernel, isa, Some(&pack(&form, isa, &ones, &ones)), &output);
            assert!(found.data.iter().all(|v| v.is_nan()), "{isa}, {cell:?}: {:?}", found.data);
        }
    }
}
