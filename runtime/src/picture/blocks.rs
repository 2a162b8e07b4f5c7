//! Nodes and nested groups, made of a plan's layers by their paths. Floor 5.

use std::collections::{BTreeMap, BTreeSet};

use convoke_compiler::plan::{Layer, Plan, Source};

use crate::numbers::thousands;

/// Groups inside one another at most; what lies deeper stands in the last.
const MAX_DEPTH: usize = 16;

/// A network as nodes in groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks {
    /// The network's name.
    pub name: String,
    /// Inputs, layers and outputs; a node reads only nodes before it.
    pub nodes: Vec<Node>,
    /// Groups; the first is the whole network.
    pub groups: Vec<Group>,
}

/// A box with a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The last component of its path.
    pub title: String,
    /// Its path in the state dict.
    pub path: String,
    /// What it holds, in order.
    pub children: Vec<Child>,
}

/// What a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Child {
    /// An index into [`Blocks::nodes`].
    Node(usize),
    /// An index into [`Blocks::groups`].
    Group(usize),
}

/// A layer with the normalisations and activations that follow it, or an input or output.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What colour it has.
    pub kind: Kind,
    /// Its name in its group; empty where that would say nothing.
    pub name: String,
    /// The layer and what of its arguments a reader looks for.
    pub call: String,
    /// What follows it in the same node: `batch_norm, relu`.
    pub followers: String,
    /// The sizes of its output, and its learned parameters.
    pub facts: String,
    /// Every layer in it by path and whole call, a line each.
    pub details: String,
    /// Indices of the nodes that it reads, each once.
    pub reads: Vec<usize>,
}

/// What a layer does, as far as a figure tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An input or output of the network.
    Port,
    /// A convolution.
    Conv,
    /// A fully connected or recurrent layer.
    Linear,
    /// Pooling and resizing.
    Pool,
    /// Several values become one.
    Combine,
    /// Elements change places.
    Rearrange,
    /// A normalisation, an activation, or anything else element by element.
    Element,
}

impl Kind {
    /// By the layer's word.
    fn of(layer: &Layer) -> Kind {
        match word(layer) {
            "linear" | "rnn" | "lstm" | "gru" => Kind::Linear,
            "add" | "mul" | "concat" | "scale" => Kind::Combine,
            "flatten" | "reshape" | "permute" | "slice" | "split" | "pad" | "pad_channels" | "subsample" | "shuffle_channels" => {
                Kind::Rearrange
            }
            "upsample" | "mean" => Kind::Pool,
            word if word.contains("conv") => Kind::Conv,
            word if word.contains("pool") => Kind::Pool,
            _ if layer.reads.len() > 1 => Kind::Combine,
            _ => Kind::Element,
        }
    }
}

impl Blocks {
    /// Of a plan's layers.
    pub fn of(plan: &Plan) -> Blocks {
        let homes = Homes::of(plan);
        let mut stacks: Vec<Vec<usize>> = Vec::new();
        let mut stack_of: Vec<usize> = Vec::new();
        let mut n_readers: BTreeMap<Source, usize> = BTreeMap::new();
        let reads = plan.layers.iter().flat_map(|layer| layer.reads.iter());
        reads.chain(plan.results.iter()).for_each(|source| *n_readers.entry(*source).or_default() += 1);
        for (index, layer) in plan.layers.iter().enumerate() {
            match homes.followed(plan, layer).filter(|before| n_readers[&Source::Layer(*before)] == 1) {
                Some(before) => {
                    stacks[stack_of[before]].push(index);
                    stack_of.push(stack_of[before]);
                }
                None => {
                    stack_of.push(stacks.len());
                    stacks.push(vec![index]);
                }
            }
        }
        let n_inputs = plan.inputs.len();
        let node_of = |source: &Source| match *source {
            Source::Input(index) => index,
            Source::Layer(index) => n_inputs + stack_of[index],
        };
        let mut nodes: Vec<Node> = plan.inputs.iter().map(|port| port_node(&port.name, &port.shape, vec![])).collect();
        for stack in &stacks {
            let layers: Vec<&Layer> = stack.iter().map(|&index| &plan.layers[index]).collect();
            let mut reads: Vec<usize> = layers[0].reads.iter().map(node_of).collect();
            reads.sort_unstable();
            reads.dedup();
            nodes.push(layer_node(&layers, homes.of_layer(layers[0]), reads));
        }
        let mut blocks = Blocks { name: plan.name.to_string(), nodes, groups: vec![] };
        blocks.group(stacks.iter().map(|stack| homes.of_layer(&plan.layers[stack[0]])).collect(), n_inputs);
        for (port, result) in plan.outputs.iter().zip(plan.results.iter()) {
            blocks.groups[0].children.push(Child::Node(blocks.nodes.len()));
            blocks.nodes.push(port_node(&port.name, &port.shape, vec![node_of(result)]));
        }
        blocks
    }

