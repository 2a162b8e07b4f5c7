//! Evaluates a network: chains, names, arithmetic, loops; `apply` has the calls. Floor 10.
//!
//! `check` has reported what can be said without evaluating; where it has, evaluation is silent. After a mistake the result is
//! unknown, and so is what depends on it, so that one mistake is one error.

use super::check;
use super::names::{Names, Trail};
use super::report::{Kind, Reports, Use};
use super::several::{self, Several};
use super::symbols::Symbols;
use super::syntax::{Body, Expr, ExprKind, For, If, Label, Outcome, Part, Pattern, Place, Source, Stage, StageKind};
use super::value::{self, Value};
use crate::graph::{Node, ValueId};
use crate::program::Builder;
use crate::registry;
use crate::shape::Shape;
use std::collections::HashSet;

/// Layers in one network.
const MAX_NODES: usize = 10_000;
/// Expressions and stages evaluated for one network.
const MAX_STEPS: usize = 1_000_000;
/// Blocks in blocks, groups in groups.
const MAX_DEPTH: usize = 150;

/// Names and values in scope, the innermost last.
pub type Scope<'a> = Vec<(&'a str, Value)>;

/// One network while it is evaluated.
pub struct Resolver<'a, 'r> {
    pub(super) source: &'a Source,
    pub(super) recursive: &'r HashSet<&'a str>,
    pub(super) constants: &'r Scope<'a>,
    pub(super) reports: &'r mut Reports,
    /// What replaces the default of any argument called `round`.
    pub(super) round: Option<&'static str>,
    /// By [`ValueId`]; `None` after a mistake. Where sizes depend on symbols, those of the example.
    pub(super) values: Vec<Option<Shape>>,
    /// Sizes that are known only when the network is bound.
    pub(super) symbols: Symbols,
    /// Their names as they are written.
    pub(super) written_symbols: Vec<&'a str>,
    pub(super) nodes: Vec<Node>,
    /// Where each node is written.
    pub(super) places: Vec<Place>,
    pub(super) names: Names,
    pub(super) uses: Vec<Use>,
    pub(super) trail: Trail,
    /// The program of the closure that is evaluated.
    pub(super) program: Option<Builder>,
    n_steps: usize,
    depth: usize,
    exhausted: bool,
}

