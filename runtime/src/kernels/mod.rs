//! Kernels: what a step of the plan runs on an instruction set. Floor 2.
//!
//! A step is *prepared* once for a session: its sizes and pointers become the arguments of one function of the [`Table`] of
//! its instruction set. Running it is one call.

mod call;
pub mod native;
mod pack;
mod prepare;
mod program;
mod split;
mod strips;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod tiling;

#[cfg(feature = "jit")]
pub(crate) use call::{Call, Slot};
pub use pack::{Part, n_rows, pack, pack_part, packed_len, parts, row_len};
pub use prepare::{Memory, PackPointer, PortPointers, Prepared};
pub use split::{Split, nanoseconds};
pub use table::{Kernels, Table};
pub use tiling::scratch_len;

use std::hint::black_box;

use crate::isa::Isa;

/// Runs multiply-adds that touch registers only, `n_passes` times a few, in enough independent chains to keep the units busy, and returns
/// how many floating-point operations that were: two each. What no kernel exceeds, to be timed beside them.
///
/// # Panics
/// If this machine lacks `isa`.
pub fn multiply_adds(isa: Isa, n_passes: usize) -> f64 {
    assert!(isa.is_available(), "this machine has no {isa}");
    // SAFETY: it was asked for.
    let sum = unsafe { table::peak(isa)(black_box(0.5), n_passes) };
    black_box(sum);
    (n_passes * native::peak::CHAINS * isa.lanes() * 2) as f64
}
