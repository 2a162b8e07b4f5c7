//! Winograd's transforms of inputs, `Bᵀ d B`, and of results, `Aᵀ m A`, tile by tile, channels or filters in the lanes. Floor 2.
//!
//! F(4x4) interpolates at 0, ±5/8, ±3/2 and ∞: these make less than half of the error of the usual 0, ±1, ±2 and ∞, at the same cost, and
//! every constant of the transforms is a float exactly.

use super::super::args::Act;
use super::super::math;
use crate::simd::Simd;

/// Where F(4x4) interpolates, beside 0 and ∞: at these and their negatives.
pub const POINTS: [f64; 2] = [0.625, 1.5];

/// The inputs of one tile, and where they go.
#[derive(Clone, Copy)]
pub struct Gather {
    /// The first.
    pub input: *const f32,
    /// Between rows.
    pub row: usize,
    /// Between pixels.
    pub pixel: usize,
    /// Channels.
    pub channels: usize,
    /// Rows and columns that may be read; what is beyond them counts as zeros.
    pub size: [usize; 2],
    /// Where the first position goes.
    pub to: *mut f32,
    /// Between positions.
    pub position: usize,
}

/// Transforms the inputs of a tile: `Bᵀ d B` of every channel.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them, `to` for whole vectors.
#[inline(always)]
pub unsafe fn gather<S: Simd, const M: usize>(a: &Gather) {
    let inside = a.size[0] >= M + 2 && a.size[1] >= M + 2;
    let mut c = 0;
    while c < a.channels {
        // SAFETY: the caller's promise; whole vectors are read where there are as many channels.
        unsafe {
            if inside && a.channels - c >= S::LANES {
                gather_vector::<S, M, true>(a, c);
            } else {
                gather_vector::<S, M, false>(a, c);
            }
        }
        c += S::LANES;
    }
}

/// One vector of channels; `WHOLE` where all of it may be read, at every position.
///
/// Two rows of the result at a time, from inputs that are read again for each: all of them would not fit the registers.
///
/// # Safety
/// As for [`gather`].
#[inline(always)]
pub unsafe fn gather_vector<S: Simd, const M: usize, const WHOLE: bool>(a: &Gather, c: usize) {
    // SAFETY: the caller's promise, see `gather`.
    unsafe {
        if M == 2 {
            gather_rows::<S, M, WHOLE>(a, c, [0, 1]);
            gather_rows::<S, M, WHOLE>(a, c, [2, 3]);
        } else {
            gather_rows::<S, M, WHOLE>(a, c, [0, 5]);
            gather_rows::<S, M, WHOLE>(a, c, [1, 2]);
            gather_rows::<S, M, WHOLE>(a, c, [3, 4]);
        }
    }
}

/// Two rows of the result, which are constants where this is inlined: what they do not need is not read.
#[inline(always)]
unsafe fn gather_rows<S: Simd, const M: usize, const WHOLE: bool>(a: &Gather, c: usize, rows: [usize; 2]) {
    // SAFETY: the caller's promise, see `gather`; where not all may be read, what may not be is masked.
    unsafe {
        let n = M + 2;
        let lanes = (a.channels - c).min(S::LANES);
        let mut columns = [[S::splat(0.0); 2]; 6];
        for (j, pair) in columns.iter_mut().enumerate().take(n) {
            let mut d = [S::splat(0.0); 6];
            for (i, d) in d.iter_mut().enumerate().take(n) {
                let p = a.input.wrapping_add(i * a.row + j * a.pixel + c);
                *d = match WHOLE {
                    true => S::load(p),
                    false => S::load_first(p, if i < a.size[0] && j < a.size[1] { lanes } else { 0 }),
                };
            }
            let column = input_line::<S, M>(d);
            *pair = rows.map(|i| column[i]);
        }
        for (k, i) in rows.into_iter().enumerate() {
            let line = input_line::<S, M>(columns.map(|pair| pair[k]));
            for (j, v) in line.into_iter().enumerate().take(n) {
                S::store(a.to.wrapping_add((i * n + j) * a.position + c), v);
            }
        }
    }
}

/// `Bᵀ d` of a column.
#[inline(always)]
unsafe fn input_line<S: Simd, const M: usize>(d: [S::V; 6]) -> [S::V; 6] {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        if M == 2 {
            return [S::sub(d[0], d[2]), S::add(d[1], d[2]), S::sub(d[2], d[1]), S::sub(d[1], d[3]), d[4], d[5]];
        }
        let [a, b] = POINTS;
        let product = constant::<S>(a * a * b * b);
        let sum = constant::<S>(-(a * a + b * b));
        let [a_plus, a_minus] = input_pair::<S>(&d, a, b);
        let [b_plus, b_minus] = input_pair::<S>(&d, b, a);
        let first = S::fma(d[0], product, S::fma(d[2], sum, d[4]));
        let last = S::fma(d[1], product, S::fma(d[3], sum, d[5]));
        [first, a_plus, a_minus, b_plus, b_minus, last]
    }
}

