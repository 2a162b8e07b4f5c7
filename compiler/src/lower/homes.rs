//! Which values have memory of their own and which live in that of others, and how wide the zeros around them are.

use crate::graph::{Graph, Node, ValueId};
use crate::ops::Lowering;
use crate::passes::rewrite::stage_lowerings;
use crate::plan::Combination;

use super::layout::Lowerings;

/// How a value comes to its memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Home {
    /// Memory of its own.
    Own,
    /// Channels of another value, from this one on.
    Slice { of: ValueId, first: usize },
    /// The same elements.
    Same { of: ValueId },
    /// Written over another value, which nothing reads any more.
    Over { of: ValueId },
    /// Another value and zeros around it: top, left.
    Padded { of: ValueId, top: usize, left: usize },
    /// Every n-th row and column of another value.
    Subsampled { of: ValueId, stride: [usize; 2] },
    /// Some channels (axis 0), rows (1) or columns (2) of another value.
    Taken { of: ValueId, axis: usize, first: usize, step: usize },
    /// Another value with its axes in another order: channel, row and column are these of the other.
    Permuted { of: ValueId, axes: [usize; 3] },
    /// The elements of a map side by side, in its own order.
    Flat { of: ValueId },
    /// The elements of a map side by side as those of another map.
    Reshaped { of: ValueId },
}

impl Home {
    /// The value that this one is a part or a view of.
    pub fn of(&self) -> Option<ValueId> {
        match *self {
            Home::Own => None,
            Home::Slice { of, .. }
            | Home::Same { of }
            | Home::Over { of }
            | Home::Padded { of, .. }
            | Home::Subsampled { of, .. }
            | Home::Taken { of, .. }
            | Home::Permuted { of, .. }
            | Home::Flat { of }
            | Home::Reshaped { of } => Some(of),
        }
    }
}

/// The wider of two borders at each side.
fn wider(a: [usize; 4], b: [usize; 4]) -> [usize; 4] {
    std::array::from_fn(|side| a[side].max(b[side]))
}

/// The zeros around each value that its readers need.
fn borders(graph: &Graph, lowerings: &Lowerings) -> Vec<[usize; 4]> {
    let mut borders = vec![[0; 4]; graph.values.len()];
    for (node, lowering) in graph.nodes.iter().zip(lowerings).rev() {
        let after = borders[node.output.0 as usize];
        let needed = match *lowering {
            Lowering::Conv { pad, .. } => pad,
            Lowering::ConvTranspose { ref phases, .. } => {
                let [_, height, width] = graph.shape(node.inputs[0]).chw();
                let most = |axis: usize, n: usize| {
                    let borders = phases[axis].iter().map(|phase| phase.border(n));
                    borders.fold([0, 0], |[before, after], [b, a]| [before.max(b), after.max(a)])
                };
                let ([top, bottom], [left, right]) = (most(0, height), most(1, width));
                [top, left, bottom, right]
            }
            Lowering::Pad(pad) => std::array::from_fn(|side| pad[side].saturating_add(after[side])),
            Lowering::Identity | Lowering::Slice { axis: 0, step: 1, .. } => after,
            Lowering::Reshape if is_same_map(graph, node) => after,
            _ => continue,
        };
        let input = &mut borders[node.inputs[0].0 as usize];
        *input = wider(*input, needed);
    }
    borders
}

