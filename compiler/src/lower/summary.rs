//! The summary: the layers as they were written, which step computes each, and what each reads.

use crate::graph::{Call, Graph, Node, ValueId};
use crate::passes::rewrite::call_shapes;
use crate::plan::{Layer, List, Source, Text};
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
    let sources = sources(original);
    let calls = original.nodes.iter().flat_map(|node| call_shapes(original, node).into_iter().zip(reads(node, &sources)));
    calls
        .map(|((call, inputs, output), reads)| {
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
                reads: List::Owned(reads),
            }
        })
        .collect()
}

/// What each output of `original` is.
pub fn results(original: &Graph) -> Vec<Source> {
    let sources = sources(original);
    original.outputs.iter().filter_map(|port| sources.get(&port.value).copied()).collect()
}

/// Where every value comes from: an input, or the last call of the node that defines it.
fn sources(graph: &Graph) -> BTreeMap<ValueId, Source> {
    let inputs = graph.inputs.iter().enumerate().map(|(index, port)| (port.value, Source::Input(index)));
    let mut n_calls = 0;
    let nodes = graph.nodes.iter().map(|node| {
        n_calls += node.calls().count();
        (node.output, Source::Layer(n_calls - 1))
    });
    inputs.chain(nodes).collect()
}

/// What each call of a node reads. A stage reads the call before it and its others.
fn reads(node: &Node, sources: &BTreeMap<ValueId, Source>) -> Vec<Vec<Source>> {
    let known = |values: &[ValueId]| values.iter().filter_map(|value| sources.get(value).copied()).collect::<Vec<_>>();
    let last = match sources.get(&node.output) {
        Some(Source::Layer(last)) => *last,
        _ => unreachable!("a node defines a value"),
    };
    let first = last - node.epilogue.len();
    let stages = node.epilogue.iter().enumerate();
    let stages = stages.map(|(at, stage)| [&[Source::Layer(first + at)], &*known(&stage.others)].concat());
    std::iter::once(known(&node.inputs)).chain(stages).collect()
}

/// What tells one call from another.
fn key(call: &Call) -> (&str, &str, u32) {
    (&call.path, call.layer, call.origin.0)
}