impl<'a, 'r> Resolver<'a, 'r> {
    /// An empty network.
    pub fn new(
        source: &'a Source,
        recursive: &'r HashSet<&'a str>,
        constants: &'r Scope<'a>,
        round: Option<&'static str>,
        symbols: &[&'a str],
        reports: &'r mut Reports,
    ) -> Self {
        Resolver {
            source,
            recursive,
            constants,
            reports,
            round,
            values: Vec::new(),
            symbols: Symbols::new(symbols),
            written_symbols: symbols.to_vec(),
            nodes: Vec::new(),
            places: Vec::new(),
            names: Names::default(),
            uses: Vec::new(),
            trail: Trail::default(),
            program: None,
            n_steps: 0,
            depth: 0,
            exhausted: false,
        }
    }

    /// A new value of the flow.
    pub fn add_value(&mut self, shape: Option<Shape>) -> ValueId {
        self.values.push(shape);
        ValueId(self.values.len() as u32 - 1)
    }

    /// Gives a value of the flow another shape.
    pub fn set_shape(&mut self, ValueId(id): ValueId, shape: Shape) {
        if let Some(known) = self.values.get_mut(id as usize) {
            *known = Some(shape);
        }
    }

    /// The shape of a value of the flow, if it is known.
    pub fn shape(&self, value: &Value) -> Option<&Shape> {
        match value {
            Value::Flow(id) => self.values.get(id.0 as usize)?.as_ref(),
            _ => None,
        }
    }

    pub(super) fn mistake(&mut self, place: Place, kind: Kind, message: impl Into<String>) {
        self.reports.add_in(place, kind, message, &self.uses);
    }

    pub(super) fn unknown(&mut self, place: Place, message: impl Into<String>) -> Value {
        self.mistake(place, Kind::Value, message);
        Value::Unknown
    }

    /// Counts a step and a level; too many are a mistake, and the end of the evaluation.
    fn deeper(&mut self, place: Place, rule: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.exhausted || self.symbols.missed {
            return Value::Unknown;
        }
        self.n_steps += 1;
        let limit = if self.nodes.len() >= MAX_NODES {
            Some(format!("a network has at most {MAX_NODES} layers, and this would be one more"))
        } else if self.n_steps > MAX_STEPS {
            Some(format!("the evaluation of this network takes more than {MAX_STEPS} steps"))
        } else if self.depth == MAX_DEPTH {
            Some(format!("blocks and groups are nested more than {MAX_DEPTH} deep"))
        } else {
            None
        };
        if let Some(message) = limit {
            self.exhausted = true;
            self.mistake(place, Kind::Limit, message);
            return Value::Unknown;
        }
        self.depth += 1;
        let value = rule(self);
        self.depth -= 1;
        value
    }

    /// The value of an expression, in the scope of a body: of several results the first, if that may stand alone.
    pub fn expr(&mut self, scope: &mut Scope<'a>, expr: &'a Expr) -> Value {
        let value = self.results(scope, expr);
        self.alone(value)
    }

    /// The value of an expression, or the results that it gives.
    fn results(&mut self, scope: &mut Scope<'a>, expr: &'a Expr) -> Value {
        self.deeper(expr.place, |resolver| match resolver.program {
            Some(_) => resolver.number(scope, expr),
            None => resolver.expr_kind(scope, expr),
        })
    }

    fn expr_kind(&mut self, scope: &mut Scope<'a>, expr: &'a Expr) -> Value {
        match &expr.kind {
            ExprKind::Int(value) if *value > value::MAX_INT => {
                self.unknown(expr.place, format!("{value} overflows: a definition counts up to 2^40"))
            }
            ExprKind::Int(value) => Value::Int(*value),
            ExprKind::Float(value) => Value::Float(*value),
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Name(name) => self.name(scope, name),
            ExprKind::Tuple(values) => Value::Tuple(values.iter().map(|value| self.expr(scope, value)).collect()),
            ExprKind::List(values) => Value::List(values.iter().map(|value| self.expr(scope, value)).collect()),
            ExprKind::Open => Value::Open,
            ExprKind::Range([from, to]) => {
                let ends = [from, to].map(|end| end.as_ref().map(|end| self.position(scope, end)));
                match ends {
                    [Some(None), _] | [_, Some(None)] => Value::Unknown,
                    [from, to] => Value::Range([from.flatten(), to.flatten()]),
                }
            }
            ExprKind::Property(of, property) => {
                let value = self.expr(scope, of);
                self.property(&value, of.place, &property.text, property.place)
            }
            ExprKind::Unary(operator, of) => {
                let of = self.expr(scope, of);
                value::unary(*operator, &of).unwrap_or_else(|message| self.unknown(expr.place, message))
            }
            ExprKind::Binary(operator, place, left, right) => self.binary(scope, operator, *place, left, right),
            ExprKind::Call(call) => {
                let application = self.prepare(scope, call, None);
                self.apply(application)
            }
            ExprKind::If(branches) => match self.branch(scope, branches) {
                Some(Some(body)) => self.body_value(scope, body),
                _ => Value::Unknown,
            },
            ExprKind::Chain(source, stages) => {
                let flow = self.expr(scope, source);
                let flow = self.flow(flow, source.place);
                self.stages(scope, stages, flow, &mut 0)
            }
            ExprKind::Closure(closure) => self.closure(scope, closure, expr.place),
            ExprKind::Wrong => Value::Unknown,
        }
    }

    pub(super) fn name(&self, scope: &Scope<'a>, name: &str) -> Value {
        let find = |scope: &Scope<'a>| scope.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        find(scope).or_else(|| find(self.constants)).or_else(|| check::word(name).map(Value::Word)).unwrap_or(Value::Unknown)
    }

    fn binary(&mut self, scope: &mut Scope<'a>, operator: &str, place: Place, left: &'a Expr, right: &'a Expr) -> Value {
        let a = self.expr(scope, left);
        if let "&&" | "||" = operator {
            let stops = operator == "||";
            return match a {
                Value::Bool(a) if a == stops => Value::Bool(a),
                Value::Bool(_) => match self.expr(scope, right) {
                    value @ (Value::Bool(_) | Value::Unknown) => value,
                    other => self.unknown(
                        right.place,
                        format!("`{operator}` joins `true` and `false`, but here is {}", other.described()),
                    ),
                },
                Value::Unknown => Value::Unknown,
                other => {
                    self.unknown(left.place, format!("`{operator}` joins `true` and `false`, but here is {}", other.described()))
                }
            };
        }
        let b = self.expr(scope, right);
        if let (Value::Size(_), _) | (_, Value::Size(_)) = (&a, &b)
            && let Some(holds) = self.compare_sizes(operator, &a, &b)
        {
            return Value::Bool(holds);
        }
        value::binary(operator, &a, &b).unwrap_or_else(|message| self.unknown(place, message))
    }

    pub(super) fn property(&mut self, of: &Value, place: Place, property: &str, property_place: Place) -> Value {
        if let Some(size) = self.symbolic_property(of, property) {
            return size;
        }
        let shape = match of {
            Value::Flow(_) => self.shape(of).cloned(),
            Value::Unknown => None,
            other => {
                return self.unknown(place, format!("values of the flow have properties, but this is {}", other.described()));
            }
        };
        let Some(shape) = shape else { return Value::Unknown };
        let size = match (property, &*shape.0) {
            ("len", _) => Some(shape.len()),
            ("channels", &[channels, _, ..]) => Some(channels),
            ("height", &[_, height, _]) => Some(height),
            ("width", &[_, _, width]) => Some(width),
            ("length", &[_, length]) => Some(length),
            // Reported by `check`.
            _ if !check::PROPERTIES.contains(&property) => return Value::Unknown,
            _ => {
                let has = match shape.0.len() {
                    3 => "it has `channels`, `height`, `width` and `len`, which is their product",
                    2 => "it has `channels`, `length` and `len`, which is their product",
                    _ => "its length is `len`",
                };
                return self.unknown(property_place, format!("the {} {shape} has no `{property}`\nhelp: {has}", shape.kind()));
            }
        };
        size.and_then(|size| i64::try_from(size).ok()).map_or(Value::Unknown, Value::Int)
    }

    /// The branch that is taken: `Some(None)` if none is, `None` if that is unknown.
    fn branch<T>(&mut self, scope: &mut Scope<'a>, branches: &'a If<T>) -> Option<Option<&'a T>> {
        for (condition, then) in &branches.arms {
            match self.expr(scope, condition) {
                Value::Bool(true) => return Some(Some(then)),
                Value::Bool(false) => {}
                Value::Unknown => return None,
                other => {
                    self.unknown(condition.place, format!("a condition is `true` or `false`, but here is {}", other.described()));
                    return None;
                }
            }
        }
        Some(branches.otherwise.as_ref())
    }

