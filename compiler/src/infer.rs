//! Shape inference: the shapes of all values from those of the inputs, layer by layer, epilogues included. Floor 6.

use crate::diag::Problem;
use crate::graph::{Call, Graph, Node};
use crate::ops::Inputs;
use crate::ops::sizes::Inferred;
use crate::registry;
use crate::shape::{Shape, Sizes};

/// Computes the shape of every value that a node defines. The inputs' shapes are given; the ids are in range.
///
/// An error names the node (by its index) whose layer, or a stage of whose epilogue, does not accept its inputs.
pub fn infer(graph: &mut Graph) -> Result<(), (usize, Problem)> {
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let mut shapes = stages(graph, node).map_err(|problem| (index, problem))?;
        if let Some(shape) = shapes.pop() {
            graph.values[node.output.0 as usize] = shape;
        }
    }
    Ok(())
}

/// The shapes that a node goes through: its layer's output, then that of each stage of its epilogue. The last one is what it defines.
pub fn stages(graph: &Graph, node: &Node) -> Result<Vec<Shape>, Problem> {
    let inputs: Vec<&Shape> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
    let mut shapes = vec![call(&node.call, &inputs)?];
    for stage in &node.epilogue {
        let mut inputs = vec![&shapes[shapes.len() - 1]];
        inputs.extend(stage.others.iter().map(|&other| graph.shape(other)));
        let shape = call(&stage.call, &inputs)?;
        shapes.push(shape);
    }
    Ok(shapes)
}

/// The shape of one call's output.
pub fn call(call: &Call, inputs: &[&Shape]) -> Result<Shape, Problem> {
    let Some(layer) = registry::layer(call.layer) else {
        return Err(Problem::layer(format!("there is no layer `{}`", call.layer)));
    };
    let found = inputs.len();
    let expected = match layer.inputs() {
        Inputs::One if found != 1 => "one value",
        Inputs::Named(names) if found != 1 && found != 1 + names.len() => "one value, or all that have names besides",
        Inputs::Two if found != 2 => "two values",
        Inputs::Many | Inputs::Closure if found == 0 => "at least one value",
        _ => return layer.infer(&call.args, inputs),
    };
    Err(Problem::layer(format!("`{}` reads {expected}, but is given {found}", call.layer)))
}

/// The sizes of one call's output as expressions, and what the layer asks of its inputs; `None` where it needs known sizes.
///
/// Inputs of known sizes alone are for [`call`] to accept or refuse.
pub fn call_sizes(call: &Call, inputs: &[&Sizes]) -> Option<Inferred> {
    let layer = registry::layer(call.layer)?;
    let known: Option<Vec<Shape>> = inputs.iter().map(|input| input.known()).collect();
    match known {
        Some(known) => {
            let shape = self::call(call, &known.iter().collect::<Vec<_>>()).ok()?;
            Some(Inferred::always(Sizes::from(&shape)))
        }
        None => layer.infer_sizes(&call.args, inputs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Size;
    use crate::testing::random_graph;
    use crate::text;

    /// The rules in expressions against the rules in numbers: a random graph's spatial sizes become symbols, each layer is asked
    /// what it makes of them, and the answer is compared at other sizes.
    #[test]
    fn what_expressions_say_is_what_numbers_say() {
        let mut n_compared = std::collections::BTreeMap::<&str, usize>::new();
        for seed in 0..400 {
            let graph = random_graph(seed, 12);
            for node in &graph.nodes {
                let shapes: Vec<&Shape> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
                // The axes behind the first are symbols, equal ones the same.
                let mut symbols: Vec<i64> = shapes.iter().flat_map(|shape| &shape.0[1..]).map(|&size| size as i64).collect();
                symbols.sort_unstable();
                symbols.dedup();
                let expressions = |shape: &&Shape| {
                    let mut sizes = Sizes::from(*shape);
                    for size in &mut sizes.0[1..] {
                        let index = symbols.iter().position(|&symbol| Some(symbol) == size.known());
                        *size = Size::symbol(index.unwrap());
                    }
                    sizes
                };
                let sizes: Vec<Sizes> = shapes.iter().map(expressions).collect();
                let Some(inferred) = call_sizes(&node.call, &sizes.iter().collect::<Vec<_>>()) else { continue };
                for step in 0..12 {
                    let at: Vec<i64> =
                        symbols.iter().enumerate().map(|(i, symbol)| (symbol + step * (i as i64 + 1) - 5).max(1)).collect();
                    let numbers: Vec<Shape> = sizes.iter().map(|sizes| sizes.at(&at).unwrap()).collect();
                    let expected = call(&node.call, &numbers.iter().collect::<Vec<_>>()).ok();
                    let holds = inferred.asks.iter().all(|ask| ask.holds(&at));
                    // A size that happens to be 1 is repeated in numbers, and asked to be equal in expressions.
                    let repeats = matches!(node.call.layer, "add" | "mul") && numbers.iter().any(|shape| shape.0.contains(&1));
                    if !holds && repeats {
                        continue;
                    }
                    let found = if holds { inferred.sizes.at(&at) } else { None };
                    assert_eq!(found, expected, "{} on {numbers:?}", text::call(&node.call));
                    *n_compared.entry(node.call.layer).or_default() += 1;
                }
            }
        }
        // All but those whose weights depend on the sizes.
        for layer in
            registry::LAYERS.iter().map(|layer| layer.name()).filter(|name| !["split", "rnn", "lstm", "gru"].contains(name))
        {
            assert!(n_compared.get(layer).is_some_and(|&n| n >= 12), "`{layer}` was compared {:?} times", n_compared.get(layer));
        }
    }

    const TEXT: &str = "network N\ninput x [2, 7, 7]\n%1 = conv(%0, filters = 3, window = 3x3, pad = 1) \"c\" -> relu -> max_pool(window = 2x2, round = ceil)\n\
                        %2 = flatten(%1)\noutput y %2";

    #[test]
    fn a_node_goes_through_the_shapes_of_its_epilogue() {
        let graph = text::parse(TEXT).unwrap();
        assert_eq!(stages(&graph, &graph.nodes[0]), Ok(vec![Shape::map(3, 7, 7), Shape::map(3, 7, 7), Shape::map(3, 4, 4)]));
    }

    #[test]
    fn another_input_changes_every_shape_or_names_the_node_that_does_not_accept_it() {
        let mut graph = text::parse(TEXT).unwrap();
        graph.values[0] = Shape::map(2, 9, 5);
        assert_eq!(infer(&mut graph), Ok(()));
        assert_eq!(graph.values[1..], [Shape::map(3, 5, 3), Shape::vector(45)]);
        graph.values[0] = Shape::vector(98);
        assert_eq!(infer(&mut graph).map_err(|(node, _)| node), Err(0));
    }

    #[test]
    fn a_call_reads_as_many_values_as_its_layer() {
        let graph = text::parse(TEXT).unwrap();
        let found = call(&graph.nodes[1].call, &[]);
        assert_eq!(found, Err(Problem::layer("`flatten` reads one value, but is given 0")));
    }
}
