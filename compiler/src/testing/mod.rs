//! What tests of the compiler and of back ends share: random graphs with their weights, and a naive interpreter of plans.
//! Not part of what users link: behind the feature `testing`.

mod graphs;
mod interpret;
mod networks;

pub use graphs::{Random, random_graph, random_input, random_weight, random_weights};
pub use interpret::{Machine, index};
pub use networks::{dense_block, lenet5, option_a, resnet50};
