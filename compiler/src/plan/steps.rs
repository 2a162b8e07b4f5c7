//! What is computed: kernels with all their sizes.

use super::{Form, List, Recurrent, Strips, Text, View};
use crate::program::Operation;
use std::borrow::Cow;

/// An element-wise function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x`
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `x` where positive, else `slope · x`
    LeakyRelu {
        /// Of the negative part.
        slope: f32,
    },
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `1 / (1 + exp(−x))`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `x / (1 + exp(−x))`
    Silu,
    /// `x · Φ(x)`, Φ being the distribution function of the normal distribution
    Gelu,
    /// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))`
    GeluTanh,
    /// `min(max(x + 3, 0), 6) / 6`
    HardSigmoid,
    /// `x · min(max(x + 3, 0), 6) / 6`
    HardSwish,
    /// `x` where positive, else `alpha · (exp(x) − 1)`
    Elu {
        /// Of the negative part.
        alpha: f32,
    },
    /// `ln(1 + exp(beta · x)) / beta`; `x` where `beta · x > threshold`
    Softplus {
        /// How sharply it bends.
        beta: f32,
        /// From where on it is `x`.
        threshold: f32,
    },
}

/// What a pooling window is reduced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// Its maximum; positions outside of the map do not take part.
    Max,
    /// Its mean.
    Average {
        /// Whether padding counts as zeros, as in PyTorch's `count_include_pad`; what hangs over the padding never counts.
        count_pad: bool,
    },
}

/// The windows of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// Windows at a stride.
    Sliding {
        /// Down and across.
        window: [usize; 2],
        /// Down and across.
        stride: [usize; 2],
        /// Down and across.
        dilation: [usize; 2],
        /// Top, left, bottom, right.
        pad: [usize; 4],
    },
    /// Position i of n over m elements covers `floor(i·m/n) .. ceil((i+1)·m/n)`: PyTorch's adaptive pooling.
    Adaptive,
}

/// What a producer does with its result before it is stored, in this order: add bias, add the residual, activate, pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epilogue {
    /// Added element by element; sizes as the result's before pooling.
    pub residual: Option<View>,
    /// Applied to the sum.
    pub activation: Activation,
    /// Pools the map; the step's output is then the pooled one.
    pub pool: Option<FusedPool>,
}

/// A pooling in the epilogue of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FusedPool {
    /// The reduction.
    pub reduce: Reduce,
    /// Its windows.
    pub windows: Windows,
    /// Height and width before pooling.
    pub size: [usize; 2],
}

/// One fused step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it fuses, by paths and layers: `conv1 + bn1 + relu + max_pool`.
    pub name: Text,
    /// What it computes.
    pub kernel: Kernel,
}

/// What a step computes, with every size.
#[derive(Clone, Debug, PartialEq)]
pub enum Kernel {
    /// Convolution (cross-correlation).
    Conv(Conv),
    /// Convolutions, some rows of each at a time.
    Strips(Strips),
    /// Fully connected layer on a vector.
    Linear(Linear),
    /// Pooling.
    Pool(Pool),
    /// `activation(scale · x + shift)` per channel: a batch norm that could not be folded.
    Affine(Affine),
    /// An activation alone.
    Activate(Activate),
    /// Negative elements times a weight.
    Prelu(Prelu),
    /// An expression of each element.
    Map(Map),
    /// The mean of the channels, at each pixel.
    MeanChannels(MeanChannels),
    /// Two maps combined element by element.
    Combine(Combine),
    /// Each channel of a map times a number.
    Scale(Scale),
    /// A map normalised by its own mean and variance.
    Norm(Norm),
    /// Elements over what their neighbours among the channels amount to.
    LocalNorm(LocalNorm),
    /// A map at another size.
    Resize(Resize),
    /// Softmax over channels, at each pixel.
    Softmax(Softmax),
    /// The steps of a recurrent layer, one after the other.
    Recurrent(Recurrent),
    /// Elements copied from one view to another of the same sizes.
    Copy(Copy),
    /// Zeros around a map.
    ClearBorder(ClearBorder),
}

