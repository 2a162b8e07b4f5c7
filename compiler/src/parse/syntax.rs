//! What a definition says, as a tree: the result of `parser`, read by `check` and `resolve`. Floor 10.
//!
//! Names and expressions know their place, so that every mistake is reported on the token that made it.
//! `Wrong` stands where a mistake has been reported; whatever depends on it is silent.

use proc_macro2::{Ident, Span, TokenStream};

/// A stretch of tokens of the definition. Its number is unique in one invocation, whatever the spans are.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The first token.
    pub start: Span,
    /// The last token.
    pub end: Span,
    /// Unique in one invocation.
    pub id: u32,
}

impl Place {
    /// The line of the first token.
    pub fn line(&self) -> usize {
        self.start.start().line
    }
}

/// A word of the definition.
#[derive(Clone, Debug)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where.
    pub place: Place,
}

/// Everything in one invocation.
#[derive(Default)]
pub struct Source {
    /// `crate = ::path;`
    pub krate: Option<TokenStream>,
    /// At the top.
    pub settings: Settings,
    /// In order.
    pub constants: Vec<Constant>,
    /// In order.
    pub blocks: Vec<Block>,
    /// In order.
    pub networks: Vec<Network>,
    /// Whether an item was lost with its name.
    pub lost: bool,
}

/// What stands at the top of an invocation or of a network's body.
#[derive(Default)]
pub struct Settings {
    /// `round = floor;`
    pub round: Option<Name>,
    /// `weights = "file";`, of a network.
    pub weights: Option<Name>,
}

/// `const NAME = value;`
pub struct Constant {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// `let name = value;` or `let (a, b) = value;`
pub struct Let {
    /// What is on its left.
    pub pattern: Pattern,
    /// Its value.
    pub value: Expr,
}

/// What a `let` names.
pub enum Pattern {
    /// `name`
    One(Name),
    /// `(a, _)`: the results of a layer or block that has several; its parentheses.
    Several(Vec<Name>, Place),
}

impl Pattern {
    /// All names, `_` among them.
    pub fn names(&self) -> &[Name] {
        match self {
            Pattern::One(name) => std::slice::from_ref(name),
            Pattern::Several(names, _) => names,
        }
    }
}

/// `block name(x, width, stride = 1) { … }`
pub struct Block {
    /// Its name.
    pub name: Name,
    /// The first is what flows in.
    pub params: Vec<Param>,
    /// Whether some of them could not be read.
    pub damaged: bool,
    /// Its body.
    pub body: Body,
}

/// A parameter of a block.
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its value where none is given.
    pub default: Option<Expr>,
}

/// `pub Name(image: [3, 32, 32]) -> [10] { … }`
pub struct Network {
    /// Documentation and other attributes, as they are.
    pub attrs: TokenStream,
    /// `pub`
    pub vis: TokenStream,
    /// The type's name.
    pub name: Ident,
    /// Of the name.
    pub place: Place,
    /// Inputs in order.
    pub inputs: Vec<Input>,
    /// Declared outputs.
    pub outputs: Option<Vec<Declared>>,
    /// `where H >= 32, H % 4 == 0`: what the sizes that are known only when the network is bound have to meet.
    pub conditions: Vec<Expr>,
    /// At the top of its body.
    pub settings: Settings,
    /// Its body.
    pub body: Body,
}

/// `image: [3, 32, 32]`
pub struct Input {
    /// Its name.
    pub name: Name,
    /// Its sizes.
    pub sizes: Sizes,
}

impl Network {
    /// The names of sizes that are known only when the network is bound, in the order in which they first appear: what stands among
    /// the sizes of an input, is no constant, and is one capital letter or named in a condition.
    pub fn symbols<'a>(&'a self, constants: &[Constant]) -> Vec<&'a str> {
        let mut symbols: Vec<&str> = Vec::new();
        for size in self.inputs.iter().filter_map(|input| input.sizes.sizes.as_ref()).flatten() {
            let ExprKind::Name(name) = &size.kind else { continue };
            let is_constant = constants.iter().any(|constant| constant.name.text == *name);
            let is_letter = name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_uppercase());
            let is_symbol = is_letter || self.conditions.iter().any(|condition| condition.names(name));
            if is_symbol && !is_constant && !symbols.contains(&name.as_str()) {
                symbols.push(name);
            }
        }
        symbols
    }
}

impl Expr {
    /// Whether a name stands in it, as far as conditions go: among numbers and operators.
    fn names(&self, name: &str) -> bool {
        match &self.kind {
            ExprKind::Name(text) => text == name,
            ExprKind::Unary(_, of) => of.names(name),
            ExprKind::Binary(_, _, left, right) => left.names(name) || right.names(name),
            _ => false,
        }
    }
}

