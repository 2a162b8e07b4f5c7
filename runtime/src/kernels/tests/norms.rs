//! Norms by an image's own mean and variance and by neighbouring channels, and what each channel is multiplied by.

use convoke_compiler::plan::{Activation, Form, Kernel, LocalNorm, Norm, Prelu, Region, Scale, ScaleOf};

use super::{Arena, Map, Random, check, isas};
use crate::kernels::pack;

/// Sizes with channels around every vector.
const SIZES: [[usize; 3]; 9] =
    [[1, 1, 48], [3, 5, 1], [2, 3, 4], [3, 2, 8], [2, 2, 16], [4, 1, 30], [1, 3, 34], [2, 2, 48], [3, 3, 66]];

/// Runs a kernel that reads `input` and writes as much, its views `slack` further apart than needed, and compares.
fn check_map(
    input: &Map,
    slack: usize,
    forms: &[(Form, Vec<f32>, Vec<f32>)],
    expected: &Map,
    kernel: impl Fn([super::View; 2]) -> Kernel,
) {
    let mut arena = Arena::default();
    let from = arena.view(input.size, slack, [1, 0, 0, 2]);
    arena.put(&from, input);
    let output = arena.view(input.size, slack, [0, 1, 1, 0]);
    let kernel = kernel([from, output]);
    for isa in isas() {
        let pack = forms.first().map(|(form, weight, bias)| pack(form, isa, weight, bias));
        check(&arena.run(&kernel, isa, pack.as_ref(), &output), expected, 2e-5, &(isa, &kernel));
    }
}

#[test]
fn groups_of_channels_have_mean_and_variance_of_their_own() {
    let mut random = Random(11);
    for size in SIZES {
        let [height, width, channels] = size;
        let input = Map::random(size, &mut random);
        for groups in (1..=channels).filter(|groups| channels % groups == 0) {
            let per_group = channels / groups;
            if per_group * height * width == 1 {
                continue;
            }
            for (region, of) in [
                (Region::Map, ScaleOf::Channel),
                (Region::Map, ScaleOf::Element),
                (Region::Map, ScaleOf::Place),
                (Region::Row, ScaleOf::Channel),
                (Region::Row, ScaleOf::Element),
                (Region::Row, ScaleOf::Place),
                (Region::Pixel, ScaleOf::Channel),
                (Region::Pixel, ScaleOf::Element),
                (Region::Pixel, ScaleOf::Place),
            ] {
                let (form, n) = match (of, region) {
                    (ScaleOf::Channel, _) => (Form::Affine { channels }, channels),
                    (ScaleOf::Element, _) => (Form::Elements { map: [channels, height, width] }, height * width * channels),
                    (ScaleOf::Place, Region::Map) => (Form::Elements { map: [1, height, width] }, height * width),
                    (ScaleOf::Place, Region::Row) => (Form::Elements { map: [1, 1, width] }, width),
                    (ScaleOf::Place, Region::Pixel) => (Form::Elements { map: [1, 1, 1] }, 1),
                };
                let weight: Vec<f32> = (0..n).map(|_| random.float()).collect();
                let bias: Vec<f32> = (0..n).map(|_| random.float()).collect();
                let expected = Map::from_fn(size, |y, x, c| {
                    let (rows, columns) = match region {
                        Region::Map => (0..height, 0..width),
                        Region::Row => (y..y + 1, 0..width),
                        Region::Pixel => (y..y + 1, x..x + 1),
                    };
                    let first = c / per_group * per_group;
                    let pixels = rows.flat_map(|y| columns.clone().map(move |x| (y, x)));
                    let values: Vec<f64> = pixels
                        .flat_map(|(y, x)| (first..first + per_group).map(move |c| (y, x, c)))
                        .map(|(y, x, c)| input.at(y, x, c))
                        .collect();
                    let mean = |f: &dyn Fn(f64) -> f64| values.iter().map(|&v| f(v)).sum::<f64>() / values.len() as f64;
                    let mu = mean(&|v| v);
                    let at = match of {
                        ScaleOf::Channel => c,
                        ScaleOf::Element => (c * height + y) * width + x,
                        ScaleOf::Place => (y * width + x) % n,
                    };
                    let normal = (input.at(y, x, c) - mu) / (mean(&|v| (v - mu) * (v - mu)) + 0.01_f32 as f64).sqrt();
                    (normal * weight[at] as f64 + bias[at] as f64).max(0.0)
                });
                check_map(&input, groups % 3, &[(form, weight, bias)], &expected, |[input, output]| {
                    let activation = Activation::Relu;
                    Kernel::Norm(Norm { input, output, groups, eps: 0.01, region, scale_of: of, pack: 0, activation })
                });
            }
        }
    }
}

#[test]
fn neighbouring_channels_are_summed_as_far_as_there_are_any() {
    let mut random = Random(12);
    for size in SIZES {
        let input = Map::random(size, &mut random);
        for n in [1, 2, 3, 5, 8, 40, 100] {
            let expected = Map::from_fn(size, |y, x, c| {
                let neighbours = c.saturating_sub(n / 2)..(c + n.div_ceil(2)).min(size[2]);
                let sum: f64 = neighbours.map(|c| input.at(y, x, c).powi(2)).sum();
                input.at(y, x, c) / (2.0 + 0.5 * sum / n as f64).powf(0.75)
            });
            check_map(&input, n % 3, &[], &expected, |[input, output]| {
                Kernel::LocalNorm(LocalNorm { input, output, size: n, alpha: 0.5, beta: 0.75, k: 2.0 })
            });
        }
    }
}

#[test]
fn each_channel_has_its_factor() {
    let mut random = Random(13);
    for size in SIZES {
        let [.., channels] = size;
        let (input, by) = (Map::random(size, &mut random), Map::random([1, 1, channels], &mut random));
        for slack in [0, 2] {
            let mut arena = Arena::default();
            let from = arena.view(size, slack, [1, 0, 0, 2]);
            arena.put(&from, &input);
            let factors = arena.view(by.size, slack, [0; 4]);
            arena.put(&factors, &by);
            let output = arena.view(size, slack, [0, 1, 1, 0]);
            let kernel = Kernel::Scale(Scale { input: from, by: factors, output, activation: Activation::Relu });
            let expected = Map::from_fn(size, |y, x, c| (input.at(y, x, c) * by.at(0, 0, c)).max(0.0));
            for isa in isas() {
                check(&arena.run(&kernel, isa, None, &output), &expected, 1e-6, &(isa, &kernel));
            }
        }
        for weights in [1, channels] {
            let weight: Vec<f32> = (0..weights).map(|_| random.float()).collect();
            let expected = Map::from_fn(size, |y, x, c| match input.at(y, x, c) {
                value if value < 0.0 => value * weight[c % weights] as f64,
                value => value,
            });
            let form = Form::Slopes { weights, channels };
            check_map(&input, 1, &[(form, weight, vec![0.0; channels])], &expected, |[input, output]| {
                Kernel::Prelu(Prelu { input, output, pack: 0 })
            });
        }
    }
}
