//! Element-wise kernels over operands by strides, copies between layouts, and zeros around maps. Floor 2.

use core::mem::MaybeUninit;

use super::args::{BorderArgs, MapArgs, MapOp, Operand};
use super::conv::Parts;
use super::math;
use super::share::Share;
use super::transpose;

/// Elements of a run that are computed before an activation of more than bounds passes over them.
const CHUNK: usize = 1024;

/// A share of the elements: of the outermost loop that has as many turns as there are shares, or the longest.
///
/// # Safety
/// The machine has the instruction set, and the operands that the operation reads are valid for its sizes.
#[inline(always)]
pub unsafe fn layer<S: Parts>(a: &MapArgs, share: Share) {
    let [n0, n1, n2] = a.sizes;
    let axis = match () {
        _ if n0 >= share.n_parts => 0,
        _ if n1 >= share.n_parts => 1,
        _ => 2,
    };
    // Neighbours of the innermost loop stay together by cache lines.
    let (from, to) = share.of([n0, n1, n2][axis], if axis == 2 { 64 } else { 1 });
    let part = |operand: &Operand| Operand { first: operand.first.wrapping_add(from * operand.strides[axis]), ..*operand };
    let mut sizes = a.sizes;
    sizes[axis] = to - from;
    let [x, y, z] = &a.inputs;
    let a = &MapArgs { sizes, output: part(&a.output), inputs: [part(x), part(y), part(z)], ..*a };
    // SAFETY: the caller's promise.
    unsafe {
        let n_inputs = match a.op {
            MapOp::Copy => 1,
            MapOp::Add | MapOp::Mul | MapOp::Prelu => 2,
            MapOp::Affine => 3,
        };
        let unit = a.output.strides[2] == 1 && a.inputs[..n_inputs].iter().all(|input| input.strides[2] == 1);
        // One of two inputs is repeated along the innermost loop.
        let side_by_side = |n: usize| a.inputs[n].strides[2] == 1 && a.inputs[1 - n].strides[2] == 0;
        let repeats = n_inputs == 2 && a.output.strides[2] == 1 && (side_by_side(0) || side_by_side(1));
        let plain = a.op == MapOp::Copy && a.act.is_none();
        if !unit && plain {
            return transpose::layer::<S>(a);
        }
        let [n0, n1, n2] = a.sizes;
        for i in 0..n0 {
            for j in 0..n1 {
                let offset = |strides: &[usize; 3]| i * strides[0] + j * strides[1];
                let output = a.output.first.wrapping_add(offset(&a.output.strides));
                let inputs = [0, 1, 2].map(|n| a.inputs[n].first.wrapping_add(offset(&a.inputs[n].strides)).cast_const());
                if unit {
                    run::<S>(a, output, inputs, n2);
                } else if repeats {
                    repeating::<S>(a, output, inputs, n2);
                } else {
                    strided::<S>(a, output, inputs, n2);
                }
            }
        }
    }
}

/// `len` elements that lie side by side in every operand.
#[inline(always)]
unsafe fn run<S: Parts>(a: &MapArgs, output: *mut f32, [x, y, z]: [*const f32; 3], len: usize) {
    // SAFETY: the caller promises `len` elements of the operands that the operation reads; chunks stay inside.
    unsafe {
        let mut start = 0;
        while start < len {
            let n = (len - start).min(CHUNK);
            let (to, x) = (output.add(start), x.add(start));
            let (y, z) = (y.wrapping_add(start), z.wrapping_add(start));
            macro_rules! each {
                (|$i:ident, $load:ident| $value:expr) => {{
                    let mut $i = 0;
                    while $i + S::LANES <= n {
                        macro_rules! $load {
                            ($p:ident) => {
                                S::load($p.add($i))
                            };
                        }
                        S::store(to.add($i), math::bound::<S>(&a.act, $value));
                        $i += S::LANES;
                    }
                    if $i < n {
                        macro_rules! $load {
                            ($p:ident) => {
                                S::load_first($p.add($i), n - $i)
                            };
                        }
                        S::store_first(to.add($i), n - $i, math::bound::<S>(&a.act, $value));
                    }
                }};
            }
            match a.op {
                MapOp::Copy => each!(|i, load| load!(x)),
                MapOp::Add => each!(|i, load| S::add(load!(x), load!(y))),
                MapOp::Mul => each!(|i, load| S::mul(load!(x), load!(y))),
                MapOp::Prelu => each!(|i, load| {
                    let x = load!(x);
                    S::if_negative(x, S::mul(x, load!(y)), x)
                }),
                MapOp::Affine => each!(|i, load| S::fma(load!(x), load!(y), load!(z))),
            }
            S::activate(&a.act, to, n);
            start += n;
        }
    }
}

