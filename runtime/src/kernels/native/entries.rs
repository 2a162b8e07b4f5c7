//! The entry functions of each instruction set: what carries `target_feature`, so that everything inlined beneath has it. Floor 2.

use super::args::*;
use super::conv::{self, Parts, Rows};
use super::direct::{self, Finish, Tiled, Tiles, TilesFn};
use super::lanes::{self, Groups, Lanes};
use super::pixels::{self, Plane, Planes};
use super::share::Share;
use super::winograd::products::{self, Product, ProductFn};
use super::winograd::transforms::{self, Gather, Scatter};
use super::winograd::{self, Winograd, plain, small};
use super::{linear, map, math, mean, norm, pack, peak, pool, program, recurrent, resize, softmax};

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
            pub use super::{f32_clear_border, f32_pack_conv, f32_pack_linear, f32_pack_recurrent};
            type S = crate::simd::$simd;

            // SAFETY of the blocks below: each asks of its caller what the function that it calls does.

            impl Parts for S {
                $(#[target_feature(enable = $feature)])?
                unsafe fn activate(act: &Act, p: *mut f32, len: usize) {
                    // SAFETY: as above.
                    unsafe { math::activate_run::<S>(act, p, len) }
                }

                $(#[target_feature(enable = $feature)])?
                unsafe fn pool(a: &PoolArgs, y0: usize, y1: usize) {
                    // SAFETY: as above.
                    unsafe { pool::rows::<S>(a, y0, y1) }
                }

                $(#[target_feature(enable = $feature)])?
                unsafe fn linear(a: &LinearArgs) {
                    // SAFETY: as above.
                    unsafe { f32_linear(a, 0, 1) }
                }
            }

            impl Tiled for S {
                const PIXELS: [usize; 3] = [[$($one),*].len(), [$($two),*].len(), [$($four),*].len()];
                const TILES: [&'static [TilesFn]; 3] =
                    [&[$(tiles::<$one, 1>),*], &[$(tiles::<$two, 2>),*], &[$(tiles::<$four, 4>),*]];

                $(#[target_feature(enable = $feature)])?
                unsafe fn finish(a: &Finish) {
                    // SAFETY: as above.
                    unsafe { direct::finish::<S>(a) }
                }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn tiles<const T: usize, const NB: usize>(a: &Tiles) {
                // SAFETY: as above.
                unsafe { direct::tiles::<S, T, NB>(a) }
            }

            impl Lanes for S {
                $(#[target_feature(enable = $feature)])?
                #[inline(never)]
                unsafe fn square<const READS: u8, const STRIDE: usize>(a: &ConvArgs, groups: &Groups, y: usize, x: usize, f: usize) {
                    // SAFETY: as above.
                    unsafe { lanes::square::<S, READS, STRIDE, { lanes::tile_pixels::<S>() }>(a, groups, y, x, f) }
                }

                $(#[target_feature(enable = $feature)])?
                #[inline(never)]
                unsafe fn pixels<const READS: u8, const T: usize, const MASKED: bool>(
                    a: &ConvArgs,
                    groups: &Groups,
                    y: usize,
                    x: usize,
                    f: usize,
                ) {
                    // SAFETY: as above.
                    unsafe { lanes::pixels::<S, READS, T, MASKED>(a, groups, y, x, f) }
                }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn product<const T: usize>(a: &Product) {
                // SAFETY: as above.
                unsafe { products::product::<S, T>(a) }
            }

            impl Winograd for S {
                const PRODUCTS: &'static [ProductFn] = &[$(product::<$two>),*];

                $(#[target_feature(enable = $feature)])?
                #[inline(never)]
                unsafe fn gather<const M: usize>(a: &Gather) {
                    // SAFETY: as above.
                    unsafe { transforms::gather::<S, M>(a) }
                }

                $(#[target_feature(enable = $feature)])?
                #[inline(never)]
                unsafe fn scatter<const M: usize>(a: &Scatter) {
                    // SAFETY: as above.
                    unsafe { transforms::scatter::<S, M>(a) }
                }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn winograd_rows(a: &ConvArgs, rows: (usize, usize), blocks: (usize, usize)) {
                // SAFETY: as above.
                unsafe { winograd::rows::<S>(a, rows, blocks) }
            }

            const WINOGRAD: Rows = Rows {
                row_unit: winograd::row_unit,
                n_blocks: winograd::n_blocks::<S>,
                first_filter: winograd::first_filter::<S>,
                rows: winograd_rows,
            };

            $(#[target_feature(enable = $feature)])?
            unsafe fn small_rows(a: &ConvArgs, rows: (usize, usize), _: (usize, usize)) {
                // SAFETY: as above.
                unsafe { small::rows::<S>(a, rows) }
            }

            const WINOGRAD_SMALL: Rows = Rows { rows: small_rows, ..WINOGRAD };

            $(#[target_feature(enable = $feature)])?
            unsafe fn plain_rows(a: &ConvArgs, rows: (usize, usize), blocks: (usize, usize)) {
                // SAFETY: as above.
                unsafe { plain::rows::<S, { plain::n_tiles::<S>() }>(a, rows, blocks) }
            }

            const WINOGRAD_PLAIN: Rows = Rows {
                row_unit: winograd::row_unit,
                n_blocks: plain::n_blocks::<S>,
                first_filter: plain::first_filter::<S>,
                rows: plain_rows,
            };

            $(#[target_feature(enable = $feature)])?
            unsafe fn direct_rows(a: &ConvArgs, rows: (usize, usize), blocks: (usize, usize)) {
                // SAFETY: as above.
                unsafe { direct::rows::<S>(a, rows, blocks) }
            }

            const DIRECT: Rows = Rows {
                row_unit: direct::row_unit::<S>,
                n_blocks: direct::n_blocks::<S>,
                first_filter: direct::first_filter::<S>,
                rows: direct_rows,
            };

            $(#[target_feature(enable = $feature)])?
            unsafe fn lanes_rows<const READS: u8>(a: &ConvArgs, rows: (usize, usize), _: (usize, usize)) {
                // SAFETY: as above.
                unsafe { lanes::rows::<S, READS>(a, rows) }
            }

            const fn lanes<const READS: u8>() -> Rows {
                let (row_unit, n_blocks, first_filter) = (lanes::row_unit, lanes::n_blocks, lanes::first_filter);
                Rows { row_unit, n_blocks, first_filter, rows: lanes_rows::<READS> }
            }

            impl Planes for S {
                $(#[target_feature(enable = $feature)])?
                #[inline(never)]
                unsafe fn plane<const F: usize>(a: &Plane) {
                    // SAFETY: as above.
                    unsafe { pixels::plane::<S, F>(a) }
                }
            }

            $(#[target_feature(enable = $feature)])?
            unsafe fn pixels_rows(a: &ConvArgs, rows: (usize, usize), _: (usize, usize)) {
                // SAFETY: as above.
                unsafe { pixels::rows::<S>(a, rows) }
            }

            pub unsafe extern "C" fn f32_conv_direct(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S>(&*a, Share { part, n_parts }, &DIRECT) }
            }

            pub unsafe extern "C" fn f32_conv_winograd(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S>(&*a, Share { part, n_parts }, &WINOGRAD) }
            }

            pub unsafe extern "C" fn f32_conv_winograd_small(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S>(&*a, Share { part, n_parts }, &WINOGRAD_SMALL) }
            }

            pub unsafe extern "C" fn f32_conv_winograd_plain(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S>(&*a, Share { part, n_parts }, &WINOGRAD_PLAIN) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_pack_winograd(a: *const PackConvArgs) {
                // SAFETY: as above.
                unsafe { winograd::pack::pack::<S>(&*a) }
            }

            pub unsafe extern "C" fn f32_conv_depthwise(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S>(&*a, Share { part, n_parts }, &lanes::<{ lanes::DEPTHWISE }>()) }
            }

            pub unsafe extern "C" fn f32_conv_grouped(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S>(&*a, Share { part, n_parts }, &lanes::<{ lanes::PERMUTED }>()) }
            }

            pub unsafe extern "C" fn f32_conv_grouped_vector(a: *const ConvArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { conv::layer::<S>(&*a, Share { part, n_parts }, &lanes::<{ lanes::SPLAT }>()) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_conv_pixels(a: *const ConvArgs, part: usize, n_parts: usize) {
                let rows = Rows { rows: pixels_rows, ..lanes::<{ lanes::DEPTHWISE }>() };
                // SAFETY: as above.
                unsafe { pixels::layer::<S>(&*a, Share { part, n_parts }, &rows) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_linear(a: *const LinearArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { linear::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_pool(a: *const PoolArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { pool::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_map(a: *const MapArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { map::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_program(a: *const program::ProgramArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { program::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_softmax(a: *const SoftmaxArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { softmax::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_recurrent(a: *const RecurrentArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { recurrent::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_mean(a: *const MeanArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { mean::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_norm(a: *const NormArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { norm::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_local_norm(a: *const LocalNormArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { norm::local::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_resize(a: *const ResizeArgs, part: usize, n_parts: usize) {
                // SAFETY: as above.
                unsafe { resize::layer::<S>(&*a, Share { part, n_parts }) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_scale(a: *const ScaleArgs) {
                // SAFETY: as above.
                unsafe { pack::scale(&*a) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn f32_peak(x: f32, n_passes: usize) -> f32 {
                // SAFETY: as above.
                unsafe { peak::multiply_adds::<S>(x, n_passes) }
            }
        }
    };
}

pub unsafe extern "C" fn f32_clear_border(a: *const BorderArgs, part: usize, n_parts: usize) {
    // SAFETY: asked of the caller.
    unsafe { map::clear_border(&*a, Share { part, n_parts }) }
}

pub unsafe extern "C" fn f32_pack_conv(a: *const PackConvArgs) {
    // SAFETY: asked of the caller.
    unsafe { pack::conv(&*a) }
}

pub unsafe extern "C" fn f32_pack_linear(a: *const PackLinearArgs) {
    // SAFETY: asked of the caller.
    unsafe { pack::linear(&*a) }
}

pub unsafe extern "C" fn f32_pack_recurrent(a: *const PackRecurrentArgs) {
    // SAFETY: asked of the caller.
    unsafe { pack::recurrent(&*a) }
}

#[cfg(all(target_arch = "x86_64", not(any(convoke_isa = "avx2", convoke_isa = "portable"))))]
entries! {
    /// 16 lanes, 32 registers: 14 pixels x 32 filters.
    avx512, Avx512, ["avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"],
    1: [1 2 3 4 5 6 7 8 9 10 11 12 13 14], 2: [1 2 3 4 5 6 7 8 9 10 11 12 13 14], 4: [1 2 3 4 5]
}

#[cfg(all(target_arch = "x86_64", not(any(convoke_isa = "avx512", convoke_isa = "portable"))))]
entries! {
    /// 8 lanes, 16 registers: 6 pixels x 16 filters.
    avx2, Avx2, ["avx2,fma"],
    1: [1 2 3 4 5 6 7 8 9 10], 2: [1 2 3 4 5 6], 4: [1 2]
}

#[cfg(not(any(convoke_isa = "avx512", convoke_isa = "avx2")))]
entries! {
    /// 4 lanes, at least 16 registers: 4 pixels x 8 filters.
    portable, Portable, [],
    1: [1 2 3 4 5 6], 2: [1 2 3 4], 4: [1]
}
