//! One plan, several ways to run it: emitted Rust, Cranelift's code and the loop over the plan give the same bits on every instruction set,
//! alone and in a batch; and what they give is what the naive evaluation of the parity suite stands for, which the instruction sets
//! agree on to rounding.

use std::path::PathBuf;

use convoke::{Backend, Isa, LoadOptions, Network, Numerics, SessionOptions, WeightType};
use convoke_tests::{Dense, Inception, LeNet5, Mapped, Pair, Residual, Separable, Strips, Waves};

/// Images in a batch.
const BATCH: usize = 3;

/// Reproducible pixels in [-1, 1).
fn pixels(seed: usize, len: usize) -> Vec<f32> {
    let mut state = (seed as u32).wrapping_mul(2_654_435_761) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// All outputs of a batch by a fresh session, or of its images one by one.
fn run(network: &dyn Network, backend: Backend, one_by_one: bool) -> Vec<Vec<f32>> {
    let options = SessionOptions::new().batch(if one_by_one { 1 } else { BATCH }).backend(backend);
    let mut session = network.slice_session(options).expect("a session");
    let len = |port: &convoke::Port| port.shape.iter().product::<usize>();
    let inputs: Vec<Vec<f32>> = network.inputs().iter().enumerate().map(|(i, port)| pixels(i + 1, BATCH * len(port))).collect();
    let mut outputs: Vec<Vec<f32>> = network.outputs().iter().map(|port| vec![f32::NAN; BATCH * len(port)]).collect();
    let calls: Vec<(usize, usize)> = if one_by_one { (0..BATCH).map(|i| (i, i + 1)).collect() } else { vec![(0, BATCH)] };
    for (first, end) in calls {
        let part = |all: usize| all / BATCH * first..all / BATCH * end;
        let inputs: Vec<&[f32]> = inputs.iter().map(|input| &input[part(input.len())]).collect();
        let mut outputs: Vec<&mut [f32]> = outputs
            .iter_mut()
            .map(|output| {
                let part = part(output.len());
                &mut output[part]
            })
            .collect();
        session.run_into(&inputs, &mut outputs).expect("a run");
    }
    outputs
}

/// Whether a convolution goes through Winograd's transforms.
fn transforms(network: &dyn Network) -> bool {
    let summary = network.summary();
    let is_transformed = |kernel: &Option<String>| kernel.as_ref().is_some_and(|kernel| kernel.contains("F("));
    let mut layers = summary.layers().iter().filter(|layer| is_transformed(&layer.kernel)).peekable();
    let any = layers.peek().is_some();
    assert!(layers.all(|layer| layer.reason.as_ref().is_some_and(|reason| reason.contains("of its time"))), "{summary}");
    any
}

/// Whether there are linear layers, other than in a recurrent one.
fn has_linear(network: &dyn Network) -> bool {
    network.summary().layers().iter().any(|layer| layer.kernel.as_ref().is_some_and(|kernel| kernel.ends_with(": linear")))
}

/// Asserts that outputs are as near to others as a part of the largest.
fn within(expected: &[Vec<f32>], found: &[Vec<f32>], part: f32, what: &str) {
    for (expected, found) in expected.iter().zip(found) {
        let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        for (e, f) in expected.iter().zip(found) {
            assert!((e - f).abs() <= part * largest, "{what}: {f} instead of {e}");
        }
    }
}

fn bits(outputs: &[Vec<f32>]) -> Vec<u32> {
    outputs.iter().flatten().map(|value| value.to_bits()).collect()
}

/// The same weights for an instruction set: saved once, loaded with it.
fn check(random: &dyn Network, load: impl Fn(&PathBuf, LoadOptions) -> Box<dyn Network>, save: impl Fn(&PathBuf)) {
    let name = random.name();
    let file = std::env::temp_dir().join(format!("convoke-backends-{}-{name}.safetensors", std::process::id()));
    save(&file);
    let mut reference: Option<Vec<Vec<f32>>> = None;
    for isa in [Isa::Avx512, Isa::Avx2, Isa::Portable] {
        if !isa.is_available() {
            println!("skipped: this machine has no {isa}");
            continue;
        }
        let direct = load(&file, LoadOptions::new().isa(isa).numerics(Numerics::Direct));
        let summed = run(&*direct, Backend::Emitted, false);
        assert_eq!(bits(&summed), bits(&run(&*direct, Backend::Loop, true)), "{name} on {isa}: direct, emitted and loop");
        let network = load(&file, LoadOptions::new().isa(isa));
        let emitted = run(&*network, Backend::Emitted, false);
        assert_eq!(bits(&emitted) != bits(&summed), transforms(&*network), "{name} on {isa}: its numerics");
        assert!(emitted.iter().flatten().all(|value| value.is_finite()), "{name} on {isa}: {emitted:?}");
        assert_eq!(bits(&emitted), bits(&run(&*network, Backend::Loop, false)), "{name} on {isa}: emitted and loop");
        assert_eq!(
            bits(&emitted),
            bits(&run(&*network, Backend::Jit, true)),
            "{name} on {isa}: emitted and compiled at run time"
        );
        assert_eq!(bits(&emitted), bits(&run(&*network, Backend::Emitted, true)), "{name} on {isa}: in a batch and alone");
        let rounded = load(&file, LoadOptions::new().isa(isa).weights(WeightType::Bf16));
        let near = run(&*rounded, Backend::Emitted, false);
        assert_eq!(bits(&near) != bits(&emitted), has_linear(&*network), "{name} on {isa}: what its weights are stored as");
        for backend in [Backend::Loop, Backend::Jit] {
            assert_eq!(
                bits(&near),
                bits(&run(&*rounded, backend, true)),
                "{name} on {isa}: weights in bf16, emitted and {backend:?}"
            );
        }
        within(&emitted, &near, 2e-2, &format!("{name} on {isa}, weights in bf16"));
        let Some(reference) = &reference else {
            reference = Some(emitted);
            continue;
        };
        within(reference, &emitted, 1e-4, &format!("{name} on {isa}"));
    }
    let _ = std::fs::remove_file(&file);
}

macro_rules! suite {
    ($($test:ident: $network:ty,)*) => {
        $(
            #[test]
            fn $test() {
                let random = <$network>::random(7);
                check(
                    &random,
                    |file, options| Box::new(<$network>::load_with(file, &options).expect("loads what it saved")),
                    |file| random.save(file).expect("saves"),
                );
            }
        )*
    };
}

suite! {
    lenet: LeNet5,
    residual: Residual,
    inception: Inception,
    dense: Dense,
    separable: Separable,
    strips: Strips,
    two_inputs_and_two_outputs: Pair,
    expressions: Mapped,
    waves: Waves,
}
