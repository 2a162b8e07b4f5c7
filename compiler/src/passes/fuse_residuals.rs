//! Takes an `add` into the epilogue of the convolution or linear layer that made one of its sides, before any activation.
//!
//! Where both sides could, the later one takes it: the other is computed by then, and nothing has to wait.

use super::rewrite::{Fuser, Fusion, bare_lowering, fuse_each, own_lowering, stage_lowerings};
use crate::graph::{Graph, Node};
use crate::ops::Lowering;
use crate::plan::Combination;

/// See the module.
pub fn run(graph: &mut Graph) {
    fuse_each(graph, producer);
}

/// The node that takes in an `add`: the later one of those that can.
fn producer(fuser: &Fuser, node: &Node) -> Option<Fusion> {
    let Some(Lowering::Combine(Combination::Add)) = bare_lowering(fuser.graph, node) else { return None };
    let candidates = node.inputs.iter().enumerate().filter_map(|(position, &side)| {
        let (producer, before) = fuser.only_for_one(side)?;
        takes_residual(fuser.graph, before).then_some(Fusion { producer, position })
    });
    candidates.max_by_key(|candidate| candidate.producer)
}

/// Whether a node can add a value to its result: a convolution or linear layer with at most a batch norm behind it.
fn takes_residual(graph: &Graph, node: &Node) -> bool {
    let plain = stage_lowerings(graph, node).iter().all(|stage| matches!(stage, Lowering::BatchNorm { .. }));
    plain && matches!(own_lowering(graph, node), Lowering::Conv { .. } | Lowering::ConvTranspose { .. } | Lowering::Linear { .. })
}
