//! Evaluates one call: a block into its body, a layer into a node of the graph with its shape. Floor 10.

use super::bind::{Callee, bind};
use super::convert;
use super::report::{Kind, Use};
use super::resolve::{Resolver, Scope};
use super::several::{Part, Several};
use super::syntax::{Block, Call, Expr, ExprKind, Outcome, Place};
use super::value::Value;
use crate::diag::{Blame, Problem};
use crate::graph::{Arg, Args, Call as GraphCall, Node, Origin};
use crate::ops::{self, AnyLayer, Default, Results};
use crate::registry;
use crate::shape::{Shape, Sizes};

/// A call whose arguments are evaluated. They belong to what is around the call: a chain among them does not have the call's name.
pub struct Application<'a> {
    callee: Callee<'a>,
    call: &'a Call,
    inputs: Vec<(Value, Place)>,
    params: Vec<Option<(&'a Expr, Value)>>,
}

/// What is wrong has been said.
struct Reported;

impl<'a> Resolver<'a, '_> {
    /// A layer or block applied to `flow`, or to its first argument; `None` after a mistake.
    pub(super) fn prepare(&mut self, scope: &mut Scope<'a>, call: &'a Call, flow: Option<Value>) -> Option<Application<'a>> {
        let callee = Callee::find(self.source, &call.name.text)?;
        let bound = bind(call, callee, flow.is_some()).ok()?;
        let mut inputs: Vec<(Value, Place)> = flow.map(|flow| (flow, call.name.place)).into_iter().collect();
        for argument in bound.inputs {
            let value = self.expr(scope, &argument.value);
            inputs.push((self.flow(value, argument.value.place), argument.value.place));
        }
        let evaluate =
            |given: Option<&'a super::syntax::Argument>| given.map(|given| (&given.value, self.expr(scope, &given.value)));
        let params = bound.params.into_iter().map(evaluate).collect();
        Some(Application { callee, call, inputs, params })
    }

    /// The result of a call, below the path where the evaluation stands.
    pub(super) fn apply(&mut self, application: Option<Application<'a>>) -> Value {
        let Some(Application { callee, call, inputs, params }) = application else { return Value::Unknown };
        match callee {
            Callee::Layer(layer) => self.layer(call, layer, &inputs, &params),
            Callee::Block(block) if self.recursive.contains(block.name.text.as_str()) => Value::Unknown,
            Callee::Block(block) => {
                let written = self.written(call, &params, block.params.iter().skip(1).map(|param| param.name.text.as_str()));
                self.reports.count_use(block.name.place);
                let path = self.trail.path().to_owned();
                self.uses.push(Use { place: call.name.place, path, call: written, block: block.name.place });
                let left = self.trail.pass(call.name.place);
                let mut value = self.block(block, inputs, params);
                if let Value::Several(several) = &mut value {
                    several.of = Some(block.name.text.clone());
                    several.place = call.name.place;
                }
                self.trail.leave(left);
                self.uses.pop();
                value
            }
        }
    }

    fn block(&mut self, block: &'a Block, inputs: Vec<(Value, Place)>, params: Vec<Option<(&'a Expr, Value)>>) -> Value {
        let mut scope: Scope<'a> = Vec::new();
        let flow = inputs.into_iter().next().map(|(value, _)| value);
        let given = std::iter::once(flow).chain(params.into_iter().map(|given| given.map(|(_, value)| value)));
        for (param, given) in block.params.iter().zip(given) {
            let value = match (given, &param.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.expr(&mut scope, default),
                (None, None) => Value::Unknown,
            };
            scope.push((&param.name.text, value));
        }
        let value = self.body_value(&mut scope, &block.body);
        match (&value, &block.body.result) {
            (Value::Flow(_) | Value::Several(_) | Value::Unknown, _) => value,
            (other, Outcome::One(result)) => {
                self.unknown(result.place, format!("a block gives a value of the flow, but this is {}", other.described()))
            }
            (other, Outcome::Several(results)) => {
                let place = results.first().map_or(block.name.place, |(_, first)| first.place);
                self.unknown(place, format!("a block gives values of the flow, but this is {}", other.described()))
            }
        }
    }

    /// `basic(128, stride = 2)`, with the values that its arguments have come to.
    fn written(&self, call: &Call, params: &[Option<(&Expr, Value)>], names: impl Iterator<Item = &'a str>) -> String {
        let mut parts = Vec::new();
        for (name, given) in names.zip(params) {
            let Some((expr, value)) = given else { continue };
            let text = match (value, &expr.kind) {
                (Value::Flow(_) | Value::Unknown, ExprKind::Name(name)) => name.clone(),
                (Value::Flow(_) | Value::Unknown, _) => "…".to_owned(),
                (value, _) => value.to_string(),
            };
            let named = call.args.iter().any(|argument| argument.name.as_ref().is_some_and(|written| written.text == name));
            parts.push(if named { format!("{name} = {text}") } else { text });
        }
        if parts.is_empty() { call.name.text.clone() } else { format!("{}({})", call.name.text, parts.join(", ")) }
    }

    fn layer(
        &mut self,
        call: &'a Call,
        layer: &'static dyn AnyLayer,
        inputs: &[(Value, Place)],
        params: &[Option<(&'a Expr, Value)>],
    ) -> Value {
        let Some(args) = self.arguments(layer, params) else { return Value::Flow(self.add_value(None)) };
        let shapes: Option<Vec<Shape>> = inputs.iter().map(|(value, _)| self.shape(value).cloned()).collect();
        let Some(shapes) = shapes else {
            let recovered = layer.recover(&args);
            return Value::Flow(self.add_value(recovered));
        };
        let shapes: Vec<&Shape> = shapes.iter().collect();
        let sizes = self.layer_sizes(call, layer, &args, inputs);
        if self.symbols.missed {
            return Value::Unknown;
        }
        let Ok(sizes) = sizes else { return Value::Flow(self.add_value(None)) };
        let inferred = layer.infer(&args, &shapes).and_then(|shape| match ops::countable(&shape) {
            Ok(()) => Ok(shape),
            Err(message) => Err(Problem::layer(message)),
        });
        let shape = match inferred {
            Ok(shape) => shape,
            Err(problem) => {
                let place = match problem.blame {
                    Blame::Layer => None,
                    Blame::Input(position) => inputs.get(position).map(|(_, place)| *place),
                    Blame::Argument(name) => {
                        let at = layer.signature().iter().position(|param| param.name == name);
                        at.and_then(|at| params.get(at)?.as_ref()).map(|(expr, _)| expr.place)
                    }
                };
                let at = self.example_of(inputs);
                self.mistake(place.unwrap_or(call.name.place), Kind::Shape, problem.to_string() + &at);
                let recovered = layer.recover(&args);
                return Value::Flow(self.add_value(recovered));
            }
        };
        let path = self.trail.path().to_owned();
        let graph_call = GraphCall { layer: layer.name(), path, args, origin: Origin(call.name.place.id) };
        let parameters = registry::parameters(&graph_call, &shapes);
        let left = self.trail.pass(call.name.place);
        for (name, _) in parameters {
            if let Err(again) = self.names.add(name, &self.trail, call.name.place) {
                // The token that tells the two apart may stand outside of some of the blocks that led here.
                let outside = self.trail.places_before(again.place);
                let uses: Vec<Use> =
                    self.uses.iter().take_while(|used| outside.iter().any(|place| place.id == used.place.id)).cloned().collect();
                self.reports.add_in(again.place, Kind::Tensor, again.message, &uses);
                break;
            }
        }
        self.trail.leave(left);
        let inputs = inputs.iter().filter_map(|(value, _)| if let Value::Flow(id) = value { Some(*id) } else { None }).collect();
        let results = layer.results(&graph_call.args, &shapes, &shape);
        let output = self.add_value(Some(shape));
        let path = graph_call.path.clone();
        if let Some(sizes) = sizes {
            self.symbols.sizes.insert(output, sizes);
        }
        self.places.push(call.name.place);
        self.nodes.push(Node { call: graph_call, inputs, epilogue: Vec::new(), output });
        let Some(Results { parts, first_alone, packed }) = results else { return Value::Flow(output) };
        let parts = parts.into_iter().map(|part| Part::Of(output, part)).collect();
        let of = Some(layer.name().to_owned());
        Value::Several(Box::new(Several { of, place: call.name.place, path, parts, first_alone, packed }))
    }

    /// The sizes of a layer's output, where they depend on symbols; an error that is reported where they cannot be had. What it asks
    /// for is noted.
    fn layer_sizes(
        &mut self,
        call: &'a Call,
        layer: &'static dyn AnyLayer,
        args: &Args,
        inputs: &[(Value, Place)],
    ) -> Result<Option<Sizes>, Reported> {
        let of = |(value, _): &(Value, Place)| if let Value::Flow(id) = value { self.value_sizes(*id) } else { None };
        let sizes: Option<Vec<Sizes>> = inputs.iter().map(of).collect();
        let Some(sizes) = sizes.filter(|sizes| sizes.iter().any(|sizes| sizes.known().is_none())) else { return Ok(None) };
        let names = self.symbols.names.clone();
        let Some(inferred) = layer.infer_sizes(args, &sizes.iter().collect::<Vec<_>>()) else {
            let written: Vec<String> = sizes.iter().map(|sizes| sizes.display(&names).to_string()).collect();
            let message = format!(
                "`{}` cannot read {}: it needs to know that size while compiling\nhelp: `adaptive_avg_pool` makes a map of one size from a map of any",
                layer.name(),
                written.join(" and ")
            );
            self.mistake(call.name.place, Kind::Shape, message);
            return Err(Reported);
        };
        for ask in inferred.asks {
            if let Err(never) = self.symbols.ask(ask) {
                // What is wrong is said in numbers, at an example, if the layer has words for it.
                let shapes: Option<Vec<Shape>> = sizes.iter().map(|sizes| sizes.at(&self.symbols.example)).collect();
                let shapes = shapes.unwrap_or_default();
                if layer.infer(args, &shapes.iter().collect::<Vec<_>>()).is_ok() {
                    let message = format!("`{}` asks for {}, which no size meets", layer.name(), never.display(&names));
                    self.mistake(call.name.place, Kind::Shape, message);
                    return Err(Reported);
                }
                return Ok(None);
            }
        }
        Ok(Some(inferred.sizes))
    }

    /// What a message in numbers says of sizes that depend on symbols.
    fn example_of(&self, inputs: &[(Value, Place)]) -> String {
        let names = &self.symbols.names;
        let written = |(value, _): &(Value, Place)| match value {
            Value::Flow(id) => self.symbols.sizes.get(id).map(|sizes| sizes.display(names).to_string()),
            _ => None,
        };
        let written: Vec<String> = inputs.iter().filter_map(written).collect();
        match written.is_empty() {
            true => String::new(),
            false => format!("\nhelp: here {} at {}", written.join(" and "), self.symbols.at_example()),
        }
    }

    /// All arguments of the signature, or `None` after a mistake in one.
    fn arguments(&mut self, layer: &'static dyn AnyLayer, params: &[Option<(&'a Expr, Value)>]) -> Option<Args> {
        let signature = layer.signature();
        let mut args: Vec<Option<(&'static str, Arg)>> = Vec::new();
        for (param, given) in signature.iter().zip(params) {
            let arg = match given {
                Some((expr, value)) => convert::argument(layer.name(), param, value, expr).unwrap_or_else(|(place, message)| {
                    self.mistake(place, Kind::Value, message);
                    None
                }),
                None => match (&param.default, self.round) {
                    (Default::Value(Arg::Word(_)), Some(round)) if param.name == "round" => Some(Arg::Word(round)),
                    (Default::Value(value), _) => Some(value.clone()),
                    (Default::Of(other), _) => {
                        let other = args.iter().flatten().find(|(name, _)| name == other);
                        other.map(|(_, value)| value.clone())
                    }
                    (Default::Required, _) => None,
                },
            };
            args.push(arg.map(|arg| (param.name, arg)));
        }
        args.into_iter().collect::<Option<Vec<_>>>().map(Args)
    }
}
