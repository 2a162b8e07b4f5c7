//! Drops layers whose results nobody reads. Their parameters stay in the state dict: the definition has them.

use crate::graph::Graph;

/// See the module.
pub fn run(graph: &mut Graph) {
    let mut live = vec![false; graph.values.len()];
    for port in &graph.outputs {
        live[port.value.0 as usize] = true;
    }
    for node in graph.nodes.iter().rev() {
        if live[node.output.0 as usize] {
            for read in node.reads() {
                live[read.0 as usize] = true;
            }
        }
    }
    graph.nodes.retain(|node| live[node.output.0 as usize]);
}
