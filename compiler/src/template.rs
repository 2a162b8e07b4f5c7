//! A graph whose sizes are known only when it is bound: what the macro embeds for such a network, and what a planner at run time
//! makes a graph of. Floor 8.
//!
//! ```text
//! network Segment
//! symbols H = 32, W = 32
//! where "H % 4 == 0" H - 4*floor(H/4) = 0
//! input image [3, H, W]
//! %1 = conv(%0, filters = 8, window = 3x3, pad = 1) "stem" : [8, 32, 32]
//! output mask %1
//! ```
//!
//! The shapes are those of an example, whose sizes stand beside the symbols; otherwise it is the text form of a graph.

use crate::facts::{Condition, Facts, Relation};
use crate::graph::{Graph, ValueId};
use crate::infer;
use crate::ops;
use crate::shape::{Shape, Sizes};
use crate::text;
use std::collections::HashMap;
use std::fmt::{self, Write};

/// Most symbols of a network.
pub const MAX_SYMBOLS: usize = 8;

/// How far around sizes that do not fit others are looked for.
const MAX_DISTANCE: i64 = 64;

/// A graph with symbols.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The graph at the example's sizes.
    pub graph: Graph,
    /// The names of the symbols, in the order in which they first appear.
    pub symbols: Vec<String>,
    /// What its definition says of them, as it is written and as it is meant.
    pub conditions: Vec<(String, Condition)>,
    /// The sizes of its inputs.
    pub inputs: Vec<Sizes>,
    /// The sizes of the example, by symbol.
    example: Vec<i64>,
    /// The sizes of its outputs.
    outputs: Vec<Sizes>,
    /// What its layers ask for, beside the conditions: each with the first node that does.
    asks: Vec<(usize, Condition)>,
}

/// Why a template cannot be had at some sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfit {
    /// The node that does not accept its inputs, by index; `None` where the sizes themselves are at fault.
    pub node: Option<usize>,
    /// What is wrong, with the arithmetic, and which sizes would do.
    pub message: String,
}

impl Template {
    /// From a graph at an example's sizes. An error names the node that needs known sizes, or whose weights depend on them.
    pub fn new(
        graph: Graph,
        symbols: Vec<String>,
        conditions: Vec<(String, Condition)>,
        inputs: Vec<Sizes>,
        example: Vec<i64>,
    ) -> Result<Template, String> {
        if symbols.len() > MAX_SYMBOLS {
            return Err(format!("a network has at most {MAX_SYMBOLS} sizes that are known only when it is bound"));
        }
        if symbols.len() != example.len() || inputs.len() != graph.inputs.len() {
            return Err("an example has a size for each symbol, and a network sizes for each input".into());
        }
        let mut template = Template { graph, symbols, conditions, inputs, example, outputs: Vec::new(), asks: Vec::new() };
        template.infer()?;
        Ok(template)
    }

    /// Infers the outputs' sizes and what layers ask for.
    fn infer(&mut self) -> Result<(), String> {
        let graph = &self.graph;
        let mut sizes: HashMap<ValueId, Sizes> =
            graph.inputs.iter().zip(&self.inputs).map(|(port, sizes)| (port.value, sizes.clone())).collect();
        for (index, node) in graph.nodes.iter().enumerate() {
            if !node.epilogue.is_empty() {
                return Err(format!("`{}` is fused, which is done when sizes are known", node.call.path));
            }
            let inputs: Option<Vec<&Sizes>> = node.inputs.iter().map(|input| sizes.get(input)).collect();
            let inferred = inputs.and_then(|inputs| infer::call_sizes(&node.call, &inputs));
            let inferred = inferred.ok_or_else(|| format!("`{}` needs known sizes", node.call.layer))?;
            for ask in inferred.asks {
                if !self.asks.iter().any(|(_, known)| *known == ask) {
                    self.asks.push((index, ask));
                }
            }
            sizes.insert(node.output, inferred.sizes);
        }
        self.outputs = graph.outputs.iter().filter_map(|port| sizes.get(&port.value).cloned()).collect();
        Ok(())
    }

    /// The sizes of the outputs.
    pub fn outputs(&self) -> &[Sizes] {
        &self.outputs
    }

