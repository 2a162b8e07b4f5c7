//! Copies between unlike layouts: squares of vectors are transposed in registers, few channels are interleaved. Floor 2.

use core::mem::MaybeUninit;

use crate::simd::Simd;

use super::args::MapArgs;

/// Most lanes of a vector.
const MOST: usize = 16;
/// Most channels that are interleaved; more fill a good part of a vector.
const FEW: usize = 4;

/// `XOR[n][i] = i ^ 2ⁿ`
static XOR: [[u32; MOST]; 4] = [
    [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14],
    [2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13],
    [4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11],
    [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7],
];

/// The two inner loops of a copy, of which the innermost writes neighbours if any does; for each turn of the outermost.
///
/// # Safety
/// The machine has the instruction set, and output and first input are valid for the sizes.
#[inline(always)]
pub unsafe fn layer<S: Simd>(a: &MapArgs) {
    let [n0, n1, n2] = a.sizes;
    let [o0, o1, o2] = a.output.strides;
    let [i0, i1, i2] = a.inputs[0].strides;
    let vectors = S::LANES >= 8 && o2 == 1 && i1 == 1;
    // SAFETY: the caller's promise.
    unsafe {
        let few = if vectors && o1 == n2 && (2..=FEW).contains(&n2) { Some(Few::<S>::new(n2)) } else { None };
        let swaps = if vectors { Some(Swaps::<S>::new()) } else { None };
        for i in 0..n0 {
            let output = a.output.first.add(i * o0);
            let input = a.inputs[0].first.add(i * i0).cast_const();
            match (&few, &swaps) {
                (Some(few), _) if n2 == 2 => few.run::<2>(input, i2, output, n1),
                (Some(few), _) if n2 == 3 => few.run::<3>(input, i2, output, n1),
                (Some(few), _) => few.run::<4>(input, i2, output, n1),
                (None, Some(swaps)) => tiles::<S>(swaps, (input, i2), (output, o1), [n1, n2]),
                (None, None) => blocks((input, [i1, i2]), (output, [o1, o2]), [n1, n2]),
            }
        }
    }
}

/// Element by element, in blocks of what both sides have in cache.
#[inline(always)]
unsafe fn blocks((input, [i1, i2]): (*const f32, [usize; 2]), (output, [o1, o2]): (*mut f32, [usize; 2]), [n1, n2]: [usize; 2]) {
    const BLOCK: usize = 32;
    let mut j0 = 0;
    while j0 < n1 {
        let j1 = if j0 + BLOCK < n1 { j0 + BLOCK } else { n1 };
        let mut k0 = 0;
        while k0 < n2 {
            let k1 = if k0 + BLOCK < n2 { k0 + BLOCK } else { n2 };
            for k in k0..k1 {
                for j in j0..j1 {
                    // SAFETY: the caller promises all elements of both sides.
                    unsafe { *output.add(j * o1 + k * o2) = *input.add(j * i1 + k * i2) };
                }
            }
            k0 = k1;
        }
        j0 = j1;
    }
}

/// How vectors are exchanged, at distances of 1, 2, 4 and 8.
struct Swaps<S: Simd> {
    /// Lane i is lane `i ^ distance`.
    other: [S::Index; 4],
    /// Negative where the lane's number has not the distance's bit.
    low: [S::V; 4],
}

impl<S: Simd> Swaps<S> {
    /// # Safety
    /// The machine has the instruction set.
    #[inline(always)]
    unsafe fn new() -> Swaps<S> {
        // SAFETY: tables of as many lanes as any vector has.
        unsafe {
            let low = |n: usize| {
                let mut lanes = MaybeUninit::<[f32; MOST]>::uninit();
                let p = lanes.as_mut_ptr().cast::<f32>();
                for i in 0..MOST {
                    *p.add(i) = if i >> n & 1 == 0 { -1.0 } else { 1.0 };
                }
                S::load(p)
            };
            let other = |n: usize| S::index(XOR[n & 3].as_ptr());
            Swaps { other: [other(0), other(1), other(2), other(3)], low: [low(0), low(1), low(2), low(3)] }
        }
    }
}

/// `n1` neighbours of `n2` rows become `n1` rows of `n2` neighbours, a square of vectors at a time.
#[inline(always)]
unsafe fn tiles<S: Simd>(
    swaps: &Swaps<S>,
    (input, i2): (*const f32, usize),
    (output, o1): (*mut f32, usize),
    [n1, n2]: [usize; 2],
) {
    let mut j = 0;
    while j < n1 {
        let mut k = 0;
        while k < n2 {
            // SAFETY: the caller promises all elements of both sides; a square at the end reads and writes what is left.
            unsafe {
                let (from, to) = (input.add(j + k * i2), output.add(j * o1 + k));
                if j + S::LANES <= n1 && k + S::LANES <= n2 {
                    tile::<S, true>(swaps, (from, i2), (to, o1), [S::LANES; 2]);
                } else {
                    let left = |from: usize, n: usize| if n - from < S::LANES { n - from } else { S::LANES };
                    tile::<S, false>(swaps, (from, i2), (to, o1), [left(j, n1), left(k, n2)]);
                }
            }
            k += S::LANES;
        }
        j += S::LANES;
    }
}

