//! Random graphs through passes, planner and kernels, on every instruction set, against the naive evaluation in f64.
//!
//! Layers meet in every combination: pooled residuals, slices of concatenations with borders, views of views, memory that several
//! values take in turns. Each plan runs three images in a row in one arena, so that what one leaves behind would show in the next,
//! and once more by several threads, with every step divided into shares: the same bits.

use convoke::rt::{Engine, Linked, Net, Plan, Split};
use convoke::{Isa, LoadOptions};
use convoke_compiler::graph::Graph;
use convoke_compiler::tensor::Tensor;
use convoke_compiler::testing::{random_graph, random_input, random_weights};
use convoke_compiler::{evaluate, lower, passes, text};
use safetensors::{Dtype, tensor::TensorView};

/// The network's weights as a file.
fn weights(graph: &Graph, plan: &Plan) -> Vec<u8> {
    let of_name = random_weights::<f32>(graph);
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = plan
        .parameters
        .iter()
        .map(|parameter| {
            let bytes = of_name(&parameter.name).data.iter().flat_map(|value| value.to_le_bytes()).collect();
            (parameter.name.to_string(), parameter.shape.to_vec(), bytes)
        })
        .collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor")));
    safetensors::serialize(views, None).expect("a file")
}

fn check(seed: u64) {
    let graph = random_graph(seed, 3 + seed as usize % 28);
    // Of more ports than a session takes, the runtime says so; that is no matter here.
    if graph.inputs.len().max(graph.outputs.len()) > convoke::rt::MAX_PORTS {
        return;
    }
    let optimised = passes::optimise(graph.clone()).expect("passes");
    // Small maps are not worth strips of rows; every other plan takes them nevertheless.
    let lowered =
        if seed.is_multiple_of(2) { lower::lower(&optimised, &graph) } else { lower::lower_in_strips(&optimised, &graph) };
    let plan: &'static Plan = Box::leak(Box::new(lowered.expect("a plan")));
    let file = weights(&graph, plan);
    let runs: Vec<Vec<Tensor<f64>>> = (0..3)
        .map(|run| graph.inputs.iter().zip(10 * run..).map(|(port, seed)| random_input(seed, graph.shape(port.value))).collect())
        .collect();
    let expected: Vec<Vec<Tensor<f64>>> =
        runs.iter().map(|inputs| evaluate::evaluate_f64(&graph, &random_weights(&graph), inputs)).collect();
    // What rounding alone does to each output, where a graph makes differences of what is nearly equal.
    let rounding: Vec<Vec<f64>> = runs
        .iter()
        .zip(&expected)
        .map(|(inputs, expected)| {
            let narrow = |input: &Tensor<f64>| Tensor {
                shape: input.shape.clone(),
                data: input.data.iter().map(|&value| value as f32).collect(),
            };
            let inputs: Vec<Tensor<f32>> = inputs.iter().map(narrow).collect();
            let found = evaluate::evaluate_f32(&graph, &random_weights(&graph), &inputs);
            let off = |(e, f): (&Tensor<f64>, &Tensor<f32>)| {
                e.data.iter().zip(&f.data).fold(0.0, |most: f64, (e, &f)| most.max((e - f64::from(f)).abs()))
            };
            expected.iter().zip(&found).map(off).collect()
        })
        .collect();
    for isa in [Isa::Avx512, Isa::Avx2, Isa::Portable].into_iter().filter(|isa| isa.is_available()) {
        let net = Net::from_bytes(Linked::all(plan), file.clone().into(), &LoadOptions::new().isa(isa)).expect("a net");
        let mut engine = Engine::new(&net).expect("an engine");
        let n_threads = [2, 3, 5, 16][seed as usize % 4];
        let mut team = Engine::with_split(&net, Split::always(n_threads)).expect("an engine");
        for (run, (inputs, expected)) in runs.iter().zip(&expected).enumerate() {
            let inputs: Vec<Vec<f32>> =
                inputs.iter().map(|input| input.data.iter().map(|&value| value as f32).collect()).collect();
            let mut outputs: Vec<Vec<f32>> = expected.iter().map(|output| vec![f32::NAN; output.data.len()]).collect();
            let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
            let mut slices: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
            engine.run_plan(&inputs, &mut slices).expect("a run");
            let mut again: Vec<Vec<f32>> = expected.iter().map(|output| vec![f32::NAN; output.data.len()]).collect();
            let mut slices: Vec<&mut [f32]> = again.iter_mut().map(Vec::as_mut_slice).collect();
            team.run_plan(&inputs, &mut slices).expect("a run");
            let bits = |outputs: &[Vec<f32>]| outputs.iter().flatten().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&outputs), bits(&again), "seed {seed}, {isa}, run {run}: differs for {n_threads} threads");
            for (((port, expected), found), rounding) in graph.outputs.iter().zip(expected).zip(&outputs).zip(&rounding[run]) {
                let largest = expected.data.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
                for (at, (&e, &f)) in expected.data.iter().zip(found).enumerate() {
                    // Rounded after each of up to 40 layers, of which each may double what came before.
                    let steps = || plan.steps.iter().map(|step| format!("{step:?}\n")).collect::<String>();
                    assert!(
                        (e - f64::from(f)).abs() <= 1e-4 * largest + 8.0 * rounding,
                        "seed {seed}, {isa}, run {run}: {}[{at}] is {f}, not {e}\n{}\n{}",
                        port.name,
                        text::print(&optimised),
                        steps(),
                    );
                }
            }
        }
    }
}

#[test]
fn random_graphs_compute_what_they_mean() {
    for seed in 0..400 {
        check(seed);
    }
}
