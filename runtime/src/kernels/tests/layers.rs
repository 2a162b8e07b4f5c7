//! Everything but convolutions.

use convoke_compiler::plan::{
    Activate, Activation, Affine, ClearBorder, Combination, Combine, Copy, Epilogue, Form, Kernel, Linear, MeanChannels, Place,
    Pool, Reduce, Resize, Sampling, Softmax, View, Windows,
};
use proptest::prelude::*;

use super::{Arena, Map, Random, activate, check, isas};
use crate::kernels::pack;

/// Positions of a window along one axis that lie on the map, and how many lie on the map or its padding.
fn span(windows: Windows, axis: usize, n: usize, out: usize, i: usize) -> (Vec<usize>, usize) {
    match windows {
        Windows::Adaptive => {
            let inside: Vec<usize> = (i * n / out..((i + 1) * n).div_ceil(out)).collect();
            let len = inside.len();
            (inside, len)
        }
        Windows::Sliding { window, stride, dilation, pad } => {
            let positions = (0..window[axis]).map(|k| i * stride[axis] + k * dilation[axis]);
            let padded: Vec<usize> = positions.filter(|&p| p < pad[axis] + n + pad[axis + 2]).collect();
            let inside = padded.iter().filter(|&&p| p >= pad[axis] && p < pad[axis] + n).map(|p| p - pad[axis]).collect();
            (inside, padded.len())
        }
    }
}

/// The definition of pooling.
pub fn pooled(input: &Map, reduce: Reduce, windows: Windows, [h, w]: [usize; 2]) -> Map {
    let [in_h, in_w, channels] = input.size;
    Map::from_fn([h, w, channels], |y, x, c| {
        let (rows, padded_rows) = span(windows, 0, in_h, h, y);
        let (columns, padded_columns) = span(windows, 1, in_w, w, x);
        let values: Vec<f64> = rows
            .iter()
            .flat_map(|&row| columns.iter().map(move |&column| (row, column)))
            .map(|(r, k)| input.at(r, k, c))
            .collect();
        match reduce {
            Reduce::Max if values.iter().any(|v| v.is_nan()) => f64::NAN,
            Reduce::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Reduce::Average { count_pad: true } => values.iter().sum::<f64>() / (padded_rows * padded_columns) as f64,
            Reduce::Average { count_pad: false } => values.iter().sum::<f64>() / values.len() as f64,
        }
    })
}

fn check_pool(input: &Map, reduce: Reduce, windows: Windows, out: [usize; 2], slack: usize, activation: Activation) {
    let mut arena = Arena::default();
    let from = arena.view(input.size, slack, [1, 0, 0, 2]);
    arena.put(&from, input);
    let output = arena.view([out[0], out[1], input.size[2]], slack, [0, 1, 1, 0]);
    let kernel = Kernel::Pool(Pool { input: from, output, reduce, windows, activation });
    let expected = pooled(input, reduce, windows, out).map(|x| activate(activation, x));
    for isa in isas() {
        check(&arena.run(&kernel, isa, None, &output), &expected, 1e-5, &(isa, &kernel));
    }
}

const REDUCES: [Reduce; 3] = [Reduce::Max, Reduce::Average { count_pad: true }, Reduce::Average { count_pad: false }];

#[test]
fn pooling_clips_windows_that_hang_over() {
    let mut random = Random(1);
    for channels in [1, 3, 4, 8, 15, 16, 17, 64, 67, 130] {
        let input = Map::random([9, 11, channels], &mut random);
        for reduce in REDUCES {
            for (window, stride, pad, dilation, out) in [
                ([2, 2], [2, 2], [0; 4], [1, 1], [4, 5]),
                ([2, 2], [2, 2], [0; 4], [1, 1], [5, 6]),
                ([3, 3], [2, 2], [1; 4], [1, 1], [5, 6]),
                ([3, 3], [1, 1], [1; 4], [1, 1], [9, 11]),
                ([3, 2], [1, 3], [1, 0, 1, 0], [2, 1], [7, 4]),
                ([9, 11], [1, 1], [0; 4], [1, 1], [1, 1]),
                ([3, 3], [3, 3], [0, 1, 1, 0], [1, 1], [4, 4]),
            ] {
                let windows = Windows::Sliding { window, stride, dilation, pad };
                check_pool(&input, reduce, windows, out, channels % 3, Activation::Identity);
            }
            for out in [[1, 1], [2, 3], [9, 11], [4, 13], [18, 1]] {
                check_pool(&input, reduce, Windows::Adaptive, out, 1, Activation::Sigmoid);
            }
        }
    }
}

