//! Takes a pooling into the epilogue of the convolution before it: its rows are pooled while they are in the nearest cache,
//! and the map before pooling never reaches memory.
//!
//! Only windows that overlap by at most a row and a column are taken in, so that few rows have to be kept at a time.

use super::rewrite::{bare_lowering, fuse, only_for_one, own_lowering, stage_lowerings};
use crate::graph::{Graph, Node};
use crate::ops::Lowering;
use crate::plan::Windows;

/// See the module.
pub fn run(graph: &mut Graph) {
    let mut at = 0;
    while at < graph.nodes.len() {
        match producer(graph, at) {
            Some(producer) => fuse(graph, producer, at, 0),
            None => at += 1,
        }
    }
}

/// The node that takes in the pooling at `at`.
fn producer(graph: &Graph, at: usize) -> Option<usize> {
    let Some(Lowering::Pool { windows, .. }) = bare_lowering(graph, &graph.nodes[at]) else { return None };
    let producer = only_for_one(graph, graph.nodes[at].inputs[0])?;
    (pays(&windows) && takes_pool(graph, &graph.nodes[producer])).then_some(producer)
}

/// Whether few rows have to be kept: windows of at most 3 that touch or overlap by one.
fn pays(windows: &Windows) -> bool {
    let Windows::Sliding { window, stride, dilation, .. } = *windows else { return false };
    let axis = |axis: usize| window[axis] <= 3 && (window[axis] <= stride[axis] || (window[axis], stride[axis]) == (3, 2));
    axis(0) && axis(1) && dilation == [1, 1]
}

/// Whether a node can pool its result: a convolution of one group that has not done so yet.
fn takes_pool(graph: &Graph, node: &Node) -> bool {
    let open = !stage_lowerings(graph, node).iter().any(|stage| matches!(stage, Lowering::Pool { .. }));
    open && matches!(own_lowering(graph, node), Lowering::Conv { groups: 1, .. })
}
