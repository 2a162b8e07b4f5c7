//! The entry functions of each instruction set: what carries `target_feature`, so that everything inlined beneath has it. Floor 2.

use super::args::*;
use super::conv::{self, Parts, Rows};
use super::direct::{self, Finish, Tile, TileFn, Tiled};
use super::fixed::{self, Fixed};
use super::lanes::{self, Lanes};
use super::share::Share;
use super::{Table, linear, map, math, norm, pack, pool, resize, softmax};

/// The kernel of each of `plan::FIXED_CONVS`: an instance where runs of the window are so short that it gains, by 1.2 times at 3
/// channels to 1.7 at 1; the same bits from sizes at run time where it gained nothing, to save the compiler's time.
macro_rules! fixed_convs {
    [portable] => {
        [f32_conv_direct; fixed::N_FIXED]
    };
    [$isa:ident] => {
        [
            f32_conv_fixed::<1, 3, 3, 1, 1>,
            f32_conv_fixed::<1, 5, 5, 1, 1>,
            f32_conv_fixed::<3, 3, 3, 1, 1>,
            f32_conv_fixed::<3, 3, 3, 2, 2>,
            f32_conv_direct,
            f32_conv_direct,
            f32_conv_direct,
            f32_conv_direct,
            f32_conv_direct,
            f32_conv_direct,
            f32_conv_direct,
            f32_conv_direct,
        ]
    };
}

