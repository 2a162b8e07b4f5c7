//! The text form of a graph: one line per node. For snapshots and debugging, and what a planner at run time reads. Floor 7.
//!
//! ```text
//! network LeNet5
//! input image [1, 32, 32]
//! %1 = conv(%0, filters = 6, window = 5x5) "c1" -> tanh -> avg_pool(window = 2x2) : [6, 14, 14]
//! %2 = batch_norm(%1, eps = 0.001) "layer1.0.bn" : [6, 14, 14]
//! output out %2
//! ```
//!
//! Values are numbered by [`ValueId`], the inputs first. Arguments that have their default are left out. What follows `->` is the
//! epilogue, whose stages may have paths and read other values: `-> add(%4)`. The shape at the end is checked where it is written.

use crate::graph::{Arg, Args, Call, Graph, Node, Origin, Padding, Port, Stage, ValueId};
use crate::infer;
use crate::ops::{self, AnyLayer, Default, Kind, Param};
use crate::registry;
use crate::shape::Shape;
use crate::size::Size;
use std::collections::HashMap;
use std::fmt::Write;

/// The text form of a graph.
pub fn print(graph: &Graph) -> String {
    let mut text = format!("network {}\n", graph.name);
    for port in &graph.inputs {
        let _ = writeln!(text, "input {} {}", port.name, graph.shape(port.value));
    }
    for node in &graph.nodes {
        let _ = write!(text, "%{} = {}", node.output.0, print_call(&node.call, &node.inputs));
        for stage in &node.epilogue {
            let _ = write!(text, " -> {}", print_call(&stage.call, &stage.others));
        }
        let _ = writeln!(text, " : {}", graph.shape(node.output));
    }
    for port in &graph.outputs {
        let _ = writeln!(text, "output {} %{}", port.name, port.value.0);
    }
    text
}

/// `conv(%0, filters = 6, window = 5x5) "c1"`
fn print_call(call: &Call, reads: &[ValueId]) -> String {
    let mut parts: Vec<String> = reads.iter().map(|read| format!("%{}", read.0)).collect();
    if let Some(layer) = registry::layer(call.layer) {
        parts.extend(unusual(layer, &call.args).map(|(param, value)| format!("{} = {}", param.name, print_arg(value))));
    }
    let mut text = call.layer.to_string();
    if !parts.is_empty() {
        let _ = write!(text, "({})", parts.join(", "));
    }
    if !call.path.is_empty() {
        let _ = write!(text, " {}", quote(&call.path));
    }
    text
}

/// A call as a definition would have it: `conv(64, 7x7, stride = 2, pad = 3)`. `round = floor` is left out: whole definitions say
/// it once, and what is computed where windows do fit is the same.
pub fn call(call: &Call) -> String {
    let Some(layer) = registry::layer(call.layer) else { return call.layer.into() };
    let written = |(param, value): (&Param, &Arg)| match (&param.default, value) {
        (Default::Required, Arg::Pair(_)) => print_arg(value),
        (Default::Required, _) => ops::written(value),
        _ => format!("{} = {}", param.name, ops::written(value)),
    };
    let told = |(param, value): &(&Param, &Arg)| param.name != "round" || **value != Arg::Word("floor");
    let parts: Vec<String> = unusual(layer, &call.args).filter(told).map(written).collect();
    if parts.is_empty() { call.layer.into() } else { format!("{}({})", call.layer, parts.join(", ")) }
}

/// The arguments that differ from their defaults.
fn unusual<'a>(layer: &'static dyn AnyLayer, args: &'a Args) -> impl Iterator<Item = (&'static Param, &'a Arg)> + 'a {
    let value = |name: &str| args.0.iter().find(|(n, _)| *n == name).map(|(_, value)| value);
    layer.signature().iter().filter_map(move |param| {
        let found = value(param.name)?;
        let default = match &param.default {
            Default::Required => None,
            Default::Value(value) => Some(value),
            Default::Of(other) => value(other),
        };
        (default != Some(found)).then_some((param, found))
    })
}

