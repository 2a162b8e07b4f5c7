//! Convolutions: every algorithm, epilogue and layout.

use convoke_compiler::plan::{Activation, Algorithm, Conv, Epilogue, Form, FusedPool, Kernel, Reduce, Windows};
use proptest::prelude::*;

use super::layers::pooled;
use super::{Arena, Map, Random, activate, check, isas};
use crate::kernels::pack;

/// A convolution to test; the rest follows from these.
#[derive(Clone, Debug)]
struct Case {
    size: [usize; 2],
    channels: usize,
    filters: usize,
    groups: usize,
    window: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    pad: [usize; 2],
    /// How much further apart than needed the pixels of input, output and residual are.
    slack: usize,
    residual: bool,
    /// Whether the residual is where the output goes.
    in_place: bool,
    activation: Activation,
    pool: Option<(Reduce, Windows, [usize; 2])>,
}

const PLAIN: Case = Case {
    size: [5, 5],
    channels: 3,
    filters: 4,
    groups: 1,
    window: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    pad: [1, 1],
    slack: 0,
    residual: false,
    in_place: false,
    activation: Activation::Identity,
    pool: None,
};

impl Case {
    /// Height and width of the result; `None` where the window does not fit.
    fn out(&self) -> Option<[usize; 2]> {
        let [y, x] = [0, 1].map(|axis| {
            let extent = self.dilation[axis] * (self.window[axis] - 1) + 1;
            let room = (self.size[axis] + 2 * self.pad[axis]).checked_sub(extent)?;
            Some(room / self.stride[axis] + 1)
        });
        Some([y?, x?])
    }

    /// Checks it on every instruction set; cases whose window does not fit are none.
    fn check(&self) {
        let Some([h, w]) = self.out() else { return };
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (self.channels * 31 + self.filters) as u64);
        let Case { size, channels, filters, groups, window, stride, dilation, pad, .. } = *self;
        let per_group = channels / groups;
        let weight = random.floats(filters * per_group * window[0] * window[1]);
        let bias = random.floats(filters);
        let mut arena = Arena::default();

        // A border as wide as the padding on all sides, zero; the arena around it is NaN.
        let border = [pad[0], pad[1], pad[0], pad[1]];
        let input = Map::random([size[0], size[1], channels], &mut random);
        let input_view = arena.view(input.size, self.slack, border);
        arena.put(&input_view, &input);
        arena.clear(&input_view, border);
        let residual = Map::random([h, w, filters], &mut random);
        let out_size = self.pool.map_or([h, w], |(.., out)| out);
        let output_view = arena.view([out_size[0], out_size[1], filters], self.slack, [1, 1, 1, 1]);
        let residual_view = match self {
            Case { residual: false, .. } => None,
            Case { in_place: true, pool: None, .. } => Some(output_view),
            _ => Some(arena.view(residual.size, 2 * self.slack, [0; 4])),
        };
        if let Some(view) = &residual_view {
            arena.put(view, &residual);
        }

