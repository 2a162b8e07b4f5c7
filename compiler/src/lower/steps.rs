//! From nodes to steps: one per fused node, and copies where a value has to move. Offsets still count from buffers.

use super::layout::{Buffer, Layout, Lowerings, Spot};
use super::rearrange::{aligned, reshaping, shuffling};
use super::weights::Weights;
use crate::graph::{Call, Graph, Node, Stage, ValueId};
use crate::ops::{Lowering, Phase};
use crate::passes::rewrite::{call_shapes, stage_lowerings, stage_shapes};
use crate::plan::{
    Activate, Activation, Affine, Algorithm, Combination, Combine, Conv, Copy, Epilogue, Form, FusedPool, Kernel, Linear, List,
    LocalNorm, Map, MeanChannels, Norm, Pool, Prelu, Resize, Scale, Softmax, Step, Text, View, cost,
};
use crate::registry;
use crate::shape::Shape;

/// A step whose views count from the start of their buffers.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The step.
    pub step: Step,
    /// The buffer of each of its views, in the order of [`Kernel::views`].
    pub buffers: Vec<usize>,
    /// The nodes that it computes; none for copies of inputs and to outputs.
    pub nodes: Vec<usize>,
}

/// All steps in order, but for the clearing of borders, and the buffers that some take beside those of the layout, to be numbered
/// after them. The error is a stage of an epilogue that no kernel can compute.
pub fn drafts(
    graph: &Graph,
    lowerings: &Lowerings,
    layout: &Layout,
    weights: &mut Weights,
) -> Result<(Vec<Draft>, Vec<Buffer>), String> {
    let mut builder = Builder { graph, layout, weights, drafts: Vec::new(), buffers: Vec::new(), node: None };
    let mut waiting: Vec<(ValueId, &str)> = layout.copied_inputs().collect();
    for port in &graph.inputs {
        builder.copy_to_outputs(port.value, &port.name);
    }
    for (at, (node, lowering)) in graph.nodes.iter().zip(lowerings).enumerate() {
        // An input moves in just before its first reader.
        for (value, name) in waiting.extract_if(.., |(value, _)| node.reads().any(|read| read == *value)) {
            builder.copy(name.to_string(), layout.source(value), layout.spot(value));
        }
        builder.node = Some(at);
        builder.node(node, lowering)?;
        builder.node = None;
        builder.copy_to_outputs(node.output, &name(graph, node));
    }
    Ok((builder.drafts, builder.buffers))
}

pub(super) struct Builder<'a, 'b> {
    pub(super) graph: &'a Graph,
    pub(super) layout: &'a Layout<'a>,
    pub(super) weights: &'b mut Weights,
    drafts: Vec<Draft>,
    buffers: Vec<Buffer>,
    node: Option<usize>,
}

impl Builder<'_, '_> {
    /// Memory for the time between steps of one node.
    pub(super) fn temporary(&mut self, [height, width, channels]: [usize; 3]) -> Result<Spot, String> {
        let buffer = Buffer::in_arena([height, width, channels], [0; 4])
            .ok_or_else(|| format!("a value [{channels}, {height}, {width}] is larger than memory can be"))?;
        let spot = Spot { buffer: self.layout.buffers.len() + self.buffers.len(), view: buffer.view() };
        self.buffers.push(buffer);
        Ok(spot)
    }

    pub(super) fn push(&mut self, name: String, kernel: Kernel, buffers: Vec<usize>) {
        let step = Step { name: Text::Owned(name), kernel };
        self.drafts.push(Draft { step, buffers, nodes: self.node.into_iter().collect() });
    }

    pub(super) fn copy(&mut self, name: String, from: Spot, to: Spot) {
        let kernel = Kernel::Copy(Copy { input: from.view, output: to.view });
        self.push(name, kernel, vec![from.buffer, to.buffer]);
    }

    /// Copies a value to each output that it was not written to at once.
    fn copy_to_outputs(&mut self, value: ValueId, name: &str) {
        for (index, port) in self.graph.outputs.iter().enumerate() {
            if port.value == value && !self.layout.is_output(value, index) {
                self.copy(format!("{name} to {}", port.name), self.layout.source(value), self.layout.output(index));
            }
        }
    }

