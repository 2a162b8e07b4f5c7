//! Tokens to syntax: bodies, that is settings, `let`s and results. Floor 10.

use super::parser::{Parser, Result, skip_rest, skip_until, unexpected};
use super::syntax::{Body, Expr, Let, Name, Outcome, Pattern, Place, Settings};
use proc_macro2::extra::DelimSpan;
use proc_macro2::{Delimiter, Ident, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{LitStr, Token};

impl Parser<'_> {
    /// `{ … }`; only a network's has settings.
    pub(super) fn body_in_braces(
        &mut self,
        input: ParseStream<'_>,
        whose: &str,
        settings: Option<&mut Settings>,
    ) -> Result<Body> {
        if !input.peek(syn::token::Brace) {
            return Err(unexpected(input, &format!("the body of {whose} in `{{ }}`")));
        }
        let content;
        let braces = syn::braced!(content in input);
        let before = self.n_given_up;
        let mut body = self.body(&content, braces.span, whose, settings);
        body.damaged |= self.n_given_up > before;
        skip_rest(&content);
        Ok(body)
    }

    fn body(&mut self, input: ParseStream<'_>, braces: DelimSpan, whose: &str, mut settings: Option<&mut Settings>) -> Body {
        let mut lets = Vec::new();
        let mut lost = false;
        let is_empty = input.is_empty();
        let example = match is_empty {
            true => format!("{whose} is empty\nhelp: it ends with the value that it gives: `x -> conv(8, 3x3) -> relu`"),
            false => format!("{whose} ends without a value\nhelp: its last line is the value that it gives, without `;`"),
        };
        while !input.is_empty() {
            let is_named =
                input.peek(syn::Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) && !input.peek2(Token![=>]);
            let is_setting = is_named && input.cursor().ident().is_some_and(|(word, _)| word == "round" || word == "weights");
            let one = match &mut settings {
                _ if input.peek(Token![let]) && input.peek2(Token![mut]) => {
                    let _ = input.parse::<Token![let]>();
                    self.mistake_at(
                        input.span(),
                        "nothing changes in a definition\nhelp: leave out `mut`; a name may be given again by another `let`",
                    );
                    input.parse::<Token![mut]>().and_then(|_| self.let_binding(input)).map(|binding| lets.push(binding))
                }
                _ if input.peek(Token![let]) => {
                    input.parse::<Token![let]>().and_then(|_| self.let_binding(input)).map(|binding| lets.push(binding))
                }
                Some(settings) if is_setting => self.setting(input, settings, true),
                _ if is_named => {
                    self.mistake_at(input.span(), "a value is named by `let`\nhelp: write `let name = …;`");
                    self.let_binding(input).map(|binding| lets.push(binding))
                }
                _ if input.peek(Token![#]) => self.attribute(input),
                _ => break,
            };
            if let Err(error) = one {
                self.report(&error);
                skip_past_semicolon(input);
                lost = true;
            }
        }
        if input.is_empty() {
            let place = if is_empty { self.between(braces.open(), braces.close()) } else { self.at(braces.close()) };
            self.mistake(place, example);
            return Body { lets, result: Outcome::One(self.wrong(braces.close())), damaged: true, lost };
        }
        let mut result = self.outcome(input);
        if input.peek(Token![;]) {
            self.mistake_at(
                input.span(),
                "the value that a body gives stands last and has no `;`\nhelp: remove the `;`, or name the value by `let name = …;` if more follows",
            );
            let _ = input.parse::<Option<Token![;]>>();
        } else if !input.is_empty() {
            let error = self.after_value(input);
            self.report(&error);
        }
        // What the rest would have made of the value is unknown.
        if let (false, Outcome::One(value)) = (input.is_empty(), &mut result) {
            let before = std::mem::replace(value, self.wrong(braces.close()));
            *value = self.cut_off(before);
        }
        Body { lets, result, damaged: false, lost }
    }

    fn attribute(&mut self, input: ParseStream<'_>) -> Result<()> {
        let message = "documentation and attributes belong to a network\nhelp: a comment in a body starts with `//`";
        self.mistake_at(input.span(), message);
        input.parse::<Token![#]>()?;
        if input.peek(syn::token::Bracket) {
            input.parse::<TokenTree>()?;
        }
        Ok(())
    }

    /// `round = floor;` or, in a network, `weights = "file";`
    pub(super) fn setting(&mut self, input: ParseStream<'_>, settings: &mut Settings, in_network: bool) -> Result<()> {
        let name: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let is_set_again = if name == "round" {
            let value = self.name(input, "`exact`, `floor` or `ceil`");
            // Without it, windows would not fit, which is not the mistake.
            let assumed =
                value.as_ref().map_or_else(|error| Name { text: "floor".to_owned(), place: self.at(error.span()) }, Name::clone);
            let before = settings.round.replace(assumed);
            value?;
            before.is_some()
        } else if name == "weights" && in_network {
            if !input.peek(LitStr) {
                return Err(unexpected(input, "the file's path as a text: `weights = \"net.safetensors\";`"));
            }
            let literal: LitStr = input.parse()?;
            let place = self.at(literal.span());
            settings.weights.replace(Name { text: literal.value(), place }).is_some()
        } else {
            let help = match name == "weights" {
                true => "`weights` is a setting of one network\nhelp: write it at the top of the network's body".to_owned(),
                false => format!(
                    "`{name}` is no setting: those are `round` and `crate`\nhelp: a constant is written `const {} = …;`",
                    name.to_string().to_uppercase()
                ),
            };
            return Err(syn::Error::new(name.span(), help));
        };
        if is_set_again {
            self.mistake_at(name.span(), format!("`{name}` is set twice"));
        }
        self.semicolon(input, "a setting")
    }

    /// The `;` at the end of a statement.
    pub(super) fn semicolon(&mut self, input: ParseStream<'_>, after: &str) -> Result<()> {
        if !input.peek(Token![;]) {
            return Err(unexpected(input, &format!("`;` after {after}")));
        }
        input.parse::<Token![;]>()?;
        Ok(())
    }

    /// `name = expr;` or `(a, b) = expr;`, after `let`.
    fn let_binding(&mut self, input: ParseStream<'_>) -> Result<Let> {
        if !input.peek(syn::token::Paren) {
            let (name, value) = self.binding(input, "let")?;
            return Ok(Let { pattern: Pattern::One(name), value });
        }
        let (names, place) = self.names(input)?;
        let shown: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        let value = self.bound(input, "let", &format!("({})", shown.join(", ")), place)?;
        Ok(Let { pattern: Pattern::Several(names, place), value })
    }

    /// `(a, _)`
    fn names(&mut self, input: ParseStream<'_>) -> Result<(Vec<Name>, Place)> {
        let content;
        let parens = syn::parenthesized!(content in input);
        let place = self.between(parens.span.open(), parens.span.close());
        let mut names = Vec::new();
        while !content.is_empty() {
            let name = if content.peek(Token![_]) {
                content.parse::<Token![_]>().map(|token| Name { text: "_".to_owned(), place: self.at(token.span) })
            } else {
                self.name(&content, "a name, or `_` for a result that is not used")
            };
            match name {
                Ok(name) => {
                    self.values.push(name.text.clone());
                    names.push(name);
                }
                Err(error) => {
                    skip_rest(&content);
                    return Err(error);
                }
            }
            self.comma(&content, "names");
        }
        if names.is_empty() {
            return Err(syn::Error::new(place.start, "expected names: `let (a, b) = …;`"));
        }
        Ok((names, place))
    }

    /// `NAME = expr;`, after `let` or `const`. With a mistake after its name, the name is known nevertheless.
    pub(super) fn binding(&mut self, input: ParseStream<'_>, keyword: &str) -> Result<(Name, Expr)> {
        let name = self.name(input, "a name")?;
        self.values.push(name.text.clone());
        let value = self.bound(input, keyword, &name.text, name.place)?;
        Ok((name, value))
    }

    /// `= expr;`, after `let` or `const` and what is named.
    fn bound(&mut self, input: ParseStream<'_>, keyword: &str, named: &str, place: Place) -> Result<Expr> {
        if input.peek(Token![:]) {
            let message = format!("what is named here has no type\nhelp: write `{keyword} {named} = …;`");
            self.mistake_at(input.span(), message);
            skip_until(input, |input| input.peek(Token![=]) || input.peek(Token![;]));
        }
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>().and_then(|_| self.expr(input))
        } else {
            let error = unexpected(input, &format!("`=` and a value: `{keyword} {named} = …;`"));
            let begins_value = input.peek(syn::Ident) && !input.peek2(Token![=]) || input.peek(syn::Lit);
            if begins_value {
                self.report(&error);
                self.expr(input)
            } else {
                Err(error)
            }
        };
        let (mut value, mut is_complete) = match value {
            Ok(value) => (value, true),
            Err(error) => {
                self.report(&error);
                (self.wrong(place.start), false)
            }
        };
        if is_complete && let Err(error) = self.semicolon(input, &format!("`{keyword} {named} = …`")) {
            match input.is_empty() {
                true => self.report(&syn::Error::new(value.place.end, error.to_string())),
                false => self.report(&error),
            }
            is_complete = false;
        }
        // Whoever forgot a `;` starts the next line with a word of its own.
        if !is_complete && !starts_statement(input) {
            skip_past_semicolon(input);
            value = self.cut_off(value);
        }
        Ok(value)
    }

    fn outcome(&mut self, input: ParseStream<'_>) -> Outcome {
        let span = input.span();
        let result = if is_several(input) { self.several(input) } else { self.expr(input).map(Outcome::One) };
        result.unwrap_or_else(|error| {
            self.report(&error);
            skip_rest(input);
            Outcome::One(self.wrong(span))
        })
    }

    /// `(mask: a -> …, class: b -> …)`
    fn several(&mut self, input: ParseStream<'_>) -> Result<Outcome> {
        let content;
        syn::parenthesized!(content in input);
        let mut outputs = Vec::new();
        while !content.is_empty() {
            let span = content.span();
            let mut name = None;
            if content.peek(Ident::peek_any) && content.peek2(Token![:]) && !content.peek2(Token![::]) {
                match self.name(&content, "an output's name") {
                    Ok(written) => name = Some(written),
                    Err(error) => self.report(&error),
                }
                content.parse::<Token![:]>()?;
            }
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

/// Whether a parenthesis with a comma or a name in it is all that is left.
fn is_several(input: ParseStream<'_>) -> bool {
    let Some((inside, _, rest)) = input.cursor().group(Delimiter::Parenthesis) else { return false };
    let tokens: Vec<TokenTree> = inside.token_stream().into_iter().collect();
    let is = |token: &TokenTree, c: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == c);
    rest.eof() && (tokens.iter().any(|token| is(token, ',')) || tokens.get(1).is_some_and(|token| is(token, ':')))
}

fn skip_past_semicolon(input: ParseStream<'_>) {
    skip_until(input, |input| input.peek(Token![;]));
    let _ = input.parse::<Option<Token![;]>>();
}

fn starts_statement(input: ParseStream<'_>) -> bool {
    let is_word = input.peek(syn::Ident) && (input.peek2(Token![->]) || input.peek2(Token![=]));
    input.peek(Token![let]) || input.peek(Token![const]) || is_word
}