        let conv = Conv {
            algorithm: Algorithm::choose(channels, filters, groups),
            input: input_view,
            output: output_view,
            window,
            stride,
            dilation,
            pad,
            groups,
            pack: 0,
            epilogue: Epilogue {
                residual: residual_view,
                activation: self.activation,
                pool: self.pool.map(|(reduce, windows, _)| FusedPool { reduce, windows, size: [h, w] }),
            },
        };
        let sum = self.define(&input, &weight, &bias, [h, w]);
        let mut expected = Map::from_fn(sum.size, |y, x, f| {
            let added = if self.residual { residual.at(y, x, f) } else { 0.0 };
            activate(self.activation, sum.at(y, x, f) + added)
        });
        if let Some((reduce, windows, out)) = self.pool {
            expected = pooled(&expected, reduce, windows, out);
        }
        // Each term is at most 1; rounding errors of a sum of n terms grow like its root, with room for the activation's own.
        let n_terms = per_group * window[0] * window[1] + 2;
        let tolerance = 4.0 * f64::from(f32::EPSILON) * (n_terms as f64).sqrt() * (n_terms as f64).sqrt().max(4.0);
        // Transforms enlarge what is rounded: see `winograd`, where the errors themselves are measured.
        let transformed = [(Algorithm::WinogradF2, 2.0), (Algorithm::WinogradF4, 8.0), (Algorithm::WinogradF4Plain, 8.0)];
        let transformed = transformed.into_iter().filter(|_| conv.fits_winograd());
        let pixels = Some((Algorithm::Pixels, 1.0)).filter(|_| conv.fits_pixels());
        let mut direct = Vec::new();
        for (algorithm, factor) in std::iter::once((conv.algorithm, 1.0)).chain(pixels).chain(transformed) {
            let kernel = Kernel::Conv(Conv { algorithm, ..conv.clone() });
            for isa in isas() {
                let form = Form::Conv { algorithm, filters, channels: per_group, window, groups };
                let packed = pack(&form, isa, &weight, &bias);
                let result = arena.run(&kernel, isa, Some(&packed), &output_view);
                check(&result, &expected, factor * tolerance, &(algorithm, isa, self));
                match algorithm {
                    Algorithm::Direct => direct.push((isa, result)),
                    // The order of a sum is the direct one's.
                    Algorithm::Pixels if self.pool.is_none() => {
                        let (_, same) = direct.iter().find(|(other, _)| *other == isa).expect("the direct one's");
                        assert!(same.data.iter().zip(&result.data).all(|(a, b)| a.to_bits() == b.to_bits()), "{isa} {self:?}");
                    }
                    _ => {}
                }
            }
        }
    }

    /// The sum without its epilogue.
    fn define(&self, input: &Map, weight: &[f32], bias: &[f32], [h, w]: [usize; 2]) -> Map {
        let Case { size, channels, filters, groups, window, stride, dilation, pad, .. } = *self;
        let per_group = channels / groups;
        Map::from_fn([h, w, filters], |y, x, f| {
            let mut sum = bias[f] as f64;
            for c in 0..per_group {
                for i in 0..window[0] {
                    for j in 0..window[1] {
                        let row = (y * stride[0] + i * dilation[0]).wrapping_sub(pad[0]);
                        let column = (x * stride[1] + j * dilation[1]).wrapping_sub(pad[1]);
                        if row < size[0] && column < size[1] {
                            let weight = weight[((f * per_group + c) * window[0] + i) * window[1] + j] as f64;
                            sum += weight * input.at(row, column, f / (filters / groups) * per_group + c);
                        }
                    }
                }
            }
            sum
        })
    }
}

#[test]
fn widths_around_every_tile() {
    for width in (1..=18).chain([27, 28, 29, 31, 43, 55]) {
        for filters in [1, 4, 7, 8, 9, 16, 17, 32, 33, 48, 64, 80, 128] {
            Case { size: [3, width], filters, residual: width % 2 == 0, in_place: width % 4 == 0, ..PLAIN }.check();
        }
    }
}

#[test]
fn filters_and_channels_around_every_vector() {
    for n in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 96, 127, 129] {
        Case { channels: n, filters: 11, ..PLAIN }.check();
        Case { channels: 5, filters: n, ..PLAIN }.check();
        Case { channels: n, filters: n, groups: n, slack: 3, ..PLAIN }.check();
        Case { channels: n, filters: 2 * n, groups: n, ..PLAIN }.check();
    }
}

#[test]
fn channels_in_blocks_keep_partial_sums() {
    for (channels, window) in [(257, [3, 3]), (600, [3, 3]), (2400, [1, 1]), (100, [7, 7]), (40, [11, 11]), (513, [3, 1])] {
        for size in [[7, 7], [3, 15], [1, 1]] {
            let pad = [window[0] / 2, window[1] / 2];
            Case { size, channels, filters: 70, window, pad, residual: true, activation: Activation::Relu, ..PLAIN }.check();
        }
    }
}

#[test]
fn strides_and_dilations() {
    for stride in [[2, 2], [1, 3], [4, 1]] {
        for dilation in [[1, 1], [2, 1], [1, 2], [3, 3]] {
            for (channels, filters, groups) in [(6, 20, 1), (20, 20, 20), (32, 32, 8), (8, 24, 2)] {
                let case = Case { size: [19, 17], channels, filters, groups, stride, dilation, ..PLAIN };
                case.check();
                Case { slack: 5, pad: [2, 0], window: [2, 3], ..case }.check();
            }
        }
    }
}

#[test]
fn groups_of_every_shape() {
    for (channels, filters, groups) in [
        (4, 4, 2),
        (8, 8, 2),
        (12, 12, 3),
        (128, 128, 32),
        (64, 64, 8),
        (36, 36, 9),
        (40, 40, 5),
        (4, 8, 4),
        (6, 24, 6),
        (24, 6, 6),
        (48, 96, 3),
        (34, 51, 17),
        (10, 40, 10),
        (128, 128, 4),
    ] {
        for size in [[4, 9], [1, 1], [3, 15]] {
            Case { size, channels, filters, groups, residual: true, activation: Activation::Relu6, slack: 1, ..PLAIN }.check();
        }
    }
}