/// `Bᵀ d` at ±x, y being the other point: `(d₄ − y²·d₂) ± x·(d₃ − y²·d₁)`.
#[inline(always)]
unsafe fn input_pair<S: Simd>(d: &[S::V; 6], x: f64, y: f64) -> [S::V; 2] {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let even = S::fma(d[2], constant::<S>(-(y * y)), d[4]);
        let odd = S::fma(d[1], constant::<S>(-(y * y)), d[3]);
        [S::fma(odd, constant::<S>(x), even), S::fma(odd, constant::<S>(-x), even)]
    }
}

/// A number, which is a float exactly, in every lane.
#[inline(always)]
unsafe fn constant<S: Simd>(x: f64) -> S::V {
    // SAFETY: the caller promises the instruction set.
    unsafe { S::splat(x as f32) }
}

/// The sums of one tile, and where its results go.
#[derive(Clone, Copy)]
pub struct Scatter {
    /// Of the first position.
    pub sums: *const f32,
    /// Between positions.
    pub position: usize,
    /// Biases.
    pub bias: *const f32,
    /// The tile's first result.
    pub output: *mut f32,
    /// Between rows.
    pub row: usize,
    /// Between pixels.
    pub pixel: usize,
    /// What is added; null for nothing.
    pub residual: *const f32,
    /// Between rows.
    pub residual_row: usize,
    /// Between pixels.
    pub residual_pixel: usize,
    /// The first row that is written, and the one after the last.
    pub rows: [usize; 2],
    /// Columns that are written.
    pub columns: usize,
    /// Filters.
    pub filters: usize,
    /// Its bounds are applied.
    pub act: Act,
    /// Whether the largest of each 2x2 results is what is written, where there are all four; of two rows and two columns of results,
    /// the output has one then, and the first row that is written is 0.
    pub pooled: bool,
}

/// Transforms the sums of a tile, `Aᵀ m A` of every filter, adds bias and residual, applies bounds, pools where asked to, and stores.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them, `sums` and `bias` for whole vectors.
#[inline(always)]
pub unsafe fn scatter<S: Simd, const M: usize>(a: &Scatter) {
    let inside = a.rows == [0, M] && a.columns == M;
    let mut f = 0;
    while f < a.filters {
        // SAFETY: the caller's promise; whole vectors are written where there are as many filters.
        unsafe {
            let whole = inside && a.filters - f >= S::LANES;
            match (a.pooled, whole) {
                (false, true) => scatter_vector::<S, M, true>(a, f),
                (false, false) => scatter_vector::<S, M, false>(a, f),
                (true, true) => pool_vector::<S, M, true>(a, f),
                (true, false) => pool_vector::<S, M, false>(a, f),
            }
        }
        f += S::LANES;
    }
}

/// One vector of filters; `WHOLE` where all of it is written, at every pixel.
///
/// # Safety
/// As for [`scatter`].
#[inline(always)]
pub unsafe fn scatter_vector<S: Simd, const M: usize, const WHOLE: bool>(a: &Scatter, f: usize) {
    // SAFETY: the caller's promise, see `scatter`.
    unsafe {
        if M == 2 {
            scatter_rows::<S, M, WHOLE>(a, f, [0, 1]);
        } else {
            scatter_rows::<S, M, WHOLE>(a, f, [0, 2]);
            scatter_rows::<S, M, WHOLE>(a, f, [1, 3]);
        }
    }
}

/// Two of its rows.
#[inline(always)]
unsafe fn scatter_rows<S: Simd, const M: usize, const WHOLE: bool>(a: &Scatter, f: usize, rows: [usize; 2]) {
    // SAFETY: the caller's promise, see `scatter`; where not all is written, what is not is left alone.
    unsafe {
        let results = result_rows::<S, M, WHOLE>(a, f, rows);
        for (i, line) in rows.into_iter().zip(results) {
            for (j, v) in line.into_iter().enumerate().take(M) {
                let outside = i < a.rows[0] || i >= a.rows[1] || j >= a.columns;
                if WHOLE || !outside {
                    store::<S, WHOLE>(a.output.wrapping_add(i * a.row + j * a.pixel + f), v, a.filters - f);
                }
            }
        }
    }
}

