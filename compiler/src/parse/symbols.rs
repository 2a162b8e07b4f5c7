//! Sizes that are known only when a network is bound: its symbols, what `where` says of them, and what its layers ask. Floor 10.
//!
//! A network with symbols is evaluated at an example, the smallest sizes that meet all conditions: layers are checked there in
//! numbers, and in expressions for all sizes. A condition that a layer adds may exclude the example; then another one is taken
//! and the network evaluated anew.

use super::report::Kind;
use super::resolve::{Resolver, Scope};
use super::syntax::{Expr, ExprKind, Place};
use super::value::{Symbolic, Value, binary};
use crate::facts::{Condition, Facts, Verdict};
use crate::graph::ValueId;
use crate::shape::Sizes;
use crate::size::Size;
use crate::template::named;
use std::collections::HashMap;
use std::rc::Rc;

/// Examples that are looked at before a network's conditions count as impossible to meet.
const MAX_EXAMPLES: usize = 1 << 16;

/// The symbols of one network.
pub struct Symbols {
    /// Their names, in order.
    pub names: Rc<[String]>,
    /// What `where` says, as it is written and as it is meant.
    pub conditions: Vec<(String, Condition)>,
    /// What that says of each symbol.
    pub facts: Facts,
    /// What layers ask for that depends on the sizes.
    pub asks: Vec<Condition>,
    /// The sizes that the network is evaluated at.
    pub example: Vec<i64>,
    /// Of the values whose sizes depend on symbols.
    pub sizes: HashMap<ValueId, Sizes>,
    /// Whether a layer asks for something that the example does not meet.
    pub missed: bool,
}

impl Symbols {
    /// Symbols of which nothing is known.
    pub fn new(names: &[&str]) -> Symbols {
        Symbols {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            conditions: Vec::new(),
            facts: Facts::of(names.len(), &[]),
            asks: Vec::new(),
            example: vec![1; names.len()],
            sizes: HashMap::new(),
            missed: false,
        }
    }

    /// Whether there are none: every size is a number.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// A symbol as a value, by its index.
    pub fn value(&self, index: usize) -> Value {
        Symbolic::value(Size::symbol(index), &self.names)
    }

    /// Takes the smallest sizes that meet all conditions known so far; whether there are any.
    pub fn take_example(&mut self) -> bool {
        let conditions = self.conditions.iter().map(|(_, condition)| condition).chain(&self.asks);
        let conditions: Vec<Condition> = conditions.cloned().collect();
        let found = smallest(&Facts::of(self.names.len(), &conditions), |sizes| {
            conditions.iter().all(|condition| condition.holds(sizes))
        });
        self.missed = false;
        found.map(|found| self.example = found).is_some()
    }

    /// `H = 32, W = 32`
    pub fn at_example(&self) -> String {
        named(&self.names, &self.example)
    }

    /// Adds what a layer asks for, unless it always holds; an error if it never does.
    pub fn ask(&mut self, condition: Condition) -> Result<(), Condition> {
        match self.facts.decide(&condition) {
            Verdict::Always => Ok(()),
            Verdict::Never => Err(condition),
            Verdict::Depends => {
                self.missed |= !condition.holds(&self.example);
                if !self.asks.contains(&condition) {
                    self.asks.push(condition);
                }
                Ok(())
            }
        }
    }
}

/// The operators that make conditions.
const RELATIONS: [&str; 5] = ["==", ">=", "<=", ">", "<"];

/// The condition that one of these operators makes of two sizes; `None` where it is none of them, or a size overflows.
fn comparison(operator: &str, left: Size, right: Size) -> Option<Condition> {
    let more = |size: Size| size.plus(&Size::constant(1));
    match operator {
        "==" => Some(Condition::equal(left, right)),
        ">=" => Some(Condition::at_least(left, right)),
        "<=" => Some(Condition::at_least(right, left)),
        ">" => Some(Condition::at_least(left, more(right)?)),
        "<" => Some(Condition::at_least(right, more(left)?)),
        _ => None,
    }
}

/// An expression of numbers, names and operators as it is written.
fn syntax_of(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Unary(operator, of) => format!("{operator}{}", side(of)),
        ExprKind::Binary(operator, _, left, right) if RELATIONS.contains(operator) => {
            format!("{} {operator} {}", syntax_of(left), syntax_of(right))
        }
        ExprKind::Binary(operator, _, left, right) => format!("{} {operator} {}", side(left), side(right)),
        _ => "…".to_owned(),
    }
}

/// A side of an operator.
fn side(expr: &Expr) -> String {
    match expr.kind {
        ExprKind::Binary(..) => format!("({})", syntax_of(expr)),
        _ => syntax_of(expr),
    }
}

/// The smallest sizes for which `fits` says yes: first all symbols at the same step of their domains, then all combinations.
fn smallest(facts: &Facts, fits: impl Fn(&[i64]) -> bool) -> Option<Vec<i64>> {
    let n = facts.0.len();
    let mut steps: Vec<_> = facts.0.iter().map(|domain| domain.values()).collect();
    let mut last: Option<Vec<i64>> = None;
    for _ in 0..MAX_EXAMPLES {
        // A domain that has ended stays at its last value.
        let mut moved = false;
        let mut sizes = Vec::with_capacity(n);
        for (index, step) in steps.iter_mut().enumerate() {
            let next = step.next();
            moved |= next.is_some();
            sizes.push(next.or_else(|| last.as_ref().map(|last| last[index]))?);
        }
        if fits(&sizes) {
            return Some(sizes);
        }
        if !moved {
            break;
        }
        last = Some(sizes);
    }
    // As many values of each as all combinations of them may be looked at.
    let each = (1..).take_while(|&each: &usize| each.checked_pow(n as u32).is_some_and(|all| all <= MAX_EXAMPLES)).last()?;
    let values: Vec<Vec<i64>> = facts.0.iter().map(|domain| domain.values().take(each).collect()).collect();
    let all = (0..each.pow(n as u32)).map(|mut index| {
        values
            .iter()
            .map(|values| {
                let value = values.get(index % each).copied();
                index /= each;
                value
            })
            .collect::<Option<Vec<i64>>>()
    });
    all.flatten().find(|sizes| fits(sizes))
}