impl Kernel {
    /// The maps that it touches: what it reads, then what it writes. A [`ClearBorder`] writes around its map.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        let mut several: &[View] = &[];
        let mut convs: &[Conv] = &[];
        let [mut third, mut fourth] = [None, None];
        let [first, second] = match self {
            Kernel::Recurrent(recurrent) => {
                [third, fourth] = [recurrent.first_cell.as_ref(), recurrent.last_cell.as_ref()];
                [Some(&recurrent.input), recurrent.first_hidden.as_ref()]
            }
            Kernel::Strips(strips) => {
                convs = &strips.before;
                [Some(strips.input()), strips.last.epilogue.residual.as_ref()]
            }
            Kernel::Conv(conv) => [Some(&conv.input), conv.epilogue.residual.as_ref()],
            Kernel::Linear(linear) => [Some(&linear.input), linear.epilogue.residual.as_ref()],
            Kernel::Pool(pool) => [Some(&pool.input), None],
            Kernel::Affine(affine) => [Some(&affine.input), None],
            Kernel::Activate(activate) => [Some(&activate.input), None],
            Kernel::Prelu(prelu) => [Some(&prelu.input), None],
            Kernel::Map(map) => {
                several = &map.inputs;
                [None, None]
            }
            Kernel::MeanChannels(mean) => [Some(&mean.input), None],
            Kernel::Combine(combine) => [Some(&combine.a), Some(&combine.b)],
            Kernel::Scale(scale) => [Some(&scale.input), Some(&scale.by)],
            Kernel::Norm(norm) => [Some(&norm.input), None],
            Kernel::LocalNorm(norm) => [Some(&norm.input), None],
            Kernel::Resize(resize) => [Some(&resize.input), None],
            Kernel::Softmax(softmax) => [Some(&softmax.input), None],
            Kernel::Copy(copy) => [Some(&copy.input), None],
            Kernel::ClearBorder(_) => [None, None],
        };
        let residuals = convs.iter().filter_map(|conv| conv.epilogue.residual.as_ref());
        [first, second, third, fourth].into_iter().flatten().chain(several).chain(residuals).chain([self.output()])
    }

    /// What it writes; a [`Recurrent`] may write its last cells besides.
    pub fn output(&self) -> &View {
        match self {
            Kernel::Conv(conv) => &conv.output,
            Kernel::Strips(strips) => &strips.last.output,
            Kernel::Linear(linear) => &linear.output,
            Kernel::Pool(pool) => &pool.output,
            Kernel::Affine(affine) => &affine.output,
            Kernel::Activate(activate) => &activate.output,
            Kernel::Prelu(prelu) => &prelu.output,
            Kernel::Map(map) => &map.output,
            Kernel::MeanChannels(mean) => &mean.output,
            Kernel::Combine(combine) => &combine.output,
            Kernel::Scale(scale) => &scale.output,
            Kernel::Norm(norm) => &norm.output,
            Kernel::LocalNorm(norm) => &norm.output,
            Kernel::Resize(resize) => &resize.output,
            Kernel::Softmax(softmax) => &softmax.output,
            Kernel::Recurrent(recurrent) => &recurrent.output,
            Kernel::Copy(copy) => &copy.output,
            Kernel::ClearBorder(clear) => &clear.view,
        }
    }

    /// The packed weights that it reads: indices into [`Plan::packs`](super::Plan::packs).
    pub fn packs(&self) -> Vec<usize> {
        match self {
            Kernel::Conv(Conv { pack, .. })
            | Kernel::Linear(Linear { pack, .. })
            | Kernel::Affine(Affine { pack, .. })
            | Kernel::Prelu(Prelu { pack, .. })
            | Kernel::Norm(Norm { pack, .. }) => vec![*pack],
            Kernel::Strips(strips) => strips.convs().map(|conv| conv.pack).collect(),
            Kernel::Recurrent(recurrent) => recurrent.packs.to_vec(),
            _ => Vec::new(),
        }
    }

    /// [`Kernel::views`], to be changed.
    pub fn views_mut(&mut self) -> impl Iterator<Item = &mut View> {
        let mut several: &mut [View] = &mut [];
        let mut residuals = Vec::new();
        let [mut third, mut fourth] = [None, None];
        let (first, second, output) = match self {
            Kernel::Recurrent(recurrent) => {
                [third, fourth] = [recurrent.first_cell.as_mut(), recurrent.last_cell.as_mut()];
                (Some(&mut recurrent.input), recurrent.first_hidden.as_mut(), &mut recurrent.output)
            }
            Kernel::Conv(conv) => (Some(&mut conv.input), conv.epilogue.residual.as_mut(), &mut conv.output),
            Kernel::Strips(Strips { before, last }) => {
                let mut input = &mut last.input;
                for (index, conv) in before.to_mut().iter_mut().enumerate() {
                    if index == 0 {
                        input = &mut conv.input;
                    }
                    residuals.extend(conv.epilogue.residual.as_mut());
                }
                (Some(input), last.epilogue.residual.as_mut(), &mut last.output)
            }
            Kernel::Linear(linear) => (Some(&mut linear.input), linear.epilogue.residual.as_mut(), &mut linear.output),
            Kernel::Pool(pool) => (Some(&mut pool.input), None, &mut pool.output),
            Kernel::Affine(affine) => (Some(&mut affine.input), None, &mut affine.output),
            Kernel::Activate(activate) => (Some(&mut activate.input), None, &mut activate.output),
            Kernel::Prelu(prelu) => (Some(&mut prelu.input), None, &mut prelu.output),
            Kernel::Map(map) => {
                several = map.inputs.to_mut();
                (None, None, &mut map.output)
            }
            Kernel::MeanChannels(mean) => (Some(&mut mean.input), None, &mut mean.output),
            Kernel::Combine(combine) => (Some(&mut combine.a), Some(&mut combine.b), &mut combine.output),
            Kernel::Scale(scale) => (Some(&mut scale.input), Some(&mut scale.by), &mut scale.output),
            Kernel::Norm(norm) => (Some(&mut norm.input), None, &mut norm.output),
            Kernel::LocalNorm(norm) => (Some(&mut norm.input), None, &mut norm.output),
            Kernel::Resize(resize) => (Some(&mut resize.input), None, &mut resize.output),
            Kernel::Softmax(softmax) => (Some(&mut softmax.input), None, &mut softmax.output),
            Kernel::Copy(copy) => (Some(&mut copy.input), None, &mut copy.output),
            Kernel::ClearBorder(clear) => (None, None, &mut clear.view),
        };
        [first, second, third, fourth].into_iter().flatten().chain(several).chain(residuals).chain([output])
    }
}

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// One group: filters in the lanes, blocked.
    Direct,
    /// As many groups as channels and filters: channels in the lanes.
    Depthwise,
    /// Any other grouping.
    Grouped,
    /// One channel and few filters: pixels in the lanes. The same sums as `Direct`.
    Pixels,
    /// Winograd's F(2x2, 3x3): tiles of 2x2 results from 4x4 inputs, by 16 products instead of 36.
    WinogradF2,
    /// Winograd's F(4x4, 3x3): tiles of 4x4 results from 6x6 inputs, by 36 products instead of 144.
    WinogradF4,
    /// The same, the weights being transformed as they are used: a quarter of the bytes, for results of few tiles.
    WinogradF4Plain,
}

