//! Root of the objects that hold the kernels, compiled by `build.rs` and optimised whatever the user's profile says. Floor 2.
//!
//! The same files are modules of the library: `crate::simd` and `super` mean the same in both. An object for each instruction
//! set, so that they are compiled side by side; each kernel is a symbol and a section of its own, so that a program holds those that
//! its networks call, with the version in its name, so that two versions of this crate link into one program. `kernels::table`
//! declares the same.
#![no_std]

#[path = "kernels/native/mod.rs"]
mod native;
mod simd;

use native::args::*;
use native::for_each_kernel;
use native::program::ProgramArgs;

/// Exports the kernels of an instruction set under the names that `kernels::table` declares.
macro_rules! export {
    ($isa:ident; $($(#[$about:meta])* $name:ident($($a:ident: $t:ty),*) $(-> $out:ty)?;)*) => {
        $(
            $(#[$about])*
            ///
            /// # Safety
            /// Its pointers are valid, and the machine has the instruction set.
            #[unsafe(export_name = concat!("convoke_", stringify!($isa), "_", stringify!($name), "_", env!("CARGO_PKG_VERSION")))]
            unsafe extern "C" fn $name($($a: $t),*) $(-> $out)? {
                // SAFETY: asked of the caller.
                unsafe { native::entries::$isa::$name($($a),*) }
            }
        )*
    };
}

#[cfg(convoke_isa = "avx512")]
for_each_kernel! { export, avx512 }
#[cfg(convoke_isa = "avx2")]
for_each_kernel! { export, avx2 }
#[cfg(convoke_isa = "portable")]
for_each_kernel! { export, portable }
