//! Norms of a map by its own mean and variance, and by neighbouring channels: channels in the lanes. Floor 2.
//!
//! Sums are of rows in f32, then of all rows in f64; the variance is that of the differences from the mean.

use crate::simd::Simd;

use super::args::{LocalNormArgs, NormArgs, RegionKind, Source, Target};
use super::conv::Parts;
use super::share::Share;
use super::{div, math};

/// Mean and reciprocal standard deviation of up to 16 channels.
struct Statistics {
    mean: [f32; 16],
    scale: [f32; 16],
}

/// A share of a layer: rows or pixels where they are normalised by themselves, else channels.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn layer<S: Parts>(a: &NormArgs, share: Share) {
    let [height, width, channels] = a.sizes;
    let (n, columns) = match a.region {
        // SAFETY: the caller's promise.
        RegionKind::Map => return unsafe { region::<S>(a, share) },
        RegionKind::Row => (height, 1),
        RegionKind::Pixel => (height * width, width),
    };
    let (first, end) = share.of(n, 1);
    for i in first..end {
        let y = div(i, columns);
        let x = i - y * columns;
        let of_row = |row: usize, pixel: usize| y * row + x * pixel;
        let own = NormArgs {
            input: Source { first: a.input.first.wrapping_add(of_row(a.input.row, a.input.pixel)), ..a.input },
            output: Target { first: a.output.first.wrapping_add(of_row(a.output.row, a.output.pixel)), ..a.output },
            weights: Source { first: a.weights.first.wrapping_add(of_row(a.weights.row, a.weights.pixel)), ..a.weights },
            shifts: a.shifts.wrapping_add(of_row(a.weights.row, a.weights.pixel)),
            sizes: [1, if a.region == RegionKind::Row { width } else { 1 }, channels],
            ..*a
        };
        // SAFETY: the caller's promise, of a row or a pixel.
        unsafe { region::<S>(&own, Share::WHOLE) }
    }
}

/// A share of what is normalised together: groups, or vectors of channels that hold several.
///
/// # Safety
/// As for [`layer`].
#[inline(always)]
unsafe fn region<S: Parts>(a: &NormArgs, share: Share) {
    let [height, width, channels] = a.sizes;
    let per_group = div(channels, a.groups);
    let several = S::LANES.is_multiple_of(per_group);
    let (c0, c1) = share.of(channels, if several { S::LANES } else { per_group });
    if c0 == c1 {
        return;
    }
    // SAFETY: the caller's promise; blocks of `n` channels from `c` on are channels of the map.
    unsafe {
        if several {
            let mut c = c0;
            while c < c1 {
                let n = (c1 - c).min(S::LANES);
                let statistics = of_lanes::<S>(a, c, n, per_group);
                write::<S>(a, c, n, &statistics);
                c += S::LANES;
            }
        } else {
            let mut first = c0;
            while first < c1 {
                let end = first + per_group;
                let statistics = of_group::<S>(a, first, end);
                let mut c = first;
                while c < end {
                    write::<S>(a, c, (end - c).min(S::LANES), &statistics);
                    c += S::LANES;
                }
                first = end;
            }
        }
        for y in 0..height {
            for x in 0..width {
                let to = a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel + c0);
                S::activate(&a.act, to, c1 - c0);
            }
        }
    }
}

/// Sums over all pixels of the differences of `n` channels from `mean`, or of their squares.
#[inline(always)]
unsafe fn sums<S: Simd>(a: &NormArgs, c: usize, n: usize, mean: &[f32; 16], square: bool) -> [f64; 16] {
    let [height, width, _] = a.sizes;
    let mut sums = [0.0f64; 16];
    // SAFETY: the caller promises these channels; lanes behind the n-th are zero on both sides of the difference.
    unsafe {
        let mean = S::load_first(mean.as_ptr(), n);
        for y in 0..height {
            let row = a.input.first.wrapping_add(y * a.input.row + c);
            let mut acc = S::splat(0.0);
            for x in 0..width {
                let d = S::sub(S::load_first(row.wrapping_add(x * a.input.pixel), n), mean);
                acc = if square { S::fma(d, d, acc) } else { S::add(acc, d) };
            }
            for (sum, lane) in sums.iter_mut().zip(S::lanes(acc)) {
                *sum += lane as f64;
            }
        }
    }
    sums
}

/// The statistics of `n` channels from `c` on, of which each `per_group` make a group.
#[inline(always)]
unsafe fn of_lanes<S: Simd>(a: &NormArgs, c: usize, n: usize, per_group: usize) -> Statistics {
    let count = (a.sizes[0] * a.sizes[1] * per_group) as f64;
    let over_groups = |sums: [f64; 16]| {
        let mut means = [0.0f64; 16];
        for (lane, mean) in means.iter_mut().enumerate().take(n) {
            let first = div(lane, per_group) * per_group;
            let mut sum = 0.0;
            for value in sums.iter().skip(first).take(per_group) {
                sum += value;
            }
            *mean = sum / count;
        }
        means
    };
    // SAFETY: the caller's promise.
    unsafe {
        let mean = over_groups(sums::<S>(a, c, n, &[0.0; 16], false)).map(|mean| mean as f32);
        let variance = over_groups(sums::<S>(a, c, n, &mean, true));
        Statistics { mean, scale: variance.map(|variance| reciprocal_root(variance + a.eps as f64) as f32) }
    }
}

