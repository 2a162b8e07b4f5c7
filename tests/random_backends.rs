//! Random graphs as emitted Rust, compiled at run time, and as a loop over their plans: the same bits on every instruction set, by
//! one thread and by several. `build.rs` has emitted them.

use convoke::jit::Chains;
use convoke::rt::{Engine, Net, Split};
use convoke::{Isa, LoadOptions};
use convoke_compiler::shape::Shape;
use convoke_compiler::testing::random_input;
use convoke_tests::random::{Emitted, NETWORKS};

/// A safetensors file without tensors: the length of its header, and the header.
const EMPTY: &[u8] = b"\x02\0\0\0\0\0\0\0{}";

/// A network none of whose weights is read.
fn net(emitted: &Emitted, isa: Isa) -> Net {
    let linked = (emitted.linked)();
    let options = LoadOptions::new().isa(isa).seed(11);
    let options = linked.plan.parameters.iter().fold(options, |options, parameter| options.fresh(parameter.name.as_ref()));
    Net::from_bytes(linked, EMPTY.into(), &options).expect("fresh weights")
}

/// The bits of all outputs of two images in a row, so that what one leaves behind shows in the next.
fn bits(engine: &mut Engine, mut run: impl FnMut(&mut Engine, &[&[f32]], &mut [&mut [f32]])) -> Vec<u32> {
    let plan = engine.net().clone();
    let (inputs, outputs) = (&plan.plan().inputs, &plan.plan().outputs);
    let mut bits = Vec::new();
    for image in 0..2 {
        let inputs: Vec<Vec<f32>> =
            inputs.iter().zip(10 * image..).map(|(port, seed)| random_input(seed, &Shape(port.shape.to_vec())).data).collect();
        let mut outputs: Vec<Vec<f32>> =
            outputs.iter().map(|port| vec![f32::NAN; port.shape.iter().product::<usize>()]).collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let mut slices: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        run(engine, &inputs, &mut slices);
        bits.extend(outputs.iter().flatten().map(|value| value.to_bits()));
    }
    bits
}

#[test]
fn random_graphs_give_the_same_bits_on_every_back_end() {
    for emitted in NETWORKS {
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            let net = net(emitted, isa);
            let mut expected = None;
            for split in [Split::NONE, Split::always(3)] {
                let mut engine = Engine::with_split(&net, split).expect("an engine");
                let by_loop = bits(&mut engine, |engine, inputs, outputs| engine.run_plan(inputs, outputs).expect("a run"));
                let expected = expected.get_or_insert_with(|| by_loop.clone());
                let name = &net.plan().name;
                assert!(by_loop == *expected, "{name} on {isa}: the loop by {} threads", engine.threads());
                let emitted =
                    bits(&mut engine, |engine, inputs, outputs| engine.run(inputs, outputs, emitted.run).expect("a run"));
                assert!(emitted == *expected, "{name} on {isa}: emitted Rust by {} threads", engine.threads());
                if engine.compile(Chains::All).expect("code").is_some() {
                    let compiled = bits(&mut engine, |engine, inputs, outputs| engine.run_plan(inputs, outputs).expect("a run"));
                    assert!(compiled == *expected, "{name} on {isa}: compiled for {} threads", engine.threads());
                }
            }
        }
    }
}