fn print_arg(value: &Arg) -> String {
    match value {
        Arg::Pair([a, b]) => format!("{a}x{b}"),
        Arg::Closure(program) => program.to_string(),
        _ => ops::written(value),
    }
}

pub(crate) fn quote(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            '\n' => vec!['\\', 'n'],
            '\r' => vec!['\\', 'r'],
            _ => vec![c],
        })
        .collect();
    format!("\"{escaped}\"")
}

/// The graph of a text form, its shapes inferred, or what is wrong with the text and on which line. Values come out numbered in the
/// order of their definitions. It accepts any text without panicking, but verifies nothing beyond what inference needs.
pub fn parse(text: &str) -> Result<Graph, String> {
    let mut reader = Reader {
        graph: Graph { name: String::new(), inputs: vec![], values: vec![], nodes: vec![], outputs: vec![] },
        ids: HashMap::new(),
    };
    let mut n_lines = 0;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let mut cursor = Cursor { rest: line.trim() };
        reader.line(&mut cursor, n_lines == 0).map_err(|problem| format!("line {}: {problem}", index + 1))?;
        n_lines += 1;
    }
    if n_lines == 0 {
        return Err("the text is empty, where `network NAME` was expected".into());
    }
    Ok(reader.graph)
}

/// The graph as far as it is read.
struct Reader {
    graph: Graph,
    /// Values by their number in the text.
    ids: HashMap<u32, ValueId>,
}

impl Reader {
    fn line(&mut self, cursor: &mut Cursor<'_>, first: bool) -> Result<(), String> {
        if first {
            cursor.expect("network")?;
            self.graph.name = cursor.word()?.to_string();
        } else if cursor.take("%") {
            self.node(cursor)?;
        } else if cursor.take("input ") {
            if !self.graph.nodes.is_empty() {
                return Err("inputs stand before the layers".into());
            }
            let name = cursor.word()?.to_string();
            let shape = cursor.shape()?;
            ops::countable(&shape)?;
            let value = self.define(self.graph.inputs.len() as u32, shape)?;
            self.graph.inputs.push(Port { name, value });
        } else if cursor.take("output ") {
            let name = cursor.word()?.to_string();
            cursor.expect("%")?;
            let value = self.value(cursor)?;
            self.graph.outputs.push(Port { name, value });
        } else {
            return Err(format!("expected `input`, `%` or `output`, found `{}`", cursor.rest));
        }
        cursor.end()
    }

    fn node(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let number = cursor.number()?;
        cursor.expect("=")?;
        let (call, inputs) = self.call(cursor)?;
        let mut epilogue = Vec::new();
        while cursor.take("->") {
            let (call, others) = self.call(cursor)?;
            epilogue.push(Stage { call, others });
        }
        // The output's id is known once the shape is; until then it is that of the next value.
        let node = Node { call, inputs, epilogue, output: ValueId(self.graph.values.len() as u32) };
        let shape = infer::stages(&self.graph, &node).map_err(|problem| problem.to_string())?.pop();
        let shape = shape.ok_or("a node has no shape")?;
        if cursor.take(":") {
            let written = cursor.shape()?;
            if written != shape {
                return Err(format!("the shape is written as {written}, but inferred to be {shape}"));
            }
        }
        self.define(number, shape)?;
        self.graph.nodes.push(node);
        Ok(())
    }

    fn define(&mut self, number: u32, shape: Shape) -> Result<ValueId, String> {
        let value = self.graph.add_value(shape);
        match self.ids.insert(number, value) {
            None => Ok(value),
            Some(_) => Err(format!("%{number} is defined twice")),
        }
    }

    /// The number of a value, its `%` read.
    fn value(&self, cursor: &mut Cursor<'_>) -> Result<ValueId, String> {
        let number = cursor.number()?;
        self.ids.get(&number).copied().ok_or_else(|| format!("%{number} is not defined before it is read"))
    }

