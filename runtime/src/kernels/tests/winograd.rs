//! Winograd's convolutions: how far off they are, and that a result does not depend on which rows are computed with it.

use convoke_compiler::plan::{Activation, Algorithm, Conv, Epilogue, Form, FusedPool, Kernel, Reduce, Windows};

use super::{Arena, Map, Random, isas};
use crate::isa::Isa;
use crate::kernels::pack;

/// A layer that keeps its size, with pseudo-random weights and inputs between −1 and 1.
struct Layer {
    size: [usize; 2],
    channels: usize,
    filters: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
    input: Map,
}

impl Layer {
    fn random(size: [usize; 2], channels: usize, filters: usize) -> Layer {
        let mut random = Random(channels as u64 ^ 0x2545_f491_4f6c_dd1d);
        let weight = random.floats(filters * channels * 9);
        let bias = random.floats(filters);
        let input = Map::random([size[0], size[1], channels], &mut random);
        Layer { size, channels, filters, weight, bias, input }
    }

    /// What a kernel computes; of the pooled result where there is a pooling.
    fn run(&self, algorithm: Algorithm, isa: Isa, pool: Option<(Windows, [usize; 2])>) -> Map {
        let Layer { size: [h, w], channels, filters, .. } = *self;
        let mut arena = Arena::default();
        let input = arena.view([h, w, channels], 0, [1; 4]);
        arena.put(&input, &self.input);
        arena.clear(&input, [1; 4]);
        let out = pool.map_or([h, w], |(_, out)| out);
        let output = arena.view([out[0], out[1], filters], 0, [0; 4]);
        let pool = pool.map(|(windows, _)| FusedPool { reduce: Reduce::Max, windows, size: [h, w] });
        let epilogue = Epilogue { residual: None, activation: Activation::Identity, pool };
        let (window, stride, dilation, pad) = ([3, 3], [1, 1], [1, 1], [1, 1]);
        let kernel = Kernel::Conv(Conv { algorithm, input, output, window, stride, dilation, pad, groups: 1, pack: 0, epilogue });
        let form = Form::Conv { algorithm, filters, channels, window, groups: 1 };
        let packed = pack(&form, isa, &self.weight, &self.bias);
        arena.run(&kernel, isa, Some(&packed), &output)
    }

    /// The definition.
    fn define(&self) -> Map {
        let Layer { size: [h, w], channels, filters, .. } = *self;
        Map::from_fn([h, w, filters], |y, x, f| {
            let mut sum = self.bias[f] as f64;
            for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                let (row, column) = ((y + i).wrapping_sub(1), (x + j).wrapping_sub(1));
                if row < h && column < w {
                    for c in 0..channels {
                        sum += self.weight[((f * channels + c) * 3 + i) * 3 + j] as f64 * self.input.at(row, column, c);
                    }
                }
            }
            sum
        })
    }
}

/// Root of the mean square.
fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0, 0.0), |(n, sum), x| (n + 1, sum + x * x));
    (sum / n as f64).sqrt()
}

/// The error's root mean square relative to that of the result, and the largest relative to the largest.
fn errors(result: &Map, expected: &Map) -> [f64; 2] {
    let off = || result.data.iter().zip(&expected.data).map(|(a, b)| a - b);
    let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |most: f64, x| most.max(x.abs()));
    let relative = largest(&mut off()) / largest(&mut expected.data.iter().copied());
    [rms(off()) / rms(expected.data.iter().copied()), relative]
}

#[test]
fn errors_are_as_small_as_stated() {
    for channels in [16, 64, 256] {
        let layer = Layer::random([14, 14], channels, 32);
        let expected = layer.define();
        for isa in isas() {
            for (algorithm, most) in [
                (Algorithm::WinogradF2, [6e-7, 2e-6]),
                (Algorithm::WinogradF4, [2e-6, 5e-6]),
                (Algorithm::WinogradF4Plain, [2e-6, 5e-6]),
            ] {
                let found = errors(&layer.run(algorithm, isa, None), &expected);
                let within = found[0] <= most[0] && found[1] <= most[1];
                assert!(within, "{algorithm:?}, {isa}, {channels} channels: {found:?}, not {most:?}");
            }
        }
    }
}

/// Poolings whose strips begin and end between tiles compute some tiles twice: the same bits come out as without strips.
#[test]
fn results_do_not_depend_on_the_strip_they_are_computed_in() {
    for size in [[50, 22], [33, 61]] {
        let layer = Layer::random(size, 20, 70);
        for algorithm in [Algorithm::WinogradF2, Algorithm::WinogradF4, Algorithm::WinogradF4Plain] {
            for isa in isas() {
                let whole = layer.run(algorithm, isa, None);
                for (window, stride) in [(1, 1), (1, 3), (2, 2), (3, 2)] {
                    let out = size.map(|n| (n - window) / stride + 1);
                    let windows = Windows::Sliding { window: [window; 2], stride: [stride; 2], dilation: [1; 2], pad: [0; 4] };
                    let pooled = layer.run(algorithm, isa, Some((windows, out)));
                    let expected = Map::from_fn([out[0], out[1], 70], |y, x, f| {
                        let window = (0..window).flat_map(|i| (0..window).map(move |j| (y * stride + i, x * stride + j)));
                        window.map(|(y, x)| whole.at(y, x, f)).fold(f64::NEG_INFINITY, f64::max)
                    });
                    assert!(pooled.data == expected.data, "{algorithm:?}, {isa}, {size:?}, {window}/{stride}");
                }
            }
        }
    }
}