    /// The graph at other sizes, one for each symbol in order.
    pub fn at(&self, sizes: &[usize]) -> Result<Graph, Unfit> {
        let unfit = |message: String| Unfit { node: None, message };
        if sizes.len() != self.symbols.len() {
            let (n, names) = (sizes.len(), self.symbols.join(", "));
            return Err(unfit(format!("there is a size for each of {names}, but {n} were given")));
        }
        let Some(at) = sizes.iter().map(|&size| i64::try_from(size).ok()).collect::<Option<Vec<i64>>>() else {
            return Err(unfit(format!("{} are more than can be counted", self.named(sizes))));
        };
        if let Some(index) = sizes.iter().position(|&size| size == 0) {
            return Err(unfit(format!("{} is 0, and a size is at least 1{}", self.symbols[index], self.nearest(&at))));
        }
        if let Some((written, _)) = self.conditions.iter().find(|(_, condition)| !condition.holds(&at)) {
            return Err(unfit(format!("{}: `{written}` does not hold{}", self.named(sizes), self.nearest(&at))));
        }
        let mut graph = self.graph.clone();
        for (port, input) in self.graph.inputs.iter().zip(&self.inputs) {
            let shape = input.at(&at).ok_or_else(|| unfit(format!("{} are more than can be counted", self.named(sizes))))?;
            ops::countable(&shape).map_err(|message| unfit(format!("{}: {message}", self.named(sizes))))?;
            graph.values[port.value.0 as usize] = shape;
        }
        infer::infer(&mut graph).map_err(|(node, problem)| {
            let help = if self.asks.iter().all(|(_, ask)| ask.holds(&at)) { String::new() } else { self.nearest(&at) };
            Unfit { node: Some(node), message: format!("{}: {problem}{help}", self.named(sizes)) }
        })?;
        // A size that happens to be 1 would be repeated, which is not what the definition says.
        if let Some((node, ask)) = self.asks.iter().find(|(_, ask)| !ask.holds(&at)) {
            let ask = ask.display(&self.symbols);
            let message = format!("{}: {ask} does not hold{}", self.named(sizes), self.nearest(&at));
            return Err(Unfit { node: Some(*node), message });
        }
        Ok(graph)
    }

    /// The sizes of the symbols where the inputs have these shapes.
    ///
    /// An error says which input has another shape than its definition.
    pub fn sizes_of(&self, shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
        if shapes.len() != self.inputs.len() {
            return Err(format!("there are {} inputs, but {} were given", self.inputs.len(), shapes.len()));
        }
        let mut sizes = vec![None; self.symbols.len()];
        for ((port, input), shape) in self.graph.inputs.iter().zip(&self.inputs).zip(shapes) {
            let differs = || {
                let found = Shape(shape.to_vec());
                format!("the input `{}` is {}, but {found} was given", port.name, input.display(&self.symbols))
            };
            if input.0.len() != shape.len() {
                return Err(differs());
            }
            for (expected, &found) in input.0.iter().zip(*shape) {
                match (expected.as_symbol().and_then(|index| sizes.get_mut(index)), expected.known()) {
                    (Some(size @ None), _) => *size = Some(found),
                    (Some(Some(size)), _) if *size == found => {}
                    (None, Some(known)) if usize::try_from(known) == Ok(found) => {}
                    _ => return Err(differs()),
                }
            }
        }
        sizes.into_iter().collect::<Option<_>>().ok_or_else(|| "a symbol stands in no input".into())
    }

    /// `H = 30, W = 32`
    pub fn named(&self, sizes: &[usize]) -> String {
        named(&self.symbols, sizes)
    }

