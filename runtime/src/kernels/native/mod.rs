//! The loops: everything here takes raw pointers and integers and is compiled twice. Floor 2.
//!
//! Once as an ordinary module, for tests, lints and editors and for instances that are made in a user's crate; and once, optimised
//! whatever the user's profile says, as the object that `build.rs` links (root: `object.rs`). Its symbols are the
//! kernels listed below, so this file is also the list of signatures that both sides agree on.
//!
//! What a pointer must be valid for is said by the sizes and strides beside it; `Prepared::new` takes that promise from the
//! plan's acceptance. Strides and sizes are counted in floats.

pub mod args;
pub mod conv;
pub mod direct;
pub mod entries;
pub mod lanes;
pub mod linear;
pub mod map;
pub mod math;
pub mod mean;
pub mod norm;
pub mod pack;
pub mod peak;
pub mod pixels;
pub mod pool;
pub mod program;
pub mod recurrent;
pub mod resize;
pub mod share;
pub mod softmax;
pub mod transpose;
pub mod winograd;

/// `a / b` rounded up; 0 for a `b` of 0, so that no way to a panic is left in the object.
#[inline(always)]
const fn div_ceil(a: usize, b: usize) -> usize {
    match (a + b).saturating_sub(1).checked_div(b) {
        Some(quotient) => quotient,
        None => 0,
    }
}

/// `a / b`; 0 for a `b` of 0.
#[inline(always)]
const fn div(a: usize, b: usize) -> usize {
    match a.checked_div(b) {
        Some(quotient) => quotient,
        None => 0,
    }
}

/// A kernel: its arguments, which share of the work it does, and of how many. Shares write disjoint elements, and may run at once.
pub type Entry<Args> = unsafe extern "C" fn(*const Args, usize, usize);

/// All kernels: `for_each_kernel! { with, … }` is `with! { …; kernels }`, each as its documentation and its signature.
/// `part` is the share of the work that it does, of `n_parts`.
macro_rules! for_each_kernel {
    ($with:ident $(, $more:tt)*) => {
        $with! {
            $($more)*;
            /// One group, filters in the lanes.
            f32_conv_direct(a: *const ConvArgs, part: usize, n_parts: usize);
            /// Channels in the lanes.
            f32_conv_depthwise(a: *const ConvArgs, part: usize, n_parts: usize);
            /// Groups smaller than a vector, several side by side.
            f32_conv_grouped(a: *const ConvArgs, part: usize, n_parts: usize);
            /// Groups of one vector.
            f32_conv_grouped_vector(a: *const ConvArgs, part: usize, n_parts: usize);
            /// Tiles of the result, 3x3 at stride 1.
            f32_conv_winograd(a: *const ConvArgs, part: usize, n_parts: usize);
            /// Tiles of the result, 3x3 at stride 1, of one or two vectors of channels and as many filters.
            f32_conv_winograd_small(a: *const ConvArgs, part: usize, n_parts: usize);
            /// Tiles of the result, 3x3 at stride 1, from weights that are transformed as they are used.
            f32_conv_winograd_plain(a: *const ConvArgs, part: usize, n_parts: usize);
            /// One channel and few filters, pixels in the lanes.
            f32_conv_pixels(a: *const ConvArgs, part: usize, n_parts: usize);
            /// Matrix times vector.
            f32_linear(a: *const LinearArgs, part: usize, n_parts: usize);
            /// Maximum and average.
            f32_pool(a: *const PoolArgs, part: usize, n_parts: usize);
            /// Element by element.
            f32_map(a: *const MapArgs, part: usize, n_parts: usize);
            /// An expression element by element.
            f32_program(a: *const ProgramArgs, part: usize, n_parts: usize);
            /// The mean of the channels.
            f32_mean(a: *const MeanArgs, part: usize, n_parts: usize);
            /// By mean and variance.
            f32_norm(a: *const NormArgs, part: usize, n_parts: usize);
            /// By neighbouring channels.
            f32_local_norm(a: *const LocalNormArgs, part: usize, n_parts: usize);
            /// A map at another size.
            f32_resize(a: *const ResizeArgs, part: usize, n_parts: usize);
            /// Over channels.
            f32_softmax(a: *const SoftmaxArgs, part: usize, n_parts: usize);
            /// Step by step.
            f32_recurrent(a: *const RecurrentArgs, part: usize, n_parts: usize);
            /// Zeros around a map.
            f32_clear_border(a: *const BorderArgs, part: usize, n_parts: usize);
            /// Weights of a convolution into tiles.
            f32_pack_conv(a: *const PackConvArgs);
            /// Weights of a Winograd convolution, transformed.
            f32_pack_winograd(a: *const PackConvArgs);
            /// Weights of a linear layer into tiles.
            f32_pack_linear(a: *const PackLinearArgs);
            /// Weights of a recurrent layer into panels.
            f32_pack_recurrent(a: *const PackRecurrentArgs);
            /// Rows times a factor each.
            f32_scale(a: *const ScaleArgs);
            /// Multiply-adds in registers: a number, and how many passes over the chains.
            f32_peak(x: f32, n_passes: usize) -> f32;
        }
    };
}
pub(crate) use for_each_kernel;
