//! Shape inference: the shapes of all values from those of the inputs, layer by layer, epilogues included. Floor 6.

use crate::diag::Problem;
use crate::graph::{Call, Graph, Node};
use crate::ops::Inputs;
use crate::registry;
use crate::shape::Shape;

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
        Inputs::Two if found != 2 => "two values",
        Inputs::Many | Inputs::Closure if found == 0 => "at least one value",
        _ => return layer.infer(&call.args, inputs),
    };
    Err(Problem::layer(format!("`{}` reads {expected}, but is given {found}", call.layer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

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
