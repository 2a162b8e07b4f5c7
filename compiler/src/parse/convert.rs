//! From the values of a definition to the arguments of a layer. Floor 10.

use super::syntax::{Expr, ExprKind, Place};
use super::value::{MAX_INT, Value};
use crate::graph::{Arg, Padding};
use crate::ops::{Kind, Param};

/// Where, and what.
type Mistake = (Place, String);

/// The argument that `value` is, `None` after an earlier mistake, or what is wrong with it and where.
pub fn argument(layer: &str, param: &Param, value: &Value, written: &Expr) -> Result<Option<Arg>, Mistake> {
    let name = param.name;
    let kind_error = || {
        let help = match (param.kind, value) {
            (Kind::Closure, Value::Flow(_)) => {
                format!("\nhelp: the closure stands last: `a -> {layer}(b, |a, b| a * b)`")
            }
            (_, Value::Flow(_)) => format!("\nhelp: what flows into `{layer}` comes along the arrow"),
            (Kind::Size | Kind::Count, Value::Tuple(_)) => String::new(),
            (Kind::Pair | Kind::Factor | Kind::Pad { .. }, Value::List(_)) => {
                "\nhelp: in brackets stand lists of any length; a pair is written `(1, 2)`, a window `3x3`".to_owned()
            }
            (Kind::Axes | Kind::Sizes | Kind::Parts, Value::Tuple(_)) => "\nhelp: a list is written in brackets".to_owned(),
            (Kind::Flag, Value::Int(0)) => "\nhelp: write `false`".to_owned(),
            (Kind::Flag, Value::Int(1)) => "\nhelp: write `true`".to_owned(),
            _ => String::new(),
        };
        (written.place, format!("`{name}` of `{layer}` is {}, but here is {}{help}", param.kind, value.described()))
    };
    let at_least = |least| Bounds { layer, name, least };
    let found = match (param.kind, value) {
        (_, Value::Unknown) => None,
        (Kind::Size, Value::Int(value)) => at_least(1).check(*value, written.place)?.map(Arg::Int),
        (Kind::Count, Value::Int(value)) => at_least(0).check(*value, written.place)?.map(Arg::Int),
        (Kind::Factor, Value::Float(value)) => {
            let arg = Arg::Number(*value);
            param.accepts(&arg).map_err(|_| kind_error())?;
            Some(arg)
        }
        (Kind::Pair | Kind::Factor, Value::Int(value)) => at_least(1).check(*value, written.place)?.map(Arg::Int),
        (Kind::Pair | Kind::Factor, Value::Tuple(values)) if values.len() == 2 => {
            let sides = at_least(1).sides(values, written).ok_or_else(kind_error)??;
            sides.and_then(|sides| <[usize; 2]>::try_from(sides).ok()).map(Arg::Pair)
        }
        (Kind::Pad { .. }, Value::Int(value)) => {
            at_least(0).check(*value, written.place)?.map(|value| Arg::Pad(Padding::Each(value)))
        }
        (Kind::Pad { .. }, Value::Tuple(values)) if matches!(values.len(), 2 | 4) => {
            let sides = at_least(0).sides(values, written).ok_or_else(kind_error)??;
            sides
                .and_then(|sides| match *sides.as_slice() {
                    [a, b] => Some(Padding::Two([a, b])),
                    [top, left, bottom, right] => Some(Padding::Sides([top, left, bottom, right])),
                    _ => None,
                })
                .map(Arg::Pad)
        }
        (Kind::Pad { same: true }, Value::Word("same")) => Some(Arg::Pad(Padding::Same)),
        (Kind::Flag, Value::Bool(value)) => Some(Arg::Flag(*value)),
        (Kind::Number, Value::Float(value)) if !(*value as f32).is_finite() => {
            return Err((written.place, format!("`{name}` of `{layer}` is {value:?}, which single precision cannot hold")));
        }
        (Kind::Number, Value::Float(value)) => Some(Arg::Number(*value)),
        (Kind::Number, Value::Int(value)) => Some(Arg::Number(*value as f64)),
        (Kind::Axis, Value::Int(axis)) => Some(Arg::Axis(*axis)),
        (Kind::Axes, Value::Int(axis)) => Some(Arg::List(vec![*axis])),
        (Kind::Axes, Value::List(values)) if !values.is_empty() => {
            list(values, |value| matches!(value, Value::Int(_))).ok_or_else(kind_error)?
        }
        (Kind::Sizes, Value::List(values)) if !values.is_empty() => sizes(layer, name, values, written)?,
        (Kind::Parts, Value::Int(parts)) => at_least(1).check(*parts, written.place)?.map(Arg::Int),
        (Kind::Parts, Value::List(values)) if !values.is_empty() => {
            at_least(1).sides(values, written).ok_or_else(kind_error)??;
            list(values, |value| matches!(value, Value::Int(_))).ok_or_else(kind_error)?
        }
        (Kind::Range, Value::Range(range)) => Some(Arg::Range(*range)),
        (Kind::Closure, Value::Closure(program)) => Some(Arg::Closure(program.clone())),
        (Kind::Word(words), Value::Word(word)) if words.contains(word) => Some(Arg::Word(word)),
        _ => return Err(kind_error()),
    };
    Ok(found)
}

