//! Layers over sequences: a matrix for each step, and recurrent layers.
//!
//! A sequence `[L, F]` is a map of one row. Here it is looked at by rows: steps are pixels, features are channels. What the gates of a
//! recurrent layer are of its input alone is a product of that matrix with another, for all steps at once: a convolution of 1x1.

use super::layout::{Spot, by_rows};
use super::steps::Builder;
use crate::graph::Node;
use crate::ops::recurrent::{Options, parameter};
use crate::plan::{Activation, Algorithm, Cell, Conv, Epilogue, Form, Kernel, List, Recurrent, View};

impl Builder<'_, '_> {
    /// A fully connected layer at each step.
    pub(super) fn rows(&mut self, name: String, node: &Node, activation: Activation) -> Result<(), String> {
        let input = self.sequence(&name, node)?;
        let to = by_rows(self.layout.spot(node.output));
        let form = Form::Rows { outputs: to.view.channels, inputs: input.view.channels };
        let pack = self.weights.pack(form, Some(&node.call), None);
        // Filters are in the lanes of what is written.
        let output = if in_lanes(&to.view) { to } else { self.temporary([1, to.view.width, to.view.channels])? };
        self.matrix(name.clone(), input, output, pack, activation);
        if output != to {
            self.copy(name, output, to);
        }
        Ok(())
    }

    /// The layers of a recurrent network over one another.
    pub(super) fn recurrent(&mut self, name: String, node: &Node, options: &Options) -> Result<(), String> {
        let Options { cell, hidden, layers, bias, directions, projected, .. } = *options;
        let (rows, width) = (cell.n_gates() * hidden, options.width());
        let mut input = self.sequence(&name, node)?;
        let steps = input.view.width;
        // Rows of the states, of each layer and direction.
        let first: Vec<Spot> = node.inputs[1..].iter().map(|&state| states(self.layout.source(state))).collect();
        let outputs = Outputs::of(self.layout.spot(node.output), options, steps);
        for layer in 0..layers {
            let gates = self.temporary([1, steps, directions * rows])?;
            let (mut packs, mut projections) = (Vec::new(), Vec::new());
            for direction in 0..directions {
                let named = |what: &str| parameter(what, layer, direction);
                let biases = ["bias_ih", "bias_hh"].map(named);
                let [first, second] = biases.each_ref().map(|name| bias.then_some(name.as_str()));
                // Of a GRU the last third is inside of the reset gate's product.
                let n_more = if cell == Cell::Gru { 2 * hidden } else { rows };
                let form = Form::Rows { outputs: rows, inputs: input.view.channels };
                let pack = self.weights.pack_named(form, &node.call, &named("weight_ih"), [first, second], n_more);
                let of_direction = Spot { view: channels(gates.view, direction * rows, rows), ..gates };
                self.matrix(name.clone(), input, of_direction, pack, Activation::Identity);
                let form = Form::Recurrent { cell, hidden, width };
                let inside = second.filter(|_| cell == Cell::Gru);
                packs.push(self.weights.pack_named(form, &node.call, &named("weight_hh"), [inside, None], 0));
                if projected > 0 {
                    let form = Form::Linear { outputs: projected, map: [hidden, 1, 1] };
                    projections.push(self.weights.pack_named(form, &node.call, &named("weight_hr"), [None; 2], 0));
                }
            }
            let output = match layer + 1 == layers {
                true => outputs.sequence,
                false => self.temporary([1, steps, directions * width])?,
            };
            let of_layer = |states: Spot| rows_from(states, layer * directions, directions);
            let last_cell = outputs.cells.map(of_layer);
            let [first_hidden, first_cell] = [0, 1].map(|state| first.get(state).copied().map(of_layer));
            let kernel = Kernel::Recurrent(Recurrent {
                cell,
                hidden,
                input: gates.view,
                output: output.view,
                first_hidden: first_hidden.map(|spot| spot.view),
                first_cell: first_cell.map(|spot| spot.view),
                last_cell: last_cell.map(|spot| spot.view),
                packs: List::Owned(packs),
                projections: List::Owned(projections),
            });
            let buffers = [Some(gates), first_hidden, first_cell, last_cell, Some(output)];
            let buffers = buffers.into_iter().flatten().map(|spot| spot.buffer).collect();
            self.push(name.clone(), kernel, buffers);
            for direction in 0..directions {
                // The last state is that of the last step, from the end that of the first one.
                let Some(states) = outputs.states else { break };
                let step = if direction > 0 { 0 } else { steps - 1 };
                let last = channels(pixel(output.view, step), direction * width, width);
                let to = rows_from(states, layer * directions + direction, 1);
                self.copy(format!("{name}, last state"), Spot { view: last, ..output }, to);
            }
            input = output;
        }
        Ok(())
    }

