//! Drops layers that compute nothing in prediction, such as dropout: their readers read what they read.

use super::rewrite::bare_lowering;
use crate::graph::{Graph, ValueId};
use crate::ops::Lowering;
use crate::plan::Activation;

/// See the module.
pub fn run(graph: &mut Graph) {
    let mut at = 0;
    while at < graph.nodes.len() {
        let node = &graph.nodes[at];
        match bare_lowering(graph, node) {
            Some(Lowering::Identity | Lowering::Activation(Activation::Identity)) => {
                let (from, to) = (node.output, node.inputs[0]);
                graph.nodes.remove(at);
                redirect(graph, from, to);
            }
            _ => at += 1,
        }
    }
}

/// Whoever reads `from` reads `to`.
fn redirect(graph: &mut Graph, from: ValueId, to: ValueId) {
    let in_nodes = graph.nodes.iter_mut().flat_map(|node| {
        let others = node.epilogue.iter_mut().flat_map(|stage| stage.others.iter_mut());
        node.inputs.iter_mut().chain(others)
    });
    let in_outputs = graph.outputs.iter_mut().map(|port| &mut port.value);
    for read in in_nodes.chain(in_outputs).filter(|read| **read == from) {
        *read = to;
    }
}