impl<'a> Resolver<'a, '_> {
    /// Evaluates what `where` says.
    pub(super) fn conditions(&mut self, conditions: &'a [Expr]) {
        for condition in conditions {
            self.size_condition(condition);
        }
        if self.symbols.is_empty() {
            return;
        }
        let known: Vec<Condition> = self.symbols.conditions.iter().map(|(_, condition)| condition.clone()).collect();
        self.symbols.facts = Facts::of(self.symbols.names.len(), &known);
        if let (false, Some(first)) = (self.symbols.take_example(), conditions.first()) {
            let names = self.symbols.names.join(" and ");
            self.mistake(first.place, Kind::Value, format!("no {names} meets all of these conditions"));
        }
    }

    fn size_condition(&mut self, written: &'a Expr) {
        let ExprKind::Binary(operator, place, left, right) = &written.kind else {
            return self.no_condition(written.place);
        };
        if *operator == "&&" {
            self.size_condition(left);
            return self.size_condition(right);
        }
        let mut scope = self.symbol_scope();
        let (a, b) = (self.expr(&mut scope, left), self.expr(&mut scope, right));
        let (Some(left), Some(right)) = (a.size(), b.size()) else {
            if a == Value::Unknown || b == Value::Unknown {
                return;
            }
            let message = binary(operator, &a, &b).err();
            return self.mistake(*place, Kind::Value, message.unwrap_or_else(|| "a condition compares sizes".to_owned()));
        };
        if !RELATIONS.contains(operator) {
            return self.no_condition(written.place);
        }
        let Some(condition) = comparison(operator, left, right) else {
            return self.mistake(*place, Kind::Value, "a size overflows");
        };
        if condition.left.known().is_some() && condition.right.known().is_some() {
            return self.mistake(
                written.place,
                Kind::Value,
                "this says nothing of a size that is known only when the network is bound\nhelp: such a size is a capital letter among those of an input: `image: [3, H, W]`",
            );
        }
        let text = syntax_of(written);
        self.symbols.conditions.push((text, condition));
    }

    fn no_condition(&mut self, place: Place) {
        self.mistake(place, Kind::Value, "a condition compares sizes by `==`, `>=`, `<=`, `>` or `<`: `H >= 32`, `H % 4 == 0`");
    }

    /// The symbols by name, as a network's body knows them.
    pub(super) fn symbol_scope(&self) -> Scope<'a> {
        self.written_symbols.iter().enumerate().map(|(index, name)| (*name, self.symbols.value(index))).collect()
    }

    /// Whether a comparison of sizes holds, if it does for all values of the symbols or for none.
    pub(super) fn compare_sizes(&self, operator: &str, left: &Value, right: &Value) -> Option<bool> {
        let (operator, negated) = if operator == "!=" { ("==", true) } else { (operator, false) };
        let condition = comparison(operator, left.size()?, right.size()?)?;
        match self.symbols.facts.decide(&condition) {
            Verdict::Always => Some(!negated),
            Verdict::Never => Some(negated),
            Verdict::Depends => None,
        }
    }

    /// A property of a value whose sizes depend on symbols.
    pub(super) fn symbolic_property(&self, of: &Value, property: &str) -> Option<Value> {
        let Value::Flow(id) = of else { return None };
        let sizes = self.symbols.sizes.get(id)?;
        let size = match (property, sizes.0.as_slice()) {
            ("len", _) => sizes.len()?,
            ("channels", [channels, _, ..]) => channels.clone(),
            ("height", [_, height, _]) => height.clone(),
            ("width", [_, _, width]) => width.clone(),
            ("length", [_, length]) => length.clone(),
            _ => return None,
        };
        Some(Symbolic::value(size, &self.symbols.names))
    }

    /// The sizes of a value as expressions, whether they depend on symbols or not.
    pub(super) fn value_sizes(&self, id: ValueId) -> Option<Sizes> {
        let known = || self.values.get(id.0 as usize)?.as_ref().map(Sizes::from);
        self.symbols.sizes.get(&id).cloned().or_else(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_example_meets_conditions_on_several_symbols() {
        let (h, w) = (Size::symbol(0), Size::symbol(1));
        let of = |conditions: Vec<Condition>| {
            let mut symbols = Symbols::new(&["H", "W"]);
            symbols.facts = Facts::of(2, &conditions);
            symbols.conditions = conditions.into_iter().map(|condition| (String::new(), condition)).collect();
            symbols.take_example().then_some(symbols.example)
        };
        assert_eq!(of(vec![]), Some(vec![1, 1]));
        let fours = Condition::equal(h.remainder(4).unwrap(), Size::constant(0));
        assert_eq!(of(vec![fours.clone(), Condition::at_least(h.clone(), Size::constant(30))]), Some(vec![32, 1]));
        let wide = Condition::equal(w.clone(), h.scaled(2).unwrap());
        assert_eq!(of(vec![fours.clone(), wide.clone()]), Some(vec![4, 8]));
        assert_eq!(of(vec![fours, wide, Condition::at_least(Size::constant(3), h)]), None);
    }
}
