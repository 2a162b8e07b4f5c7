//! Weights in the tiling of the kernel that reads them: whole, or by parts that threads make at once. Floor 2.
//!
//! Every form but the smallest is, for each group of filters, their biases (rounded up to whole vectors) and then blocks of filters.
//! So neighbouring filters are a part: a row of PyTorch's layout for each, read one after the other, becomes a piece of the pack.

use std::ops::Range;

use convoke_compiler::plan::{Cell, Form};

use super::native::args::{PackConvArgs, PackLinearArgs, PackRecurrentArgs, ScaleArgs, Tiling};
use super::table::{Kernels, Table};
use super::tiling::{channel_block, conv_tiling};
use crate::buffer::Buffer;
use crate::isa::Isa;

/// A piece of a pack: what is made of neighbouring filters, outputs or channels.
#[derive(Debug)]
pub struct Part<'a> {
    /// Which, among those of all groups.
    pub rows: Range<usize>,
    bias: &'a mut [f32],
    weights: &'a mut [f32],
}

/// The blocks of a form: groups, rows of one of them, how many stay together, and elements that each takes in the pack.
struct Blocks {
    groups: usize,
    rows: usize,
    unit: usize,
    packed: usize,
}

impl Blocks {
    /// Of a form that has them.
    fn of(form: &Form, isa: Isa) -> Option<Blocks> {
        let lanes = isa.lanes();
        match *form {
            Form::Conv { algorithm, filters, channels, window, groups } => {
                let packed = channels * window[0] * window[1];
                Some(match conv_tiling(algorithm, filters / groups, channels, isa) {
                    Tiling::Panels => Blocks { groups, rows: filters / groups, unit: 2 * lanes, packed },
                    Tiling::Lanes | Tiling::WinogradPlain => Blocks { groups: 1, rows: filters, unit: lanes, packed },
                    Tiling::Pixels => Blocks { groups: 1, rows: filters, unit: filters.next_multiple_of(lanes), packed },
                    Tiling::Winograd => {
                        let positions = algorithm.tile().map_or(0, |tile| (tile + 2).pow(2));
                        Blocks { groups: 1, rows: filters, unit: 2 * lanes, packed: channels * positions }
                    }
                })
            }
            Form::Linear { outputs, map } => {
                Some(Blocks { groups: 1, rows: outputs, unit: 4 * lanes, packed: map.iter().product() })
            }
            Form::LinearBf16 { outputs, map } => {
                let packed = map.iter().product::<usize>().div_ceil(2);
                Some(Blocks { groups: 1, rows: outputs, unit: 4 * lanes, packed })
            }
            _ => None,
        }
    }
}

/// Divides a pack, [`packed_len`] elements, into parts of about `most` weights.
pub fn parts<'a>(form: &Form, isa: Isa, pack: &'a mut [f32], most: usize) -> Vec<Part<'a>> {
    let Some(Blocks { groups, rows, unit, packed }) = Blocks::of(&form.of_part(), isa) else {
        // Weights, then as many biases, if there are any; but of a recurrent layer, what its packing makes.
        let n = n_rows(form);
        let n_weights = if matches!(form, Form::Recurrent { .. }) { pack.len() } else { n };
        let (weights, bias) = pack.split_at_mut(n_weights);
        return vec![Part { rows: 0..n, bias, weights }];
    };
    let lanes = isa.lanes();
    let per_part = (most / packed.max(1) / unit).max(1) * unit;
    let mut found = Vec::new();
    let mut pack = pack;
    for group in 0..groups {
        let padded = rows.next_multiple_of(lanes);
        let (own, others) = pack.split_at_mut(padded * (1 + packed));
        let (mut biases, mut weights) = own.split_at_mut(padded);
        pack = others;
        for first in (0..rows).step_by(per_part) {
            let n = per_part.min(rows - first);
            let (bias, more_biases) = biases.split_at_mut(n.next_multiple_of(lanes));
            let (own, more_weights) = weights.split_at_mut(n.next_multiple_of(lanes) * packed);
            (biases, weights) = (more_biases, more_weights);
            let first = group * rows + first;
            found.push(Part { rows: first..first + n, bias, weights: own });
        }
    }
    found
}

