//! Resizing by a triangle filter as wide as the scale, in Pillow's arithmetic, so that its results are met to the bit. Floor 2.
//!
//! Each output pixel is a weighted mean of the input pixels under a triangle whose half width is the scale, or one pixel
//! where the image grows. Rows are filtered first and rounded to 8 bits, then columns; weights are fixed-point numbers of 22
//! fractional bits.

/// Fractional bits of a weight: 32 less 8 of a pixel and 2 for overshoot.
const WEIGHT_BITS: u32 = 22;

/// The pixels under one output pixel, and their weights.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

/// The taps of `kept` output pixels from `start` on, where `n` pixels are resized to `resized`.
fn taps(n: usize, resized: usize, start: usize, kept: usize) -> Vec<Taps> {
    let scale = n as f64 / resized as f64;
    let support = scale.max(1.0);
    (start..start + kept)
        .map(|i| {
            let centre = (i as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(n);
            let triangle = |j: usize| (1.0 - ((j as f64 - centre + 0.5) * (1.0 / support)).abs()).max(0.0);
            let weights: Vec<f64> = (first..end).map(triangle).collect();
            let sum: f64 = weights.iter().sum();
            let fixed = |weight: f64| (0.5 + weight / sum * f64::from(1 << WEIGHT_BITS)) as i32;
            Taps { first, weights: weights.into_iter().map(fixed).collect() }
        })
        .collect()
}

/// A sum of weighted pixels, rounded to 8 bits.
fn weighted(pixels: impl Iterator<Item = u8>, weights: &[i32]) -> u8 {
    let sum = pixels.zip(weights).fold(1 << (WEIGHT_BITS - 1), |sum, (pixel, weight)| sum + i32::from(pixel) * weight);
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
}

/// Resizes an image of `C` interleaved channels from `size` to `resized`, and keeps `kept` pixels from `start` on; all are
/// `[height, width]`, none is zero, and what is kept lies inside.
pub(super) fn resize<const C: usize>(
    pixels: &[u8],
    [height, width]: [usize; 2],
    resized: [usize; 2],
    start: [usize; 2],
    kept: [usize; 2],
) -> Vec<u8> {
    let down = taps(height, resized[0], start[0], kept[0]);
    let across = taps(width, resized[1], start[1], kept[1]);
    let first_row = down.first().map_or(0, |taps| taps.first);
    let end_row = down.last().map_or(0, |taps| taps.first + taps.weights.len());
    let mut rows = Vec::with_capacity((end_row - first_row) * kept[1] * C);
    for row in pixels.chunks_exact(width * C).take(end_row).skip(first_row) {
        for taps in &across {
            for c in 0..C {
                let under = row[taps.first * C + c..].iter().step_by(C).copied();
                rows.push(weighted(under, &taps.weights));
            }
        }
    }
    let row_len = kept[1] * C;
    let mut result = Vec::with_capacity(kept[0] * row_len);
    for taps in &down {
        for i in 0..row_len {
            let under = rows[(taps.first - first_row) * row_len + i..].iter().step_by(row_len).copied();
            result.push(weighted(under, &taps.weights));
        }
    }
    result
}
