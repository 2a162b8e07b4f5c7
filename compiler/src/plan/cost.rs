//! Which algorithm computes a convolution: an estimate from sizes alone, of arithmetic, transforms and bytes. Floor 3.
//!
//! Neither threads nor the instruction set take part, so that an image's bits depend on neither. The unit is the time of one
//! multiply-add of a kernel that does nothing else. Constants were fitted to measurements of single layers and whole networks.

use super::{Algorithm, Conv};

/// What a convolution of one image takes, in multiply-adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Multiply-adds, those of half-filled vectors and of loops that are short included.
    pub arithmetic: f64,
    /// Transforms of inputs and results.
    pub transforms: f64,
    /// Reading the weights.
    pub weights: f64,
}

/// What a convolution may be computed by, best first where they are equal.
const CANDIDATES: [Algorithm; 5] =
    [Algorithm::Direct, Algorithm::Pixels, Algorithm::WinogradF2, Algorithm::WinogradF4, Algorithm::WinogradF4Plain];

/// Filters and channels are computed in vectors of up to so many.
const LANES: usize = 16;

/// Multiply-adds that transforming a window's weights takes for each group of so many tiles, with what keeps them from running as fast.
const WINDOW: f64 = 90.0;
const GROUP: usize = 4;

/// Bytes that the weights of a network have when the second-level cache keeps a good part of them from image to image, when the third
/// level does, and when that is far; the cost of reading an element then, and otherwise: two thirds of the time in which one core reads
/// it from memory, as the others pass while something else is computed.
const READS: [(usize, f64); 4] = [(2 << 20, 2.0), (8 << 20, 4.0), (32 << 20, 8.0), (usize::MAX, 16.0)];

/// Bytes up to which a network's weights count as many times as they are when transformed: of more, the third-level cache reads a part
/// while something else is computed, whichever they are.
const SMALL: usize = 8 << 20;

/// Multiply-adds that starting and storing a sum costs.
const PER_SUM: f64 = 4.0;

/// Multiply-adds that moving one result to its place costs.
const PER_RESULT: f64 = 24.0;

/// A faster algorithm has to be this much faster: its rounding errors are larger.
const MARGIN: f64 = 0.9;

impl Estimate {
    /// Of a convolution by an algorithm, in a network of so many parameters; nothing where the algorithm does not compute it.
    pub fn of(conv: &Conv, algorithm: Algorithm, n_parameters: usize) -> Option<Estimate> {
        let [height, width] = conv.size();
        let (channels, filters) = (conv.input.channels, conv.output.channels);
        let lanes = |n: usize| n.next_multiple_of(LANES) as f64;
        if algorithm == Algorithm::Pixels {
            return conv.fits_pixels().then(|| Estimate::of_pixels(conv));
        }
        let window = conv.window[0] * conv.window[1];
        let (pixels, sums, taps) = match algorithm.tile() {
            None if conv.groups == 1 => (height as f64 * width as f64, 1.0, window as f64),
            Some(tile) if conv.fits_winograd() => {
                let tiles = height.div_ceil(tile) as f64 * width.div_ceil(tile) as f64;
                let positions = ((tile + 2) * (tile + 2)) as f64;
                (tiles, positions, positions)
            }
            _ => return None,
        };
        // What an element of the transforms costs: arithmetic, and a way through the second-level cache.
        let [gather, scatter] = match algorithm {
            Algorithm::WinogradF2 => [9.0, 8.0],
            // One or two vectors of as many filters have a kernel of their own.
            Algorithm::WinogradF4 if channels == filters && [LANES, 2 * LANES].contains(&channels) => [9.0, 8.0],
            Algorithm::WinogradF4 | Algorithm::WinogradF4Plain => [13.0, 12.0],
            _ => [0.0, 0.0],
        };
        let windows = channels as f64 * lanes(filters);
        let (taps_read, groups) = match algorithm {
            Algorithm::WinogradF4Plain => (window as f64, (pixels / GROUP as f64).ceil()),
            _ => (taps, 0.0),
        };
        let n_weights = taps_read * windows;
        let multiply_adds = (pixels * taps + groups * WINDOW) * windows;
        let bytes = n_parameters.saturating_mul(size_of::<f32>());
        let bytes = if bytes > SMALL { bytes } else { (bytes as f64 * taps_read / window as f64) as usize };
        let read = READS.iter().find(|(most, _)| bytes <= *most).map_or(0.0, |&(_, read)| read);
        Some(Estimate {
            arithmetic: multiply_adds + pixels * sums * lanes(filters) * PER_SUM,
            transforms: pixels * sums * (gather * lanes(channels) + scatter * lanes(filters)),
            weights: n_weights * read,
        })
    }

