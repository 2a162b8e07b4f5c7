//! A weight file that is named in a definition: its header against the state dict of the network. Floor 10.

use crate::graph::Graph;
use crate::registry;
use crate::shape::Shape;
use std::collections::BTreeMap;

/// What a weight file holds, without its numbers.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// Every tensor.
    pub tensors: Vec<Tensor>,
}

/// A tensor of a weight file.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its element type: `F32`.
    pub dtype: String,
    /// Its sizes.
    pub shape: Vec<usize>,
}

/// Element types that are read.
const DTYPES: &[&str] = &["F32", "F16", "BF16"];
/// Names of each sort that a message lists.
const MAX_LISTED: usize = 6;

/// All that does not fit, in one message.
pub fn compare(graph: &Graph, file: &str, header: &Header) -> Option<String> {
    let mut held: BTreeMap<&str, &Tensor> = header.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let (mut missing, mut misshapen, mut untyped) = (Vec::new(), Vec::new(), Vec::new());
    for node in &graph.nodes {
        let shapes: Vec<&Shape> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
        for (name, weight) in registry::parameters(&node.call, &shapes) {
            let Some(tensor) = held.remove(name.as_str()) else {
                missing.push(format!("{name} {}", weight.shape));
                continue;
            };
            if tensor.shape != weight.shape.0 {
                misshapen.push(format!("{name} is {}, expected {}", Shape(tensor.shape.clone()), weight.shape));
            }
            if !DTYPES.contains(&tensor.dtype.as_str()) {
                untyped.push(format!("{name} is {}", tensor.dtype));
            }
        }
    }
    let unexpected: Vec<String> = held
        .values()
        .filter(|tensor| !tensor.name.ends_with("num_batches_tracked"))
        .map(|tensor| format!("{} {}", tensor.name, Shape(tensor.shape.clone())))
        .collect();
    let sections = [
        ("missing", &missing),
        ("unexpected", &unexpected),
        ("of another shape", &misshapen),
        ("neither F32, F16 nor BF16", &untyped),
    ];
    if sections.iter().all(|(_, list)| list.is_empty()) {
        return None;
    }
    let mut message = format!("the weights in {file:?} are not those of `{}`", graph.name);
    for (what, list) in sections {
        if !list.is_empty() {
            message += &format!("\n{} {what}:", list.len());
            list.iter().take(MAX_LISTED).for_each(|entry| message += &format!("\n    {entry}"));
            if let Some(more @ 1..) = list.len().checked_sub(MAX_LISTED) {
                message += &format!("\n    and {more} more");
            }
        }
    }
    Some(message)
}
