//! A plan is checked once, when it is accepted: afterwards kernels follow its numbers on raw pointers. Floor 4.
//!
//! What is checked makes every access lie in its place: each view inside its arena or port; each window, with the border
//! it reads, inside the arena or port of its view; each pack as long as the step that reads it expects; sizes that kernels
//! derive from one another equal. Nothing is assumed of a plan, so that one from a hostile source is an error as well: all
//! arithmetic is checked. What is not checked is whether a plan computes anything sensible.

mod strips;

use convoke_compiler::plan::*;
use convoke_compiler::program::registers;

use super::MAX_PORTS;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::n_rows;

/// Most elements of an arena: 256 GiB, beyond what a machine has and far from what overflows.
const MAX_ARENA: usize = 1 << 36;

/// What is wrong, before the plan's and the step's name are put in front of it.
type Check<T = ()> = std::result::Result<T, String>;

/// Checks everything that running the plan relies on.
///
/// # Errors
/// If an address that a step can touch lies outside of its place, or if sizes contradict each other.
pub(crate) fn accept(plan: &Plan) -> Result<()> {
    let refuse = |what: String| Error::new(ErrorKind::Plan, format!("the plan of `{}` is refused: {what}", plan.name));
    sizes(plan).map_err(refuse)?;
    for (i, pack) in plan.packs.iter().enumerate() {
        accept_pack(plan, pack).map_err(|what| refuse(format!("pack {i}: {what}")))?;
    }
    for (i, step) in plan.steps.iter().enumerate() {
        accept_step(plan, &step.kernel).map_err(|what| refuse(format!("step {i}, `{}`: {what}", step.name)))?;
    }
    sources(plan).map_err(refuse)?;
    match plan.layers.iter().find(|layer| layer.step.is_some_and(|step| step >= plan.steps.len())) {
        Some(layer) => Err(refuse(format!("the layer `{}` names a step that there is not", layer.path))),
        None => Ok(()),
    }
}

/// Layers read inputs and layers before them; outputs are any of these. The picture relies on it.
fn sources(plan: &Plan) -> Check {
    let known = |source: &Source, n_layers: usize| match *source {
        Source::Input(index) => index < plan.inputs.len(),
        Source::Layer(index) => index < n_layers,
    };
    for (at, layer) in plan.layers.iter().enumerate() {
        ensure(layer.reads.iter().all(|read| known(read, at)), || {
            format!("the layer `{}` reads what is not before it", layer.path)
        })?;
    }
    let all_known = plan.results.iter().all(|result| known(result, plan.layers.len()));
    ensure(all_known && plan.results.len() == plan.outputs.len(), || "its results are not its outputs".to_owned())
}

/// `Ok` where the condition holds, else what the text says.
fn ensure(holds: bool, what: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(what()) }
}

/// Number of elements of a shape, at least one.
fn n_elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |n, &size| n.checked_mul(size)).filter(|&n| n > 0 && n <= MAX_ARENA)
}

fn sizes(plan: &Plan) -> Check {
    ensure(plan.arena_len <= MAX_ARENA, || format!("its arena has {} elements", plan.arena_len))?;
    for (what, ports) in [("inputs", &plan.inputs), ("outputs", &plan.outputs)] {
        ensure((1..=MAX_PORTS).contains(&ports.len()), || format!("it has {} {what}", ports.len()))?;
        for port in ports.iter() {
            ensure(n_elements(&port.shape).is_some(), || format!("`{}` has the sizes {:?}", port.name, port.shape))?;
        }
    }
    for parameter in plan.parameters.iter() {
        ensure(n_elements(&parameter.shape).is_some(), || format!("`{}` has the sizes {:?}", parameter.name, parameter.shape))?;
    }
    let mut names: Vec<&str> = plan.parameters.iter().map(|parameter| &*parameter.name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two parameters are called `{}`", pair[0])),
        None => Ok(()),
    }
}

