//! Values of a definition while it is evaluated, and their arithmetic, in which nothing wraps. Floor 10.

use super::several::Several;
use crate::graph::ValueId;
use crate::program::{Operand, Program};
use crate::size::Size;
use std::fmt;
use std::rc::Rc;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `64`
    Int(i64),
    /// `1e-5`
    Float(f64),
    /// `true`
    Bool(bool),
    /// `3x3`, `(0, 3)`
    Tuple(Vec<Value>),
    /// `[8, _]`
    List(Vec<Value>),
    /// `_`
    Open,
    /// `2..-2`
    Range([Option<i64>; 2]),
    /// `floor`
    Word(&'static str),
    /// A size that is known only when the network is bound.
    Size(Symbolic),
    /// A value of the flow.
    Flow(ValueId),
    /// Several results of a layer or block, before they are named.
    Several(Box<Several>),
    /// A number in a closure.
    Element(Operand),
    /// `|x| x * sigmoid(x)`
    Closure(Program),
    /// After a mistake: whatever depends on it is silent.
    Unknown,
}

/// A size that depends on a network's symbols.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbolic {
    /// It is no constant.
    pub size: Size,
    /// What the symbols are called.
    pub names: Rc<[String]>,
}

impl Symbolic {
    /// A number if it is one.
    pub fn value(size: Size, names: &Rc<[String]>) -> Value {
        match size.known() {
            Some(value) => Value::Int(value),
            None => Value::Size(Symbolic { size, names: names.clone() }),
        }
    }
}

/// A definition does not compute with numbers beyond this, so that every size and its sums can be counted.
pub const MAX_INT: i64 = 1 << 40;

impl fmt::Display for Value {
    /// As it would be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Tuple(values) => match values.as_slice() {
                [Value::Int(rows @ 1..), Value::Int(columns @ 1..)] => write!(f, "{rows}x{columns}"),
                values => {
                    let parts: Vec<String> = values.iter().map(Value::to_string).collect();
                    write!(f, "({})", parts.join(", "))
                }
            },
            Value::List(values) => {
                let parts: Vec<String> = values.iter().map(Value::to_string).collect();
                write!(f, "[{}]", parts.join(", "))
            }
            Value::Open => f.write_str("_"),
            Value::Range([from, to]) => {
                let end = |end: Option<i64>| end.map_or_else(String::new, |end| end.to_string());
                write!(f, "{}..{}", end(*from), end(*to))
            }
            Value::Several(several) => write!(f, "{} values of the flow", several.parts.len()),
            Value::Word(word) => f.write_str(word),
            Value::Size(Symbolic { size, names }) => write!(f, "{}", size.display(names)),
            Value::Flow(_) => f.write_str("a value of the flow"),
            Value::Element(Operand::Number(number)) => write!(f, "{number:?}"),
            Value::Element(Operand::Value(_)) => f.write_str("an element"),
            Value::Closure(program) => f.write_str(&program.written()),
            Value::Unknown => f.write_str("?"),
        }
    }
}

impl Value {
    /// As an expression, if it is an integer or a size.
    pub fn size(&self) -> Option<Size> {
        match self {
            Value::Int(value) => Some(Size::constant(*value)),
            Value::Size(Symbolic { size, .. }) => Some(size.clone()),
            _ => None,
        }
    }

    /// With its kind, for messages: `the window 3x3`.
    pub fn described(&self) -> String {
        match self {
            Value::Flow(_) => self.to_string(),
            Value::Closure(_) => "a closure".to_owned(),
            Value::Word(_) | Value::Bool(_) => format!("`{self}`"),
            Value::Size(_) => format!("{self}, which is known only when the network is bound"),
            Value::Tuple(values) if values.len() == 2 => format!("the pair {self}"),
            Value::List(_) => format!("the list {self}"),
            Value::Range(_) => format!("the range {self}"),
            Value::Open => "`_`".to_owned(),
            _ => self.to_string(),
        }
    }

    fn is_unknown(&self) -> bool {
        match self {
            Value::Unknown => true,
            Value::Tuple(values) | Value::List(values) => values.iter().any(Value::is_unknown),
            _ => false,
        }
    }
}

/// `-a` or `!a`.
pub fn unary(operator: char, of: &Value) -> Result<Value, String> {
    match (operator, of) {
        (_, Value::Unknown) => Ok(Value::Unknown),
        // Any number within bounds has its negative within bounds.
        ('-', Value::Int(value)) => Ok(Value::Int(-value)),
        ('-', Value::Float(value)) => Ok(Value::Float(-value)),
        ('!', Value::Bool(value)) => Ok(Value::Bool(!value)),
        ('-', other) => Err(format!("`-` is for numbers, but here is {}", other.described())),
        (_, other) => Err(format!("`!` is for `true` and `false`, but here is {}", other.described())),
    }
}

