//! Takes an `add` into the epilogue of the convolution or linear layer that made one of its sides, before any activation.
//!
//! Where both sides could, the later one takes it: the other is computed by then, and nothing has to wait.

use super::rewrite::{bare_lowering, fuse, only_for_one, own_lowering, stage_lowerings};
use crate::graph::{Graph, Node};
use crate::ops::Lowering;
use crate::plan::Combination;

/// See the module.
pub fn run(graph: &mut Graph) {
    let mut at = 0;
    while at < graph.nodes.len() {
        match producer(graph, at) {
            Some((producer, position)) => fuse(graph, producer, at, position),
            None => at += 1,
        }
    }
}

/// The node that takes in the `add` at `at`, and which of its inputs that node makes.
fn producer(graph: &Graph, at: usize) -> Option<(usize, usize)> {
    let node = &graph.nodes[at];
    let Some(Lowering::Combine(Combination::Add)) = bare_lowering(graph, node) else { return None };
    let candidates = node.inputs.iter().enumerate().filter_map(|(position, &side)| {
        let producer = only_for_one(graph, side)?;
        takes_residual(graph, &graph.nodes[producer]).then_some((producer, position))
    });
    candidates.max()
}

/// Whether a node can add a value to its result: a convolution or linear layer with at most a batch norm behind it.
fn takes_residual(graph: &Graph, node: &Node) -> bool {
    let plain = stage_lowerings(graph, node).iter().all(|stage| matches!(stage, Lowering::BatchNorm { .. }));
    plain && matches!(own_lowering(graph, node), Lowering::Conv { .. } | Lowering::Linear { .. })
}
