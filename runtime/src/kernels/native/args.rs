//! The arguments of the kernels: plain data of a fixed layout. Floor 2.

/// A map that is read: its first element and the distances between rows and between pixels; channels lie side by side.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Source {
    /// The first element that is meant; null where there is no such map.
    pub first: *const f32,
    /// Between rows.
    pub row: usize,
    /// Between pixels.
    pub pixel: usize,
}

/// A map that is written.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Target {
    /// The first element.
    pub first: *mut f32,
    /// Between rows.
    pub row: usize,
    /// Between pixels.
    pub pixel: usize,
}

/// An element-wise function as data.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Act {
    /// What follows after the bounds.
    pub kind: ActKind,
    /// Lower bound: 0 for `relu`, −∞ for none.
    pub low: f32,
    /// Upper bound: 6 for `relu6`, ∞ for none.
    pub high: f32,
    /// Of the negative part, for a leaky `relu`; `alpha` of an `elu`, `beta` of a `softplus`.
    pub slope: f32,
    /// From where on a `softplus` is its argument.
    pub threshold: f32,
}

impl Act {
    /// No activation.
    pub const NONE: Act = Act { kind: ActKind::Bounds, low: f32::NEG_INFINITY, high: f32::INFINITY, slope: 0.0, threshold: 0.0 };

    /// Whether it changes nothing.
    #[inline(always)]
    pub fn is_none(&self) -> bool {
        self.kind == ActKind::Bounds && self.low == f32::NEG_INFINITY && self.high == f32::INFINITY
    }
}

/// The functions that are more than bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ActKind {
    /// Nothing more than the bounds.
    Bounds,
    /// `slope · x` for negative x.
    Leaky,
    /// `1 / (1 + exp(−x))`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `x / (1 + exp(−x))`
    Silu,
    /// `x · Φ(x)`
    Gelu,
    /// `x · Φ(x)`, approximately
    GeluTanh,
    /// `min(max(x + 3, 0), 6) / 6`
    HardSigmoid,
    /// `x · min(max(x + 3, 0), 6) / 6`
    HardSwish,
    /// `slope · (exp(x) − 1)` for negative x
    Elu,
    /// `ln(1 + exp(slope · x)) / slope`; x where `slope · x` is beyond the threshold
    Softplus,
}

/// A convolution and its epilogue.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ConvArgs {
    /// The first element of the first window, which may lie in the border.
    pub input: Source,
    /// Where the result goes, before pooling; where it is pooled, set by the kernel to its strip.
    pub output: Target,
    /// Added to the result; null for none.
    pub residual: Source,
    /// Bias and weights as `pack` laid them out.
    pub pack: *const f32,
    /// Channels of one group.
    pub channels: usize,
    /// Filters of one group.
    pub filters: usize,
    /// Groups.
    pub groups: usize,
    /// Channels summed at a time.
    pub channel_block: usize,
    /// Rows of the result computed while the input is in cache.
    pub row_block: usize,
    /// Rows and columns of a tile of Winograd's; 0 for other algorithms.
    pub tile: usize,
    /// Tiles computed at a time.
    pub tile_block: usize,
    /// Whether Winograd's tiles are pooled as they are stored, 2x2 with stride 2: then `output` is the pooled map, and `pool` means
    /// nothing.
    pub pooled_tiles: bool,
    /// Window, down.
    pub kernel_h: usize,
    /// Window, across.
    pub kernel_w: usize,
    /// Stride, down.
    pub stride_h: usize,
    /// Stride, across.
    pub stride_w: usize,
    /// Dilation, down.
    pub dilation_h: usize,
    /// Dilation, across.
    pub dilation_w: usize,
    /// Rows of the result.
    pub height: usize,
    /// Columns of the result.
    pub width: usize,
    /// Applied to the result.
    pub act: Act,
    /// Partial sums of the first share.
    pub scratch: *mut f32,
    /// Rows of the result of the first share that await pooling.
    pub strip: *mut f32,
    /// Between the scratch of shares, and between their strips.
    pub share_scratch: usize,
    /// How many shares lie side by side over filters; it divides their number.
    pub filter_shares: usize,
    /// How many rows `strip` holds; 0 where nothing is pooled.
    pub strip_rows: usize,
    /// The pooling; its input is set by the kernel.
    pub pool: PoolArgs,
}

/// How a pooling reduces its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PoolKind {
    /// Maximum.
    Max,
    /// Mean of what is inside the map.
    Average,
    /// Mean that counts padding as zeros.
    AverageWithPad,
}