    /// Puts inputs and the nodes after them into groups by their paths.
    ///
    /// A group holds nodes that follow one another, so that no value leaves it and comes back: where a path is left and taken
    /// up again, there are two groups of that title.
    fn group(&mut self, paths: Vec<&str>, n_inputs: usize) {
        let inputs = (0..n_inputs).map(Child::Node).collect();
        self.groups = vec![Group { title: String::new(), path: String::new(), children: inputs }];
        let mut open: Vec<(&str, usize)> = vec![];
        for (index, path) in paths.into_iter().enumerate() {
            let components: Vec<&str> = path.split('.').filter(|component| !component.is_empty()).take(MAX_DEPTH).collect();
            let n_shared = open.iter().zip(&components).take_while(|((title, _), component)| title == *component).count();
            open.truncate(n_shared);
            for at in n_shared..components.len() {
                let group = self.groups.len();
                let (title, path) = (components[at].to_owned(), components[..=at].join("."));
                self.groups.push(Group { title, path, children: vec![] });
                let outer = open.last().map_or(0, |&(_, group)| group);
                self.groups[outer].children.push(Child::Group(group));
                open.push((components[at], group));
            }
            let group = open.last().map_or(0, |&(_, group)| group);
            self.groups[group].children.push(Child::Node(n_inputs + index));
        }
        self.dissolve();
    }

    /// A group of one is no group: its only child takes its title. Groups inside come after those around them.
    fn dissolve(&mut self) {
        for group in (0..self.groups.len()).rev() {
            let mut children = std::mem::take(&mut self.groups[group].children);
            for child in &mut children {
                let Child::Group(inner) = *child else { continue };
                let [only] = *self.groups[inner].children else { continue };
                let title = std::mem::take(&mut self.groups[inner].title);
                let is_stack = matches!(only, Child::Node(node) if !self.nodes[node].followers.is_empty());
                let name = match only {
                    Child::Node(node) => &mut self.nodes[node].name,
                    Child::Group(group) => &mut self.groups[group].title,
                };
                *name = if is_stack || name.is_empty() { title } else { format!("{title}.{name}") };
                if matches!(only, Child::Node(_)) && is_index(name) {
                    name.clear();
                }
                self.groups[inner].children.clear();
                *child = only;
            }
            self.groups[group].children = children;
        }
        self.renumber();
    }

    /// Drops groups that hold nothing.
    fn renumber(&mut self) {
        let mut kept = vec![0; self.groups.len()];
        let mut n_kept = 0;
        for (group, index) in self.groups.iter().zip(&mut kept) {
            *index = n_kept;
            n_kept += usize::from(!group.children.is_empty());
        }
        self.groups.retain(|group| !group.children.is_empty());
        for child in self.groups.iter_mut().flat_map(|group| &mut group.children) {
            if let Child::Group(group) = child {
                *group = kept[*group];
            }
        }
    }
}