/// `a + b` and the other operators whose sides are both evaluated.
pub fn binary(operator: &str, left: &Value, right: &Value) -> Result<Value, String> {
    if left.is_unknown() || right.is_unknown() {
        return Ok(Value::Unknown);
    }
    if let (Value::Size(of), other) | (other, Value::Size(of)) = (left, right)
        && matches!(other, Value::Int(_) | Value::Size(_))
    {
        return symbolic(operator, left, right, &of.names);
    }
    if let "==" | "!=" = operator {
        return match (left, right) {
            (Value::Flow(_), _) | (_, Value::Flow(_)) => Err(format!(
                "values of the flow cannot be compared\nhelp: compare their properties: `x.channels {operator} y.channels`"
            )),
            _ if std::mem::discriminant(left) != std::mem::discriminant(right) => Err(format!(
                "`{operator}` compares values of one kind, but here are {} and {}",
                left.described(),
                right.described()
            )),
            _ => Ok(Value::Bool((left == right) == (operator == "=="))),
        };
    }
    let (&Value::Int(a), &Value::Int(b)) = (left, right) else {
        let is_flow = |value: &Value| matches!(value, Value::Flow(_));
        if matches!(operator, "+" | "*") && (is_flow(left) || is_flow(right)) {
            let layer = if operator == "+" { "add" } else { "mul" };
            return Err(format!("`{operator}` computes with integers\nhelp: values of the flow are joined by `{layer}(a, b)`"));
        }
        let what = if matches!(operator, "<" | ">" | "<=" | ">=") { "compares" } else { "computes with" };
        return Err(format!("`{operator}` {what} integers, but here are {} and {}", left.described(), right.described()));
    };
    let checked = match operator {
        "<" => return Ok(Value::Bool(a < b)),
        ">" => return Ok(Value::Bool(a > b)),
        "<=" => return Ok(Value::Bool(a <= b)),
        ">=" => return Ok(Value::Bool(a >= b)),
        "/" | "%" if b == 0 => return Err(format!("{a} {operator} {b} divides by zero")),
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "/" => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    match checked {
        Some(value) if (-MAX_INT..=MAX_INT).contains(&value) => Ok(Value::Int(value)),
        _ => Err(format!("{a} {operator} {b} overflows: a definition counts up to 2^40")),
    }
}

/// The same where a side is a [`Value::Size`]; comparisons are for whoever knows what the symbols may be.
fn symbolic(operator: &str, left: &Value, right: &Value, names: &Rc<[String]>) -> Result<Value, String> {
    let (Some(a), Some(b)) = (left.size(), right.size()) else { unreachable!("{left:?} {operator} {right:?} of sizes") };
    let result = match (operator, b.known()) {
        ("+", _) => a.plus(&b),
        ("-", _) => a.minus(&b),
        ("*", _) => a.times(&b),
        ("/" | "%", Some(0)) => return Err(format!("{left} {operator} 0 divides by zero")),
        ("/", Some(by @ 1..)) => a.floor_div(by),
        ("%", Some(by @ 1..)) => a.remainder(by),
        ("/" | "%", _) => return Err(format!("a size is divided by a positive number, but here is {}", right.described())),
        _ => return Err(format!("whether {left} {operator} {right} is known only when the network is bound")),
    };
    match result {
        Some(size) => Ok(Symbolic::value(size, names)),
        None => Err(format!("{left} {operator} {right} overflows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_that_of_integers_and_checked() {
        let int = |operator, a, b| binary(operator, &Value::Int(a), &Value::Int(b));
        assert_eq!(int("+", 2, 3), Ok(Value::Int(5)));
        assert_eq!(int("/", 7, 2), Ok(Value::Int(3)));
        assert_eq!(int("%", 7, 2), Ok(Value::Int(1)));
        assert_eq!(int("<=", 7, 7), Ok(Value::Bool(true)));
        assert!(int("/", 7, 0).is_err_and(|message| message.contains("divides by zero")));
        assert!(int("*", MAX_INT, 2).is_err_and(|message| message.contains("overflows")));
        assert!(int("*", MAX_INT, MAX_INT).is_err());
        assert!(binary("+", &Value::Int(1), &Value::Bool(true)).is_err());
        assert_eq!(binary("+", &Value::Unknown, &Value::Bool(true)), Ok(Value::Unknown));
    }

    #[test]
    fn values_are_written_as_in_a_definition() {
        assert_eq!(Value::Tuple(vec![Value::Int(3), Value::Int(5)]).to_string(), "3x5");
        assert_eq!(Value::Tuple(vec![Value::Int(0), Value::Int(3)]).to_string(), "(0, 3)");
        assert_eq!(Value::Float(1e-5).to_string(), "1e-5");
    }
}