    /// An end of a range; `None` after a mistake.
    fn position(&mut self, scope: &mut Scope<'a>, end: &'a Expr) -> Option<i64> {
        match self.expr(scope, end) {
            Value::Int(value) => Some(value),
            Value::Unknown => None,
            other => {
                self.unknown(end.place, format!("the ends of a range are integers, but here is {}", other.described()));
                None
            }
        }
    }

    /// A value that layers can be applied to.
    pub(super) fn flow(&mut self, value: Value, place: Place) -> Value {
        match value {
            Value::Flow(_) | Value::Unknown => value,
            // Some options are words for layers, too: `rnn(…, nonlinearity = relu)`.
            Value::Word(word) if registry::layer(word).is_some() => self
                .unknown(place, format!("expected a value, but `{word}` is a layer\nhelp: apply it to a value: `x -> {word}`")),
            other => self.unknown(place, format!("expected a value of the flow, but here is {}", other.described())),
        }
    }

    /// Binds the `let`s of a body; returns how many names were in scope before.
    pub fn lets(&mut self, scope: &mut Scope<'a>, body: &'a Body) -> usize {
        let base = scope.len();
        for binding in &body.lets {
            match &binding.pattern {
                Pattern::One(name) => {
                    let value = self.expr(scope, &binding.value);
                    scope.push((&name.text, value));
                }
                Pattern::Several(names, place) => {
                    let results = self.results(scope, &binding.value);
                    let values = self.named(results, names, *place);
                    scope.extend(names.iter().map(|name| name.text.as_str()).zip(values));
                }
            }
        }
        base
    }

    pub(super) fn body_value(&mut self, scope: &mut Scope<'a>, body: &'a Body) -> Value {
        let base = self.lets(scope, body);
        let value = match &body.result {
            Outcome::One(value) => self.results(scope, value),
            Outcome::Several(values) => match values.first() {
                Some(_) => {
                    for name in values.iter().filter_map(|(name, _)| name.as_ref()) {
                        let message = "only the outputs of a network have names\nhelp: the results of a block are named where it is used: `let (a, b) = x -> block;`";
                        self.mistake(name.place, Kind::Value, message);
                    }
                    let values = values.iter().map(|(_, value)| (self.expr(scope, value), value.place)).collect();
                    self.several(values)
                }
                None => Value::Unknown,
            },
        };
        scope.truncate(base);
        value
    }

    /// The results of a body; a pair of numbers looks the same.
    fn several(&mut self, values: Vec<(Value, Place)>) -> Value {
        let flow = values.iter().find(|(value, _)| matches!(value, Value::Flow(_) | Value::Unknown));
        let Some(&(_, place)) = flow else { return Value::Tuple(values.into_iter().map(|(value, _)| value).collect()) };
        let parts = values.into_iter().map(|(value, place)| several::Part::Whole(self.flow(value, place))).collect();
        let path = self.trail.path().to_owned();
        Value::Several(Box::new(Several { of: None, place, path, parts, first_alone: false, packed: None }))
    }