fn accept_pack(plan: &Plan, pack: &Pack) -> Check {
    // The shape of what each output has one element of.
    let mut per_output = vec![n_rows(&pack.form)];
    let weight: Option<Vec<usize>> = match pack.form {
        Form::ConvPart { algorithm, filters, channels, window, groups, kernel, .. } => {
            conv_groups(algorithm, filters, channels, window, groups)?;
            n_elements(&[filters, channels, window[0], window[1]]).ok_or_else(|| format!("a part of {window:?}"))?;
            let inputs = n_elements(&[channels, groups]).ok_or_else(|| format!("{channels} channels in {groups} groups"))?;
            Some(vec![inputs, filters / groups, kernel[0], kernel[1]])
        }
        Form::Conv { algorithm, filters, channels, window, groups } => {
            conv_groups(algorithm, filters, channels, window, groups)?;
            Some(vec![filters, channels, window[0], window[1]])
        }
        Form::Linear { outputs, map } => {
            let inputs = n_elements(&map).ok_or_else(|| format!("a map of {map:?}"))?;
            Some(vec![outputs, inputs])
        }
        Form::LinearBf16 { .. } => return Err("weights in bf16, which are a choice of loading".to_owned()),
        Form::Rows { outputs, inputs } => {
            n_elements(&[outputs, inputs]).ok_or_else(|| format!("a matrix of {outputs} x {inputs}"))?;
            Some(vec![outputs, inputs])
        }
        Form::Recurrent { cell, hidden, width } => {
            n_elements(&[cell.n_gates(), hidden, width]).ok_or_else(|| format!("a state of {hidden}, {width}"))?;
            ensure(pack.batch_norm.is_none(), || "a recurrent layer has no batch norm".to_owned())?;
            Some(vec![cell.n_gates() * hidden, width])
        }
        Form::Slopes { weights, channels } => {
            ensure(channels > 0 && (weights == 1 || weights == channels), || format!("{weights} slopes of {channels} channels"))?;
            ensure(pack.bias.is_none() && pack.batch_norm.is_none(), || "slopes have no bias and no batch norm".to_owned())?;
            Some(vec![weights])
        }
        Form::Elements { map } => {
            per_output = map.to_vec();
            n_elements(&map).ok_or_else(|| format!("a map of {map:?}"))?;
            ensure(pack.batch_norm.is_none(), || "the weights of elements have no batch norm".to_owned())?;
            pack.weight.map(|_| map.to_vec())
        }
        Form::Affine { channels } => {
            ensure(channels > 0, || "no channels".to_owned())?;
            let alone = pack.weight.is_none() || pack.batch_norm.is_none();
            ensure(alone, || "an affine has a weight and a batch norm's besides".to_owned())?;
            pack.weight.map(|_| per_output.clone())
        }
    };
    let tensor = |what: &str, index: usize, shape: &[usize]| match plan.parameters.get(index) {
        Some(parameter) if same_elements(&parameter.shape, shape) => Ok(()),
        Some(parameter) => Err(format!("its {what} `{}` is {:?}, not {shape:?}", parameter.name, parameter.shape)),
        None => Err(format!("its {what} is parameter {index} of {}", plan.parameters.len())),
    };
    if let Some(shape) = weight {
        let index = pack.weight.ok_or_else(|| "no weight".to_owned())?;
        tensor("weight", index, &shape)?;
    }
    pack.bias.map_or(Ok(()), |index| tensor("bias", index, &per_output))?;
    pack.more_bias.map_or(Ok(()), |more| tensor("second bias", more.index, &per_output))?;
    if let Some(norm) = &pack.batch_norm {
        norm.weight.map_or(Ok(()), |index| tensor("scale", index, &per_output))?;
        norm.bias.map_or(Ok(()), |index| tensor("shift", index, &per_output))?;
        tensor("mean", norm.mean, &per_output)?;
        tensor("variance", norm.variance, &per_output)?;
    }
    Ok(())
}

/// Whether two shapes are of the same elements in the same order: an axis of one element may be left out, as those of rows are where
/// a window slides over a sequence.
fn same_elements(a: &[usize], b: &[usize]) -> bool {
    let several = |shape: &[usize]| shape.iter().copied().filter(|&size| size != 1).collect::<Vec<_>>();
    several(a) == several(b)
}

/// Whether an algorithm is for such groups and windows.
fn conv_groups(algorithm: Algorithm, filters: usize, channels: usize, window: [usize; 2], groups: usize) -> Check {
    ensure(groups > 0 && filters.is_multiple_of(groups), || format!("{filters} filters in {groups} groups"))?;
    let fits = match algorithm {
        Algorithm::Direct => groups == 1,
        Algorithm::Depthwise => filters == groups && channels == 1,
        Algorithm::Grouped => true,
        Algorithm::Pixels => groups == 1 && channels == 1,
        Algorithm::WinogradF2 | Algorithm::WinogradF4 | Algorithm::WinogradF4Plain => groups == 1 && window == [3, 3],
    };
    ensure(fits, || format!("{algorithm:?} with {groups} groups, {filters} filters, {channels} channels, a {window:?} window"))
}

