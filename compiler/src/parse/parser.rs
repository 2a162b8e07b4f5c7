//! Tokens to syntax: items, networks, blocks and bodies; `chain` has stages and expressions. Total: whatever the tokens are,
//! it returns. Floor 10.
//!
//! A mistake is reported, then the parser goes on at the next `;`, `,`, `->` or item, so that one run finds them all.

use super::report::{Kind, Reports};
use super::syntax::{Block, Body, Declared, Expr, ExprKind, Input, Let, Name, Network, Outcome, Param, Place, Sizes, Source};
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser as _};
use syn::{LitStr, Token};

/// The outcome of a rule: an error is reported by whoever knows where to go on.
pub(super) type Result<T> = syn::Result<T>;

/// Nesting beyond this is a mistake.
const MAX_DEPTH: usize = 64;

/// The state of one run.
pub(super) struct Parser<'a> {
    reports: &'a mut Reports,
    next_id: u32,
    depth: usize,
}

/// Reads a whole invocation.
pub fn parse(tokens: TokenStream, reports: &mut Reports) -> Source {
    let mut parser = Parser { reports, next_id: 0, depth: 0 };
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
        self.mistake_at(error.span(), error.to_string());
    }

    /// An expression where one could not be read.
    pub(super) fn wrong(&mut self, span: Span) -> Expr {
        Expr { kind: ExprKind::Wrong, place: self.at(span) }
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
        Ok(Name { text: ident.to_string(), place: self.at(ident.span()) })
    }

    fn ident(&mut self, input: ParseStream<'_>, what: &str) -> Result<Ident> {
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

    fn source(&mut self, input: ParseStream<'_>) -> Source {
        let mut source = Source::default();
        while !input.is_empty() {
            if let Err(error) = self.item(input, &mut source) {
                self.report(&error);
                skip_item(input);
            }
        }
        source
    }

    fn item(&mut self, input: ParseStream<'_>, source: &mut Source) -> Result<()> {
        let attrs = attributes(input)?;
        if input.peek(Token![const]) {
            input.parse::<Token![const]>()?;
            let constant = self.binding(input, "const")?;
            source.constants.push(constant);
            return Ok(());
        }
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            source.krate = Some(self.until_semicolon(input)?);
            return Ok(());
        }
        if input.peek(syn::Ident) && input.peek2(Token![=]) {
            return self.setting(input, &mut source.round, None);
        }
        let vis = visibility(input)?;
        if peek_word(input, "block") && input.peek2(syn::Ident) {
            if let Some(token) = vis.into_iter().next() {
                self.mistake_at(token.span(), "a block has no visibility: it is known in this invocation alone");
            }
            input.parse::<Ident>()?;
            let block = self.block(input)?;
            source.blocks.push(block);
            return Ok(());
        }
        for (keyword, instead) in [
            ("fn", "a block is written `block name(x, …) { … }`"),
            ("struct", "a network is written `pub Name(input: [3, 32, 32]) { … }`"),
        ] {
            if input.peek(Ident::peek_any) && input.cursor().ident().is_some_and(|(word, _)| word == keyword) {
                return Err(
                    input.error(format!("expected a network, a block or a constant, but found `{keyword}`\nhelp: {instead}"))
                );
            }
        }
        let name = self.ident(input, "a network, `block` or `const`")?;
        let network = self.network(input, attrs, vis, name)?;
        source.networks.extend(network);
        Ok(())
    }

    /// `round = floor;` or, in a network, `weights = "file";`
    fn setting(&mut self, input: ParseStream<'_>, round: &mut Option<Name>, weights: Option<&mut Option<Name>>) -> Result<()> {
        let name: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let set = match (name == "round", name == "weights", weights) {
            (true, ..) => {
                let value = self.name(input, "`exact`, `floor` or `ceil`")?;
                round.replace(value).is_some()
            }
            (_, true, Some(weights)) => {
                if !input.peek(LitStr) {
                    return Err(unexpected(input, "the file's path as a text: `weights = \"net.safetensors\";`"));
                }
                let literal: LitStr = input.parse()?;
                let place = self.at(literal.span());
                weights.replace(Name { text: literal.value(), place }).is_some()
            }
            (_, true, None) => {
                return Err(syn::Error::new(
                    name.span(),
                    "`weights` is a setting of one network\nhelp: write it at the top of the network's body",
                ));
            }
            (_, _, Some(_)) => {
                return Err(syn::Error::new(
                    name.span(),
                    format!(
                        "`{name}` is no setting of a network: those are `round` and `weights`\nhelp: a value is named by `let {name} = …;`"
                    ),
                ));
            }
            (_, _, None) => {
                return Err(syn::Error::new(
                    name.span(),
                    format!(
                        "`{name}` is no setting: those are `round` and `crate`\nhelp: a constant is written `const {} = …;`",
                        name.to_string().to_uppercase()
                    ),
                ));
            }
        };
        if set {
            self.mistake_at(name.span(), format!("`{name}` is set twice"));
        }
        self.semicolon(input, "a setting")
    }

    fn semicolon(&mut self, input: ParseStream<'_>, after: &str) -> Result<()> {
        if !input.peek(Token![;]) {
            return Err(unexpected(input, &format!("`;` after {after}")));
        }
        input.parse::<Token![;]>()?;
        Ok(())
    }

    fn until_semicolon(&mut self, input: ParseStream<'_>) -> Result<TokenStream> {
        let mut tokens = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![;]) {
            tokens.extend([input.parse::<TokenTree>()?]);
        }
        self.semicolon(input, "a setting")?;
        Ok(tokens)
    }

    /// `NAME = expr;`, after `let` or `const`.
    fn binding(&mut self, input: ParseStream<'_>, keyword: &str) -> Result<Let> {
        let name = self.name(input, "a name")?;
        if input.peek(Token![:]) {
            let colon: Token![:] = input.parse()?;
            self.mistake_at(colon.span, format!("what is named here has no type\nhelp: write `{keyword} {} = …;`", name.text));
            while !input.is_empty() && !input.peek(Token![=]) && !input.peek(Token![;]) {
                input.parse::<TokenTree>()?;
            }
        }
        if !input.peek(Token![=]) {
            return Err(unexpected(input, &format!("`=` and a value: `{keyword} {} = …;`", name.text)));
        }
        input.parse::<Token![=]>()?;
        let value = self.expr(input)?;
        if let Err(error) = self.semicolon(input, &format!("`{keyword} {} = …`", name.text)) {
            self.report(&error);
            // Whoever forgot a `;` starts the next line with a word of its own.
            if !starts_statement(input) {
                skip_past_semicolon(input);
            }
        }
        Ok(Let { name, value })
    }

    fn block(&mut self, input: ParseStream<'_>) -> Result<Block> {
        let name = self.name(input, "the block's name")?;
        let mut params = Vec::new();
        if !input.peek(syn::token::Paren) {
            return Err(unexpected(input, &format!("parameters: `block {}(x, …)`", name.text)));
        }
        let content;
        let parens = syn::parenthesized!(content in input);
        while !content.is_empty() {
            match self.param(&content) {
                Ok(param) => params.push(param),
                Err(error) => {
                    self.report(&error);
                    skip_until(&content, |input| input.peek(Token![,]));
                }
            }
            self.comma(&content, "parameters");
        }
        if params.is_empty() {
            self.mistake_at(
                parens.span.join(),
                format!("a block's first parameter is the value that flows in\nhelp: write `block {}(x) {{ … }}`", name.text),
            );
        }
        if input.peek(Token![->]) {
            let arrow: Token![->] = input.parse()?;
            self.mistake_at(arrow.spans[0], "only a network declares its outputs; a block gives what its body ends with");
            skip_until(input, |input| input.peek(syn::token::Brace));
        }
        let body = self.body_in_braces(input, &format!("the block `{}`", name.text), None)?;
        Ok(Block { name, params, body })
    }

    fn param(&mut self, input: ParseStream<'_>) -> Result<Param> {
        let name = self.name(input, "a parameter's name")?;
        if input.peek(Token![:]) {
            let colon: Token![:] = input.parse()?;
            self.mistake_at(
                colon.span,
                "a block's parameters have no types: they take sizes, windows, options and values of the flow alike",
            );
            skip_until(input, |input| input.peek(Token![,]) || input.peek(Token![=]));
        }
        let default = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(self.expr(input)?)
        } else {
            None
        };
        Ok(Param { name, default })
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
        let error = unexpected(input, &format!("`,` between {between}"));
        self.report(&error);
        if !(input.peek(syn::Ident) || input.peek(syn::Lit)) {
            skip_until(input, |input| input.peek(Token![,]));
            let _ = input.parse::<Token![,]>();
        }
    }

    fn network(&mut self, input: ParseStream<'_>, attrs: TokenStream, vis: TokenStream, name: Ident) -> Result<Option<Network>> {
        let place = self.at(name.span());
        if !input.peek(syn::token::Paren) {
            return Err(unexpected(input, &format!("the inputs of the network `{name}`: `{name}(image: [3, 32, 32])`")));
        }
        let content;
        let parens = syn::parenthesized!(content in input);
        let looks_like_block = content.peek(syn::Ident) && !content.peek2(Token![:]);
        let mut inputs = Vec::new();
        if looks_like_block && vis.is_empty() {
            self.mistake(place, format!("`{name}` is neither a network nor a block\nhelp: a block is written `block {name}(x, …) {{ … }}`; the inputs of a network have sizes: `{name}(image: [3, 32, 32])`"));
            skip_rest(&content);
        }
        while !content.is_empty() {
            match self.input(&content) {
                Ok(input) => inputs.push(input),
                Err(error) => {
                    self.report(&error);
                    skip_until(&content, |input| input.peek(Token![,]));
                }
            }
            self.comma(&content, "inputs");
        }
        if inputs.is_empty() && !looks_like_block {
            self.mistake_at(parens.span.join(), format!("a network has an input\nhelp: write `{name}(image: [3, 32, 32])`"));
        }
        let outputs = if input.peek(Token![->]) {
            input.parse::<Token![->]>()?;
            match self.declared(input) {
                Ok(outputs) => Some(outputs),
                Err(error) => {
                    self.report(&error);
                    None
                }
            }
        } else {
            None
        };
        if input.peek(Token![where]) {
            let word: Token![where] = input.parse()?;
            self.mistake_at(
                word.span,
                "sizes are numbers or constants of this definition, so there is nothing to require of them",
            );
            skip_until(input, |input| input.peek(syn::token::Brace));
        } else if !input.peek(syn::token::Brace) && !input.is_empty() {
            let error = unexpected(input, "`->` and the declared outputs, or the body in `{ }`");
            self.report(&error);
            skip_until(input, |input| input.peek(syn::token::Brace) || input.peek(Token![;]));
        }
        let (mut round, mut weights) = (None, None);
        let body = self.body_in_braces(input, &format!("the network `{name}`"), Some((&mut round, &mut weights)));
        let body = match body {
            Ok(body) => body,
            Err(error) => {
                self.report(&error);
                Body { lets: Vec::new(), result: Outcome::One(self.wrong(name.span())) }
            }
        };
        // What was meant for a block makes no type.
        let meant = !looks_like_block || !vis.is_empty();
        Ok(meant.then_some(Network { attrs, vis, name, place, inputs, outputs, round, weights, body }))
    }

    fn input(&mut self, input: ParseStream<'_>) -> Result<Input> {
        let name = self.name(input, "an input's name")?;
        if !input.peek(Token![:]) {
            return Err(unexpected(input, &format!("`:` and sizes: `{}: [3, 32, 32]`", name.text)));
        }
        input.parse::<Token![:]>()?;
        let sizes = self.sizes(input)?;
        Ok(Input { name, sizes })
    }

    /// `[3, 32, 32]` or `[10]`
    fn sizes(&mut self, input: ParseStream<'_>) -> Result<Sizes> {
        if !input.peek(syn::token::Bracket) {
            return Err(unexpected(input, "sizes: `[channels, height, width]` of a map or `[len]` of a vector"));
        }
        let content;
        let brackets = syn::bracketed!(content in input);
        let place = self.at(brackets.span.join());
        let mut sizes = Vec::new();
        while !content.is_empty() {
            match self.expr(&content) {
                Ok(size) => sizes.push(size),
                Err(error) => {
                    self.report(&error);
                    sizes.push(self.wrong(error.span()));
                    skip_until(&content, |input| input.peek(Token![,]));
                }
            }
            self.comma(&content, "sizes");
        }
        if !matches!(sizes.len(), 1 | 3) {
            let hint = match sizes.len() {
                2 => "\nhelp: a map of one channel is written `[1, height, width]`",
                4 => "\nhelp: leave the batch out: a network is defined for one image and runs any number of them",
                _ => "",
            };
            self.mistake(
                place,
                format!(
                    "sizes are `[channels, height, width]` of a map or `[len]` of a vector, but here are {}{hint}",
                    sizes.len()
                ),
            );
            return Ok(Sizes { place, sizes: None });
        }
        Ok(Sizes { place, sizes: Some(sizes) })
    }

    /// `[10]` or `(mask: [1, 32, 32], class: [10])`
    fn declared(&mut self, input: ParseStream<'_>) -> Result<Vec<Declared>> {
        if !input.peek(syn::token::Paren) {
            return Ok(vec![Declared { name: None, sizes: self.sizes(input)? }]);
        }
        let content;
        syn::parenthesized!(content in input);
        let mut outputs = Vec::new();
        while !content.is_empty() {
            let named = content.peek(Ident::peek_any) && content.peek2(Token![:]);
            let one = (|| {
                let name = if named {
                    let name = self.name(&content, "an output's name")?;
                    content.parse::<Token![:]>()?;
                    Some(name)
                } else {
                    None
                };
                Ok(Declared { name, sizes: self.sizes(&content)? })
            })();
            match one {
                Ok(declared) => outputs.push(declared),
                Err(error) => {
                    skip_rest(&content);
                    return Err(error);
                }
            }
            self.comma(&content, "outputs");
        }
        Ok(outputs)
    }

    fn body_in_braces(
        &mut self,
        input: ParseStream<'_>,
        whose: &str,
        settings: Option<(&mut Option<Name>, &mut Option<Name>)>,
    ) -> Result<Body> {
        if !input.peek(syn::token::Brace) {
            return Err(unexpected(input, &format!("the body of {whose} in `{{ }}`")));
        }
        let content;
        let braces = syn::braced!(content in input);
        let body = self.body(&content, braces.span.join(), whose, settings);
        skip_rest(&content);
        Ok(body)
    }

    /// Settings, `let`s and the result, up to the closing brace.
    pub(super) fn body(
        &mut self,
        input: ParseStream<'_>,
        braces: Span,
        whose: &str,
        mut settings: Option<(&mut Option<Name>, &mut Option<Name>)>,
    ) -> Body {
        let mut lets = Vec::new();
        if input.is_empty() {
            self.mistake_at(
                braces,
                format!("{whose} is empty\nhelp: it ends with the value that it gives: `x -> conv(8, 3x3) -> relu`"),
            );
            return Body { lets, result: Outcome::One(self.wrong(braces)) };
        }
        while !input.is_empty() {
            let one = if input.peek(Token![let]) {
                input.parse::<Token![let]>().and_then(|_| self.binding(input, "let")).map(|binding| lets.push(binding))
            } else if input.peek(syn::Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
                let (round, weights) = match &mut settings {
                    Some((round, weights)) => (&mut **round, Some(&mut **weights)),
                    None => (&mut None, None),
                };
                if weights.is_some() {
                    self.setting(input, round, weights)
                } else {
                    Err(input.error("a value is named by `let`\nhelp: write `let name = …;`"))
                }
            } else if input.peek(Token![#]) {
                Err(input.error("documentation and attributes belong to a network\nhelp: a comment in a body starts with `//`"))
            } else {
                break;
            };
            if let Err(error) = one {
                self.report(&error);
                skip_past_semicolon(input);
            }
        }
        if input.is_empty() {
            self.mistake_at(
                braces,
                format!("{whose} ends without a value\nhelp: its last line is the value that it gives, without `;`"),
            );
            return Body { lets, result: Outcome::One(self.wrong(braces)) };
        }
        let result = self.outcome(input);
        if input.peek(Token![;]) {
            self.mistake_at(input.span(), "the value that a body gives stands last and has no `;`\nhelp: remove the `;`, or name the value by `let name = …;` if more follows");
        } else if !input.is_empty() {
            let error = self.after_value(input);
            self.report(&error);
        }
        Body { lets, result }
    }

    fn outcome(&mut self, input: ParseStream<'_>) -> Outcome {
        let span = input.span();
        let result = if self.is_several(input) { self.several(input) } else { self.expr(input).map(Outcome::One) };
        result.unwrap_or_else(|error| {
            self.report(&error);
            skip_rest(input);
            Outcome::One(self.wrong(span))
        })
    }

    /// Whether a parenthesis with a comma or a name in it is all that is left.
    fn is_several(&self, input: ParseStream<'_>) -> bool {
        let Some((inside, _, rest)) = input.cursor().group(Delimiter::Parenthesis) else { return false };
        let tokens: Vec<TokenTree> = inside.token_stream().into_iter().collect();
        let is = |token: &TokenTree, c: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == c);
        rest.eof() && (tokens.iter().any(|token| is(token, ',')) || tokens.get(1).is_some_and(|token| is(token, ':')))
    }

    fn several(&mut self, input: ParseStream<'_>) -> Result<Outcome> {
        let content;
        syn::parenthesized!(content in input);
        let mut outputs = Vec::new();
        while !content.is_empty() {
            let span = content.span();
            let name = if content.peek(Ident::peek_any) && content.peek2(Token![:]) && !content.peek2(Token![::]) {
                match self.name(&content, "an output's name") {
                    Ok(name) => {
                        let _ = content.parse::<Token![:]>();
                        Some(name)
                    }
                    Err(error) => {
                        self.report(&error);
                        skip_until(&content, |input| input.peek(Token![,]));
                        None
                    }
                }
            } else {
                None
            };
            let value = self.expr(&content).unwrap_or_else(|error| {
                self.report(&error);
                skip_until(&content, |input| input.peek(Token![,]));
                self.wrong(span)
            });
            outputs.push((name, value));
            self.comma(&content, "outputs");
        }
        Ok(Outcome::Several(outputs))
    }
}

