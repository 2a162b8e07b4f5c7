//! Takes an activation into the step that makes its input: convolution, linear layer, pooling, batch norm, `add` or `mul`.

use super::rewrite::{bare_lowering, fuse, only_for_one, own_lowering, stage_lowerings};
use crate::graph::{Graph, Node};
use crate::ops::Lowering;

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

/// The node that takes in the activation at `at`.
fn producer(graph: &Graph, at: usize) -> Option<usize> {
    let Some(Lowering::Activation(_)) = bare_lowering(graph, &graph.nodes[at]) else { return None };
    let producer = only_for_one(graph, graph.nodes[at].inputs[0])?;
    takes_activation(graph, &graph.nodes[producer]).then_some(producer)
}

/// Whether a node can apply a function to its result: it has neither done so nor pooled it.
fn takes_activation(graph: &Graph, node: &Node) -> bool {
    use Lowering::{BatchNorm, Combine, Conv, Linear, Pool};
    let open = stage_lowerings(graph, node).iter().all(|stage| matches!(stage, BatchNorm { .. } | Combine(_)));
    open && matches!(own_lowering(graph, node), BatchNorm { .. } | Combine(_) | Conv { .. } | Linear { .. } | Pool { .. })
}
