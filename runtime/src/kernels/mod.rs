//! Kernels: what a step of the plan runs on an instruction set. Floor 2.
//!
//! A step is *prepared* once for a session: its sizes and pointers become the arguments of one function of the [`native::Table`] of
//! its instruction set. Running it is one call.

pub mod native;
mod pack;
mod prepare;
mod program;
mod split;
#[cfg(test)]
mod tests;
mod tiling;

pub use pack::{Part, n_rows, pack, pack_part, packed_len, parts, row_len};
pub use prepare::{Memory, PortPointers, Prepared};
pub use split::{Split, nanoseconds};
pub use tiling::scratch_len;

use crate::isa::Isa;

/// The kernels of an instruction set, which were compiled with this crate: an ordinary module.
#[cfg(not(all(convoke_object, not(test), not(clippy), not(doc))))]
fn table(isa: Isa) -> &'static native::Table {
    native::entries::TABLES[match isa {
        Isa::Avx512 => 0,
        Isa::Avx2 => 1,
        Isa::Portable => 2,
    }]
}

/// The kernels of an instruction set, which `build.rs` compiled, optimised, from the same files.
#[cfg(all(convoke_object, not(test), not(clippy), not(doc)))]
fn table(isa: Isa) -> &'static native::Table {
    unsafe extern "C" {
        #[link_name = concat!("convoke_kernels_avx512_", env!("CARGO_PKG_VERSION"))]
        safe static AVX512: native::Table;
        #[link_name = concat!("convoke_kernels_avx2_", env!("CARGO_PKG_VERSION"))]
        safe static AVX2: native::Table;
        #[link_name = concat!("convoke_kernels_portable_", env!("CARGO_PKG_VERSION"))]
        safe static PORTABLE: native::Table;
    }
    match isa {
        Isa::Avx512 => &AVX512,
        Isa::Avx2 => &AVX2,
        Isa::Portable => &PORTABLE,
    }
}
