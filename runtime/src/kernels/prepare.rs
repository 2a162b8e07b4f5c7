//! A step of the plan bound to a session's memory: the arguments of a kernel and the function that takes them. Floor 2.

use std::ptr::{null, null_mut};

use convoke_compiler::plan::{
    Activation, Cell, Combination, Conv, Epilogue, Form, FusedPool, Kernel, Linear, LocalNorm, MeanChannels, Norm, Place,
    Recurrent, Reduce, Region, Resize, Sampling, ScaleOf, Strips, View, Windows,
};

use super::call::{Call, Slot};
use super::native::Entry;
use super::native::args::*;
use super::program::ProgramCall;
use super::split::filter_shares;
use super::strips::{StripCall, StripScratch};
use super::table::Table;
use super::tiling::{ConvKernel, ConvScratch, channel_block, conv_kernel, pools_tiles};

/// The memory of a session, which stays where it is.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// [`convoke_compiler::plan::Plan::arena_len`] elements.
    pub arena: *mut f32,
    /// The largest [`super::scratch_len`] of the plan's steps and their shares.
    pub scratch: *mut f32,
}

/// The first elements of one image's inputs and outputs.
#[derive(Clone, Copy, Debug)]
pub struct PortPointers<'a> {
    /// By index among the plan's inputs.
    pub inputs: &'a [*const f32],
    /// By index among the plan's outputs.
    pub outputs: &'a [*mut f32],
}

/// Weights that were packed.
#[derive(Clone, Copy, Debug)]
pub struct PackPointer {
    /// The first element.
    first: *const f32,
    /// Whether those of a linear layer are bf16.
    bf16: bool,
}

impl PackPointer {
    /// Of a pack in a form.
    pub fn new(pack: &[f32], form: &Form) -> PackPointer {
        PackPointer { first: pack.as_ptr(), bf16: matches!(form, Form::LinearBf16 { .. }) }
    }
}

/// A step bound to a session's memory.
#[derive(Debug)]
pub struct Prepared {
    call: Call,
    /// Pointers into ports, which differ from image to image.
    ports: Vec<Bind>,
    n_shares: usize,
}

// SAFETY: the pointers inside are used by `share` alone, whose caller promises that nothing else uses their memory meanwhile.
unsafe impl Send for Prepared {}
// SAFETY: as above; shares of one step, which may run at once, write disjoint elements.
unsafe impl Sync for Prepared {}

/// Where a pointer of the arguments points to.
#[derive(Clone, Copy, Debug)]
struct Bind {
    slot: Slot,
    place: Place,
    /// From the place's first element; of a window that begins in a border, of that border.
    offset: isize,
}

impl Bind {
    fn view(slot: Slot, view: &View) -> Bind {
        Bind { slot, place: view.place, offset: view.offset as isize }
    }
}

