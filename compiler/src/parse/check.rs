//! What can be said about a definition without evaluating it: names that mean nothing or are never used, calls whose arguments find no
//! place, blocks that use themselves. Blocks that nobody uses are checked, too. Floor 10.

use super::bind::{Callee, bind};
use super::closure;
use super::report::{Kind, Reports};
use super::syntax::{
    Body, Call, Closure, Constant, Expr, ExprKind, If, Input, Let, Name, Outcome, Part, Pattern, Place, Source, Stage, StageKind,
};
use crate::diag::nearest;
use crate::dim::Round;
use crate::ops::Kind as Accepts;
use crate::registry;
use std::collections::{HashMap, HashSet};

/// How many blocks in a row are searched for a cycle.
const MAX_PATH: usize = 256;

/// The properties of a value.
pub const PROPERTIES: &[&str] = &["channels", "height", "width", "length", "len"];

/// What other frameworks call our layers, in lower case without `_` and `2d`.
const ELSEWHERE: &[(&str, &str)] = &[
    ("view", "reshape"),
    ("transpose", "permute"),
    ("chunk", "split"),
    ("narrow", "slice"),
    ("channelshuffle", "shuffle_channels"),
    ("reducemean", "mean"),
    ("dense", "linear"),
    ("fc", "linear"),
    ("fullyconnected", "linear"),
    ("cat", "concat"),
    ("bn", "batch_norm"),
    ("globalavgpool", "adaptive_avg_pool"),
    ("globalaveragepooling", "adaptive_avg_pool"),
    ("zeropad", "pad"),
];

/// Checks everything; returns the blocks that use themselves, which must not be evaluated.
pub fn check<'a>(source: &'a Source, reports: &mut Reports) -> HashSet<&'a str> {
    let mut checker = Checker {
        source,
        reports,
        scope: Vec::new(),
        calls: Vec::new(),
        labels: HashSet::new(),
        constants: &[],
        symbols: Vec::new(),
        in_sizes: false,
        in_closure: false,
        lost: false,
    };
    checker.items();
    let mut calls = HashMap::new();
    for block in &source.blocks {
        for param in &block.params {
            if let Some(default) = &param.default {
                checker.expr(default);
            }
            checker.enter(&param.name, "parameter");
        }
        checker.body(&block.body);
        checker.leave(0, block.body.damaged);
        calls.entry(block.name.text.as_str()).or_insert(std::mem::take(&mut checker.calls));
    }
    for network in &source.networks {
        checker.symbols = network.symbols(&source.constants);
        checker.in_sizes = true;
        let declared = network.outputs.iter().flatten().map(|declared| &declared.sizes);
        for sizes in network.inputs.iter().map(|input| &input.sizes).chain(declared) {
            sizes.sizes.iter().flatten().for_each(|size| checker.expr(size));
        }
        network.conditions.iter().for_each(|condition| checker.expr(condition));
        checker.in_sizes = false;
        for Input { name, .. } in &network.inputs {
            checker.enter(name, "input");
        }
        checker.body(&network.body);
        checker.leave(0, network.body.damaged);
        checker.symbols.clear();
    }
    recursive(&calls, reports)
}

/// A name in scope.
struct Known<'a> {
    name: &'a Name,
    what: &'static str,
    used: bool,
    /// The `let` that names several results, this one among them.
    among: Option<Place>,
}

struct Checker<'a, 'r> {
    source: &'a Source,
    reports: &'r mut Reports,
    scope: Vec<Known<'a>>,
    /// Of the block that is checked.
    calls: Vec<&'a Name>,
    /// Names of layers, which are no values.
    labels: HashSet<&'a str>,
    /// Those that are known.
    constants: &'a [Constant],
    /// Sizes of a network that are known only when it is bound.
    symbols: Vec<&'a str>,
    in_sizes: bool,
    in_closure: bool,
    /// Whether names were lost to mistakes that have been reported.
    lost: bool,
}

