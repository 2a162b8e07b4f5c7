//! Tokens to syntax: chains, stages, expressions and literals. Floor 10.

use super::parser::{Parser, Result, skip_rest, skip_until, unexpected};
use super::syntax::{Argument, Body, Call, Expr, ExprKind, For, If, Label, Name, Part, Place, Stage, StageKind};
use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Lit, LitBool, LitFloat, LitInt, LitStr, Token};

/// Operators of one precedence may follow one another this often.
const MAX_OPERATORS: usize = 256;

/// What may end a value: said where something else follows it.
const LAYER: &str = "a layer, a block or a group `{ }`";

impl Parser<'_> {
    /// An expression: a chain, or a value.
    pub(super) fn expr(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        self.deeper(input.span(), |parser| {
            let source = parser.operators(input, 0)?;
            if !input.peek(Token![->]) {
                if starts_stage(input) && is_flow(&source) {
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
        if input.peek(Token![=>]) || input.peek(Token![>]) || input.peek(Token![|]) {
            return syn::Error::new(input.span(), "data flows along `->`");
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
            } else if !(stages.is_empty() || starts_stage(input)) {
                break;
            } else if !stages.is_empty() {
                let error = unexpected(input, "`->` before the next layer");
                self.report(&error);
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
        let stages = self.stages(&content, true);
        if content.peek(Token![;]) {
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
        } else if input.peek(syn::Ident) || input.peek(LitInt) || input.peek(syn::token::Paren) {
            self.repeat(input)?
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
        if input.peek(syn::Ident) && input.peek2(Token![:]) && !input.peek2(Token![::]) {
            let ident: Ident = input.parse()?;
            input.parse::<Token![:]>()?;
            // A raw identifier is a way to write a keyword: the name is the word.
            return Ok(Some(Label { parts: vec![Part::Text(ident.unraw().to_string())], place: self.at(ident.span()) }));
        }
        Ok(None)
    }

    fn call(&mut self, input: ParseStream<'_>) -> Result<Call> {
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
        let args = if input.peek(syn::token::Paren) { self.arguments(input)? } else { Vec::new() };
        Ok(Call { name, args })
    }

    fn arguments(&mut self, input: ParseStream<'_>) -> Result<Vec<Argument>> {
        let content;
        syn::parenthesized!(content in input);
        let mut args = Vec::new();
        while !content.is_empty() {
            let span = content.span();
            let named = content.peek(Ident::peek_any) && content.peek2(Token![=]) && !content.peek2(Token![==]);
            let argument = (|| {
                let name = if named {
                    let name = self.name(&content, "an argument's name")?;
                    content.parse::<Token![=]>()?;
                    Some(name)
                } else {
                    None
                };
                if content.is_empty() || content.peek(Token![,]) {
                    return Err(unexpected(&content, "a value"));
                }
                Ok(Argument { name, value: self.expr(&content)? })
            })();
            args.push(argument.unwrap_or_else(|error| {
                self.report(&error);
                skip_until(&content, |input| input.peek(Token![,]));
                Argument { name: None, value: self.wrong(span) }
            }));
            if content.peek(Token![:]) || content.peek(Token![=>]) {
                let error = self.after_value(&content);
                self.report(&error);
                skip_until(&content, |input| input.peek(Token![,]));
            }
            self.comma(&content, "arguments");
        }
        Ok(args)
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
            if input.is_empty() || input.peek(Token![->]) || input.peek(syn::token::Brace) {
                return Err(unexpected(input, "the block that is repeated"));
            }
            let factor = self.unary(input)?;
            count = self.binary("*", star.span, count, factor);
        }
    }

    fn repetition(&mut self, input: ParseStream<'_>) -> Result<For> {
        input.parse::<Token![for]>()?;
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
    fn branches<T>(
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

    fn branch_body(&mut self, input: ParseStream<'_>) -> Result<Body> {
        if !input.peek(syn::token::Brace) {
            return Err(unexpected(input, "`{ }` with the value of this branch"));
        }
        let content;
        let braces = syn::braced!(content in input);
        let body = self.body(&content, braces.span.join(), "this branch", None);
        skip_rest(&content);
        Ok(body)
    }

    /// Binary operators, from the loosest: `||`, `&&`, comparisons, sums, products.
    fn operators(&mut self, input: ParseStream<'_>, level: usize) -> Result<Expr> {
        if level == 5 {
            return self.unary(input);
        }
        let mut left = self.operators(input, level + 1)?;
        for count in 0.. {
            let Some(operator) = peek_operator(input, level) else { break };
            let span = input.span();
            if count == MAX_OPERATORS {
                return Err(syn::Error::new(
                    span,
                    format!("more than {MAX_OPERATORS} operators in a row\nhelp: name a part with `let`"),
                ));
            }
            if count == 1 && level == 2 {
                return Err(syn::Error::new(span, "comparisons do not chain\nhelp: write `a < b && b < c`"));
            }
            for _ in operator.chars() {
                input.parse::<proc_macro2::Punct>()?;
            }
            let right = self.operators(input, level + 1)?;
            left = self.binary(operator, span, left, right);
        }
        Ok(left)
    }

    fn binary(&mut self, operator: &'static str, span: Span, left: Expr, right: Expr) -> Expr {
        let place = self.between(left.place.start, right.place.end);
        Expr { kind: ExprKind::Binary(operator, self.at(span), Box::new(left), Box::new(right)), place }
    }

    fn unary(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let operator = match () {
            _ if input.peek(Token![->]) => return Err(unexpected(input, "a value before the arrow")),
            _ if input.peek(Token![-]) => '-',
            _ if input.peek(Token![!]) => '!',
            _ => return self.postfix(input),
        };
        let span = input.span();
        input.parse::<proc_macro2::Punct>()?;
        let of = self.deeper(span, |parser| parser.unary(input))?;
        let place = self.between(span, of.place.end);
        Ok(Expr { kind: ExprKind::Unary(operator, Box::new(of)), place })
    }

    fn postfix(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let mut value = self.primary(input)?;
        let mut n_properties = 0;
        while input.peek(Token![.]) && !input.peek(Token![..]) {
            let dot: Token![.] = input.parse()?;
            n_properties += 1;
            let name = self.name(input, "a property: `channels`, `height`, `width` or `len`")?;
            if input.peek(syn::token::Paren) {
                return Err(syn::Error::new(
                    name.place.start,
                    format!(
                        "a definition has no methods\nhelp: a property has no parentheses; a layer follows an arrow: `x -> {}(…)`",
                        name.text
                    ),
                ));
            }
            if n_properties > 1 {
                return Err(syn::Error::new(dot.span, "a property is a number and has no properties"));
            }
            let place = self.between(value.place.start, name.place.end);
            value = Expr { kind: ExprKind::Property(Box::new(value), name), place };
        }
        Ok(value)
    }

    fn primary(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let span = input.span();
        if input.peek(Token![if]) {
            let branches = self.deeper(span, |parser| parser.branches(input, |parser, input| parser.branch_body(input)))?;
            return Ok(Expr { kind: ExprKind::If(Box::new(branches)), place: self.at(span) });
        }
        if input.peek(syn::token::Paren) {
            return self.deeper(span, |parser| parser.parentheses(input));
        }
        if input.peek(LitBool) {
            let literal: LitBool = input.parse()?;
            return Ok(Expr { kind: ExprKind::Bool(literal.value), place: self.at(span) });
        }
        if input.peek(Lit) {
            return self.literal(input);
        }
        if input.peek(syn::Ident) {
            let call = self.call_or_name(input)?;
            return Ok(call);
        }
        if input.peek(Token![for]) {
            return Err(syn::Error::new(span, "a loop carries a value along a chain\nhelp: write `x -> for i in 0..4 { … }`"));
        }
        if input.peek(syn::token::Brace) {
            return Err(syn::Error::new(
                span,
                "expected a value, but found a group\nhelp: a group follows an arrow: `x -> { conv(8, 3x3) -> relu }`",
            ));
        }
        if input.peek(syn::token::Bracket) {
            return Err(syn::Error::new(
                span,
                "expected a value, but found `[ ]`\nhelp: several numbers are written `(1, 2)`, a window `3x3`",
            ));
        }
        if input.peek(Ident::peek_any) {
            let word = input.call(Ident::parse_any)?;
            return Err(syn::Error::new(word.span(), format!("expected a value, but `{word}` is a keyword of Rust")));
        }
        Err(unexpected(input, "a value"))
    }

    fn call_or_name(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let called = input.peek2(syn::token::Paren) || input.peek2(Token![!]) && !input.peek2(Token![!=]);
        if called || input.peek2(Token![::]) {
            let call = self.call(input)?;
            let place = self.at(call.name.place.start);
            return Ok(Expr { kind: ExprKind::Call(call), place });
        }
        let Name { text, place } = self.name(input, "a value")?;
        Ok(Expr { kind: ExprKind::Name(text), place })
    }

    /// `(a)` or `(a, b)`
    fn parentheses(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let content;
        let parens = syn::parenthesized!(content in input);
        let place = self.at(parens.span.join());
        let mut values = Vec::new();
        let mut is_tuple = false;
        while !content.is_empty() {
            match self.expr(&content) {
                Ok(value) => values.push(value),
                Err(error) => {
                    skip_rest(&content);
                    return Err(error);
                }
            }
            is_tuple |= content.peek(Token![,]);
            self.comma(&content, "values");
        }
        match (values.pop(), is_tuple) {
            (None, _) => Err(syn::Error::new(place.start, "expected a value, but these parentheses are empty")),
            (Some(value), false) => Ok(value),
            (Some(value), true) => {
                values.push(value);
                Ok(Expr { kind: ExprKind::Tuple(values), place })
            }
        }
    }

    fn literal(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let literal: Lit = input.parse()?;
        let place = self.at(literal.span());
        let kind = match &literal {
            Lit::Int(int) => self.int(int, place),
            Lit::Float(float) => float_value(float),
            Lit::Str(text) => Err(format!(
                "expected a value, but found a text\nhelp: in quotes are only names of layers, before a `:`, and `weights`: \"{}\"",
                text.value()
            )),
            _ => Err("expected a number, a window such as `3x3`, `true` or `false`".to_owned()),
        };
        let kind = kind.unwrap_or_else(|message| {
            self.mistake(place, message);
            ExprKind::Wrong
        });
        Ok(Expr { kind, place })
    }

    /// A number, or a window: to Rust `3x5` is a 3 with the suffix `x5`.
    fn int(&mut self, literal: &LitInt, place: Place) -> std::result::Result<ExprKind, String> {
        let text = literal.token().to_string();
        let digits = literal.base10_digits();
        let suffix = literal.suffix();
        if let Some(after) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            let after = after.replace('_', "");
            return Err(format!(
                "`{text}` is not a window: to Rust it is the hexadecimal number {digits}\nhelp: a pair that begins with 0 is written `(0, {after})`, a number in decimals"
            ));
        }
        let value = digits.parse::<i64>().map_err(|_| format!("{digits} is larger than any size can be"))?;
        if suffix.is_empty() {
            return Ok(ExprKind::Int(value));
        }
        let Some(rest) = suffix.strip_prefix('x') else {
            let help = match suffix.strip_prefix('X') {
                Some(rest) if rest.parse::<u32>().is_ok() => format!("a window is written `{value}x{rest}`"),
                _ => format!("numbers have no types here: write `{digits}`"),
            };
            return Err(format!("`{text}` is not a number\nhelp: {help}"));
        };
        if let Ok(other) = rest.parse::<i64>() {
            let side =
                |parser: &mut Self, value| Expr { kind: ExprKind::Int(value), place: parser.between(place.start, place.end) };
            return Ok(ExprKind::Tuple(vec![side(self, value), side(self, other)]));
        }
        let help = if rest.is_empty() {
            "a window is written `3x3`, rows by columns".to_owned()
        } else if rest.contains('x') {
            "a window has two sides: rows and columns".to_owned()
        } else {
            format!("a window of which a side has a name is written `({value}, {rest})`")
        };
        Err(format!("`{text}` is not a window\nhelp: {help}"))
    }
}

fn float_value(literal: &LitFloat) -> std::result::Result<ExprKind, String> {
    let suffix = literal.suffix();
    if !suffix.is_empty() {
        return Err(format!("numbers have no types here\nhelp: write `{}`", literal.base10_digits()));
    }
    match literal.base10_digits().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(ExprKind::Float(value)),
        _ => Err("this number is too large".to_owned()),
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

/// The operator of this level that comes next.
fn peek_operator(input: ParseStream<'_>, level: usize) -> Option<&'static str> {
    let found = match level {
        0 => [("||", input.peek(Token![||]))].to_vec(),
        1 => [("&&", input.peek(Token![&&]))].to_vec(),
        2 => vec![
            ("==", input.peek(Token![==])),
            ("!=", input.peek(Token![!=])),
            ("<=", input.peek(Token![<=])),
            (">=", input.peek(Token![>=])),
            ("<", input.peek(Token![<]) && !input.peek(Token![<-]) && !input.peek(Token![<<])),
            (">", input.peek(Token![>]) && !input.peek(Token![>>])),
        ],
        3 => vec![("+", input.peek(Token![+])), ("-", input.peek(Token![-]) && !input.peek(Token![->]))],
        _ => vec![("*", input.peek(Token![*])), ("/", input.peek(Token![/])), ("%", input.peek(Token![%]))],
    };
    found.into_iter().find(|&(_, is_next)| is_next).map(|(operator, _)| operator)
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
