//! Root of the objects that hold the kernels, compiled by `build.rs` and optimised whatever the user's profile says. Floor 2.
//!
//! The same files are modules of the library: `crate::simd` and `super` mean the same in both. An object for each instruction
//! set, so that they are compiled side by side; each has one symbol that is meant for others, with the version in its name, so
//! that two versions of this crate link into one program. `kernels::tables` declares the same.
#![no_std]

#[path = "kernels/native/mod.rs"]
mod native;
mod simd;

/// AVX-512.
#[cfg(convoke_isa = "avx512")]
#[unsafe(export_name = concat!("convoke_kernels_avx512_", env!("CARGO_PKG_VERSION")))]
pub static TABLE: native::Table = native::entries::avx512::TABLE;

/// AVX2.
#[cfg(convoke_isa = "avx2")]
#[unsafe(export_name = concat!("convoke_kernels_avx2_", env!("CARGO_PKG_VERSION")))]
pub static TABLE: native::Table = native::entries::avx2::TABLE;

/// Portable.
#[cfg(convoke_isa = "portable")]
#[unsafe(export_name = concat!("convoke_kernels_portable_", env!("CARGO_PKG_VERSION")))]
pub static TABLE: native::Table = native::entries::portable::TABLE;
