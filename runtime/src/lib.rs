//! Convolutional networks as Rust source.