impl Algorithm {
    /// The one for a convolution of these sizes that computes sums as they are defined.
    pub fn choose(channels: usize, filters: usize, groups: usize) -> Algorithm {
        match groups {
            1 => Algorithm::Direct,
            _ if groups == channels && groups == filters => Algorithm::Depthwise,
            _ => Algorithm::Grouped,
        }
    }

    /// Rows and columns of a tile, of Winograd's.
    pub const fn tile(self) -> Option<usize> {
        match self {
            Algorithm::WinogradF2 => Some(2),
            Algorithm::WinogradF4 | Algorithm::WinogradF4Plain => Some(4),
            Algorithm::Direct | Algorithm::Depthwise | Algorithm::Grouped | Algorithm::Pixels => None,
        }
    }

    /// The one that computes sums as they are defined, for what this one computes.
    pub const fn direct(self) -> Algorithm {
        if self.tile().is_some() { Algorithm::Direct } else { self }
    }
}

/// `out[f, y, x] = b[f] + Σ w[f, c, i, j] · in[g·C/G + c, y·stride + i·dilation − pad, …]`, then the epilogue.
///
/// Reads the border around its input up to its padding; the plan keeps it zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// How.
    pub algorithm: Algorithm,
    /// What is read: NHWC, with its border.
    pub input: View,
    /// What is written: NHWC, after pooling.
    pub output: View,
    /// Down and across.
    pub window: [usize; 2],
    /// Down and across.
    pub stride: [usize; 2],
    /// Down and across.
    pub dilation: [usize; 2],
    /// At the top and at the left; at the bottom and right as much as the output's size needs.
    pub pad: [usize; 2],
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Index into [`Plan::packs`](super::Plan::packs).
    pub pack: usize,
    /// What follows.
    pub epilogue: Epilogue,
}