/// As [`scatter_vector`], pooled.
#[inline(always)]
unsafe fn pool_vector<S: Simd, const M: usize, const WHOLE: bool>(a: &Scatter, f: usize) {
    // SAFETY: the caller's promise, see `scatter`; where not all is written, what is not is left alone.
    unsafe {
        let pairs = if M == 2 {
            let [first, second] = result_rows::<S, M, WHOLE>(a, f, [0, 1]);
            [[first, second], [first, second]]
        } else {
            let [first, third] = result_rows::<S, M, WHOLE>(a, f, [0, 2]);
            let [second, fourth] = result_rows::<S, M, WHOLE>(a, f, [1, 3]);
            [[first, second], [third, fourth]]
        };
        for (i, [above, below]) in pairs.into_iter().enumerate().take(M / 2) {
            for j in 0..M / 2 {
                if WHOLE || (2 * i + 1 < a.rows[1] && 2 * j + 1 < a.columns) {
                    let [x, y] = [above, below].map(|line| S::max_or_nan(line[2 * j], line[2 * j + 1]));
                    store::<S, WHOLE>(a.output.wrapping_add(i * a.row + j * a.pixel + f), S::max_or_nan(x, y), a.filters - f);
                }
            }
        }
    }
}

/// Stores a vector, or what is left of one.
#[inline(always)]
unsafe fn store<S: Simd, const WHOLE: bool>(p: *mut f32, v: S::V, left: usize) {
    // SAFETY: the caller promises as many filters.
    unsafe {
        match WHOLE {
            true => S::store(p, v),
            false => S::store_first(p, left.min(S::LANES), v),
        }
    }
}

/// Two rows of the result, which are constants where this is inlined: what they do not need is not read. What lies outside of the
/// map is anything.
#[inline(always)]
unsafe fn result_rows<S: Simd, const M: usize, const WHOLE: bool>(a: &Scatter, f: usize, rows: [usize; 2]) -> [[S::V; 4]; 2] {
    // SAFETY: the caller's promise, see `scatter`; of the residual, only what lies inside is read.
    unsafe {
        let n = M + 2;
        let lanes = (a.filters - f).min(S::LANES);
        let mut columns = [[S::splat(0.0); 2]; 6];
        for (j, pair) in columns.iter_mut().enumerate().take(n) {
            let mut m = [S::splat(0.0); 6];
            for (i, m) in m.iter_mut().enumerate().take(n) {
                *m = S::load(a.sums.add((i * n + j) * a.position + f));
            }
            let column = output_line::<S, M>(m);
            *pair = rows.map(|i| column[i]);
        }
        let bias = S::load(a.bias.add(f));
        let mut results = [[bias; 4]; 2];
        for (k, i) in rows.into_iter().enumerate() {
            let line = output_line::<S, M>(columns.map(|pair| pair[k]));
            for (j, v) in line.into_iter().enumerate().take(M) {
                let outside = i < a.rows[0] || i >= a.rows[1] || j >= a.columns;
                if !WHOLE && outside {
                    continue;
                }
                let mut v = S::add(v, bias);
                if !a.residual.is_null() {
                    let p = a.residual.wrapping_add(i * a.residual_row + j * a.residual_pixel + f);
                    v = S::add(v, if WHOLE { S::load(p) } else { S::load_first(p, lanes) });
                }
                results[k][j] = math::bound::<S>(&a.act, v);
            }
        }
        results
    }
}

/// `Aᵀ m` of a column.
#[inline(always)]
unsafe fn output_line<S: Simd, const M: usize>(m: [S::V; 6]) -> [S::V; 4] {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        if M == 2 {
            let first = S::add(S::add(m[0], m[1]), m[2]);
            let second = S::sub(S::sub(m[1], m[2]), m[3]);
            return [first, second, m[4], m[5]];
        }
        let [a, b] = POINTS;
        let (a_even, a_odd) = (S::add(m[1], m[2]), S::sub(m[1], m[2]));
        let (b_even, b_odd) = (S::add(m[3], m[4]), S::sub(m[3], m[4]));
        [
            S::add(m[0], S::add(a_even, b_even)),
            S::fma(a_odd, constant::<S>(a), S::mul(b_odd, constant::<S>(b))),
            S::fma(a_even, constant::<S>(a * a), S::mul(b_even, constant::<S>(b * b))),
            S::fma(a_odd, constant::<S>(a * a * a), S::fma(b_odd, constant::<S>(b * b * b), m[5])),
        ]
    }
}
