//! The naive evaluation of a graph, in f32 or f64, epilogues included: what kernels, passes and plans are tested against. Floor 7.

use crate::graph::{Call, Graph, ValueId};
use crate::ops::{AnyLayer, Weight};
use crate::registry;
use crate::tensor::{Float, Tensor};

/// Evaluates a verified graph in f32. `weights` gives a parameter by its full name in the state dict; outputs come in order.
pub fn evaluate_f32(graph: &Graph, weights: &dyn Fn(&str) -> Tensor<f32>, inputs: &[Tensor<f32>]) -> Vec<Tensor<f32>> {
    evaluate(graph, weights, inputs)
}

/// Evaluates a verified graph in f64. `weights` gives a parameter by its full name in the state dict; outputs come in order.
pub fn evaluate_f64(graph: &Graph, weights: &dyn Fn(&str) -> Tensor<f64>, inputs: &[Tensor<f64>]) -> Vec<Tensor<f64>> {
    evaluate(graph, weights, inputs)
}

/// A number type that layers evaluate in.
trait Element: Float {
    fn layer(layer: &dyn AnyLayer, call: &Call, inputs: &[&Tensor<Self>], weights: &[Tensor<Self>]) -> Tensor<Self>;
}

impl Element for f32 {
    fn layer(layer: &dyn AnyLayer, call: &Call, inputs: &[&Tensor<f32>], weights: &[Tensor<f32>]) -> Tensor<f32> {
        layer.evaluate_f32(&call.args, inputs, weights)
    }
}

impl Element for f64 {
    fn layer(layer: &dyn AnyLayer, call: &Call, inputs: &[&Tensor<f64>], weights: &[Tensor<f64>]) -> Tensor<f64> {
        layer.evaluate_f64(&call.args, inputs, weights)
    }
}

fn evaluate<T: Element>(graph: &Graph, weights: &dyn Fn(&str) -> Tensor<T>, inputs: &[Tensor<T>]) -> Vec<Tensor<T>> {
    assert_eq!(inputs.len(), graph.inputs.len(), "`{}` reads {} inputs", graph.name, graph.inputs.len());
    let mut values: Vec<Option<Tensor<T>>> = vec![None; graph.values.len()];
    for (port, input) in graph.inputs.iter().zip(inputs) {
        assert_eq!(&input.shape, graph.shape(port.value), "input `{}`", port.name);
        values[port.value.0 as usize] = Some(input.clone());
    }
    for node in &graph.nodes {
        let reads = |ids: &[ValueId]| -> Vec<&Tensor<T>> { ids.iter().filter_map(|id| values[id.0 as usize].as_ref()).collect() };
        let mut result = call(&node.call, &reads(&node.inputs), weights);
        for stage in &node.epilogue {
            let mut inputs = vec![&result];
            inputs.extend(reads(&stage.others));
            result = call(&stage.call, &inputs, weights);
        }
        values[node.output.0 as usize] = Some(result);
    }
    graph.outputs.iter().filter_map(|port| values[port.value.0 as usize].clone()).collect()
}

/// One layer on its inputs, its weights asked for by name.
fn call<T: Element>(call: &Call, inputs: &[&Tensor<T>], weights: &dyn Fn(&str) -> Tensor<T>) -> Tensor<T> {
    let Some(layer) = registry::layer(call.layer) else { unreachable!("`{}` in a verified graph", call.layer) };
    let shapes: Vec<_> = inputs.iter().map(|input| &input.shape).collect();
    let of_name = |(name, expected): (String, Weight)| {
        let weight = weights(&name);
        assert_eq!(weight.shape, expected.shape, "weight `{name}`");
        weight
    };
    let weights: Vec<_> = registry::parameters(call, &shapes).into_iter().map(of_name).collect();
    T::layer(layer, call, inputs, &weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;
    use crate::{text, verify};

    /// Small, different numbers from a name, positive so that a variance may be one.
    fn weights(name: &str, shape: Shape) -> Tensor<f64> {
        let seed = name.bytes().fold(1.0, |seed: f64, byte| (seed * 31.0 + f64::from(byte)) % 101.0);
        let mut i = 0.0;
        Tensor::from_fn(Shape::vector(shape.len()), |_, _, _| {
            i += 1.0;
            0.1 + (seed + i * 7.0) % 13.0 / 20.0
        })
        .with_shape(shape)
    }

    #[test]
    fn an_epilogue_gives_what_its_stages_give_as_layers_of_their_own() {
        let head = "network N\ninput x [2, 6, 6]\ninput y [3, 4, 4]\n";
        let fused = "%2 = conv(%0, filters = 3, window = 3x3) \"c\" -> batch_norm \"bn\" -> add(%1) -> relu -> max_pool(window = 2x2)\noutput out %2";
        let apart = "%2 = conv(%0, filters = 3, window = 3x3) \"c\"\n%3 = batch_norm(%2) \"bn\"\n%4 = add(%3, %1)\n%5 = relu(%4)\n\
                     %6 = max_pool(%5, window = 2x2)\noutput out %6";
        let run = |body: &str| {
            let graph = text::parse(&format!("{head}{body}")).unwrap();
            verify::verify(&graph).unwrap();
            let weight = |name: &str| {
                let shape = if name == "c.weight" { Shape(vec![3, 2, 3, 3]) } else { Shape::vector(3) };
                weights(name, shape)
            };
            evaluate_f64(&graph, &weight, &[weights("x", Shape::map(2, 6, 6)), weights("y", Shape::map(3, 4, 4))])
        };
        let (fused, apart) = (run(fused), run(apart));
        assert_eq!(fused, apart);
        assert_eq!(fused[0].shape, Shape::map(3, 2, 2));
        assert!(fused[0].data.iter().any(|&value| value > 0.0), "relu left nothing to compare: {fused:?}");
    }
}