impl Prepared {
    /// Binds a step to memory, to be computed in `n_shares`. `packs` are those of the plan by index.
    ///
    /// # Safety
    /// Pointers of `memory` and `packs` are valid as their documentation says for as long as the result is used, every element
    /// that the step touches lies inside them, and the table's instruction set is available on this machine.
    pub unsafe fn new(kernel: &Kernel, table: &Table, packs: &[PackPointer], memory: &Memory, n_shares: usize) -> Prepared {
        let n_shares = n_shares.max(1);
        let mut binds = Vec::new();
        let call = match kernel {
            Kernel::Conv(conv) => {
                binds.push(window_bind(conv));
                binds.push(Bind::view(Slot::Out, &conv.output));
                binds.extend(conv.epilogue.residual.as_ref().map(|residual| Bind::view(Slot::B, residual)));
                let (kernel, args) = conv_args(conv, table, packs[conv.pack].first, memory, n_shares);
                Call::Conv(kernel, Box::new(args))
            }
            Kernel::Strips(strips) => strips_call(strips, table, packs, memory, &mut binds),
            Kernel::Linear(linear) => linear_call(linear, table, packs[linear.pack], &mut binds),
            Kernel::Pool(pool) => {
                binds.push(Bind::view(Slot::A, &pool.input));
                binds.push(Bind::view(Slot::Out, &pool.output));
                let size = [pool.input.height, pool.input.width];
                let fused = FusedPool { reduce: pool.reduce, windows: pool.windows, size };
                let args = pool_args(&fused, source(&pool.input), &pool.output, act(pool.activation));
                Call::Pool(table.f32_pool(), Box::new(args))
            }
            Kernel::Affine(affine) => {
                let pack = packs[affine.pack].first;
                let channels = affine.input.channels;
                binds.push(Bind::view(Slot::A, &affine.input));
                binds.push(Bind::view(Slot::Out, &affine.output));
                let parameters = [pack, pack.wrapping_add(channels)].map(|p| (p.cast_mut(), [0, 0, 1]));
                let inputs = [(null_mut(), strides(&affine.input)), parameters[0], parameters[1]];
                map_call(table, MapOp::Affine, &affine.output, &inputs, affine.activation)
            }
            Kernel::Activate(activate) => {
                binds.push(Bind::view(Slot::A, &activate.input));
                binds.push(Bind::view(Slot::Out, &activate.output));
                map_call(table, MapOp::Copy, &activate.output, &[(null_mut(), strides(&activate.input))], activate.activation)
            }
            Kernel::Prelu(prelu) => {
                let pack = packs[prelu.pack].first;
                binds.push(Bind::view(Slot::A, &prelu.input));
                binds.push(Bind::view(Slot::Out, &prelu.output));
                let inputs = [(null_mut(), strides(&prelu.input)), (pack.cast_mut(), [0, 0, 1])];
                map_call(table, MapOp::Prelu, &prelu.output, &inputs, Activation::Identity)
            }
            Kernel::Map(map) => {
                binds.extend(map.inputs.iter().enumerate().map(|(index, input)| Bind::view(Slot::Nth(index), input)));
                binds.push(Bind::view(Slot::Out, &map.output));
                let views = [&map.output].into_iter().chain(map.inputs.iter());
                let mut operands: Vec<Operand> =
                    views.map(|view| Operand { first: null_mut(), strides: strides(view) }).collect();
                let View { height, width, channels, .. } = map.output;
                let sizes = normalise([height, width, channels], &mut operands);
                Call::Program(table.f32_program(), Box::new(ProgramCall::new(map, sizes, &operands, memory.scratch)))
            }
            Kernel::Combine(combine) => {
                binds.push(Bind::view(Slot::A, &combine.a));
                binds.push(Bind::view(Slot::B, &combine.b));
                binds.push(Bind::view(Slot::Out, &combine.output));
                let op = match combine.combination {
                    Combination::Add => MapOp::Add,
                    Combination::Mul => MapOp::Mul,
                };
                let side = |view: &View| (null_mut(), repeated(view, &combine.output));
                let inputs = [side(&combine.a), side(&combine.b)];
                map_call(table, op, &combine.output, &inputs, combine.activation)
            }
            Kernel::Scale(scale) => {
                binds.push(Bind::view(Slot::A, &scale.input));
                binds.push(Bind::view(Slot::B, &scale.by));
                binds.push(Bind::view(Slot::Out, &scale.output));
                let inputs = [(null_mut(), strides(&scale.input)), (null_mut(), [0, 0, scale.by.channel])];
                map_call(table, MapOp::Mul, &scale.output, &inputs, scale.activation)
            }
            Kernel::Copy(copy) => {
                binds.push(Bind::view(Slot::A, &copy.input));
                binds.push(Bind::view(Slot::Out, &copy.output));
                let inputs = [(null_mut(), strides(&copy.input))];
                map_call(table, MapOp::Copy, &copy.output, &inputs, Activation::Identity)
            }
            Kernel::MeanChannels(MeanChannels { input, output }) => {
                binds.push(Bind::view(Slot::A, input));
                binds.push(Bind::view(Slot::Out, output));
                let sizes = [input.height, input.width, input.channels];
                Call::Mean(table.f32_mean(), MeanArgs { input: source(input), output: target(output), sizes })
            }
            Kernel::Norm(norm) => norm_call(norm, table, packs[norm.pack].first, &mut binds),
            Kernel::LocalNorm(norm) => {
                binds.push(Bind::view(Slot::A, &norm.input));
                binds.push(Bind::view(Slot::Out, &norm.output));
                let LocalNorm { input, output, size, alpha, beta, k } = norm;
                let sizes = [input.height, input.width, input.channels];
                let (input, output) = (source(input), target(output));
                let args = LocalNormArgs { input, output, sizes, size: *size, alpha: *alpha, beta: *beta, k: *k };
                Call::LocalNorm(table.f32_local_norm(), args)
            }
            Kernel::Resize(Resize { input, output, sampling }) => {
                binds.push(Bind::view(Slot::A, input));
                binds.push(Bind::view(Slot::Out, output));
                let kind = match sampling {
                    Sampling::Nearest => SamplingKind::Nearest,
                    Sampling::Bilinear { align_corners: false } => SamplingKind::Edges,
                    Sampling::Bilinear { align_corners: true } => SamplingKind::Corners,
                };
                let (from, to) = ([input.height, input.width], [output.height, output.width]);
                let (channels, input, output) = (input.channels, source(input), target(output));
                Call::Resize(table.f32_resize(), ResizeArgs { input, output, from, to, channels, kind })
            }
            Kernel::Softmax(softmax) => {
                binds.push(Bind::view(Slot::A, &softmax.input));
                binds.push(Bind::view(Slot::Out, &softmax.output));
                let operand = |view: &View| Operand { first: null_mut(), strides: strides(view) };
                let sizes = [softmax.input.height, softmax.input.width, softmax.input.channels];
                let args =
                    SoftmaxArgs { input: operand(&softmax.input), output: operand(&softmax.output), sizes, log: softmax.log };
                Call::Softmax(table.f32_softmax(), args)
            }
            Kernel::Recurrent(layer) => recurrent_call(layer, table, packs, memory, &mut binds),
            Kernel::ClearBorder(clear) => {
                binds.push(Bind::view(Slot::Out, &clear.view));
                let view = &clear.view;
                let map = Operand { first: null_mut(), strides: strides(view) };
                let sizes = [view.height, view.width, view.channels];
                Call::Border(table.f32_clear_border(), BorderArgs { map, sizes, border: clear.border })
            }
        };
        let mut prepared = Prepared { call, ports: Vec::new(), n_shares };
        for bind in binds {
            match bind.place {
                Place::Arena => prepared.call.set(bind.slot, memory.arena.wrapping_offset(bind.offset)),
                Place::Input(_) | Place::Output(_) => prepared.ports.push(bind),
                Place::Strip => unreachable!("only between convolutions of a step, which is not bound"),
            }
        }
        prepared
    }