#[test]
fn pooling_propagates_nan_wherever_it_stands_in_the_window() {
    for at in 0..4 {
        let input = Map::from_fn([2, 2, 20], |y, x, c| if 2 * y + x == at && c % 3 == 0 { f64::NAN } else { c as f64 });
        for reduce in REDUCES {
            check_pool(&input, reduce, Windows::Adaptive, [1, 1], 0, Activation::Relu);
        }
    }
}

#[test]
fn linear_layers_of_every_size_read_a_map_in_their_own_order() {
    let mut random = Random(2);
    for outputs in [1, 4, 5, 10, 15, 16, 17, 33, 48, 63, 64, 65, 100, 131] {
        for [c, h, w] in [[1, 1, 1], [7, 1, 1], [8, 1, 1], [84, 1, 1], [3, 2, 5], [16, 5, 5], [130, 3, 3]] {
            let weight = random.floats(outputs * c * h * w);
            let bias = random.floats(outputs);
            let input = Map::random([h, w, c], &mut random);
            let residual = Map::random([1, 1, outputs], &mut random);
            let mut arena = Arena::default();
            let from = arena.view(input.size, 0, [0; 4]);
            arena.put(&from, &input);
            let output = arena.view([1, 1, outputs], 0, [0; 4]);
            let added = arena.view([1, 1, outputs], 0, [0; 4]);
            arena.put(&added, &residual);
            for (residual_view, activation) in [(None, Activation::Tanh), (Some(added), Activation::Relu)] {
                let epilogue = Epilogue { residual: residual_view, activation, pool: None };
                let kernel = Kernel::Linear(Linear { input: from, output, pack: 0, epilogue });
                let expected = Map::from_fn([1, 1, outputs], |_, _, f| {
                    let mut sum = bias[f] as f64 + residual_view.map_or(0.0, |_| residual.at(0, 0, f));
                    for k in 0..c {
                        for y in 0..h {
                            for x in 0..w {
                                sum += weight[((f * c + k) * h + y) * w + x] as f64 * input.at(y, x, k);
                            }
                        }
                    }
                    activate(activation, sum)
                });
                let tolerance = 4.0 * f64::from(f32::EPSILON) * ((c * h * w) as f64 + 4.0);
                for isa in isas() {
                    let packed = pack(&Form::Linear { outputs, map: [c, h, w] }, isa, &weight, &bias);
                    check(&arena.run(&kernel, isa, Some(&packed), &output), &expected, tolerance, &(isa, outputs, c, h, w));
                }
            }
        }
    }
}

/// The nearest number of 8 significant bits, of two the even one.
fn rounded(x: f32) -> f32 {
    let below = f32::from_bits(x.to_bits() & 0xffff_0000);
    let above = f32::from_bits((x.to_bits() & 0xffff_0000) + 0x1_0000);
    let [down, up] = [below, above].map(|near| (f64::from(near) - f64::from(x)).abs());
    let below_is_even = below.to_bits() & 0x1_0000 == 0;
    if down < up || down == up && below_is_even { below } else { above }
}

/// A linear layer on a map, the memory that both lie in, and where its result does.
fn linear(input: &Map, outputs: usize) -> (Arena, Kernel, View) {
    let mut arena = Arena::default();
    let from = arena.view(input.size, 0, [0; 4]);
    arena.put(&from, input);
    let output = arena.view([1, 1, outputs], 0, [0; 4]);
    let epilogue = Epilogue { residual: None, activation: Activation::Identity, pool: None };
    (arena, Kernel::Linear(Linear { input: from, output, pack: 0, epilogue }), output)
}

