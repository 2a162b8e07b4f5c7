//! The program of an element-wise step as its kernel takes it: results in registers, numbers in vectors. Floor 2.

use std::ptr::{null, null_mut};

use convoke_compiler::plan::{Function, Map, Operand as Value, Operation};
use convoke_compiler::program::registers;

use super::native::args::Operand;
use super::native::program::{Block, Code, ProgramArgs, ProgramOp};

/// The arguments of a program's kernel, with the lists that they point to.
#[derive(Debug)]
pub struct ProgramCall {
    /// What the kernel takes.
    pub args: ProgramArgs,
    _ops: Vec<ProgramOp>,
    _numbers: Vec<[f32; 16]>,
}

impl ProgramCall {
    /// Of a step that was accepted. `sizes` and `operands` are its loops, the output first; they point nowhere yet.
    pub fn new(map: &Map, sizes: [usize; 3], operands: &[Operand], scratch: *mut f32) -> ProgramCall {
        let n_inputs = map.inputs.len();
        let registers = registers(n_inputs, &map.operations).unwrap_or_else(|e| unreachable!("an accepted program: {e}"));
        let mut numbers: Vec<[f32; 16]> = Vec::new();
        let mut block = |value: Value| -> Block {
            let index = match value {
                Value::Value(value) => match usize::from(value).checked_sub(n_inputs) {
                    None => usize::from(value),
                    Some(made_by) => ProgramArgs::MAX_INPUTS + usize::from(registers[made_by]),
                },
                Value::Number(number) => {
                    let known = numbers.iter().position(|other| other[0].to_bits() == number.to_bits());
                    let index = known.unwrap_or_else(|| {
                        numbers.push([number; 16]);
                        numbers.len() - 1
                    });
                    ProgramArgs::MAX_INPUTS + ProgramArgs::MAX_REGISTERS + index
                }
            };
            index as Block
        };
        let last = map.operations.len() - 1;
        let op = |(index, operation): (usize, &Operation)| {
            let mut of = [0; 4];
            of.iter_mut().zip(operation.operands()).for_each(|(of, &operand)| *of = block(operand));
            let register = ProgramArgs::MAX_INPUTS + usize::from(registers[index]);
            let to = if index == last { ProgramArgs::OUTPUT } else { register };
            ProgramOp { code: code(operation.function), to: to as Block, of }
        };
        let ops: Vec<ProgramOp> = map.operations.iter().enumerate().map(op).collect();
        let nothing = Operand { first: null_mut(), strides: [0; 3] };
        let mut inputs = [nothing; ProgramArgs::MAX_INPUTS];
        inputs[..n_inputs].copy_from_slice(&operands[1..]);
        let args = ProgramArgs {
            ops: ops.as_ptr(),
            n_ops: ops.len(),
            numbers: if numbers.is_empty() { null() } else { numbers.as_ptr() },
            n_numbers: numbers.len(),
            sizes,
            output: operands[0],
            inputs,
            n_inputs,
            scratch,
        };
        ProgramCall { args, _ops: ops, _numbers: numbers }
    }
}

fn code(function: Function) -> Code {
    match function {
        Function::Same => Code::Same,
        Function::Neg => Code::Neg,
        Function::Abs => Code::Abs,
        Function::Sqrt => Code::Sqrt,
        Function::Exp => Code::Exp,
        Function::Ln => Code::Ln,
        Function::Tanh => Code::Tanh,
        Function::Sigmoid => Code::Sigmoid,
        Function::Add => Code::Add,
        Function::Sub => Code::Sub,
        Function::Mul => Code::Mul,
        Function::Div => Code::Div,
        Function::Min => Code::Min,
        Function::Max => Code::Max,
        Function::IfLess => Code::IfLess,
        Function::IfLessOrEqual => Code::IfLessOrEqual,
        Function::IfEqual => Code::IfEqual,
    }
}

// The compiler's limits are the kernel's.
const _: () = {
    use convoke_compiler::program::{MAX_INPUTS, MAX_NUMBERS, MAX_REGISTERS};
    assert!(MAX_INPUTS == ProgramArgs::MAX_INPUTS);
    assert!(MAX_REGISTERS == ProgramArgs::MAX_REGISTERS);
    assert!(MAX_NUMBERS == ProgramArgs::MAX_NUMBERS);
};