impl Conv {
    /// Whether Winograd's algorithm computes it.
    pub fn fits_winograd(&self) -> bool {
        self.groups == 1 && self.window == [3, 3] && self.stride == [1, 1] && self.dilation == [1, 1]
    }

    /// Whether pixels can lie in the lanes: one channel whose pixels do so in memory.
    pub fn fits_pixels(&self) -> bool {
        let one = self.groups == 1 && self.input.channels == 1 && self.input.pixel == 1;
        one && self.stride[1] == 1 && self.epilogue.residual.is_none()
    }

    /// Height and width of the result before pooling.
    pub fn size(&self) -> [usize; 2] {
        match &self.epilogue.pool {
            Some(pool) => pool.size,
            None => [self.output.height, self.output.width],
        }
    }
}

/// `out = W · in + b`, then the epilogue (which pools nothing). Input and output are vectors with `channel` 1.
///
/// The input is a view of `len` elements that lie side by side: a vector, or a map whose pixels do; the pack has permuted the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// What is read.
    pub input: View,
    /// What is written.
    pub output: View,
    /// Index into [`Plan::packs`](super::Plan::packs).
    pub pack: usize,
    /// What follows.
    pub epilogue: Epilogue,
}

/// Pools a map, channel by channel. Reads no border: windows are clipped.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// What is read.
    pub input: View,
    /// What is written.
    pub output: View,
    /// The reduction.
    pub reduce: Reduce,
    /// Its windows.
    pub windows: Windows,
    /// Applied to the result.
    pub activation: Activation,
}

/// `activation(scale[c] · x + shift[c])`.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    /// What is read.
    pub input: View,
    /// What is written; may be the input itself.
    pub output: View,
    /// Index into [`Plan::packs`](super::Plan::packs).
    pub pack: usize,
    /// Applied to the result.
    pub activation: Activation,
}

/// `activation(x)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Activate {
    /// What is read.
    pub input: View,
    /// What is written; may be the input itself.
    pub output: View,
    /// Applied to each element.
    pub activation: Activation,
}

/// `x` where positive, else `weight[c] · x`.
#[derive(Clone, Debug, PartialEq)]
pub struct Prelu {
    /// What is read.
    pub input: View,
    /// What is written; may be the input itself.
    pub output: View,
    /// Index into [`Plan::packs`](super::Plan::packs).
    pub pack: usize,
}

/// An expression of the elements at each position of one map or several: see [`Program`](crate::program::Program).
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// What is read, in the order in which the expression numbers them.
    pub inputs: List<View>,
    /// What is written; may be one of the inputs.
    pub output: View,
    /// The expression.
    pub operations: List<Operation>,
}

/// `Σ x[c] / C`, at each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanChannels {
    /// What is read: NHWC.
    pub input: View,
    /// What is written: a map of one channel.
    pub output: View,
}

/// How two maps are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// Sum.
    Add,
    /// Product.
    Mul,
}

/// `activation(a ∘ b)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Combine {
    /// What is done.
    pub combination: Combination,
    /// One side: of the output's sizes, but for those of 1, which are repeated.
    pub a: View,
    /// The other, likewise.
    pub b: View,
    /// What is written; may be a side.
    pub output: View,
    /// Applied to the result.
    pub activation: Activation,
}

