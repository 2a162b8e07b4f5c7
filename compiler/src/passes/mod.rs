//! What is done to a graph before it is lowered: one pass per file, named in a flat list, the verifier after each. Floor 8.
//!
//! The passes here are those of prediction. Each leaves a graph with the same results up to rounding, which is tested
//! against the naive evaluation, and its effect can be read in the text form.

mod dead_code;
mod drop_identities;
mod fold_batch_norm;
mod fuse_activations;
mod fuse_pools;
mod fuse_residuals;
mod nest_concats;
pub mod rewrite;
mod split_layers;

use crate::graph::Graph;
use crate::verify::verify;

/// Changes a graph in place.
type Pass = fn(&mut Graph);

/// The passes of prediction, in order.
const PASSES: &[(&str, Pass)] = &[
    ("split_layers", split_layers::run),
    ("drop_identities", drop_identities::run),
    ("dead_code", dead_code::run),
    ("fold_batch_norm", fold_batch_norm::run),
    ("fuse_residuals", fuse_residuals::run),
    ("fuse_activations", fuse_activations::run),
    ("fuse_pools", fuse_pools::run),
    ("nest_concats", nest_concats::run),
];

/// The graph that prediction runs. The error names the pass that broke the graph: a mistake in this crate, not in a definition.
pub fn optimise(mut graph: Graph) -> Result<Graph, String> {
    verify(&graph)?;
    for (name, pass) in PASSES {
        pass(&mut graph);
        verify(&graph).map_err(|broken| format!("after the pass `{name}`: {broken}"))?;
    }
    Ok(graph)
}

#[cfg(test)]
mod tests;
