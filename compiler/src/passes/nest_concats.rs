//! Makes a concatenation that begins with all parts of an earlier one begin with that one's result: `concat(a, b, c)` after
//! `concat(a, b)` is `concat(concat(a, b), c)`. Networks that keep a list of features and concatenate all of it at every layer
//! (DenseNet, as torchvision writes it) thereby write each feature once, into one buffer.

use super::rewrite::bare_lowering;
use crate::graph::{Graph, ValueId};
use crate::ops::Lowering;
use std::collections::HashMap;

/// See the module.
pub fn run(graph: &mut Graph) {
    // The result of each concatenation by its parts as they were written.
    let mut earlier: HashMap<Vec<ValueId>, ValueId> = HashMap::new();
    for at in 0..graph.nodes.len() {
        let node = &graph.nodes[at];
        if bare_lowering(graph, node) != Some(Lowering::Concat) {
            continue;
        }
        let (parts, output) = (node.inputs.clone(), node.output);
        let longest = (2..=parts.len()).rev().find_map(|len| Some((len, *earlier.get(&parts[..len])?)));
        if let Some((len, whole)) = longest {
            graph.nodes[at].inputs.splice(..len, [whole]);
        }
        earlier.entry(parts).or_insert(output);
    }
}