/// `activation(x · by[c])`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// What is read.
    pub input: View,
    /// A number for each channel: a map of one pixel.
    pub by: View,
    /// What is written; may be the input itself.
    pub output: View,
    /// Applied to the result.
    pub activation: Activation,
}

/// The part of a map that has a mean and a variance of its own, in each group of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// All pixels.
    Map,
    /// Each row.
    Row,
    /// Each pixel.
    Pixel,
}

/// What has a scale and a shift of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleOf {
    /// Each channel.
    Channel,
    /// Each element.
    Element,
    /// Each pixel of a region, for all channels.
    Place,
}

/// `activation(scale · (x − μ)/√(σ² + ε) + shift)`, μ and σ² being mean and variance of the channel's group in the region.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    /// What is read: NHWC.
    pub input: View,
    /// What is written: NHWC, not the input itself.
    pub output: View,
    /// Groups of channels with statistics of their own.
    pub groups: usize,
    /// ε
    pub eps: f32,
    /// What of the map has mean and variance of its own.
    pub region: Region,
    /// What has scale and shift of its own.
    pub scale_of: ScaleOf,
    /// Index into [`Plan::packs`](super::Plan::packs).
    pub pack: usize,
    /// Applied to the result.
    pub activation: Activation,
}

impl Norm {
    /// The form of its scales and shifts.
    pub fn form(&self) -> Form {
        let View { height, width, channels, .. } = self.output;
        match (self.scale_of, self.region) {
            (ScaleOf::Channel, _) => Form::Affine { channels },
            (ScaleOf::Element, _) => Form::Elements { map: [channels, height, width] },
            (ScaleOf::Place, Region::Map) => Form::Elements { map: [1, height, width] },
            (ScaleOf::Place, Region::Row) => Form::Elements { map: [1, 1, width] },
            (ScaleOf::Place, Region::Pixel) => Form::Elements { map: [1, 1, 1] },
        }
    }
}

/// `x / (k + alpha/size · Σ x²)^beta`, summed over the channels from `size/2` before to `(size − 1)/2` behind.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalNorm {
    /// What is read: NHWC.
    pub input: View,
    /// What is written: NHWC, not the input itself.
    pub output: View,
    /// Channels that are summed.
    pub size: usize,
    /// Factor of the sum.
    pub alpha: f32,
    /// Exponent.
    pub beta: f32,
    /// Added to the sum.
    pub k: f32,
}

/// How a map is read at another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// The element at `floor(i·n/out)`.
    Nearest,
    /// The mean, by their distances, of the elements around a place.
    Bilinear {
        /// Whether that is `i·(n − 1)/(out − 1)`, else `max((i + 1/2)·n/out − 1/2, 0)`.
        align_corners: bool,
    },
}

/// A map at another size, channel by channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Resize {
    /// What is read: NHWC.
    pub input: View,
    /// What is written: NHWC.
    pub output: View,
    /// How.
    pub sampling: Sampling,
}

/// `exp(x − max) / Σ exp(x − max)` over channels, at each pixel; or its logarithm, `x − max − ln Σ exp(x − max)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Softmax {
    /// What is read.
    pub input: View,
    /// What is written; may be the input itself.
    pub output: View,
    /// Whether the result is the logarithm.
    pub log: bool,
}

/// A copy between views of the same sizes: layout at the edges, padding, subsampling, concatenation that is not in place.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// What is read.
    pub input: View,
    /// What is written.
    pub output: View,
}

/// Writes zeros around a map: `[top, left, bottom, right]` rows and columns outside of `view`, whose own elements stay.
///
/// Emitted where another value's lifetime has used the memory; the arena itself starts as zeros.
#[derive(Clone, Debug, PartialEq)]
pub struct ClearBorder {
    /// The map inside the border.
    pub view: View,
    /// Top, left, bottom, right.
    pub border: [usize; 4],
}

impl Step {
    /// From what it fuses and computes.
    pub const fn new(name: &'static str, kernel: Kernel) -> Step {
        Step { name: Cow::Borrowed(name), kernel }
    }
}
