//! The state dict of a network, and how its tensors are packed for kernels.

use crate::graph::{Call, Graph};
use crate::passes::rewrite::call_shapes;
use crate::plan::{BatchNorm, Form, List, MoreBias, Pack, Parameter, Text};
use crate::registry;
use std::collections::BTreeMap;

/// Parameters and packs of a plan, while it is made.
#[derive(Default)]
pub struct Weights {
    /// In the order of the definition.
    pub parameters: Vec<Parameter>,
    /// In the order of the steps that use them.
    pub packs: Vec<Pack>,
    by_name: BTreeMap<String, usize>,
}

impl Weights {
    /// The state dict of a graph as it was written.
    pub fn of(original: &Graph) -> Weights {
        let mut weights = Weights::default();
        for node in &original.nodes {
            for (call, inputs, _) in call_shapes(original, node) {
                for (name, weight) in registry::parameters(call, &inputs.iter().collect::<Vec<_>>()) {
                    weights.by_name.insert(name.clone(), weights.parameters.len());
                    weights.parameters.push(Parameter {
                        name: Text::Owned(name),
                        shape: List::Owned(weight.shape.0),
                        init: weight.init,
                        learned: weight.learned,
                    });
                }
            }
        }
        weights
    }

    /// A pack of a layer's weights with a batch norm folded in, or of a batch norm alone; its index.
    pub fn pack(&mut self, form: Form, layer: Option<&Call>, batch_norm: Option<&Call>) -> usize {
        let pack = Pack {
            form,
            weight: layer.and_then(|call| self.index(call, "weight")),
            bias: layer.and_then(|call| self.index(call, "bias")),
            more_bias: None,
            batch_norm: batch_norm.and_then(|call| {
                Some(BatchNorm {
                    weight: self.index(call, "weight"),
                    bias: self.index(call, "bias"),
                    mean: self.index(call, "running_mean")?,
                    variance: self.index(call, "running_var")?,
                    eps: call.args.number("eps"),
                })
            }),
        };
        self.packs.push(pack);
        self.packs.len() - 1
    }

    /// A pack of weights by their names below a layer's path; of the second bias the first `n_more` elements are added.
    pub fn pack_named(&mut self, form: Form, layer: &Call, weight: &str, biases: [Option<&str>; 2], n_more: usize) -> usize {
        let [bias, more] = biases.map(|name| name.and_then(|name| self.index(layer, name)));
        let more_bias = more.map(|index| MoreBias { index, len: n_more });
        self.packs.push(Pack { form, weight: self.index(layer, weight), bias, more_bias, batch_norm: None });
        self.packs.len() - 1
    }

    /// Learned parameters of the network.
    pub fn n_parameters(&self) -> usize {
        self.parameters.iter().filter(|p| p.learned).map(|p| p.shape.iter().product::<usize>()).sum()
    }

    fn index(&self, call: &Call, weight: &str) -> Option<usize> {
        self.by_name.get(&full_name(call, weight)).copied()
    }
}

/// `layer1.0.conv1.weight`
fn full_name(call: &Call, weight: &str) -> String {
    if call.path.is_empty() { weight.to_string() } else { format!("{}.{weight}", call.path) }
}