/// The paths of groups.
struct Homes<'a>(BTreeSet<&'a str>);

impl<'a> Homes<'a> {
    fn of(plan: &'a Plan) -> Homes<'a> {
        let above = |layer: &'a Layer| {
            std::iter::successors(Some(parent(&layer.path)), |path| Some(parent(path)).filter(|_| !path.is_empty()))
        };
        Homes(plan.layers.iter().flat_map(above).collect())
    }

    /// The path of a layer's group. A layer that has a group's own path, such as the concatenation of its branches, is in it.
    fn of_layer<'b>(&self, layer: &'b Layer) -> &'b str {
        if self.0.contains(&*layer.path) { &layer.path } else { parent(&layer.path) }
    }

    /// The layer that this one follows in its node: the only one that it reads, in its group, if it leaves the sizes as they are.
    fn followed(&self, plan: &Plan, layer: &Layer) -> Option<usize> {
        let [Source::Layer(before)] = *layer.reads else { return None };
        let fits = plan.layers[before].shape == layer.shape && self.of_layer(&plan.layers[before]) == self.of_layer(layer);
        (fits && Kind::of(layer) == Kind::Element).then_some(before)
    }
}

fn port_node(name: &str, shape: &[usize], reads: Vec<usize>) -> Node {
    let what = if reads.is_empty() { "input" } else { "output" };
    Node {
        kind: Kind::Port,
        name: name.to_owned(),
        call: String::new(),
        followers: String::new(),
        facts: sizes(shape),
        details: format!("{what} {name}"),
        reads,
    }
}

fn layer_node(layers: &[&Layer], home: &str, reads: Vec<usize>) -> Node {
    let head = layers[0];
    let n_parameters: usize = layers.iter().map(|layer| layer.n_parameters).sum();
    let component = head.path.rsplit('.').next().unwrap_or_default();
    let says_nothing = component == word(head) || is_index(component) || home == head.path;
    let mut facts = sizes(&head.shape);
    if n_parameters > 0 {
        facts += &format!(" · {} parameters", thousands(n_parameters as u64));
    }
    let details: Vec<String> = layers.iter().map(|layer| format!("{}: {}", layer.path, layer.call)).collect();
    Node {
        kind: Kind::of(head),
        name: if says_nothing { String::new() } else { component.to_owned() },
        call: short_call(&head.call),
        followers: layers[1..].iter().map(|layer| word(layer)).collect::<Vec<_>>().join(", "),
        facts,
        details: details.join("\n"),
        reads,
    }
}

/// A name that counts layers, as in `nn.Sequential`.
fn is_index(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// A layer's word: `conv`.
fn word(layer: &Layer) -> &str {
    layer.call.split('(').next().unwrap_or_default()
}

/// A path without its last component.
fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// `64×112×112`
fn sizes(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// `conv(64, 7x7, stride = 2, pad = 3)` as `conv 64, 7×7, stride 2`: what sets layers apart, without what follows from the sizes.
fn short_call(call: &str) -> String {
    let Some((word, arguments)) = call.strip_suffix(')').and_then(|call| call.split_once('(')) else { return call.to_owned() };
    let told = |argument: &&str| match argument.split_once(" = ") {
        Some((name, _)) => ["stride", "dilation", "groups"].contains(&name),
        None => argument.starts_with(|c: char| c.is_ascii_digit()),
    };
    // Commas inside a pair part no arguments.
    let mut depth = 0;
    let parts = arguments.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    let shown: Vec<String> = parts.map(str::trim).filter(told).map(|argument| argument.replace(" = ", " ")).collect();
    let mut text = format!("{word} {}", shown.join(", ")).trim_end().to_owned();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    for (at, _) in text.clone().rmatch_indices('x') {
        if is_digit(text.as_bytes()[..at].last()) && is_digit(text.as_bytes().get(at + 1)) {
            text.replace_range(at..=at, "×");
        }
    }
    text
}