#[test]
fn weights_in_bf16_are_rounded_and_summed_as_others() {
    let mut random = Random(5);
    for outputs in [1, 5, 16, 17, 33, 64, 131] {
        for [c, h, w] in [[1, 1, 1], [7, 1, 1], [8, 1, 1], [3, 2, 5], [15, 3, 3], [300, 1, 1]] {
            let mut weight = random.floats(outputs * c * h * w);
            // Two as far from the ones beside them, and one that is rounded to the next power of two.
            for (w, bits) in weight.iter_mut().zip([0x3f80_8000, 0x3f81_8000, 0xbfff_ffff]) {
                *w = f32::from_bits(bits);
            }
            let bias = random.floats(outputs);
            let (mut arena, kernel, output) = linear(&Map::random([h, w, c], &mut random), outputs);
            let form = Form::Linear { outputs, map: [c, h, w] };
            for isa in isas() {
                let near: Vec<f32> = weight.iter().map(|&w| rounded(w)).collect();
                arena.bf16 = false;
                let expected = arena.run(&kernel, isa, Some(&pack(&form, isa, &near, &bias)), &output);
                arena.bf16 = true;
                let found = arena.run(&kernel, isa, Some(&pack(&form.bf16(), isa, &weight, &bias)), &output);
                assert_eq!(found.data, expected.data, "{isa}: {c}x{h}x{w} to {outputs}");
            }
        }
    }
}

#[test]
fn weights_in_bf16_err_as_stated() {
    let (mut random, inputs, outputs) = (Random(6), 2000, 200);
    let (weight, bias) = (random.floats(inputs * outputs), vec![0.0; outputs]);
    let input = Map::random([1, 1, inputs], &mut random);
    let (mut arena, kernel, output) = linear(&input, outputs);
    let form = Form::Linear { outputs, map: [inputs, 1, 1] }.bf16();
    arena.bf16 = true;
    for isa in isas() {
        let found = arena.run(&kernel, isa, Some(&pack(&form, isa, &weight, &bias)), &output);
        let (mut squares, mut errors) = (0.0, 0.0);
        for f in 0..outputs {
            let terms = || (0..inputs).map(|i| f64::from(weight[f * inputs + i]) * input.at(0, 0, i));
            let (sum, magnitudes) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
            let error = (found.at(0, 0, f) - sum).abs();
            assert!(error <= magnitudes / 256.0, "{isa}: off by {error}, the terms' magnitudes being {magnitudes}");
            (squares, errors) = (squares + sum * sum, errors + error * error);
        }
        let relative = (errors / squares).sqrt();
        assert!((0.001..0.002).contains(&relative), "{isa}: {relative}");
    }
}

/// The views of one map that element-wise kernels meet: dense, with borders and slack, and NCHW.
pub fn layouts(arena: &mut Arena, size: [usize; 3]) -> Vec<View> {
    let [h, w, c] = size;
    let planes = arena.view([1, 1, h * w * c], 0, [0; 4]);
    vec![
        arena.view(size, 0, [0; 4]),
        arena.view(size, 0, [1, 2, 0, 1]),
        arena.view(size, 3, [0, 1, 1, 0]),
        View { offset: planes.offset, height: h, width: w, channels: c, row: w, pixel: 1, channel: h * w, ..planes },
    ]
}