    /// The steps of one node.
    fn node(&mut self, node: &Node, lowering: &Lowering) -> Result<(), String> {
        if self.layout.is_view(node) {
            return Ok(());
        }
        let (graph, layout) = (self.graph, self.layout);
        let name = name(graph, node);
        let tail = Tail::of(graph, node).ok_or_else(|| format!("no kernel computes `{name}` in one step"))?;
        let output = layout.spot(node.output);
        let input = |position: usize| layout.spot(node.inputs[position]);
        let kernel = match *lowering {
            Lowering::Flatten => {
                let to = layout.unflattened(node.output, graph.shape(node.inputs[0]).chw());
                self.copy(name, layout.source(node.inputs[0]), to);
                return Ok(());
            }
            Lowering::Concat => {
                let mut first = 0;
                for &part in &node.inputs {
                    let channels = graph.shape(part).chw()[0];
                    self.place(&name, part, layout.slice(node.output, first, channels));
                    first += channels;
                }
                return Ok(());
            }
            Lowering::PadChannels { before } => {
                let channels = graph.shape(node.inputs[0]).chw()[0];
                self.place(&name, node.inputs[0], layout.slice(node.output, before, channels));
                return Ok(());
            }
            Lowering::Slice { axis, first, step } => {
                let size = graph.shape(node.output).chw()[axis];
                let Spot { buffer, view } = layout.source(node.inputs[0]);
                self.copy(name, Spot { buffer, view: view.taken(axis, first, step, size) }, output);
                return Ok(());
            }
            Lowering::Reshape => {
                let from = layout.source(node.inputs[0]);
                let maps = [node.inputs[0], node.output].map(|value| graph.shape(value).chw());
                let copies = reshaping([from.view, output.view], maps).ok_or_else(|| format!("no copies compute `{name}`"))?;
                for [a, b] in copies {
                    self.copy(name.clone(), Spot { view: a, ..from }, Spot { view: b, ..output });
                }
                return Ok(());
            }
            Lowering::Rows { .. } => return self.rows(name, node, tail.activation),
            Lowering::Recurrent(ref options) => return self.recurrent(name, node, options),
            Lowering::Permute(axes) => {
                let Spot { buffer, view } = layout.source(node.inputs[0]);
                self.copy(name, Spot { buffer, view: view.permuted(axes) }, output);
                return Ok(());
            }
            Lowering::Shuffle { groups } => {
                let from = layout.source(node.inputs[0]);
                for [a, b] in shuffling([from.view, output.view], groups) {
                    self.copy(name.clone(), Spot { view: a, ..from }, Spot { view: b, ..output });
                }
                return Ok(());
            }
            Lowering::MeanChannels => Kernel::MeanChannels(MeanChannels { input: input(0).view, output: output.view }),
            Lowering::Broadcast(combination) => {
                let result = graph.shape(node.output);
                let side = |position: usize| aligned(input(position).view, graph.shape(node.inputs[position]), result);
                let (a, b, activation) = (side(0), side(1), tail.activation);
                Kernel::Combine(Combine { combination, a, b, output: output.view, activation })
            }
            Lowering::Identity | Lowering::Pad(_) => unreachable!("`{name}` is a view"),
            Lowering::Parts(_) => return Err(format!("`{name}` was not split into the layers that it is made of")),
            Lowering::Norm { groups, eps, region, scale_of } => {
                let (input, output, eps, activation) = (input(0).view, output.view, eps as f32, tail.activation);
                let mut norm = Norm { input, output, groups, eps, region, scale_of, pack: 0, activation };
                norm.pack = self.weights.pack(norm.form(), Some(&node.call), None);
                Kernel::Norm(norm)
            }
            Lowering::LocalNorm { size, alpha, beta, k } => {
                Kernel::LocalNorm(LocalNorm { input: input(0).view, output: output.view, size, alpha, beta, k })
            }
            Lowering::Resize(sampling) => Kernel::Resize(Resize { input: input(0).view, output: output.view, sampling }),
            Lowering::ConvTranspose { window, stride, groups, ref phases } => {
                let buffers: Vec<usize> = node.reads().map(|read| layout.spot(read).buffer).chain([output.buffer]).collect();
                for &down in &phases[0] {
                    for &across in &phases[1] {
                        let part = TransposePart { window, stride, groups, phases: [down, across] };
                        let kernel = self.transpose_part(node, &part, &tail, input(0).view, output.view);
                        self.push(name.clone(), kernel, buffers.clone());
                    }
                }
                return Ok(());
            }
            Lowering::Scale => {
                Kernel::Scale(Scale { input: input(0).view, by: input(1).view, output: output.view, activation: tail.activation })
            }
            Lowering::Subsample([down, across]) => {
                let Spot { buffer, view } = input(0);
                let [channels, height, width] = graph.shape(node.output).chw();
                let view = View { row: view.row * down, pixel: view.pixel * across, height, width, channels, ..view };
                self.copy(name, Spot { buffer, view }, output);
                return Ok(());
            }
            Lowering::Activation(activation) => {
                Kernel::Activate(Activate { input: input(0).view, output: output.view, activation })
            }
            Lowering::BatchNorm { .. } => {
                let form = Form::Affine { channels: output.view.channels };
                let pack = self.weights.pack(form, None, Some(&node.call));
                Kernel::Affine(Affine { input: input(0).view, output: output.view, pack, activation: tail.activation })
            }
            Lowering::Map(ref program) => {
                let inputs = node.inputs.iter().map(|&input| layout.spot(input).view).collect();
                Kernel::Map(Map { inputs: List::Owned(inputs), output: output.view, operations: program.operations.clone() })
            }
            Lowering::Combine(combination) => Kernel::Combine(Combine {
                combination,
                a: input(0).view,
                b: input(1).view,
                output: output.view,
                activation: tail.activation,
            }),
            Lowering::Softmax { axis, log } => {
                let [input, output] = [input(0).view, output.view].map(|view| view.exchanged(axis));
                Kernel::Softmax(Softmax { input, output, log })
            }
            Lowering::Prelu { per_channel } => {
                let channels = output.view.channels;
                let form = Form::Slopes { weights: if per_channel { channels } else { 1 }, channels };
                let pack = self.weights.pack(form, Some(&node.call), None);
                Kernel::Prelu(Prelu { input: input(0).view, output: output.view, pack })
            }
            Lowering::Pool { reduce, windows } => {
                Kernel::Pool(Pool { input: input(0).view, output: output.view, reduce, windows, activation: tail.activation })
            }
            Lowering::Conv { window, stride, dilation, pad: [top, left, ..], groups, .. } => {
                let [filters, ..] = stage_shapes(graph, node)[0].chw();
                let channels = input(0).view.channels;
                let (input, output, pad) = (input(0).view, output.view, [top, left]);
                let (algorithm, epilogue) = (Algorithm::choose(channels, filters, groups), tail.epilogue(layout));
                let mut conv = Conv { algorithm, input, output, window, stride, dilation, pad, groups, pack: 0, epilogue };
                conv.algorithm = cost::choose(&conv, self.weights.n_parameters());
                let form = Form::Conv { algorithm: conv.algorithm, filters, channels: channels / groups, window, groups };
                conv.pack = self.weights.pack(form, Some(&node.call), tail.batch_norm);
                Kernel::Conv(conv)
            }
            Lowering::Linear { .. } => {
                let map = layout.permuted(node.inputs[0]).unwrap_or([input(0).view.channels, 1, 1]);
                let form = Form::Linear { outputs: output.view.channels, map };
                let pack = self.weights.pack(form, Some(&node.call), tail.batch_norm);
                Kernel::Linear(Linear { input: input(0).view, output: output.view, pack, epilogue: tail.epilogue(layout) })
            }
        };
        let buffers = node.reads().map(|read| layout.spot(read).buffer).chain([output.buffer]).collect();
        self.push(name, kernel, buffers);
        Ok(())
    }

