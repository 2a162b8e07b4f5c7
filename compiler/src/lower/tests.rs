use super::layout::Buffer;
use super::memory::{Slot, clearing};
use super::*;
use crate::evaluate::evaluate_f64;
use crate::passes::optimise;
use crate::plan::{Kernel, Place, Source, View};
use crate::tensor::Tensor;
use crate::testing::{Machine, dense_block, lenet5, option_a, random_graph, random_input, random_weights, resnet50};
use crate::text;

/// Elements that have to be zero in every run and that no step clears.
fn kept_zeros(buffers: &[Buffer], slots: &[Slot], arena_len: usize) -> Vec<bool> {
    let mut zeros = vec![false; arena_len];
    for slot in slots.iter().filter(|slot| !slot.cleared) {
        for step in clearing(&buffers[slot.buffer], "") {
            let Kernel::ClearBorder(mut clear) = step.kernel else { panic!("{step:?}") };
            clear.view.offset += slot.offset;
            let [top, left, bottom, right] = clear.border.map(|side| side as isize);
            let (height, width) = (clear.view.height as isize, clear.view.width as isize);
            for y in -top..height + bottom {
                for x in -left..width + right {
                    for c in 0..clear.view.channels {
                        let outside = !(0..height).contains(&y) || !(0..width).contains(&x);
                        zeros[crate::testing::index(&clear.view, y, x, c)] |= outside;
                    }
                }
            }
        }
    }
    zeros
}

/// Runs a graph's plan on several inputs in a row, in one arena where all that is not alive is NaN, against the naive evaluation. Returns how
/// many of its steps are strips, where `pays` says so.
fn check_against_evaluation(graph: &Graph, pays: impl Fn(&Conv, &Conv) -> bool) -> usize {
    let printed = text::print(graph);
    let optimised = optimise(graph.clone()).unwrap_or_else(|broken| panic!("{broken}\n{printed}"));
    let fused = text::print(&optimised);
    let (plan, buffers, slots) =
        lower_with_memory(&optimised, graph, pays).unwrap_or_else(|problem| panic!("{problem}\n{printed}\n{fused}"));
    let zeros = kept_zeros(&buffers, &slots, plan.arena_len);
    let of_name = random_weights::<f32>(graph);
    let mut machine = Machine::new(&plan, &|name| of_name(name).data);
    let poison = |arena: &mut [f32], done: usize| {
        let alive: Vec<&Slot> = slots.iter().filter(|slot| slot.steps[0] < done && slot.steps[1] >= done).collect();
        for (index, element) in arena.iter_mut().enumerate() {
            let used = alive.iter().any(|slot| (slot.offset..slot.offset + slot.len).contains(&index));
            if !used && !zeros[index] {
                *element = f32::NAN;
            }
        }
    };
    for run in 0..3 {
        let seeds = 100 * run..;
        let inputs: Vec<Tensor<f64>> =
            graph.inputs.iter().zip(seeds).map(|(port, seed)| random_input(seed, graph.shape(port.value))).collect();
        for (to, from) in machine.inputs.iter_mut().zip(&inputs) {
            *to = from.data.iter().map(|&value| value as f32).collect();
        }
        machine.outputs.iter_mut().for_each(|output| output.fill(f32::NAN));
        poison(&mut machine.arena, 0);
        for step in 0..plan.steps.len() {
            machine.step(step);
            poison(&mut machine.arena, step + 1);
        }
        let expected = evaluate_f64(graph, &random_weights(graph), &inputs);
        for ((port, expected), found) in graph.outputs.iter().zip(&expected).zip(&machine.outputs) {
            let scale = expected.data.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
            for (index, (&expected, &found)) in expected.data.iter().zip(found).enumerate() {
                // Values are rounded to f32 after each of up to 40 steps, each of which may double what came before.
                assert!(
                    (expected - f64::from(found)).abs() <= 1e-4 * scale,
                    "run {run}: {}[{index}] is {found}, not {expected}\n{printed}\n{fused}\n{}",
                    port.name,
                    steps_text(&plan),
                );
            }
        }
    }
    plan.steps.iter().filter(|step| matches!(step.kernel, Kernel::Strips(_))).count()
}

/// The steps of a plan, one line each.
fn steps_text(plan: &Plan) -> String {
    plan.steps.iter().enumerate().map(|(index, step)| format!("{index}: {} {:?}\n", step.name, step.kernel)).collect()
}

