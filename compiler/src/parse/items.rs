//! Tokens to syntax: constants, blocks, networks and what stands before their bodies. Floor 10.

use super::parser::{Parser, Result, skip_rest, skip_until, unexpected};
use super::syntax::{Block, Body, Constant, Declared, Expr, Input, Name, Network, Outcome, Param, Settings, Sizes, Source};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::ParseStream;

impl Parser<'_> {
    /// Items to the end.
    pub(super) fn source(&mut self, input: ParseStream<'_>) -> Source {
        let mut source = Source::default();
        while !input.is_empty() {
            if let Err(error) = self.item(input, &mut source) {
                self.report(&error);
                skip_item(input);
                source.lost = true;
            }
        }
        source
    }

    fn item(&mut self, input: ParseStream<'_>, source: &mut Source) -> Result<()> {
        let attrs = self.attributes(input)?;
        if input.peek(Token![const]) {
            input.parse::<Token![const]>()?;
            self.only_documentation(attrs, "constant");
            let (name, value) = self.binding(input, "const")?;
            source.constants.push(Constant { name, value });
            return Ok(());
        }
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            let mut path = TokenStream::new();
            while !input.is_empty() && !input.peek(Token![;]) {
                path.extend([input.parse::<TokenTree>()?]);
            }
            if path.is_empty() {
                return Err(unexpected(input, "a path: `crate = ::convoke;`"));
            }
            source.krate = Some(path);
            return self.semicolon(input, "a setting");
        }
        if input.peek(syn::Ident) && input.peek2(Token![=]) {
            return self.setting(input, &mut source.settings, false);
        }
        let vis = visibility(input)?;
        if peek_word(input, "block") && input.peek2(syn::Ident) {
            if let Some(token) = vis.into_iter().next() {
                self.mistake_at(token.span(), "a block has no visibility: it is known in this invocation alone");
            }
            self.only_documentation(attrs, "block");
            input.parse::<Ident>()?;
            let name = self.name(input, "the block's name")?;
            source.blocks.push(self.block(input, name)?);
            return Ok(());
        }
        for (keyword, instead) in [
            ("fn", "a block is written `block name(x, …) { … }`"),
            ("struct", "a network is written `pub Name(input: [3, 32, 32]) { … }`"),
            ("let", "what all networks and blocks know is a constant: `const NAME = …;`"),
        ] {
            if input.cursor().ident().is_some_and(|(word, _)| word == keyword) {
                let message = format!("expected a network, a block or a constant, but found `{keyword}`\nhelp: {instead}");
                return Err(input.error(message));
            }
        }
        if input.is_empty() {
            let start = attrs.into_iter().chain(vis).next().map_or(input.span(), |token| token.span());
            return Err(syn::Error::new(start, "a network begins here, but nothing follows"));
        }
        let begins = "a network, `block` or `const`";
        if !input.peek(syn::Ident) {
            return Err(unexpected(input, begins));
        }
        let mut name = self.ident(input, begins)?;
        if input.peek(syn::Ident) && !input.peek2(Token![=]) {
            let message =
                format!("expected {begins}, but found `{name}`\nhelp: a network begins with its name, a block with `block`");
            self.mistake_at(name.span(), message);
            name = self.ident(input, begins)?;
        }
        if vis.is_empty() && is_parameters(input) {
            let place = self.at(name.span());
            self.mistake(place, format!("`{name}` is neither a network nor a block\nhelp: a block is written `block {name}(x, …) {{ … }}`; the inputs of a network have sizes: `{name}(image: [3, 32, 32])`"));
            let name = Name { text: name.to_string(), place };
            source.blocks.push(self.block(input, name)?);
            return Ok(());
        }
        source.networks.push(self.network(input, attrs, vis, name)?);
        Ok(())
    }

    fn block(&mut self, input: ParseStream<'_>, name: Name) -> Result<Block> {
        let mut params = Vec::new();
        let mut lost = false;
        let before = self.n_given_up;
        self.values.clear();
        if !input.peek(syn::token::Paren) {
            return Err(unexpected(input, &format!("parameters: `block {}(x, …)`", name.text)));
        }
        let content;
        let parens = syn::parenthesized!(content in input);
        while !content.is_empty() {
            match self.param(&content) {
                Ok(param) => {
                    self.values.push(param.name.text.clone());
                    params.push(param);
                }
                Err(error) => {
                    lost = true;
                    self.report(&error);
                    skip_until(&content, |input| input.peek(Token![,]));
                }
            }
            self.comma(&content, "parameters");
        }
        let damaged = self.n_given_up > before;
        if params.is_empty() && !lost {
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
        let mut body = self.body_in_braces(input, &format!("the block `{}`", name.text), None)?;
        body.lost |= lost;
        Ok(Block { name, params, damaged, body })
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

    /// Consumes attributes and documentation.
    fn attributes(&mut self, input: ParseStream<'_>) -> Result<TokenStream> {
        let mut attrs = TokenStream::new();
        while input.peek(Token![#]) {
            if !input.peek2(syn::token::Bracket) {
                return Err(input.error("an attribute is written `#[…]`"));
            }
            let hash: TokenTree = input.parse()?;
            let attribute: TokenTree = input.parse()?;
            if let Some(word @ ("cfg" | "cfg_attr")) = first_word(&attribute).as_deref() {
                let message =
                    format!("`{word}` decides about one item, and a network is several\nhelp: write it before `network!`");
                self.mistake_at(attribute.span(), message);
            } else {
                attrs.extend([hash, attribute]);
            }
        }
        Ok(attrs)
    }

    /// Blocks and constants leave nothing behind that an attribute could be for.
    fn only_documentation(&mut self, attrs: TokenStream, what: &str) {
        for attribute in attrs.into_iter().filter(|token| first_word(token).is_some_and(|word| word != "doc")) {
            self.mistake_at(attribute.span(), format!("a {what} has documentation, but no attributes"));
        }
    }

    /// What is between a network's name and the end of its body. Never gives up: the type is there whatever is wrong.
    fn network(&mut self, input: ParseStream<'_>, attrs: TokenStream, vis: TokenStream, name: Ident) -> Result<Network> {
        let place = self.at(name.span());
        if !input.peek(syn::token::Paren) {
            return Err(unexpected(input, &format!("the inputs of the network `{name}`: `{name}(image: [3, 32, 32])`")));
        }
        let content;
        let parens = syn::parenthesized!(content in input);
        let mut inputs = Vec::new();
        let mut lost = false;
        let before = self.n_given_up;
        self.values.clear();
        while !content.is_empty() {
            match self.input(&content) {
                Ok(input) => {
                    self.values.push(input.name.text.clone());
                    inputs.push(input);
                }
                Err(error) => {
                    lost = true;
                    self.report(&error);
                    skip_until(&content, |input| input.peek(Token![,]));
                }
            }
            self.comma(&content, "inputs");
        }
        let damaged = self.n_given_up > before;
        if inputs.is_empty() && !lost {
            self.mistake_at(parens.span.join(), format!("a network has an input\nhelp: write `{name}(image: [3, 32, 32])`"));
        }
        let declaration = self.declaration(input);
        let is_declared = declaration.is_ok();
        let (outputs, conditions) = declaration.unwrap_or_else(|error| {
            self.report(&error);
            skip_until(input, |input| input.peek(syn::token::Brace) || input.peek(Token![;]) || starts_item(input));
            (None, Vec::new())
        });
        let mut settings = Settings::default();
        let body = match self.body_in_braces(input, &format!("the network `{name}`"), Some(&mut settings)) {
            Ok(body) => Body { lost: lost || body.lost, damaged: damaged || body.damaged, ..body },
            Err(error) => {
                if is_declared {
                    self.report(&error);
                }
                let _ = input.parse::<Option<Token![;]>>();
                Body { lets: Vec::new(), result: Outcome::One(self.wrong(name.span())), damaged: true, lost }
            }
        };
        Ok(Network { attrs, vis, name, place, inputs, outputs, conditions, settings, body })
    }

    /// `-> [10] where H >= 32`, either or nothing, up to the body.
    fn declaration(&mut self, input: ParseStream<'_>) -> Result<(Option<Vec<Declared>>, Vec<Expr>)> {
        let mut outputs = None;
        if input.peek(Token![->]) {
            input.parse::<Token![->]>()?;
            outputs = Some(self.declared(input)?);
        }
        let mut conditions = Vec::new();
        if input.peek(Token![where]) {
            let word: Token![where] = input.parse()?;
            let ends = |input: ParseStream<'_>| input.is_empty() || input.peek(syn::token::Brace) || input.peek(Token![;]);
            while !ends(input) {
                conditions.push(self.expr(input)?);
                if ends(input) {
                    break;
                }
                if !input.peek(Token![,]) {
                    return Err(unexpected(input, "`,` and another condition, or the body in `{ }`"));
                }
                input.parse::<Token![,]>()?;
            }
            if conditions.is_empty() {
                return Err(syn::Error::new(word.span, "`where` is followed by conditions: `where H >= 32, H % 4 == 0`"));
            }
            if input.peek(Token![->]) {
                return Err(syn::Error::new(input.span(), "the declared outputs stand before `where`"));
            }
        }
        if input.is_empty() || input.peek(syn::token::Brace) || input.peek(Token![;]) {
            return Ok((outputs, conditions));
        }
        Err(unexpected(input, "`->` and the declared outputs, or the body in `{ }`"))
    }

    /// `image: [3, 32, 32]`. With a mistake after its name, the input is one of unknown sizes.
    fn input(&mut self, input: ParseStream<'_>) -> Result<Input> {
        let name = self.name(input, "an input's name")?;
        let sizes = if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
            self.sizes(input)
        } else {
            Err(unexpected(input, &format!("`:` and sizes: `{}: [3, 32, 32]`", name.text)))
        };
        let sizes = sizes.unwrap_or_else(|error| {
            self.report(&error);
            skip_until(input, |input| input.peek(Token![,]) && input.peek3(Token![:]));
            Sizes { place: name.place, sizes: None }
        });
        Ok(Input { name, sizes })
    }

    /// `[3, 32, 32]`, `[8, 100]` or `[10]`
    fn sizes(&mut self, input: ParseStream<'_>) -> Result<Sizes> {
        if !input.peek(syn::token::Bracket) {
            return Err(unexpected(
                input,
                "sizes: `[channels, height, width]` of a map, `[channels, length]` of a sequence or `[len]` of a vector",
            ));
        }
        let content;
        let brackets = syn::bracketed!(content in input);
        let place = self.at(brackets.span.join());
        let mut sizes = Vec::new();
        let before = self.n_given_up;
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
        if self.n_given_up > before {
            return Ok(Sizes { place, sizes: None });
        }
        if !matches!(sizes.len(), 1..=3) {
            let help = match sizes.len() {
                0 => "`[channels, height, width]` of a map, `[channels, length]` of a sequence, `[len]` of a vector",
                4 => {
                    "leave the batch out: a network is defined for one image and runs any number of them; there are no layers for \
                     volumes"
                }
                _ => "`[channels, height, width]` are the sizes of a map",
            };
            self.mistake(
                place,
                format!(
                    "a value has one, two or three axes, and a batch is not one of them, but here are {}\nhelp: {help}",
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
}

/// `doc` of the brackets of an attribute.
fn first_word(attribute: &TokenTree) -> Option<String> {
    let TokenTree::Group(group) = attribute else { return None };
    group.stream().into_iter().next().map(|word| word.to_string())
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

/// Whether parentheses follow whose content is that of a block's: a name without sizes.
fn is_parameters(input: ParseStream<'_>) -> bool {
    let Some((inside, ..)) = input.cursor().group(Delimiter::Parenthesis) else { return false };
    let after_name = |(_, rest): (Ident, syn::buffer::Cursor<'_>)| rest.punct().is_none_or(|(punct, _)| punct.as_char() != ':');
    inside.ident().is_some_and(after_name)
}

/// Whether the next token is this word, which is no keyword of Rust.
fn peek_word(input: ParseStream<'_>, word: &str) -> bool {
    input.cursor().ident().is_some_and(|(ident, _)| ident == word)
}

/// Whether the next token begins an item for sure.
fn starts_item(input: ParseStream<'_>) -> bool {
    input.peek(Token![pub]) || input.peek(Token![const]) || peek_word(input, "block") && input.peek2(syn::Ident)
}

/// To behind the braces or the `;` that end an item.
fn skip_item(input: ParseStream<'_>) {
    skip_until(input, |input| input.peek(Token![;]) || input.peek(syn::token::Brace) || starts_item(input));
    if !input.is_empty() && !starts_item(input) {
        let _ = input.parse::<TokenTree>();
    }
}