    /// The convolution that makes the pixels of one remainder by the stride.
    fn transpose_part(&mut self, node: &Node, part: &TransposePart, tail: &Tail, input: View, output: View) -> Kernel {
        let TransposePart { window: kernel, stride, groups, phases } = *part;
        let of = |f: fn(Phase) -> usize| phases.map(f);
        let (remainder, positions) = (of(|phase| phase.remainder), of(|phase| phase.positions));
        let (window, dilation) = (of(|phase| phase.taps), of(|phase| phase.dilation));
        // Every stride-th pixel, from the remainder on.
        let strided = |view: View| View {
            offset: view.offset + remainder[0] * view.row + remainder[1] * view.pixel,
            height: positions[0],
            width: positions[1],
            row: view.row * stride[0],
            pixel: view.pixel * stride[1],
            ..view
        };
        let (filters, channels) = (output.channels, input.channels / groups);
        let algorithm = Algorithm::choose(input.channels, filters, groups);
        let [first, step] = [of(|phase| phase.first), of(|phase| phase.step)];
        let form = Form::ConvPart { algorithm, filters, channels, window, groups, kernel, first, step };
        let pack = self.weights.pack(form, Some(&node.call), tail.batch_norm);
        // A window that starts inside of the map reads a part of it.
        let pad = phases.map(|phase| usize::try_from(-phase.start).unwrap_or(0));
        let skip = phases.map(|phase| usize::try_from(phase.start).unwrap_or(0));
        let input = View {
            offset: input.offset + skip[0] * input.row + skip[1] * input.pixel,
            height: input.height.saturating_sub(skip[0]).max(1),
            width: input.width.saturating_sub(skip[1]).max(1),
            ..input
        };
        let residual = tail.residual.map(|value| strided(self.layout.spot(value).view));
        let epilogue = Epilogue { residual, activation: tail.activation, pool: None };
        let output = strided(output);
        Kernel::Conv(Conv { algorithm, input, output, window, stride: [1, 1], dilation, pad, groups, pack, epilogue })
    }

