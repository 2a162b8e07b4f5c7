//! Every layer against PyTorch, on every instruction set, through the plan and by the naive evaluation.
//!
//! `parity/make.py`, `parity/sequences.py` and `parity/rearrange.py` wrote the cases and what PyTorch computes for them in f64. Inputs and weights are not stored: they come from
//! the generator that the script has, too. An element may be off by `4·ε·terms`, where ε is f32's rounding step and `terms` counts
//! the longest chain of sums and products of magnitude about 1 that lead to it; eight times as much where a convolution goes through
//! Winograd's transforms. Every case runs by both numerics, and with each convolution that Winograd's algorithms can compute computed by
//! them, whether or not they are estimated to be faster.

#[path = "parity/generator.rs"]
mod generator;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use convoke::rt::{Algorithm, Conv, Engine, Form, Kernel, Linked, Net, Plan};
use convoke::{Isa, LoadOptions, Numerics};
use convoke_compiler::graph::Graph;
use convoke_compiler::shape::Shape;
use convoke_compiler::tensor::{Float, Tensor};
use convoke_compiler::{evaluate, lower, passes, registry, text};
use generator::values;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

fn tensor<T: Float>(name: &str, shape: &Shape) -> Tensor<T> {
    let data = values(name, shape.len()).into_iter().map(|value| T::of(f64::from(value))).collect();
    Tensor { shape: shape.clone(), data }
}

/// One network of `cases.txt`, `sequences.txt` or `rearrange.txt`.
struct Case {
    graph: Graph,
    expected: Vec<f32>,
}

fn cases() -> Vec<Case> {
    [
        ("cases.txt", "expected.safetensors", 300),
        ("sequences.txt", "sequences.safetensors", 90),
        ("rearrange.txt", "rearrange.safetensors", 380),
    ]
    .into_iter()
    .flat_map(listed)
    .collect()
}

/// Those of one list, of which there are at least so many.
fn listed((list, expected, least): (&str, &str, usize)) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("parity");
    let list = fs::read_to_string(folder.join(list)).expect(list);
    let bytes = fs::read(folder.join(expected)).expect(expected);
    let expected = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let cases: Vec<Case> = list
        .split("\n\n")
        .filter(|case| case.starts_with("network"))
        .map(|case| {
            let graph = text::parse(case).unwrap_or_else(|e| panic!("{e}\n{case}"));
            let view = expected.tensor(&graph.name).unwrap_or_else(|e| panic!("{}: {e}", graph.name));
            let output = graph.shape(graph.outputs[0].value);
            assert_eq!(view.shape(), output.0, "{}: the shape that PyTorch computes", graph.name);
            let expected = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            Case { graph, expected }
        })
        .collect();
    assert!(cases.len() >= least, "only {} cases", cases.len());
    cases
}

/// The shapes of all parameters by name.
fn parameters(graph: &Graph) -> BTreeMap<String, Shape> {
    let mut found = BTreeMap::new();
    for node in &graph.nodes {
        let inputs: Vec<&Shape> = node.inputs.iter().map(|&value| graph.shape(value)).collect();
        let layer = registry::layer(node.call.layer).expect("a known layer");
        for weight in layer.parameters(&node.call.args, &inputs) {
            found.insert(format!("{}.{}", node.call.path, weight.name), weight.shape);
        }
    }
    found
}

/// An upper bound of the sums and products that lead to one element: those of every layer, one after the other.
fn n_terms(graph: &Graph) -> f64 {
    let per_layer = |(name, shape): (&String, &Shape)| match name.ends_with(".weight") || name.contains(".weight_") {
        true => shape.0[1..].iter().product::<usize>() as f64,
        false => 1.0,
    };
    16.0 + parameters(graph).iter().map(per_layer).sum::<f64>()
}

/// `factor` is what the tolerance is multiplied by.
fn check(what: &str, case: &Case, factor: f64, found: impl Iterator<Item = f64>) -> Result<(), String> {
    let largest = case.expected.iter().fold(1.0_f64, |most, v| most.max(f64::from(*v).abs()));
    let tolerance = factor * 4.0 * f64::from(f32::EPSILON) * n_terms(&case.graph) * largest.min(4.0);
    for (i, (expected, found)) in case.expected.iter().zip(found).enumerate() {
        let off = (f64::from(*expected) - found).abs();
        if off > tolerance || off.is_nan() {
            return Err(format!(
                "{what}, {}[{i}]: {found}, PyTorch has {expected}; off by {off:.2e} > {tolerance:.2e}",
                case.graph.name
            ));
        }
    }
    Ok(())
}

fn report(failures: Vec<String>) {
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
}

fn naive<T: Float>(
    case: &Case,
    graph: &Graph,
    run: impl Fn(&Graph, &dyn Fn(&str) -> Tensor<T>, &[Tensor<T>]) -> Vec<Tensor<T>>,
) -> Vec<f64> {
    let shapes = parameters(&case.graph);
    let name = &case.graph.name;
    let weights = |path: &str| tensor(&format!("{name}.{path}"), &shapes[path]);
    let inputs: Vec<Tensor<T>> =
        graph.inputs.iter().map(|port| tensor(&format!("{name}.{}", port.name), graph.shape(port.value))).collect();
    run(graph, &weights, &inputs)[0].data.iter().map(|v| v.to_f64()).collect()
}

