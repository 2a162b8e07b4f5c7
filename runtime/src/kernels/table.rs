//! Which kernels a program holds: those that the plans of its networks call. Floor 2.
//!
//! A [`Table`] has a place for each kernel, filled where the program holds it. [`Kernels::of`] is evaluated while a network is compiled,
//! so that what the program refers to, and the linker keeps, are its plan's kernels and no others. [`Kernels::all`] refers to all: for
//! plans that are made at run time.

use std::borrow::Cow;

use convoke_compiler::plan::{Algorithm, Conv, Form, Kernel, Pack, Step, Strips};

use super::native::args::*;
use super::native::for_each_kernel;
use super::native::program::ProgramArgs;
use super::tiling::{ConvKernel, conv_kernel};
use crate::isa::Isa;

// What was compiled with this crate: an ordinary module. Where a target lacks an instruction set, the portable kernels stand in its
// place, and `Isa::is_available` says no.
#[cfg(all(not(all(convoke_object, not(test), not(clippy), not(doc))), target_arch = "x86_64"))]
use super::native::entries::{avx2, avx512, portable};
#[cfg(all(not(all(convoke_object, not(test), not(clippy), not(doc))), not(target_arch = "x86_64")))]
use super::native::entries::{portable as avx2, portable as avx512, portable};

