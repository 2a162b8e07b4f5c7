//! Compiled element-wise steps against the interpreter of their programs: the same bits, wherever operands lie and however the step is
//! divided, and nothing else touched.

use convoke_compiler::plan::{Function, Kernel, Operand, View};
use convoke_compiler::program::MAX_INPUTS;

use super::{Chains, Pages, chain, host, wanted};
use crate::isa::Isa;
use crate::kernels::Prepared;
use crate::kernels::native::Entry;
use crate::kernels::tests::program::{SIZES, of_two_inputs, operation, random_program, same, step};
use crate::kernels::tests::{Arena, Map, Random, layers, math};

/// Runs a step by code that is compiled for it, and says that the interpreter gives the same.
fn check(arena: &Arena, kernel: &Kernel, output: &View) {
    let Some(host) = host() else { return println!("skipped: no target for this machine") };
    let share = |step: &mut Prepared, part: usize| {
        let code = chain(host, kernel, step, Isa::Portable, Chains::All, wanted(false))
            .expect("it compiles")
            .expect("it is element-wise");
        let pages = Pages::new(&[code]).expect("memory that is executed");
        // SAFETY: the pages hold a function of this signature.
        let function = unsafe { std::mem::transmute::<*const u8, Entry<u8>>(pages.function(0)) };
        let n_shares = step.n_shares();
        // SAFETY: the arguments are those that it was compiled for, and `run_by` holds what they point to.
        unsafe { function(step.call().arguments(), part, n_shares) };
    };
    let compiled = arena.run_by(kernel, Isa::Portable, &[], &[*output], &share).remove(0);
    let interpreted = arena.run(kernel, Isa::Portable, None, output);
    for (at, (&found, &expected)) in compiled.data.iter().zip(&interpreted.data).enumerate() {
        assert!(same(found as f32, expected as f32), "{found} instead of {expected} at {at}: {kernel:?}");
    }
}

#[test]
fn compiled_programs_have_the_bits_of_the_interpreter() {
    let mut random = Random(21);
    let special = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE, -1e-40, f32::MAX];
    let inexact = [Function::Exp, Function::Ln, Function::Tanh, Function::Sigmoid];
    for round in 0..60 {
        let n_inputs = 1 + round % MAX_INPUTS;
        let mut operations = random_program(&mut random, n_inputs, 1 + round);
        // A function of the result, every other time.
        let result = (n_inputs + operations.len() - 1) as u16;
        operations.extend((round % 2 == 0).then(|| operation(inexact[round / 2 % 4], &[Operand::Value(result)])));
        let mut arena = Arena::default();
        let views: Vec<View> = (0..n_inputs).map(|_| arena.view([1, 3, 177], round % 2, [0; 4])).collect();
        let output = arena.view([1, 3, 177], 0, [0; 4]);
        for view in &views {
            let mut random_or_special = || match random.float() {
                x if x > 0.6 => special[(x * 1000.0) as usize % special.len()],
                x => x * 3.0,
            };
            arena.put(view, &Map::from_fn([1, 3, 177], |_, _, _| f64::from(random_or_special())));
        }
        check(&arena, &step(&views, output, &operations), &output);
    }
}

#[test]
fn operands_may_lie_anywhere() {
    let mut random = Random(22);
    let operations = of_two_inputs();
    for size in SIZES {
        let mut arena = Arena::default();
        let [first, second, outputs] = [(); 3].map(|()| layers::layouts(&mut arena, size));
        first.iter().chain(&second).for_each(|view| arena.put(view, &Map::random(size, &mut random)));
        for (n, &one) in first.iter().enumerate() {
            for (m, &output) in outputs.iter().chain([&one]).enumerate() {
                check(&arena, &step(&[one, second[(n + m) % 4]], output, &operations), &output);
            }
        }
    }
}

#[test]
fn functions_have_the_bits_of_the_interpreter_over_their_whole_range() {
    let inputs = math::inputs();
    let map = Map { size: [1, 1, inputs.len()], data: inputs.iter().map(|&x| f64::from(x)).collect() };
    for function in [Function::Exp, Function::Ln, Function::Tanh, Function::Sigmoid] {
        let mut arena = Arena::default();
        let (view, output) = (arena.view(map.size, 0, [0; 4]), arena.view(map.size, 0, [0; 4]));
        arena.put(&view, &map);
        check(&arena, &step(&[view], output, &[operation(function, &[Operand::Value(0)])]), &output);
    }
}