/// Integers; `None` if some are none, and no argument if some are unknown.
fn list(values: &[Value], is: impl Fn(&Value) -> bool) -> Option<Option<Arg>> {
    if values.iter().any(|value| !is(value) && *value != Value::Unknown) {
        return None;
    }
    let integer = |value: &Value| if let Value::Int(value) = value { Some(*value) } else { None };
    Some(values.iter().map(integer).collect::<Option<Vec<i64>>>().map(Arg::List))
}

/// Sizes of at least 1, one of which may be left open by `_` or -1.
fn sizes(layer: &str, name: &str, values: &[Value], written: &Expr) -> Result<Option<Arg>, Mistake> {
    let place = |index: usize| part(written, index);
    let mut sizes = Vec::new();
    let mut known = true;
    for (index, value) in values.iter().enumerate() {
        match value {
            Value::Open | Value::Int(-1) if sizes.contains(&-1) => {
                return Err((
                    place(index),
                    format!("only one size in `{name}` of `{layer}` can be left open: the others say how large it is"),
                ));
            }
            Value::Open => sizes.push(-1),
            Value::Int(size) if *size == -1 || (1..=MAX_INT).contains(size) => sizes.push(*size),
            Value::Unknown => known = false,
            other => {
                let message = format!("a size in `{name}` of `{layer}` is at least 1, or `_`, but here is {}", other.described());
                return Err((place(index), message));
            }
        }
    }
    Ok(known.then_some(Arg::List(sizes)))
}

/// The place of one of several values, if it has one.
fn part(written: &Expr, index: usize) -> Place {
    match &written.kind {
        ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.get(index).map_or(written.place, |part| part.place),
        _ => written.place,
    }
}

/// What the integers of an argument may be.
struct Bounds<'a> {
    layer: &'a str,
    name: &'a str,
    least: i64,
}

impl Bounds<'_> {
    fn check(&self, value: i64, place: Place) -> Result<Option<usize>, Mistake> {
        let Bounds { layer, name, least } = self;
        if value < *least {
            return Err((place, format!("`{name}` of `{layer}` is at least {least}, but here is {value}")));
        }
        match usize::try_from(value) {
            Ok(size) if value <= MAX_INT => Ok(Some(size)),
            _ => Err((place, format!("`{name}` of `{layer}` is {value}, which is more than can be counted"))),
        }
    }

    /// Each of several integers, on its own token where it has one; the outer `None` if they are not all integers.
    fn sides(&self, values: &[Value], written: &Expr) -> Option<Result<Option<Vec<usize>>, Mistake>> {
        let mut sides = Vec::new();
        let mut known = true;
        for (index, value) in values.iter().enumerate() {
            match value {
                Value::Int(value) => match self.check(*value, part(written, index)) {
                    Ok(side) => sides.extend(side),
                    Err(mistake) => return Some(Err(mistake)),
                },
                Value::Unknown => known = false,
                _ => return None,
            }
        }
        Some(Ok(known.then_some(sides)))
    }
}
