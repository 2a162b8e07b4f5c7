//! One network: its inputs and outputs around the evaluation of its body. Floor 10.

use super::ReadHeader;
use super::report::{Kind, Reports};
use super::resolve::{Resolver, Scope};
use super::syntax::{self, Declared, Expr, Name, Outcome, Place, Source};
use super::value::{MAX_INT, Value};
use super::weights;
use crate::dim::Round;
use crate::facts::{Condition, Verdict};
use crate::graph::{self, Graph};
use crate::ops;
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use proc_macro2::{Ident, TokenStream};
use std::collections::HashSet;

/// Most inputs or outputs of one network: the runtime has tuples of so many.
const MAX_PORTS: usize = 8;

/// Examples at which a network is evaluated until one meets what its layers ask for.
const MAX_TRIES: usize = 256;

/// A network that was read.
pub struct Network {
    /// Documentation and other attributes, as they are.
    pub attrs: TokenStream,
    /// `pub`
    pub vis: TokenStream,
    /// The type's name.
    pub name: Ident,
    /// Of the name.
    pub(super) place: Place,
    /// Its inputs, as far as their shapes are known.
    pub inputs: Vec<Port>,
    /// Its outputs, as far as their shapes are known: declared, or inferred.
    pub outputs: Vec<Port>,
    /// The graph; none if anything in it is wrong.
    pub graph: Option<Graph>,
    /// What makes it a network of any size, if it is one.
    pub any_size: Option<AnySize>,
    /// The weight file, relative to the manifest.
    pub weights: Option<String>,
}

/// An input or output.
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its shape; `None` after a mistake.
    pub shape: Option<Shape>,
}

impl Port {
    /// The sizes of its shape.
    pub fn sizes(&self) -> Option<Vec<usize>> {
        self.shape.as_ref().map(|shape| shape.0.clone())
    }
}

/// Where a network is bound to sizes at run time: its symbols and what is said of them.
#[derive(Clone, Debug)]
pub struct AnySize {
    /// The symbols' names, in order.
    pub symbols: Vec<String>,
    /// What `where` says, as it is written and as it is meant.
    pub conditions: Vec<(String, Condition)>,
    /// The sizes of the inputs.
    pub inputs: Vec<Sizes>,
    /// The sizes that the graph's shapes are those of.
    pub example: Vec<i64>,
    /// Line and column of each node.
    pub places: Vec<(usize, usize)>,
}

/// What is around a network.
pub(super) struct Around<'a, 'r> {
    pub source: &'a Source,
    /// Blocks that use themselves.
    pub recursive: &'r HashSet<&'a str>,
    pub constants: &'r Scope<'a>,
    /// Whether nothing has been found wrong without evaluating.
    pub checked: bool,
    pub read_header: &'r ReadHeader<'r>,
}

/// Evaluates a network.
pub(super) fn network<'a>(written: &'a syntax::Network, around: &Around<'a, '_>, reports: &mut Reports) -> Network {
    let mut asks = Vec::new();
    for _ in 0..MAX_TRIES {
        let before = reports.clone();
        match at_example(written, around, &asks, reports) {
            Ok(network) => return network,
            // What was reported will be again.
            Err(more) => (asks, *reports) = (more, before),
        }
    }
    reports.add(written.place, Kind::Limit, "no sizes were found that meet what its layers ask for");
    // Without the conditions of layers there is nothing to miss, and the mistake has been reported.
    at_example(written, &Around { checked: false, ..*around }, &asks, reports).unwrap_or_else(|_| lost(written))
}

/// A network of which nothing is known but its name.
fn lost(written: &syntax::Network) -> Network {
    let unknown = |name: &str| vec![Port { name: name.to_owned(), shape: None }];
    Network {
        attrs: written.attrs.clone(),
        vis: written.vis.clone(),
        name: written.name.clone(),
        place: written.place,
        inputs: unknown("input"),
        outputs: unknown("output"),
        graph: None,
        any_size: None,
        weights: None,
    }
}

