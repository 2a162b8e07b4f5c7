//! Which sequences lie in memory by rows, features side by side, as layers that work step by step read and write them.
//!
//! A sequence `[L, F]` is a map of L channels and one row of F pixels, whose channels lie side by side elsewhere. All that is done here
//! can be done by copying; this saves the copies between such layers.

use super::homes::Home;
use super::layout::Lowerings;
use crate::graph::{Graph, ValueId};
use crate::ops::Lowering;

/// Of each value whether it lies by rows.
pub fn by_rows(graph: &Graph, lowerings: &Lowerings, homes: &[Home], borders: &[[usize; 4]]) -> Vec<bool> {
    let mut free: Vec<bool> = graph.values.iter().map(|shape| shape.0.len() == 2).collect();
    let mut wanted = vec![false; graph.values.len()];
    for (value, home) in homes.iter().enumerate() {
        free[value] &= *home == Home::Own && borders[value] == [0; 4];
        if let Some(ValueId(of)) = home.of() {
            free[of as usize] = false;
        }
    }
    for (node, lowering) in graph.nodes.iter().zip(lowerings) {
        let steps = is_by_steps(lowering);
        let others = node.epilogue.iter().flat_map(|stage| &stage.others);
        for value in others.chain(&node.inputs) {
            wanted[value.0 as usize] |= steps;
            free[value.0 as usize] &= steps || reads_any(lowering);
        }
        wanted[node.output.0 as usize] |= steps;
        free[node.output.0 as usize] &= steps || writes_any(lowering);
    }
    // From layer to layer, where nothing minds.
    for (node, lowering) in graph.nodes.iter().zip(lowerings) {
        wanted[node.output.0 as usize] |= writes_any(lowering) && wanted[node.inputs[0].0 as usize];
    }
    free.into_iter().zip(wanted).map(|(free, wanted)| free && wanted).collect()
}

/// Whether a layer works step by step.
fn is_by_steps(lowering: &Lowering) -> bool {
    matches!(lowering, Lowering::Rows { .. } | Lowering::Recurrent(_))
}

/// Whether what computes a layer writes a view of any strides, and reads such.
fn writes_any(lowering: &Lowering) -> bool {
    use Lowering::{Activation, BatchNorm, Combine, Prelu, Reshape, Slice, Softmax};
    matches!(lowering, Activation(_) | BatchNorm { .. } | Combine(_) | Prelu { .. } | Reshape | Slice { .. } | Softmax { .. })
}

/// Whether what computes a layer reads a view of any strides.
fn reads_any(lowering: &Lowering) -> bool {
    writes_any(lowering) || matches!(lowering, Lowering::Concat | Lowering::Flatten)
}
