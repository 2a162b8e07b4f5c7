//! Programs under construction: what is the same is computed once, what can be known is computed here, what nothing needs is left out.

use super::{Function, MAX_OPERATIONS, Operand, Operation, Program};

/// A program while it is made, operation by operation.
pub struct Builder {
    n_inputs: usize,
    operations: Vec<Operation>,
}

impl Builder {
    /// One that reads an element of each of so many values.
    pub fn new(n_inputs: usize) -> Builder {
        Builder { n_inputs, operations: Vec::new() }
    }

    /// The result of a function of so many numbers as it takes; `None` where the program would become too long.
    pub fn apply(&mut self, function: Function, of: &[Operand]) -> Option<Operand> {
        if let Some(known) = known(function, of) {
            return Some(known);
        }
        let mut operands = [Operand::Number(0.0); 4];
        operands[..of.len()].copy_from_slice(of);
        let operation = Operation { function, operands };
        let index = match self.operations.iter().position(|other| is_same(other, &operation)) {
            Some(index) => index,
            // Four times as many, since most of them may turn out to be unused.
            None if self.operations.len() == 4 * MAX_OPERATIONS => return None,
            None => {
                self.operations.push(operation);
                self.operations.len() - 1
            }
        };
        Some(Operand::Value((self.n_inputs + index) as u16))
    }

    /// The program that gives this result.
    pub fn finish(mut self, result: Operand) -> Program {
        let last = match result {
            Operand::Value(value) => usize::from(value).checked_sub(self.n_inputs),
            Operand::Number(_) => None,
        };
        // An element or a number, which no operation makes.
        let last = last.unwrap_or_else(|| {
            let operands = [result, Operand::Number(0.0), Operand::Number(0.0), Operand::Number(0.0)];
            self.operations.push(Operation { function: Function::Same, operands });
            self.operations.len() - 1
        });
        let mut needed = vec![false; last + 1];
        needed[last] = true;
        for index in (0..=last).rev() {
            for operand in self.operations[index].operands() {
                if let (true, Operand::Value(value)) = (needed[index], operand)
                    && let Some(made_by) = usize::from(*value).checked_sub(self.n_inputs)
                {
                    needed[made_by] = true;
                }
            }
        }
        // Values by their numbers before and after.
        let mut moved: Vec<u16> = (0..self.n_inputs as u16).collect();
        let mut operations = Vec::new();
        for (operation, needed) in self.operations.iter().zip(needed) {
            moved.push((self.n_inputs + operations.len()) as u16);
            if needed {
                let operands = operation.operands.map(|operand| match operand {
                    Operand::Value(value) => Operand::Value(moved[usize::from(value)]),
                    number => number,
                });
                operations.push(Operation { operands, ..*operation });
            }
        }
        Program { n_inputs: self.n_inputs, operations: operations.into() }
    }
}

/// Whether two operations have the same result; 0 and −0 are different numbers.
fn is_same(a: &Operation, b: &Operation) -> bool {
    let bits = |operation: &Operation| {
        operation.operands.map(|operand| match operand {
            Operand::Value(value) => (true, u32::from(value)),
            Operand::Number(number) => (false, number.to_bits()),
        })
    };
    a.function == b.function && bits(a) == bits(b)
}

/// The result where it does not depend on elements. One that is not finite is left to be computed: a program holds none such.
fn known(function: Function, of: &[Operand]) -> Option<Operand> {
    let numbers: Vec<f32> = of
        .iter()
        .map_while(|operand| match operand {
            Operand::Number(number) => Some(*number),
            Operand::Value(_) => None,
        })
        .collect();
    // Which branch is taken depends on the first two.
    let holds = match (function, numbers.as_slice()) {
        (Function::IfLess, [a, b, ..]) => Some(a < b),
        (Function::IfLessOrEqual, [a, b, ..]) => Some(a <= b),
        (Function::IfEqual, [a, b, ..]) => Some(a == b),
        _ => None,
    };
    if let Some(holds) = holds {
        return Some(if holds { of[2] } else { of[3] });
    }
    // Functions that are not exact are computed with digits to spare.
    let wide = |x: f32, f: fn(f64) -> f64| f(f64::from(x)) as f32;
    let value = match (function, numbers.as_slice()) {
        (Function::Neg, [a]) => -a,
        (Function::Abs, [a]) => a.abs(),
        (Function::Sqrt, [a]) => a.sqrt(),
        (Function::Exp, [a]) => wide(*a, f64::exp),
        (Function::Ln, [a]) => wide(*a, f64::ln),
        (Function::Tanh, [a]) => wide(*a, f64::tanh),
        (Function::Sigmoid, [a]) => wide(*a, |a| 1.0 / (1.0 + (-a).exp())),
        (Function::Add, [a, b]) => a + b,
        (Function::Sub, [a, b]) => a - b,
        (Function::Mul, [a, b]) => a * b,
        (Function::Div, [a, b]) => a / b,
        // Finite numbers have no NaN among them.
        (Function::Min, [a, b]) => {
            if a < b {
                *a
            } else {
                *b
            }
        }
        (Function::Max, [a, b]) => {
            if a > b {
                *a
            } else {
                *b
            }
        }
        _ => return None,
    };
    value.is_finite().then_some(Operand::Number(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: Operand = Operand::Value(0);

    #[test]
    fn what_is_the_same_is_computed_once() {
        let mut builder = Builder::new(1);
        let a = builder.apply(Function::Exp, &[X]).unwrap();
        let b = builder.apply(Function::Exp, &[X]).unwrap();
        let sum = builder.apply(Function::Add, &[a, b]).unwrap();
        assert_eq!(builder.finish(sum).to_string(), "[1: exp(0), add(1, 1)]");
        let mut builder = Builder::new(1);
        let signs = [0.0, -0.0].map(|zero| builder.apply(Function::Add, &[X, Operand::Number(zero)]).unwrap());
        assert_ne!(signs[0], signs[1]);
    }

    #[test]
    fn what_can_be_known_is_computed_while_compiling_and_what_nothing_needs_is_left_out() {
        let mut builder = Builder::new(1);
        let number = |value| Operand::Number(value);
        let two = builder.apply(Function::Add, &[number(0.5), number(1.5)]).unwrap();
        assert_eq!(two, number(2.0));
        let unused = builder.apply(Function::Exp, &[X]).unwrap();
        let root = builder.apply(Function::Sqrt, &[X]).unwrap();
        let picked = builder.apply(Function::IfLess, &[number(1.0), two, root, unused]).unwrap();
        assert_eq!(picked, root);
        let product = builder.apply(Function::Mul, &[picked, two]).unwrap();
        assert_eq!(builder.finish(product).to_string(), "[1: sqrt(0), mul(1, 2.0)]");
        // Infinity and NaN are no numbers of a program.
        let mut builder = Builder::new(1);
        let infinite = builder.apply(Function::Div, &[number(1.0), number(0.0)]).unwrap();
        assert_eq!(builder.finish(infinite).to_string(), "[1: div(1.0, 0.0)]");
    }

    #[test]
    fn an_element_or_a_number_is_a_program_too() {
        assert_eq!(Builder::new(2).finish(Operand::Value(1)).to_string(), "[2: same(1)]");
        assert_eq!(Builder::new(1).finish(Operand::Number(0.5)).to_string(), "[1: same(0.5)]");
    }
}
