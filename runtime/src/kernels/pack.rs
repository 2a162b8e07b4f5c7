//! Weights in the tiling of the kernel that reads them. Floor 2.

use convoke_compiler::plan::{Cell, Form};

use super::native::args::{PackConvArgs, PackLinearArgs, PackRecurrentArgs, Tiling};
use super::tiling::{channel_block, conv_tiling};
use crate::buffer::Buffer;
use crate::isa::Isa;

/// Weights in a kernel's tiling, made from PyTorch's layout.
///
/// `weight` is `[filters, channels / groups, rows, columns]`, `[outputs, inputs]`, or the scales of an affine; `bias` has one element
/// per filter, output or channel (zeros where there is none; the shifts of an affine).
pub fn pack(form: &Form, isa: Isa, weight: &[f32], bias: &[f32]) -> Buffer {
    let (n_weights, n_biases) = lens(form);
    assert_eq!((weight.len(), bias.len()), (n_weights, n_biases), "weight and bias of {form:?}");
    let mut pack = Buffer::zeroed(packed_len(form, isa));
    let table = super::table(isa);
    match form.of_part() {
        Form::ConvPart { .. } | Form::Rows { .. } => unreachable!("{form:?} is a convolution's"),
        Form::Conv { algorithm, filters, channels, window, groups } => {
            let args = PackConvArgs {
                weight: weight.as_ptr(),
                bias: bias.as_ptr(),
                pack: pack.as_mut_ptr(),
                tiling: conv_tiling(algorithm, filters / groups, channels, isa),
                filters: filters / groups,
                channels,
                taps: window[0] * window[1],
                groups,
                channel_block: channel_block(channels, window),
                tile: algorithm.tile().unwrap_or(0),
                lanes: isa.lanes(),
            };
            let pack = if args.tiling == Tiling::Winograd { table.f32_pack_winograd } else { table.f32_pack_conv };
            // SAFETY: the assertion above has checked the lengths that are read, `packed_len` is what the tiling takes.
            unsafe { pack(&args) }
        }
        Form::Linear { outputs, map: [channels, height, width] } => {
            let args = PackLinearArgs {
                weight: weight.as_ptr(),
                bias: bias.as_ptr(),
                pack: pack.as_mut_ptr(),
                outputs,
                channels,
                pixels: height * width,
                lanes: isa.lanes(),
            };
            // SAFETY: the assertion above has checked the lengths that are read, `packed_len` is what the tiling takes.
            unsafe { (table.f32_pack_linear)(&args) }
        }
        Form::Recurrent { cell, hidden, width } => {
            let bias = match cell {
                Cell::Gru => bias[2 * hidden..].as_ptr(),
                _ => std::ptr::null(),
            };
            let (weight, pack, gates, lanes) = (weight.as_ptr(), pack.as_mut_ptr(), cell.n_gates(), isa.lanes());
            let args = PackRecurrentArgs { weight, bias, pack, gates, hidden, width, lanes };
            // SAFETY: the assertion above has checked the lengths that are read, `packed_len` is what the panels take.
            unsafe { (table.f32_pack_recurrent)(&args) }
        }
        Form::Slopes { weights, channels } => {
            let slope = |c: usize| weight[if weights == 1 { 0 } else { c }];
            (0..channels).for_each(|c| pack[c] = slope(c));
        }
        Form::Elements { map: [channels, height, width] } => {
            let (pixels, len) = (height * width, channels * height * width);
            for i in 0..len {
                let at = i % channels * pixels + i / channels;
                pack[i] = weight[at];
                pack[len + i] = bias[at];
            }
        }
        Form::Affine { channels } => {
            pack[..channels].copy_from_slice(weight);
            pack[channels..].copy_from_slice(bias);
        }
    }
    pack
}

/// Elements of the weight and of the bias.
fn lens(form: &Form) -> (usize, usize) {
    match *form {
        Form::Conv { filters, channels, window, .. } | Form::ConvPart { filters, channels, window, .. } => {
            (filters * channels * window[0] * window[1], filters)
        }
        Form::Linear { outputs, map } => (outputs * map.iter().product::<usize>(), outputs),
        Form::Rows { outputs, inputs } => (outputs * inputs, outputs),
        Form::Recurrent { cell, hidden, width } => (cell.n_gates() * hidden * width, cell.n_gates() * hidden),
        Form::Slopes { weights, channels } => (weights, channels),
        Form::Elements { map } => (map.iter().product(), map.iter().product()),
        Form::Affine { channels } => (channels, channels),
    }
}

/// Elements of a pack.
pub fn packed_len(form: &Form, isa: Isa) -> usize {
    let lanes = isa.lanes();
    match form.of_part() {
        Form::ConvPart { .. } | Form::Rows { .. } => unreachable!("{form:?} is a convolution's"),
        Form::Conv { algorithm, filters, channels, window, groups } => {
            let per_filter = 1 + channels * window[0] * window[1];
            match conv_tiling(algorithm, filters / groups, channels, isa) {
                Tiling::Panels => groups * (filters / groups).next_multiple_of(lanes) * per_filter,
                Tiling::Lanes => filters.next_multiple_of(lanes) * per_filter,
                Tiling::Winograd => {
                    let positions = algorithm.tile().map_or(0, |tile| (tile + 2).pow(2));
                    filters.next_multiple_of(lanes) * (1 + channels * positions)
                }
            }
        }
        Form::Linear { outputs, map } => outputs.next_multiple_of(lanes) * (1 + map.iter().product::<usize>()),
        Form::Recurrent { cell, hidden, width } => {
            let biases = usize::from(cell == Cell::Gru);
            hidden.next_multiple_of(lanes) * (biases + cell.n_gates() * width)
        }
        Form::Slopes { channels, .. } => channels,
        Form::Elements { map } => 2 * map.iter().product::<usize>(),
        Form::Affine { channels } => 2 * channels,
    }
}