    /// A help with the nearest smaller and larger sizes that fit.
    fn nearest(&self, at: &[i64]) -> String {
        let conditions: Vec<Condition> =
            self.conditions.iter().map(|(_, condition)| condition).chain(self.asks.iter().map(|(_, ask)| ask)).cloned().collect();
        let fits = |sizes: &[i64]| conditions.iter().all(|condition| condition.holds(sizes));
        let facts = Facts::of(self.symbols.len(), &conditions);
        // Of each symbol the values next to the one that is given, on either side.
        let mut choices: Vec<Vec<i64>> = Vec::new();
        for (domain, &size) in facts.0.iter().zip(at) {
            let near = domain.around(size);
            if near.is_empty() {
                return String::new();
            }
            choices.push(near);
        }
        let distance = |sizes: &[i64]| sizes.iter().zip(at).map(|(a, b)| (a - b).unsigned_abs()).max().unwrap_or(0);
        let mut found: Vec<Vec<i64>> = combinations(&choices).into_iter().filter(|sizes| fits(sizes)).collect();
        if found.is_empty() && at.len() <= 2 {
            let around: Vec<Vec<i64>> =
                at.iter().map(|&size| ((size - MAX_DISTANCE).max(1)..=size.saturating_add(MAX_DISTANCE)).collect()).collect();
            found = combinations(&around).into_iter().filter(|sizes| fits(sizes)).collect();
        }
        found.sort_by_key(|sizes| (distance(sizes), sizes.clone()));
        let text = |sizes: &[i64]| named(&self.symbols, sizes);
        match found.as_slice() {
            [] => String::new(),
            [one] => format!("\nhelp: {} would do", text(one)),
            [one, other, ..] => format!("\nhelp: the nearest that would do are {} and {}", text(one), text(other)),
        }
    }

    /// The text form.
    pub fn print(&self) -> String {
        let mut template = format!("network {}\nsymbols {}\n", self.graph.name, named(&self.symbols, &self.example));
        for (written, Condition { left, relation, right }) in &self.conditions {
            let relation = if *relation == Relation::Equal { "=" } else { ">=" };
            let sides = [left, right].map(|side| side.plain(&self.symbols));
            let _ = writeln!(template, "where {} {} {relation} {}", text::quote(written), sides[0], sides[1]);
        }
        for (port, sizes) in self.graph.inputs.iter().zip(&self.inputs) {
            let sizes: Vec<String> = sizes.0.iter().map(|size| size.plain(&self.symbols)).collect();
            let _ = writeln!(template, "input {} [{}]", port.name, sizes.join(", "));
        }
        let graph = text::print(&self.graph);
        let rest = graph.lines().filter(|line| !line.starts_with("network ") && !line.starts_with("input "));
        rest.for_each(|line| template.extend([line, "\n"]));
        template
    }

    /// The template of a text form, or what is wrong with it.
    pub fn parse(template: &str) -> Result<Template, String> {
        let (mut symbols, mut example) = (Vec::new(), Vec::new());
        let (mut conditions, mut inputs) = (Vec::new(), Vec::new());
        let mut graph = String::new();
        for (index, line) in template.lines().enumerate() {
            let mut read = || -> Result<(), String> {
                let mut cursor = text::Cursor::new(line);
                if cursor.take("symbols ") {
                    loop {
                        symbols.push(cursor.word()?.to_owned());
                        cursor.expect("=")?;
                        example.push(cursor.number()?);
                        if !cursor.take(",") {
                            return cursor.end();
                        }
                    }
                } else if cursor.take("where ") {
                    cursor.expect("\"")?;
                    let written = cursor.quoted()?;
                    let left = cursor.size(&symbols)?;
                    let equal = cursor.take("=");
                    if !equal {
                        cursor.expect(">=")?;
                    }
                    let right = cursor.size(&symbols)?;
                    let condition = if equal { Condition::equal(left, right) } else { Condition::at_least(left, right) };
                    conditions.push((written, condition));
                    cursor.end()
                } else if cursor.take("input ") {
                    let name = cursor.word()?;
                    cursor.expect("[")?;
                    let mut sizes = vec![cursor.size(&symbols)?];
                    while cursor.take(",") {
                        sizes.push(cursor.size(&symbols)?);
                    }
                    cursor.expect("]")?;
                    let sizes = Sizes(sizes);
                    let shape = sizes.at(&example).ok_or("a size cannot be counted")?;
                    let _ = writeln!(graph, "input {name} {shape}");
                    inputs.push(sizes);
                    cursor.end()
                } else {
                    graph.extend([line, "\n"]);
                    Ok(())
                }
            };
            read().map_err(|problem| format!("line {}: {problem}", index + 1))?;
        }
        Template::new(text::parse(&graph)?, symbols, conditions, inputs, example)
    }
}