#[test]
fn plans_compute_what_graphs_mean() {
    for seed in 0..500 {
        check_against_evaluation(&random_graph(seed, 3 + seed as usize % 30), |_, _| false);
    }
}

#[test]
fn convolutions_in_strips_compute_what_graphs_mean() {
    let graphs = (0..300).map(|seed| random_graph(seed, 3 + seed as usize % 30));
    let n_strips: usize = graphs.map(|graph| check_against_evaluation(&graph, |_, _| true)).sum();
    assert!(n_strips >= 20, "{n_strips} steps in strips");
}

#[test]
fn plans_are_the_same_every_time() {
    for seed in 0..50 {
        let graph = random_graph(seed, 20);
        let plan = || lower(&optimise(graph.clone()).expect("passes"), &graph).expect("a plan");
        assert_eq!(plan(), plan());
    }
}

/// A plan as lines to compare and to read: each step, the views that it reads, and what it writes.
fn outline(plan: &Plan) -> String {
    let view = |view: &View| {
        let place = match view.place {
            Place::Arena => format!("{}", view.offset),
            Place::Strip => format!("strip+{}", view.offset),
            Place::Input(port) => format!("in{port}+{}", view.offset),
            Place::Output(port) => format!("out{port}+{}", view.offset),
        };
        format!("{place}[{}x{}x{}: {},{},{}]", view.height, view.width, view.channels, view.row, view.pixel, view.channel)
    };
    let step = |step: &Step| {
        let mut views: Vec<String> = step.kernel.views().map(view).collect();
        let output = views.pop().unwrap_or_default();
        format!("{}: {} -> {output}\n", step.name, views.join(" "))
    };
    plan.steps.iter().map(step).collect()
}

fn planned(text: &str) -> (Plan, Vec<Buffer>, Vec<Slot>) {
    let graph = text::parse(text).expect("a text form");
    lower_with_memory(&optimise(graph.clone()).expect("passes"), &graph, cost::pays_in_strips).expect("a plan")
}

#[test]
fn a_small_network_reads_and_writes_its_ports_in_place() {
    let (plan, ..) = planned(&lenet5());
    assert_eq!(
        outline(&plan),
        "c1 + tanh + avg_pool: in0+0[32x32x1: 32,1,1] -> 0[14x14x6: 84,6,1]\n\
         c3 + tanh + avg_pool: 0[14x14x6: 84,6,1] -> 1184[5x5x16: 80,16,1]\n\
         c5 + tanh: 1184[5x5x16: 80,16,1] -> 0[1x1x120: 120,120,1]\n\
         f6 + tanh: 0[1x1x120: 120,120,1] -> 128[1x1x84: 84,84,1]\n\
         output: 128[1x1x84: 84,84,1] -> out0+0[1x1x10: 10,10,1]\n"
    );
    assert_eq!(plan.arena_len, 1184 + 400);
}

/// The sum is read twice, so that nothing is written over it; of the two that the second expression reads, one may be.
#[test]
fn an_expression_writes_over_a_value_that_it_alone_reads() {
    let (plan, ..) = planned(
        "network N\ninput x [16]\n%1 = linear(%0, outputs = 16) \"a\"\n%2 = map(%1, f = [1: exp(0)])\n\
         %3 = map(%2, %1, f = [2: add(0, 1)])\n%4 = softmax(%3)\n%5 = map(%4, f = [1: ln(0)])\noutput y %5",
    );
    assert_eq!(
        outline(&plan),
        "a: in0+0[1x1x16: 16,16,1] -> 0[1x1x16: 16,16,1]\n\
         map: 0[1x1x16: 16,16,1] -> 16[1x1x16: 16,16,1]\n\
         map: 16[1x1x16: 16,16,1] 0[1x1x16: 16,16,1] -> 16[1x1x16: 16,16,1]\n\
         softmax: 16[1x1x16: 16,16,1] -> 0[1x1x16: 16,16,1]\n\
         map: 0[1x1x16: 16,16,1] -> out0+0[1x1x16: 16,16,1]\n"
    );
}

