//! Expressions of elements: the bits of f32 arithmetic, wherever operands lie, and the same on every instruction set.

use convoke_compiler::plan::{Function, Kernel, List, Map as MapStep, Operand, Operation, View};
use convoke_compiler::program::MAX_INPUTS;

use super::math::{inputs, ulp};
use super::{Arena, Map, Random, isas};

/// What an operation computes, in Rust.
fn define(function: Function, [a, b, c, d]: [f32; 4]) -> f32 {
    match function {
        Function::Same => a,
        Function::Neg => -a,
        Function::Abs => a.abs(),
        Function::Sqrt => a.sqrt(),
        Function::Exp => a.exp(),
        Function::Ln => a.ln(),
        Function::Tanh => a.tanh(),
        Function::Sigmoid => 1.0 / (1.0 + (-a).exp()),
        Function::Add => a + b,
        Function::Sub => a - b,
        Function::Mul => a * b,
        Function::Div => a / b,
        // Rust leaves open which of two zeros it is.
        Function::Min | Function::Max if a == b => b,
        Function::Min => a.min(b),
        Function::Max => a.max(b),
        Function::IfLess => {
            if a < b {
                c
            } else {
                d
            }
        }
        Function::IfLessOrEqual => {
            if a <= b {
                c
            } else {
                d
            }
        }
        Function::IfEqual => {
            if a == b {
                c
            } else {
                d
            }
        }
    }
}

/// A program's result for one element of each value.
fn run(operations: &[Operation], mut values: Vec<f32>) -> f32 {
    for operation in operations {
        let of = operation.operands.map(|operand| match operand {
            Operand::Value(value) => values[usize::from(value)],
            Operand::Number(number) => number,
        });
        values.push(define(operation.function, of));
    }
    values[values.len() - 1]
}

/// An operation of these operands.
pub fn operation(function: Function, of: &[Operand]) -> Operation {
    let mut operands = [Operand::Number(0.0); 4];
    operands[..of.len()].copy_from_slice(of);
    Operation { function, operands }
}

/// A step that runs a program.
pub fn step(inputs: &[View], output: View, operations: &[Operation]) -> Kernel {
    Kernel::Map(MapStep { inputs: List::Owned(inputs.to_vec()), output, operations: List::Owned(operations.to_vec()) })
}

/// NaN is one number, whatever its bits.
pub fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// A program of exact operations that reads so many values.
pub fn random_program(random: &mut Random, n_inputs: usize, n: usize) -> Vec<Operation> {
    let mut below = |n: usize| ((random.float() + 1.0) / 2.0 * n as f32) as usize % n;
    let exact: Vec<(Function, usize)> = Function::ALL
        .iter()
        .filter(|(f, ..)| !matches!(f, Function::Exp | Function::Ln | Function::Tanh | Function::Sigmoid))
        .map(|(function, _, arity)| (*function, *arity))
        .collect();
    let mut operations = Vec::new();
    for made in 0..n {
        let (function, arity) = exact[below(exact.len())];
        let operands: Vec<Operand> = (0..arity)
            .map(|_| match below(5) {
                0 => Operand::Number([0.0, -0.0, 1.0, -2.5, 1e-30][below(5)]),
                // Most often one of the last, so that no more wait than there are registers.
                _ => Operand::Value(((n_inputs + made).saturating_sub(1 + below(6))) as u16),
            })
            .collect();
        operations.push(operation(function, &operands));
    }
    operations
}

#[test]
fn exact_operations_have_the_bits_of_f32_arithmetic() {
    let mut random = Random(11);
    let special = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE, -1e-40, f32::MAX];
    for round in 0..60 {
        let n_inputs = 1 + round % MAX_INPUTS;
        let operations = random_program(&mut random, n_inputs, 1 + round);
        let maps: Vec<Map> = (0..n_inputs)
            .map(|_| {
                let mut random_or_special = || match random.float() {
                    x if x > 0.6 => special[(x * 1000.0) as usize % special.len()],
                    x => x * 3.0,
                };
                Map::from_fn([1, 3, 177], |_, _, _| f64::from(random_or_special()))
            })
            .collect();
        let mut arena = Arena::default();
        let views: Vec<View> = maps.iter().map(|map| arena.view(map.size, round % 2, [0; 4])).collect();
        let output = arena.view(maps[0].size, 0, [0; 4]);
        views.iter().zip(&maps).for_each(|(view, map)| arena.put(view, map));
        for isa in isas() {
            let found = arena.run(&step(&views, output, &operations), isa, None, &output);
            for (at, &found) in found.data.iter().enumerate() {
                let values: Vec<f32> = maps.iter().map(|map| map.data[at] as f32).collect();
                let expected = run(&operations, values.clone());
                assert!(same(found as f32, expected), "{isa}: {found} instead of {expected} of {values:?}: {operations:?}");
            }
        }
    }
}

