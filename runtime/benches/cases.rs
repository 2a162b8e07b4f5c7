//! The layers that are measured, and what runs one of them.

use convoke::buffer::Buffer;
use convoke::isa::Isa;
use convoke::kernels::{Kernels, Memory, PackPointer, Prepared, pack, scratch_len};
use convoke_compiler::plan::{Activation, Algorithm, Conv, Epilogue, Form, Kernel, Linear, Place, View};

/// A layer.
#[derive(Clone, Copy)]
pub enum Case {
    /// A convolution of square maps and windows, padded to half its window.
    Conv {
        /// Channels.
        channels: usize,
        /// Filters.
        filters: usize,
        /// Height and width of the input.
        size: usize,
        /// Height and width of the window.
        window: usize,
        /// Down and across.
        stride: usize,
        /// Groups.
        groups: usize,
        /// Zeros on each side.
        pad: usize,
        /// Rows and columns of a tile, by Winograd's algorithm.
        tile: Option<usize>,
    },
    /// A fully connected layer.
    Linear {
        /// Elements in.
        inputs: usize,
        /// Elements out.
        outputs: usize,
    },
}

/// A dense convolution.
fn conv(channels: usize, filters: usize, size: usize, window: usize, stride: usize) -> Case {
    Case::Conv { channels, filters, size, window, stride, groups: 1, pad: window / 2, tile: None }
}

/// A 3x3 convolution by Winograd's algorithm. Percentages count the direct one's multiply-adds.
fn winograd(channels: usize, size: usize, tile: usize) -> Case {
    Case::Conv { channels, filters: channels, size, window: 3, stride: 1, groups: 1, pad: 1, tile: Some(tile) }
}

/// A convolution of as many filters as channels in groups.
fn grouped(channels: usize, size: usize, stride: usize, groups: usize) -> Case {
    Case::Conv { channels, filters: channels, size, window: 3, stride, groups, pad: 1, tile: None }
}

/// All of them.
pub fn all() -> Vec<Case> {
    vec![
        // 3x3
        conv(64, 64, 224, 3, 1),
        conv(64, 64, 56, 3, 1),
        conv(128, 128, 112, 3, 1),
        conv(128, 128, 28, 3, 1),
        conv(256, 256, 56, 3, 1),
        conv(256, 256, 14, 3, 1),
        conv(512, 512, 28, 3, 1),
        conv(512, 512, 14, 3, 1),
        conv(512, 512, 7, 3, 1),
        conv(128, 128, 56, 3, 2),
        conv(64, 64, 55, 3, 1),
        conv(64, 64, 27, 3, 1),
        conv(64, 64, 13, 3, 1),
        // 3x3 by Winograd's algorithm
        winograd(64, 224, 4),
        winograd(128, 112, 4),
        winograd(256, 56, 4),
        winograd(512, 28, 4),
        winograd(64, 56, 4),
        winograd(128, 28, 4),
        winograd(256, 14, 4),
        winograd(512, 14, 2),
        winograd(512, 7, 2),
        winograd(512, 7, 4),
        winograd(16, 32, 4),
        winograd(32, 16, 4),
        winograd(64, 8, 4),
        // 1x1
        conv(64, 64, 56, 1, 1),
        conv(64, 256, 56, 1, 1),
        conv(256, 64, 56, 1, 1),
        conv(512, 128, 28, 1, 1),
        conv(1024, 256, 14, 1, 1),
        conv(256, 1024, 14, 1, 1),
        conv(512, 2048, 7, 1, 1),
        conv(2048, 512, 7, 1, 1),
        conv(256, 512, 56, 1, 2),
        // First layers and small networks
        conv(3, 64, 224, 7, 2),
        conv(3, 64, 224, 3, 1),
        conv(3, 32, 224, 3, 2),
        Case::Conv { channels: 1, filters: 6, size: 32, window: 5, stride: 1, groups: 1, pad: 0, tile: None },
        Case::Conv { channels: 6, filters: 16, size: 14, window: 5, stride: 1, groups: 1, pad: 0, tile: None },
        Case::Conv { channels: 16, filters: 120, size: 5, window: 5, stride: 1, groups: 1, pad: 0, tile: None },
        conv(3, 16, 32, 3, 1),
        conv(16, 16, 32, 3, 1),
        conv(16, 32, 32, 3, 2),
        conv(32, 32, 16, 3, 1),
        conv(64, 64, 8, 3, 1),
        // Depthwise and grouped
        grouped(144, 56, 1, 144),
        grouped(32, 56, 1, 32),
        grouped(64, 28, 1, 64),
        grouped(144, 56, 2, 144),
        grouped(128, 56, 1, 32),
        grouped(128, 28, 1, 32),
        grouped(128, 14, 1, 32),
        grouped(256, 56, 1, 32),
        grouped(512, 28, 1, 32),
        grouped(1024, 14, 1, 32),
        grouped(128, 56, 2, 32),
        // Fully connected
        Case::Linear { inputs: 84, outputs: 10 },
        Case::Linear { inputs: 512, outputs: 1000 },
        Case::Linear { inputs: 2048, outputs: 1000 },
        Case::Linear { inputs: 25088, outputs: 4096 },
    ]
}

