//! Which argument of a call is meant for what: by position, then by name. Floor 10.

use super::syntax::{Argument, Block, Call, ExprKind, Place, Source};
use crate::diag::nearest;
use crate::ops::{AnyLayer, Default, Inputs};
use crate::registry;

/// What a call means.
#[derive(Clone, Copy)]
pub enum Callee<'a> {
    /// A layer.
    Layer(&'static dyn AnyLayer),
    /// A block of this invocation.
    Block(&'a Block),
}

/// A call whose arguments have found their places.
pub struct Bound<'a> {
    /// Values of the flow, beside the one that comes along an arrow.
    pub inputs: Vec<&'a Argument>,
    /// One for each parameter of the signature, the flow of a block left out.
    pub params: Vec<Option<&'a Argument>>,
}

/// What other frameworks call our arguments.
const ELSEWHERE: &[(&str, &str)] = &[
    ("padding", "pad"),
    ("kernel", "window"),
    ("kernel_size", "window"),
    ("out_channels", "filters"),
    ("out_features", "outputs"),
    ("output_size", "size"),
    ("negative_slope", "slope"),
    ("count_include_pad", "count_pad"),
    ("ceil_mode", "round"),
    ("hidden_size", "hidden"),
    ("num_layers", "layers"),
];

impl<'a> Callee<'a> {
    /// The block or layer of that name.
    pub fn find(source: &'a Source, name: &str) -> Option<Callee<'a>> {
        let block = source.blocks.iter().find(|block| block.name.text == name).map(Callee::Block);
        block.or_else(|| registry::layer(name).map(Callee::Layer))
    }

    /// Names of parameters, and whether they must be given.
    fn params(&self) -> Vec<(&'a str, bool)> {
        match *self {
            Callee::Layer(layer) => {
                layer.signature().iter().map(|param| (param.name, param.default == Default::Required)).collect()
            }
            Callee::Block(block) => {
                block.params.iter().skip(1).map(|param| (param.name.text.as_str(), param.default.is_none())).collect()
            }
        }
    }

    /// How it is written.
    fn usage(&self) -> String {
        match *self {
            Callee::Layer(layer) => registry::usage(layer),
            Callee::Block(block) => {
                let params: Vec<String> = self
                    .params()
                    .into_iter()
                    .map(|(name, required)| if required { name.to_owned() } else { format!("{name} = …") })
                    .collect();
                if params.is_empty() { block.name.text.clone() } else { format!("{}({})", block.name.text, params.join(", ")) }
            }
        }
    }

    /// How many values of the flow stand among the arguments, at least and at most.
    fn inputs(&self, is_stage: bool) -> (usize, usize) {
        let along_arrow = usize::from(is_stage);
        match self {
            Callee::Block(_) => (1 - along_arrow, 1 - along_arrow),
            Callee::Layer(layer) => match layer.inputs() {
                Inputs::One | Inputs::Named(_) => (1 - along_arrow, 1 - along_arrow),
                Inputs::Two => (2 - along_arrow, 2 - along_arrow),
                Inputs::Many => (1, usize::MAX),
                Inputs::Closure => (1 - along_arrow, usize::MAX),
            },
        }
    }
}

/// Finds the place of every argument, or says what is wrong with them; nothing if that has been said.
pub fn bind<'a>(call: &'a Call, callee: Callee<'a>, is_stage: bool) -> Result<Bound<'a>, Vec<(Place, String)>> {
    let unread = matches!(callee, Callee::Block(block) if block.damaged);
    if call.damaged || unread {
        return Err(Vec::new());
    }
    let name = &call.name.text;
    // `conv(6, 5x5) -> relu`: it is the beginning of the chain that is missing.
    let is_number =
        |argument: &Argument| matches!(argument.value.kind, ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Tuple(_));
    if !is_stage && call.args.first().is_some_and(|first| first.name.is_none() && is_number(first)) {
        let message = format!("`{name}` is applied to nothing here: a chain starts with a value\nhelp: write `x -> {name}(…)`");
        return Err(vec![(call.name.place, message)]);
    }
    let params = callee.params();
    let (at_least, mut at_most) = callee.inputs(is_stage);
    if matches!(callee, Callee::Layer(layer) if layer.inputs() == Inputs::Closure) {
        // The closure stands last, unless it is given by name.
        let unnamed: Vec<&Argument> = call.args.iter().filter(|argument| argument.name.is_none()).collect();
        at_most = if unnamed.len() == call.args.len() { unnamed.len().saturating_sub(1) } else { unnamed.len() };
        let is_closure = |argument: &&Argument| matches!(argument.value.kind, ExprKind::Closure(_));
        if let Some(early) = unnamed.iter().take(at_most).find(|argument| is_closure(argument)) {
            let message = format!("the closure stands last, behind the values\nhelp: `a -> {name}(b, |a, b| …)`");
            return Err(vec![(early.value.place, message)]);
        }
    }
    let mut bound = Bound { inputs: Vec::new(), params: vec![None; params.len()] };
    let mut mistakes = Vec::new();
    let mut next = 0;
    let mut named = false;
    // Values of the flow that have names.
    let by_name = match callee {
        Callee::Layer(layer) => layer.inputs().names(),
        Callee::Block(_) => &[],
    };
    let mut named_inputs: Vec<(&str, &Argument)> = Vec::new();
    for argument in &call.args {
        let Some(written) = &argument.name else {
            if named {
                mistakes.push((argument.value.place, "arguments without a name stand before those with one".to_owned()));
            } else if bound.inputs.len() < at_most {
                bound.inputs.push(argument);
            } else if let Some(slot) = bound.params.get_mut(next) {
                *slot = Some(argument);
                next += 1;
            } else if next == params.len() {
                next += 1;
                let message = match params.len() {
                    0 if is_stage => format!(
                        "`{name}` takes no {}argument: its input comes along the arrow",
                        if at_least > 0 { "further " } else { "" }
                    ),
                    0 => format!("`{name}` takes no further argument"),
                    n => format!("`{name}` takes no more than {n} argument{}\nhelp: `{}`", plural(n), callee.usage()),
                };
                mistakes.push((argument.value.place, message));
            }
            continue;
        };
        named = true;
        match params.iter().position(|(param, _)| *param == written.text) {
            Some(index) if bound.params[index].is_some() => {
                mistakes.push((written.place, format!("`{}` is given twice", written.text)));
            }
            Some(index) => bound.params[index] = Some(argument),
            None if by_name.contains(&written.text.as_str()) => {
                if named_inputs.iter().any(|(name, _)| *name == written.text) {
                    mistakes.push((written.place, format!("`{}` is given twice", written.text)));
                }
                named_inputs.push((&written.text, argument));
            }
            None => mistakes.push((written.place, unknown(&callee, &written.text, &params))),
        }
    }
    for name in by_name {
        match named_inputs.iter().find(|(given, _)| given == name) {
            Some((_, argument)) => bound.inputs.push(argument),
            None if named_inputs.is_empty() => {}
            None => mistakes
                .push((call.name.place, format!("`{name}` is missing: the states of `{}` are given together", call.name.text))),
        }
    }
    let missing: Vec<String> = params
        .iter()
        .zip(&bound.params)
        .filter(|((_, required), given)| *required && given.is_none())
        .map(|((param, _), _)| format!("`{param}`"))
        .collect();
    if bound.inputs.len() < at_least {
        let message = match (is_stage, at_least) {
            (true, _) => format!("`{name}` needs another value beside the one that flows in\nhelp: write `{name}(other)`"),
            (false, 1) => format!("`{name}` needs the value that it is applied to\nhelp: write `x -> {}`", callee.usage()),
            (false, _) => format!("`{name}` needs two values\nhelp: write `{name}(a, b)`"),
        };
        mistakes.push((call.name.place, message));
    } else if !missing.is_empty() && mistakes.is_empty() {
        mistakes.push((call.name.place, format!("`{name}` needs {}\nhelp: `{}`", missing.join(" and "), callee.usage())));
    }
    if mistakes.is_empty() { Ok(bound) } else { Err(mistakes) }
}

fn unknown(callee: &Callee<'_>, written: &str, params: &[(&str, bool)]) -> String {
    let elsewhere = ELSEWHERE.iter().find(|(theirs, ours)| *theirs == written && params.iter().any(|(param, _)| param == ours));
    let meant = elsewhere.map(|(_, ours)| *ours).or_else(|| nearest(written, params.iter().map(|(param, _)| *param)));
    let name = match callee {
        Callee::Layer(layer) => layer.name(),
        Callee::Block(block) => &block.name.text,
    };
    let help = match meant {
        Some("round") if written == "ceil_mode" => "; write `round = ceil`".to_owned(),
        _ if written == "batch_first" => ": a value has no batch axis, and time comes first".to_owned(),
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => String::new(),
    };
    match params.is_empty() {
        true => format!("`{name}` takes no argument `{written}`"),
        false => format!("`{name}` has no argument `{written}`{help}\nhelp: `{}`", callee.usage()),
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}