/// How each value comes to its memory, and the border of each buffer by the value that owns it.
pub fn homes(graph: &Graph, lowerings: &Lowerings) -> (Vec<Home>, Vec<[usize; 4]>) {
    let borders = borders(graph, lowerings);
    let mut homes = vec![Home::Own; graph.values.len()];
    for (node, lowering) in graph.nodes.iter().zip(lowerings) {
        let of = node.inputs[0];
        let bordered = borders[node.output.0 as usize] != [0; 4];
        homes[node.output.0 as usize] = match *lowering {
            Lowering::Identity => Home::Same { of },
            Lowering::Reshape if is_same_map(graph, node) => Home::Same { of },
            Lowering::Pad([top, left, ..]) => Home::Padded { of, top, left },
            Lowering::Subsample(stride) if !bordered => Home::Subsampled { of, stride },
            Lowering::Slice { axis: 0, first, step: 1 } => Home::Taken { of, axis: 0, first, step: 1 },
            Lowering::Slice { axis, first, step } if axis != 0 && !bordered => Home::Taken { of, axis, first, step },
            // Rows and columns may lie anywhere, but kernels want channels side by side.
            Lowering::Permute(axes) if axes[0] == 0 && !bordered => Home::Permuted { of, axes },
            Lowering::Permute(axes) if only_moves(graph, lowerings, node.output) => Home::Permuted { of, axes },
            Lowering::Flatten if is_flat(graph, of) && !is_permuted(homes[of.0 as usize]) => Home::Flat { of },
            _ => Home::Own,
        };
    }
    for (node, lowering) in graph.nodes.iter().zip(lowerings) {
        let mut first = match *lowering {
            Lowering::Concat => 0,
            Lowering::PadChannels { before } => before,
            _ => continue,
        };
        for &input in &node.inputs {
            if homes[input.0 as usize] == Home::Own && graph.producer(input).is_some() {
                homes[input.0 as usize] = Home::Slice { of: node.output, first };
            }
            first += graph.shape(input).chw()[0];
        }
    }
    let mut widest = borders.clone();
    for (value, &border) in borders.iter().enumerate() {
        let root = &mut widest[root(&homes, ValueId(value as u32)).0 as usize];
        *root = wider(*root, border);
    }
    for (node, lowering) in graph.nodes.iter().zip(lowerings) {
        let (of, flat) = (node.inputs[0], node.output.0 as usize);
        let free = *lowering == Lowering::Flatten && homes[flat] == Home::Own;
        let dense = homes[of.0 as usize] == Home::Own && widest[of.0 as usize] == [0; 4];
        let unread = homes[flat] == Home::Own && widest[flat] == [0; 4];
        if *lowering == Lowering::Reshape && dense && unread && keeps_order(graph.shape(of).chw(), graph.shape(node.output).chw())
        {
            homes[flat] = Home::Reshaped { of };
        }
        if free && dense && (graph.shape(of).chw()[0] == 1 || only_linear_reads(graph, lowerings, node.output)) {
            homes[flat] = Home::Flat { of };
        }
    }
    write_over(graph, lowerings, &mut homes, &widest);
    (homes, widest)
}

/// Has element-wise layers write over an input that they alone read and no part of which is a value, where neither has a border and the result does not become an
/// output, which is better written to its port at once; and convolutions over a residual that they are the last to read, where both have
/// the same border.
fn write_over(graph: &Graph, lowerings: &Lowerings, homes: &mut [Home], widest: &[[usize; 4]]) {
    let mut in_outputs = vec![false; graph.values.len()];
    for port in &graph.outputs {
        let mut value = Some(port.value);
        while let Some(of) = value {
            in_outputs[of.0 as usize] = true;
            value = homes[of.0 as usize].of();
        }
    }
    let mut has_parts = vec![false; graph.values.len()];
    homes.iter().filter_map(Home::of).for_each(|of| has_parts[of.0 as usize] = true);
    for (index, (node, lowering)) in graph.nodes.iter().zip(lowerings).enumerate() {
        if in_outputs[node.output.0 as usize] || homes[node.output.0 as usize] != Home::Own {
            continue;
        }
        let border = |value: ValueId| widest[value.0 as usize];
        // A value that was written over is as good as one with memory of its own.
        let free = |value: ValueId| {
            let own = matches!(homes[value.0 as usize], Home::Own | Home::Over { .. });
            // Zero channels are written once and have to stay.
            let written = graph.producer(value).is_some_and(|node| !matches!(lowerings[node], Lowering::PadChannels { .. }));
            let whole = graph.shape(value) == graph.shape(node.output) && border(value) == border(node.output);
            whole && own && written && !has_parts[value.0 as usize]
        };
        let inputs: &[ValueId] = match lowering {
            Lowering::Map(_) => &node.inputs,
            Lowering::Activation(_) | Lowering::Prelu { .. } | Lowering::BatchNorm { .. } | Lowering::Scale => &node.inputs[..1],
            Lowering::Combine(_) | Lowering::Broadcast(_) => &node.inputs,
            _ => &[],
        };
        let alone = |value: ValueId| graph.n_uses(value) == 1 && border(value) == [0; 4];
        let input = || inputs.iter().copied().find(|&input| free(input) && alone(input));
        let over = match lowering {
            Lowering::Conv { .. } => {
                let is_last = |value: ValueId| {
                    let before = graph.nodes[..index].iter().flat_map(Node::reads).filter(|&read| read == value).count();
                    before + 1 == graph.n_uses(value)
                };
                residual(graph, node).filter(|&value| free(value) && is_last(value) && !after_depthwise(graph, lowerings, node))
            }
            _ => input(),
        };
        if let Some(of) = over {
            homes[node.output.0 as usize] = Home::Over { of };
        }
    }
}

