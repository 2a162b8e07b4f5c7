//! The zoo against PyTorch: names and shapes of state dicts, and the outputs of whole networks, of the same bits on every back end.
//!
//! `parity/zoo.py` wrote `zoo.txt` and what PyTorch computes in f64. Weights and inputs are not stored: they come from the
//! generator that the script has, too; stored is, for each weight of sums, the power of two that keeps signals near 1. An
//! output may be off by `16·ε·√steps` times the largest output, where ε is f32's rounding step: each step of a plan adds a few,
//! which are as likely to be up as down, and the gates of EfficientNet enlarge what came before (PyTorch in f32 is off by a
//! quarter of that there, the others by a tenth of it).

#[path = "parity/generator.rs"]
mod generator;

use convoke::rt::{Parameter, Plan};
use convoke::{Backend, Isa, LoadOptions, SessionOptions};
use generator::{fnv1a, values};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use zoo::{MEMBERS, Member};

/// Networks of fewer multiply-adds run on every instruction set, and by several numbers of threads.
const SMALL: u64 = 400_000_000;

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("parity").join(name)
}

/// What runs a plan beside emitted code.
const BACKENDS: [Backend; 2] = [Backend::Loop, Backend::Jit];

#[test]
fn state_dicts_have_the_names_and_shapes_of_pytorchs() {
    let list = fs::read_to_string(recorded("zoo.txt")).expect("zoo.txt");
    let mut found = String::from("");
    for member in MEMBERS {
        let plan = (member.plan)();
        let mut lines: Vec<String> =
            plan.parameters.iter().map(|Parameter { name, shape, .. }| format!("{name} {shape:?}\n")).collect();
        lines.sort();
        let hash = fnv1a(&lines.concat());
        let sizes: Vec<String> = plan.outputs[0].shape.iter().map(usize::to_string).collect();
        let (n_parameters, output) = (plan.n_parameters(), sizes.join("x"));
        writeln!(found, "{} {n_parameters} {} {hash:016x} {output}", member.name, lines.len()).expect("memory");
    }
    let expected: String = list.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    assert_eq!(found, expected, "`parity/zoo.py NETWORK` lists a network's names and shapes");
}

/// He-scaled where there are sums, about 1 for batch norm's factors, small for what is added; times a power of two. As in `zoo.py`.
fn weight(network: &str, name: &str, shape: &[usize], exponent: i8) -> Vec<u8> {
    let scale = match shape {
        [_, inner @ ..] if !inner.is_empty() => (6.0 / inner.iter().product::<usize>() as f64).sqrt(),
        _ if name.ends_with("running_var") => 1.0,
        _ => 0.25,
    };
    let shift = if shape.len() == 1 && name.ends_with(".weight") { 1.0 } else { 0.0 };
    let factor = f32::from(exponent).exp2();
    let mut bytes = Vec::with_capacity(4 * shape.iter().product::<usize>());
    for value in values(&format!("{network}.{name}"), shape.iter().product()) {
        bytes.extend(((shift + f64::from(value) * scale) as f32 * factor).to_le_bytes());
    }
    bytes
}

/// A network's weights as the bytes of a safetensors file; `exponents` are those of the weights of sums, by their names.
fn weight_file(network: &str, plan: &Plan, exponents: &[u8]) -> Vec<u8> {
    let mut parameters: Vec<&Parameter> = plan.parameters.iter().collect();
    parameters.sort_by_key(|parameter| &parameter.name);
    let mut exponents = exponents.iter().map(|&exponent| exponent as i8);
    let tensors: Vec<(&Parameter, Vec<u8>)> = parameters
        .into_iter()
        .map(|parameter| {
            let exponent = if parameter.shape.len() > 1 { exponents.next().expect("one for each weight") } else { 0 };
            (parameter, weight(network, &parameter.name, &parameter.shape, exponent))
        })
        .collect();
    assert_eq!(exponents.next(), None, "{network}: as many exponents as weights of sums");
    let views = tensors.iter().map(|(parameter, bytes)| {
        let view = TensorView::new(Dtype::F32, parameter.shape.to_vec(), bytes).expect("as long as its shape says");
        (&*parameter.name, view)
    });
    safetensors::serialize(views, None).expect("serialises")
}

/// What is wrong with a network's outputs on an instruction set. Of large outputs every n-th element is recorded.
fn differences(member: &Member, weights: Vec<u8>, expected: &[f32], isa: Isa) -> Option<String> {
    let plan = (member.plan)();
    let network = (member.from_bytes)(weights, &LoadOptions::new().isa(isa)).unwrap_or_else(|e| panic!("{e}"));
    let image = values(&format!("{}.image", member.name), plan.inputs[0].shape.iter().product());
    let run = |options: SessionOptions| {
        let mut session = network.slice_session(options).unwrap_or_else(|e| panic!("{e}"));
        let mut output = vec![f32::NAN; plan.outputs[0].shape.iter().product()];
        session.run_into(&[&image], &mut [&mut output]).unwrap_or_else(|e| panic!("{}: {e}", member.name));
        output
    };
    let output = run(SessionOptions::new());
    let same_bits = |again: Vec<f32>| output.iter().zip(&again).all(|(x, y)| x.to_bits() == y.to_bits());
    for backend in BACKENDS {
        let same = same_bits(run(SessionOptions::new().backend(backend)));
        assert!(same, "{} on {isa}: {backend:?} gives another result than emitted code", member.name);
    }
    if plan.macs() < SMALL {
        for threads in [1, 2, 3, 5, 16] {
            let same = same_bits(run(SessionOptions::new().threads(threads)));
            assert!(same, "{} on {isa}: {threads} threads change the result", member.name);
        }
    }
    let step = output.len().div_ceil(expected.len());
    assert_eq!(output.len().div_ceil(step), expected.len(), "{}: every n-th element", member.name);
    let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    let compared = output.iter().step_by(step).zip(expected);
    // A difference that is NaN is the largest of all.
    let off = compared.map(|(x, y)| (x - y).abs()).max_by(f32::total_cmp).unwrap_or(f32::NAN) / largest;
    let bound = 16.0 * f32::EPSILON * (plan.steps.len() as f32).sqrt();
    println!("{} on {isa}: off by {off:.1e} of the largest output, {:.2} of what it may be", member.name, off / bound);
    (off > bound || off.is_nan()).then(|| format!("{} on {isa}: off by {off:.2e} of the largest output, {largest}", member.name))
}

#[test]
fn outputs_are_those_of_pytorch() {
    let file = fs::read(recorded("zoo.safetensors")).expect("zoo.safetensors");
    let file = SafeTensors::deserialize(&file).expect("a safetensors file");
    let tensor = |name: &str| file.tensor(name).unwrap_or_else(|e| panic!("{name}: {e}")).data();
    let best = Isa::ALL.into_iter().find(|isa| isa.is_available()).expect("the portable kernels at least");
    let mut wrong = Vec::new();
    for member in MEMBERS {
        let plan = (member.plan)();
        let expected: Vec<f32> =
            tensor(member.name).chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let weights = weight_file(member.name, plan, tensor(&format!("{}.exponents", member.name)));
        if plan.macs() < SMALL {
            for isa in Isa::ALL.into_iter().filter(|&isa| isa.is_available() && isa != best) {
                wrong.extend(differences(member, weights.clone(), &expected, isa));
            }
        }
        wrong.extend(differences(member, weights, &expected, best));
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
