//! The zoo: classic networks, one readable file each, written to be copied.
//!
//! Weights are named as in torchvision, so that its files load as they are; multiply-adds are those that it publishes.

pub mod alexnet;
pub mod crnn;
pub mod densenet;
pub mod efficientnet;
pub mod fcn;
pub mod googlenet;
pub mod inception_v3;
pub mod lenet;
mod members;
pub mod mobilenet;
pub mod npy;
pub mod resnet;
pub mod resnet_cifar;
pub mod resnext;
pub mod separable;
pub mod squeezenet;
pub mod unet;
pub mod vgg;

mod scores;

pub use members::{Loaded, MEMBERS, Member, member};
pub use scores::{probabilities, softmax};