fn accept_step(plan: &Plan, kernel: &Kernel) -> Check {
    match kernel {
        Kernel::Conv(conv) => accept_conv(plan, conv),
        Kernel::Strips(strips) => strips::accept_strips(plan, strips),
        Kernel::Linear(linear) => accept_linear(plan, linear),
        Kernel::Pool(Pool { input, output, reduce: _, windows, activation: _ }) => {
            read(plan, input)?;
            written(plan, output)?;
            ensure(input.channels == output.channels, || unlike(input, output))?;
            pooling(windows, [input.height, input.width], [output.height, output.width])
        }
        Kernel::Affine(Affine { input, output, pack, activation: _ }) => {
            same(input, output)?;
            read(plan, input)?;
            written(plan, output)?;
            packed(plan, *pack, &Form::Affine { channels: input.channels })
        }
        Kernel::Activate(Activate { input, output, activation: _ }) | Kernel::Softmax(Softmax { input, output, log: _ }) => {
            same(input, output)?;
            read(plan, input)?;
            written(plan, output)
        }
        Kernel::Prelu(Prelu { input, output, pack }) => {
            same(input, output)?;
            read(plan, input)?;
            written(plan, output)?;
            let channels = input.channels;
            let one_for_all = packed(plan, *pack, &Form::Slopes { weights: 1, channels });
            one_for_all.or_else(|_| packed(plan, *pack, &Form::Slopes { weights: channels, channels }))
        }
        Kernel::MeanChannels(MeanChannels { input, output }) => {
            ensure([output.height, output.width, output.channels] == [input.height, input.width, 1], || unlike(input, output))?;
            read(plan, input)?;
            written(plan, output)?;
            lanes(input)
        }
        Kernel::Copy(Copy { input, output }) => {
            same(input, output)?;
            read(plan, input)?;
            written(plan, output)
        }
        Kernel::Scale(Scale { input, by, output, activation: _ }) => {
            same(input, output)?;
            read(plan, input)?;
            read(plan, by)?;
            ensure([by.height, by.width, by.channels] == [1, 1, input.channels], || unlike(by, input))?;
            written(plan, output)
        }
        Kernel::Norm(norm) => {
            let Norm { input, output, groups, pack, .. } = norm;
            same(input, output)?;
            read(plan, input)?;
            written(plan, output)?;
            lanes(input)?;
            lanes(output)?;
            let channels = input.channels;
            ensure(*groups > 0 && channels % groups == 0, || format!("{channels} channels in {groups} groups"))?;
            packed(plan, *pack, &norm.form())
        }
        Kernel::LocalNorm(LocalNorm { input, output, size, alpha: _, beta: _, k: _ }) => {
            same(input, output)?;
            read(plan, input)?;
            written(plan, output)?;
            lanes(input)?;
            lanes(output)?;
            ensure(*size > 0 && *size <= MAX_ARENA, || format!("a sum over {size} channels"))
        }
        Kernel::Resize(Resize { input, output, sampling: _ }) => {
            ensure(input.channels == output.channels, || unlike(input, output))?;
            read(plan, input)?;
            written(plan, output)?;
            lanes(input)?;
            lanes(output)?;
            // Positions are multiplied by sizes.
            let fits = |n: usize, out: usize| n <= MAX_ARENA / out;
            ensure(fits(input.height, output.height) && fits(input.width, output.width), || unlike(input, output))
        }
        Kernel::Map(Map { inputs, output, operations }) => {
            for input in inputs.iter() {
                same(input, output)?;
                read(plan, input)?;
            }
            written(plan, output)?;
            // The kernel keeps results in registers by the same rule.
            registers(inputs.len(), operations).map(drop)
        }
        Kernel::Recurrent(layer) => accept_recurrent(plan, layer),
        Kernel::Combine(Combine { combination: _, a, b, output, activation: _ }) => {
            repeats(a, output)?;
            repeats(b, output)?;
            read(plan, a)?;
            read(plan, b)?;
            written(plan, output)
        }
        Kernel::ClearBorder(ClearBorder { view, border: [top, left, bottom, right] }) => {
            written(plan, view)?;
            bordered(view)?;
            let rows = reach(view.height, *top, *bottom)?;
            let columns = reach(view.width, *left, *right)?;
            inside(plan, view, rows, columns)
        }
    }
}