#[test]
fn element_wise_kernels_take_any_layout() {
    let mut random = Random(3);
    for size in [[1, 1, 1], [1, 1, 37], [5, 7, 1], [4, 3, 16], [3, 5, 19], [2, 2, 2], [33, 35, 3], [6, 40, 35]] {
        let (a, b) = (Map::random(size, &mut random), Map::random(size, &mut random));
        let (scale, shift) = (random.floats(size[2]), random.floats(size[2]));
        let mut arena = Arena::default();
        let (inputs, others, outputs) = (layouts(&mut arena, size), layouts(&mut arena, size), layouts(&mut arena, size));
        for (view, other) in inputs.iter().zip(&others) {
            arena.put(view, &a);
            arena.put(other, &b);
        }
        for &input in &inputs {
            for &output in &outputs {
                let activation = Activation::LeakyRelu { slope: 0.25 };
                let other = others[(output.pixel + input.pixel) % 4];
                let of = |f: &dyn Fn(f64, f64, usize) -> f64| {
                    Map::from_fn(size, |y, x, c| activate(activation, f(a.at(y, x, c), b.at(y, x, c), c)))
                };
                let combine = |combination| Kernel::Combine(Combine { combination, a: input, b: other, output, activation });
                let cases = [
                    (Kernel::Activate(Activate { input, output, activation }), of(&|a, _, _| a)),
                    (Kernel::Copy(Copy { input, output }), a.clone()),
                    (combine(Combination::Add), of(&|a, b, _| a + b)),
                    (combine(Combination::Mul), of(&|a, b, _| a * b)),
                    (
                        Kernel::Affine(Affine { input, output, pack: 0, activation }),
                        of(&|a, _, c| a * scale[c] as f64 + shift[c] as f64),
                    ),
                ];
                for isa in isas() {
                    let packed = pack(&Form::Affine { channels: size[2] }, isa, &scale, &shift);
                    for (kernel, expected) in &cases {
                        check(&arena.run(kernel, isa, Some(&packed), &output), expected, 1e-6, &(isa, kernel));
                    }
                }
            }
        }
    }
}

#[test]
fn copies_between_any_orders_of_axes() {
    let mut random = Random(8);
    for size in [[1, 1, 1], [5, 3, 2], [4, 33, 3], [3, 50, 4], [17, 16, 15], [2, 70, 33], [31, 1, 16], [40, 9, 37], [3, 8, 8]] {
        let input = Map::random(size, &mut random);
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut arena = Arena::default();
            // A map whose axes lie in that order, read as height, width and channels; and the other way round.
            let stored = arena.view(order.map(|axis| size[axis]), 0, [0; 4]);
            let mut strides = [0; 3];
            for (axis, stride) in order.into_iter().zip([stored.row, stored.pixel, stored.channel]) {
                strides[axis] = stride;
            }
            let ordered = View::new(Place::Arena, stored.offset, size, strides);
            let plain = arena.view(size, 1, [1, 0, 0, 1]);
            for (from, to) in [(ordered, plain), (plain, ordered)] {
                arena.put(&from, &input);
                let kernel = Kernel::Copy(Copy { input: from, output: to });
                for isa in isas() {
                    check(&arena.run(&kernel, isa, None, &to), &input, 0.0, &(isa, &kernel));
                }
            }
        }
    }
}