#[test]
fn activations_follow_the_residual() {
    for activation in [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.1 },
        Activation::Relu6,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::HardSigmoid,
        Activation::HardSwish,
        Activation::Elu { alpha: 0.5 },
        Activation::Softplus { beta: 2.0, threshold: 3.0 },
    ] {
        for (channels, filters, groups) in [(16, 21, 1), (21, 21, 21), (16, 16, 4)] {
            Case { size: [11, 6], channels, filters, groups, activation, residual: true, slack: 2, ..PLAIN }.check();
        }
    }
}

/// Windows of a pooling that end with its map, and its output's size.
fn sliding(size: [usize; 2], window: usize, stride: usize, pad: usize) -> (Windows, [usize; 2]) {
    let out = size.map(|n| (n + 2 * pad - window) / stride + 1);
    (Windows::Sliding { window: [window; 2], stride: [stride; 2], dilation: [1; 2], pad: [pad; 4] }, out)
}

#[test]
fn pooling_in_the_epilogue() {
    for size in [[12, 12], [28, 28], [7, 7], [57, 33]] {
        for reduce in [Reduce::Max, Reduce::Average { count_pad: true }, Reduce::Average { count_pad: false }] {
            for (window, stride, pad) in [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 3, 0)] {
                let (windows, out) = sliding(size, window, stride, pad);
                let case = Case { size, channels: 6, filters: 19, pool: Some((reduce, windows, out)), ..PLAIN };
                Case { activation: Activation::Tanh, slack: 1, ..case.clone() }.check();
                Case { channels: 19, groups: 19, residual: true, activation: Activation::Relu, ..case }.check();
            }
            let pool = Some((reduce, Windows::Adaptive, [1, 1]));
            Case { size, filters: 40, pool, ..PLAIN }.check();
            Case { size, filters: 8, pool: Some((reduce, Windows::Adaptive, [5, 3])), ..PLAIN }.check();
        }
    }
}

#[test]
fn one_channel_and_few_filters() {
    for width in [1, 7, 16, 28, 37] {
        for filters in [1, 2, 4, 6, 10, 11] {
            let case = Case { size: [12, width], channels: 1, filters, window: [5, 3], pad: [2, 1], ..PLAIN };
            Case { activation: Activation::Relu6, slack: 1, ..case.clone() }.check();
            Case { activation: Activation::Tanh, stride: [2, 1], dilation: [1, 2], ..case.clone() }.check();
            for (window, stride) in [(1, 1), (2, 2), (3, 3), (2, 3), (3, 2)] {
                if window <= width {
                    for reduce in [Reduce::Max, Reduce::Average { count_pad: true }] {
                        let (windows, out) = sliding([12, width], window, stride, 0);
                        let pool = Some((reduce, windows, out));
                        Case { activation: Activation::Tanh, pool, ..case.clone() }.check();
                    }
                }
            }
        }
    }
}

#[test]
fn long_maps_are_pooled_in_strips() {
    let (windows, out) = sliding([200, 60], 3, 2, 1);
    for pool in [(Reduce::Max, windows, out), (Reduce::Average { count_pad: false }, Windows::Adaptive, [7, 7])] {
        Case { size: [200, 60], filters: 20, pool: Some(pool), ..PLAIN }.check();
    }
}

/// Any convolution that the language accepts, small.
fn any_case() -> impl Strategy<Value = Case> {
    let pair = |most: usize| [1..=most, 1..=most];
    let sizes = (pair(20), pair(5), pair(3), pair(3), [0..3usize, 0..3usize], 1..6usize, 1..20usize, 1..40usize);
    let rest = (0..4usize, any::<bool>(), any::<bool>(), 0..6usize, 0..4usize);
    (sizes, rest).prop_map(|((size, window, stride, dilation, pad, groups, c, f), (slack, residual, in_place, act, pool))| {
        let activation = [
            Activation::Identity,
            Activation::Relu,
            Activation::LeakyRelu { slope: -0.5 },
            Activation::Relu6,
            Activation::Sigmoid,
            Activation::Tanh,
        ][act];
        let mut case = Case {
            size,
            channels: c * groups,
            filters: f * groups,
            groups,
            window,
            stride,
            dilation,
            pad,
            slack,
            residual,
            in_place,
            activation,
            pool: None,
        };
        if let Some([h, w]) = case.out() {
            case.pool = match pool {
                1 if h > 1 && w > 1 => {
                    let (windows, out) = sliding([h, w], 2, 2, 0);
                    Some((Reduce::Max, windows, out))
                }
                2 => Some((Reduce::Average { count_pad: false }, Windows::Adaptive, [h.div_ceil(2), 1])),
                _ => None,
            };
        }
        case
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_convolution(case in any_case()) {
        case.check();
    }
}
