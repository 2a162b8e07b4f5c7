//! Element-wise expressions as data: what `map(|x| …)` computes of each element. Floor 1.
//!
//! A program is a list of operations, each of which makes one number of those before it: the value numbered n is the n-th
//! element that the program reads or, behind these, the result of an operation; the last operation makes the program's result.
//! Graphs, plans and kernels hold the same list.
//!
//! Every operation is one of IEEE 754 in single precision, rounded once and never contracted with another, so that all but `exp`,
//! `ln`, `tanh` and `sigmoid` have the bits that Rust's own f32 arithmetic has.

#[cfg(feature = "planner")]
mod build;
#[cfg(feature = "planner")]
mod text;

#[cfg(feature = "planner")]
pub use build::Builder;

use std::borrow::Cow;

/// Most values that a program reads an element of each of.
pub const MAX_INPUTS: usize = 8;
/// Most operations of a program.
pub const MAX_OPERATIONS: usize = 256;
/// Most results of operations that later ones still need, at any time.
pub const MAX_REGISTERS: usize = 16;
/// Most different numbers in a program.
pub const MAX_NUMBERS: usize = 64;

/// What an operation computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `a`
    Same,
    /// `−a`
    Neg,
    /// `|a|`
    Abs,
    /// `√a`
    Sqrt,
    /// `exp a`
    Exp,
    /// The natural logarithm.
    Ln,
    /// `tanh a`
    Tanh,
    /// `1 / (1 + exp(−a))`
    Sigmoid,
    /// `a + b`
    Add,
    /// `a − b`
    Sub,
    /// `a · b`
    Mul,
    /// `a / b`
    Div,
    /// The smaller; the other one where one is NaN; `b` where they are equal.
    Min,
    /// The larger; the other one where one is NaN; `b` where they are equal.
    Max,
    /// `if a < b { c } else { d }`
    IfLess,
    /// `if a <= b { c } else { d }`
    IfLessOrEqual,
    /// `if a == b { c } else { d }`
    IfEqual,
}

impl Function {
    /// All of them with their names in the text form and the numbers they are computed of.
    pub const ALL: [(Function, &'static str, usize); 17] = [
        (Function::Same, "same", 1),
        (Function::Neg, "neg", 1),
        (Function::Abs, "abs", 1),
        (Function::Sqrt, "sqrt", 1),
        (Function::Exp, "exp", 1),
        (Function::Ln, "ln", 1),
        (Function::Tanh, "tanh", 1),
        (Function::Sigmoid, "sigmoid", 1),
        (Function::Add, "add", 2),
        (Function::Sub, "sub", 2),
        (Function::Mul, "mul", 2),
        (Function::Div, "div", 2),
        (Function::Min, "min", 2),
        (Function::Max, "max", 2),
        (Function::IfLess, "if_less", 4),
        (Function::IfLessOrEqual, "if_less_or_equal", 4),
        (Function::IfEqual, "if_equal", 4),
    ];

    /// Its name in the text form.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Of how many numbers it is computed.
    pub fn arity(self) -> usize {
        Self::ALL[self as usize].2
    }
}

/// A number that an operation is computed of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// The value of that number.
    Value(u16),
    /// The same for each element.
    Number(f32),
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operation {
    /// What it computes.
    pub function: Function,
    /// Of what; those beyond the function's arity are 0 and mean nothing.
    pub operands: [Operand; 4],
}

impl Operation {
    /// From its function and operands.
    pub const fn new(function: Function, operands: [Operand; 4]) -> Operation {
        Operation { function, operands }
    }

    /// The operands that mean something.
    pub fn operands(&self) -> &[Operand] {
        &self.operands[..self.function.arity()]
    }
}

/// What is computed of each element.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Values that an element of each is read of.
    pub n_inputs: usize,
    /// In order; not empty.
    pub operations: Cow<'static, [Operation]>,
}

