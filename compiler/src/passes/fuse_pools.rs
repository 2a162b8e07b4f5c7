//! Takes a pooling into the epilogue of the convolution before it: its rows are pooled while they are in the nearest cache,
//! and the map before pooling never reaches memory.
//!
//! Only windows that overlap by at most a row and a column are taken in, so that few rows have to be kept at a time.
//! An activation behind a maximum goes before it where that is the same: `relu(max(a, b)) = max(relu(a), relu(b))`.

use super::rewrite::{Fuser, Fusion, fuse_each, own_lowering, stage_lowerings};
use crate::graph::{Graph, Node};
use crate::ops::Lowering;
use crate::plan::{Activation, Reduce, Windows};

/// See the module.
pub fn run(graph: &mut Graph) {
    fuse_each(graph, producer);
}

/// The node that takes in a pooling.
fn producer(fuser: &Fuser, node: &Node) -> Option<Fusion> {
    let graph = fuser.graph;
    let Lowering::Pool { windows, reduce } = own_lowering(graph, node) else { return None };
    let (producer, before) = fuser.only_for_one(node.inputs[0])?;
    let activated = stage_lowerings(graph, before).iter().any(|stage| matches!(stage, Lowering::Activation(_)));
    let commutes = match stage_lowerings(graph, node).as_slice() {
        [] => true,
        [Lowering::Activation(activation)] => reduce == Reduce::Max && !activated && grows_exactly(*activation),
        _ => false,
    };
    (commutes && pays(&windows) && takes_pool(graph, before)).then_some(Fusion { producer, position: 0 })
}

/// Whether the maximum of a function is the function of the maximum to the last bit, at the cost of a comparison or so.
fn grows_exactly(activation: Activation) -> bool {
    match activation {
        Activation::Identity | Activation::Relu | Activation::Relu6 => true,
        Activation::LeakyRelu { slope } => slope >= 0.0,
        _ => false,
    }
}

/// Whether few rows have to be kept: windows of at most 3 that touch or overlap by one.
fn pays(windows: &Windows) -> bool {
    let Windows::Sliding { window, stride, dilation, .. } = *windows else { return false };
    let axis = |axis: usize| window[axis] <= 3 && (window[axis] <= stride[axis] || (window[axis], stride[axis]) == (3, 2));
    axis(0) && axis(1) && dilation == [1, 1]
}

/// Whether a node can pool its result: a convolution of one group that has not done so yet.
fn takes_pool(graph: &Graph, node: &Node) -> bool {
    let open = !stage_lowerings(graph, node).iter().any(|stage| matches!(stage, Lowering::Pool { .. }));
    open && matches!(own_lowering(graph, node), Lowering::Conv { groups: 1, .. })
}