fn accept_conv(plan: &Plan, conv: &Conv) -> Check {
    read(plan, &conv.input)?;
    written(plan, &conv.output)?;
    accept_conv_sizes(plan, conv)?;
    windows_inside(plan, conv)
}

/// What holds wherever its input and output lie.
fn accept_conv_sizes(plan: &Plan, conv: &Conv) -> Check {
    let Conv { algorithm, input, output, window, stride, dilation, pad, groups, pack, epilogue } = conv;
    ensure(*groups > 0 && input.channels % groups == 0, || format!("{} channels in {groups} groups", input.channels))?;
    let channels = input.channels / groups;
    ensure(algorithm.tile().is_none() || conv.fits_winograd(), || {
        format!("{algorithm:?} of a {window:?} window, stride {stride:?}, dilation {dilation:?}")
    })?;
    ensure(*algorithm != Algorithm::Pixels || conv.fits_pixels(), || {
        format!(
            "{algorithm:?} of {} channels, stride {stride:?}, with a residual: {}",
            input.channels,
            epilogue.residual.is_some()
        )
    })?;
    packed(
        plan,
        *pack,
        &Form::Conv { algorithm: *algorithm, filters: output.channels, channels, window: *window, groups: *groups },
    )?;
    lanes(input)?;
    lanes(output)?;
    accept_epilogue(plan, epilogue, output)?;
    let size = conv.size();
    // Scratch is measured by these.
    let result = n_elements(&[size[0], size[1], output.channels]);
    let row = [stride[0], stride[1], size[1], input.channels].iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
    ensure(result.is_some() && row.is_some(), || {
        format!("a result of {}, {} and {} elements, stride {stride:?}", output.channels, size[0], size[1])
    })?;
    for axis in 0..2 {
        ensure(size[axis] > 0 && window[axis] > 0 && stride[axis] > 0 && dilation[axis] > 0, || {
            format!("{size:?} positions of a {window:?} window, stride {stride:?}, dilation {dilation:?}")
        })?;
        window_reach(size[axis], window[axis], stride[axis], dilation[axis], pad[axis])?;
    }
    Ok(())
}

/// Whether all windows over a convolution's input lie in its place, with its border.
fn windows_inside(plan: &Plan, conv: &Conv) -> Check {
    let Conv { input, window, stride, dilation, pad, .. } = conv;
    bordered(input)?;
    let size = conv.size();
    let reach = |axis: usize| window_reach(size[axis], window[axis], stride[axis], dilation[axis], pad[axis]);
    inside(plan, input, reach(0)?, reach(1)?)
}

fn accept_linear(plan: &Plan, linear: &Linear) -> Check {
    let Linear { input, output, pack, epilogue } = linear;
    read(plan, input)?;
    written(plan, output)?;
    let Some(&Pack { form: form @ Form::Linear { outputs, map }, .. }) = plan.packs.get(*pack) else {
        return Err(format!("pack {pack} is not that of a linear layer"));
    };
    packed(plan, *pack, &form)?;
    let [channels, height, width] = map;
    let is_vector = input.height == 1 && input.width == 1 && n_elements(&map) == Some(input.channels);
    ensure(is_vector || [input.channels, input.height, input.width] == [channels, height, width], || {
        format!("its input is {}, its weights' {map:?}", view_size(input))
    })?;
    // Side by side: the kernel reads the input as one run from its first element.
    let rows_touch = input.height == 1 || input.row == input.width * input.channels;
    let pixels_touch = input.width == 1 && input.height == 1 || input.pixel == input.channels;
    ensure(rows_touch && pixels_touch && (input.channel == 1 || input.channels == 1), || {
        format!("its input's elements do not lie side by side: {input:?}")
    })?;
    ensure([output.height, output.width] == [1, 1] && output.channels == outputs, || {
        format!("its output is {}, its weights' rows {outputs}", view_size(output))
    })?;
    lanes(output)?;
    ensure(epilogue.pool.is_none(), || "a linear layer pools nothing".to_owned())?;
    accept_epilogue(plan, epilogue, output)
}

