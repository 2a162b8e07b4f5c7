//! Kernels: what a step of the plan runs on an instruction set. Floor 2.
//!
//! A step is *prepared* once for a session: its sizes and pointers become the arguments of one function of the [`native::Table`] of
//! its instruction set. Running it is one call.

mod native;
mod pack;
mod prepare;
#[cfg(test)]
mod tests;
mod tiling;

pub use pack::{pack, packed_len};
pub use prepare::{Memory, PortPointers, Prepared};
pub use tiling::scratch_len;

use crate::isa::Isa;

/// The kernels of an instruction set.
fn table(isa: Isa) -> &'static native::Table {
    &tables()[match isa {
        Isa::Avx512 => 0,
        Isa::Avx2 => 1,
        Isa::Portable => 2,
    }]
}

/// The kernels that were compiled with this crate.
fn tables() -> &'static [native::Table; 3] {
    static TABLES: [native::Table; 3] = native::entries::TABLES;
    &TABLES
}