/// Consumes attributes and documentation.
fn attributes(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut attrs = TokenStream::new();
    while input.peek(Token![#]) {
        if !input.peek2(syn::token::Bracket) {
            return Err(input.error("an attribute is written `#[…]`"));
        }
        attrs.extend([input.parse::<TokenTree>()?, input.parse::<TokenTree>()?]);
    }
    Ok(attrs)
}

/// Consumes `pub`, `pub(crate)`, `pub(in path)`.
fn visibility(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut vis = TokenStream::new();
    if input.peek(Token![pub]) {
        vis.extend([input.parse::<TokenTree>()?]);
        if input.peek(syn::token::Paren) {
            vis.extend([input.parse::<TokenTree>()?]);
        }
    }
    Ok(vis)
}

/// Whether the next token is this word, which is no keyword of Rust.
fn peek_word(input: ParseStream<'_>, word: &str) -> bool {
    input.cursor().ident().is_some_and(|(ident, _)| ident == word)
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

fn skip_past_semicolon(input: ParseStream<'_>) {
    skip_until(input, |input| input.peek(Token![;]));
    let _ = input.parse::<Token![;]>();
}

/// To behind the braces or the `;` that end an item.
fn skip_item(input: ParseStream<'_>) {
    skip_until(input, |input| input.peek(Token![;]) || input.peek(syn::token::Brace) || input.peek(Token![pub]));
    if !input.peek(Token![pub]) && !input.is_empty() {
        let _ = input.parse::<TokenTree>();
    }
}

fn starts_statement(input: ParseStream<'_>) -> bool {
    input.peek(Token![let])
        || input.peek(Token![const])
        || input.peek(syn::Ident) && (input.peek2(Token![->]) || input.peek2(Token![=]))
}
