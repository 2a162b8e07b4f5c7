//! Programs in words: as the text form of a graph holds them, `[1: exp(0), add(1, 1.0)]`, and as a definition writes them,
//! `|x| exp(x) + 1.0`.

use super::{Function, MAX_OPERATIONS, Operand, Operation, Program, registers};
use std::fmt;

impl fmt::Display for Program {
    /// `[1: exp(0), add(1, 1.0)]`: how many values are read, then the operations; numbers have a point or an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}:", self.n_inputs)?;
        for (index, operation) in self.operations.iter().enumerate() {
            let separator = if index > 0 { ", " } else { " " };
            write!(f, "{separator}{}(", operation.function.name())?;
            for (index, operand) in operation.operands().iter().enumerate() {
                let separator = if index > 0 { ", " } else { "" };
                match operand {
                    Operand::Value(value) => write!(f, "{separator}{value}")?,
                    Operand::Number(number) => write!(f, "{separator}{number:?}")?,
                }
            }
            f.write_str(")")?;
        }
        f.write_str("]")
    }
}

impl std::str::FromStr for Program {
    type Err = String;

    /// The program of such a text, which can be run.
    fn from_str(text: &str) -> Result<Program, String> {
        let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let (n_inputs, mut rest) =
            inside.and_then(|inside| inside.split_once(':')).ok_or("a program is written `[1: exp(0)]`")?;
        let n_inputs = n_inputs.trim().parse().map_err(|_| format!("`{n_inputs}` is no number of values"))?;
        let mut operations = Vec::new();
        while !rest.trim().is_empty() {
            let (call, after) = rest.split_once(')').ok_or_else(|| format!("`{}` has no `)`", rest.trim()))?;
            operations.push(operation(call)?);
            let after = after.trim_start();
            rest = after.strip_prefix(',').unwrap_or(after);
            if operations.len() > MAX_OPERATIONS || !after.is_empty() && rest.len() == after.len() {
                return Err(format!("expected `,` or the end of a program, found `{after}`"));
            }
        }
        registers(n_inputs, &operations)?;
        Ok(Program { n_inputs, operations: operations.into() })
    }
}

/// `add(1, 1.0`
fn operation(call: &str) -> Result<Operation, String> {
    let wrong = || format!("`{}` is no operation", call.trim());
    let (name, args) = call.split_once('(').ok_or_else(wrong)?;
    let function = Function::ALL.iter().find(|(_, known, _)| *known == name.trim());
    let &(function, _, arity) = function.ok_or_else(wrong)?;
    let mut operands = [Operand::Number(0.0); 4];
    let mut n_given = 0;
    for arg in args.split(',').map(str::trim) {
        let number = |arg: &str| arg.parse().ok().filter(|number: &f32| number.is_finite()).map(Operand::Number);
        let operand = if arg.contains(['.', 'e']) { number(arg) } else { arg.parse().ok().map(Operand::Value) };
        *operands.get_mut(n_given).ok_or_else(wrong)? = operand.ok_or_else(|| format!("`{arg}` is no value and no number"))?;
        n_given += 1;
    }
    if n_given == arity { Ok(Operation { function, operands }) } else { Err(wrong()) }
}

/// The names of parameters in an expression that is written for people.
const NAMES: [&str; super::MAX_INPUTS] = ["x", "y", "z", "u", "v", "w", "s", "t"];
/// Operations up to which an expression is written out.
const MAX_WRITTEN: usize = 24;

impl Program {
    /// As a definition would have it, results that are used more than once by names: `|x| { let a = exp(x); a / (a + 1.0) }`. The
    /// names are not those of the definition; what is long is cut short.
    pub fn written(&self) -> String {
        let names = NAMES[..self.n_inputs.min(NAMES.len())].join(", ");
        if self.operations.len() > MAX_WRITTEN {
            return format!("|{names}| …");
        }
        let mut n_uses = vec![0; self.n_inputs + self.operations.len()];
        for operand in self.operations.iter().flat_map(Operation::operands) {
            if let Operand::Value(value) = operand {
                n_uses[usize::from(*value)] += 1;
            }
        }
        // Each value as it is written, and how tightly its last operator binds.
        let mut values: Vec<(String, u8)> =
            NAMES[..self.n_inputs.min(NAMES.len())].iter().map(|name| (name.to_string(), ATOM)).collect();
        let mut lets = String::new();
        let mut n_lets = 0;
        for (index, operation) in self.operations.iter().enumerate() {
            let mut value = expression(operation, &values);
            if n_uses[self.n_inputs + index] > 1 {
                let name = char::from(b'a' + n_lets as u8).to_string();
                n_lets += 1;
                lets += &format!("let {name} = {}; ", value.0);
                value = (name, ATOM);
            }
            values.push(value);
        }
        let result = values.pop().map(|(text, _)| text).unwrap_or_default();
        if lets.is_empty() { format!("|{names}| {result}") } else { format!("|{names}| {{ {lets}{result} }}") }
    }
}