/// Defines a module of entry functions for one instruction set.
macro_rules! entries {
    (
        $(#[$about:meta])*
        $isa:ident, $simd:ident, [$($feature:literal)?],
        1: [$($one:literal)*], 2: [$($two:literal)*], 4: [$($four:literal)*]
    ) => {
        $(#[$about])*
        pub mod $isa {
            use super::*;
            type S = crate::simd::$simd;

            impl Parts for S {
                const ACTIVATE: unsafe fn(&Act, *mut f32, usize) = activate;
                const POOL: unsafe fn(&PoolArgs, usize, usize) = pool_rows;
            }

            impl Tiled for S {
                const FINISH: unsafe fn(&Finish) = finish;
                const PIXELS: [usize; 3] = [[$($one),*].len(), [$($two),*].len(), [$($four),*].len()];
                const TILES: [&'static [TileFn]; 3] =
                    [&[$(tile::<$one, 1>),*], &[$(tile::<$two, 2>),*], &[$(tile::<$four, 4>),*]];
            }

            // SAFETY of the blocks below: each entry asks of its caller what the function that it calls does.

            $(#[target_feature(enable = $feature)])?
            unsafe fn tile<const T: usize, const NB: usize>(a: &Tile) {
                // SAFETY: as above.
                unsafe { direct::tile::<S, T, NB, false>(a) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn finish(a: &Finish) {
                // SAFETY: as above.
                unsafe { direct::finish::<S>(a) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn activate(act: &Act, p: *mut f32, len: usize) {
                // SAFETY: as above.
                unsafe { math::activate_run::<S>(act, p, len) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn pool_rows(a: &PoolArgs, y0: usize, y1: usize) {
                // SAFETY: as above.
                unsafe { pool::rows::<S>(a, y0, y1) }
            }

            struct Direct;

            impl Rows for Direct {
                #[inline(always)]
                fn row_unit(a: &ConvArgs) -> usize {
                    direct::row_unit::<S>(a)
                }

                #[inline(always)]
                fn n_blocks(a: &ConvArgs) -> usize {
                    direct::n_blocks::<S>(a)
                }

                #[inline(always)]
                fn first_filter(a: &ConvArgs, block: usize) -> usize {
                    direct::first_filter::<S>(a, block)
                }

                #[inline(always)]
                unsafe fn rows(a: &ConvArgs, rows: (usize, usize), blocks: (usize, usize)) {
                    // SAFETY: as above.
                    unsafe { direct::rows::<S>(a, rows, blocks) }
                }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_conv_direct(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S, Direct>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_conv_depthwise(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S, Lanes<S, { lanes::DEPTHWISE }>>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_conv_grouped(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S, Lanes<S, { lanes::PERMUTED }>>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_conv_grouped_vector(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S, Lanes<S, { lanes::SPLAT }>>(&*a, Share { part, n_parts }) }
            }

            /// A convolution with every loop bound of its window a constant.
            ///
            /// # Safety
            /// The machine has the instruction set, the pointers are valid for the sizes beside them, and the convolution has
            /// one group, these sizes, no dilation, and input pixels that lie side by side.
            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_conv_fixed<
                const C: usize,
                const KH: usize,
                const KW: usize,
                const SH: usize,
                const SW: usize,
            >(
                a: *const ConvArgs,
                part: usize,
                n_parts: usize,
            ) {
                // SAFETY: as above.
                unsafe { conv::layer::<S, Fixed<S, C, KH, KW, SH, SW>>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_linear(a: *const LinearArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { linear::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_pool(a: *const PoolArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { pool::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_map(a: *const MapArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { map::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_softmax(a: *const SoftmaxArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { softmax::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_norm(a: *const NormArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { norm::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_local_norm(a: *const LocalNormArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { norm::local::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe extern "C" fn f32_resize(a: *const ResizeArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { resize::layer::<S>(&*a, Share { part, n_parts }) }
            }

            /// What this instruction set offers.
            pub const TABLE: Table = Table {
                f32_conv_direct,
                f32_conv_depthwise,
                f32_conv_grouped,
                f32_conv_grouped_vector,
                f32_conv_fixed: fixed_convs![$isa],
                f32_linear,
                f32_pool,
                f32_map,
                f32_norm,
                f32_local_norm,
                f32_resize,
                f32_softmax,
                f32_clear_border,
                f32_pack_conv,
                f32_pack_linear,
            };
        }
    };
}

unsafe extern "C" fn f32_clear_border(a: *const BorderArgs, part: usize, n_parts: usize) {
    // SAFETY: asked of the caller, see `Table`.
    unsafe { map::clear_border(&*a, Share { part, n_parts }) }
}

unsafe extern "C" fn f32_pack_conv(a: *const PackConvArgs) {
    // SAFETY: asked of the caller, see `Table`.
    unsafe { pack::conv(&*a) }
}

unsafe extern "C" fn f32_pack_linear(a: *const PackLinearArgs) {
    // SAFETY: asked of the caller, see `Table`.
    unsafe { pack::linear(&*a) }
}

#[cfg(target_arch = "x86_64")]
entries! {
    /// 16 lanes, 32 registers: 14 pixels x 32 filters.
    avx512, Avx512, ["avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"],
    1: [1 2 3 4 5 6 7 8 9 10 11 12 13 14], 2: [1 2 3 4 5 6 7 8 9 10 11 12 13 14], 4: [1 2 3 4 5]
}

#[cfg(target_arch = "x86_64")]
entries! {
    /// 8 lanes, 16 registers: 6 pixels x 16 filters.
    avx2, Avx2, ["avx2,fma"],
    1: [1 2 3 4 5 6 7 8 9 10], 2: [1 2 3 4 5 6], 4: [1 2]
}

entries! {
    /// 4 lanes, at least 16 registers: 4 pixels x 8 filters.
    portable, Portable, [],
    1: [1 2 3 4 5 6 7 8], 2: [1 2 3 4], 4: [1]
}

/// The kernels of each instruction set: AVX-512, AVX2, portable. Where a target lacks one, the portable kernels stand in its
/// place, and `Isa::is_available` says no.
pub static TABLES: [&Table; 3] = [
    #[cfg(target_arch = "x86_64")]
    &avx512::TABLE,
    #[cfg(target_arch = "x86_64")]
    &avx2::TABLE,
    #[cfg(not(target_arch = "x86_64"))]
    &portable::TABLE,
    #[cfg(not(target_arch = "x86_64"))]
    &portable::TABLE,
    &portable::TABLE,
];
