//! Takes a batch norm into the convolution or linear layer before it, as the first stage of its epilogue: in prediction it is
//! a factor and a shift per channel, which go into the weights and the bias when they are packed (in f64, see `plan::Pack`).

use super::rewrite::{Fuser, Fusion, bare_lowering, fuse_each};
use crate::graph::{Graph, Node};
use crate::ops::Lowering;

/// See the module.
pub fn run(graph: &mut Graph) {
    fuse_each(graph, producer);
}

/// The node that takes in a batch norm.
fn producer(fuser: &Fuser, node: &Node) -> Option<Fusion> {
    let Some(Lowering::BatchNorm { .. }) = bare_lowering(fuser.graph, node) else { return None };
    let (producer, before) = fuser.only_for_one(node.inputs[0])?;
    let folds = matches!(
        bare_lowering(fuser.graph, before)?,
        Lowering::Conv { .. } | Lowering::ConvTranspose { .. } | Lowering::Linear { .. }
    );
    folds.then_some(Fusion { producer, position: 0 })
}
