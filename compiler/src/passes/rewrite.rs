//! What the passes share: what a node computes, and how one node is taken into another.

use crate::graph::{Call, Graph, Node, Stage, ValueId};
use crate::infer;
use crate::ops::Lowering;
use crate::registry;
use crate::shape::Shape;

/// What computes a call. Its layer is known and its shapes fit: the verifier has run.
pub fn lowering(call: &Call, inputs: &[&Shape], output: &Shape) -> Lowering {
    match registry::layer(call.layer) {
        Some(layer) => layer.lower(&call.args, inputs, output),
        None => unreachable!("the verifier accepted the layer `{}`", call.layer),
    }
}

/// What computes a node's own call, where nothing was fused into it yet.
pub fn bare_lowering(graph: &Graph, node: &Node) -> Option<Lowering> {
    node.epilogue.is_empty().then(|| lowering(&node.call, &shapes(graph, &node.inputs), graph.shape(node.output)))
}

/// The shapes of values.
pub fn shapes<'a>(graph: &'a Graph, values: &[ValueId]) -> Vec<&'a Shape> {
    values.iter().map(|&value| graph.shape(value)).collect()
}

/// The node that defines a value, if nothing but one read of it stands between that node and its reader.
pub fn only_for_one(graph: &Graph, value: ValueId) -> Option<usize> {
    graph.producer(value).filter(|_| graph.n_uses(value) == 1)
}

/// Makes `reader` the last stage of the node that defines its input at `position`.
///
/// A stage that reads other values makes the node wait for them: it moves to where its reader stood. Otherwise it stays.
pub fn fuse(graph: &mut Graph, producer: usize, reader: usize, position: usize) {
    let Node { call, mut inputs, output, .. } = graph.nodes.remove(reader);
    inputs.remove(position);
    let waits = !inputs.is_empty();
    graph.nodes[producer].epilogue.push(Stage { call, others: inputs });
    graph.nodes[producer].output = output;
    if waits {
        // The reader stood after the producer, so that removing the producer shifts its old place by one.
        let node = graph.nodes.remove(producer);
        graph.nodes.insert(reader - 1, node);
    }
}

/// The shape of a node's own result and after each stage of its epilogue; the last is its output's.
pub fn stage_shapes(graph: &Graph, node: &Node) -> Vec<Shape> {
    match infer::stages(graph, node) {
        Ok(shapes) => shapes,
        Err(problem) => unreachable!("the verifier accepted `{}`, but {problem}", node.call.layer),
    }
}

/// What computes a node's own call, whatever was fused into it.
pub fn own_lowering(graph: &Graph, node: &Node) -> Lowering {
    lowering(&node.call, &shapes(graph, &node.inputs), &stage_shapes(graph, node)[0])
}

/// What computes each stage of a node's epilogue.
pub fn stage_lowerings(graph: &Graph, node: &Node) -> Vec<Lowering> {
    let results = stage_shapes(graph, node);
    let stages = node.epilogue.iter().zip(results.windows(2));
    stages
        .map(|(stage, result)| {
            let inputs: Vec<&Shape> = std::iter::once(&result[0]).chain(shapes(graph, &stage.others)).collect();
            lowering(&stage.call, &inputs, &result[1])
        })
        .collect()
}

/// Every call of a node with the shapes of its inputs and of its result.
pub fn call_shapes<'a>(graph: &Graph, node: &'a Node) -> Vec<(&'a Call, Vec<Shape>, Shape)> {
    let results = stage_shapes(graph, node);
    let own = (&node.call, node.inputs.iter().map(|&value| graph.shape(value).clone()).collect(), results[0].clone());
    let stages = node.epilogue.iter().zip(results.windows(2)).map(|(stage, result)| {
        let others = stage.others.iter().map(|&value| graph.shape(value));
        (&stage.call, std::iter::once(&result[0]).chain(others).cloned().collect(), result[1].clone())
    });
    std::iter::once(own).chain(stages).collect()
}