/// Rows, columns and channels of maps whose loops end in different ways.
pub const SIZES: [[usize; 3]; 7] = [[1, 1, 1], [1, 1, 37], [5, 7, 1], [4, 3, 16], [3, 5, 19], [33, 35, 3], [2, 10, 300]];

/// An expression that reads both of its inputs twice, and a number.
pub fn of_two_inputs() -> [Operation; 3] {
    let (a, b, number) = (Operand::Value(0), Operand::Value(1), Operand::Number(0.75));
    [
        operation(Function::Mul, &[a, b]),
        operation(Function::Add, &[Operand::Value(2), number]),
        operation(Function::IfLess, &[a, b, Operand::Value(3), Operand::Value(2)]),
    ]
}

#[test]
fn operands_may_lie_anywhere_and_the_output_on_an_input() {
    let mut random = Random(12);
    let operations = of_two_inputs();
    for size in SIZES {
        let maps = [(); 2].map(|()| Map::random(size, &mut random));
        let expected =
            Map::from_fn(size, |y, x, c| run(&operations, maps.iter().map(|map| map.at(y, x, c) as f32).collect()).into());
        let mut arena = Arena::default();
        let views = maps.each_ref().map(|map| {
            let views = super::layers::layouts(&mut arena, size);
            views.iter().for_each(|view| arena.put(view, map));
            views
        });
        let outputs = super::layers::layouts(&mut arena, size);
        for (n, &first) in views[0].iter().enumerate() {
            for (m, &output) in outputs.iter().chain([&first]).enumerate() {
                let second = views[1][(n + m) % 4];
                for isa in isas() {
                    let found = arena.run(&step(&[first, second], output, &operations), isa, None, &output);
                    assert_eq!(found, expected, "{isa}: {first:?} {second:?} {output:?}");
                }
            }
        }
    }
}

/// A function's error in ULP over its whole range, and that every instruction set has the same bits.
fn check_function(function: Function, most: f64, exact: impl Fn(f64) -> f64) {
    let inputs = inputs();
    let map = Map { size: [1, 1, inputs.len()], data: inputs.iter().map(|&x| f64::from(x)).collect() };
    let mut arena = Arena::default();
    let (view, output) = (arena.view(map.size, 0, [0; 4]), arena.view(map.size, 0, [0; 4]));
    arena.put(&view, &map);
    let kernel = step(&[view], output, &[operation(function, &[Operand::Value(0)])]);
    let results: Vec<Map> = isas().map(|isa| arena.run(&kernel, isa, None, &output)).collect();
    for (at, &x) in map.data.iter().enumerate() {
        let y = results[0].data[at];
        let error = ulp(y, exact(x));
        assert!(error <= most, "{function:?} of {x:e} is {y:e}, {error} ULP from {:e}", exact(x));
        let all_same = results.iter().all(|other| same(other.data[at] as f32, y as f32));
        assert!(
            all_same,
            "{function:?} of {x:e} differs between instruction sets: {:?}",
            results.iter().map(|r| r.data[at]).collect::<Vec<_>>()
        );
    }
}

#[test]
fn exp_is_within_2_ulp() {
    check_function(Function::Exp, 2.0, |x| match x.exp() {
        beyond if (beyond as f32).is_infinite() => f64::INFINITY,
        value => value,
    });
}

#[test]
fn ln_is_within_2_ulp() {
    check_function(Function::Ln, 2.0, f64::ln);
}

#[test]
fn tanh_and_sigmoid_are_within_4_ulp() {
    check_function(Function::Tanh, 4.0, f64::tanh);
    check_function(Function::Sigmoid, 4.0, |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) });
}
