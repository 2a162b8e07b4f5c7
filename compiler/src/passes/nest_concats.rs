//! Makes a concatenation that begins with all parts of an earlier one begin with that one's result: `concat(a, b, c)` after
//! `concat(a, b)` is `concat(concat(a, b), c)`. Networks that keep a list of features and concatenate all of it at every layer
//! (DenseNet, as torchvision writes it) thereby write each feature once, into one buffer.

use super::rewrite::bare_lowering;
use crate::graph::{Graph, ValueId};
use crate::ops::Lowering;

/// See the module.
pub fn run(graph: &mut Graph) {
    // The parts and the result of each concatenation as it was written.
    let mut earlier: Vec<(Vec<ValueId>, ValueId)> = Vec::new();
    for at in 0..graph.nodes.len() {
        let node = &graph.nodes[at];
        if bare_lowering(graph, node) != Some(Lowering::Concat) {
            continue;
        }
        let (parts, output) = (node.inputs.clone(), node.output);
        let prefixes = earlier.iter().filter(|(prefix, _)| prefix.len() > 1 && parts.starts_with(prefix));
        if let Some((prefix, whole)) = prefixes.max_by_key(|(prefix, _)| prefix.len()) {
            graph.nodes[at].inputs.splice(..prefix.len(), [*whole]);
        }
        earlier.push((parts, output));
    }
}
