//! Where values live: which have memory of their own, which are slices of a concatenation, which are only another view.
//!
//! Inside, maps are NHWC in buffers with the border that their readers need, and
//! - what is concatenated is written into its channels of the whole (recursively, so that a DenseNet block is one buffer);
//! - zero padding is its input with a wider border, subsampling its input at larger strides: neither moves an element;
//! - a flattened map is the map itself, if its only readers are linear layers, whose weights are permuted instead;
//! - a sequence `[L, F]` that layers read step by step lies by rows (see `rows`);
//! - an element-wise layer writes over its input, if nothing else reads that, and a convolution over its residual, if nothing reads that
//!   afterwards;
//! - a port is read or written in place where its layout (NCHW) is that of its reader or writer: vectors, maps of one channel.

use super::homes::{Home, homes, root};
use super::rows;
use crate::graph::{Graph, Node, ValueId};
use crate::ops::Lowering;
use crate::plan::{Place, View};

/// Most elements of an arena: 256 GiB of f32, far from where counting overflows.
pub const MAX_LEN: usize = 1 << 36;

/// A stretch of memory: a map with its border, in which one value or several slices live.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// In the arena (at an offset decided later) or at a port.
    pub place: Place,
    /// Height, width and channels of the map.
    pub size: [usize; 3],
    /// Zeros around it: top, left, bottom, right.
    pub border: [usize; 4],
    /// Channels before and after a slice that are always zero: `(view of the slice, zeros before, zeros after)`.
    pub zero_channels: Vec<(View, usize, usize)>,
}

impl Buffer {
    /// In the arena, of a map's height, width and channels; `None` if it is larger than memory can be.
    pub fn in_arena(size: [usize; 3], border: [usize; 4]) -> Option<Buffer> {
        let buffer = Buffer { place: Place::Arena, size, border, zero_channels: Vec::new() };
        buffer.checked_len().filter(|&len| len <= MAX_LEN)?;
        Some(buffer)
    }

    /// Elements, border included.
    pub fn len(&self) -> usize {
        self.checked_len().unwrap_or(usize::MAX)
    }

    fn checked_len(&self) -> Option<usize> {
        let ([height, width, channels], [top, left, bottom, right]) = (self.size, self.border);
        let rows = top.checked_add(height)?.checked_add(bottom)?;
        let columns = left.checked_add(width)?.checked_add(right)?;
        rows.checked_mul(columns)?.checked_mul(channels)
    }

    /// The map, all channels of it, counted from the buffer's first element.
    pub fn view(&self) -> View {
        let ([height, width, channels], [top, left, _, right]) = (self.size, self.border);
        let row = (left + width + right) * channels;
        let offset = top * row + left * channels;
        View { place: self.place, offset, height, width, channels, row, pixel: channels, channel: 1 }
    }
}

/// A view of a buffer; its offset counts from the buffer's start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// Index into [`Layout::buffers`].
    pub buffer: usize,
    /// What of it.
    pub view: View,
}

/// The layout of a graph's values.
pub struct Layout<'a> {
    graph: &'a Graph,
    homes: Vec<Home>,
    /// Of each value whether it is a sequence that lies in memory by rows: features side by side, as at a port.
    by_rows: Vec<bool>,
    /// The buffer of each value with memory of its own.
    own: Vec<Option<usize>>,
    /// The buffers of the inputs' ports, first in `buffers`; of the outputs' after them.
    pub buffers: Vec<Buffer>,
}

/// What computes each node's own call, by node.
pub type Lowerings = Vec<Lowering>;