/// A pooling.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PoolArgs {
    /// Row 0, column 0.
    pub input: Source,
    /// Row 0, column 0.
    pub output: Target,
    /// The reduction.
    pub kind: PoolKind,
    /// Whether windows are those of adaptive pooling; then window, stride, dilation and pad mean nothing.
    pub adaptive: bool,
    /// Of both maps.
    pub channels: usize,
    /// Rows of the input.
    pub in_height: usize,
    /// Columns of the input.
    pub in_width: usize,
    /// Rows of the output.
    pub height: usize,
    /// Columns of the output.
    pub width: usize,
    /// Window, down and across.
    pub window: [usize; 2],
    /// Stride, down and across.
    pub stride: [usize; 2],
    /// Dilation, down and across.
    pub dilation: [usize; 2],
    /// Top, left, bottom, right.
    pub pad: [usize; 4],
    /// Applied to the result.
    pub act: Act,
}

impl PoolArgs {
    /// The same for some of the channels: from, and up to.
    #[inline(always)]
    pub fn channels(self, (from, to): (usize, usize)) -> PoolArgs {
        PoolArgs {
            input: Source { first: self.input.first.wrapping_add(from), ..self.input },
            output: Target { first: self.output.first.wrapping_add(from), ..self.output },
            channels: to - from,
            ..self
        }
    }
}

/// Matrix times vector.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LinearArgs {
    /// The vector.
    pub input: *const f32,
    /// The result.
    pub output: *mut f32,
    /// Added to the result; null for none.
    pub residual: *const f32,
    /// Bias and weights as `pack` laid them out.
    pub pack: *const f32,
    /// Elements of the vector.
    pub inputs: usize,
    /// Elements of the result.
    pub outputs: usize,
    /// Whether the weights are bf16, two inputs' in one element.
    pub bf16: bool,
    /// Applied to the result.
    pub act: Act,
}

/// What an element-wise kernel computes before its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MapOp {
    /// `a`
    Copy,
    /// `a + b`
    Add,
    /// `a · b`
    Mul,
    /// `a · b + c`
    Affine,
    /// `a · b` where `a` is negative, else `a`
    Prelu,
}

/// One operand of an element-wise kernel: its first element and its strides along the three loops.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Operand {
    /// The first element.
    pub first: *mut f32,
    /// Outermost to innermost.
    pub strides: [usize; 3],
}

/// An element-wise kernel: three nested loops over operands by strides.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MapArgs {
    /// What is computed.
    pub op: MapOp,
    /// Outermost to innermost.
    pub sizes: [usize; 3],
    /// What is written.
    pub output: Operand,
    /// `a`, `b`, `c`; those that the operation does not read are never touched.
    pub inputs: [Operand; 3],
    /// Applied to the result.
    pub act: Act,
}

/// Softmax over channels.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SoftmaxArgs {
    /// What is read, its strides over rows, columns and channels.
    pub input: Operand,
    /// What is written.
    pub output: Operand,
    /// Rows, columns, channels.
    pub sizes: [usize; 3],
    /// Whether the result is the logarithm.
    pub log: bool,
}

/// What has a mean and a variance of its own, in each group of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum RegionKind {
    /// The whole map.
    Map,
    /// Each row.
    Row,
    /// Each pixel.
    Pixel,
}

/// The mean of the channels.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MeanArgs {
    /// What is read.
    pub input: Source,
    /// What is written: one channel.
    pub output: Target,
    /// Rows, columns, channels of the input.
    pub sizes: [usize; 3],
}

/// A norm by mean and variance.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct NormArgs {
    /// What is read.
    pub input: Source,
    /// What is written.
    pub output: Target,
    /// Rows, columns, channels.
    pub sizes: [usize; 3],
    /// Groups of channels with statistics of their own; they divide the channels.
    pub groups: usize,
    /// What else has its own.
    pub region: RegionKind,
    /// Added to the variance.
    pub eps: f32,
    /// Factors, by the strides of rows and pixels.
    pub weights: Source,
    /// Whether there is one for each channel beside one another, not one for all.
    pub by_channel: bool,
    /// What is added, by the same strides.
    pub shifts: *const f32,
    /// Applied to the result.
    pub act: Act,
}

/// A norm by neighbouring channels.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LocalNormArgs {
    /// What is read.
    pub input: Source,
    /// What is written.
    pub output: Target,
    /// Rows, columns, channels.
    pub sizes: [usize; 3],
    /// Channels that are summed, at least 1.
    pub size: usize,
    /// Factor of the sum, before it is divided by the size.
    pub alpha: f32,
    /// Exponent.
    pub beta: f32,
    /// Added to the sum.
    pub k: f32,
}

/// How a map is read at another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SamplingKind {
    /// The nearest element.
    Nearest,
    /// Four mixed, the map's edges staying where they are.
    Edges,
    /// Four mixed, the corners' centres staying where they are.
    Corners,
}

/// A map at another size.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ResizeArgs {
    /// What is read.
    pub input: Source,
    /// What is written.
    pub output: Target,
    /// Rows and columns of the input.
    pub from: [usize; 2],
    /// Rows and columns of the output.
    pub to: [usize; 2],
    /// Of both.
    pub channels: usize,
    /// How.
    pub kind: SamplingKind,
}

