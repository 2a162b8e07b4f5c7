//! Weights from PyTorch's layout into the kernels' tilings. Floor 2.

use super::args::{PackConvArgs, PackLinearArgs, PackRecurrentArgs, Tiling};
use super::{div, div_ceil, linear};

/// A convolution's.
///
/// # Safety
/// The pointers are valid for the sizes beside them, `pack` for what its tiling takes.
#[inline(always)]
pub unsafe fn conv(a: &PackConvArgs) {
    // SAFETY: the caller's promise.
    unsafe {
        match a.tiling {
            Tiling::Panels => {
                let padded = div_ceil(a.filters, a.lanes) * a.lanes;
                let group_len = padded * (1 + a.channels * a.taps);
                for g in 0..a.groups {
                    let pack = a.pack.add(g * group_len);
                    bias(a.bias.add(g * a.filters), pack, a.filters, padded);
                    panels(a, a.weight.add(g * a.filters * a.channels * a.taps), pack.add(padded));
                }
            }
            // Has a function of its own.
            Tiling::Winograd => {}
            Tiling::Lanes => {
                let filters = a.filters * a.groups;
                let padded = div_ceil(filters, a.lanes) * a.lanes;
                bias(a.bias, a.pack, filters, padded);
                let mut to = a.pack.add(padded);
                let mut f = 0;
                while f < padded {
                    for c in 0..a.channels {
                        for t in 0..a.taps {
                            for f in f..f + a.lanes {
                                // The lane's turn through its group's channels, see `lanes`.
                                let own = f - div(f, a.filters) * a.filters + c;
                                let turned = own - div(own, a.channels) * a.channels;
                                let channel = if a.filters < a.lanes { turned } else { c };
                                let weight = a.weight.wrapping_add((f * a.channels + channel) * a.taps + t);
                                *to = if f < filters { *weight } else { 0.0 };
                                to = to.add(1);
                            }
                        }
                    }
                    f += a.lanes;
                }
            }
        }
    }
}

/// Biases, and zeros behind them.
#[inline(always)]
unsafe fn bias(from: *const f32, to: *mut f32, len: usize, padded: usize) {
    for i in 0..padded {
        // SAFETY: the caller promises `len` elements to read and `padded` to write.
        unsafe { *to.add(i) = if i < len { *from.add(i) } else { 0.0 } }
    }
}

/// Panels of two vectors of filters, and one of what is left: reads in order, writes into a panel that fits a cache.
#[inline(always)]
unsafe fn panels(a: &PackConvArgs, weight: *const f32, pack: *mut f32) {
    let padded = div_ceil(a.filters, a.lanes) * a.lanes;
    let mut f = 0;
    while f < padded {
        let width = (2 * a.lanes).min(padded - f);
        let mut c = 0;
        while c < a.channels {
            let block = a.channel_block.min(a.channels - c);
            // SAFETY: the caller promises `filters · channels · taps` elements to read and `padded` times as many to write.
            unsafe {
                let to = pack.add((f * a.channels + c * width) * a.taps);
                for lane in 0..width {
                    for k in 0..block {
                        let from = weight.wrapping_add(((f + lane) * a.channels + c + k) * a.taps);
                        for t in 0..a.taps {
                            *to.add((t * block + k) * width + lane) = if f + lane < a.filters { *from.add(t) } else { 0.0 };
                        }
                    }
                }
            }
            c += block;
        }
        f += width;
    }
}

/// A linear layer's.
///
/// # Safety
/// The pointers are valid for the sizes beside them, `pack` for `(1 + inputs) ·` outputs rounded up to whole vectors.
#[inline(always)]
pub unsafe fn linear(a: &PackLinearArgs) {
    const CHANNELS: usize = 32;
    let padded = div_ceil(a.outputs, a.lanes) * a.lanes;
    let inputs = a.channels * a.pixels;
    // SAFETY: the caller's promise.
    unsafe {
        bias(a.bias, a.pack, a.outputs, padded);
        let mut f = 0;
        while f < padded {
            let width = linear::panel_vectors(a.lanes, padded - f) * a.lanes;
            let to = a.pack.add(padded + f * inputs);
            // A block of channels at a time: rows of the matrix are read in order, what is written stays in cache meanwhile.
            let mut first = 0;
            while first < a.channels {
                let last = (first + CHANNELS).min(a.channels);
                for lane in 0..width {
                    for c in first..last {
                        for p in 0..a.pixels {
                            let from = a.weight.wrapping_add(((f + lane) * a.channels + c) * a.pixels + p);
                            *to.add((p * a.channels + c) * width + lane) = if f + lane < a.outputs { *from } else { 0.0 };
                        }
                    }
                }
                first = last;
            }
            f += width;
        }
    }
}

/// A recurrent layer's.
///
/// # Safety
/// The pointers are valid for the sizes beside them, `pack` for `gates · width` elements, and one more with a bias, for each hidden one
/// rounded up to whole vectors.
#[inline(always)]
pub unsafe fn recurrent(a: &PackRecurrentArgs) {
    let padded = div_ceil(a.hidden, a.lanes) * a.lanes;
    // SAFETY: the caller's promise.
    unsafe {
        let mut panels = a.pack;
        if !a.bias.is_null() {
            bias(a.bias, panels, a.hidden, padded);
            panels = panels.add(padded);
        }
        for j in 0..padded {
            let first = j - j % a.lanes.max(1);
            let to = panels.add(first * a.width * a.gates + (j - first));
            for g in 0..a.gates {
                let row = a.weight.wrapping_add((g * a.hidden + j) * a.width);
                for i in 0..a.width {
                    *to.add((i * a.gates + g) * a.lanes) = if j < a.hidden { *row.add(i) } else { 0.0 };
                }
            }
        }
    }
}