/// One square, or the part of it that is there.
#[inline(always)]
unsafe fn tile<S: Simd, const WHOLE: bool>(
    swaps: &Swaps<S>,
    (from, i2): (*const f32, usize),
    (to, o1): (*mut f32, usize),
    [n1, n2]: [usize; 2],
) {
    // SAFETY: the caller promises `n1` neighbours of `n2` rows, and to write `n2` neighbours of `n1` rows, at most as many as lanes.
    unsafe {
        let load = |k: usize| if WHOLE { S::load(from.add(k * i2)) } else { S::load_first(from.add(k * i2), n1) };
        let mut v = [load(0); MOST];
        for (k, v) in v.iter_mut().enumerate().take(S::LANES) {
            if WHOLE || k < n2 {
                *v = load(k);
            }
        }
        exchange::<S, 0>(swaps, &mut v);
        exchange::<S, 1>(swaps, &mut v);
        exchange::<S, 2>(swaps, &mut v);
        if S::LANES > 8 {
            exchange::<S, 3>(swaps, &mut v);
        }
        for (j, &v) in v.iter().enumerate().take(S::LANES) {
            if WHOLE {
                S::store(to.add(j * o1), v);
            } else if j < n1 {
                S::store_first(to.add(j * o1), n2, v);
            }
        }
    }
}

/// Exchanges the elements of which the numbers of row and lane differ in bit N.
#[inline(always)]
unsafe fn exchange<S: Simd, const N: usize>(swaps: &Swaps<S>, v: &mut [S::V; MOST]) {
    for row in 0..S::LANES {
        if row >> N & 1 == 0 {
            let (low, high) = (v[row & 15], v[(row | 1 << N) & 15]);
            // SAFETY: the caller promises the instruction set.
            unsafe {
                v[row & 15] = S::if_negative(swaps.low[N & 3], low, S::permute(high, swaps.other[N & 3]));
                v[(row | 1 << N) & 15] = S::if_negative(swaps.low[N & 3], S::permute(low, swaps.other[N & 3]), high);
            }
        }
    }
}

/// How a few rows become one, an element of each in turn.
struct Few<S: Simd> {
    /// For each vector of the result, of as many as there are rows, which element of a row is in each lane.
    element: [S::Index; FEW],
    /// For each of these vectors and each row, negative where a lane has its element.
    row: [[S::V; FEW]; FEW],
}

impl<S: Simd> Few<S> {
    /// # Safety
    /// The machine has the instruction set.
    #[inline(always)]
    unsafe fn new(n: usize) -> Few<S> {
        let mut elements = MaybeUninit::<[u32; FEW * MOST]>::uninit();
        let mut rows = MaybeUninit::<[[f32; FEW * MOST]; FEW]>::uninit();
        let (elements, rows) = (elements.as_mut_ptr().cast::<u32>(), rows.as_mut_ptr().cast::<f32>());
        let (mut element, mut row) = (0, 0);
        // SAFETY: both tables have as many elements; the vectors beyond `n` hold numbers that nobody uses.
        unsafe {
            for at in 0..FEW * MOST {
                *elements.add(at) = element & 15;
                for k in 0..FEW {
                    *rows.add(k * FEW * MOST + at) = if k == row { -1.0 } else { 1.0 };
                }
                row += 1;
                if row == n {
                    (row, element) = (0, element + 1);
                }
            }
            let index = |vector: usize| S::index(elements.add(vector * S::LANES));
            let of = |vector: usize, k: usize| S::load(rows.add(k * FEW * MOST + vector * S::LANES));
            let all = |vector: usize| [of(vector, 0), of(vector, 1), of(vector, 2), of(vector, 3)];
            Few { element: [index(0), index(1), index(2), index(3)], row: [all(0), all(1), all(2), all(3)] }
        }
    }

    /// `len` elements of each of N rows, which are `i2` apart.
    #[inline(always)]
    unsafe fn run<const N: usize>(&self, input: *const f32, i2: usize, output: *mut f32, len: usize) {
        let mut j = 0;
        // SAFETY: the caller promises `len` elements of each row and as many of the result.
        unsafe {
            while j < len && len >= S::LANES {
                // The last vectors begin early enough to be whole.
                let from = if j + S::LANES <= len { j } else { len - S::LANES };
                for (vector, (&element, row)) in self.element.iter().zip(&self.row).enumerate().take(N) {
                    let mut result = S::permute(S::load(input.add(from)), element);
                    for (k, &row) in row.iter().enumerate().take(N).skip(1) {
                        result = S::if_negative(row, S::permute(S::load(input.add(from + k * i2)), element), result);
                    }
                    S::store(output.add(from * N + vector * S::LANES), result);
                }
                j += S::LANES;
            }
            while j < len {
                for k in 0..N {
                    *output.add(j * N + k) = *input.add(j + k * i2);
                }
                j += 1;
            }
        }
    }
}
