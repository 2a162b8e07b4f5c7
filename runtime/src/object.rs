//! Root of the object that holds the kernels, compiled by `build.rs` and optimised whatever the user's profile says. Floor 2.
//!
//! The same files are modules of the library: `crate::simd` and `super` mean the same in both. The object has one symbol that
//! others see, with the version in its name, so that two versions of this crate link into one program.
#![no_std]

#[path = "kernels/native/mod.rs"]
mod native;
mod simd;

/// The kernels by instruction set; `kernels::tables` declares the same.
#[unsafe(export_name = concat!("convoke_kernels_", env!("CARGO_PKG_VERSION")))]
pub static TABLES: [native::Table; 3] = native::entries::TABLES;
