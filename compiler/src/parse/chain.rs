//! Tokens to syntax: chains, stages, expressions and literals. Floor 10.

use super::closure::after_number;
use super::parser::{Parser, Result, skip_rest, skip_until, unexpected};
use super::syntax::{Call, Expr, ExprKind, For, If, Label, Part, Stage, StageKind};
use crate::registry;
use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{LitBool, LitInt, LitStr, Token};

/// What may end a value: said where something else follows it.
const LAYER: &str = "a layer, a block or a group `{ }`";

impl Parser<'_> {
    /// An expression: a chain, or a value.
    pub(super) fn expr(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        if self.in_closure {
            return self.number(input);
        }
        self.deeper(input.span(), |parser| {
            let source = parser.operators(input, 0)?;
            if !input.peek(Token![->]) {
                if starts_stage(input) && is_flow(&source) && !parser.is_value(input) {
                    let error = unexpected(input, "`->` before the next layer");
                    parser.report(&error);
                } else {
                    return Ok(source);
                }
            }
            let start = source.place.start;
            let stages = parser.stages(input, false);
            let end = stages.last().map_or(start, |stage| stage.place.end);
            Ok(Expr { kind: ExprKind::Chain(Box::new(source), stages), place: parser.between(start, end) })
        })
    }

    /// What is wrong with the token that follows a complete value.
    pub(super) fn after_value(&mut self, input: ParseStream<'_>) -> syn::Error {
        if self.in_closure {
            return after_number(input);
        }
        if input.peek(Token![=>]) || input.peek(Token![>]) || input.peek(Token![|]) {
            return syn::Error::new(input.span(), "data flows along `->`");
        }
        for separator in [".", ","] {
            if input.cursor().punct().is_some_and(|(punct, _)| punct.as_char().to_string() == separator) {
                return syn::Error::new(input.span(), format!("layers follow one another along `->`, not `{separator}`"));
            }
        }
        for (operator, layer) in [("+", "add"), ("*", "mul")] {
            if input.cursor().punct().is_some_and(|(punct, _)| punct.as_char().to_string() == operator) {
                let message =
                    format!("`{operator}` computes with integers\nhelp: values of the flow are joined by `{layer}(a, b)`");
                return syn::Error::new(input.span(), message);
            }
        }
        if input.peek(Token![:]) {
            return syn::Error::new(input.span(), "a name stands before a layer, after the arrow: `x -> conv1: conv(8, 3x3)`");
        }
        if input.peek(Token![=]) {
            return syn::Error::new(
                input.span(),
                "unexpected `=`\nhelp: a value is named by `let name = …;`, and compared by `==`",
            );
        }
        unexpected(input, "`->` and a layer, or the end of the body")
    }

    /// `-> stage -> stage …`; in a group the first arrow is left out.
    fn stages(&mut self, input: ParseStream<'_>, in_group: bool) -> Vec<Stage> {
        let mut stages = Vec::new();
        let mut arrow = None;
        if in_group && input.peek(Token![->]) {
            self.mistake_at(
                input.span(),
                "a group starts with its first layer: what flows in is understood\nhelp: remove this `->`",
            );
        }
        loop {
            if input.peek(Token![->]) {
                if let Ok(token) = input.parse::<Token![->]>() {
                    arrow = Some(self.between(token.spans[0], token.spans[1]));
                }
            } else if !stages.is_empty() {
                // A value here begins the next statement: what is missing is the `;`.
                if !starts_stage(input) || self.is_value(input) {
                    break;
                }
                self.missing_arrow(input, &mut stages);
            }
            let ends = input.is_empty() || input.peek(Token![,]) || input.peek(Token![;]);
            if let Some(arrow) = arrow.filter(|_| ends) {
                self.mistake(arrow, format!("{LAYER} is missing after this `->`"));
                stages.push(Stage { label: None, kind: StageKind::Wrong, place: arrow });
                break;
            }
            let span = input.span();
            let stage = self.deeper(span, |parser| parser.stage(input));
            stages.push(stage.unwrap_or_else(|error| {
                self.report(&error);
                skip_until(input, |input| input.peek(Token![->]) || input.peek(Token![,]) || input.peek(Token![;]));
                Stage { label: None, kind: StageKind::Wrong, place: self.at(span) }
            }));
            if input.is_empty() {
                break;
            }
        }
        stages
    }

    /// Says that an arrow is missing; or a colon, if the last stage is a word that may be meant as a name.
    fn missing_arrow(&mut self, input: ParseStream<'_>, stages: &mut [Stage]) {
        let bare = |call: &Call| call.args.is_empty() && registry::layer(&call.name.text).is_none();
        let expected = match stages.last_mut() {
            Some(last @ Stage { label: None, kind: StageKind::Call(_), .. }) if matches!(&last.kind, StageKind::Call(call) if bare(call)) =>
            {
                last.kind = StageKind::Wrong;
                "`:` after a name, or `->` before the next layer"
            }
            _ => "`->` before the next layer",
        };
        let error = unexpected(input, expected);
        self.report(&error);
    }

    /// The chain inside of a group's braces.
    fn group(&mut self, input: ParseStream<'_>, what: &str) -> Result<Vec<Stage>> {
        if !input.peek(syn::token::Brace) {
            return Err(unexpected(input, &format!("`{{ }}` with {what}")));
        }
        let content;
        let braces = syn::braced!(content in input);
        if content.is_empty() {
            self.mistake_at(
                braces.span.join(),
                "this group is empty\nhelp: a group holds a chain without its source: `{ conv(8, 3x3) -> relu }`",
            );
            return Ok(vec![Stage { label: None, kind: StageKind::Wrong, place: self.at(braces.span.join()) }]);
        }
        let before = self.n_given_up;
        let stages = self.stages(&content, true);
        if content.peek(Token![;]) && self.n_given_up > before {
            // What comes is the rest of what was no stage.
        } else if content.peek(Token![;]) {
            self.mistake_at(content.span(), "a group holds one chain, without `;`");
        } else if !content.is_empty() {
            let error = self.after_value(&content);
            self.report(&error);
        }
        skip_rest(&content);
        Ok(stages)
    }

    fn stage(&mut self, input: ParseStream<'_>) -> Result<Stage> {
        let label = self.label(input)?;
        let place = self.at(input.span());
        let kind = if input.peek(syn::token::Brace) {
            StageKind::Group(self.group(input, "a chain")?)
        } else if input.peek(Token![if]) {
            StageKind::If(self.branches(input, |parser, input| parser.group(input, "a chain"))?)
        } else if input.peek(Token![for]) {
            StageKind::For(Box::new(self.repetition(input)?))
        } else if input.peek(syn::Ident) && !input.peek2(Token![*]) && !input.peek2(Token![.]) {
            StageKind::Call(self.call(input)?)
        } else if input.peek(syn::Ident) || input.peek(LitInt) || input.peek(LitBool) || input.peek(syn::token::Paren) {
            self.repeat(input)?
        } else if input.peek(Token![let]) {
            return Err(syn::Error::new(input.span(), "a group holds one chain: `let` stands at the top of a body"));
        } else if input.peek(Ident::peek_any) {
            let word = input.call(Ident::parse_any)?;
            let help = if input.peek(Token![:]) {
                format!("\nhelp: as a name it is written in quotes: `\"{word}\": …`")
            } else {
                String::new()
            };
            return Err(syn::Error::new(word.span(), format!("expected {LAYER}, but `{word}` is a keyword of Rust{help}")));
        } else {
            return Err(unexpected(input, LAYER));
        };
        Ok(Stage { label, kind, place })
    }

    fn label(&mut self, input: ParseStream<'_>) -> Result<Option<Label>> {
        if input.peek(LitStr) {
            let literal: LitStr = input.parse()?;
            let place = self.at(literal.span());
            if !input.peek(Token![:]) {
                return Err(unexpected(input, "`:` after the name of a layer"));
            }
            input.parse::<Token![:]>()?;
            let parts = label_parts(&literal.value()).unwrap_or_else(|message| {
                self.mistake(place, message);
                vec![Part::Text("?".to_owned())]
            });
            return Ok(Some(Label { parts, place }));
        }
        let is_bare = input.peek(syn::Ident) && input.peek2(syn::token::Brace);
        let is_assigned = input.peek2(Token![=]) && !input.peek2(Token![==]) && !input.peek2(Token![=>]);
        if input.peek(syn::Ident) && (is_assigned || is_bare || input.peek2(Token![:]) && !input.peek2(Token![::])) {
            let ident: Ident = input.parse()?;
            if is_bare {
                let error = unexpected(input, &format!("`:` after the name of a group: `{ident}: {{ … }}`"));
                self.report(&error);
            } else if is_assigned {
                self.mistake_at(input.span(), format!("the name of a layer is followed by `:`, as in `{ident}: conv(8, 3x3)`"));
                input.parse::<Token![=]>()?;
            } else {
                input.parse::<Token![:]>()?;
            }
            // A raw identifier is a way to write a keyword: the name is the word.
            return Ok(Some(Label { parts: vec![Part::Text(ident.unraw().to_string())], place: self.at(ident.span()) }));
        }
        Ok(None)
    }

    pub(super) fn call(&mut self, input: ParseStream<'_>) -> Result<Call> {
        let name = self.name(input, LAYER)?;
        if input.peek(Token![!]) && !input.peek(Token![!=]) {
            return Err(syn::Error::new(input.span(), "macros are not expanded in a definition"));
        }
        if input.peek(Token![::]) {
            return Err(syn::Error::new(
                input.span(),
                "layers and blocks have no paths: a definition knows those of this invocation alone",
            ));
        }
        if input.peek(syn::Lit) && !input.peek(LitStr) {
            let written = &name.text;
            return Err(unexpected(input, &format!("parentheses around the arguments: `{written}(…)`")));
        }
        let before = self.n_given_up;
        let args = if input.peek(syn::token::Paren) { self.arguments(input)? } else { Vec::new() };
        Ok(Call { name, args, damaged: self.n_given_up > before })
    }

    /// `3 * basic(64)`
    fn repeat(&mut self, input: ParseStream<'_>) -> Result<StageKind> {
        let mut count = self.unary(input)?;
        loop {
            if !input.peek(Token![*]) {
                if is_integer(&count.kind) && starts_stage(input) {
                    return Err(unexpected(input, "`*` between a number of repetitions and a block"));
                }
                return Err(syn::Error::new(
                    count.place.start,
                    format!(
                        "expected {LAYER}, but found a value\nhelp: a block is repeated by `3 * name(…)`; a sum of repetitions needs parentheses"
                    ),
                ));
            }
            let star: Token![*] = input.parse()?;
            if input.peek(syn::Ident) && !input.peek2(Token![*]) && !input.peek2(Token![.]) {
                return Ok(StageKind::Repeat(count, self.call(input)?));
            }
            if input.peek(syn::token::Brace) {
                let message = "only a block is repeated by a number\nhelp: a group is repeated by `for _i in 0..3 { … }`";
                return Err(syn::Error::new(input.span(), message));
            }
            if input.is_empty() || input.peek(Token![->]) {
                return Err(unexpected(input, "the block that is repeated"));
            }
            let factor = self.unary(input)?;
            count = self.binary("*", star.span, count, factor);
        }
    }

    fn repetition(&mut self, input: ParseStream<'_>) -> Result<For> {
        input.parse::<Token![for]>()?;
        if input.peek(Token![in]) {
            return Err(unexpected(input, "the loop's variable: `for i in 0..4 { … }`"));
        }
        let variable = self.name(input, "the loop's variable")?;
        if !input.peek(Token![in]) {
            return Err(unexpected(input, "`in` and a range: `for i in 0..4 { … }`"));
        }
        input.parse::<Token![in]>()?;
        let from = self.operators(input, 0)?;
        let inclusive = input.peek(Token![..=]);
        if inclusive {
            input.parse::<Token![..=]>()?;
        } else if input.peek(Token![..]) {
            input.parse::<Token![..]>()?;
        } else {
            return Err(unexpected(input, "a range: `0..4` without 4, `0..=4` with it"));
        }
        let to = self.operators(input, 0)?;
        let body = self.group(input, "the chain that is repeated")?;
        Ok(For { variable, from, to, inclusive, body })
    }

    /// `if a { … } else if b { … } else { … }`
    pub(super) fn branches<T>(
        &mut self,
        input: ParseStream<'_>,
        mut branch: impl FnMut(&mut Self, ParseStream<'_>) -> Result<T>,
    ) -> Result<If<T>> {
        let word: Token![if] = input.parse()?;
        let place = self.at(word.span);
        let mut arms = Vec::new();
        loop {
            let condition = self.operators(input, 0)?;
            arms.push((condition, branch(self, input)?));
            if !input.peek(Token![else]) {
                return Ok(If { place, arms, otherwise: None });
            }
            input.parse::<Token![else]>()?;
            if !input.peek(Token![if]) {
                return Ok(If { place, arms, otherwise: Some(branch(self, input)?) });
            }
            input.parse::<Token![if]>()?;
        }
    }
}

