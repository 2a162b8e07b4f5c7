//! The layers of the language, one line each. Floor 5.

use crate::graph::Call;
use crate::ops::{self, AnyLayer, Default, Entry, Inputs, Weight, written};
use crate::shape::Shape;
use std::fmt::Write;
use std::marker::PhantomData;

macro_rules! layers {
    ($($layer:ty,)*) => {
        /// Every layer, in the order of the documentation.
        pub static LAYERS: &[&dyn AnyLayer] = &[$(&Entry::<$layer>(PhantomData)),*];
    };
}

layers! {
    ops::conv::Conv,
    ops::conv_transpose::ConvTranspose,
    ops::depthwise_conv::DepthwiseConv,
    ops::separable_conv::SeparableConv,
    ops::linear::Linear,
    ops::rnn::Rnn,
    ops::lstm::Lstm,
    ops::gru::Gru,
    ops::max_pool::MaxPool,
    ops::avg_pool::AvgPool,
    ops::adaptive_avg_pool::AdaptiveAvgPool,
    ops::adaptive_max_pool::AdaptiveMaxPool,
    ops::global_avg_pool::GlobalAvgPool,
    ops::upsample::Upsample,
    ops::resize::Resize,
    ops::batch_norm::BatchNorm,
    ops::group_norm::GroupNorm,
    ops::layer_norm::LayerNorm,
    ops::instance_norm::InstanceNorm,
    ops::local_response_norm::LocalResponseNorm,
    ops::dropout::Dropout,
    ops::relu::Relu,
    ops::leaky_relu::LeakyRelu,
    ops::relu6::Relu6,
    ops::sigmoid::Sigmoid,
    ops::tanh::Tanh,
    ops::silu::Silu,
    ops::gelu::Gelu,
    ops::hard_swish::HardSwish,
    ops::hard_sigmoid::HardSigmoid,
    ops::elu::Elu,
    ops::softplus::Softplus,
    ops::prelu::Prelu,
    ops::softmax::Softmax,
    ops::log_softmax::LogSoftmax,
    ops::flatten::Flatten,
    ops::reshape::Reshape,
    ops::permute::Permute,
    ops::slice::Slice,
    ops::split::Split,
    ops::shuffle_channels::ShuffleChannels,
    ops::mean::Mean,
    ops::add::Add,
    ops::mul::Mul,
    ops::scale::Scale,
    ops::map::Map,
    ops::concat::Concat,
    ops::pad::Pad,
    ops::subsample::Subsample,
    ops::pad_channels::PadChannels,
}

/// The layer of that name.
pub fn layer(name: &str) -> Option<&'static dyn AnyLayer> {
    LAYERS.iter().copied().find(|layer| layer.name() == name)
}

/// The entries of the state dict that a call brings, with their full names: `layer2.0.conv1.weight`. The shape rule has accepted the inputs.
pub fn parameters(call: &Call, inputs: &[&Shape]) -> Vec<(String, Weight)> {
    let weights = layer(call.layer).map(|layer| layer.parameters(&call.args, inputs)).unwrap_or_default();
    let named = |weight: Weight| match call.path.as_str() {
        "" => (weight.name.to_string(), weight),
        path => (format!("{path}.{}", weight.name), weight),
    };
    weights.into_iter().map(named).collect()
}

/// The layer table of the README, in Markdown: each layer with its arguments and their defaults, what it computes, its counterpart.
pub fn table() -> String {
    let mut table = String::from("| Layer | Computes | PyTorch |\n|---|---|---|\n");
    for layer in LAYERS {
        let _ = writeln!(table, "| `{}` | {} | {} |", usage(*layer), layer.about(), layer.source());
    }
    table
}

/// How a layer is written: `max_pool(window, stride = window, pad = 0, dilation = 1, round = exact)`.
pub fn usage(layer: &dyn AnyLayer) -> String {
    let mut parts: Vec<String> = match layer.inputs() {
        Inputs::One | Inputs::Named(_) => Vec::new(),
        Inputs::Two => vec!["other".into()],
        Inputs::Many => vec!["a, b, …".into()],
        Inputs::Closure => vec!["others…".into()],
    };
    for param in layer.signature() {
        parts.push(match &param.default {
            Default::Required => param.name.into(),
            Default::Of(other) => format!("{} = {other}", param.name),
            Default::Value(value) => format!("{} = {}", param.name, written(value)),
        });
    }
    if let Inputs::Named(names) = layer.inputs() {
        parts.extend(names.iter().map(|name| format!("{name} = 0")));
    }
    if parts.is_empty() { layer.name().into() } else { format!("{}({})", layer.name(), parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_distinct_and_found() {
        let names: HashSet<_> = LAYERS.iter().map(|layer| layer.name()).collect();
        assert_eq!(names.len(), LAYERS.len());
        assert!(LAYERS.iter().all(|known| layer(known.name()).is_some_and(|found| found.name() == known.name())));
        assert!(layer("banana").is_none());
    }

    #[test]
    fn required_arguments_come_first_and_defaults_are_accepted_by_their_own_signature() {
        for layer in LAYERS {
            let signature = layer.signature();
            let n_required = signature.iter().take_while(|param| param.default == Default::Required).count();
            for (index, param) in signature.iter().enumerate() {
                let place = format!("`{}` of `{}`", param.name, layer.name());
                assert!(signature[..index].iter().all(|other| other.name != param.name), "{place}");
                match &param.default {
                    Default::Required => assert!(index < n_required, "{place}"),
                    Default::Value(value) => assert_eq!(param.accepts(value), Ok(()), "{place}"),
                    Default::Of(other) => {
                        let other = signature[..index].iter().find(|before| before.name == *other);
                        assert!(other.is_some_and(|other| other.kind == param.kind), "{place}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_table_has_a_row_for_each_layer() {
        let table = table();
        assert_eq!(table.lines().count(), LAYERS.len() + 2);
        assert!(table.lines().all(|row| row.matches('|').count() == 4), "{table}");
        assert!(table.contains(
            "| `max_pool(window, stride = window, pad = 0, dilation = 1, round = exact)` | maximum of each window | `nn.MaxPool2d`, `nn.MaxPool1d` |\n"
        ));
        assert!(table.contains("\n| `batch_norm(eps = 1e-5, affine = true)` | "));
        assert!(table.contains("\n| `concat(a, b, …)` | "));
    }
}