/// `len` elements that lie side by side in the output and in one of two inputs; the other has one, which is repeated.
#[inline(always)]
unsafe fn repeating<S: Parts>(a: &MapArgs, output: *mut f32, [x, y, _]: [*const f32; 3], len: usize) {
    let mut row = MaybeUninit::<[f32; CHUNK]>::uninit();
    let row = row.as_mut_ptr().cast::<f32>();
    let first_repeats = a.inputs[0].strides[2] == 0;
    // SAFETY: the caller promises `len` elements of the output and the other input; of the row, as much is written as is read.
    unsafe {
        let value = S::splat(if first_repeats { *x } else { *y });
        let n = if len < CHUNK { len } else { CHUNK };
        let mut i = 0;
        // Whole vectors, of which the last may hold more than are read.
        while i < n {
            S::store(row.add(i), value);
            i += S::LANES;
        }
        let mut start = 0;
        while start < len {
            let n = if len - start < CHUNK { len - start } else { CHUNK };
            let row = row.cast_const();
            let inputs = if first_repeats { [row, y.add(start), row] } else { [x.add(start), row, row] };
            run::<S>(a, output.add(start), inputs, n);
            start += n;
        }
    }
}

/// `len` elements by strides, gathered into vectors so that the arithmetic is the same.
#[inline(always)]
unsafe fn strided<S: Parts>(a: &MapArgs, output: *mut f32, inputs: [*const f32; 3], len: usize) {
    // SAFETY: the caller promises `len` elements of the operands that the operation reads, which alone are gathered.
    unsafe {
        let mut start = 0;
        while start < len {
            let n = (len - start).min(16);
            let mut lanes = [[0.0f32; 16]; 4];
            let n_inputs = match a.op {
                MapOp::Copy => 1,
                MapOp::Add | MapOp::Mul | MapOp::Prelu => 2,
                MapOp::Affine => 3,
            };
            for (k, lanes) in lanes.iter_mut().enumerate().take(n_inputs) {
                for (i, lane) in lanes.iter_mut().enumerate().take(n) {
                    *lane = *inputs[k].add((start + i) * a.inputs[k].strides[2]);
                }
            }
            let [x, y, z, to] = &mut lanes;
            run::<S>(a, to.as_mut_ptr(), [x.as_ptr(), y.as_ptr(), z.as_ptr()], n);
            for (i, lane) in to.iter().enumerate().take(n) {
                *output.add((start + i) * a.output.strides[2]) = *lane;
            }
            start += n;
        }
    }
}

/// A share of the zeros around a map: rows.
///
/// # Safety
/// The map and its border are valid for writes.
#[inline(always)]
pub unsafe fn clear_border(a: &BorderArgs, share: Share) {
    let [height, width, channels] = a.sizes;
    let [row, pixel, channel] = a.map.strides;
    let [top, left, bottom, right] = a.border;
    // SAFETY: the caller's promise; positions before the map are reached by subtracting what `top` and `left` are.
    unsafe {
        let corner = a.map.first.sub(top * row + left * pixel);
        let (from, to) = share.of(top + height + bottom, 1);
        for y in from..to {
            let inside = y >= top && y < top + height;
            let at = |x: usize| corner.add(y * row + x * pixel);
            let clear = |x: usize, n: usize| {
                if channel == 1 && pixel == channels {
                    at(x).write_bytes(0, n * channels);
                } else {
                    for x in x..x + n {
                        for c in 0..channels {
                            *at(x).add(c * channel) = 0.0;
                        }
                    }
                }
            };
            if inside {
                clear(0, left);
                clear(left + width, right);
            } else {
                clear(0, left + width + right);
            }
        }
    }
}
