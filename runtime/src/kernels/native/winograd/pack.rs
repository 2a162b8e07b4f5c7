//! The weights of Winograd's convolution: `G g Gᵀ`, in f64. Floor 2.

use super::super::args::PackConvArgs;
use super::transforms::POINTS;
use crate::simd::Simd;

/// Floats in the widest vector.
const MOST_LANES: usize = 16;

/// Weights into `[F/2 vectors][position][C][2 vectors]` of `G g Gᵀ`, behind biases rounded up to whole vectors.
///
/// # Safety
/// The machine has the instruction set, and the pointers are valid for the sizes beside them, `pack` for `(1 + channels · positions) ·`
/// filters rounded up to whole vectors.
#[inline(always)]
pub unsafe fn pack<S: Simd>(a: &PackConvArgs) {
    // SAFETY: the caller's promise; no vector has more than `MOST_LANES` lanes.
    unsafe {
        let padded = a.n_rows.next_multiple_of(S::LANES);
        let n = a.tile + 2;
        let mut f = 0;
        while f < padded {
            let width = (2 * S::LANES).min(padded - f);
            let to = a.pack.add(f * a.channels * n * n);
            for c in 0..a.channels {
                for lane in (0..width).step_by(S::LANES) {
                    let mut g = [[0.0; MOST_LANES]; 9];
                    for l in 0..S::LANES.min(a.n_rows.saturating_sub(f + lane)) {
                        let from = a.rows.add(((f + lane + l) * a.channels + c) * 9);
                        for (t, g) in g.iter_mut().enumerate() {
                            g[l] = f64::from(*from.add(t));
                        }
                    }
                    let to = to.add(c * width + lane);
                    if a.tile == 2 {
                        pack_vector::<S, 2>(&g, to, a.channels * width);
                    } else {
                        pack_vector::<S, 4>(&g, to, a.channels * width);
                    }
                }
            }
            f += width;
        }
    }
}

/// `G g Gᵀ` of one vector of filters, in f64, rounded once.
#[inline(always)]
unsafe fn pack_vector<S: Simd, const M: usize>(g: &[[f64; MOST_LANES]; 9], to: *mut f32, position: usize) {
    let n = M + 2;
    for i in 0..n {
        let [x, y, z] = weight_line::<M>(i);
        let mut row = [[0.0; MOST_LANES]; 3];
        for (k, row) in row.iter_mut().enumerate() {
            for (l, v) in row.iter_mut().enumerate() {
                *v = x * g[k][l] + y * g[3 + k][l] + z * g[6 + k][l];
            }
        }
        for j in 0..n {
            let [x, y, z] = weight_line::<M>(j);
            let mut u = [0.0; MOST_LANES];
            for (l, u) in u.iter_mut().enumerate() {
                *u = (x * row[0][l] + y * row[1][l] + z * row[2][l]) as f32;
            }
            // SAFETY: the caller promises a vector at each position, see `pack`.
            unsafe { core::ptr::copy_nonoverlapping(u.as_ptr(), to.add((i * n + j) * position), S::LANES) };
        }
    }
}

/// A row of `G`.
pub const fn weight_line<const M: usize>(i: usize) -> [f64; 3] {
    if M == 2 {
        return match i {
            0 => [1.0, 0.0, 0.0],
            1 => [0.5, 0.5, 0.5],
            2 => [0.5, -0.5, 0.5],
            _ => [0.0, 0.0, 1.0],
        };
    }
    let [a, b] = POINTS;
    match i {
        0 => [1.0 / (a * a * b * b), 0.0, 0.0],
        1 => point(a, b),
        2 => point(-a, b),
        3 => point(b, a),
        4 => point(-b, a),
        _ => [0.0, 0.0, 1.0],
    }
}

/// The row of `G` at x, y being the other pair's.
const fn point(x: f64, y: f64) -> [f64; 3] {
    let scale = 1.0 / (2.0 * x * x * (x * x - y * y));
    [scale, scale * x, scale * x * x]
}
