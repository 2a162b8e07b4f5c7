//! Convolutions in strips of rows: the bits of the same convolutions one after another.

use convoke_compiler::plan::{Activation, Algorithm, Conv, Epilogue, Form, Kernel, List, Place, Strips, View};
use proptest::prelude::*;

use super::{Arena, Map, Random, isas};
use crate::buffer::Buffer;
use crate::kernels::pack;

/// One of the convolutions: filters (0 for as many as channels, each by itself), a square window, stride and padding of rows.
#[derive(Clone, Copy, Debug)]
struct Stage {
    filters: usize,
    window: usize,
    stride: usize,
    pad: usize,
    algorithm: Option<Algorithm>,
    residual: bool,
    activation: Activation,
}

const PLAIN: Stage =
    Stage { filters: 8, window: 1, stride: 1, pad: 0, algorithm: None, residual: false, activation: Activation::Relu6 };

/// 3x3, padded.
const THREE: Stage = Stage { window: 3, pad: 1, ..PLAIN };

/// Each channel by itself.
const DEPTHWISE: Stage = Stage { filters: 0, ..THREE };

/// Computes the convolutions one by one and in strips, and compares the bits. Those whose windows do not fit, or leave rows out, are none.
fn check(size: [usize; 3], stages: &[Stage]) {
    let mut sizes = vec![size];
    for stage in stages {
        let [height, width, channels] = sizes[sizes.len() - 1];
        let out = |n: usize| Some((n + 2 * stage.pad).checked_sub(stage.window)? / stage.stride + 1);
        let (Some(height), Some(width)) = (out(height), out(width)) else { return };
        sizes.push([height, width, if stage.filters == 0 { channels } else { stage.filters }]);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (size[0] * 31 + size[2]) as u64);
    let border = |index: usize| stages.get(index).map_or([0; 4], |stage| [stage.pad; 4]);
    let input = Map::random(size, &mut random);
    let mut together = Arena::default();
    let first_view = together.view(size, 3, border(0));
    together.put(&first_view, &input);
    together.clear(&first_view, border(0));
    let last_view = together.view(sizes[stages.len()], 1, [0; 4]);

    // What each reads and writes, in strips.
    let between = |index: usize| {
        let ([height, width, channels], [pad, ..]) = (sizes[index], border(index));
        let row = (width + 2 * pad) * channels;
        View::new(Place::Strip, pad * row + pad * channels, [height, width, channels], [row, channels, 1])
    };
    let (mut convs, mut weights) = (Vec::new(), Vec::new());
    let mut map_of = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let ([_, _, channels], [_, _, filters]) = (sizes[index], sizes[index + 1]);
        let groups = if stage.filters == 0 { channels } else { 1 };
        let window = [stage.window; 2];
        let algorithm = stage.algorithm.unwrap_or_else(|| Algorithm::choose(channels, filters, groups));
        let form = Form::Conv { algorithm, filters, channels: channels / groups, window, groups };
        weights.push((form, random.floats(filters * channels / groups * window[0] * window[1]), random.floats(filters)));
        let residual = stage.residual.then(|| Map::random(sizes[index + 1], &mut random));
        let residual_view = residual.as_ref().map(|map| {
            let view = together.view(map.size, 2, [0; 4]);
            together.put(&view, map);
            view
        });
        map_of.push(residual);
        convs.push(Conv {
            algorithm,
            input: if index == 0 { first_view } else { between(index) },
            output: if index + 1 == stages.len() { last_view } else { between(index + 1) },
            window,
            stride: [stage.stride; 2],
            dilation: [1; 2],
            pad: [stage.pad; 2],
            groups,
            pack: index,
            epilogue: Epilogue { residual: residual_view, activation: stage.activation, pool: None },
        });
    }
    if convs[1..].iter().any(|conv| !conv.meets_rows() || conv.stride[0] > conv.extent()) {
        return;
    }
    for isa in isas() {
        let packs: Vec<Buffer> = weights.iter().map(|(form, weight, bias)| pack(form, isa, weight, bias)).collect();
        let mut map = input.clone();
        for (index, conv) in convs.iter().enumerate() {
            let mut alone = Arena::default();
            let read = alone.view(map.size, 0, border(index));
            alone.put(&read, &map);
            alone.clear(&read, border(index));
            let written = alone.view(sizes[index + 1], 0, [0; 4]);
            let residual = map_of[index].as_ref().map(|map| {
                let view = alone.view(map.size, 0, [0; 4]);
                alone.put(&view, map);
                view
            });
            let epilogue = Epilogue { residual, ..conv.epilogue };
            let kernel = Kernel::Conv(Conv { input: read, output: written, pack: 0, epilogue, ..conv.clone() });
            map = alone.run(&kernel, isa, Some(&packs[index]), &written);
        }
        let (last, before) = convs.split_last().expect("convolutions");
        let kernel = Kernel::Strips(Strips { before: List::Owned(before.to_vec()), last: last.clone() });
        let result = together.run_all(&kernel, isa, &packs, &[last_view]).remove(0);
        let bits = |map: &Map| map.data.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&result), bits(&map), "{isa}: {size:?}, {stages:?}");
    }
}