/// Makes a part of a pack of its filters' rows and biases: `[channels / groups, rows, columns]` each, `[inputs]`, or scale and shift of
/// an affine. Each row is first multiplied with its factor of `scale`, if there is one for each, in f64.
pub fn pack_part(form: &Form, table: &Table, part: Part<'_>, rows: &mut [f32], scale: Option<&[f64]>, bias: &[f32]) {
    let Part { rows: Range { start, end }, bias: bias_to, weights: weights_to } = part;
    let (n, len) = (end - start, row_len(form));
    assert_eq!((rows.len(), bias.len()), (n_weights(form, n), n), "weights and biases of {n} rows of {form:?}");
    let isa = table.isa();
    if let Some(scale) = scale {
        assert_eq!((rows.len(), scale.len()), (n * len, n), "a factor for each row of {form:?}");
        let args = ScaleArgs { rows: rows.as_mut_ptr(), n_rows: n, len, scale: scale.as_ptr() };
        // SAFETY: the assertion above has checked the lengths.
        unsafe { table.f32_scale()(&args) }
    }
    let form = form.of_part();
    if let Some(Blocks { packed, .. }) = Blocks::of(&form, isa) {
        let padded = n.next_multiple_of(isa.lanes());
        assert_eq!((bias_to.len(), weights_to.len()), (padded, padded * packed), "the part's piece of the pack");
        bias_to[..n].copy_from_slice(bias);
        bias_to[n..].fill(0.0);
    }
    match form {
        Form::ConvPart { .. } | Form::Rows { .. } => unreachable!("{form:?} is a convolution's"),
        Form::Conv { algorithm, filters, channels, window, groups } => {
            let args = PackConvArgs {
                rows: rows.as_ptr(),
                pack: weights_to.as_mut_ptr(),
                tiling: conv_tiling(algorithm, filters / groups, channels, isa),
                first: start,
                n_rows: n,
                filters: filters / groups,
                channels,
                taps: window[0] * window[1],
                channel_block: channel_block(channels, window),
                tile: algorithm.tile().unwrap_or(0),
                lanes: isa.lanes(),
            };
            let pack = if args.tiling == Tiling::Winograd { table.f32_pack_winograd() } else { table.f32_pack_conv() };
            // SAFETY: the assertions above have checked the lengths that are read and written.
            unsafe { pack(&args) }
        }
        Form::Linear { map: [channels, height, width], .. } | Form::LinearBf16 { map: [channels, height, width], .. } => {
            let args = PackLinearArgs {
                rows: rows.as_ptr(),
                pack: weights_to.as_mut_ptr(),
                n_rows: n,
                channels,
                pixels: height * width,
                bf16: matches!(form, Form::LinearBf16 { .. }),
                lanes: isa.lanes(),
            };
            // SAFETY: the assertions above have checked the lengths that are read and written.
            unsafe { table.f32_pack_linear()(&args) }
        }
        Form::Recurrent { cell, hidden, width } => {
            assert_eq!(weights_to.len(), packed_len(&form, isa), "the pack");
            let bias = match cell {
                Cell::Gru => bias[2 * hidden..].as_ptr(),
                _ => std::ptr::null(),
            };
            let (weight, pack, gates, lanes) = (rows.as_ptr(), weights_to.as_mut_ptr(), cell.n_gates(), isa.lanes());
            let args = PackRecurrentArgs { weight, bias, pack, gates, hidden, width, lanes };
            // SAFETY: the assertions above have checked the lengths that are read and written.
            unsafe { table.f32_pack_recurrent()(&args) }
        }
        Form::Slopes { weights, channels } => {
            let slope = |c: usize| rows[if weights == 1 { 0 } else { c }];
            (0..channels).for_each(|c| weights_to[c] = slope(c));
        }
        Form::Elements { map: [channels, height, width] } => {
            let pixels = height * width;
            for i in 0..n {
                let at = i % channels * pixels + i / channels;
                weights_to[i] = rows[at];
                bias_to[i] = bias[at];
            }
        }
        Form::Affine { .. } => {
            weights_to.copy_from_slice(rows);
            bias_to.copy_from_slice(bias);
        }
    }
}

/// Weights in a kernel's tiling, made from PyTorch's layout.
///
/// `weight` is `[filters, channels / groups, rows, columns]`, `[outputs, inputs]`, or the scales of an affine; `bias` has one element
/// per filter, output or channel (zeros where there is none; the shifts of an affine).
pub fn pack(form: &Form, isa: Isa, weight: &[f32], bias: &[f32]) -> Buffer {
    let mut pack = Buffer::zeroed(packed_len(form, isa));
    let mut weight = weight.to_vec();
    for part in parts(form, isa, &mut pack, usize::MAX) {
        let Range { start, end } = part.rows;
        let rows = if end - start == n_rows(form) { 0..weight.len() } else { start * row_len(form)..end * row_len(form) };
        pack_part(form, Kernels::all().table(isa), part, &mut weight[rows], None, &bias[start..end]);
    }
    pack
}

/// Filters, outputs or channels: rows of the weight, and biases.
pub fn n_rows(form: &Form) -> usize {
    match *form {
        Form::Conv { filters, .. } | Form::ConvPart { filters, .. } => filters,
        Form::Linear { outputs, .. } | Form::LinearBf16 { outputs, .. } | Form::Rows { outputs, .. } => outputs,
        Form::Recurrent { cell, hidden, .. } => hidden.saturating_mul(cell.n_gates()),
        Form::Elements { map } => map.iter().product(),
        Form::Slopes { channels, .. } | Form::Affine { channels } => channels,
    }
}