impl Case {
    /// As in the tables: `conv 64->64 56x56 3x3`.
    pub fn name(&self) -> String {
        match *self {
            Case::Conv { channels, filters, size, window, stride, groups, tile, .. } => {
                let mut name = format!("conv {channels}->{filters} {size}x{size} {window}x{window}");
                if stride > 1 {
                    name += &format!("/{stride}");
                }
                if let Some(tile) = tile {
                    name += &format!(" F({tile}x{tile})");
                }
                match groups {
                    1 => {}
                    _ if groups == channels => name += " depthwise",
                    _ => name += &format!(" groups of {}", channels / groups),
                }
                name
            }
            Case::Linear { inputs, outputs } => format!("linear {inputs}->{outputs}"),
        }
    }
}

/// A layer in memory, ready to run.
pub struct Bench {
    case: Case,
    step: Prepared,
    /// Of one run, a multiply-add being two.
    pub flops: f64,
    /// Read and written at least: input, weights and output.
    pub bytes: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
    input: View,
    output: View,
    arena: Buffer,
    _scratch: Buffer,
    _pack: Buffer,
}

impl Bench {
    /// A layer with pseudo-random weights and inputs.
    pub fn new(case: &Case, isa: Isa) -> Bench {
        let mut state = 1u32;
        let mut random = |n: usize| -> Vec<f32> {
            let next = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            (0..n).map(next).collect()
        };
        let plain = Epilogue { residual: None, activation: Activation::Identity, pool: None };
        let (kernel, form, input, output, n_weights, macs, arena_len);
        match *case {
            Case::Conv { channels, filters, size, window, stride, groups, pad, tile } => {
                let out = (size + 2 * pad - window) / stride + 1;
                let row = (size + 2 * pad) * channels;
                let start = (size + 2 * pad) * row;
                input = View {
                    place: Place::Arena,
                    offset: pad * row + pad * channels,
                    height: size,
                    width: size,
                    channels,
                    row,
                    pixel: channels,
                    channel: 1,
                };
                output = View {
                    offset: start.next_multiple_of(16),
                    height: out,
                    width: out,
                    channels: filters,
                    row: out * filters,
                    pixel: filters,
                    ..input
                };
                arena_len = output.offset + out * out * filters;
                let algorithm = match tile {
                    Some(2) => Algorithm::WinogradF2,
                    // Few tiles.
                    Some(_) if size <= 8 => Algorithm::WinogradF4Plain,
                    Some(_) => Algorithm::WinogradF4,
                    None => Algorithm::choose(channels, filters, groups),
                };
                let window = [window; 2];
                form = Form::Conv { algorithm, filters, channels: channels / groups, window, groups };
                kernel = Kernel::Conv(Conv {
                    algorithm,
                    input,
                    output,
                    window,
                    stride: [stride; 2],
                    dilation: [1; 2],
                    pad: [pad; 2],
                    groups,
                    pack: 0,
                    epilogue: plain,
                });
                n_weights = filters * channels / groups * window[0] * window[1];
                macs = n_weights * out * out;
            }
            Case::Linear { inputs, outputs } => {
                let vector = |offset, channels| View {
                    place: Place::Arena,
                    offset,
                    height: 1,
                    width: 1,
                    channels,
                    row: channels,
                    pixel: channels,
                    channel: 1,
                };
                (input, output) = (vector(0, inputs), vector(inputs.next_multiple_of(16), outputs));
                arena_len = output.offset + outputs;
                form = Form::Linear { outputs, map: [inputs, 1, 1] };
                kernel = Kernel::Linear(Linear { input, output, pack: 0, epilogue: plain });
                n_weights = inputs * outputs;
                macs = n_weights;
            }
        }
        let (weight, bias) = (random(n_weights), random(output.channels));
        let packed = pack(&form, isa, &weight, &bias);
        let mut arena = Buffer::zeroed(arena_len);
        for y in 0..input.height {
            let start = input.offset + y * input.row;
            let len = input.width * input.channels;
            arena[start..start + len].copy_from_slice(&random(len));
        }
        let mut scratch = Buffer::zeroed(scratch_len(&kernel, isa, 1));
        let memory = Memory { arena: arena.as_mut_ptr(), scratch: scratch.as_mut_ptr() };
        // SAFETY: all views lie in the arena, which like the others lives as long as the step.
        let step = unsafe { Prepared::new(&kernel, Kernels::all().table(isa), &[PackPointer::new(&packed, &form)], &memory, 1) };
        let elements = input.height * input.width * input.channels + output.height * output.width * output.channels;
        let bytes = 4 * (elements + n_weights);
        let flops = 2.0 * macs as f64;
        Bench { case: *case, step, flops, bytes, weight, bias, input, output, arena, _scratch: scratch, _pack: packed }
    }