#[test]
fn expanded_by_channels_and_projected() {
    let expand = Stage { filters: 24, ..PLAIN };
    let project = Stage { filters: 5, activation: Activation::Identity, ..PLAIN };
    for size in [[1, 1, 3], [2, 5, 4], [7, 7, 8], [15, 9, 3]] {
        check(size, &[expand, DEPTHWISE, project]);
        check(size, &[expand, Stage { stride: 2, ..DEPTHWISE }, Stage { residual: true, ..project }]);
        check(size, &[Stage { stride: 2, ..THREE }, DEPTHWISE, project, expand]);
    }
}

#[test]
fn activations_in_a_second_pass_and_residuals_between() {
    let silu = Stage { activation: Activation::Silu, residual: true, ..THREE };
    check([12, 10, 4], &[silu, silu, Stage { activation: Activation::Identity, ..silu }]);
}

#[test]
fn transformed_tiles_stay_where_they_are() {
    for (algorithm, height) in [(Algorithm::WinogradF2, 9), (Algorithm::WinogradF4, 18), (Algorithm::WinogradF4, 21)] {
        let transformed = Stage { algorithm: Some(algorithm), ..THREE };
        check([height, 9, 4], &[transformed, transformed]);
        check([height, 7, 4], &[PLAIN, transformed, PLAIN]);
        check([height, 7, 4], &[transformed, Stage { stride: 2, ..DEPTHWISE }]);
    }
}

#[test]
fn maps_that_take_several_strips() {
    let expand = Stage { filters: 200, ..PLAIN };
    check([60, 30, 2], &[expand, DEPTHWISE, PLAIN]);
    check([60, 30, 2], &[expand, Stage { stride: 2, ..DEPTHWISE }, PLAIN]);
    let transformed = Stage { algorithm: Some(Algorithm::WinogradF4), filters: 4, ..THREE };
    check([61, 30, 2], &[Stage { filters: 160, ..PLAIN }, transformed]);
}

#[test]
fn eight_convolutions() {
    check([30, 8, 3], &[Stage { filters: 3, ..THREE }; Strips::MOST]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_sizes(
        size in prop::array::uniform3(1usize..20),
        stages in prop::collection::vec((0usize..20, 1usize..4, 1usize..3, 0usize..3, any::<bool>()), 2..5),
    ) {
        let stage = |&(filters, window, stride, pad, residual): &(usize, usize, usize, usize, bool)| Stage {
            filters, window, stride, pad, residual, ..PLAIN
        };
        check(size, &stages.iter().map(stage).collect::<Vec<_>>());
    }
}