/// Evaluates a network where its symbols, if it has any, have the smallest sizes that meet these conditions and its own; if a layer
/// asks for something else, what is then asked for.
fn at_example<'a>(
    written: &'a syntax::Network,
    around: &Around<'a, '_>,
    asks: &[Condition],
    reports: &mut Reports,
) -> Result<Network, Vec<Condition>> {
    let Around { source, recursive, constants, checked, read_header } = *around;
    let n_before = reports.len();
    let round = written.settings.round.as_ref().or(source.settings.round.as_ref());
    // A word that is none has been reported; windows that do not fit without it are no mistake of their own.
    let round = round.map(|round| Round::WORDS.iter().copied().find(|word| *word == round.text).unwrap_or("floor"));
    let symbols = written.symbols(&source.constants);
    let mut resolver = Resolver::new(source, recursive, constants, round, &symbols, reports);
    resolver.symbols.asks = asks.to_vec();
    resolver.conditions(&written.conditions);
    let mut scope: Scope<'a> = resolver.symbol_scope();
    let mut inputs = Vec::new();
    for input in &written.inputs {
        let sizes = resolver.input_sizes(&input.sizes);
        let shape = sizes.as_ref().and_then(|sizes| sizes.at(&resolver.symbols.example));
        let id = resolver.add_value(shape.clone());
        if let Some(sizes) = sizes.filter(|sizes| sizes.known().is_none()) {
            resolver.symbols.sizes.insert(id, sizes);
        }
        scope.push((&input.name.text, if shape.is_some() { Value::Flow(id) } else { Value::Unknown }));
        inputs.push((Port { name: input.name.text.clone(), shape }, id));
    }
    let declared: Option<Vec<(&Declared, Option<Sizes>)>> = written
        .outputs
        .as_ref()
        .map(|outputs| outputs.iter().map(|declared| (declared, resolver.sizes(&declared.sizes))).collect());
    resolver.lets(&mut scope, &written.body);
    let found = resolver.outcome(&mut scope, &written.body.result);
    if resolver.symbols.missed {
        return Err(resolver.symbols.asks);
    }
    let outputs = resolver.outputs(written.place, &found, declared.as_deref());
    let (values, nodes) = (std::mem::take(&mut resolver.values), std::mem::take(&mut resolver.nodes));
    let place = |place: &Place| (place.start.start().line, place.start.start().column + 1);
    let any_size = (!resolver.symbols.is_empty()).then(|| AnySize {
        symbols: resolver.symbols.names.to_vec(),
        conditions: resolver.symbols.conditions.clone(),
        inputs: inputs
            .iter()
            .filter_map(|(_, id)| {
                resolver.symbols.sizes.get(id).cloned().or_else(|| values[id.0 as usize].as_ref().map(Sizes::from))
            })
            .collect(),
        example: resolver.symbols.example.clone(),
        places: resolver.places.iter().map(place).collect(),
    });

    // If nothing is wrong, every shape is there.
    let values: Option<Vec<Shape>> = values.into_iter().collect();
    let port = |port: &Port, value| graph::Port { name: port.name.clone(), value };
    let graph_outputs: Option<Vec<graph::Port>> = outputs
        .iter()
        .zip(&found)
        .map(|(output, (_, value, _))| if let Value::Flow(id) = value { Some(port(output, *id)) } else { None })
        .collect();
    let graph = match (reports.len() == n_before && checked, values, graph_outputs) {
        (true, Some(values), Some(outputs)) => Some(Graph {
            name: written.name.to_string(),
            inputs: inputs.iter().map(|(input, id)| port(input, *id)).collect(),
            values,
            nodes,
            outputs,
        }),
        _ => None,
    };
    if let Some(file) = &written.settings.weights {
        let message = match read_header(&file.text) {
            Ok(header) => graph.as_ref().and_then(|graph| weights::compare(graph, &file.text, &header)),
            Err(message) => Some(message),
        };
        if let Some(message) = message {
            reports.add(file.place, Kind::Weights, message);
        }
    }
    // After a mistake there may be none at all, and the type has to have some.
    let unknown = |name: &str| vec![Port { name: name.to_owned(), shape: None }];
    let mut inputs: Vec<Port> = inputs.into_iter().map(|(port, _)| port).collect();
    let mut outputs = outputs;
    for (ports, what, place) in [(&mut inputs, "input", written.place), (&mut outputs, "output", written.place)] {
        if ports.is_empty() {
            *ports = unknown(what);
        }
        if ports.len() > MAX_PORTS {
            reports.add(place, Kind::Limit, format!("a network has at most {MAX_PORTS} {what}s, but here are {}", ports.len()));
            ports.truncate(MAX_PORTS);
        }
    }
    Ok(Network {
        attrs: written.attrs.clone(),
        vis: written.vis.clone(),
        name: written.name.clone(),
        place: written.place,
        inputs,
        outputs,
        graph,
        any_size,
        weights: written.settings.weights.as_ref().map(|file| file.text.clone()),
    })
}

