//! Takes an activation into the step that makes its input: convolution, linear layer, pooling, norm, `add`, `mul` or `scale`.

use super::rewrite::{Fuser, Fusion, bare_lowering, fuse_each, own_lowering, stage_lowerings};
use crate::graph::{Graph, Node};
use crate::ops::Lowering;

/// See the module.
pub fn run(graph: &mut Graph) {
    fuse_each(graph, producer);
}

/// The node that takes in an activation.
fn producer(fuser: &Fuser, node: &Node) -> Option<Fusion> {
    let Some(Lowering::Activation(_)) = bare_lowering(fuser.graph, node) else { return None };
    let (producer, before) = fuser.only_for_one(node.inputs[0])?;
    takes_activation(fuser.graph, before).then_some(Fusion { producer, position: 0 })
}

/// Whether a node can apply a function to its result: it has neither done so nor pooled it.
fn takes_activation(graph: &Graph, node: &Node) -> bool {
    use Lowering::{BatchNorm, Broadcast, Combine, Conv, ConvTranspose, Linear, Norm, Pool, Rows, Scale};
    let open = stage_lowerings(graph, node).iter().all(|stage| matches!(stage, BatchNorm { .. } | Combine(_)));
    open && matches!(
        own_lowering(graph, node),
        BatchNorm { .. }
            | Broadcast(_)
            | Combine(_)
            | Conv { .. }
            | ConvTranspose { .. }
            | Linear { .. }
            | Norm { .. }
            | Pool { .. }
            | Rows { .. }
            | Scale
    )
}
