//! What is worth compiling, by what was measured: `Auto` asks. Floor 3.
//!
//! Compiled, an expression's results stay in registers, in vectors of four; the interpreter of its program has vectors of the instruction set,
//! and stores and loads each result. So sums and products are faster compiled, and functions, which are some twenty operations each
//! between a load and a store, where vectors are no longer than four.

use convoke_compiler::plan::{Function, Kernel, Map};

use crate::isa::Isa;
use crate::kernels::nanoseconds;

/// What an element takes, in hundredths of a nanosecond of one core (Intel Granite Rapids, 102,400 elements in cache).
struct Costs {
    /// A sum, a product, a comparison.
    simple: f64,
    /// A quotient or root: the divider's time.
    divided: f64,
    exp: f64,
    ln: f64,
    tanh: f64,
    sigmoid: f64,
    /// Whatever the number of elements, in nanoseconds.
    once: f64,
}

const COMPILED: Costs = Costs { simple: 3.0, divided: 16.0, exp: 102.0, ln: 124.0, tanh: 113.0, sigmoid: 138.0, once: 10.0 };

/// Of the program's interpreter.
fn interpreted(isa: Isa) -> Costs {
    match isa {
        Isa::Avx512 => Costs { simple: 5.0, divided: 17.0, exp: 36.0, ln: 36.0, tanh: 42.0, sigmoid: 50.0, once: 75.0 },
        Isa::Avx2 => Costs { simple: 9.0, divided: 18.0, exp: 57.0, ln: 66.0, tanh: 57.0, sigmoid: 74.0, once: 75.0 },
        Isa::Portable => Costs { simple: 13.0, divided: 19.0, exp: 104.0, ln: 123.0, tanh: 107.0, sigmoid: 136.0, once: 75.0 },
    }
}

/// How many times as long functions take where an expression has several: the processor looks ahead less far than into the next vector.
const CROWDED: f64 = 1.6;

/// Nanoseconds that the loop over a plan takes for a step beyond what a driver does.
const STEP: f64 = 5.0;

/// Whether an element-wise step takes less time compiled than interpreted.
pub fn is_faster(map: &Map, isa: Isa) -> bool {
    let is_function = |function| matches!(function, Function::Exp | Function::Ln | Function::Tanh | Function::Sigmoid);
    let several = map.operations.iter().filter(|operation| is_function(operation.function)).count() > 1;
    let time = |costs: &Costs, crowded: f64| {
        let each = map.operations.iter().map(|operation| match operation.function {
            Function::Exp => crowded * costs.exp,
            Function::Ln => crowded * costs.ln,
            Function::Tanh => crowded * costs.tanh,
            Function::Sigmoid => crowded * costs.sigmoid,
            Function::Div | Function::Sqrt => costs.divided,
            _ => costs.simple,
        });
        costs.once + each.sum::<f64>() * map.output.len() as f64 / 100.0
    };
    time(&COMPILED, if several { CROWDED } else { 1.0 }) < time(&interpreted(isa), 1.0)
}

/// Whether a plan gains by a driver: where an element-wise step does, or where a hundredth of the time goes from step to step.
pub fn gains(kernels: &[Kernel], isa: Isa) -> bool {
    let total: f64 = kernels.iter().map(|kernel| nanoseconds(kernel, isa)).sum();
    let chain = |kernel: &Kernel| matches!(kernel, Kernel::Map(map) if is_faster(map, isa));
    kernels.len() as f64 * STEP > total / 100.0 || kernels.iter().any(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_compiler::plan::{List, Operand, Operation, Place, View};

    #[test]
    fn sums_are_compiled_and_functions_interpreted_in_long_vectors() {
        let map = |functions: &[Function], n: usize| {
            let view = View::new(Place::Arena, 0, [1, 1, n], [n, n, 1]);
            let operations = functions.iter().map(|&function| Operation::new(function, [Operand::Value(0); 4])).collect();
            Map { inputs: List::Owned(vec![view]), output: view, operations: List::Owned(operations) }
        };
        let cases = [
            (&[Function::Mul, Function::Add][..], 100_000, [true, true, true]),
            (&[Function::Exp], 100_000, [false, false, true]),
            (&[Function::Exp], 64, [true, true, true]),
            (&[Function::Exp, Function::Ln, Function::Tanh], 100_000, [false, false, false]),
        ];
        for (functions, n, expected) in cases {
            let found = [Isa::Avx512, Isa::Avx2, Isa::Portable].map(|isa| is_faster(&map(functions, n), isa));
            assert_eq!(found, expected, "{functions:?} of {n} elements");
        }
    }
}