/// Elements of a row of the weight.
pub fn row_len(form: &Form) -> usize {
    match *form {
        Form::Conv { channels, window, .. } | Form::ConvPart { channels, window, .. } => channels * window[0] * window[1],
        Form::Linear { map, .. } | Form::LinearBf16 { map, .. } => map.iter().product(),
        Form::Rows { inputs, .. } => inputs,
        Form::Recurrent { width, .. } => width,
        Form::Slopes { .. } | Form::Elements { .. } | Form::Affine { .. } => 1,
    }
}

/// Elements of so many rows of the weight: of slopes there may be one for all.
fn n_weights(form: &Form, n_rows: usize) -> usize {
    match *form {
        Form::Slopes { weights, .. } => weights,
        _ => n_rows * row_len(form),
    }
}

/// Elements of a pack.
pub fn packed_len(form: &Form, isa: Isa) -> usize {
    let form = form.of_part();
    match (Blocks::of(&form, isa), form) {
        (Some(Blocks { groups, rows, packed, .. }), _) => groups * rows.next_multiple_of(isa.lanes()) * (1 + packed),
        (None, Form::Recurrent { cell, hidden, width }) => {
            let biases = usize::from(cell == Cell::Gru);
            hidden.next_multiple_of(isa.lanes()) * (biases + cell.n_gates() * width)
        }
        (None, Form::Slopes { channels, .. }) => channels,
        (None, form) => 2 * n_rows(&form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_compiler::plan::Algorithm;

    #[test]
    fn parts_are_the_whole() {
        let conv = |algorithm, filters, channels, window, groups| Form::Conv { algorithm, filters, channels, window, groups };
        let forms = [
            conv(Algorithm::Direct, 100, 5, [3, 3], 1),
            conv(Algorithm::Direct, 33, 700, [1, 1], 1),
            conv(Algorithm::Grouped, 90, 3, [1, 3], 2),
            conv(Algorithm::Grouped, 64, 4, [3, 3], 16),
            conv(Algorithm::Depthwise, 70, 1, [3, 3], 70),
            conv(Algorithm::Pixels, 11, 1, [5, 5], 1),
            conv(Algorithm::WinogradF2, 70, 3, [3, 3], 1),
            conv(Algorithm::WinogradF4, 65, 4, [3, 3], 1),
            conv(Algorithm::WinogradF4Plain, 65, 4, [3, 3], 1),
            Form::Linear { outputs: 201, map: [7, 2, 3] },
            Form::Linear { outputs: 10, map: [64, 1, 1] },
            Form::LinearBf16 { outputs: 201, map: [7, 3, 3] },
            Form::LinearBf16 { outputs: 10, map: [64, 1, 1] },
            Form::Affine { channels: 9 },
            Form::Elements { map: [3, 2, 2] },
            Form::Slopes { weights: 1, channels: 5 },
            Form::Rows { outputs: 70, inputs: 20 },
            Form::Recurrent { cell: Cell::Gru, hidden: 9, width: 5 },
        ];
        for (form, isa) in forms.iter().flat_map(|form| Isa::ALL.map(|isa| (form, isa))) {
            if !isa.is_available() {
                continue;
            }
            let (n, len) = (n_rows(form), row_len(form));
            let weight: Vec<f32> = (0..n_weights(form, n)).map(|i| i as f32 + 0.5).collect();
            let bias: Vec<f32> = (0..n).map(|i| -(i as f32)).collect();
            let scale: Vec<f64> = (0..n).map(|i| 1.0 + i as f64 / 64.0).collect();
            let scaled: Vec<f32> =
                weight.iter().enumerate().map(|(i, &w)| (f64::from(w) * scale[(i / len).min(n - 1)]) as f32).collect();
            for (scale, weight, expected) in
                [(None, &weight, pack(form, isa, &weight, &bias)), (Some(&scale), &weight, pack(form, isa, &scaled, &bias))]
            {
                if scale.is_some() && matches!(form, Form::Slopes { .. }) {
                    continue;
                }
                let mut found = Buffer::zeroed(packed_len(form, isa));
                found.fill(f32::NAN);
                let parts = parts(form, isa, &mut found, 64);
                let mut next = 0;
                for part in parts.into_iter() {
                    let own = part.rows.clone();
                    assert_eq!(own.start, next, "{form:?}");
                    next = own.end;
                    let rows = if own.len() == n { 0..weight.len() } else { own.start * len..own.end * len };
                    let mut rows = weight[rows].to_vec();
                    pack_part(
                        form,
                        Kernels::all().table(isa),
                        part,
                        &mut rows,
                        scale.map(|scale| &scale[own.clone()]),
                        &bias[own],
                    );
                }
                assert_eq!(next, n, "{form:?}");
                let bits = |pack: &Buffer| pack.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&found), bits(&expected), "{isa} {form:?}");
            }
        }
    }
}
