//! The layers of the language, one line each. Floor 5.

use crate::ops::{self, AnyLayer, Entry};
use std::marker::PhantomData;

macro_rules! layers {
    ($($layer:ty,)*) => {
        /// Every layer, in the order of the documentation.
        pub static LAYERS: &[&dyn AnyLayer] = &[$(&Entry::<$layer>(PhantomData)),*];
    };
}

layers! {
    ops::conv::Conv,
    ops::linear::Linear,
    ops::max_pool::MaxPool,
    ops::avg_pool::AvgPool,
    ops::adaptive_avg_pool::AdaptiveAvgPool,
    ops::adaptive_max_pool::AdaptiveMaxPool,
    ops::batch_norm::BatchNorm,
    ops::dropout::Dropout,
    ops::relu::Relu,
    ops::leaky_relu::LeakyRelu,
    ops::relu6::Relu6,
    ops::sigmoid::Sigmoid,
    ops::tanh::Tanh,
    ops::softmax::Softmax,
    ops::flatten::Flatten,
    ops::add::Add,
    ops::mul::Mul,
    ops::concat::Concat,
    ops::pad::Pad,
    ops::subsample::Subsample,
    ops::pad_channels::PadChannels,
}

/// The layer of that name.
pub fn layer(name: &str) -> Option<&'static dyn AnyLayer> {
    LAYERS.iter().copied().find(|layer| layer.name() == name)
}