/// What a recurrent layer does at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CellKind {
    /// `tanh`
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit.
    Gru,
}

/// A recurrent layer.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RecurrentArgs {
    /// What is done at each step.
    pub cell: CellKind,
    /// 1 or 2.
    pub directions: usize,
    /// Steps.
    pub steps: usize,
    /// Elements of the state of one direction, before it is projected.
    pub hidden: usize,
    /// Elements of its output.
    pub width: usize,
    /// Gates before the state is added: gate after gate, direction after direction, side by side.
    pub input: *const f32,
    /// Between steps.
    pub input_step: usize,
    /// The states.
    pub output: *mut f32,
    /// Between steps, and between elements.
    pub output_strides: [usize; 2],
    /// The state before the first step; null for zeros.
    pub first_hidden: *const f32,
    /// Between directions, and between elements.
    pub first_hidden_strides: [usize; 2],
    /// The cells before the first step; null for zeros.
    pub first_cell: *const f32,
    /// Between directions, and between elements.
    pub first_cell_strides: [usize; 2],
    /// The cells after the last step; null for nowhere.
    pub last_cell: *mut f32,
    /// Between directions, and between elements.
    pub last_cell_strides: [usize; 2],
    /// Of each direction, as `pack` laid them out.
    pub packs: [*const f32; 2],
    /// Of each direction, those of a linear layer; null where the state is not projected.
    pub projections: [*const f32; 2],
    /// As long as `recurrent::scratch_len` says, for each direction.
    pub scratch: *mut f32,
}

/// Zeros around a map.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BorderArgs {
    /// Row 0, column 0, channel 0, and the strides over rows, columns and channels.
    pub map: Operand,
    /// Rows, columns, channels.
    pub sizes: [usize; 3],
    /// Top, left, bottom, right.
    pub border: [usize; 4],
}

/// The tiling of a convolution's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Tiling {
    /// Per group `[F/NR][C/block][KH·KW][block][NR]`.
    Panels,
    /// `[F/lanes][C][KH·KW][lanes]`; of groups smaller than a vector, each lane begins with the channel of its own number.
    Lanes,
    /// `[F/NR][(tile + 2)²][C][NR]`, transformed.
    Winograd,
    /// `[F/lanes][C][3x3][lanes]`, scaled to be transformed as they are used.
    WinogradPlain,
    /// `[KH·KW][F]`, filters rounded up to whole vectors; one channel.
    Pixels,
}

/// Some filters of a convolution, or of one group of it, from `[rows, C, KH, KW]` into tiles.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PackConvArgs {
    /// `[n_rows, channels, taps]`
    pub rows: *const f32,
    /// Written: rows rounded up to whole vectors, the missing ones zeros.
    pub pack: *mut f32,
    /// The form.
    pub tiling: Tiling,
    /// The first of the filters, among those of all groups: it begins a panel, or a vector.
    pub first: usize,
    /// How many filters.
    pub n_rows: usize,
    /// Filters of one group.
    pub filters: usize,
    /// Channels of one group.
    pub channels: usize,
    /// Elements of the window.
    pub taps: usize,
    /// Channels summed at a time.
    pub channel_block: usize,
    /// Rows and columns of a tile of Winograd's; 0 for other tilings.
    pub tile: usize,
    /// Floats in a vector.
    pub lanes: usize,
}

/// Some outputs of a linear layer, from `[rows, C, H·W]` into tiles that are read in the order H, W, C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PackLinearArgs {
    /// `[n_rows, channels, pixels]`
    pub rows: *const f32,
    /// Written: rows rounded up to whole vectors, the missing ones zeros.
    pub pack: *mut f32,
    /// How many outputs; the first begins a panel of four vectors.
    pub n_rows: usize,
    /// Channels of the map.
    pub channels: usize,
    /// Pixels of the map.
    pub pixels: usize,
    /// Whether as bf16, two inputs' in one element.
    pub bf16: bool,
    /// Floats in a vector.
    pub lanes: usize,
}

/// Weights of a recurrent layer, from `[gates · hidden, width]` into panels of a vector of hidden elements, `[width][gates][lanes]`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PackRecurrentArgs {
    /// `[gates · hidden, width]`
    pub weight: *const f32,
    /// `[hidden]`; null where none stands before the panels.
    pub bias: *const f32,
    /// Written.
    pub pack: *mut f32,
    /// Rows for each hidden element.
    pub gates: usize,
    /// Elements of the state before it is projected.
    pub hidden: usize,
    /// Elements of the state.
    pub width: usize,
    /// Floats in a vector.
    pub lanes: usize,
}

/// Rows that are multiplied with a factor each, in f64.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ScaleArgs {
    /// `[n_rows, len]`
    pub rows: *mut f32,
    /// How many.
    pub n_rows: usize,
    /// Elements of each.
    pub len: usize,
    /// `[n_rows]`
    pub scale: *const f64,
}