    /// `conv(%0, filters = 6, window = 5x5) "c1"`
    fn call(&self, cursor: &mut Cursor<'_>) -> Result<(Call, Vec<ValueId>), String> {
        let word = cursor.word()?;
        let layer = registry::layer(word).ok_or_else(|| format!("there is no layer `{word}`"))?;
        let (mut reads, mut given) = (Vec::new(), Vec::new());
        if cursor.take("(") {
            while !cursor.take(")") {
                if cursor.take("%") {
                    reads.push(self.value(cursor)?);
                } else {
                    let name = cursor.word()?;
                    let param = layer.signature().iter().find(|param| param.name == name);
                    let param = param.ok_or_else(|| format!("`{word}` has no argument `{name}`"))?;
                    cursor.expect("=")?;
                    given.push((param.name, cursor.arg(param)?));
                }
                if !cursor.take(",") {
                    cursor.expect(")")?;
                    break;
                }
            }
        }
        let path = match cursor.rest.strip_prefix('"') {
            Some(rest) => {
                cursor.rest = rest;
                cursor.quoted()?
            }
            None => String::new(),
        };
        let args = ops::complete(layer.signature(), &given).map_err(|problem| format!("`{word}`: {problem}"))?;
        Ok((Call { layer: layer.name(), path, args, origin: Origin::NONE }, reads))
    }
}

/// Floors in floors of a size.
const MAX_FLOORS: usize = 32;

