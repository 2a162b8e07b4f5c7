//! Evaluates a closure into the program of its operations. Floor 10.
//!
//! Elements are values of the scope like others; what does not depend on them is computed here, in single precision. `check` has
//! reported functions that there are not.

use super::closure::function;
use super::resolve::{Resolver, Scope};
use super::syntax::{Body, Call, Closure, Expr, ExprKind, If, Place};
use super::value::{self, Value};
use crate::program::{Builder, Function, MAX_INPUTS, MAX_OPERATIONS, Operand};

impl<'a> Resolver<'a, '_> {
    /// The closure as a value: its program.
    pub(super) fn closure(&mut self, scope: &mut Scope<'a>, closure: &'a Closure, place: Place) -> Value {
        let n = closure.params.len();
        if n > MAX_INPUTS {
            return self.unknown(place, format!("a closure has at most {MAX_INPUTS} parameters, but here are {n}"));
        }
        let base = scope.len();
        for (index, param) in closure.params.iter().enumerate() {
            scope.push((&param.text, Value::Element(Operand::Value(index as u16))));
        }
        self.program = Some(Builder::new(n));
        let result = self.body_value(scope, &closure.body);
        let result = self.operand(&result, place);
        scope.truncate(base);
        match (self.program.take(), result) {
            (Some(builder), Some(result)) => Value::Closure(builder.finish(result)),
            _ => Value::Unknown,
        }
    }

    /// The value of an expression in a closure.
    pub(super) fn number(&mut self, scope: &mut Scope<'a>, expr: &'a Expr) -> Value {
        match &expr.kind {
            ExprKind::Int(value) => Value::Int(*value),
            ExprKind::Float(value) => Value::Float(*value),
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Name(name) => match self.name(scope, name) {
                Value::Flow(_) => self.unknown(
                    expr.place,
                    format!("`{name}` is a value of the flow, and a closure knows its elements by parameters alone\nhelp: `a -> map({name}, |a, b| …)`"),
                ),
                value => value,
            },
            ExprKind::Property(of, property) => match &of.kind {
                ExprKind::Name(name) => {
                    let value = self.name(scope, name);
                    self.property(&value, of.place, &property.text, property.place)
                }
                _ => self.unknown(of.place, "in a closure, a value whose property is used has a name\nhelp: name it by `let` before"),
            },
            ExprKind::Unary('-', of) => match self.expr(scope, of) {
                Value::Int(value) => Value::Int(-value),
                value => self.apply_function(Function::Neg, &[(&value, of.place)], expr.place),
            },
            ExprKind::Unary(..) => self.no_number(expr.place),
            ExprKind::Binary(operator, place, left, right) => self.arithmetic(scope, operator, *place, left, right),
            ExprKind::Call(call) => self.call_function(scope, call),
            ExprKind::If(branches) => self.choose(scope, branches),
            ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Range(_) | ExprKind::Open => self.unknown(expr.place, "a closure computes with single numbers, not with several at once"),
            ExprKind::Chain(..) | ExprKind::Closure(_) | ExprKind::Wrong => Value::Unknown,
        }
    }

    fn no_number(&mut self, place: Place) -> Value {
        let help = "help: choose by it: `if x < 1.0 { 1.0 } else { 0.0 }`";
        self.unknown(place, format!("a condition is no number\n{help}"))
    }

    fn arithmetic(&mut self, scope: &mut Scope<'a>, operator: &str, place: Place, left: &'a Expr, right: &'a Expr) -> Value {
        let function = match operator {
            "+" => Function::Add,
            "-" => Function::Sub,
            "*" => Function::Mul,
            "/" => Function::Div,
            "%" => {
                let message = "a closure has no remainder\nhelp: the operators are `+ - * /`";
                return self.unknown(place, message);
            }
            _ => return self.no_number(place),
        };
        let (a, b) = (self.expr(scope, left), self.expr(scope, right));
        match (&a, &b) {
            (Value::Int(a), Value::Int(b)) if operator == "/" => self.unknown(
                place,
                format!(
                    "{a} / {b} would be a division of integers\nhelp: write `{a}.0 / {b}.0`, which is {:?}",
                    *a as f32 / *b as f32
                ),
            ),
            (Value::Int(_), Value::Int(_)) => {
                value::binary(operator, &a, &b).unwrap_or_else(|message| self.unknown(place, message))
            }
            _ => self.apply_function(function, &[(&a, left.place), (&b, right.place)], place),
        }
    }

    fn call_function(&mut self, scope: &mut Scope<'a>, call: &'a Call) -> Value {
        let Ok(function) = function(call) else { return Value::Unknown };
        let values: Vec<(Value, Place)> =
            call.args.iter().map(|argument| (self.expr(scope, &argument.value), argument.value.place)).collect();
        let values: Vec<(&Value, Place)> = values.iter().map(|(value, place)| (value, *place)).collect();
        match (function, values.as_slice()) {
            (Some(function), values) => self.apply_function(function, values, call.name.place),
            (None, &[x, low, high]) => {
                // NaN stays, as with `f32::clamp`.
                let above = self.apply_function(Function::IfLess, &[x, low, low, x], call.name.place);
                let above = (&above, x.1);
                self.apply_function(Function::IfLess, &[high, above, high, above], call.name.place)
            }
            (None, _) => Value::Unknown,
        }
    }

    /// `if a < b { … } else { … }`: all branches are computed, and one is chosen.
    fn choose(&mut self, scope: &mut Scope<'a>, branches: &'a If<Body>) -> Value {
        let mut results = Vec::new();
        for (_, body) in &branches.arms {
            let value = self.body_value(scope, body);
            results.push(self.operand(&value, branches.place));
        }
        let Some(otherwise) = &branches.otherwise else { return Value::Unknown };
        let value = self.body_value(scope, otherwise);
        let mut chosen = self.operand(&value, branches.place);
        for ((condition, _), result) in branches.arms.iter().zip(results).rev() {
            chosen = match (result, chosen) {
                (Some(result), Some(otherwise)) => self.condition(scope, condition, result, otherwise),
                _ => None,
            };
        }
        chosen.map_or(Value::Unknown, Value::Element)
    }

    /// One of two numbers by a condition.
    fn condition(&mut self, scope: &mut Scope<'a>, condition: &'a Expr, then: Operand, otherwise: Operand) -> Option<Operand> {
        let ExprKind::Binary(operator, place, left, right) = &condition.kind else {
            if let ExprKind::Unary('!', of) = &condition.kind {
                return self.condition(scope, of, otherwise, then);
            }
            return match self.expr(scope, condition) {
                Value::Bool(true) => Some(then),
                Value::Bool(false) => Some(otherwise),
                Value::Unknown => None,
                other => {
                    let message = format!(
                        "a condition compares two numbers, but here is {}\nhelp: write `if x < 0.0 {{ … }}`",
                        other.described()
                    );
                    self.unknown(condition.place, message);
                    None
                }
            };
        };
        let (function, swapped, negated) = match *operator {
            "&&" => {
                let both = self.condition(scope, right, then, otherwise)?;
                return self.condition(scope, left, both, otherwise);
            }
            "||" => {
                let second = self.condition(scope, right, then, otherwise)?;
                return self.condition(scope, left, then, second);
            }
            "<" => (Function::IfLess, false, false),
            "<=" => (Function::IfLessOrEqual, false, false),
            ">" => (Function::IfLess, true, false),
            ">=" => (Function::IfLessOrEqual, true, false),
            "==" => (Function::IfEqual, false, false),
            "!=" => (Function::IfEqual, false, true),
            _ => {
                self.unknown(*place, format!("a condition compares two numbers, and `{operator}` makes one of them"));
                return None;
            }
        };
        let (left, right) = if swapped { (right, left) } else { (left, right) };
        let (a, b) = (self.expr(scope, left), self.expr(scope, right));
        let (then, otherwise) = if negated { (otherwise, then) } else { (then, otherwise) };
        let numbers =
            [(&a, left.place), (&b, right.place), (&Value::Element(then), *place), (&Value::Element(otherwise), *place)];
        match self.apply_function(function, &numbers, *place) {
            Value::Element(chosen) => Some(chosen),
            _ => None,
        }
    }

    /// A function of numbers; unknown after a mistake in one of them.
    fn apply_function(&mut self, function: Function, of: &[(&Value, Place)], place: Place) -> Value {
        let operands: Vec<Option<Operand>> = of.iter().map(|(value, place)| self.operand(value, *place)).collect();
        let Some(operands) = operands.into_iter().collect::<Option<Vec<_>>>() else { return Value::Unknown };
        match self.program.as_mut().and_then(|program| program.apply(function, &operands)) {
            Some(result) => Value::Element(result),
            None => {
                self.unknown(place, format!("this expression is too long: a closure has at most {MAX_OPERATIONS} operations"))
            }
        }
    }

    /// A value as a number of the program, in single precision.
    fn operand(&mut self, value: &Value, place: Place) -> Option<Operand> {
        let number = match value {
            Value::Element(operand) => return Some(*operand),
            Value::Unknown => return None,
            Value::Int(value) => *value as f32,
            Value::Float(value) => *value as f32,
            other => {
                let help = match other {
                    Value::Word(word) => format!("\nhelp: a function is applied to a number: `{word}(x)`"),
                    _ => String::new(),
                };
                self.unknown(place, format!("a closure computes with numbers, but here is {}{help}", other.described()));
                return None;
            }
        };
        if number.is_finite() {
            return Some(Operand::Number(number));
        }
        self.unknown(place, format!("here is {}, which single precision cannot hold", value.described()));
        None
    }
}