    /// Of one with pixels in the lanes.
    fn of_pixels(conv: &Conv) -> Estimate {
        let ([height, width], filters) = (conv.size(), conv.output.channels as f64);
        let sums = height as f64 * width.next_multiple_of(2 * LANES) as f64 * filters;
        let taps = (conv.window[0] * conv.window[1]) as f64;
        // What is left when it is pooled is put one by one beside the other filters'.
        let results = (conv.output.height * conv.output.width) as f64 * filters;
        Estimate { arithmetic: sums * (taps + PER_SUM), transforms: results * PER_RESULT, weights: 0.0 }
    }

    /// All together.
    pub fn total(&self) -> f64 {
        self.arithmetic + self.transforms + self.weights
    }
}

/// Bytes of a map between two convolutions from which on they are computed in strips of rows: what the second-level cache does not keep
/// beside all else that they read and write.
const BETWEEN: usize = 1 << 20;

/// Multiply-adds for each element of that map up to which moving it takes a good part of their time. With more, what strips cost (weights
/// that are read for each of them, fewer rows for each panel of weights) is more than they save: VGG-16 takes 1.17 times as long.
const PER_ELEMENT: usize = 128;

/// Whether it pays to compute a convolution and the one that reads its result in strips of rows.
pub fn pays_in_strips(from: &Conv, to: &Conv) -> bool {
    let between = &from.output;
    let macs = |conv: &Conv| {
        let [height, width] = conv.size();
        let per_filter = conv.input.channels / conv.groups * conv.window[0] * conv.window[1];
        height.saturating_mul(width).saturating_mul(conv.output.channels).saturating_mul(per_filter)
    };
    between.len() * size_of::<f32>() >= BETWEEN && macs(from).saturating_add(macs(to)) / between.len().max(1) <= PER_ELEMENT
}

/// The algorithm for a convolution of a network of so many parameters.
pub fn choose(conv: &Conv, n_parameters: usize) -> Algorithm {
    let estimate = |algorithm| Some((algorithm, Estimate::of(conv, algorithm, n_parameters)?.total()));
    let mut found = CANDIDATES.into_iter().filter_map(estimate);
    let Some(first) = found.next() else { return Algorithm::choose(conv.input.channels, conv.output.channels, conv.groups) };
    let better = |best: (Algorithm, f64), (algorithm, cost): (Algorithm, f64)| {
        let exact = best.0.tile().is_none() && algorithm.tile().is_some();
        let margin = if exact { MARGIN } else { 1.0 };
        if cost < margin * best.1 { (algorithm, cost) } else { best }
    };
    found.fold(first, better).0
}