/// What is left of a line.
pub(crate) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// At a line's start.
    pub(crate) fn new(line: &'a str) -> Cursor<'a> {
        Cursor { rest: line.trim() }
    }

    /// Reads `token` and the blanks after it, if it comes next.
    pub(crate) fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    pub(crate) fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    fn expected(&self, what: &str) -> String {
        match self.rest {
            "" => format!("expected {what}, found the end of the line"),
            rest => format!("expected {what}, found `{rest}`"),
        }
    }

    pub(crate) fn end(&self) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.expected("the end of the line")) }
    }

    /// The longest prefix of such characters, which must not be empty, and the blanks after it.
    fn run(&mut self, what: &str, of: impl Fn(char) -> bool) -> Result<&'a str, String> {
        let len = self.rest.find(|c| !of(c)).unwrap_or(self.rest.len());
        if len == 0 {
            return Err(self.expected(what));
        }
        let (run, rest) = self.rest.split_at(len);
        self.rest = rest.trim_start();
        Ok(run)
    }

    pub(crate) fn word(&mut self) -> Result<&'a str, String> {
        self.run("a word", |c| c.is_alphanumeric() || c == '_')
    }

    pub(crate) fn number<N: std::str::FromStr>(&mut self) -> Result<N, String> {
        let digits = self.run("a number", |c| c.is_ascii_digit())?;
        digits.parse().map_err(|_| format!("{digits} is too large"))
    }

    /// `[3, 224, 224]`, `[8, 100]` or `[10]`
    fn shape(&mut self) -> Result<Shape, String> {
        self.expect("[")?;
        let mut sizes = vec![self.number()?];
        while self.take(",") {
            sizes.push(self.number()?);
        }
        self.expect("]")?;
        match sizes.len() {
            1..=3 => Ok(Shape(sizes)),
            n => Err(format!("a shape has one size, two or three, not {n}")),
        }
    }

    fn signed(&mut self) -> Result<i64, String> {
        let digits = self.run("an integer", |c| c.is_ascii_digit() || c == '-')?;
        digits.parse().map_err(|_| format!("`{digits}` is not an integer"))
    }

    /// `[8, -1]`
    fn list(&mut self) -> Result<Arg, String> {
        self.expect("[")?;
        let mut values = vec![self.signed()?];
        while self.take(",") {
            values.push(self.signed()?);
        }
        self.expect("]")?;
        Ok(Arg::List(values))
    }

    /// An end of a range, which may be left out.
    fn end_of_range(&mut self) -> Result<Option<i64>, String> {
        let is_there = self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        if is_there { self.signed().map(Some) } else { Ok(None) }
    }

    /// The rest of a quoted text, its first quote read.
    pub(crate) fn quoted(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((index, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = self.rest[index + 1..].trim_start();
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    _ => return Err("a `\\` is followed by none of n, r, \\ and \"".into()),
                },
                _ => text.push(c),
            }
        }
        Err("a quoted path does not end".into())
    }

    /// `64*floor((H + 1)/2)*W - 3`: what [`Size::plain`] writes.
    pub(crate) fn size(&mut self, symbols: &[String]) -> Result<Size, String> {
        self.size_in(symbols, MAX_FLOORS)
    }

    fn size_in(&mut self, symbols: &[String], depth: usize) -> Result<Size, String> {
        let overflow = || "a size cannot be counted".to_owned();
        let mut sum = Size::constant(0);
        let mut negative = self.take("-");
        loop {
            let mut product = Size::constant(if negative { -1 } else { 1 });
            loop {
                product = product.times(&self.factor(symbols, depth)?).ok_or_else(overflow)?;
                if !self.take("*") {
                    break;
                }
            }
            sum = sum.plus(&product).ok_or_else(overflow)?;
            negative = match () {
                _ if self.take("+") => false,
                _ if self.take("-") => true,
                _ => return Ok(sum),
            };
        }
    }

    /// `12`, `H` or `floor((H + 1)/2)`
    fn factor(&mut self, symbols: &[String], depth: usize) -> Result<Size, String> {
        let Some(depth) = depth.checked_sub(1) else { return Err("a size is nested too deep".into()) };
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Size::constant(self.number()?));
        }
        if self.take("floor(") {
            let of = if self.take("(") {
                let of = self.size_in(symbols, depth)?;
                self.expect(")")?;
                of
            } else {
                self.factor(symbols, depth)?
            };
            self.expect("/")?;
            let by = self.number()?;
            self.expect(")")?;
            return of.floor_div(by).ok_or_else(|| format!("a size cannot be divided by {by}"));
        }
        let name = self.word()?;
        let index = symbols.iter().position(|symbol| symbol == name);
        index.map(Size::symbol).ok_or_else(|| format!("there is no symbol `{name}`"))
    }

    fn arg(&mut self, param: &Param) -> Result<Arg, String> {
        match param.kind {
            Kind::Size | Kind::Count => Ok(Arg::Int(self.number()?)),
            Kind::Pair => {
                let down = self.number()?;
                if self.take("x") { Ok(Arg::Pair([down, self.number()?])) } else { Ok(Arg::Int(down)) }
            }
            Kind::Factor => {
                let digits = self.run("a number", |c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e'))?;
                let whole = |digits: &str| digits.parse::<usize>().map_err(|_| format!("`{digits}` is not an integer"));
                if self.take("x") {
                    return Ok(Arg::Pair([whole(digits)?, self.number()?]));
                }
                let number = || digits.parse().map(Arg::Number).map_err(|_| format!("`{digits}` is not a number"));
                whole(digits).map(Arg::Int).or_else(|_| number())
            }
            Kind::Pad { .. } if self.take("same") => Ok(Arg::Pad(Padding::Same)),
            Kind::Pad { .. } if self.take("(") => {
                let mut sides = vec![self.number()?];
                while self.take(",") {
                    sides.push(self.number()?);
                }
                self.expect(")")?;
                match sides[..] {
                    [a, b] => Ok(Arg::Pad(Padding::Two([a, b]))),
                    [top, left, bottom, right] => Ok(Arg::Pad(Padding::Sides([top, left, bottom, right]))),
                    _ => Err(format!("`{}` must be {}", param.name, param.kind)),
                }
            }
            Kind::Pad { .. } => Ok(Arg::Pad(Padding::Each(self.number()?))),
            Kind::Flag => match self.word()? {
                "true" => Ok(Arg::Flag(true)),
                "false" => Ok(Arg::Flag(false)),
                other => Err(format!("expected `true` or `false`, found `{other}`")),
            },
            Kind::Number => {
                let digits = self.run("a number", |c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e'))?;
                digits.parse().map(Arg::Number).map_err(|_| format!("`{digits}` is not a number"))
            }
            Kind::Axis => self.signed().map(Arg::Axis),
            Kind::Axes | Kind::Sizes => self.list(),
            Kind::Parts if self.rest.starts_with('[') => self.list(),
            Kind::Parts => Ok(Arg::Int(self.number()?)),
            Kind::Range => {
                let from = self.end_of_range()?;
                self.expect("..")?;
                Ok(Arg::Range([from, self.end_of_range()?]))
            }
            Kind::Closure => {
                let end = self.rest.find(']').ok_or_else(|| self.expected("a program, as in `[1: exp(0)]`"))?;
                let (program, rest) = self.rest.split_at(end + 1);
                self.rest = rest.trim_start();
                program.parse().map(Arg::Closure)
            }
            Kind::Word(words) => {
                let found = self.word()?;
                let word = words.iter().find(|word| **word == found);
                word.map(|word| Arg::Word(word)).ok_or_else(|| format!("`{}` must be {}, not `{found}`", param.name, param.kind))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENET: &str = "\
network LeNet5
input image [1, 32, 32]
%1 = conv(%0, filters = 6, window = 5x5) \"c1\" -> tanh -> avg_pool(window = 2x2) : [6, 14, 14]
%2 = conv(%1, filters = 16, window = 5x5, stride = 1x2, pad = (0, 0, 0, 1), round = floor) \"c3\" : [16, 10, 6]
%3 = leaky_relu(%2, slope = 1e-5) : [16, 10, 6]
%4 = concat(%2, %3) : [32, 10, 6]
%5 = map(%2, %3, f = [2: mul(1.702, 0), sigmoid(2), mul(3, 1)]) : [16, 10, 6]
%6 = conv(%4, filters = 16, window = 1x1, pad = same) \"a \\\"b\\\" \\\\.0\" -> batch_norm(affine = false) \"bn\" -> add(%5) : [16, 10, 6]
output out %6
output early %1
";

    #[test]
    fn what_is_printed_parses_to_the_same_graph() {
        let graph = parse(LENET).unwrap();
        assert_eq!(print(&graph), LENET);
        assert_eq!(parse(&print(&graph)).unwrap(), graph);
    }

    #[test]
    fn any_prefix_and_any_damaged_byte_is_an_error_or_a_graph_but_no_panic() {
        let mut n_errors = 0;
        for end in (0..LENET.len()).filter(|&end| LENET.is_char_boundary(end)) {
            n_errors += usize::from(parse(&LENET[..end]).is_err());
            for damage in ['0', '9', '%', '(', '"', ' ', '\\', 'é'] {
                let damaged = format!("{}{damage}{}", &LENET[..end], &LENET[end + 1..]);
                n_errors += usize::from(parse(&damaged).is_err());
            }
        }
        assert!(n_errors > 2000, "{n_errors}");
    }

    #[test]
    fn errors_name_the_line_and_what_was_expected() {
        for (line, expected) in [
            ("%1 = relu(%7)", "line 3: %7 is not defined before it is read"),
            ("%1 = rely(%0)", "line 3: there is no layer `rely`"),
            ("%1 = linear(%0, outputs = 0)", "line 3: `linear`: `outputs` must be an integer of at least 1"),
            ("%1 = linear(%0, sizes = 1)", "line 3: `linear` has no argument `sizes`"),
            ("%1 = linear(%0)", "line 3: `linear`: `outputs` is missing"),
            ("%1 = add(%0)", "line 3: `add` reads two values, but is given 1"),
            ("%1 = relu(%0) : [5]", "line 3: the shape is written as [5], but inferred to be [4]"),
            ("%0 = relu(%0)", "line 3: %0 is defined twice"),
            ("%1 = linear(%0, outputs = 99999999999999999999)", "line 3: 99999999999999999999 is too large"),
            ("relu(%0)", "line 3: expected `input`, `%` or `output`, found `relu(%0)`"),
        ] {
            assert_eq!(parse(&format!("network N\ninput x [4]\n{line}\noutput y %1")), Err(expected.to_string()), "{line}");
        }
    }

    #[test]
    fn a_call_reads_as_in_a_definition() {
        let graph = parse(
            "network N\ninput x [3, 224, 224]\n%1 = conv(%0, filters = 64, window = 7x7, stride = 2x2, pad = 3, round = floor)\noutput y %1",
        );
        assert_eq!(call(&graph.unwrap().nodes[0].call), "conv(64, 7x7, stride = 2, pad = 3)");
    }
}
