//! Takes a batch norm into the convolution or linear layer before it, as the first stage of its epilogue: in prediction it is
//! a factor and a shift per channel, which go into the weights and the bias when they are packed (in f64, see `plan::Pack`).

use super::rewrite::{bare_lowering, fuse, only_for_one};
use crate::graph::Graph;
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

/// The node that takes in the batch norm at `at`.
fn producer(graph: &Graph, at: usize) -> Option<usize> {
    let Some(Lowering::BatchNorm { .. }) = bare_lowering(graph, &graph.nodes[at]) else { return None };
    let producer = only_for_one(graph, graph.nodes[at].inputs[0])?;
    matches!(bare_lowering(graph, &graph.nodes[producer])?, Lowering::Conv { .. } | Lowering::Linear { .. }).then_some(producer)
}
