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
}

/// The layer of that name.
pub fn layer(name: &str) -> Option<&'static dyn AnyLayer> {
    LAYERS.iter().copied().find(|layer| layer.name() == name)
}
