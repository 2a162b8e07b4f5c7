//! Convolutional networks as Rust source.

pub mod buffer;
pub mod isa;
pub mod kernels;