/// The Winograd algorithm that computes a convolution and its time over that of the direct one, by their estimates: what it was chosen
/// for. Where none was chosen, the better one that could have been, if there is one.
pub fn relative(conv: &Conv, n_parameters: usize) -> Option<(Algorithm, f64)> {
    let total = |algorithm| Estimate::of(conv, algorithm, n_parameters).map(|estimate| estimate.total());
    let direct = total(Algorithm::Direct)?;
    let others = match conv.algorithm.tile() {
        Some(_) => vec![conv.algorithm],
        None => vec![Algorithm::WinogradF2, Algorithm::WinogradF4, Algorithm::WinogradF4Plain],
    };
    let costs = others.into_iter().filter_map(|algorithm| Some((algorithm, total(algorithm)? / direct)));
    costs.min_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Activation, Epilogue, Place, View};

    /// A square convolution that keeps its size.
    fn conv(channels: usize, filters: usize, size: usize, window: usize, stride: usize, groups: usize) -> Conv {
        let view = |size: usize, channels| View::new(Place::Arena, 0, [size, size, channels], [size * channels, channels, 1]);
        Conv {
            algorithm: Algorithm::Direct,
            input: view(size, channels),
            output: view(size.div_ceil(stride), filters),
            window: [window; 2],
            stride: [stride; 2],
            dilation: [1; 2],
            pad: [window / 2; 2],
            groups,
            pack: 0,
            epilogue: Epilogue { residual: None, activation: Activation::Relu, pool: None },
        }
    }

    #[test]
    fn few_filters_of_one_channel_have_pixels_in_the_lanes() {
        for (filters, size, window, expected) in [
            (6, 28, 5, Algorithm::Pixels),
            (6, 8, 5, Algorithm::Direct),
            (8, 28, 3, Algorithm::Direct),
            (16, 28, 5, Algorithm::Direct),
        ] {
            let conv = conv(1, filters, size, window, 1, 1);
            assert_eq!(choose(&conv, 60_000), expected, "{filters} filters of {window}x{window}, {size}x{size}");
        }
    }

    #[test]
    fn layers_get_what_was_measured_to_be_fastest() {
        use Algorithm::*;
        const MANY: usize = 11_000_000;
        const FEW: usize = 272_000;
        for (channels, filters, size, n_parameters, expected) in [
            (64, 64, 224, MANY, WinogradF4),
            (128, 128, 112, MANY, WinogradF4),
            (64, 64, 56, MANY, WinogradF4),
            (128, 128, 28, MANY, WinogradF4),
            (512, 512, 28, MANY, WinogradF4),
            (256, 256, 14, MANY, WinogradF2),
            (512, 512, 14, MANY, WinogradF2),
            (512, 512, 7, MANY, WinogradF4Plain),
            (256, 256, 7, MANY, WinogradF4Plain),
            (3, 64, 224, MANY, Direct),
            (16, 16, 32, FEW, WinogradF4),
            (32, 32, 16, FEW, WinogradF4),
            (64, 64, 8, FEW, WinogradF4Plain),
            (32, 32, 16, 853_000, WinogradF4),
        ] {
            let conv = conv(channels, filters, size, 3, 1, 1);
            assert_eq!(choose(&conv, n_parameters), expected, "{channels} -> {filters}, {size}");
        }
    }

    #[test]
    fn only_3x3_at_stride_1_is_transformed() {
        for (window, stride, groups, expected) in [
            (1, 1, 1, Algorithm::Direct),
            (5, 1, 1, Algorithm::Direct),
            (3, 2, 1, Algorithm::Direct),
            (3, 1, 64, Algorithm::Depthwise),
            (3, 1, 8, Algorithm::Grouped),
        ] {
            let conv = conv(64, 64, 56, window, stride, groups);
            assert_eq!(choose(&conv, 1_000_000), expected, "{window}x{window}/{stride} in {groups}");
            assert_eq!(relative(&conv, 1_000_000), None);
        }
        let dilated = Conv { dilation: [2, 2], ..conv(64, 64, 56, 3, 1, 1) };
        assert_eq!(choose(&dilated, 1_000_000), Algorithm::Direct);
    }

    #[test]
    fn large_maps_of_few_multiply_adds_are_not_kept_whole() {
        let depthwise = |channels, size| conv(channels, channels, size, 3, 1, channels);
        for (from, to, expected) in [
            (conv(24, 144, 56, 1, 1, 1), depthwise(144, 56), true),
            (depthwise(144, 56), conv(144, 24, 56, 1, 1, 1), true),
            (conv(32, 192, 28, 1, 1, 1), depthwise(192, 28), false),
            (conv(64, 64, 224, 3, 1, 1), conv(64, 64, 224, 3, 1, 1), false),
            (conv(256, 128, 56, 1, 1, 1), conv(128, 128, 56, 3, 2, 1), false),
        ] {
            assert_eq!(pays_in_strips(&from, &to), expected, "{from:?}, {to:?}");
        }
    }

    #[test]
    fn the_reason_is_a_ratio_of_estimates() {
        let mut conv = conv(64, 64, 56, 3, 1, 1);
        let best = relative(&conv, 11_000_000);
        assert!(best.is_some_and(|(algorithm, ratio)| algorithm == Algorithm::WinogradF4 && ratio < 0.5), "{best:?}");
        conv.algorithm = Algorithm::WinogradF2;
        let own = relative(&conv, 11_000_000);
        assert!(own.is_some_and(|(algorithm, ratio)| algorithm == Algorithm::WinogradF2 && ratio < 0.7), "{own:?}");
    }
}
