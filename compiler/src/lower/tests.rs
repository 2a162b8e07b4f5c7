use super::layout::Buffer;
use super::memory::{Slot, clearing};
use super::*;
use crate::evaluate::evaluate_f64;
use crate::passes::optimise;
use crate::plan::Kernel;
use crate::tensor::Tensor;
use crate::testing::{Machine, random_graph, random_input, random_weights};
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

/// Runs a graph's plan on several inputs in a row, in one arena where all that is not alive is NaN, against the naive evaluation.
fn check_against_evaluation(graph: &Graph) {
    let printed = text::print(graph);
    let optimised = optimise(graph.clone()).unwrap_or_else(|broken| panic!("{broken}\n{printed}"));
    let fused = text::print(&optimised);
    let (plan, buffers, slots) =
        lower_with_memory(&optimised, graph).unwrap_or_else(|problem| panic!("{problem}\n{printed}\n{fused}"));
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
}

/// The steps of a plan, one line each.
fn steps_text(plan: &Plan) -> String {
    plan.steps.iter().enumerate().map(|(index, step)| format!("{index}: {} {:?}\n", step.name, step.kernel)).collect()
}

#[test]
fn plans_compute_what_graphs_mean() {
    for seed in 0..500 {
        check_against_evaluation(&random_graph(seed, 3 + seed as usize % 30));
    }
}

#[test]
fn plans_are_the_same_every_time() {
    for seed in 0..50 {
        let graph = random_graph(seed, 20);
        let plan = || lower(&optimise(graph.clone()).expect("passes"), &graph).expect("a plan");
        assert_eq!(plan(), plan());
    }
}