/// `H = 30, W = 32`
pub(crate) fn named(symbols: &[String], sizes: &[impl fmt::Display]) -> String {
    let parts: Vec<String> = symbols.iter().zip(sizes).map(|(name, size)| format!("{name} = {size}")).collect();
    parts.join(", ")
}

/// Every choice of one value from each.
fn combinations(choices: &[Vec<i64>]) -> Vec<Vec<i64>> {
    choices.iter().fold(vec![Vec::new()], |all, values| {
        all.iter().flat_map(|start| values.iter().map(|&value| [start.as_slice(), &[value]].concat())).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
network Segment
symbols H = 12, W = 12
where \"H >= 9\" H >= 9
where \"W % 6 == 0\" W - 6*floor(W/6) = 0
input image [3, H, W]
%1 = max_pool(%0, window = 2x2, round = floor) : [3, 6, 6]
%2 = max_pool(%1, window = 2x2, round = floor) : [3, 3, 3]
%3 = upsample(%2, scale = 4x4) : [3, 12, 12]
%4 = add(%0, %3) : [3, 12, 12]
output mask %4
";

    #[test]
    fn prints_and_parses() {
        let template = Template::parse(TEXT).unwrap();
        assert_eq!(template.print(), TEXT);
        assert_eq!(Template::parse(&template.print()), Ok(template.clone()));
        assert_eq!(template.outputs()[0].display(&template.symbols).to_string(), "[3, H, W]");
    }

    #[test]
    fn sizes_that_fit_give_a_graph_of_them() {
        let template = Template::parse(TEXT).unwrap();
        let graph = template.at(&[16, 24]).unwrap();
        assert_eq!(graph.shape(graph.outputs[0].value), &Shape::map(3, 16, 24));
        assert_eq!(crate::verify::verify(&graph), Ok(()));
        assert_eq!(template.sizes_of(&[&[3, 16, 24]]), Ok(vec![16, 24]));
        assert_eq!(template.sizes_of(&[&[4, 16, 24]]), Err("the input `image` is [3, H, W], but [4, 16, 24] was given".into()));
    }

    #[test]
    fn sizes_that_do_not_fit_are_told_with_the_nearest_that_do() {
        let template = Template::parse(TEXT).unwrap();
        let unfit = |sizes: &[usize]| template.at(sizes).unwrap_err();
        assert_eq!(
            unfit(&[8, 24]),
            Unfit { node: None, message: "H = 8, W = 24: `H >= 9` does not hold\nhelp: H = 12, W = 24 would do".into() }
        );
        assert_eq!(
            unfit(&[16, 20]).message,
            "H = 16, W = 20: `W % 6 == 0` does not hold\nhelp: the nearest that would do are H = 16, W = 24 and H = 16, W = 12"
        );
        let of_layer = unfit(&[15, 24]);
        assert_eq!(of_layer.node, Some(3));
        assert!(of_layer.message.starts_with("H = 15, W = 24: `add`"), "{}", of_layer.message);
        assert!(
            of_layer.message.ends_with("\nhelp: the nearest that would do are H = 16, W = 24 and H = 12, W = 24"),
            "{}",
            of_layer.message
        );
        assert!(unfit(&[0, 24]).message.starts_with("H is 0"));
        assert!(unfit(&[16]).message.starts_with("there is a size for each of H, W, but 1 were given"));
        assert!(unfit(&[usize::MAX, 24]).message.contains("more than can be counted"));
        assert!(
            unfit(&[1 << 61, 24]).message.contains("more elements than memory can address"),
            "{}",
            unfit(&[1 << 61, 24]).message
        );
    }

    #[test]
    fn texts_that_make_no_sense_are_refused() {
        for (from, to) in [
            ("symbols H = 12, W = 12", "symbols H = , W = 12"),
            ("H >= 9\" H >= 9", "H >= 9\" H > 9"),
            ("floor(W/6)", "floor(W/0)"),
            ("floor(W/6)", "floor(W"),
            ("[3, H, W]", "[3, H, X]"),
            ("[3, H, W]", "[3, H - 20, W]"),
            ("scale = 4x4) : [3, 12, 12]", "scale = 4x4) : [3, 12, 13]"),
            ("symbols H = 12, W = 12\n", ""),
        ] {
            assert!(Template::parse(&TEXT.replace(from, to)).is_err(), "{to}");
        }
    }
}
