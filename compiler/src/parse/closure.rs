//! Tokens to syntax: closures, `|x| x * sigmoid(x)`, and the functions that they call. Floor 10.

use super::parser::{Parser, Result, unexpected};
use super::syntax::{Body, Call, Closure, Expr, ExprKind, Name, Outcome, Place};
use crate::diag::nearest;
use crate::program::Function;
use syn::Token;
use syn::parse::ParseStream;

/// The functions by their names in the language, with how they are written and how many arguments they take. `clamp` is two
/// operations.
const FUNCTIONS: &[(&str, Option<Function>, &str, usize)] = &[
    ("min", Some(Function::Min), "min(a, b)", 2),
    ("max", Some(Function::Max), "max(a, b)", 2),
    ("abs", Some(Function::Abs), "abs(x)", 1),
    ("sqrt", Some(Function::Sqrt), "sqrt(x)", 1),
    ("clamp", None, "clamp(x, low, high)", 3),
    ("exp", Some(Function::Exp), "exp(x)", 1),
    ("ln", Some(Function::Ln), "ln(x)", 1),
    ("tanh", Some(Function::Tanh), "tanh(x)", 1),
    ("sigmoid", Some(Function::Sigmoid), "sigmoid(x)", 1),
];

/// What is written for other functions.
const ELSEWHERE: &[(&str, &str)] = &[
    ("log", "ln(x)"),
    ("minimum", "min(a, b)"),
    ("maximum", "max(a, b)"),
    ("powi", "x * x"),
    ("powf", "exp(b * ln(a))"),
    ("pow", "exp(b * ln(a))"),
    ("square", "x * x"),
    ("recip", "1.0 / x"),
    ("rsqrt", "1.0 / sqrt(x)"),
    ("relu", "max(x, 0.0)"),
    ("silu", "x * sigmoid(x)"),
    ("softplus", "ln(1.0 + exp(x))"),
    ("exp_m1", "exp(x) - 1.0"),
    ("ln_1p", "ln(1.0 + x)"),
    ("mul_add", "a * b + c"),
    ("sign", "if x < 0.0 { -1.0 } else { 1.0 }"),
    ("signum", "if x < 0.0 { -1.0 } else { 1.0 }"),
    ("select", "if a < b { c } else { d }"),
    ("where", "if a < b { c } else { d }"),
];

/// The function of a call, `None` for `clamp`, or what is wrong with the call and where.
pub(super) fn function(call: &Call) -> std::result::Result<Option<Function>, (Place, String)> {
    let text = call.name.text.as_str();
    let Some((_, function, usage, arity)) = FUNCTIONS.iter().find(|(name, ..)| *name == text) else {
        return Err((call.name.place, format!("there is no function `{text}` in closures\nhelp: {}", instead(text))));
    };
    if let Some(name) = call.args.iter().find_map(|argument| argument.name.as_ref()) {
        return Err((name.place, format!("the arguments of functions have no names\nhelp: `{usage}`")));
    }
    if call.args.len() != *arity && !call.damaged {
        let (s, are) = (if *arity == 1 { "" } else { "s" }, if call.args.len() == 1 { "is" } else { "are" });
        let message = format!("`{text}` takes {arity} argument{s}, but here {are} {}", call.args.len());
        return Err((call.name.place, format!("{message}\nhelp: `{usage}`")));
    }
    Ok(*function)
}

/// What to write where a function is not there.
fn instead(name: &str) -> String {
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| *theirs == name) {
        return format!("write `{ours}`");
    }
    match nearest(name, FUNCTIONS.iter().map(|(name, ..)| *name)).filter(|_| name.len() > 2) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let usages: Vec<String> = FUNCTIONS.iter().map(|(_, _, usage, _)| format!("`{usage}`")).collect();
            format!("the functions are {}", usages.join(", "))
        }
    }
}

/// What is wrong with `x.max(0.0)`.
pub(super) fn method(of: &Expr, name: &Name) -> syn::Error {
    let known = FUNCTIONS.iter().find(|(known, ..)| *known == name.text);
    let of = if let ExprKind::Name(of) = &of.kind { of } else { "…" };
    let help = match known {
        Some((known, _, _, 1)) => format!("write `{known}({of})`"),
        Some((known, ..)) => format!("write `{known}({of}, …)`"),
        None => instead(&name.text),
    };
    syn::Error::new(name.place.start, format!("numbers have no methods here\nhelp: {help}"))
}

/// What is wrong with the token that follows a complete number in a closure.
pub(super) fn after_number(input: ParseStream<'_>) -> syn::Error {
    if input.peek(Token![as]) {
        return syn::Error::new(input.span(), "all numbers in a closure are of single precision\nhelp: leave out `as …`");
    }
    if input.peek(Token![->]) {
        let message = "a closure computes with numbers, not with values of the flow\nhelp: layers stand before and after: `x -> relu -> map(|x| …)`";
        return syn::Error::new(input.span(), message);
    }
    let error = unexpected(input, "an operator or the end of the closure");
    syn::Error::new(input.span(), format!("{error}\nhelp: the operators are `+ - * /`, in conditions `< <= > >= == != && || !`"))
}

impl Parser<'_> {
    /// `|x, y| x * sigmoid(y)`
    pub(super) fn closure(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        let start = input.span();
        if input.peek(Token![move]) {
            return Err(syn::Error::new(start, "a closure here takes nothing with it\nhelp: leave out `move`"));
        }
        if input.peek(Token![||]) {
            return Err(syn::Error::new(start, "a closure has a parameter for each value\nhelp: write `|x| …`"));
        }
        input.parse::<Token![|]>()?;
        let mut params = Vec::new();
        while !input.peek(Token![|]) {
            let param = self.name(input, "a parameter of the closure")?;
            if input.peek(Token![:]) {
                return Err(syn::Error::new(
                    input.span(),
                    format!(
                        "an element has no type: all numbers in a closure are of single precision\nhelp: write `|{}| …`",
                        param.text
                    ),
                ));
            }
            self.values.push(param.text.clone());
            params.push(param);
            if !input.peek(Token![|]) && !input.peek(Token![,]) {
                return Err(unexpected(input, "`,` or `|` behind a parameter"));
            }
            input.parse::<Option<Token![,]>>()?;
        }
        let end: Token![|] = input.parse()?;
        if params.is_empty() {
            return Err(syn::Error::new(start, "a closure has a parameter for each value\nhelp: write `|x| …`"));
        }
        if input.peek(Token![->]) {
            return Err(syn::Error::new(input.span(), "what a closure gives has no type\nhelp: write `|x| …`"));
        }
        let place = self.between(start, end.span);
        let around = std::mem::replace(&mut self.in_closure, true);
        let body = self.deeper(input.span(), |parser| parser.closure_body(input));
        self.in_closure = around;
        Ok(Expr { kind: ExprKind::Closure(Box::new(Closure { params, body: body? })), place })
    }

    fn closure_body(&mut self, input: ParseStream<'_>) -> Result<Body> {
        if input.peek(syn::token::Brace) {
            return self.body_in_braces(input, "this closure", None);
        }
        let before = self.n_given_up;
        let value = self.number(input)?;
        if !input.is_empty() && !input.peek(Token![,]) && !input.peek(Token![;]) {
            return Err(after_number(input));
        }
        Ok(Body { lets: Vec::new(), result: Outcome::One(value), damaged: self.n_given_up > before, lost: false })
    }

    /// An expression of a closure.
    pub(super) fn number(&mut self, input: ParseStream<'_>) -> Result<Expr> {
        self.deeper(input.span(), |parser| parser.operators(input, 0))
    }
}