/// The last sum is the last to read `a` and is written over it. The first is not, and the second's convolution reads its residual, too.
#[test]
fn a_sum_is_written_over_a_residual_that_nothing_reads_afterwards() {
    let (plan, ..) = planned(
        "network N\ninput x [1, 4, 4]\n%1 = conv(%0, filters = 8, window = 1x1) \"a\"\n%2 = conv(%1, filters = 8, window = 1x1) \"b\"\n\
         %3 = add(%2, %1)\n%4 = conv(%3, filters = 8, window = 1x1) \"c\"\n%5 = add(%4, %3)\n%6 = conv(%5, filters = 8, window = 1x1) \"d\"\n\
         %7 = add(%6, %1)\n%8 = adaptive_avg_pool(%7, size = 1x1)\noutput y %8",
    );
    let [a, b, c, d] = [0, 1, 2, 3].map(|step: usize| plan.steps[step].kernel.views().last().map(|view| view.offset));
    assert!(a != b && a != c && b != c && a == d, "{}", outline(&plan));
}

/// Every layer of a dense block reads the first channels of one buffer and writes the next ones.
#[test]
fn concatenations_of_concatenations_are_one_buffer() {
    let (plan, ..) = planned(&dense_block());
    assert_eq!(
        outline(&plan),
        "zeros around image:  -> 57[16x16x3: 54,3,1]\n\
         image: in0+0[16x16x3: 16,1,256] -> 57[16x16x3: 54,3,1]\n\
         stem: 57[16x16x3: 54,3,1] -> 5184[16x16x8: 320,20,1]\n\
         denselayer1.norm1 + relu: 5184[16x16x8: 320,20,1] -> 10304[16x16x8: 128,8,1]\n\
         zeros around denselayer1.conv1 + norm2 + relu:  -> 304[16x16x16: 288,16,1]\n\
         denselayer1.conv1 + norm2 + relu: 10304[16x16x8: 128,8,1] -> 304[16x16x16: 288,16,1]\n\
         denselayer1.conv2: 304[16x16x16: 288,16,1] -> 5192[16x16x4: 320,20,1]\n\
         denselayer2.norm1 + relu: 5184[16x16x12: 320,20,1] -> 10304[16x16x12: 192,12,1]\n\
         denselayer2.conv1 + norm2 + relu: 10304[16x16x12: 192,12,1] -> 304[16x16x16: 288,16,1]\n\
         denselayer2.conv2: 304[16x16x16: 288,16,1] -> 5196[16x16x4: 320,20,1]\n\
         denselayer3.norm1 + relu: 5184[16x16x16: 320,20,1] -> 10304[16x16x16: 256,16,1]\n\
         denselayer3.conv1 + norm2 + relu: 10304[16x16x16: 256,16,1] -> 304[16x16x16: 288,16,1]\n\
         denselayer3.conv2: 304[16x16x16: 288,16,1] -> 5200[16x16x4: 320,20,1]\n\
         pool: 5184[16x16x20: 320,20,1] -> out0+0[1x1x20: 20,20,1]\n"
    );
}

/// The shortcut without parameters is one copy from every second pixel into the middle channels, beside zeros that stay.
#[test]
fn subsampling_and_channels_of_zeros_are_one_copy() {
    let (plan, ..) = planned(&option_a());
    let copies: Vec<&Step> = plan.steps.iter().filter(|step| matches!(step.kernel, Kernel::Copy(_))).collect();
    assert_eq!(copies.iter().map(|step| &*step.name).collect::<Vec<_>>(), ["image", "pad_channels"]);
    let Kernel::Copy(shortcut) = &copies[1].kernel else { panic!("{copies:?}") };
    assert_eq!((shortcut.input.row, shortcut.input.pixel, shortcut.input.channels), (2 * 33 * 16, 32, 16));
    assert_eq!((shortcut.output.pixel, shortcut.output.channels), (32, 16));
}

/// Layers that work step by step read and write the rows of a sequence where they lie.
#[test]
fn sequences_lie_by_rows_between_layers_of_steps() {
    let (plan, ..) = planned(
        "network Reader
input x [7, 5]
%1 = lstm(%0, hidden = 3, bidirectional = true) \"rnn\"
%2 = linear(%1, outputs = 4) \"fc\"
%3 = relu(%2)
output y %3
",
    );
    assert_eq!(
        outline(&plan),
        "rnn: in0+0[1x7x5: 5,5,1] -> 0[1x7x12: 168,24,1]\n\
         rnn: in0+0[1x7x5: 5,5,1] -> 12[1x7x12: 168,24,1]\n\
         rnn: 0[1x7x24: 168,24,1] -> 176[1x7x6: 42,6,1]\n\
         fc + relu: 176[1x7x6: 42,6,1] -> out0+0[1x7x4: 4,4,1]\n"
    );
    let forms: Vec<_> = plan.packs.iter().map(|pack| (pack.weight, pack.bias, pack.more_bias.map(|more| more.index))).collect();
    let by_name = |name: &str| plan.parameters.iter().position(|parameter| parameter.name == name);
    let ih = |suffix: &str| {
        [format!("rnn.weight_ih_l0{suffix}"), format!("rnn.bias_ih_l0{suffix}"), format!("rnn.bias_hh_l0{suffix}")]
    };
    let [first, second] = ["", "_reverse"].map(|suffix| ih(suffix).map(|name| by_name(&name)));
    assert_eq!([forms[0], forms[2]], [first, second].map(|[weight, bias, more]| (weight, bias, more)));
}

