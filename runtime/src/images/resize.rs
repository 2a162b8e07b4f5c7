//! Resizing by a triangle filter as wide as the scale, in Pillow's arithmetic, so that its results are met to the bit. Floor 2.
//!
//! Each output pixel is a weighted mean of the input pixels under a triangle whose half width is the scale, or one pixel
//! where the image grows. Rows and columns are filtered one after the other, and rounded to 8 bits in between; weights are
//! fixed-point numbers of 22 fractional bits. Which of them comes first was found by trying Pillow 13: columns where the
//! height shrinks by more than twice the pixels that the width does.

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

/// Filters along rows of `width` pixels of `C` interleaved channels.
fn across<const C: usize>(pixels: &[u8], width: usize, taps: &[Taps]) -> Vec<u8> {
    let mut result = Vec::with_capacity(pixels.len() / width * taps.len());
    for row in pixels.chunks_exact(width * C) {
        for taps in taps {
            for c in 0..C {
                let under = row[taps.first * C + c..].iter().step_by(C).copied();
                result.push(weighted(under, &taps.weights));
            }
        }
    }
    result
}

/// Filters along columns of rows of `row_len` levels; the first row of `levels` is row `first_row` of the image.
fn down(levels: &[u8], row_len: usize, first_row: usize, taps: &[Taps]) -> Vec<u8> {
    let mut result = Vec::with_capacity(taps.len() * row_len);
    for taps in taps {
        for i in 0..row_len {
            let under = levels[(taps.first - first_row) * row_len + i..].iter().step_by(row_len).copied();
            result.push(weighted(under, &taps.weights));
        }
    }
    result
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
    let rows = taps(height, resized[0], start[0], kept[0]);
    let columns = taps(width, resized[1], start[1], kept[1]);
    let (lost_rows, lost_columns) = (height as i64 - resized[0] as i64, width as i64 - resized[1] as i64);
    if lost_rows > 0 && lost_rows > 2 * lost_columns {
        return across::<C>(&down(pixels, width * C, 0, &rows), width, &columns);
    }
    // Only the rows that are needed afterwards.
    let first = rows.iter().map(|taps| taps.first).min().unwrap_or(0);
    let end = rows.iter().map(|taps| taps.first + taps.weights.len()).max().unwrap_or(0);
    down(&across::<C>(&pixels[first * width * C..end * width * C], width, &columns), kept[1] * C, first, &rows)
}
