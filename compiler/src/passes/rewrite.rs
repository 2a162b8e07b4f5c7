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

/// A reader that becomes the last stage of a node.
pub struct Fusion {
    /// The node, by its index among those before.
    pub producer: usize,
    /// Which of the reader's inputs that node defines.
    pub position: usize,
}

/// A graph while readers are fused into what they read.
pub struct Fuser<'a> {
    /// The graph, for the shapes of its values; its nodes are those of before.
    pub graph: &'a Graph,
    /// The nodes in order; what was fused or has moved leaves a gap.
    nodes: Vec<Option<Node>>,
    /// Where each value is defined, by value.
    producers: Vec<Option<usize>>,
    /// How often each value is read, by value.
    n_uses: Vec<usize>,
}

impl Fuser<'_> {
    /// The node that defines a value, if nothing but one read of it stands between that node and its reader.
    pub fn only_for_one(&self, value: ValueId) -> Option<(usize, &Node)> {
        let index = self.producers[value.0 as usize].filter(|_| self.n_uses[value.0 as usize] == 1)?;
        Some((index, self.nodes[index].as_ref()?))
    }

    /// Makes the node at `reader` the last stage of another. What was fused into the reader goes before it.
    ///
    /// A stage that reads other values makes the node wait for them: it moves to where its reader stood. Otherwise it stays.
    fn fuse(&mut self, reader: usize, Fusion { producer, position }: Fusion) {
        let (Some(Node { call, mut inputs, epilogue, output }), Some(mut node)) =
            (self.nodes[reader].take(), self.nodes[producer].take())
        else {
            unreachable!("both nodes were found a moment ago")
        };
        inputs.remove(position);
        let place = if inputs.is_empty() { producer } else { reader };
        node.epilogue.extend(epilogue);
        node.epilogue.push(Stage { call, others: inputs });
        node.output = output;
        self.producers[output.0 as usize] = Some(place);
        self.nodes[place] = Some(node);
    }
}

/// Fuses every node into another for which `choose` finds one, in order.
pub fn fuse_each(graph: &mut Graph, choose: impl Fn(&Fuser, &Node) -> Option<Fusion>) {
    let mut n_uses = vec![0; graph.values.len()];
    let in_nodes = graph.nodes.iter().flat_map(Node::reads);
    in_nodes.chain(graph.outputs.iter().map(|port| port.value)).for_each(|value| n_uses[value.0 as usize] += 1);
    let mut producers = vec![None; graph.values.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        producers[node.output.0 as usize] = Some(index);
    }
    let mut fuser = Fuser { graph, nodes: graph.nodes.iter().cloned().map(Some).collect(), producers, n_uses };
    for reader in 0..fuser.nodes.len() {
        let fusion = fuser.nodes[reader].as_ref().and_then(|node| choose(&fuser, node));
        if let Some(fusion) = fusion {
            fuser.fuse(reader, fusion);
        }
    }
    graph.nodes = fuser.nodes.into_iter().flatten().collect();
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