/// Declares what `build.rs` compiled, optimised, from the same files: see `object.rs`.
#[cfg(all(convoke_object, not(test), not(clippy), not(doc)))]
macro_rules! declare {
    ($isa:ident; $($(#[$about:meta])* $name:ident($($a:ident: $t:ty),*) $(-> $out:ty)?;)*) => {
        mod $isa {
            use super::*;
            unsafe extern "C" {
                $(
                    #[link_name = concat!("convoke_", stringify!($isa), "_", stringify!($name), "_", env!("CARGO_PKG_VERSION"))]
                    pub fn $name($($a: $t),*) $(-> $out)?;
                )*
            }
        }
    };
}
#[cfg(all(convoke_object, not(test), not(clippy), not(doc)))]
for_each_kernel! { declare, avx512 }
#[cfg(all(convoke_object, not(test), not(clippy), not(doc)))]
for_each_kernel! { declare, avx2 }
#[cfg(all(convoke_object, not(test), not(clippy), not(doc)))]
for_each_kernel! { declare, portable }

/// Defines [`Table`].
macro_rules! table {
    (; $($(#[$about:meta])* $name:ident($($a:ident: $t:ty),*) $(-> $out:ty)?;)*) => {
        /// The kernels of one instruction set that the program holds.
        #[derive(Clone, Copy, Debug)]
        pub struct Table {
            isa: Isa,
            $($name: Option<unsafe extern "C" fn($($a: $t),*) $(-> $out)?>,)*
        }

        impl Table {
            /// None.
            const fn none(isa: Isa) -> Table {
                Table { isa, $($name: None,)* }
            }

            /// All that there are.
            const fn all(isa: Isa) -> Table {
                match isa {
                    Isa::Avx512 => Table { isa, $($name: Some(avx512::$name),)* },
                    Isa::Avx2 => Table { isa, $($name: Some(avx2::$name),)* },
                    Isa::Portable => Table { isa, $($name: Some(portable::$name),)* },
                }
            }

            $(
                $(#[$about])*
                ///
                /// It is called with arguments whose pointers are valid, on a machine that has the instruction set.
                ///
                /// # Panics
                /// If the program does not hold it.
                pub fn $name(&self) -> unsafe extern "C" fn($($a: $t),*) $(-> $out)? {
                    self.$name.expect(concat!("the plan's kernels hold ", stringify!($name)))
                }
            )*
        }
    };
}
for_each_kernel! { table }

impl Table {
    /// The instruction set.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// With what a step calls, which is what `Prepared::new` asks for.
    const fn hold_step(&mut self, all: &Table, kernel: &Kernel) {
        match kernel {
            Kernel::Conv(conv) => self.hold_conv(all, conv),
            Kernel::Strips(Strips { before, last }) => {
                self.hold_conv(all, last);
                let before = match before {
                    Cow::Borrowed(convs) => convs,
                    Cow::Owned(convs) => convs.as_slice(),
                };
                let mut i = 0;
                while i < before.len() {
                    self.hold_conv(all, &before[i]);
                    i += 1;
                }
            }
            Kernel::Linear(_) => self.f32_linear = all.f32_linear,
            Kernel::Pool(_) => self.f32_pool = all.f32_pool,
            Kernel::Affine(_)
            | Kernel::Activate(_)
            | Kernel::Prelu(_)
            | Kernel::Combine(_)
            | Kernel::Scale(_)
            | Kernel::Copy(_) => self.f32_map = all.f32_map,
            Kernel::Map(_) => self.f32_program = all.f32_program,
            Kernel::MeanChannels(_) => self.f32_mean = all.f32_mean,
            Kernel::Norm(_) => self.f32_norm = all.f32_norm,
            Kernel::LocalNorm(_) => self.f32_local_norm = all.f32_local_norm,
            Kernel::Resize(_) => self.f32_resize = all.f32_resize,
            Kernel::Softmax(_) => self.f32_softmax = all.f32_softmax,
            Kernel::Recurrent(_) => self.f32_recurrent = all.f32_recurrent,
            Kernel::ClearBorder(_) => self.f32_clear_border = all.f32_clear_border,
        }
    }

    const fn hold_conv(&mut self, all: &Table, conv: &Conv) {
        self.hold_algorithm(all, conv, conv.algorithm);
        // `Numerics::Direct` asks for it.
        self.hold_algorithm(all, conv, conv.algorithm.direct());
    }

    const fn hold_algorithm(&mut self, all: &Table, conv: &Conv, algorithm: Algorithm) {
        let (channels, filters) = (conv.input.channels / conv.groups, conv.output.channels / conv.groups);
        match conv_kernel(algorithm, filters, channels, self.isa) {
            ConvKernel::Direct => self.f32_conv_direct = all.f32_conv_direct,
            ConvKernel::Pixels => self.f32_conv_pixels = all.f32_conv_pixels,
            ConvKernel::Winograd => self.f32_conv_winograd = all.f32_conv_winograd,
            ConvKernel::WinogradSmall => self.f32_conv_winograd_small = all.f32_conv_winograd_small,
            ConvKernel::WinogradPlain => self.f32_conv_winograd_plain = all.f32_conv_winograd_plain,
            ConvKernel::Depthwise => self.f32_conv_depthwise = all.f32_conv_depthwise,
            ConvKernel::Grouped => self.f32_conv_grouped = all.f32_conv_grouped,
            ConvKernel::GroupedVector => self.f32_conv_grouped_vector = all.f32_conv_grouped_vector,
        }
    }

    /// With what makes a pack, which is what `pack_part` asks for.
    const fn hold_pack(&mut self, all: &Table, pack: &Pack) {
        self.f32_scale = all.f32_scale;
        match pack.form {
            Form::Conv { algorithm, .. } | Form::ConvPart { algorithm, .. } => {
                self.f32_pack_conv = all.f32_pack_conv;
                if algorithm.tile().is_some() {
                    self.f32_pack_winograd = all.f32_pack_winograd;
                }
            }
            Form::Rows { .. } => self.f32_pack_conv = all.f32_pack_conv,
            // `WeightType::Bf16` asks for the same.
            Form::Linear { .. } | Form::LinearBf16 { .. } => self.f32_pack_linear = all.f32_pack_linear,
            Form::Recurrent { .. } => self.f32_pack_recurrent = all.f32_pack_recurrent,
            Form::Slopes { .. } | Form::Elements { .. } | Form::Affine { .. } => {}
        }
    }
}

/// The loop that measures what no kernel exceeds: it is a part of the program without the others.
pub fn peak(isa: Isa) -> unsafe extern "C" fn(f32, usize) -> f32 {
    const fn only(isa: Isa) -> Table {
        Table { f32_peak: Table::all(isa).f32_peak, ..Table::none(isa) }
    }
    static PEAKS: Kernels = Kernels { tables: [only(Isa::Avx512), only(Isa::Avx2), only(Isa::Portable)] };
    PEAKS.table(isa).f32_peak()
}

/// The kernels of all instruction sets that the program holds for a network.
#[derive(Debug)]
pub struct Kernels {
    tables: [Table; 3],
}

impl Kernels {
    /// Those that a plan of these steps and packs calls, with any numerics.
    pub const fn of(steps: &[Step], packs: &[Pack]) -> Kernels {
        let mut tables = [Table::none(Isa::Avx512), Table::none(Isa::Avx2), Table::none(Isa::Portable)];
        // Constant functions know no `for`.
        let mut i = 0;
        while i < tables.len() {
            let (own, all) = (&mut tables[i], Table::all(Isa::ALL[i]));
            let mut step = 0;
            while step < steps.len() {
                own.hold_step(&all, &steps[step].kernel);
                step += 1;
            }
            let mut pack = 0;
            while pack < packs.len() {
                own.hold_pack(&all, &packs[pack]);
                pack += 1;
            }
            i += 1;
        }
        Kernels { tables }
    }

    /// All that there are: a program that calls it holds them all.
    pub fn all() -> &'static Kernels {
        static ALL: Kernels = Kernels { tables: [Table::all(Isa::Avx512), Table::all(Isa::Avx2), Table::all(Isa::Portable)] };
        &ALL
    }

    /// Those of an instruction set.
    pub fn table(&self, isa: Isa) -> &Table {
        &self.tables[match isa {
            Isa::Avx512 => 0,
            Isa::Avx2 => 1,
            Isa::Portable => 2,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_steps_holds_nothing_and_all_are_there_for_each_instruction_set() {
        static NONE: Kernels = Kernels::of(&[], &[]);
        for isa in Isa::ALL {
            assert!(NONE.table(isa).f32_conv_direct.is_none() && NONE.table(isa).f32_scale.is_none());
            let all = Kernels::all().table(isa);
            assert_eq!(all.isa(), isa);
            assert!(all.f32_conv_direct.is_some() && all.f32_scale.is_some());
        }
    }
}
