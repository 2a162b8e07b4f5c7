//! The `network!` macro: a shim around `convoke_compiler`.
#![forbid(unsafe_code)]
