//! The verifier: whether a graph is well-formed. It runs after parsing and after every pass; what it finds is a bug of ours, so it names
//! values by number and says what is broken, without help. Floor 5.

use crate::graph::{Call, Graph, ValueId};
use crate::infer;
use crate::ops;
use crate::registry;
use crate::shape::Shape;
use std::collections::HashSet;

/// Checks that
/// - the inputs are the first values, in order; ports have distinct names; there is an output;
/// - every value is defined once, and before it is read;
/// - every call is of a known layer, with exactly the arguments of its signature;
/// - every shape is what inference makes it, through the epilogues, and has at least one element and not too many to address;
/// - no two layers have parameters of one name.
pub fn verify(graph: &Graph) -> Result<(), String> {
    let mut defined = vec![false; graph.values.len()];
    ports(graph)?;
    for (index, port) in graph.inputs.iter().enumerate() {
        if port.value.0 as usize != index {
            return Err(format!("input `{}` is {}, not %{index}", port.name, id(port.value)));
        }
        let shape = graph.values.get(index).ok_or_else(|| format!("input `{}` has no value", port.name))?;
        ops::countable(shape).map_err(|problem| format!("input `{}`: {problem}", port.name))?;
        defined[index] = true;
    }
    let mut parameters = HashSet::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let place = |problem: String| format!("node {index}, `{}` \"{}\": {problem}", node.call.layer, node.call.path);
        for read in node.reads() {
            if defined.get(read.0 as usize) != Some(&true) {
                return Err(place(format!("{} is read before it is defined", id(read))));
            }
        }
        for call in node.calls() {
            arguments(call).map_err(place)?;
        }
        match defined.get_mut(node.output.0 as usize) {
            Some(defined @ false) => *defined = true,
            Some(true) => return Err(place(format!("{} is defined twice", id(node.output)))),
            None => return Err(place(format!("there is no value {}", id(node.output)))),
        }
        let shapes = infer::stages(graph, node).map_err(|problem| place(problem.message))?;
        let (found, expected) = (graph.shape(node.output), shapes.last());
        if Some(found) != expected {
            return Err(place(format!("{} is {found}, but inferred to be {}", id(node.output), expected.unwrap_or(found))));
        }
        let mut before: Vec<&Shape> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
        for (call, after) in node.calls().zip(&shapes) {
            for (name, _) in registry::parameters(call, &before) {
                if let Some(name) = parameters.replace(name) {
                    return Err(place(format!("a second parameter is called `{name}`")));
                }
            }
            before = vec![after];
        }
    }
    for port in &graph.outputs {
        if defined.get(port.value.0 as usize) != Some(&true) {
            return Err(format!("output `{}` is {}, which is never defined", port.name, id(port.value)));
        }
    }
    Ok(())
}

/// There is an output, and no two ports of one side share a name.
fn ports(graph: &Graph) -> Result<(), String> {
    if graph.outputs.is_empty() {
        return Err("there is no output".into());
    }
    for (what, ports) in [("inputs", &graph.inputs), ("outputs", &graph.outputs)] {
        let mut names = HashSet::new();
        if let Some(port) = ports.iter().find(|port| !names.insert(&port.name)) {
            return Err(format!("two {what} are called `{}`", port.name));
        }
    }
    Ok(())
}

/// Exactly the arguments of the signature, in its order and of its kinds.
fn arguments(call: &Call) -> Result<(), String> {
    let layer = registry::layer(call.layer).ok_or_else(|| format!("there is no layer `{}`", call.layer))?;
    let args = &call.args.0;
    let names = |names: Vec<&str>| names.join(", ");
    if !args.iter().map(|(name, _)| *name).eq(layer.signature().iter().map(|param| param.name)) {
        return Err(format!(
            "the arguments of `{}` are ({}), not ({})",
            call.layer,
            names(layer.signature().iter().map(|param| param.name).collect()),
            names(args.iter().map(|(name, _)| *name).collect()),
        ));
    }
    for (param, (_, value)) in layer.signature().iter().zip(args) {
        param.accepts(*value).map_err(|kind| format!("`{}` is {value:?}, not {kind}", param.name))?;
    }
    Ok(())
}

fn id(value: ValueId) -> String {
    format!("%{}", value.0)
}