    /// How many shares the step has.
    #[inline]
    pub fn n_shares(&self) -> usize {
        self.n_shares
    }

    /// Points the arguments at an image's ports.
    #[inline]
    pub fn bind(&mut self, ports: &PortPointers<'_>) {
        for i in 0..self.ports.len() {
            let Bind { slot, place, offset } = self.ports[i];
            let first = match place {
                Place::Input(i) => ports.inputs[i].cast_mut(),
                Place::Output(i) => ports.outputs[i],
                Place::Arena | Place::Strip => continue,
            };
            self.call.set(slot, first.wrapping_offset(offset));
        }
    }

    /// Runs a share of the step, on the image that it was bound to; of those there are, each has to run once. They may run at once.
    ///
    /// # Safety
    /// What [`Prepared::new`] asks for still holds, nothing but shares of this step uses that memory meanwhile, and `bind` was
    /// given ports that point to as many elements as the plan's ports have.
    pub unsafe fn share(&self, part: usize) {
        // SAFETY: the caller's promise; the function is of the table of an available instruction set, see `new`.
        unsafe { self.call.run(part, self.n_shares) }
    }

    /// What calls the kernel, for who does so otherwise.
    #[cfg(feature = "jit")]
    pub(crate) fn call(&mut self) -> &mut Call {
        &mut self.call
    }

    /// The pointers among the arguments that follow an input or output: which, how many bytes behind its first element, and where among
    /// the arguments, in bytes.
    #[cfg(feature = "jit")]
    pub(crate) fn binds(&self) -> impl Iterator<Item = (Place, isize, usize)> {
        let bytes = |elements: isize| elements * size_of::<f32>() as isize;
        self.ports.iter().map(move |bind| (bind.place, bytes(bind.offset), self.call.field(bind.slot)))
    }
}

/// Rows, pixels and channels of a view.
fn strides(view: &View) -> [usize; 3] {
    [view.row, view.pixel, view.channel]
}

