//! Tokens to syntax: values, that is operators, calls, windows and other literals. Floor 10.

use super::closure;
use super::parser::{Parser, Result, skip_rest, skip_until, unexpected};
use super::syntax::{Argument, Expr, ExprKind, Name, Place};
use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Lit, LitBool, LitFloat, LitInt, Token};

/// Operators of one precedence may follow one another this often.
const MAX_OPERATORS: usize = 64;

impl Parser<'_> {
    /// Binary operators, from the loosest: `||`, `&&`, comparisons, sums, products.
    pub(super) fn operators(&mut self, input: ParseStream<'_>, level: usize) -> Result<Expr> {
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

    pub(super) fn binary(&mut self, operator: &'static str, span: Span, left: Expr, right: Expr) -> Expr {
        let place = self.between(left.place.start, right.place.end);
        Expr { kind: ExprKind::Binary(operator, self.at(span), Box::new(left), Box::new(right)), place }
    }

    pub(super) fn unary(&mut self, input: ParseStream<'_>) -> Result<Expr> {
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
            if input.peek(syn::token::Paren) && self.in_closure {
                return Err(closure::method(&value, &name));
            }
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
            let branches = self.deeper(span, |parser| {
                parser.branches(input, |parser, input| parser.body_in_braces(input, "this branch", None))
            })?;
            return Ok(Expr { kind: ExprKind::If(Box::new(branches)), place: self.at(span) });
        }
        if input.peek(Token![|]) || input.peek(Token![||]) || input.peek(Token![move]) {
            return self.closure(input);
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
        if input.peek(Token![return]) {
            return Err(syn::Error::new(span, "a body gives the value that stands last in it, without `return`"));
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
            return self.deeper(span, |parser| parser.list(input));
        }
        if input.peek(Token![_]) {
            return Err(syn::Error::new(
                span,
                "expected a value, but found `_`\nhelp: `_` stands for a size that is left open, as in `reshape([8, _])`",
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
        let before = self.n_given_up;
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
        if self.n_given_up > before {
            return Ok(Expr { kind: ExprKind::Wrong, place });
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

    /// `[8, _]`
    fn list(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let content;
        let brackets = syn::bracketed!(content in input);
        let place = self.between(brackets.span.open(), brackets.span.close());
        let mut values = Vec::new();
        while !content.is_empty() {
            let open = content.peek(Token![_]).then(|| content.parse::<Token![_]>());
            let value = match open {
                Some(token) => token.map(|token| Expr { kind: ExprKind::Open, place: self.at(token.span) }),
                None => self.expr(&content),
            };
            match value {
                Ok(value) => values.push(value),
                Err(error) => {
                    skip_rest(&content);
                    return Err(error);
                }
            }
            self.comma(&content, "values");
        }
        Ok(Expr { kind: ExprKind::List(values), place })
    }

    /// A value, or a range: `2..-2`, `2..`, `..6`.
    fn value_or_range(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let start = input.span();
        let from = if input.peek(Token![..]) { None } else { Some(self.expr(input)?) };
        if !input.peek(Token![..]) {
            return match from {
                Some(value) => Ok(value),
                None => Err(unexpected(input, "a value")),
            };
        }
        if input.peek(Token![..=]) {
            return Err(syn::Error::new(
                input.span(),
                "a range of positions ends before its last number: write `..` and one more",
            ));
        }
        let dots: Token![..] = input.parse()?;
        let ends = input.is_empty() || input.peek(Token![,]);
        let to = if ends { None } else { Some(self.operators(input, 0)?) };
        let end = to.as_ref().map_or(dots.spans[1], |to| to.place.end);
        let place = self.between(start, end);
        Ok(Expr { kind: ExprKind::Range([from.map(Box::new), to.map(Box::new)]), place })
    }

    fn literal(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let literal: Lit = input.parse()?;
        let place = self.at(literal.span());
        let kind = match &literal {
            Lit::Int(int) => self.int(int, place),
            Lit::Float(float) => float_value(float),
            Lit::Str(_) => Err("expected a value, but found a text\nhelp: in quotes stand only names of layers, before a `:`, and the file of `weights`".to_owned()),
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

    /// `(64, 3x3, stride = 2)`
    pub(super) fn arguments(&mut self, input: ParseStream<'_>) -> Result<Vec<Argument>> {
        let content;
        syn::parenthesized!(content in input);
        let mut args = Vec::new();
        while !content.is_empty() {
            let span = content.span();
            if content.peek(Ident::peek_any) && content.peek2(Token![:]) && !content.peek2(Token![::]) {
                self.mistake_at(span, "a name stands before a layer, after the arrow: `x -> conv1: conv(8, 3x3)`");
                skip_until(&content, |input| input.peek(Token![:]));
                let _ = content.parse::<Option<Token![:]>>();
            }
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
                Ok(Argument { name, value: self.value_or_range(&content)? })
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