    /// The input of a node by rows, features side by side: where it is, or copied.
    fn sequence(&mut self, name: &str, node: &Node) -> Result<Spot, String> {
        let input = by_rows(self.layout.source(node.inputs[0]));
        if in_lanes(&input.view) {
            return Ok(input);
        }
        let copied = self.temporary([1, input.view.width, input.view.channels])?;
        self.copy(name.to_string(), input, copied);
        Ok(copied)
    }

    /// Every pixel times a matrix.
    fn matrix(&mut self, name: String, input: Spot, output: Spot, pack: usize, activation: Activation) {
        let kernel = Kernel::Conv(Conv {
            algorithm: Algorithm::Direct,
            input: input.view,
            output: output.view,
            window: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            pad: [0, 0],
            groups: 1,
            pack,
            epilogue: Epilogue { residual: None, activation, pool: None },
        });
        self.push(name, kernel, vec![input.buffer, output.buffer]);
    }
}

/// Where the results of a recurrent layer go.
struct Outputs {
    /// By rows.
    sequence: Spot,
    /// A row for each layer and direction.
    states: Option<Spot>,
    /// The same.
    cells: Option<Spot>,
}

impl Outputs {
    /// At the place of a sequence or, with the states, of a vector that holds all of them.
    fn of(output: Spot, options: &Options, steps: usize) -> Outputs {
        if !options.states {
            return Outputs { sequence: by_rows(output), states: None, cells: None };
        }
        let (rows, width) = (options.layers * options.directions, options.width());
        let wide = options.directions * width;
        let part = |offset: usize, [height, width, channels]: [usize; 3]| {
            let strides = [width * channels, channels, 1];
            let view = View::new(output.view.place, output.view.offset + offset, [height, width, channels], strides);
            Spot { buffer: output.buffer, view }
        };
        let states = part(steps * wide, [rows, 1, width]);
        let cells = part(steps * wide + rows * width, [rows, 1, options.hidden]);
        Outputs {
            sequence: part(0, [1, steps, wide]),
            states: Some(states),
            cells: (options.cell == Cell::Lstm).then_some(cells),
        }
    }
}

/// A sequence as rows of one pixel.
fn states(spot: Spot) -> Spot {
    let Spot { buffer, view } = by_rows(spot);
    Spot { buffer, view: View { height: view.width, width: 1, row: view.pixel, ..view } }
}

/// Whether channels lie side by side.
fn in_lanes(view: &View) -> bool {
    view.channel == 1 || view.channels == 1
}

/// Some channels of a view.
fn channels(view: View, first: usize, channels: usize) -> View {
    View { offset: view.offset + first * view.channel, channels, ..view }
}

/// A pixel of a view of one row.
fn pixel(view: View, pixel: usize) -> View {
    View { offset: view.offset + pixel * view.pixel, width: 1, ..view }
}

/// Some rows of a view.
fn rows_from(spot: Spot, first: usize, height: usize) -> Spot {
    Spot { view: View { offset: spot.view.offset + first * spot.view.row, height, ..spot.view }, ..spot }
}