/// How tightly operators bind.
const BRANCHES: u8 = 0;
const SUM: u8 = 1;
const PRODUCT: u8 = 2;
const SIGN: u8 = 3;
const ATOM: u8 = 4;

/// One operation on values as they are written.
fn expression(operation: &Operation, values: &[(String, u8)]) -> (String, u8) {
    let written = |at: usize, least: u8| match operation.operands[at] {
        Operand::Value(value) => match &values[usize::from(value)] {
            (text, tightness) if *tightness >= least => text.clone(),
            (text, _) => format!("({text})"),
        },
        Operand::Number(number) if number.is_sign_negative() && least > SIGN => format!("({number:?})"),
        Operand::Number(number) => format!("{number:?}"),
    };
    let infix = |operator: &str, tightness: u8| {
        (format!("{} {operator} {}", written(0, tightness), written(1, tightness + 1)), tightness)
    };
    let branches = |operator: &str| {
        let [a, b, c, d] = [0, 1, 2, 3].map(|at| written(at, BRANCHES));
        (format!("if {a} {operator} {b} {{ {c} }} else {{ {d} }}"), BRANCHES)
    };
    match operation.function {
        Function::Same => (written(0, BRANCHES), ATOM),
        Function::Neg => (format!("-{}", written(0, SIGN)), SIGN),
        Function::Add => infix("+", SUM),
        Function::Sub => infix("-", SUM),
        Function::Mul => infix("*", PRODUCT),
        Function::Div => infix("/", PRODUCT),
        Function::IfLess => branches("<"),
        Function::IfLessOrEqual => branches("<="),
        Function::IfEqual => branches("=="),
        function => {
            let args: Vec<String> = (0..function.arity()).map(|at| written(at, BRANCHES)).collect();
            (format!("{}({})", function.name(), args.join(", ")), ATOM)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWISH: &str = "[1: mul(1.702, 0), sigmoid(1), mul(0, 2)]";

    #[test]
    fn what_is_printed_parses_to_the_same_program() {
        for text in [SWISH, "[2: if_less(0, -1e-10, 1, 0.5), sub(2, 1)]"] {
            let program: Program = text.parse().unwrap();
            assert_eq!(program.to_string(), text);
        }
    }

    #[test]
    fn damaged_texts_are_errors_or_programs_but_no_panics() {
        let mut n_errors = 0;
        for end in 0..SWISH.len() {
            n_errors += usize::from(SWISH[..end].parse::<Program>().is_err());
            for damage in ['0', '9', '(', ')', ',', ' ', '[', 'é'] {
                let damaged = format!("{}{damage}{}", &SWISH[..end], &SWISH[end + 1..]);
                n_errors += usize::from(damaged.parse::<Program>().is_err());
            }
        }
        assert!(n_errors > 200, "{n_errors}");
        for text in ["[]", "[1:]", "[0: exp(0)]", "[1: exp(1)]", "[1: exp(0, 0)]", "[1: exp(inf)]", "[1: add(0)]", "[9: exp(0)]"]
        {
            assert!(text.parse::<Program>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_program_is_written_as_in_a_definition() {
        for (text, expected) in [
            (SWISH, "|x| x * sigmoid(1.702 * x)"),
            ("[1: exp(0), add(1, 1.0), div(1, 2)]", "|x| { let a = exp(x); a / (a + 1.0) }"),
            ("[2: sub(0, 1), sub(0, 2), mul(3, -2.0), neg(4)]", "|x, y| -((x - (x - y)) * -2.0)"),
            ("[1: if_less(0, 0.0, 0.0, 0), min(1, 6.0)]", "|x| min(if x < 0.0 { 0.0 } else { x }, 6.0)"),
        ] {
            assert_eq!(text.parse::<Program>().unwrap().written(), expected);
        }
    }
}