fn accept_recurrent(plan: &Plan, layer: &Recurrent) -> Check {
    let Recurrent { cell, hidden, input, output, first_hidden, first_cell, last_cell, packs, projections } = layer;
    read(plan, input)?;
    written(plan, output)?;
    lanes(input)?;
    let n = packs.len();
    ensure((1..=2).contains(&n) && (projections.is_empty() || projections.len() == n), || {
        format!("{n} directions, {} of them projected", projections.len())
    })?;
    let gates = n_elements(&[n, cell.n_gates(), *hidden]);
    let rows = input.height == 1 && output.height == 1 && input.width == output.width;
    ensure(rows && gates == Some(input.channels) && output.channels.is_multiple_of(n), || {
        format!("{n} directions of {hidden} elements, from {} to {}", view_size(input), view_size(output))
    })?;
    let width = layer.width();
    ensure(width == *hidden || !projections.is_empty(), || format!("a state of {hidden} elements becomes {width}"))?;
    for &pack in packs.iter() {
        packed(plan, pack, &Form::Recurrent { cell: *cell, hidden: *hidden, width })?;
    }
    for &pack in projections.iter() {
        packed(plan, pack, &Form::Linear { outputs: width, map: [*hidden, 1, 1] })?;
    }
    let state = |view: &View, len: usize| {
        read(plan, view)?;
        ensure([view.height, view.width, view.channels] == [n, 1, len], || format!("a state is {}", view_size(view)))
    };
    first_hidden.as_ref().map_or(Ok(()), |view| state(view, width))?;
    ensure(*cell == Cell::Lstm || (first_cell.is_none() && last_cell.is_none()), || format!("cells of {cell:?}"))?;
    first_cell.as_ref().map_or(Ok(()), |view| state(view, *hidden))?;
    last_cell.as_ref().map_or(Ok(()), |view| state(view, *hidden).and_then(|()| written(plan, view)))
}

fn accept_epilogue(plan: &Plan, epilogue: &Epilogue, output: &View) -> Check {
    let size = match &epilogue.pool {
        Some(FusedPool { reduce: _, windows, size }) => {
            pooling(windows, *size, [output.height, output.width])?;
            *size
        }
        None => [output.height, output.width],
    };
    if let Some(residual) = &epilogue.residual {
        read(plan, residual)?;
        lanes(residual)?;
        ensure([residual.height, residual.width] == size && residual.channels == output.channels, || {
            format!("the residual is {}, the result [{}, {}, {}]", view_size(residual), output.channels, size[0], size[1])
        })?;
    }
    Ok(())
}

/// Whether each of `out` windows covers an element of the map, so that there is something to reduce.
fn pooling(windows: &Windows, size: [usize; 2], out: [usize; 2]) -> Check {
    for axis in 0..2 {
        let (n, out) = (size[axis], out[axis]);
        ensure(n > 0 && out > 0, || format!("{out} windows over {n} elements"))?;
        match windows {
            Windows::Adaptive => ensure(n <= MAX_ARENA / out, || format!("{out} windows over {n} elements"))?,
            Windows::Sliding { window, stride, dilation, pad } => {
                let (window, stride, dilation) = (window[axis], stride[axis], dilation[axis]);
                let (before, after) = (pad[axis], pad[axis + 2]);
                ensure(window > 0 && stride > 0 && dilation > 0, || {
                    format!("window {window}, stride {stride}, dilation {dilation}")
                })?;
                window_reach(out, window, stride, dilation, before)?;
                ensure(before <= MAX_ARENA && after <= MAX_ARENA, || format!("padding of {before} and {after}"))?;
                // Where dilation does not step over the whole map, the first window reaches least far down and the last one
                // starts farthest up, so these two decide.
                // A window alone may: it hangs over the end.
                let reached = before.div_ceil(dilation);
                let alone = out == 1 && reached < window && reached * dilation - before < n;
                ensure(dilation <= n || window == 1 || alone, || format!("a dilation of {dilation} over {n} elements"))?;
                let end = (window - 1) * dilation;
                let start = (out - 1) * stride;
                ensure(before <= end && start < before + n, || {
                    format!(
                        "of {out} windows of {window}, stride {stride}, dilation {dilation}, over {n} elements padded by {before}, the first or last covers none"
                    )
                })?;
            }
        }
    }
    Ok(())
}

/// First and last position that a window reads along one axis, relative to the map.
fn window_reach(out: usize, window: usize, stride: usize, dilation: usize, pad: usize) -> Check<(i64, i64)> {
    let last = || {
        let start = (out - 1).checked_mul(stride)?;
        let end = (window - 1).checked_mul(dilation)?.checked_add(start)?;
        (end <= MAX_ARENA && pad <= MAX_ARENA).then(|| (-(pad as i64), end as i64 - pad as i64))
    };
    last().ok_or_else(|| format!("{out} windows of {window}, stride {stride}, dilation {dilation}, pad {pad}, are too far out"))
}