/// The register that each operation's result is kept in while later ones need it, below [`MAX_REGISTERS`]; that of a result that
/// nothing needs is free at once.
///
/// # Errors
/// If an operation reads a value that is not before it, or if there are more of something than may be.
pub fn registers(n_inputs: usize, operations: &[Operation]) -> Result<Vec<u8>, String> {
    if !(1..=MAX_INPUTS).contains(&n_inputs) {
        return Err(format!("it reads {n_inputs} values, and can read from 1 to {MAX_INPUTS}"));
    }
    if !(1..=MAX_OPERATIONS).contains(&operations.len()) {
        return Err(format!("it has {} operations, and can have from 1 to {MAX_OPERATIONS}", operations.len()));
    }
    // Behind the last operation that reads it; the result itself is read by whoever runs the program.
    let mut needed_until = vec![0; operations.len()];
    let mut numbers: Vec<u32> = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        for operand in operation.operands() {
            match *operand {
                Operand::Value(value) if usize::from(value) >= n_inputs + index => {
                    return Err(format!("operation {index} reads value {value}, which is not before it"));
                }
                Operand::Value(value) => {
                    if let Some(made_by) = usize::from(value).checked_sub(n_inputs) {
                        needed_until[made_by] = index;
                    }
                }
                Operand::Number(number) if numbers.contains(&number.to_bits()) => {}
                Operand::Number(number) => numbers.push(number.to_bits()),
            }
        }
    }
    if numbers.len() > MAX_NUMBERS {
        return Err(format!("it holds {} different numbers, and can hold {MAX_NUMBERS}", numbers.len()));
    }
    let mut free_from = [0; MAX_REGISTERS];
    let mut registers = Vec::with_capacity(operations.len());
    for (index, &until) in needed_until.iter().enumerate() {
        // An operation may overwrite what it reads.
        let free = free_from.iter().position(|&from| from <= index);
        let register = free.ok_or_else(|| {
            format!(
                "more than {MAX_REGISTERS} results wait to be used at operation {index}, which is more than are kept at a time"
            )
        })?;
        free_from[register] = until.max(index + 1);
        registers.push(register as u8);
    }
    Ok(registers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(function: Function, values: &[u16]) -> Operation {
        let mut operands = [Operand::Number(0.0); 4];
        operands.iter_mut().zip(values).for_each(|(operand, &value)| *operand = Operand::Value(value));
        Operation { function, operands }
    }

    #[test]
    fn a_register_is_free_once_its_last_reader_has_run() {
        // x·x, its root and exponential, their sum.
        let program =
            [(Function::Mul, vec![0, 0]), (Function::Sqrt, vec![1]), (Function::Exp, vec![1]), (Function::Add, vec![2, 3])];
        let program: Vec<Operation> = program.iter().map(|(function, values)| operation(*function, values)).collect();
        assert_eq!(registers(1, &program), Ok(vec![0, 1, 0, 0]));
    }

    #[test]
    fn what_a_kernel_could_not_run_is_refused() {
        let root = operation(Function::Sqrt, &[0]);
        assert_eq!(registers(1, &[root; MAX_OPERATIONS]).map(|registers| registers.len()), Ok(MAX_OPERATIONS));
        assert!(registers(1, &[root; MAX_OPERATIONS + 1]).is_err());
        assert!(registers(1, &[]).is_err());
        assert!(registers(0, &[root]).is_err());
        assert!(registers(MAX_INPUTS + 1, &[root]).is_err());
        assert!(registers(1, &[operation(Function::Sqrt, &[1])]).is_err());
        // Many roots that all wait for their sum.
        let wait = |n: u16| {
            let mut program: Vec<Operation> = (0..n).map(|_| root).collect();
            program.extend((0..n).map(|i| operation(Function::Add, &[1 + i, n + i])));
            program
        };
        assert!(registers(1, &wait(MAX_REGISTERS as u16)).is_ok());
        assert!(registers(1, &wait(MAX_REGISTERS as u16 + 1)).is_err_and(|message| message.contains("wait to be used")));
        let numbers = |n: usize| -> Vec<Operation> {
            (0..n).map(|i| Operation { function: Function::Sqrt, operands: [Operand::Number(i as f32); 4] }).collect()
        };
        assert!(registers(1, &numbers(MAX_NUMBERS)).is_ok());
        assert!(registers(1, &numbers(MAX_NUMBERS + 1)).is_err());
    }
}
