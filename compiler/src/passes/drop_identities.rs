//! Drops layers that compute nothing in prediction, such as dropout: their readers read what they read.

use super::rewrite::bare_lowering;
use crate::graph::{Graph, ValueId};
use crate::ops::Lowering;
use crate::plan::Activation;

/// See the module.
pub fn run(graph: &mut Graph) {
    // What is read instead of each value.
    let mut instead: Vec<ValueId> = (0..graph.values.len() as u32).map(ValueId).collect();
    let mut nodes = Vec::new();
    for mut node in std::mem::take(&mut graph.nodes) {
        let others = node.epilogue.iter_mut().flat_map(|stage| stage.others.iter_mut());
        node.inputs.iter_mut().chain(others).for_each(|read| *read = instead[read.0 as usize]);
        match bare_lowering(graph, &node) {
            Some(Lowering::Identity | Lowering::Activation(Activation::Identity)) => {
                instead[node.output.0 as usize] = node.inputs[0];
            }
            _ => nodes.push(node),
        }
    }
    graph.nodes = nodes;
    graph.outputs.iter_mut().for_each(|port| port.value = instead[port.value.0 as usize]);
}