/// The strides of a view whose sizes of 1 are repeated to those of another.
fn repeated(view: &View, to: &View) -> [usize; 3] {
    let along = |size: usize, of: usize, stride: usize| if size == 1 && of > 1 { 0 } else { stride };
    [
        along(view.height, to.height, view.row),
        along(view.width, to.width, view.pixel),
        along(view.channels, to.channels, view.channel),
    ]
}

/// A view whose channels lie side by side, or which has one.
fn source(view: &View) -> Source {
    assert!(view.channel == 1 || view.channels == 1, "channels side by side: {view:?}");
    Source { first: null(), row: view.row, pixel: view.pixel }
}

/// As [`source`], to be written.
fn target(view: &View) -> Target {
    let Source { row, pixel, .. } = source(view);
    Target { first: null_mut(), row, pixel }
}

/// An activation as data.
fn act(activation: Activation) -> Act {
    match activation {
        Activation::Identity => Act::NONE,
        Activation::Relu => Act { low: 0.0, ..Act::NONE },
        Activation::Relu6 => Act { low: 0.0, high: 6.0, ..Act::NONE },
        Activation::LeakyRelu { slope } => Act { kind: ActKind::Leaky, slope, ..Act::NONE },
        Activation::Sigmoid => Act { kind: ActKind::Sigmoid, ..Act::NONE },
        Activation::Tanh => Act { kind: ActKind::Tanh, ..Act::NONE },
        Activation::Silu => Act { kind: ActKind::Silu, ..Act::NONE },
        Activation::Gelu => Act { kind: ActKind::Gelu, ..Act::NONE },
        Activation::GeluTanh => Act { kind: ActKind::GeluTanh, ..Act::NONE },
        Activation::HardSigmoid => Act { kind: ActKind::HardSigmoid, ..Act::NONE },
        Activation::HardSwish => Act { kind: ActKind::HardSwish, ..Act::NONE },
        Activation::Elu { alpha } => Act { kind: ActKind::Elu, slope: alpha, ..Act::NONE },
        Activation::Softplus { beta, threshold } => Act { kind: ActKind::Softplus, slope: beta, threshold, ..Act::NONE },
    }
}

/// Where the first window of a convolution begins, which may be in the border.
fn window_bind(Conv { input, pad, .. }: &Conv) -> Bind {
    let border = (pad[0] * input.row + pad[1] * input.pixel) as isize;
    Bind { slot: Slot::A, place: input.place, offset: input.offset as isize - border }
}

fn strips_call(strips: &Strips, table: &Table, packs: &[PackPointer], memory: &Memory, binds: &mut Vec<Bind>) -> Call {
    binds.push(window_bind(strips.convs().next().unwrap_or(&strips.last)));
    for (index, conv) in strips.convs().enumerate() {
        binds.extend(conv.epilogue.residual.as_ref().map(|residual| Bind::view(Slot::Nth(index), residual)));
    }
    binds.push(Bind::view(Slot::Out, &strips.last.output));
    let convs = strips.convs().map(|conv| conv_args(conv, table, packs[conv.pack].first, memory, 1)).collect();
    Call::Strips(StripCall::entry, Box::new(StripCall::new(convs, StripScratch::of(strips, table.isa()), memory.scratch)))
}

