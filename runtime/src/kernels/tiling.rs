//! How a layer is blocked on an instruction set: what packing, scratch and kernels have to agree on. Floor 2.

use convoke_compiler::plan::{Activation, Algorithm, Conv, FusedPool, Kernel, Reduce, Windows};

use super::native::args::Tiling;
use super::native::program::ProgramArgs;
use super::native::winograd::{self, plain};
use super::native::{pixels, recurrent};
use super::strips::StripScratch;
use crate::isa::Isa;

/// Multiply-adds per output that one pass over a tile takes at most, so that a panel of weights stays in the second-level cache.
const PASS: usize = 2304;

/// Channels summed at a time by a convolution of `channels` in a group: all of them, or even parts.
pub fn channel_block(channels: usize, window: [usize; 2]) -> usize {
    let most = (PASS / (window[0] * window[1])).next_multiple_of(16).max(16);
    channels.div_ceil(channels.div_ceil(most))
}

/// How the weights of a convolution lie, of `filters` and `channels` in a group.
pub const fn conv_tiling(algorithm: Algorithm, filters: usize, channels: usize, isa: Isa) -> Tiling {
    let lanes = isa.lanes();
    let small = filters < lanes && lanes.is_multiple_of(filters) && channels <= filters;
    match algorithm {
        Algorithm::Direct => Tiling::Panels,
        Algorithm::Pixels => Tiling::Pixels,
        Algorithm::WinogradF2 | Algorithm::WinogradF4 => Tiling::Winograd,
        Algorithm::WinogradF4Plain => Tiling::WinogradPlain,
        Algorithm::Depthwise | Algorithm::Grouped if small || filters == lanes => Tiling::Lanes,
        Algorithm::Depthwise | Algorithm::Grouped => Tiling::Panels,
    }
}

/// The kernels of convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConvKernel {
    /// One group, filters in the lanes.
    Direct,
    /// One channel and few filters, pixels in the lanes.
    Pixels,
    /// Tiles of the result, 3x3 at stride 1.
    Winograd,
    /// The same, of one or two vectors of channels and as many filters.
    WinogradSmall,
    /// The same, from weights that are transformed as they are used.
    WinogradPlain,
    /// Channels in the lanes.
    Depthwise,
    /// Groups smaller than a vector, several side by side.
    Grouped,
    /// Groups of one vector.
    GroupedVector,
}

/// Which computes a convolution of `filters` and `channels` in a group.
pub const fn conv_kernel(algorithm: Algorithm, filters: usize, channels: usize, isa: Isa) -> ConvKernel {
    match conv_tiling(algorithm, filters, channels, isa) {
        Tiling::Panels => ConvKernel::Direct,
        Tiling::Pixels => ConvKernel::Pixels,
        // Instruction sets with fewer registers have no room for its sums.
        Tiling::Winograd
            if matches!(algorithm, Algorithm::WinogradF4)
                && channels == filters
                && (channels == 16 || channels == 32)
                && isa.lanes() == 16 =>
        {
            ConvKernel::WinogradSmall
        }
        Tiling::Winograd => ConvKernel::Winograd,
        Tiling::WinogradPlain => ConvKernel::WinogradPlain,
        Tiling::Lanes if channels == 1 && filters == 1 => ConvKernel::Depthwise,
        Tiling::Lanes if filters < isa.lanes() => ConvKernel::Grouped,
        Tiling::Lanes => ConvKernel::GroupedVector,
    }
}

/// Elements that the input rows of a block may have, so that they stay in the second-level cache.
const BLOCK_INPUT: usize = 128 << 10;
/// Elements of a strip of rows that await pooling.
const STRIP: usize = 64 << 10;

/// Tiles that a Winograd convolution computes at a time, `n` being all that there are: as many as the second-level cache has room for
/// beside the weights; where it has not room for these, so many more that they are seldom read.
fn tile_block(channels: usize, filters: usize, n: usize) -> usize {
    let most = match channels * filters {
        0..=0x2000 => 28,
        0x2001..=0x4000 => 56,
        _ => 98,
    };
    n.min(most)
}

/// Tiles that are computed at a time where weights are transformed as they are used.
const PLAIN_TILES: usize = 16;

/// The scratch of a share of a convolution, in elements, and how its rows are blocked.
#[derive(Clone, Copy, Debug)]
pub struct ConvScratch {
    /// Rows computed while the input is in cache.
    pub row_block: usize,
    /// Tiles computed at a time by Winograd's algorithm, else 0.
    pub tile_block: usize,
    /// Elements of partial sums, of transformed inputs and sums, or of planes.
    pub partial: usize,
    /// Rows that await pooling; 0 where nothing is pooled.
    pub strip_rows: usize,
    /// Elements of these rows.
    pub strip: usize,
}