/// The map that a node adds to each element of its result before it stores it, if that is all it does with it: pooling needs some
/// twice.
fn residual(graph: &Graph, node: &Node) -> Option<ValueId> {
    let stages = stage_lowerings(graph, node);
    if graph.shape(node.output).0.len() != 3 || stages.iter().any(|stage| matches!(stage, Lowering::Pool { .. })) {
        return None;
    }
    let adds = |stage: &Lowering| *stage == Lowering::Combine(Combination::Add);
    node.epilogue.iter().zip(&stages).find(|(_, lowering)| adds(lowering)).and_then(|(stage, _)| stage.others.first().copied())
}

/// Whether a node reads a depthwise convolution: these are computed in strips of rows, other strips of which may still have to read the
/// residual.
fn after_depthwise(graph: &Graph, lowerings: &Lowerings, node: &Node) -> bool {
    let channels = graph.shape(node.inputs[0]).chw()[0];
    let producer = graph.producer(node.inputs[0]).map(|index| &lowerings[index]);
    matches!(producer, Some(&Lowering::Conv { groups, .. }) if groups == channels && groups > 1)
}

/// The value whose buffer a value lives in.
pub fn root(homes: &[Home], mut value: ValueId) -> ValueId {
    while let Some(of) = homes[value.0 as usize].of() {
        value = of;
    }
    value
}

/// Whether the elements of a map lie in the order C, H, W wherever it is: one pixel, or an input at its port.
fn is_flat(graph: &Graph, map: ValueId) -> bool {
    let [_, height, width] = graph.shape(map).chw();
    height * width == 1 || graph.inputs.iter().any(|port| port.value == map)
}

/// Whether a value's channels may lie apart.
fn is_permuted(home: Home) -> bool {
    matches!(home, Home::Permuted { .. })
}

/// Whether a value is only copied elsewhere, element by element, so that how its elements lie does not matter.
fn only_moves(graph: &Graph, lowerings: &Lowerings, value: ValueId) -> bool {
    graph.nodes.iter().zip(lowerings).filter(|(node, _)| node.reads().any(|read| read == value)).all(|(node, lowering)| {
        match lowering {
            Lowering::Concat | Lowering::PadChannels { .. } | Lowering::Flatten | Lowering::Shuffle { .. } => true,
            Lowering::Rows { .. } | Lowering::Recurrent(_) => true,
            Lowering::Reshape => !is_same_map(graph, node),
            _ => false,
        }
    })
}

/// Whether a node's output has the channels, rows and columns of its input.
pub fn is_same_map(graph: &Graph, node: &Node) -> bool {
    graph.shape(node.inputs[0]).chw() == graph.shape(node.output).chw()
}

/// Whether the elements of a map, row by row and pixel by pixel, are those of another in this order.
fn keeps_order(a: [usize; 3], b: [usize; 3]) -> bool {
    let in_both_orders = |[channels, height, width]: [usize; 3]| channels == 1 || height * width == 1;
    a[0] == b[0] || in_both_orders(a) && in_both_orders(b)
}

/// Whether linear layers alone read a value, each as its input.
fn only_linear_reads(graph: &Graph, lowerings: &Lowerings, value: ValueId) -> bool {
    let reads = graph.nodes.iter().zip(lowerings);
    let linear = reads.filter(|(node, lowering)| matches!(lowering, Lowering::Linear { .. }) && node.inputs[0] == value).count();
    linear == graph.n_uses(value)
}
