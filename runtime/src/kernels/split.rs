//! Into how many shares a step is split, and for convolutions along which axes. Floor 2.
//!
//! Decided while a step is bound, from sizes alone. Results do not depend on it: shares are disjoint parts of the output.

use convoke_compiler::plan::{Algorithm, Conv, Kernel, Plan, View};

use super::native::winograd::plain;
use super::tiling::{ConvScratch, pools_tiles};
use crate::isa::Isa;

/// How many threads there are for a step, and what one of them has to be given for it to be worth while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Most shares.
    pub threads: usize,
    /// Nanoseconds of one thread that a share takes at least.
    pub least: f64,
}

/// Networks that take one thread fewer nanoseconds stay on it: waking another takes as long.
const SMALL: f64 = 50e3;
/// Nanoseconds that a share is worth: handing one over and waiting for it takes some hundreds.
const LEAST: f64 = 2000.0;

impl Split {
    /// Everything in one share.
    pub const NONE: Split = Split { threads: 1, least: LEAST };

    /// Among so many threads, whatever it costs.
    pub fn always(threads: usize) -> Split {
        Split { threads, least: 0.0 }
    }

    /// What pays for a network, among as many threads as the function says, which is asked where it is large enough.
    pub fn of(plan: &Plan, isa: Isa, threads: impl FnOnce() -> usize) -> Split {
        let total: f64 = plan.steps.iter().map(|step| nanoseconds(&step.kernel, isa)).sum();
        if total < SMALL { Split::NONE } else { Split { threads: threads(), least: LEAST } }
    }

    /// Into how many shares a step is split.
    pub fn shares(&self, kernel: &Kernel, isa: Isa) -> usize {
        let worth = match self.least {
            0.0 => self.threads,
            least => (nanoseconds(kernel, isa) / least) as usize,
        };
        worth.clamp(1, self.threads.max(1))
    }
}

/// Multiply-adds in a nanosecond of one core, roughly.
fn rate(isa: Isa) -> f64 {
    match isa {
        Isa::Avx512 => 90.0,
        Isa::Avx2 => 40.0,
        Isa::Portable => 8.0,
    }
}

/// Bytes that one core reads or writes in a nanosecond, roughly: what lies in its second-level cache, and what does not.
const NEAR: f64 = 40.0;
const FAR: f64 = 15.0;

/// Roughly what one core takes for a step.
pub fn nanoseconds(kernel: &Kernel, isa: Isa) -> f64 {
    let bytes: usize = kernel.views().map(|view| 4 * elements(view)).sum();
    let moved = bytes as f64 / NEAR;
    match kernel {
        Kernel::Strips(strips) => moved + strips.convs().map(|conv| convolution(conv, isa)).sum::<f64>(),
        Kernel::Conv(conv) => moved + convolution(conv, isa),
        Kernel::Linear(linear) => (elements(&linear.input) * linear.output.channels) as f64 * 4.0 / FAR,
        Kernel::Pool(pool) => elements(&pool.input) as f64 * 4.0 / NEAR + moved,
        // Exponentials, powers, and several passes.
        Kernel::Softmax(_) | Kernel::LocalNorm(_) | Kernel::Norm(_) => 8.0 * moved,
        // Around a map, not in it.
        Kernel::ClearBorder(clear) => {
            let [top, left, bottom, right] = clear.border;
            let View { height, width, channels, .. } = clear.view;
            let around = (top + height + bottom) * (left + width + right) - height * width;
            (around * channels * 4) as f64 / NEAR
        }
        // Each operation reads and writes what lies in the first-level cache; some are exponentials.
        Kernel::Map(map) => moved + (map.operations.len() * elements(&map.output)) as f64 * 4.0 / NEAR,
        _ => moved,
    }
}

/// Its multiply-adds, and reading its weights.
fn convolution(conv: &Conv, isa: Isa) -> f64 {
    let [height, width] = conv.size();
    let per_filter = conv.input.channels / conv.groups * conv.window[0] * conv.window[1];
    let weights = per_filter * conv.output.channels;
    let (fewer, more) = transformed(conv);
    (height * width * weights) as f64 * fewer / rate(isa) + weights as f64 * more * 4.0 / FAR
}

/// How many of the direct convolution's multiply-adds its algorithm takes, and how many times the weights.
fn transformed(conv: &Conv) -> (f64, f64) {
    let Some(tile) = conv.algorithm.tile() else { return (1.0, 1.0) };
    let more = (tile + 2).pow(2) as f64 / 9.0;
    let fewer = more / (tile * tile) as f64;
    // Transforming a window's weights takes about half as many as the tiles that use them.
    if conv.algorithm == Algorithm::WinogradF4Plain { (1.5 * fewer, 1.0) } else { (fewer, more) }
}

fn elements(view: &View) -> usize {
    view.height * view.width * view.channels
}

/// How many of a convolution's shares lie side by side over its filters; the others divide rows.
///
/// Every share reads the weights of its filters and the input of its rows, so the grid is the one whose largest share has least to
/// compute and to read: rows of large maps, filters of small ones.
pub fn filter_shares(conv: &Conv, isa: Isa, n_shares: usize) -> usize {
    // Rows that are pooled within tiles are divided as if they were not.
    let pooled = conv.epilogue.pool.is_some() && !pools_tiles(conv);
    let [height, width] = conv.size();
    let of_groups = conv.algorithm == Algorithm::WinogradF4Plain;
    // What cannot be divided further: two rows of narrow maps, a row of windows, two vectors of filters.
    let rows = if pooled { conv.output.height } else { height };
    let row_unit = match conv.algorithm.tile() {
        _ if pooled => 1,
        // Whole groups of tiles.
        Some(tile) if of_groups => tile * plain::MOST_TILES.div_ceil(width.div_ceil(tile)),
        Some(tile) => tile,
        None if width <= 7 => 2,
        None => 1,
    };
    let blocks = conv.groups * (conv.output.channels / conv.groups).div_ceil(if of_groups { 1 } else { 2 } * isa.lanes());
    let filters_divide = ConvScratch::filters_divide(conv, isa);
    let weights = conv.output.channels * (conv.input.channels / conv.groups) * conv.window[0] * conv.window[1];
    let (fewer, more) = transformed(conv);
    let compute = (height * width * weights) as f64 * fewer / rate(isa);
    // Every share of the filters transforms the inputs of its rows: as much as a few multiply-adds for each position.
    let transforms =
        if conv.algorithm.tile().is_some() { elements(&conv.input) as f64 * 9.0 * fewer * 8.0 / rate(isa) } else { 0.0 };
    let share = |n: usize, of: usize, unit: usize| (n.div_ceil(unit).div_ceil(of) * unit).min(n) as f64 / n as f64;
    let cost = |columns: usize| {
        let (of_filters, of_rows) = (share(blocks, columns, 1), share(rows, n_shares / columns, row_unit));
        let read = weights as f64 * more * of_filters + elements(&conv.input) as f64 * of_rows;
        compute * of_filters * of_rows + transforms * of_rows + read * 4.0 / NEAR
    };
    (1..=n_shares)
        .filter(|&columns| n_shares.is_multiple_of(columns) && (columns == 1 || filters_divide))
        .min_by(|&a, &b| cost(a).total_cmp(&cost(b)))
        .unwrap_or(1)
}
