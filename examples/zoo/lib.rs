//! The zoo: classic networks, one readable file each, written to be copied.

pub mod lenet;
pub mod resnet_cifar;

mod scores;

pub use scores::softmax;
