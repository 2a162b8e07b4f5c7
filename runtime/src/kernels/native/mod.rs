//! The loops: everything here takes raw pointers and integers and is compiled twice. Floor 2.
//!
//! Once as an ordinary module, for tests, lints and editors and for instances that are made in a user's crate; and once, optimised
//! whatever the user's profile says, as the object that `build.rs` links (root: `object.rs`). The one symbol of that object is the
//! [`Table`] per instruction set below, so this file is also the list of signatures that both sides agree on.
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

use args::{
    BorderArgs, ConvArgs, LinearArgs, LocalNormArgs, MapArgs, MeanArgs, NormArgs, PackConvArgs, PackLinearArgs,
    PackRecurrentArgs, PoolArgs, RecurrentArgs, ResizeArgs, ScaleArgs, SoftmaxArgs,
};

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

/// The kernels of one instruction set. Each is called with arguments whose pointers are valid, on a machine that has it.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Table {
    /// One group, filters in the lanes.
    pub f32_conv_direct: Entry<ConvArgs>,
    /// Channels in the lanes.
    pub f32_conv_depthwise: Entry<ConvArgs>,
    /// Groups smaller than a vector, several side by side.
    pub f32_conv_grouped: Entry<ConvArgs>,
    /// Groups of one vector.
    pub f32_conv_grouped_vector: Entry<ConvArgs>,
    /// Tiles of the result, 3x3 at stride 1.
    pub f32_conv_winograd: Entry<ConvArgs>,
    /// One channel and few filters, pixels in the lanes.
    pub f32_conv_pixels: Entry<ConvArgs>,
    /// Matrix times vector.
    pub f32_linear: Entry<LinearArgs>,
    /// Maximum and average.
    pub f32_pool: Entry<PoolArgs>,
    /// Element by element.
    pub f32_map: Entry<MapArgs>,
    /// An expression element by element.
    pub f32_program: Entry<program::ProgramArgs>,
    /// The mean of the channels.
    pub f32_mean: Entry<MeanArgs>,
    /// By mean and variance.
    pub f32_norm: Entry<NormArgs>,
    /// By neighbouring channels.
    pub f32_local_norm: Entry<LocalNormArgs>,
    /// A map at another size.
    pub f32_resize: Entry<ResizeArgs>,
    /// Over channels.
    pub f32_softmax: Entry<SoftmaxArgs>,
    /// Step by step.
    pub f32_recurrent: Entry<RecurrentArgs>,
    /// Zeros around a map.
    pub f32_clear_border: Entry<BorderArgs>,
    /// Weights of a convolution into tiles.
    pub f32_pack_conv: unsafe extern "C" fn(*const PackConvArgs),
    /// Weights of a Winograd convolution, transformed.
    pub f32_pack_winograd: unsafe extern "C" fn(*const PackConvArgs),
    /// Weights of a linear layer into tiles.
    pub f32_pack_linear: unsafe extern "C" fn(*const PackLinearArgs),
    /// Weights of a recurrent layer into panels.
    pub f32_pack_recurrent: unsafe extern "C" fn(*const PackRecurrentArgs),
    /// Rows times a factor each.
    pub f32_scale: unsafe extern "C" fn(*const ScaleArgs),
    /// Multiply-adds in registers: a number, and how many passes over the [`peak::CHAINS`].
    pub f32_peak: unsafe extern "C" fn(f32, usize) -> f32,
}