/// First and last position of a map with a border.
fn reach(n: usize, before: usize, after: usize) -> Check<(i64, i64)> {
    ensure(before <= MAX_ARENA && after <= MAX_ARENA, || format!("a border of {before} and {after}"))?;
    Ok((-(before as i64), (n - 1 + after) as i64))
}

/// A view that is read: inside its place.
fn read(plan: &Plan, view: &View) -> Check {
    let View { height, width, channels, row, pixel, channel, .. } = *view;
    let place_len = place_len(plan, view.place)?;
    // A stride of nothing would let a size be anything; with this, no size exceeds its place.
    for (size, stride) in [(height, row), (width, pixel), (channels, channel)] {
        ensure(size > 0 && size <= place_len && (size == 1 || stride > 0) && stride <= MAX_ARENA, || {
            format!("{view:?} has a size or stride of nothing, or one beyond its place")
        })?;
    }
    inside(plan, view, (0, height as i64 - 1), (0, width as i64 - 1))
}

/// A view that is written: inside its place, which is no input.
fn written(plan: &Plan, view: &View) -> Check {
    ensure(!matches!(view.place, Place::Input(_)), || format!("it writes to {view:?}"))?;
    read(plan, view)
}

/// Whether all channels of these rows and columns lie inside the view's place.
///
/// Every stride and position is at most 2^37 in size, which the callers have checked, so products fit `i128`.
fn inside(plan: &Plan, view: &View, rows: (i64, i64), columns: (i64, i64)) -> Check {
    let place_len = place_len(plan, view.place)? as i128;
    let at = |y: i64, x: i64, c: usize| {
        view.offset as i128
            + i128::from(y) * view.row as i128
            + i128::from(x) * view.pixel as i128
            + c as i128 * view.channel as i128
    };
    let first = at(rows.0, columns.0, 0);
    let last = at(rows.1, columns.1, view.channels - 1);
    ensure(first >= 0 && last < place_len, || format!("elements {first} to {last} of {:?}, which has {place_len}", view.place))
}

/// Number of elements of a place.
fn place_len(plan: &Plan, place: Place) -> Check<usize> {
    let port = match place {
        Place::Arena => return Ok(plan.arena_len),
        Place::Strip => return Err("a map between convolutions that are not in strips".to_owned()),
        Place::Input(i) => plan.inputs.get(i),
        Place::Output(i) => plan.outputs.get(i),
    };
    port.map(|port| port.shape.iter().product()).ok_or_else(|| format!("there is no {place:?}"))
}

/// Whether rows and columns beyond a view are others than its own, so that where they end is bounded by the view's place.
fn bordered(view: &View) -> Check {
    ensure(view.row > 0 && view.pixel > 0, || format!("{view:?} has a border at no distance"))
}

/// Whether two views have the same sizes.
fn same(a: &View, b: &View) -> Check {
    ensure([a.height, a.width, a.channels] == [b.height, b.width, b.channels], || unlike(a, b))
}

/// Whether a view has the sizes of another, but for those of 1, which are repeated.
fn repeats(view: &View, to: &View) -> Check {
    let fits = [(view.height, to.height), (view.width, to.width), (view.channels, to.channels)];
    ensure(fits.into_iter().all(|(size, to)| size == 1 || size == to), || unlike(view, to))
}

/// Whether channels lie side by side, as kernels with channels or filters in their lanes read and write them.
fn lanes(view: &View) -> Check {
    ensure(view.channel == 1 || view.channels == 1, || format!("the channels of {view:?} are not side by side"))
}

/// Whether a step's pack is there and of the form that its sizes ask for.
fn packed(plan: &Plan, pack: usize, form: &Form) -> Check {
    match plan.packs.get(pack) {
        Some(pack) if pack.form.of_part() == *form => Ok(()),
        Some(pack) => Err(format!("its pack is {:?}, not {form:?}", pack.form)),
        None => Err(format!("pack {pack} of {}", plan.packs.len())),
    }
}

fn unlike(a: &View, b: &View) -> String {
    format!("{} and {} are unlike", view_size(a), view_size(b))
}

/// `[C, H, W]`
fn view_size(view: &View) -> String {
    format!("[{}, {}, {}]", view.channels, view.height, view.width)
}

#[cfg(test)]
mod tests;