    /// Runs the layer.
    pub fn run(&mut self) {
        // SAFETY: what `new` bound is in this value, and no port is used; the step has one share.
        unsafe { self.step.share(0) }
    }

    /// Whether it is computed by Winograd's algorithm.
    fn is_transformed(&self) -> bool {
        matches!(self.case, Case::Conv { tile: Some(_), .. })
    }

    /// Runs the layer and compares some of its results with the definition.
    pub fn check(&mut self) {
        self.run();
        let (input, output) = (&self.input, &self.output);
        let n = output.height * output.width * output.channels;
        for k in (0..n).step_by((n / 257).max(1)) {
            let (y, x, f) = (k / output.channels / output.width, k / output.channels % output.width, k % output.channels);
            let mut sum = self.bias[f] as f64;
            let mut n_terms = 0;
            match self.case {
                Case::Conv { channels, filters, window, stride, groups, pad, .. } => {
                    let per_group = channels / groups;
                    for c in 0..per_group {
                        for i in 0..window {
                            for j in 0..window {
                                let (row, column) = (y * stride + i, x * stride + j);
                                let at = input.offset + row * input.row + column * input.pixel - pad * (input.row + input.pixel);
                                let value = self.arena[at + f / (filters / groups) * per_group + c];
                                let weight = self.weight[((f * per_group + c) * window + i) * window + j];
                                sum += value as f64 * weight as f64;
                                n_terms += 1;
                            }
                        }
                    }
                }
                Case::Linear { inputs, .. } => {
                    for i in 0..inputs {
                        sum += self.arena[input.offset + i] as f64 * self.weight[f * inputs + i] as f64;
                    }
                    n_terms = inputs;
                }
            }
            let result = self.arena[output.offset + y * output.row + x * output.pixel + f] as f64;
            // Terms are at most 1, and an error grows by at most half an ULP of the sum with each; transforms enlarge it.
            let tolerance = f64::from(f32::EPSILON) * n_terms as f64 * if self.is_transformed() { 4.0 } else { 1.0 };
            assert!((result - sum).abs() <= tolerance + 1e-6, "{}: {result} instead of {sum}", self.case.name());
        }
    }
}