impl<'a> Checker<'a, '_> {
    fn mistake(&mut self, place: Place, message: impl Into<String>) {
        self.reports.add(place, Kind::Name, message);
    }

    fn twice<'n>(&mut self, what: &str, names: impl Iterator<Item = (&'n str, Place)>) {
        let mut first: HashMap<&str, Place> = HashMap::new();
        for (name, place) in names {
            match first.get(name) {
                Some(first) => self
                    .mistake(place, format!("there is a second {what} called `{name}`; the first is on line {}", first.line())),
                None => drop(first.insert(name, place)),
            }
        }
    }

    fn items(&mut self) {
        let source = self.source;
        self.twice("constant", source.constants.iter().map(|constant| (constant.name.text.as_str(), constant.name.place)));
        self.twice("block", source.blocks.iter().map(|block| (block.name.text.as_str(), block.name.place)));
        let networks: Vec<(String, Place)> =
            source.networks.iter().map(|network| (network.name.to_string(), network.place)).collect();
        self.twice("network", networks.iter().map(|(name, place)| (name.as_str(), *place)));
        for block in &source.blocks {
            self.twice("parameter", block.params.iter().map(|param| (param.name.text.as_str(), param.name.place)));
            if registry::layer(&block.name.text).is_some() {
                self.mistake(
                    block.name.place,
                    format!("`{}` is a layer\nhelp: choose another name for the block", block.name.text),
                );
            }
        }
        for network in &source.networks {
            self.twice("input", network.inputs.iter().map(|input| (input.name.text.as_str(), input.name.place)));
        }
        let of_networks = source.networks.iter().map(|network| &network.settings);
        for round in of_networks.chain([&source.settings]).filter_map(|settings| settings.round.as_ref()) {
            if !Round::WORDS.contains(&round.text.as_str()) {
                self.mistake(round.place, format!("`round` is `exact`, `floor` or `ceil`, not `{}`", round.text));
            }
        }
        for (index, Constant { value, .. }) in source.constants.iter().enumerate() {
            self.constants = &source.constants[..index];
            let is_cut_off = |stages: &[Stage]| matches!(stages, [Stage { kind: StageKind::Wrong, .. }]);
            if matches!(&value.kind, ExprKind::Chain(_, stages) if is_cut_off(stages)) {
                continue;
            }
            if let ExprKind::Chain(..) | ExprKind::Call(_) = value.kind {
                self.mistake(value.place, "a constant is a number, a window or a word; layers belong into a network or a block");
            } else {
                self.expr(value);
            }
        }
        self.constants = &source.constants;
    }

    /// Brings a parameter or input into scope. A second one of a name has been reported.
    fn enter(&mut self, name: &'a Name, what: &'static str) {
        self.scope.iter_mut().filter(|known| known.name.text == name.text).for_each(|known| known.used = true);
        self.scope.push(Known { name, what, used: false, among: None });
    }

    /// Drops the names from `base` on, which had better been used: where something could not be read, they may have been.
    fn leave(&mut self, base: usize, damaged: bool) {
        let left: Vec<Known<'a>> = self.scope.drain(base..).collect();
        // Of several results one is enough.
        let mut needed: HashSet<u32> = left.iter().filter(|known| known.used).filter_map(|known| Some(known.among?.id)).collect();
        for Known { name, what, used, among } in left {
            let unused = !used && among.is_none_or(|among| needed.insert(among.id));
            if unused && !damaged && !name.text.starts_with('_') {
                self.mistake(
                    name.place,
                    format!("the {what} `{0}` is never used\nhelp: remove it, or call it `_{0}`", name.text),
                );
            }
        }
    }

    fn body(&mut self, body: &'a Body) {
        let (base, lost) = (self.scope.len(), self.lost);
        self.lost |= body.lost;
        for Let { pattern, value } in &body.lets {
            self.expr(value);
            let names = pattern.names();
            self.twice("result", names.iter().filter(|name| name.text != "_").map(|name| (name.text.as_str(), name.place)));
            let among = if let Pattern::Several(_, place) = pattern { Some(*place) } else { None };
            self.scope.extend(names.iter().map(|name| Known { name, what: "value", used: false, among }));
        }
        match &body.result {
            Outcome::One(value) => self.expr(value),
            Outcome::Several(values) => values.iter().for_each(|(_, value)| self.expr(value)),
        }
        self.leave(base, body.damaged);
        self.lost = lost;
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Open | ExprKind::Wrong => {}
            ExprKind::Name(name) => self.name(name, expr.place),
            ExprKind::Tuple(values) | ExprKind::List(values) => values.iter().for_each(|value| self.expr(value)),
            ExprKind::Range(ends) => ends.iter().flatten().for_each(|end| self.expr(end)),
            ExprKind::Property(of, property) => {
                self.expr(of);
                if !PROPERTIES.contains(&property.text.as_str()) {
                    let help = match nearest(&property.text, PROPERTIES.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "the properties of a value are `channels`, `height`, `width`, of a sequence `length`, and `len`"
                            .to_owned(),
                    };
                    self.mistake(property.place, format!("a value has no property `{}`\nhelp: {help}", property.text));
                }
            }
            ExprKind::Unary(_, of) => self.expr(of),
            ExprKind::Binary(_, _, left, right) => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Call(call) if self.in_closure => self.function(call),
            ExprKind::Call(call) => self.call(call, false),
            ExprKind::If(branches) => {
                if branches.otherwise.is_none() {
                    self.mistake(branches.place, "an `if` that gives a value needs an `else`");
                }
                self.branches(branches, |checker, body| checker.body(body));
            }
            ExprKind::Closure(closure) => self.closure(closure, expr.place),
            ExprKind::Chain(source, stages) => {
                self.expr(source);
                self.stages(stages);
            }
        }
    }

    /// What stands in a closure: its parameters and what is known around it, and functions instead of layers.
    fn closure(&mut self, closure: &'a Closure, place: Place) {
        if self.in_closure {
            return self.mistake(place, "a closure stands in no other\nhelp: name a part of it by `let`");
        }
        self.twice("parameter", closure.params.iter().map(|param| (param.text.as_str(), param.place)));
        let base = self.scope.len();
        for param in &closure.params {
            self.scope[base..].iter_mut().filter(|known| known.name.text == param.text).for_each(|known| known.used = true);
            self.scope.push(Known { name: param, what: "parameter", used: false, among: None });
        }
        self.in_closure = true;
        self.body(&closure.body);
        self.in_closure = false;
        self.leave(base, closure.body.damaged);
    }

    fn function(&mut self, call: &'a Call) {
        if let Err((place, message)) = closure::function(call) {
            self.mistake(place, message);
        }
        if !call.damaged {
            call.args.iter().for_each(|argument| self.expr(&argument.value));
        }
    }

    fn branches<T>(&mut self, branches: &'a If<T>, mut each: impl FnMut(&mut Self, &'a T)) {
        for (condition, then) in &branches.arms {
            self.expr(condition);
            each(self, then);
        }
        branches.otherwise.iter().for_each(|otherwise| each(self, otherwise));
    }

    fn stages(&mut self, stages: &'a [Stage]) {
        for stage in stages {
            for part in stage.label.iter().flat_map(|label| &label.parts) {
                match (part, &stage.label) {
                    (Part::Value(name), Some(label)) => self.name(name, label.place),
                    (Part::Text(text), _) => drop(self.labels.insert(text)),
                    (Part::Value(_), None) => {}
                }
            }
            match &stage.kind {
                StageKind::Call(call) => self.call(call, true),
                StageKind::Group(stages) => self.stages(stages),
                StageKind::Repeat(count, call) => {
                    self.expr(count);
                    self.call(call, true);
                }
                StageKind::If(branches) => self.branches(branches, |checker, stages| checker.stages(stages)),
                StageKind::For(repeat) => {
                    self.expr(&repeat.from);
                    self.expr(&repeat.to);
                    let base = self.scope.len();
                    self.scope.push(Known { name: &repeat.variable, what: "variable", used: true, among: None });
                    self.stages(&repeat.body);
                    self.leave(base, false);
                }
                StageKind::Wrong => {}
            }
        }
    }

    fn call(&mut self, call: &'a Call, is_stage: bool) {
        self.calls.push(&call.name);
        match Callee::find(self.source, &call.name.text) {
            Some(callee) => {
                for (place, message) in bind(call, callee, is_stage).err().into_iter().flatten() {
                    self.mistake(place, message);
                }
            }
            None => self.unknown_call(&call.name),
        }
        if !call.damaged {
            call.args.iter().for_each(|argument| self.expr(&argument.value));
        }
    }

    fn unknown_call(&mut self, name: &'a Name) {
        let text = name.text.as_str();
        if let Some(known) = self.scope.iter_mut().rev().find(|known| known.name.text == text) {
            known.used = true;
            let what = if known.what == "input" { "an input" } else { "a value" };
            let help = "a chain starts with a value and goes on with layers; values are joined by `add(a, b)`, `mul(a, b)` or `concat(a, b)`";
            return self.mistake(name.place, format!("`{text}` is {what}, not a layer or a block\nhelp: {help}"));
        }
        // `Conv2d`, `MaxPool2d`, `nn_relu`: as in other frameworks.
        let plain = |name: &str| name.to_lowercase().replace('_', "").trim_end_matches("2d").to_owned();
        let names = || {
            registry::LAYERS
                .iter()
                .map(|layer| layer.name())
                .chain(self.source.blocks.iter().map(|block| block.name.text.as_str()))
        };
        let elsewhere = ELSEWHERE.iter().find(|(theirs, _)| *theirs == plain(text)).map(|(_, ours)| *ours);
        let near = names().find(|known| plain(known) == plain(text)).or(elsewhere).or_else(|| nearest(text, names()));
        let blocks: Vec<String> = self.source.blocks.iter().map(|block| format!("`{}`", block.name.text)).collect();
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            // It may have been the name of a block that could not be read.
            None if self.source.lost => return,
            None if blocks.is_empty() => "the layers are listed in the documentation of `convoke`".to_owned(),
            None => format!("the blocks here are {}; the layers are listed in the documentation of `convoke`", blocks.join(", ")),
        };
        self.mistake(name.place, format!("there is no layer or block `{text}`\nhelp: {help}"));
    }

    fn name(&mut self, text: &str, place: Place) {
        if let Some(known) = self.scope.iter_mut().rev().find(|known| known.name.text == text) {
            known.used = true;
            return;
        }
        let is_constant = self.constants.iter().any(|constant| constant.name.text == text);
        if is_constant || self.symbols.contains(&text) || word(text).is_some() {
            return;
        }
        // It may have been the name of a value or constant that could not be read.
        let is_constant_like = !text.chars().any(char::is_lowercase);
        if !(self.lost || self.source.lost && is_constant_like) {
            let message = self.undefined(text);
            self.mistake(place, message);
        }
    }

    /// Why a name that is not defined is not, as far as can be guessed.
    fn undefined(&self, text: &str) -> String {
        if self.source.constants.iter().any(|constant| constant.name.text == text) {
            return format!("`{text}` is defined further down\nhelp: constants know those above them: move this one down");
        }
        let constants = self.constants.iter().map(|constant| constant.name.text.as_str());
        let mut known: Vec<&str> = self.scope.iter().map(|known| known.name.text.as_str()).chain(constants).collect();
        let mut named = HashSet::new();
        known.retain(|name| named.insert(*name));
        if self.in_sizes {
            return match nearest(text, known.iter().copied()).filter(|_| text.len() > 1) {
                Some(near) => format!("`{text}` is not defined\nhelp: did you mean `{near}`?"),
                None => format!(
                    "`{text}` is not defined here: sizes are numbers or constants of this definition, since a macro cannot evaluate those outside of it\nhelp: write `const {text} = …;` inside of the invocation, or the number itself; a size that is known only at run time is one capital letter, or named by `where {text} >= 1`"
                ),
            };
        }
        if let Some(callee) = Callee::find(self.source, text) {
            let what = if matches!(callee, Callee::Block(_)) { "block" } else { "layer" };
            return format!("expected a value, but `{text}` is a {what}\nhelp: apply it to a value: `x -> {text}`");
        }
        if self.labels.contains(text) {
            return format!(
                "`{text}` is the name of a layer, not a value\nhelp: end a chain there and name its value: `let {text} = x -> …;`"
            );
        }
        let sides: Vec<&str> = text.split('x').collect();
        let is_side = |side: &&str| known.contains(side) || !side.is_empty() && side.bytes().all(|b| b.is_ascii_digit());
        if sides.len() == 2 && sides.iter().all(is_side) {
            return format!("`{text}` is one name to Rust, not a window\nhelp: write `({}, {})`", sides[0], sides[1]);
        }
        if let Some(near) =
            nearest(text, known.iter().copied().chain(words().map(|word| -> &str { word }))).filter(|_| text.len() > 1)
        {
            return format!("`{text}` is not defined\nhelp: did you mean `{near}`?");
        }
        if text.len() > 1 && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') {
            return format!(
                "`{text}` is not defined here: a macro cannot evaluate constants outside of it\nhelp: write `const {text} = 10;` inside of the invocation"
            );
        }
        let help = match known.is_empty() {
            true => String::new(),
            false => {
                format!("\nhelp: known here are {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
            }
        };
        format!("`{text}` is not defined{help}")
    }
}