impl<'a> Layout<'a> {
    /// Decides on the homes of all values.
    ///
    /// The error says that a value with its border is larger than memory can be.
    pub fn of(graph: &'a Graph, lowerings: &Lowerings) -> Result<Layout<'a>, String> {
        let (homes, borders) = homes(graph, lowerings);
        let by_rows = rows::by_rows(graph, lowerings, &homes, &borders);
        let mut layout = Layout { graph, homes, by_rows, own: vec![None; graph.values.len()], buffers: Vec::new() };
        layout.add_ports();
        layout.add_buffers(lowerings, &borders)?;
        Ok(layout)
    }

    /// The view of a value that kernels read and write.
    pub fn spot(&self, value: ValueId) -> Spot {
        // To the value with memory of its own and back: chains may be as long as the network.
        let mut chain = vec![value];
        let mut spot = loop {
            let last = chain[chain.len() - 1];
            match self.homes[last.0 as usize].of() {
                None => break self.own_spot(last),
                // A flattened input is its port as it is, wherever the input is copied to.
                Some(of) if matches!(self.homes[last.0 as usize], Home::Flat { .. }) && self.input(of).is_some() => {
                    break self.source(of);
                }
                Some(of) => chain.push(of),
            }
        };
        for &value in chain.iter().rev() {
            let [channels, height, width] = self.graph.shape(value).chw();
            let view = spot.view;
            let moved = match self.homes[value.0 as usize] {
                Home::Own | Home::Same { .. } | Home::Over { .. } => view,
                Home::Slice { first, .. } => View { offset: view.offset + first, ..view },
                Home::Padded { top, left, .. } => View { offset: view.offset - top * view.row - left * view.pixel, ..view },
                Home::Subsampled { stride, .. } => View { row: view.row * stride[0], pixel: view.pixel * stride[1], ..view },
                Home::Taken { axis, first, step, .. } => view.taken(axis, first, step, [channels, height, width][axis]),
                Home::Permuted { axes, .. } => view.permuted(axes),
                Home::Flat { .. } => vector(view.place, view.offset, channels),
                Home::Reshaped { .. } => View { row: width * channels, pixel: channels, channel: 1, ..view },
            };
            spot.view = View { height, width, channels, ..moved };
        }
        spot
    }

    /// The view of a value with memory of its own.
    fn own_spot(&self, value: ValueId) -> Spot {
        match self.own[value.0 as usize] {
            Some(buffer) => match self.buffers[buffer].place {
                Place::Arena if self.by_rows[value.0 as usize] => by_rows(Spot { buffer, view: self.buffers[buffer].view() }),
                Place::Arena => Spot { buffer, view: self.buffers[buffer].view() },
                port => Spot { buffer, view: self.port(port, value) },
            },
            None => unreachable!("{value:?} has a home of its own but no buffer"),
        }
    }

    /// The view of a value to copy from: for an input its port as it is.
    pub fn source(&self, value: ValueId) -> Spot {
        match (self.homes[value.0 as usize], self.input(value)) {
            (Home::Own, Some(port)) => Spot { buffer: port, view: self.port(Place::Input(port), value) },
            _ => self.spot(value),
        }
    }

    /// The port of an output, to copy a value to.
    pub fn output(&self, index: usize) -> Spot {
        let view = self.port(Place::Output(index), self.graph.outputs[index].value);
        Spot { buffer: self.graph.inputs.len() + index, view }
    }

    /// Whether a value was written where `spot` is, so that nothing has to be copied.
    pub fn is_at(&self, value: ValueId, spot: Spot) -> bool {
        matches!(self.homes[value.0 as usize], Home::Slice { .. }) && self.spot(value) == spot
    }

    /// Whether a value is written to the port of that output at once.
    pub fn is_output(&self, value: ValueId, index: usize) -> bool {
        self.own[self.root(value).0 as usize] == Some(self.graph.inputs.len() + index)
    }

    /// Whether nothing is left to do for a node: its output is a view of what it reads.
    pub fn is_view(&self, node: &Node) -> bool {
        !matches!(self.homes[node.output.0 as usize], Home::Own | Home::Over { .. } | Home::Slice { .. })
    }

    /// Where the input of a concatenation (or of `pad_channels`) belongs that starts at channel `first` of the output.
    pub fn slice(&self, output: ValueId, first: usize, channels: usize) -> Spot {
        let Spot { buffer, view } = self.spot(output);
        Spot { buffer, view: View { offset: view.offset + first, channels, ..view } }
    }

    /// A map's elements in the order C, H, W at the place of the vector `flat`.
    pub fn unflattened(&self, flat: ValueId, [channels, height, width]: [usize; 3]) -> Spot {
        let Spot { buffer, view } = self.spot(flat);
        Spot { buffer, view: View { height, width, channels, row: width, pixel: 1, channel: height * width, ..view } }
    }

    /// The map whose elements a flattened value holds in the order H, W, C.
    pub fn permuted(&self, flat: ValueId) -> Option<[usize; 3]> {
        match self.homes[flat.0 as usize] {
            Home::Flat { of } if self.input(of).is_none() => Some(self.graph.shape(of).chw()),
            Home::Same { of } => self.permuted(of),
            _ => None,
        }
    }

    /// The index of the input that a value is.
    fn input(&self, value: ValueId) -> Option<usize> {
        self.graph.inputs.iter().position(|port| port.value == value)
    }

    /// The inputs that are copied into the arena before anything reads them there, with their names.
    pub fn copied_inputs(&self) -> impl Iterator<Item = (ValueId, &'a str)> + '_ {
        let in_arena =
            |value: ValueId| self.own[value.0 as usize].is_some_and(|buffer| self.buffers[buffer].place == Place::Arena);
        let inputs = self.graph.inputs.iter().filter(move |port| in_arena(port.value));
        inputs.map(|port| (port.value, port.name.as_str()))
    }

    /// A port as it is, dense in the order C, H, W; a map of one pixel or one channel is NHWC at the same time.
    fn port(&self, place: Place, value: ValueId) -> View {
        let [channels, height, width] = self.graph.shape(value).chw();
        match height * width {
            1 => vector(place, 0, channels),
            pixels => {
                let channel = if channels == 1 { 1 } else { pixels };
                View { place, offset: 0, height, width, channels, row: width, pixel: 1, channel }
            }
        }
    }

    fn add_ports(&mut self) {
        let inputs = self.graph.inputs.iter().enumerate().map(|(index, port)| (Place::Input(index), port.value));
        let outputs = self.graph.outputs.iter().enumerate().map(|(index, port)| (Place::Output(index), port.value));
        for (place, value) in inputs.chain(outputs) {
            let [channels, height, width] = self.graph.shape(value).chw();
            self.buffers.push(Buffer { place, size: [height, width, channels], border: [0; 4], zero_channels: Vec::new() });
        }
    }

    fn add_buffers(&mut self, lowerings: &Lowerings, borders: &[[usize; 4]]) -> Result<(), String> {
        let graph = self.graph;
        for (index, port) in graph.inputs.iter().enumerate() {
            let [channels, height, width] = graph.shape(port.value).chw();
            let port_layout = channels == 1 || height * width == 1 || self.by_rows[port.value.0 as usize];
            let in_place = port_layout && borders[port.value.0 as usize] == [0; 4];
            let buffer = if in_place { index } else { self.buffers.len() };
            if !in_place && !self.reads_as_map(lowerings, port.value) {
                continue;
            }
            if !in_place {
                self.push(port.value, borders[port.value.0 as usize])?;
            }
            self.own[port.value.0 as usize] = Some(buffer);
        }
        for index in 0..graph.outputs.len() {
            if let Some(value) = self.direct(index, lowerings) {
                self.own[value.0 as usize] = Some(graph.inputs.len() + index);
            }
        }
        for node in &graph.nodes {
            let value = node.output.0 as usize;
            if self.homes[value] == Home::Own && self.own[value].is_none() {
                self.own[value] = Some(self.push(node.output, borders[value])?);
            }
        }
        for (node, lowering) in graph.nodes.iter().zip(lowerings) {
            if let Lowering::PadChannels { before } = *lowering {
                let channels = graph.shape(node.inputs[0]).chw()[0];
                let after = graph.shape(node.output).chw()[0] - channels - before;
                let Spot { buffer, view } = self.slice(node.output, before, channels);
                self.buffers[buffer].zero_channels.push((view, before, after));
            }
        }
        Ok(())
    }

    /// Whether anything reads an input as a map inside, not only to copy or to flatten it.
    fn reads_as_map(&self, lowerings: &Lowerings, value: ValueId) -> bool {
        self.graph.nodes.iter().zip(lowerings).any(|(node, lowering)| {
            let copies = match lowering {
                Lowering::Concat | Lowering::PadChannels { .. } | Lowering::Flatten | Lowering::Shuffle { .. } => true,
                Lowering::Rows { .. } | Lowering::Recurrent(_) => true,
                Lowering::Slice { .. } | Lowering::Reshape | Lowering::Permute(_) => !self.is_view(node),
                _ => false,
            };
            node.reads().any(|read| read == value) && !copies
        })
    }

    /// A buffer in the arena for a value.
    fn push(&mut self, value: ValueId, border: [usize; 4]) -> Result<usize, String> {
        let [channels, height, width] = self.graph.shape(value).chw();
        let size = if self.by_rows[value.0 as usize] { [height, channels, width] } else { [height, width, channels] };
        let buffer = Buffer::in_arena(size, border)
            .ok_or_else(|| format!("a map {} with the zeros around it is larger than memory can be", self.graph.shape(value)))?;
        self.buffers.push(buffer);
        Ok(self.buffers.len() - 1)
    }

    fn root(&self, value: ValueId) -> ValueId {
        root(&self.homes, value)
    }

    /// The value that can be written to the port of an output at once: nothing else reads it, and its layout is the port's.
    fn direct(&self, index: usize, lowerings: &Lowerings) -> Option<ValueId> {
        let (graph, last) = (self.graph, self.graph.outputs[index].value);
        // The output may be that value under another shape.
        let value = match self.homes[last.0 as usize] {
            Home::Flat { of } | Home::Same { of } | Home::Reshaped { of } => of,
            _ => last,
        };
        let own = self.homes[value.0 as usize] == Home::Own && graph.producer(value).is_some();
        let [channels, height, width] = graph.shape(value).chw();
        let same_layout = channels == 1 || height * width == 1 || self.by_rows[value.0 as usize];
        let read_once = || graph.n_uses(value) == 1 && graph.n_uses(last) == 1;
        (own && same_layout && read_once() && self.only_written(value, last, lowerings)).then_some(value)
    }

    /// Whether nothing reads what lives in a value's buffer beside that value, and none of it has to be zero.
    fn only_written(&self, value: ValueId, last: ValueId, lowerings: &Lowerings) -> bool {
        let inside = |node: &&Node| self.root(node.output) == value && node.output != value && node.output != last;
        let unread = self.graph.nodes.iter().filter(inside).all(|node| {
            let in_place = matches!(self.homes[node.output.0 as usize], Home::Slice { .. });
            in_place && self.graph.n_uses(node.output) == 1
        });
        let padded = self
            .graph
            .nodes
            .iter()
            .zip(lowerings)
            .any(|(node, lowering)| matches!(lowering, Lowering::PadChannels { .. }) && self.root(node.output) == value);
        unread && !padded
    }
}

/// A map of one row with its pixels and channels exchanged.
pub fn by_rows(Spot { buffer, view }: Spot) -> Spot {
    Spot { buffer, view: view.exchanged(2) }
}

/// A vector of `len` elements.
fn vector(place: Place, offset: usize, len: usize) -> View {
    View { place, offset, height: 1, width: 1, channels: len, row: len, pixel: len, channel: 1 }
}
