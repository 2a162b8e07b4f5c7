//! One network: its inputs and outputs around the evaluation of its body. Floor 10.

use super::ReadHeader;
use super::report::{Kind, Reports};
use super::resolve::{Resolver, Scope};
use super::syntax::{self, Declared, Expr, Name, Outcome, Place, Sizes, Source};
use super::value::{MAX_INT, Value};
use super::weights;
use crate::dim::Round;
use crate::graph::{self, Graph};
use crate::ops;
use crate::shape::Shape;
use proc_macro2::{Ident, TokenStream};
use std::collections::HashSet;

/// Most inputs or outputs of one network: the runtime has tuples of so many.
const MAX_PORTS: usize = 8;

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

/// Evaluates a network; `checked` says that nothing has been found wrong without evaluating.
pub(super) fn network<'a>(
    written: &'a syntax::Network,
    source: &'a Source,
    checked: bool,
    recursive: &HashSet<&'a str>,
    constants: &Scope<'a>,
    reports: &mut Reports,
    read_header: &ReadHeader<'_>,
) -> Network {
    let n_before = reports.len();
    let round = written.settings.round.as_ref().or(source.settings.round.as_ref());
    // A word that is none has been reported; windows that do not fit without it are no mistake of their own.
    let round = round.map(|round| Round::WORDS.iter().copied().find(|word| *word == round.text).unwrap_or("floor"));
    let mut resolver = Resolver::new(source, recursive, constants, round, reports);
    let mut scope: Scope<'a> = Vec::new();
    let mut inputs = Vec::new();
    for input in &written.inputs {
        let shape = resolver.sizes(&input.sizes);
        let id = resolver.add_value(shape.clone());
        scope.push((&input.name.text, if shape.is_some() { Value::Flow(id) } else { Value::Unknown }));
        inputs.push((Port { name: input.name.text.clone(), shape }, id));
    }
    let declared: Option<Vec<(&Declared, Option<Shape>)>> = written
        .outputs
        .as_ref()
        .map(|outputs| outputs.iter().map(|declared| (declared, resolver.sizes(&declared.sizes))).collect());
    resolver.lets(&mut scope, &written.body);
    let found = resolver.outcome(&mut scope, &written.body.result);
    let outputs = resolver.outputs(written.place, &found, declared.as_deref());
    let (values, nodes) = (std::mem::take(&mut resolver.values), std::mem::take(&mut resolver.nodes));

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
    Network {
        attrs: written.attrs.clone(),
        vis: written.vis.clone(),
        name: written.name.clone(),
        place: written.place,
        inputs,
        outputs,
        graph,
        weights: written.settings.weights.as_ref().map(|file| file.text.clone()),
    }
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

    /// The shape that sizes give.
    fn sizes(&mut self, sizes: &'a Sizes) -> Option<Shape> {
        let mut shape = Vec::new();
        for size in sizes.sizes.as_ref()? {
            let value = self.expr(&mut Vec::new(), size);
            let message = match value {
                Value::Int(value @ 1..=MAX_INT) => {
                    shape.extend(usize::try_from(value).ok());
                    continue;
                }
                Value::Unknown => continue,
                Value::Int(value @ ..1) => format!("a size is at least 1, but here is {value}"),
                Value::Int(value) => format!("a size of {value} is more than can be counted"),
                other => format!("a size is an integer, but here is {}", other.described()),
            };
            self.mistake(size.place, Kind::Value, message);
        }
        let shape = (shape.len() == sizes.sizes.as_ref()?.len()).then_some(Shape(shape))?;
        match ops::countable(&shape) {
            Ok(()) => Some(shape),
            Err(message) => {
                self.mistake(sizes.place, Kind::Value, message);
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
    fn outputs(&mut self, network: Place, found: &[Found<'a>], declared: Option<&[(&Declared, Option<Shape>)]>) -> Vec<Port> {
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
                .map(|(index, (declared, shape))| Port { name: name(declared.name.as_ref(), index), shape: shape.clone() })
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
            if let (Some((declared, Some(expected))), Some(found)) = (declared, &shape) {
                self.compare(&declared.sizes, expected, found);
            }
            let shape = declared.and_then(|(_, shape)| shape.clone()).or(shape);
            ports.push(Port { name, shape });
        }
        ports
    }

    /// A declared output against what was inferred.
    fn compare(&mut self, sizes: &Sizes, declared: &Shape, found: &Shape) {
        if declared == found {
            return;
        }
        let differing: Vec<usize> = (0..declared.0.len()).filter(|&axis| declared.0.get(axis) != found.0.get(axis)).collect();
        let place = match (differing.as_slice(), &sizes.sizes) {
            ([axis], Some(written)) if declared.0.len() == found.0.len() => {
                written.get(*axis).map_or(sizes.place, |size| size.place)
            }
            _ => sizes.place,
        };
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