    /// Copies a value to its channels of a whole, unless it was written there.
    fn place(&mut self, name: &str, part: ValueId, to: Spot) {
        if !self.layout.is_at(part, to) {
            self.copy(name.to_string(), self.layout.source(part), to);
        }
    }
}

/// A part of a transposed convolution.
struct TransposePart {
    window: [usize; 2],
    stride: [usize; 2],
    groups: usize,
    /// Down and across.
    phases: [Phase; 2],
}

/// What becomes of a node's result before it is stored.
struct Tail<'a> {
    batch_norm: Option<&'a Call>,
    residual: Option<ValueId>,
    activation: Activation,
    pool: Option<FusedPool>,
}

impl<'a> Tail<'a> {
    /// From the stages of a node, which must come in the order of [`Epilogue`].
    fn of(graph: &Graph, node: &'a Node) -> Option<Tail<'a>> {
        let mut tail = Tail { batch_norm: None, residual: None, activation: Activation::Identity, pool: None };
        let results = stage_shapes(graph, node);
        let stages = node.epilogue.iter().zip(stage_lowerings(graph, node)).zip(&results);
        let mut rank = 0;
        for ((Stage { call, others }, lowering), before) in stages {
            let next = match lowering {
                Lowering::BatchNorm { .. } => {
                    tail.batch_norm = Some(call);
                    1
                }
                Lowering::Combine(Combination::Add) => {
                    tail.residual = others.first().copied();
                    2
                }
                Lowering::Activation(activation) => {
                    tail.activation = activation;
                    3
                }
                Lowering::Pool { reduce, windows } => {
                    let [_, height, width] = before.chw();
                    tail.pool = Some(FusedPool { reduce, windows, size: [height, width] });
                    4
                }
                _ => return None,
            };
            if next <= rank {
                return None;
            }
            rank = next;
        }
        Some(tail)
    }

    fn epilogue(&self, layout: &Layout) -> Epilogue {
        let residual = self.residual.map(|value| layout.spot(value).view);
        Epilogue { residual, activation: self.activation, pool: self.pool }
    }
}

/// What a node fuses, in words: `layer1.0.conv1 + bn1 + relu`. The first goes by its path, others by their names if they have
/// parameters and a name that somebody wrote, and all else by the layer's word.
pub fn name(graph: &Graph, node: &Node) -> String {
    let parent = node.call.path.rsplit_once('.').map_or(String::new(), |(parent, _)| format!("{parent}."));
    let mut words = Vec::new();
    for (call, inputs, _) in call_shapes(graph, node) {
        let first = words.is_empty();
        let path = if first { &call.path } else { call.path.strip_prefix(&parent).unwrap_or(&call.path) };
        let named = if first {
            has_parameters(call, &inputs) || ends_in_a_name(path)
        } else {
            has_parameters(call, &inputs) && ends_in_a_name(path)
        };
        words.push(if named && !path.is_empty() { path } else { call.layer });
    }
    words.join(" + ")
}

/// Whether a path ends in a name that somebody wrote, not in an index.
fn ends_in_a_name(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a layer has entries in the state dict, which its path is then the prefix of.
fn has_parameters(call: &Call, inputs: &[Shape]) -> bool {
    registry::layer(call.layer).is_some_and(|layer| !layer.parameters(&call.args, &inputs.iter().collect::<Vec<_>>()).is_empty())
}