/// The texts and names of `"denselayer{i}"`.
fn label_parts(text: &str) -> std::result::Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err("this name has a `{` without its `}`".to_owned());
        };
        if syn::parse_str::<Ident>(name).is_err() {
            return Err(format!(
                "between `{{` and `}}` stands the name of a number, not `{name}`\nhelp: name it first: `let next = i + 1;`"
            ));
        }
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Value(name.to_owned()));
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    let plain = |part: &Part| matches!(part, Part::Text(text) if text.contains(|c: char| c == '.' || c == '}' || c.is_whitespace() || c.is_control()));
    if text.is_empty() || parts.iter().any(plain) {
        return Err("the name of a layer is one word, without dots: a path is made of groups\nhelp: write `features: { conv0: … }` for `features.conv0`".to_owned());
    }
    Ok(parts)
}

/// Whether what follows can only be a stage whose arrow is missing.
fn starts_stage(input: ParseStream<'_>) -> bool {
    let word = input.peek(syn::Ident) && !input.peek2(Token![=]);
    word || input.peek(LitStr) || input.peek(Token![for])
}

/// Whether a stage may follow.
fn is_flow(source: &Expr) -> bool {
    matches!(source.kind, ExprKind::Name(_) | ExprKind::Call(_))
}

fn is_integer(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Int(_) | ExprKind::Name(_))
}