/// An output as it was written: its name, its value and where it stands.
type Found<'a> = (Option<&'a Name>, Value, &'a Expr);

impl<'a> Resolver<'a, '_> {
    /// The value of a constant.
    pub(super) fn constant(mut self, value: &'a Expr) -> Value {
        match value.kind {
            // Reported by `check`.
            syntax::ExprKind::Chain(..) | syntax::ExprKind::Call(_) => Value::Unknown,
            _ => self.expr(&mut Vec::new(), value),
        }
    }

    /// The sizes of an input: numbers and symbols.
    fn input_sizes(&mut self, written: &'a syntax::Sizes) -> Option<Sizes> {
        let sizes = self.sizes(written)?;
        for (size, expr) in sizes.0.iter().zip(written.sizes.iter().flatten()) {
            if size.known().is_none() && !matches!(expr.kind, syntax::ExprKind::Name(_)) {
                let message =
                    "a size of an input is a number or a name\nhelp: say by `where` what it has to meet: `where H % 2 == 0`";
                self.mistake(expr.place, Kind::Value, message);
                return None;
            }
        }
        Some(sizes)
    }

    /// The sizes that are written.
    fn sizes(&mut self, written: &'a syntax::Sizes) -> Option<Sizes> {
        let mut sizes = Vec::new();
        for size in written.sizes.as_ref()? {
            let value = self.expr(&mut self.symbol_scope(), size);
            let message = match value {
                Value::Int(value @ 1..=MAX_INT) => {
                    sizes.push(Size::constant(value));
                    continue;
                }
                Value::Size(symbolic) => {
                    sizes.push(symbolic.size);
                    continue;
                }
                Value::Unknown => continue,
                Value::Int(value @ ..1) => format!("a size is at least 1, but here is {value}"),
                Value::Int(value) => format!("a size of {value} is more than can be counted"),
                other => format!("a size is an integer, but here is {}", other.described()),
            };
            self.mistake(size.place, Kind::Value, message);
        }
        let sizes = (sizes.len() == written.sizes.as_ref()?.len()).then_some(Sizes(sizes))?;
        match sizes.known().as_ref().map_or(Ok(()), ops::countable) {
            Ok(()) => Some(sizes),
            Err(message) => {
                self.mistake(written.place, Kind::Value, message);
                None
            }
        }
    }

    fn outcome(&mut self, scope: &mut Scope<'a>, outcome: &'a Outcome) -> Vec<Found<'a>> {
        match outcome {
            Outcome::One(expr) => {
                let value = self.expr(scope, expr);
                vec![(None, self.flow(value, expr.place), expr)]
            }
            Outcome::Several(outputs) => outputs
                .iter()
                .map(|(name, expr)| {
                    let value = self.expr(scope, expr);
                    (name.as_ref(), self.flow(value, expr.place), expr)
                })
                .collect(),
        }
    }

    /// Names and shapes of the outputs, compared with what is declared.
    fn outputs(&mut self, network: Place, found: &[Found<'a>], declared: Option<&[(&Declared, Option<Sizes>)]>) -> Vec<Port> {
        if let Some(declared) = declared.filter(|declared| declared.len() != found.len()) {
            let (n, m) = (declared.len(), found.len());
            let surplus =
                declared.get(m).map(|(declared, _)| declared.name.as_ref().map_or(declared.sizes.place, |name| name.place));
            let undeclared = found.get(n).map(|(name, _, expr)| name.map_or(expr.place, |name| name.place));
            let place = surplus.or(undeclared).unwrap_or(network);
            let declared_are = if n == 1 { "1 output is".to_owned() } else { format!("{n} outputs are") };
            self.mistake(place, Kind::Shape, format!("{declared_are} declared, but the body gives {m}"));
            return declared
                .iter()
                .enumerate()
                .map(|(index, (declared, sizes))| Port {
                    name: name(declared.name.as_ref(), index),
                    shape: sizes.as_ref().and_then(|sizes| sizes.at(&self.symbols.example)),
                })
                .collect();
        }
        let mut ports: Vec<Port> = Vec::new();
        for (index, (written, value, expr)) in found.iter().enumerate() {
            let shape = self.shape(value).cloned();
            let declared = declared.and_then(|declared| declared.get(index));
            let declared_name = declared.and_then(|(declared, _)| declared.name.as_ref());
            if let (Some(written), Some(declared)) = (written, declared_name)
                && written.text != declared.text
            {
                self.mistake(
                    written.place,
                    Kind::Name,
                    format!("this output is declared as `{}`, but here is `{}`", declared.text, written.text),
                );
            }
            let of_value = match &expr.kind {
                syntax::ExprKind::Name(text) if found.len() > 1 => Some(text.clone()),
                _ => None,
            };
            let name = match written.or(declared_name) {
                Some(written) => written.text.clone(),
                None => of_value.unwrap_or_else(|| name(None, index)),
            };
            if ports.iter().any(|port| port.name == name) {
                let place = written.map_or(expr.place, |written| written.place);
                self.mistake(place, Kind::Name, format!("there is a second output called `{name}`"));
            }
            let sizes = if let Value::Flow(id) = value { self.value_sizes(*id) } else { None };
            if let (Some((declared, Some(expected))), Some(found)) = (declared, &sizes) {
                self.compare(&declared.sizes, expected, found);
            }
            let declared = declared.and_then(|(_, sizes)| sizes.as_ref()?.at(&self.symbols.example));
            let shape = declared.or(shape);
            ports.push(Port { name, shape });
        }
        ports
    }

    /// A declared output against what was inferred.
    fn compare(&mut self, sizes: &syntax::Sizes, declared: &Sizes, found: &Sizes) {
        let equal = |a: Option<&Size>, b: Option<&Size>| match (a, b) {
            (Some(a), Some(b)) => self.symbols.facts.decide(&Condition::equal(a.clone(), b.clone())) == Verdict::Always,
            _ => false,
        };
        let differing: Vec<usize> =
            (0..declared.0.len()).filter(|&axis| !equal(declared.0.get(axis), found.0.get(axis))).collect();
        let alike = declared.0.len() == found.0.len();
        if alike && differing.is_empty() {
            return;
        }
        let place = match (differing.as_slice(), &sizes.sizes) {
            ([axis], Some(written)) if alike => written.get(*axis).map_or(sizes.place, |size| size.place),
            _ => sizes.place,
        };
        let names = self.symbols.names.clone();
        let (found, declared) = (found.display(&names), declared.display(&names));
        self.mistake(place, Kind::Shape, format!("the output is {found}, but {declared} is declared"));
    }
}

fn name(written: Option<&Name>, index: usize) -> String {
    match (written, index) {
        (Some(name), _) => name.text.clone(),
        (None, 0) => "output".to_owned(),
        (None, index) => format!("output{index}"),
    }
}