#[test]
fn memory_is_reused() {
    let (plan, _, slots) = planned(&resnet50());
    let all: usize = slots.iter().map(|slot| slot.len).sum();
    // Sums are written over their residuals: no more than two maps of 256 channels and one of 64 are alive at once, at 56x56; together
    // all values have three times as much.
    assert!(plan.arena_len <= (2 * 256 + 64) * 56 * 56, "{} elements", plan.arena_len);
    assert!(all > 3 * plan.arena_len, "{all} elements in {}", plan.arena_len);
    assert_eq!(memory::check(&slots), Ok(()));
    let mut broken = slots.clone();
    broken[3].offset = broken[2].offset;
    assert!(memory::check(&broken).is_err_and(|problem| problem.contains("overlap while both are alive")));
}

#[test]
fn the_summary_names_the_step_of_each_layer() {
    let (plan, ..) = planned(&resnet50());
    assert_eq!((plan.n_parameters(), plan.macs()), (25_557_032, 4_089_184_256));
    let step = |path: &str| {
        let layer = plan.layers.iter().find(|layer| layer.path == path).expect(path);
        layer.step.map(|step| &*plan.steps[step].name)
    };
    assert_eq!(step("layer1.0.bn3"), Some("layer1.0.conv3 + bn3 + add + relu"));
    assert_eq!(step("layer4.2.add"), Some("layer4.2.conv3 + bn3 + add + relu"));
    assert_eq!(step("flatten"), None);
    assert_eq!(step("fc"), Some("fc"));
}

#[test]
fn the_summary_names_what_each_layer_reads() {
    let (plan, ..) = planned(&resnet50());
    let reads = |path: &str| {
        let layer = plan.layers.iter().find(|layer| layer.path == path).expect(path);
        let name = |source: &Source| match *source {
            Source::Input(index) => &*plan.inputs[index].name,
            Source::Layer(index) => &*plan.layers[index].path,
        };
        layer.reads.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(reads("conv1"), ["image"]);
    assert_eq!(reads("layer1.0.add"), ["layer1.0.bn3", "layer1.0.downsample.1"]);
    assert_eq!(*plan.results, [Source::Layer(plan.layers.len() - 1)]);
}

/// Views of views, as deep as the network is long, take no stack.
#[test]
fn a_chain_of_views_may_be_long() {
    let n = 3000;
    let pads: String = (1..=n).map(|at| format!("%{at} = pad(%{}, sides = 0) \"p{at}\"\n", at - 1)).collect();
    let (plan, ..) = planned(&format!("network Long\ninput x [2, 3, 3]\n{pads}%{} = relu(%{n})\noutput y %{}\n", n + 1, n + 1));
    // The input moves in, is activated, and moves out.
    assert_eq!(plan.steps.len(), 3);
}

#[test]
fn a_network_too_large_for_memory_is_an_error() {
    let huge = "network Huge
input x [1, 8, 8]
%1 = conv(%0, filters = 1, window = 1x1, stride = 200000x200000, pad = 200000, round = floor)
output y %1
";
    let graph = text::parse(huge).expect("a text form");
    let problem = lower(&optimise(graph.clone()).expect("passes"), &graph);
    assert!(problem.as_ref().is_err_and(|problem| problem.contains("larger than memory")), "{problem:?}");
}

#[test]
fn a_step_that_leaves_its_place_is_found() {
    let (plan, ..) = planned(&lenet5());
    assert_eq!(check(&plan), Ok(()));
    for step in 0..plan.steps.len() {
        let mut broken = plan.clone();
        broken.steps.to_mut()[step].kernel.views_mut().last().expect("an output").offset += 100_000;
        assert!(check(&broken).is_err_and(|problem| problem.contains("leaves its place")));
    }
    let mut broken = plan.clone();
    broken.packs.to_mut().pop();
    assert!(check(&broken).is_err_and(|problem| problem.contains("there is no pack")));
}