fn conv_args(conv: &Conv, table: &Table, pack: *const f32, memory: &Memory, n_shares: usize) -> (Entry<ConvArgs>, ConvArgs) {
    let Conv { input, output, window, stride, dilation, groups, .. } = conv;
    let Epilogue { residual, activation, pool } = &conv.epilogue;
    let isa = table.isa();
    let scratch = ConvScratch::of(conv, isa);
    let (channels, filters) = (input.channels / groups, output.channels / groups);
    let [height, width] = conv.size();
    let nothing = Source { first: null(), row: 0, pixel: 0 };
    let no_pool = FusedPool { reduce: Reduce::Max, windows: Windows::Adaptive, size: [height, width] };
    let args = ConvArgs {
        input: source(input),
        output: target(output),
        residual: residual.as_ref().map_or(nothing, source),
        pack,
        channels,
        filters,
        groups: *groups,
        channel_block: channel_block(channels, *window),
        row_block: scratch.row_block,
        tile: conv.algorithm.tile().unwrap_or(0),
        tile_block: scratch.tile_block,
        pooled_tiles: pools_tiles(conv),
        kernel_h: window[0],
        kernel_w: window[1],
        stride_h: stride[0],
        stride_w: stride[1],
        dilation_h: dilation[0],
        dilation_w: dilation[1],
        height,
        width,
        act: act(*activation),
        scratch: memory.scratch,
        strip: memory.scratch.wrapping_add(scratch.partial),
        strip_rows: scratch.strip_rows,
        share_scratch: scratch.len(),
        filter_shares: filter_shares(conv, isa, n_shares),
        pool: pool_args(pool.as_ref().unwrap_or(&no_pool), nothing, output, Act::NONE),
    };
    let kernel = match conv_kernel(conv.algorithm, filters, channels, isa) {
        ConvKernel::Direct => table.f32_conv_direct(),
        ConvKernel::Pixels => table.f32_conv_pixels(),
        ConvKernel::Winograd => table.f32_conv_winograd(),
        ConvKernel::WinogradSmall => table.f32_conv_winograd_small(),
        ConvKernel::WinogradPlain => table.f32_conv_winograd_plain(),
        ConvKernel::Depthwise => table.f32_conv_depthwise(),
        ConvKernel::Grouped => table.f32_conv_grouped(),
        ConvKernel::GroupedVector => table.f32_conv_grouped_vector(),
    };
    (kernel, args)
}

fn linear_call(linear: &Linear, table: &Table, pack: PackPointer, binds: &mut Vec<Bind>) -> Call {
    let Linear { input, output, epilogue, .. } = linear;
    binds.push(Bind::view(Slot::A, input));
    binds.push(Bind::view(Slot::Out, output));
    if let Some(residual) = &epilogue.residual {
        binds.push(Bind::view(Slot::B, residual));
    }
    let args = LinearArgs {
        input: null(),
        output: null_mut(),
        residual: null(),
        pack: pack.first,
        bf16: pack.bf16,
        inputs: input.height * input.width * input.channels,
        outputs: output.channels,
        act: act(epilogue.activation),
    };
    Call::Linear(table.f32_linear(), args)
}

fn norm_call(norm: &Norm, table: &Table, pack: *const f32, binds: &mut Vec<Bind>) -> Call {
    let Norm { input, output, groups, eps, activation, .. } = norm;
    binds.push(Bind::view(Slot::A, input));
    binds.push(Bind::view(Slot::Out, output));
    let [height, width, channels] = [input.height, input.width, input.channels];
    let (row, pixel, n) = match norm.form() {
        Form::Elements { map: [channels, rows, columns] } => {
            let stride = |n: usize, stride: usize| if n > 1 { stride } else { 0 };
            (stride(rows, columns * channels), stride(columns, channels), rows * columns * channels)
        }
        _ => (0, 0, channels),
    };
    let region = match norm.region {
        Region::Map => RegionKind::Map,
        Region::Row => RegionKind::Row,
        Region::Pixel => RegionKind::Pixel,
    };
    let args = NormArgs {
        input: source(input),
        output: target(output),
        sizes: [height, width, channels],
        groups: *groups,
        eps: *eps,
        weights: Source { first: pack, row, pixel },
        by_channel: norm.scale_of != ScaleOf::Place,
        region,
        shifts: pack.wrapping_add(n),
        act: act(*activation),
    };
    Call::Norm(table.f32_norm(), Box::new(args))
}

fn recurrent_call(layer: &Recurrent, table: &Table, packs: &[PackPointer], memory: &Memory, binds: &mut Vec<Bind>) -> Call {
    let Recurrent { cell, hidden, input, output, first_hidden, first_cell, last_cell, .. } = layer;
    binds.push(Bind::view(Slot::A, input));
    binds.push(Bind::view(Slot::Out, output));
    for (slot, view) in [(Slot::B, first_hidden), (Slot::Nth(2), first_cell), (Slot::Also, last_cell)] {
        binds.extend(view.as_ref().map(|view| Bind::view(slot, view)));
    }
    let rows = |view: &Option<View>| view.map_or([0; 2], |view| [view.row, view.channel]);
    let pointers = |indices: &[usize]| [0, 1].map(|d| indices.get(d).map_or(null(), |&index| packs[index].first));
    let args = RecurrentArgs {
        cell: match cell {
            Cell::Tanh => CellKind::Tanh,
            Cell::Relu => CellKind::Relu,
            Cell::Lstm => CellKind::Lstm,
            Cell::Gru => CellKind::Gru,
        },
        directions: layer.n_directions(),
        steps: input.width,
        hidden: *hidden,
        width: layer.width(),
        input: null(),
        input_step: input.pixel,
        output: null_mut(),
        output_strides: [output.pixel, output.channel],
        first_hidden: null(),
        first_hidden_strides: rows(first_hidden),
        first_cell: null(),
        first_cell_strides: rows(first_cell),
        last_cell: null_mut(),
        last_cell_strides: rows(last_cell),
        packs: pointers(&layer.packs),
        projections: pointers(&layer.projections),
        scratch: memory.scratch,
    };
    Call::Recurrent(table.f32_recurrent(), Box::new(args))
}

