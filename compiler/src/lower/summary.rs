//! The summary: the layers as they were written, and which step computes each.

use crate::graph::{Call, Graph};
use crate::passes::rewrite::call_shapes;
use crate::plan::{Layer, List, Text};
use crate::registry;
use crate::shape::Shape;
use crate::text;
use std::collections::{BTreeMap, VecDeque};

/// A row per layer of `original`. `step_of_node` is by nodes of the optimised `graph`.
pub fn layers(original: &Graph, graph: &Graph, step_of_node: &[Option<usize>]) -> Vec<Layer> {
    // Passes move calls between nodes but leave them as they are: those that look alike keep their order.
    let mut steps: BTreeMap<_, VecDeque<Option<usize>>> = BTreeMap::new();
    for (node, &step) in graph.nodes.iter().zip(step_of_node) {
        for call in node.calls() {
            steps.entry(key(call)).or_default().push_back(step);
        }
    }
    // Of a layer that was split into several, the last.
    let last_part = |whole: &Call| {
        let is_part = |call: &Call| call.path.strip_prefix(&whole.path).is_some_and(|rest| rest.starts_with('.'));
        let node = graph.nodes.iter().rposition(|node| node.calls().any(is_part))?;
        step_of_node[node]
    };
    let calls = original.nodes.iter().flat_map(|node| call_shapes(original, node));
    calls
        .map(|(call, inputs, output)| {
            let inputs: Vec<&Shape> = inputs.iter().collect();
            let layer = registry::layer(call.layer);
            let parameters = layer.map_or(Vec::new(), |layer| layer.parameters(&call.args, &inputs));
            Layer {
                path: Text::Owned(call.path.clone()),
                call: Text::Owned(text::call(call)),
                n_parameters: parameters.iter().filter(|weight| weight.learned).map(|weight| weight.shape.len()).sum(),
                macs: layer.map_or(0, |layer| layer.macs(&call.args, &inputs, &output)),
                shape: List::Owned(output.0),
                step: steps.get_mut(&key(call)).and_then(VecDeque::pop_front).flatten().or_else(|| last_part(call)),
            }
        })
        .collect()
}

/// What tells one call from another.
fn key(call: &Call) -> (&str, &str, u32) {
    (&call.path, call.layer, call.origin.0)
}
