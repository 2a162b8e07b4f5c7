//! Kernels: what a step of the plan runs on an instruction set. Floor 2.
//!
//! A step is *prepared* once for a session: its sizes and pointers become the arguments of one function of the [`native::Table`] of
//! its instruction set. Running it is one call.

mod call;
pub mod native;
mod pack;
mod prepare;
mod program;
mod split;
#[cfg(test)]
mod tests;
mod tiling;

#[cfg(feature = "jit")]
pub(crate) use call::{Call, Slot};
pub use pack::{Part, n_rows, pack, pack_part, packed_len, parts, row_len};
pub use prepare::{Memory, PortPointers, Prepared};
pub use split::{Split, nanoseconds};
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
    let sum = unsafe { (table(isa).f32_peak)(black_box(0.5), n_passes) };
    black_box(sum);
    (n_passes * native::peak::CHAINS * isa.lanes() * 2) as f64
}

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
