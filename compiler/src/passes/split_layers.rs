//! Puts the layers that a word of the language stands for in its place: `separable_conv` becomes two convolutions.

use super::rewrite::bare_lowering;
use crate::graph::{Args, Call, Graph, Node};
use crate::infer;
use crate::ops::Lowering;

/// See the module.
pub fn run(graph: &mut Graph) {
    let nodes = std::mem::take(&mut graph.nodes);
    for node in nodes {
        match bare_lowering(graph, &node) {
            Some(Lowering::Parts(parts)) => split(graph, node, parts),
            _ => graph.nodes.push(node),
        }
    }
}

/// The last part defines what the node did.
fn split(graph: &mut Graph, node: Node, parts: Vec<(&'static str, &'static str, Args)>) {
    let Node { call, mut inputs, output, .. } = node;
    let n_parts = parts.len();
    for (index, (name, layer, args)) in parts.into_iter().enumerate() {
        let path = if call.path.is_empty() { name.to_string() } else { format!("{}.{name}", call.path) };
        let call = Call { layer, path, args, origin: call.origin };
        let shapes: Vec<_> = inputs.iter().map(|&input| graph.shape(input)).collect();
        let shape = match infer::call(&call, &shapes) {
            Ok(shape) => shape,
            Err(problem) => unreachable!("the whole was accepted, but not its part `{layer}`: {problem}"),
        };
        let output = if index + 1 == n_parts { output } else { graph.add_value(shape) };
        graph.nodes.push(Node { call, inputs, epilogue: Vec::new(), output });
        inputs = vec![output];
    }
}