#[test]
fn the_naive_evaluation_agrees_with_pytorch() {
    let mut failures = Vec::new();
    for case in cases() {
        let found = naive(&case, &case.graph, evaluate::evaluate_f64);
        failures.extend(check("f64", &case, 1.0, found.into_iter()).err());
        let found = naive(&case, &case.graph, evaluate::evaluate_f32);
        failures.extend(check("f32", &case, 1.0, found.into_iter()).err());
        let optimised = passes::optimise(case.graph.clone()).unwrap_or_else(|e| panic!("{}: {e}", case.graph.name));
        let found = naive(&case, &optimised, evaluate::evaluate_f64);
        failures.extend(check("optimised, f64", &case, 1.0, found.into_iter()).err());
    }
    report(failures);
}

/// The weights of a case as the bytes of a safetensors file.
fn weight_file(graph: &Graph) -> Vec<u8> {
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = parameters(graph)
        .into_iter()
        .map(|(path, shape)| {
            let data = values(&format!("{}.{path}", graph.name), shape.len());
            (path, shape.0, data.iter().flat_map(|v| v.to_le_bytes()).collect())
        })
        .collect();
    let views = tensors.iter().map(|(path, shape, data)| {
        (path.as_str(), TensorView::new(Dtype::F32, shape.clone(), data).expect("as long as its shape says"))
    });
    safetensors::serialize(views, None).expect("serialises")
}

/// A plan whose convolutions are computed by Winograd's algorithm where it can compute them; nothing where there is none.
fn transformed(plan: &Plan, to: Algorithm) -> Option<Plan> {
    let mut plan = plan.clone();
    let mut packs = Vec::new();
    for step in plan.steps.to_mut() {
        let convs: Vec<&mut Conv> = match &mut step.kernel {
            Kernel::Conv(conv) => vec![conv],
            Kernel::Strips(strips) => strips.before.to_mut().iter_mut().chain([&mut strips.last]).collect(),
            _ => Vec::new(),
        };
        for conv in convs.into_iter().filter(|conv| conv.fits_winograd()) {
            conv.algorithm = to;
            packs.push(conv.pack);
        }
    }
    for &pack in &packs {
        if let Form::Conv { algorithm, .. } | Form::ConvPart { algorithm, .. } = &mut plan.packs.to_mut()[pack].form {
            *algorithm = to;
        }
    }
    (!packs.is_empty()).then_some(plan)
}

/// Whether a convolution of the plan goes through transforms.
fn is_transformed(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| match &step.kernel {
        Kernel::Conv(conv) => conv.algorithm.tile().is_some(),
        Kernel::Strips(strips) => strips.convs().any(|conv| conv.algorithm.tile().is_some()),
        _ => false,
    })
}

fn kernels_agree(isa: Isa) {
    if !isa.is_available() {
        println!("skipped: this machine has no {isa}");
        return;
    }
    let mut failures = Vec::new();
    let mut n_transformed = 0;
    for case in cases() {
        let graph = &case.graph;
        let optimised = passes::optimise(graph.clone()).unwrap_or_else(|e| panic!("{}: {e}", graph.name));
        let plan = lower::lower(&optimised, graph).unwrap_or_else(|e| panic!("{}: {e}", graph.name));
        let strips = lower::lower_in_strips(&optimised, graph).unwrap_or_else(|e| panic!("{}: {e}", graph.name));
        let strips = Some(strips).filter(|strips| *strips != plan);
        let others = [Algorithm::WinogradF2, Algorithm::WinogradF4, Algorithm::WinogradF4Plain]
            .map(|algorithm| transformed(strips.as_ref().unwrap_or(&plan), algorithm));
        let [f2, f4, plain] = others;
        n_transformed += usize::from(f4.is_some());
        let direct = is_transformed(&plan).then(|| (plan.clone(), Numerics::Direct));
        let fast = [Some(plan), strips, f2, f4, plain].into_iter().flatten().map(|plan| (plan, Numerics::Fast));
        for (plan, numerics) in fast.chain(direct) {
            let factor = if is_transformed(&plan) && numerics == Numerics::Fast { 8.0 } else { 1.0 };
            let options = LoadOptions::new().isa(isa).numerics(numerics);
            // A net's plan is a static; that of a test may as well leak.
            let plan: &'static Plan = Box::leak(Box::new(plan));
            let net = Net::from_bytes(Linked::all(plan), weight_file(graph).into(), &options)
                .unwrap_or_else(|e| panic!("{}: {e}", graph.name));
            let mut engine = Engine::new(&net).unwrap_or_else(|e| panic!("{}: {e}", graph.name));
            let inputs: Vec<Vec<f32>> = graph
                .inputs
                .iter()
                .map(|port| values(&format!("{}.{}", graph.name, port.name), graph.shape(port.value).len()))
                .collect();
            let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
            let mut output = vec![f32::NAN; case.expected.len()];
            // Twice: the second run finds the arena as the first has left it.
            for run in ["first run", "second run"] {
                engine.run_plan(&inputs, &mut [&mut output]).unwrap_or_else(|e| panic!("{}: {e}", graph.name));
                let what = format!("{isa}, {numerics:?}, {run}");
                failures.extend(check(&what, &case, factor, output.iter().map(|&v| f64::from(v))).err());
            }
        }
    }
    assert!(n_transformed > 10, "Winograd's algorithms computed {n_transformed} cases only");
    report(failures);
}

#[test]
fn avx512_agrees_with_pytorch() {
    kernels_agree(Isa::Avx512);
}

#[test]
fn avx2_agrees_with_pytorch() {
    kernels_agree(Isa::Avx2);
}

#[test]
fn portable_agrees_with_pytorch() {
    kernels_agree(Isa::Portable);
}