/// The statistics of one group, of the channels from `first` up to `end`, in every lane.
#[inline(always)]
unsafe fn of_group<S: Simd>(a: &NormArgs, first: usize, end: usize) -> Statistics {
    let count = (a.sizes[0] * a.sizes[1] * (end - first)) as f64;
    let over_blocks = |mean: &[f32; 16], square: bool| {
        let (mut total, mut c) = (0.0, first);
        while c < end {
            // SAFETY: the caller's promise.
            for sum in unsafe { sums::<S>(a, c, (end - c).min(S::LANES), mean, square) } {
                total += sum;
            }
            c += S::LANES;
        }
        total / count
    };
    let mean = [over_blocks(&[0.0; 16], false) as f32; 16];
    let variance = over_blocks(&mean, true);
    Statistics { mean, scale: [reciprocal_root(variance + a.eps as f64) as f32; 16] }
}

/// The results of `n` channels from `c` on, at every pixel.
#[inline(always)]
unsafe fn write<S: Simd>(a: &NormArgs, c: usize, n: usize, statistics: &Statistics) {
    let [height, width, _] = a.sizes;
    // SAFETY: the caller promises these channels.
    unsafe {
        let (mean, scale) = (S::load(statistics.mean.as_ptr()), S::load(statistics.scale.as_ptr()));
        for y in 0..height {
            for x in 0..width {
                let from = a.input.first.wrapping_add(y * a.input.row + x * a.input.pixel + c);
                let to = a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel + c);
                let weight = y * a.weights.row + x * a.weights.pixel;
                let (gamma, beta) = (a.weights.first.wrapping_add(weight), a.shifts.wrapping_add(weight));
                let (gamma, beta) = match a.by_channel {
                    true => (S::load_first(gamma.wrapping_add(c), n), S::load_first(beta.wrapping_add(c), n)),
                    false => (S::splat(*gamma), S::splat(*beta)),
                };
                let normal = S::mul(S::sub(S::load_first(from, n), mean), scale);
                S::store_first(to, n, math::bound::<S>(&a.act, S::fma(normal, gamma, beta)));
            }
        }
    }
}

/// `1/√x` by Newton's method; there is no root without the standard library.
#[inline(always)]
fn reciprocal_root(x: f64) -> f64 {
    if x == 0.0 {
        return f64::INFINITY;
    }
    if x.is_nan() || x.is_infinite() {
        return 1.0 / x;
    }
    let mut y = f64::from_bits(0x5fe6_eb50_c7b5_37a9_u64.wrapping_sub(x.to_bits() >> 1));
    for _ in 0..5 {
        y *= 1.5 - 0.5 * x * y * y;
    }
    y
}

/// Elements over what their neighbours among the channels amount to: a share of the rows.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them.
#[inline(always)]
pub unsafe fn local<S: Simd>(a: &LocalNormArgs, share: Share) {
    let [height, width, channels] = a.sizes;
    let (y0, y1) = share.of(height, 1);
    // Before a channel, and from it on.
    let (before, after) = (a.size / 2, a.size - a.size / 2);
    // SAFETY: the caller's promise; neighbours are read where there are channels, whole vectors where all of theirs are.
    unsafe {
        for y in y0..y1 {
            for x in 0..width {
                let from = a.input.first.wrapping_add(y * a.input.row + x * a.input.pixel);
                let to = a.output.first.wrapping_add(y * a.output.row + x * a.output.pixel);
                let mut c = 0;
                while c < channels {
                    let n = (channels - c).min(S::LANES);
                    let mut sum = S::splat(0.0);
                    if c >= before && c + S::LANES + after <= channels + 1 {
                        for i in 0..a.size {
                            let v = S::load(from.add(c + i - before));
                            sum = S::fma(v, v, sum);
                        }
                    } else {
                        let mut sums = [0.0f32; 16];
                        for (lane, sum) in sums.iter_mut().enumerate().take(n) {
                            let first = (c + lane).saturating_sub(before);
                            let end = (c + lane).saturating_add(after).min(channels);
                            for i in first..end {
                                *sum += *from.add(i) * *from.add(i);
                            }
                        }
                        sum = S::load(sums.as_ptr());
                    }
                    let base = S::fma(sum, S::splat(a.alpha / a.size as f32), S::splat(a.k));
                    let mut logs = S::lanes(base);
                    for log in &mut logs {
                        *log = math::ln(*log) * -a.beta;
                    }
                    let power = math::exp::<S>(S::load(logs.as_ptr()));
                    S::store_first(to.add(c), n, S::mul(S::load_first(from.add(c), n), power));
                    c += S::LANES;
                }
            }
        }
    }
}
