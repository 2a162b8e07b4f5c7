//! Tokens to syntax: what the rules share; `items`, `body`, `chain` and `expr` have the rules. Total: whatever the tokens are, it
//! returns. Floor 10.
//!
//! A mistake is reported, then the parser goes on at the next `;`, `,`, `->` or item, so that one run finds them all.

use super::report::{Kind, Reports};
use super::syntax::{Expr, ExprKind, Name, Place, Source, Stage, StageKind};
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser as _};

/// The outcome of a rule: an error is reported by whoever knows where to go on.
pub(super) type Result<T> = syn::Result<T>;

/// Nesting beyond this is a mistake.
const MAX_DEPTH: usize = 64;

/// The state of one run.
pub(super) struct Parser<'a> {
    reports: &'a mut Reports,
    /// Rules that were given up, so that tokens were skipped.
    pub(super) n_given_up: usize,
    /// Names of values in the network or block that is read.
    pub(super) values: Vec<String>,
    next_id: u32,
    depth: usize,
    /// Whether what is read stands in a closure: numbers and no layers.
    pub(super) in_closure: bool,
}

/// Reads a whole invocation.
pub fn parse(tokens: TokenStream, reports: &mut Reports) -> Source {
    let mut parser = Parser { reports, n_given_up: 0, values: Vec::new(), next_id: 0, depth: 0, in_closure: false };
    let read = (|input: ParseStream<'_>| Ok(parser.source(input))).parse2(tokens);
    read.unwrap_or_else(|error| {
        parser.report(&error);
        Source::default()
    })
}

impl Parser<'_> {
    /// A new place from one token to another.
    pub(super) fn between(&mut self, start: Span, end: Span) -> Place {
        self.next_id += 1;
        Place { start, end, id: self.next_id }
    }

    /// A new place of one token.
    pub(super) fn at(&mut self, span: Span) -> Place {
        self.between(span, span)
    }

    /// A mistake that does not stop the rule.
    pub(super) fn mistake(&mut self, place: Place, message: impl Into<String>) {
        self.reports.add(place, Kind::Syntax, message);
    }

    /// The same, on one token.
    pub(super) fn mistake_at(&mut self, span: Span, message: impl Into<String>) {
        let place = self.at(span);
        self.mistake(place, message);
    }

    /// A mistake that did stop a rule.
    pub(super) fn report(&mut self, error: &syn::Error) {
        self.n_given_up += 1;
        self.mistake_at(error.span(), error.to_string());
    }

    /// An expression where one could not be read.
    pub(super) fn wrong(&mut self, span: Span) -> Expr {
        Expr { kind: ExprKind::Wrong, place: self.at(span) }
    }

    /// A value of which the rest could not be read.
    pub(super) fn cut_off(&mut self, value: Expr) -> Expr {
        let place = value.place;
        let rest = Stage { label: None, kind: StageKind::Wrong, place: self.at(place.end) };
        Expr { kind: ExprKind::Chain(Box::new(value), vec![rest]), place }
    }

    /// Whether the next word is the name of a value.
    pub(super) fn is_value(&self, input: ParseStream<'_>) -> bool {
        input.cursor().ident().is_some_and(|(word, _)| self.values.iter().any(|value| word == value))
    }

    /// Runs a rule one level deeper; too deep is a mistake.
    pub(super) fn deeper<T>(&mut self, span: Span, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err(syn::Error::new(
                span,
                format!("this is nested more than {MAX_DEPTH} deep\nhelp: name a part with `let` or make it a block"),
            ));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    /// A word of the definition. Rust's keywords are none.
    pub(super) fn name(&mut self, input: ParseStream<'_>, what: &str) -> Result<Name> {
        let ident = self.ident(input, what)?;
        Ok(Name { text: ident.unraw().to_string(), place: self.at(ident.span()) })
    }

    /// The same as an identifier, with its span.
    pub(super) fn ident(&mut self, input: ParseStream<'_>, what: &str) -> Result<Ident> {
        if input.peek(syn::Ident) {
            return input.parse();
        }
        if input.peek(Ident::peek_any) {
            let word = input.call(Ident::parse_any)?;
            return Err(syn::Error::new(
                word.span(),
                format!("expected {what}, but `{word}` is a keyword of Rust\nhelp: choose another name"),
            ));
        }
        Err(unexpected(input, what))
    }

    /// The comma between things in a list; if it is missing, that is said and the list goes on.
    pub(super) fn comma(&mut self, input: ParseStream<'_>, between: &str) {
        if input.is_empty() {
            return;
        }
        if input.peek(Token![,]) {
            let _ = input.parse::<Token![,]>();
            return;
        }
        let is_x = input.cursor().ident().is_some_and(|(word, rest)| word == "x" && rest.literal().is_some());
        if is_x {
            let message = "a window is one word: `3x3`, without spaces";
            self.report(&syn::Error::new(input.span(), message));
            return skip_until(input, |input| input.peek(Token![,]));
        }
        let error = match input.peek(Token![=]) {
            true => self.after_value(input),
            false => unexpected(input, &format!("`,` between {between}")),
        };
        self.report(&error);
        if !(input.peek(syn::Ident) || input.peek(syn::Lit)) {
            skip_until(input, |input| input.peek(Token![,]));
            let _ = input.parse::<Token![,]>();
        }
    }
}

/// `expected …, but found …`, on what was found or, at the end, on the closing bracket.
pub(super) fn unexpected(input: ParseStream<'_>, expected: &str) -> syn::Error {
    let found = match input.cursor().token_tree() {
        None => "nothing more".to_owned(),
        Some((token, _)) => found(&token, input),
    };
    syn::Error::new(input.span(), format!("expected {expected}, but found {found}"))
}

fn found(token: &TokenTree, input: ParseStream<'_>) -> String {
    match token {
        TokenTree::Group(group) => match group.delimiter() {
            Delimiter::Parenthesis => "`( )`".to_owned(),
            Delimiter::Brace => "`{ }`".to_owned(),
            Delimiter::Bracket => "`[ ]`".to_owned(),
            Delimiter::None => "a pasted fragment".to_owned(),
        },
        TokenTree::Punct(_) if input.peek(Token![->]) => "`->`".to_owned(),
        TokenTree::Punct(_) if input.peek(Token![=>]) => "`=>`".to_owned(),
        other => format!("`{other}`"),
    }
}

pub(super) fn skip_rest(input: ParseStream<'_>) {
    let _ = input.parse::<TokenStream>();
}

pub(super) fn skip_until(input: ParseStream<'_>, stop: impl Fn(ParseStream<'_>) -> bool) {
    while !input.is_empty() && !stop(input) {
        if input.parse::<TokenTree>().is_err() {
            return skip_rest(input);
        }
    }
}