    /// The stages of a chain or group. Unnamed ones take their `index`.
    fn stages(&mut self, scope: &mut Scope<'a>, stages: &'a [Stage], mut flow: Value, index: &mut usize) -> Value {
        for stage in stages {
            flow = self.alone(flow);
            flow = self.deeper(stage.place, |resolver| resolver.stage(scope, stage, flow, index));
        }
        flow
    }

    fn stage(&mut self, scope: &mut Scope<'a>, stage: &'a Stage, flow: Value, index: &mut usize) -> Value {
        match (&stage.kind, &stage.label) {
            (StageKind::Call(call), _) => {
                let application = self.prepare(scope, call, Some(flow));
                self.within(scope, stage, index, |resolver, _| resolver.apply(application))
            }
            (StageKind::Group(stages), _) => {
                self.within(scope, stage, index, |resolver, scope| resolver.stages(scope, stages, flow, &mut 0))
            }
            // With a name, what would be spliced into the chain is a group.
            (_, Some(_)) => self.within(scope, stage, index, |resolver, scope| resolver.spliced(scope, stage, flow, &mut 0)),
            (_, None) => self.spliced(scope, stage, flow, index),
        }
    }

    /// Runs a rule below the stage's name or, without one, its index, which it takes in either case.
    fn within(
        &mut self,
        scope: &mut Scope<'a>,
        stage: &'a Stage,
        index: &mut usize,
        rule: impl FnOnce(&mut Self, &mut Scope<'a>) -> Value,
    ) -> Value {
        let (component, place) = match &stage.label {
            Some(label) => (self.label(scope, label), label.place),
            None => (index.to_string(), stage.place),
        };
        *index += 1;
        let left = self.trail.enter(&component, place);
        let value = rule(self, scope);
        self.trail.leave(left);
        value
    }

    /// Repetitions, loops and conditions: their stages are stages of the chain they stand in.
    fn spliced(&mut self, scope: &mut Scope<'a>, stage: &'a Stage, mut flow: Value, index: &mut usize) -> Value {
        match &stage.kind {
            StageKind::Repeat(count, call) => {
                let n = match self.expr(scope, count) {
                    Value::Int(n @ 0..) => n,
                    Value::Unknown => return Value::Unknown,
                    Value::Int(n) => {
                        return self.unknown(count.place, format!("the number of repetitions is at least 0, but here is {n}"));
                    }
                    other => {
                        return self.unknown(
                            count.place,
                            format!("the number of repetitions is an integer, but here is {}", other.described()),
                        );
                    }
                };
                for _ in 0..n {
                    if self.exhausted {
                        return Value::Unknown;
                    }
                    let before = self.alone(flow);
                    let application = self.prepare(scope, call, Some(before));
                    let left = self.trail.enter(&index.to_string(), stage.place);
                    *index += 1;
                    flow = self.deeper(stage.place, |resolver| resolver.apply(application));
                    self.trail.leave(left);
                }
                flow
            }
            StageKind::If(branches) => match self.branch(scope, branches) {
                Some(Some(stages)) => self.stages(scope, stages, flow, index),
                Some(None) => flow,
                None => Value::Unknown,
            },
            StageKind::For(repeat) => self.repeat(scope, repeat, flow, index),
            StageKind::Call(_) | StageKind::Group(_) | StageKind::Wrong => Value::Unknown,
        }
    }

    fn repeat(&mut self, scope: &mut Scope<'a>, repeat: &'a For, mut flow: Value, index: &mut usize) -> Value {
        let mut bound = |expr: &'a Expr| match self.expr(scope, expr) {
            Value::Int(value) => Some(value),
            Value::Unknown => None,
            other => {
                self.unknown(expr.place, format!("the bounds of a loop are integers, but here is {}", other.described()));
                None
            }
        };
        let (Some(from), Some(to)) = (bound(&repeat.from), bound(&repeat.to)) else { return Value::Unknown };
        for i in from..to + i64::from(repeat.inclusive) {
            if self.exhausted {
                return Value::Unknown;
            }
            self.n_steps += 1;
            scope.push((&repeat.variable.text, Value::Int(i)));
            flow = self.stages(scope, &repeat.body, flow, index);
            scope.pop();
        }
        flow
    }

    fn label(&mut self, scope: &Scope<'a>, label: &Label) -> String {
        let mut text = String::new();
        for part in &label.parts {
            match part {
                Part::Text(part) => text += part,
                Part::Value(name) => match self.name(scope, name) {
                    Value::Int(value) => text += &value.to_string(),
                    Value::Unknown => text += "?",
                    other => {
                        self.unknown(
                            label.place,
                            format!("`{name}` is {}, and only an integer makes part of a name", other.described()),
                        );
                    }
                },
            }
        }
        text
    }
}