/// The arguments of a pooling from a map of `pool.size` to `output`.
fn pool_args(pool: &FusedPool, input: Source, output: &View, act: Act) -> PoolArgs {
    let kind = match pool.reduce {
        Reduce::Max => PoolKind::Max,
        Reduce::Average { count_pad: false } => PoolKind::Average,
        Reduce::Average { count_pad: true } => PoolKind::AverageWithPad,
    };
    let (adaptive, window, stride, dilation, pad) = match pool.windows {
        Windows::Sliding { window, stride, dilation, pad } => (false, window, stride, dilation, pad),
        Windows::Adaptive => (true, [1; 2], [1; 2], [1; 2], [0; 4]),
    };
    PoolArgs {
        input,
        output: target(output),
        kind,
        adaptive,
        channels: output.channels,
        in_height: pool.size[0],
        in_width: pool.size[1],
        height: output.height,
        width: output.width,
        window,
        stride,
        dilation,
        pad,
        act,
    }
}

/// An element-wise kernel over the view's sizes; its operands' strides are over rows, pixels and channels.
fn map_call(table: &Table, op: MapOp, output: &View, inputs: &[(*mut f32, [usize; 3])], activation: Activation) -> Call {
    let mut operands = [Operand { first: null_mut(), strides: [0; 3] }; 4];
    operands[0].strides = strides(output);
    for (operand, (first, strides)) in operands[1..].iter_mut().zip(inputs) {
        *operand = Operand { first: *first, strides: *strides };
    }
    let mut sizes = normalise([output.height, output.width, output.channels], &mut operands[..=inputs.len()]);
    if op == MapOp::Copy && operands[1].strides[0] == 1 && operands[1].strides[2] != 1 {
        // The loop that reads neighbours beside the one that writes them: they are transposed in squares.
        sizes.swap(0, 1);
        operands.iter_mut().for_each(|operand| operand.strides.swap(0, 1));
    }
    let [output, inputs @ ..] = operands;
    Call::Map(table.f32_map(), Box::new(MapArgs { op, sizes, output, inputs, act: act(activation) }))
}

/// Orders three loops so that the innermost writes neighbours, and joins those that walk every operand in one stride.
fn normalise(sizes: [usize; 3], operands: &mut [Operand]) -> [usize; 3] {
    let mut order: Vec<usize> = Vec::with_capacity(3);
    for axis in (0..3).filter(|&axis| sizes[axis] > 1) {
        let at = order.partition_point(|&other| operands[0].strides[other] >= operands[0].strides[axis]);
        order.insert(at, axis);
    }
    // Each loop: its size and a stride of each operand.
    let mut loops: Vec<(usize, Vec<usize>)> = Vec::new();
    for axis in order {
        let strides: Vec<usize> = operands.iter().map(|operand| operand.strides[axis]).collect();
        match loops.last_mut() {
            Some((size, outer)) if outer.iter().zip(&strides).all(|(&outer, &inner)| outer == inner * sizes[axis]) => {
                *size *= sizes[axis];
                *outer = strides;
            }
            _ => loops.push((sizes[axis], strides)),
        }
    }
    if loops.is_empty() {
        loops.push((1, vec![1; operands.len()]));
    }
    while loops.len() < 3 {
        loops.insert(0, (1, vec![0; operands.len()]));
    }
    for (i, operand) in operands.iter_mut().enumerate() {
        operand.strides = [0, 1, 2].map(|n| loops[n].1[i]);
    }
    [0, 1, 2].map(|n| loops[n].0)
}