/// One declared output: `[10]` or `class: [10]`.
pub struct Declared {
    /// Its name.
    pub name: Option<Name>,
    /// Its sizes.
    pub sizes: Sizes,
}

/// `[3, 32, 32]`
pub struct Sizes {
    /// The brackets.
    pub place: Place,
    /// Three for a map, two for a sequence, one for a vector; `None` after a mistake.
    pub sizes: Option<Vec<Expr>>,
}

/// `let`s, then the result.
pub struct Body {
    /// In order.
    pub lets: Vec<Let>,
    /// What it gives.
    pub result: Outcome,
    /// Whether something in it could not be read, so that what seems unused may be used there.
    pub damaged: bool,
    /// Whether a `let` or an input was lost with its name, so that what seems undefined may have been meant to be.
    pub lost: bool,
}

/// The result of a body.
pub enum Outcome {
    /// One value.
    One(Expr),
    /// `(mask: a -> …, class: b -> …)`
    Several(Vec<(Option<Name>, Expr)>),
}

/// An expression: a number, a value of the flow, a chain.
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// All of its tokens.
    pub place: Place,
}

/// See [`Expr`].
pub enum ExprKind {
    /// `64`
    Int(i64),
    /// `1e-5`
    Float(f64),
    /// `true`
    Bool(bool),
    /// `width`, `floor`
    Name(String),
    /// `3x3`, `(0, 3)`
    Tuple(Vec<Expr>),
    /// `[8, _]`
    List(Vec<Expr>),
    /// `_` in a list.
    Open,
    /// `2..-2`; either end may be left out.
    Range([Option<Box<Expr>>; 2]),
    /// `x.channels`
    Property(Box<Expr>, Name),
    /// `-a`, `!a`
    Unary(char, Box<Expr>),
    /// `a + b`; the operator as it is written, and its place.
    Binary(&'static str, Place, Box<Expr>, Box<Expr>),
    /// `concat(a, b)`
    Call(Call),
    /// `if a { … } else { … }`
    If(Box<If<Body>>),
    /// `x -> conv(…) -> relu`
    Chain(Box<Expr>, Vec<Stage>),
    /// `|x| x * sigmoid(x)`
    Closure(Box<Closure>),
    /// A mistake that has been reported.
    Wrong,
}

/// `conv(64, 3x3, stride = 2)`, or a bare `relu`.
pub struct Call {
    /// The layer or block.
    pub name: Name,
    /// Its arguments as written.
    pub args: Vec<Argument>,
    /// Whether some of them could not be read.
    pub damaged: bool,
}

/// `|x| x * sigmoid(x)`; its place is that of its parameters.
pub struct Closure {
    /// Its parameters: an element each.
    pub params: Vec<Name>,
    /// What it gives; not in braces, it is a result alone.
    pub body: Body,
}

/// `64` or `stride = 2`.
pub struct Argument {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

/// `if a { … } else if b { … } else { … }`
pub struct If<T> {
    /// The word `if`.
    pub place: Place,
    /// Conditions and what they lead to.
    pub arms: Vec<(Expr, T)>,
    /// The last `else`.
    pub otherwise: Option<T>,
}

/// One step of a chain.
pub struct Stage {
    /// `conv1:`
    pub label: Option<Label>,
    /// What it is.
    pub kind: StageKind,
    /// Its first word or brace.
    pub place: Place,
}

/// The name of a stage: a word, or a text in which `{i}` stands for the value of `i`.
pub struct Label {
    /// Texts and names in turn.
    pub parts: Vec<Part>,
    /// Where.
    pub place: Place,
}

/// A part of a [`Label`].
pub enum Part {
    /// As it is.
    Text(String),
    /// The value of a name.
    Value(String),
}

/// See [`Stage`].
pub enum StageKind {
    /// A layer or block.
    Call(Call),
    /// `{ a -> b }`
    Group(Vec<Stage>),
    /// `3 * basic(64)`
    Repeat(Expr, Call),
    /// `if a { b -> c }`
    If(If<Vec<Stage>>),
    /// `for i in 0..4 { … }`
    For(Box<For>),
    /// A mistake that has been reported.
    Wrong,
}

/// `for i in 1..=6 { … }`
pub struct For {
    /// The variable.
    pub variable: Name,
    /// From.
    pub from: Expr,
    /// To.
    pub to: Expr,
    /// Whether `to` is reached: `..=`.
    pub inclusive: bool,
    /// What is done each time.
    pub body: Vec<Stage>,
}