#[test]
fn sizes_of_one_are_repeated() {
    let mut random = Random(6);
    for size in [[4, 3, 16], [3, 5, 19], [1, 6, 2500], [7, 1, 1], [1, 1, 9]] {
        for ones in 0..8 {
            let part: [usize; 3] = std::array::from_fn(|axis| if ones >> axis & 1 == 1 { 1 } else { size[axis] });
            let (a, b) = (Map::random(size, &mut random), Map::random(part, &mut random));
            let at = |y: usize, x: usize, c: usize| b.at(y % part[0], x % part[1], c % part[2]);
            let mut arena = Arena::default();
            let (inputs, others) = (layouts(&mut arena, size), layouts(&mut arena, part));
            inputs.iter().for_each(|view| arena.put(view, &a));
            others.iter().for_each(|view| arena.put(view, &b));
            let output = arena.view(size, 1, [0; 4]);
            let activation = Activation::Relu;
            for (&input, &other) in inputs.iter().zip(&others) {
                for (a_side, b_side) in [(input, other), (other, input)] {
                    let combine =
                        |combination| Kernel::Combine(Combine { combination, a: a_side, b: b_side, output, activation });
                    let sum = Map::from_fn(size, |y, x, c| (a.at(y, x, c) + at(y, x, c)).max(0.0));
                    let product = Map::from_fn(size, |y, x, c| (a.at(y, x, c) * at(y, x, c)).max(0.0));
                    for isa in isas() {
                        for (kernel, expected) in [(combine(Combination::Add), &sum), (combine(Combination::Mul), &product)] {
                            check(&arena.run(&kernel, isa, None, &output), expected, 1e-6, &(isa, &kernel));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_mean_of_channels_is_that_of_all_of_them() {
    let mut random = Random(7);
    for size in [[1, 1, 1], [3, 2, 3], [2, 5, 16], [4, 1, 67], [2, 3, 300]] {
        let input = Map::random(size, &mut random);
        let mut arena = Arena::default();
        let from = arena.view(size, 3, [1, 0, 0, 1]);
        arena.put(&from, &input);
        let output = arena.view([size[0], size[1], 1], 2, [0; 4]);
        let kernel = Kernel::MeanChannels(MeanChannels { input: from, output });
        let expected =
            Map::from_fn([size[0], size[1], 1], |y, x, _| (0..size[2]).map(|c| input.at(y, x, c)).sum::<f64>() / size[2] as f64);
        for isa in isas() {
            // Each lane adds a sixteenth of them, or a quarter.
            check(&arena.run(&kernel, isa, None, &output), &expected, 1e-6, &(isa, &kernel));
        }
    }
}

#[test]
fn activations_work_in_place_and_keep_nan() {
    let input = Map::from_fn([3, 3, 21], |y, x, c| if (x + y + c) % 5 == 0 { f64::NAN } else { c as f64 - 10.0 });
    for activation in [Activation::Relu, Activation::Relu6, Activation::Sigmoid, Activation::Tanh, Activation::Identity] {
        let mut arena = Arena::default();
        let view = arena.view(input.size, 0, [0; 4]);
        arena.put(&view, &input);
        let kernel = Kernel::Activate(Activate { input: view, output: view, activation });
        let expected = input.clone().map(|x| activate(activation, x));
        for isa in isas() {
            check(&arena.run(&kernel, isa, None, &view), &expected, 1e-6, &(isa, activation));
        }
    }
}

#[test]
fn resizing_reads_the_elements_around_a_place() {
    let mut random = Random(5);
    for (from, to) in [([1, 1], [3, 2]), ([4, 3], [8, 6]), ([5, 7], [3, 4]), ([6, 2], [1, 9])] {
        for channels in [1, 3, 8, 17, 33] {
            let input = Map::random([from[0], from[1], channels], &mut random);
            for sampling in
                [Sampling::Nearest, Sampling::Bilinear { align_corners: false }, Sampling::Bilinear { align_corners: true }]
            {
                let place = |i: usize, axis: usize| match sampling {
                    Sampling::Nearest => (i * from[axis] / to[axis]) as f64,
                    Sampling::Bilinear { align_corners: false } => {
                        ((i as f64 + 0.5) * from[axis] as f64 / to[axis] as f64 - 0.5).clamp(0.0, from[axis] as f64 - 1.0)
                    }
                    Sampling::Bilinear { align_corners: true } => {
                        i as f64 * (from[axis] - 1) as f64 / (to[axis].max(2) - 1) as f64
                    }
                };
                // Each element by how near it is.
                let expected = Map::from_fn([to[0], to[1], channels], |y, x, c| {
                    let (down, across) = (place(y, 0), place(x, 1));
                    let near = |at: f64, i: usize| (1.0 - (at - i as f64).abs()).max(0.0);
                    let all = (0..from[0]).flat_map(|row| (0..from[1]).map(move |column| (row, column)));
                    all.map(|(row, column)| near(down, row) * near(across, column) * input.at(row, column, c)).sum()
                });
                let mut arena = Arena::default();
                let source = arena.view(input.size, channels % 2, [1, 0, 0, 2]);
                arena.put(&source, &input);
                let output = arena.view(expected.size, 2, [0, 1, 1, 0]);
                let kernel = Kernel::Resize(Resize { input: source, output, sampling });
                for isa in isas() {
                    check(&arena.run(&kernel, isa, None, &output), &expected, 1e-6, &(isa, &kernel));
                }
            }
        }
    }
}

#[test]
fn softmax_sums_to_one_over_channels() {
    let mut random = Random(4);
    for size in [[1, 1, 1], [1, 1, 10], [1, 1, 1000], [3, 2, 17], [2, 4, 16], [5, 5, 3]] {
        let input = Map::random(size, &mut random).map(|x| (80.0 * x) as f32 as f64);
        let mut arena = Arena::default();
        let (inputs, outputs) = (layouts(&mut arena, size), layouts(&mut arena, size));
        inputs.iter().for_each(|view| arena.put(view, &input));
        let logarithm = Map::from_fn(size, |y, x, c| {
            let max = (0..size[2]).map(|c| input.at(y, x, c)).fold(f64::NEG_INFINITY, f64::max);
            input.at(y, x, c) - max - (0..size[2]).map(|c| (input.at(y, x, c) - max).exp()).sum::<f64>().ln()
        });
        let expected = logarithm.clone().map(f64::exp);
        for &from in &inputs {
            for &output in &outputs {
                let kernel = Kernel::Softmax(Softmax { input: from, output, log: false });
                for isa in isas() {
                    let result = arena.run(&kernel, isa, None, &output);
                    // The exponential's error, and one of x − max: 160 has an ULP of 1.5e-5.
                    check(&result, &expected, 2e-5, &(isa, &kernel));
                    let sum: f64 = result.data[..size[2]].iter().sum();
                    assert!((sum - 1.0).abs() < 1e-6 * (size[2] as f64).sqrt() + 1e-6, "{sum}");
                    let kernel = Kernel::Softmax(Softmax { input: from, output, log: true });
                    check(&arena.run(&kernel, isa, None, &output), &logarithm, 2e-5, &(isa, &kernel));
                }
            }
        }
    }
}

#[test]
fn clearing_a_border_leaves_the_map_alone() {
    for border in [[1, 1, 1, 1], [0, 2, 0, 0], [3, 0, 0, 1], [0, 0, 0, 0]] {
        for slack in [0, 2] {
            let mut arena = Arena::default();
            let view = arena.view([4, 3, 5], slack, border);
            let kernel = Kernel::ClearBorder(ClearBorder { view, border });
            let [top, left, bottom, right] = border;
            let whole = View {
                offset: view.offset - top * view.row - left * view.pixel,
                height: top + 4 + bottom,
                width: left + 3 + right,
                ..view
            };
            let inside = |y: usize, x: usize| (top..top + 4).contains(&y) && (left..left + 3).contains(&x);
            let expected = Map::from_fn([whole.height, whole.width, 5], |y, x, _| if inside(y, x) { f64::NAN } else { 0.0 });
            for isa in isas() {
                check(&arena.run(&kernel, isa, None, &whole), &expected, 0.0, &(isa, border));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pooling(
        size in [1..12usize, 1..12usize, 1..40usize],
        window in [1..5usize, 1..5usize],
        stride in [1..4usize, 1..4usize],
        pad in 0..2usize,
        reduce in 0..3usize,
        ceil in any::<bool>(),
    ) {
        let input = Map::random(size, &mut Random(5));
        let pad = pad.min(window[0] / 2).min(window[1] / 2);
        let out = [0, 1].map(|axis| {
            let room = (size[axis] + 2 * pad).checked_sub(window[axis])?;
            let out = room / stride[axis] + 1;
            // PyTorch's `ceil_mode`: a window more where it begins on the map or the padding before it.
            let more = ceil && room % stride[axis] != 0 && out * stride[axis] < size[axis] + pad;
            Some(out + more as usize)
        });
        if let [Some(h), Some(w)] = out {
            let windows = Windows::Sliding { window, stride, dilation: [1, 1], pad: [pad; 4] };
            check_pool(&input, REDUCES[reduce], windows, [h, w], 1, Activation::Identity);
        }
    }
}
