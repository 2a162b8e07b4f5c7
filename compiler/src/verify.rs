//! The verifier: whether a graph is well-formed. It runs after parsing and after every pass; what it finds is a bug of ours, so it names
//! values by number and says what is broken, without help. Floor 7.

use crate::dim::{self, MAX_LEN};
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
/// - no two layers have parameters of one name;
/// - the parameters together, and the values together, are not too many to address.
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
    let (mut parameters, mut n_parameters) = (HashSet::new(), 0usize);
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
            for (name, weight) in registry::parameters(call, &before) {
                n_parameters = n_parameters.saturating_add(weight.shape.len());
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
    let n_elements = graph.values.iter().try_fold(0usize, |sum, shape| sum.checked_add(dim::product(shape.0.iter().copied())?));
    match (n_parameters > MAX_LEN, n_elements) {
        (true, _) => Err("the network has more parameters than memory can address".into()),
        (_, None | Some(MAX_LEN..)) => Err("the network's values have more elements than memory can address".into()),
        _ => Ok(()),
    }
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
        param.accepts(value).map_err(|kind| format!("`{}` is {value:?}, not {kind}", param.name))?;
    }
    Ok(())
}

fn id(value: ValueId) -> String {
    format!("%{}", value.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Arg, Port};
    use crate::text;

    /// What a faulty pass might do.
    type Damage = fn(&mut Graph);

    fn graph() -> Graph {
        let text = "network N\ninput x [2, 6, 6]\n%1 = conv(%0, filters = 3, window = 3x3) \"c\" -> batch_norm \"bn\" -> relu\n\
                    %2 = flatten(%1)\n%3 = linear(%2, outputs = 5) \"fc\"\noutput y %3";
        text::parse(text).unwrap()
    }

    #[test]
    fn a_graph_as_parsed_is_well_formed() {
        assert_eq!(verify(&graph()), Ok(()));
    }

    #[test]
    fn whatever_breaks_a_graph_is_found() {
        let cases: [(&str, Damage); 16] = [
            ("node 0, `conv` \"c\": %3 is read before it is defined", |g| g.nodes[0].inputs[0] = ValueId(3)),
            ("node 1, `flatten` \"\": %9 is read before it is defined", |g| g.nodes[1].inputs[0] = ValueId(9)),
            ("node 1, `flatten` \"\": %1 is defined twice", |g| g.nodes[1].output = ValueId(1)),
            ("node 1, `flatten` \"\": there is no value %9", |g| g.nodes[1].output = ValueId(9)),
            ("node 1, `linear` \"fc\": %2 is read before it is defined", |g| drop(g.nodes.remove(1))),
            ("output `y` is %9, which is never defined", |g| g.outputs[0].value = ValueId(9)),
            ("there is no output", |g| g.outputs.clear()),
            ("two outputs are called `y`", |g| g.outputs.push(g.outputs[0].clone())),
            ("input `x` is %1, not %0", |g| g.inputs[0].value = ValueId(1)),
            ("two inputs are called `x`", |g| g.inputs.push(Port { name: "x".into(), value: ValueId(1) })),
            ("input `x`: a value of shape [2, 0, 6] has no elements", |g| g.values[0] = Shape::map(2, 0, 6)),
            ("node 2, `linear` \"fc\": %3 is [6], but inferred to be [5]", |g| g.values[3] = Shape::vector(6)),
            ("node 2, `linear` \"fc\": there is no layer `lineal`", |g| g.nodes[2].call.layer = "lineal"),
            ("node 2, `linear` \"fc\": `outputs` is Int(0), not an integer of at least 1", |g| {
                g.nodes[2].call.args.0[0].1 = Arg::Int(0)
            }),
            ("node 2, `linear` \"fc\": the arguments of `linear` are (outputs, bias), not (outputs)", |g| {
                g.nodes[2].call.args.0.truncate(1)
            }),
            ("node 2, `linear` \"c\": a second parameter is called `c.weight`", |g| g.nodes[2].call.path = "c".into()),
        ];
        for (expected, damage) in cases {
            let mut graph = graph();
            damage(&mut graph);
            let found = verify(&graph);
            // A call of an unknown layer is named by that word.
            assert_eq!(found.map_err(|problem| problem.replace("`lineal` \"", "`linear` \"")), Err(expected.to_string()));
        }
    }

    #[test]
    fn parameters_and_values_together_must_fit_into_memory() {
        let wide = "network N\ninput x [1073741824]\n%1 = linear(%0, outputs = 1073741824) \"a\"\n\
                    %2 = linear(%1, outputs = 1073741824) \"b\"\noutput y %2";
        assert_eq!(verify(&text::parse(wide).unwrap()), Err("the network has more parameters than memory can address".into()));
    }
}