impl ConvScratch {
    /// Of a convolution on an instruction set.
    pub fn of(conv: &Conv, isa: Isa) -> ConvScratch {
        let [height, width] = conv.size();
        let channels = conv.input.channels / conv.groups;
        // Windows narrower than their stride leave rows and columns out.
        let [rows, columns] = [0, 1].map(|axis| conv.stride[axis].min(conv.window[axis]));
        let per_row = rows * columns * width * conv.input.channels;
        let row_block = (BLOCK_INPUT / per_row.max(1)).max(4).next_multiple_of(2).min(height);
        let blocked = channel_block(channels, conv.window) < channels;
        // A row block of the widest tile: four vectors of filters.
        let mut partial = if blocked { row_block * width * 4 * isa.lanes() } else { 0 };
        let (mut strip_rows, mut strip) = (0, 0);
        let mut tiles = 0;
        // Rows that are computed at a time at least.
        let mut least_rows = 1;
        if let Some(tile) = conv.algorithm.tile() {
            let across = width.div_ceil(tile);
            let n = across * height.div_ceil(tile);
            if conv.algorithm == Algorithm::WinogradF4Plain {
                // Whole groups of tiles.
                tiles = n.next_multiple_of(plain::MOST_TILES).min(PLAIN_TILES);
                partial = plain::scratch_len(tiles, channels, isa.lanes());
            } else {
                tiles = tile_block(channels, conv.output.channels, n);
                let few_channels = winograd::small::scratch_len(isa.lanes());
                partial = winograd::scratch_len(tile, tiles, [channels, conv.output.channels], isa.lanes()).max(few_channels);
            }
            least_rows = tile * tiles.div_ceil(across);
        }
        if conv.algorithm == Algorithm::Pixels {
            // The planes of a row, or of those that a window covers, and one that vectors may read from.
            let rows = conv.epilogue.pool.as_ref().map_or(1, |pool| rows_of_a_window(pool, conv.output.height));
            partial = (rows * conv.output.channels + 1) * pixels::plane_row(width, isa.lanes());
        }
        if let Some(pool) = conv.epilogue.pool.as_ref().filter(|_| !pools_tiles(conv)) {
            let row = width * conv.output.channels;
            strip_rows = rows_of_a_window(pool, conv.output.height).max(STRIP / row.max(1)).max(least_rows).min(height);
            strip = strip_rows * row;
        }
        ConvScratch { row_block, tile_block: tiles, partial, strip_rows, strip }
    }

    /// Elements of one share's, in whole cache lines, so that no two shares write to one.
    pub fn len(&self) -> usize {
        (self.partial + self.strip).next_multiple_of(16)
    }

    /// Whether shares can take some of a convolution's filters.
    pub fn filters_divide(conv: &Conv, isa: Isa) -> bool {
        let (channels, filters) = (conv.input.channels / conv.groups, conv.output.channels / conv.groups);
        !matches!(conv_tiling(conv.algorithm, filters, channels, isa), Tiling::Lanes | Tiling::Pixels)
    }
}

/// Whether a convolution's tiles are pooled before they are stored: none of the windows shares results with another tile.
pub fn pools_tiles(conv: &Conv) -> bool {
    let [height, width] = conv.size();
    conv.algorithm.tile().is_some()
        && conv.epilogue.pool.as_ref().is_some_and(|pool| {
            pool.reduce == Reduce::Max
                && pool.windows == Windows::Sliding { window: [2; 2], stride: [2; 2], dilation: [1; 2], pad: [0; 4] }
        })
        && [conv.output.height, conv.output.width] == [height / 2, width / 2]
        && matches!(conv.epilogue.activation, Activation::Identity | Activation::Relu | Activation::Relu6)
}

/// Most rows of the map that one row of windows covers.
fn rows_of_a_window(pool: &FusedPool, out: usize) -> usize {
    let height = pool.size[0];
    match pool.windows {
        Windows::Sliding { window, dilation, .. } => ((window[0] - 1) * dilation[0] + 1).min(height),
        Windows::Adaptive => (0..out).map(|i| ((i + 1) * height).div_ceil(out) - i * height / out).max().unwrap_or(0),
    }
}

/// Elements of scratch that a step in `n_shares` needs while it runs; a session keeps the largest of its steps.
pub fn scratch_len(kernel: &Kernel, isa: Isa, n_shares: usize) -> usize {
    match kernel {
        Kernel::Conv(conv) => n_shares * ConvScratch::of(conv, isa).len(),
        Kernel::Strips(strips) => n_shares * StripScratch::of(strips, isa).len(),
        Kernel::Map(_) => n_shares * ProgramArgs::SCRATCH,
        Kernel::Recurrent(layer) => layer.n_directions() * recurrent::scratch_len(layer.hidden, layer.width()),
        _ => 0,
    }
}