/// The words of options: `floor`, `same`.
fn words() -> impl Iterator<Item = &'static str> {
    let params = registry::LAYERS.iter().flat_map(|layer| layer.signature());
    params
        .flat_map(|param| match param.kind {
            Accepts::Word(words) => words,
            Accepts::Pad { same: true } => &["same"],
            _ => &[],
        })
        .copied()
}

/// The word of some option that is written like this.
pub fn word(text: &str) -> Option<&'static str> {
    words().find(|word| *word == text)
}

/// Reports cycles among blocks, each once, on the call that closes it; returns the blocks on them.
fn recursive<'a>(calls: &HashMap<&'a str, Vec<&'a Name>>, reports: &mut Reports) -> HashSet<&'a str> {
    let mut on_cycles = HashSet::new();
    let mut done = HashSet::new();
    let mut starts: Vec<&&str> = calls.keys().collect();
    starts.sort();
    for start in starts {
        visit(start, calls, &mut Vec::new(), &mut done, &mut on_cycles, reports);
    }
    on_cycles
}

fn visit<'a>(
    block: &'a str,
    calls: &HashMap<&'a str, Vec<&'a Name>>,
    path: &mut Vec<&'a str>,
    done: &mut HashSet<&'a str>,
    on_cycles: &mut HashSet<&'a str>,
    reports: &mut Reports,
) {
    // Longer paths are beyond what evaluation accepts, which says so.
    if !calls.contains_key(block) || path.len() > MAX_PATH || !done.insert(block) {
        return;
    }
    path.push(block);
    for call in &calls[block] {
        if let Some(start) = path.iter().position(|name| *name == call.text) {
            let cycle: Vec<String> = path[start..].iter().chain([&call.text.as_str()]).map(|name| format!("`{name}`")).collect();
            reports.add(call.place, Kind::Name, format!("blocks cannot use themselves: {}", cycle.join(" uses ")));
            on_cycles.extend(&path[start..]);
        } else {
            visit(&call.text, calls, path, done, on_cycles, reports);
        }
    }
    path.pop();
}
