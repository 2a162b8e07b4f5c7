//! A network as Rust source: the type that users see, and its plan as constants with a function per step. Floor 10.
//!
//! Sizes and offsets are literals; what computes is `rt`'s, so that the source has no `unsafe` and costs rustc little. All paths are
//! absolute, what is private stands in an anonymous constant, and identifiers are mixed-site.
//!
//! A definition that failed gets the same type with the same methods, so that the rest of the crate shows no further errors: its
//! constants *are* the errors, which silences assertions on them, and its methods have no body worth the name.

mod any_size;
mod plan;
mod surface;
mod words;

use crate::plan::{Parameter, Plan};
use crate::template::Template;
use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;

/// `quote!` with mixed-site identifiers.
macro_rules! rust {
    ($($tokens:tt)*) => { quote_spanned!(proc_macro2::Span::mixed_site() => $($tokens)*) };
}
use rust;

/// What a definition promises to the rest of the crate.
#[derive(Clone, Debug)]
pub struct Surface {
    /// The user's attributes, documentation included.
    pub attrs: TokenStream,
    /// Its visibility.
    pub vis: TokenStream,
    /// The type's name, with the user's span.
    pub name: Ident,
    /// The path of the facade crate: `::convoke`, unless the definition says otherwise.
    pub krate: TokenStream,
    /// The shapes of its inputs, `[C, H, W]`, `[C, L]` or `[N]`, in order; `None` where a mistake hides one.
    pub inputs: Vec<Option<Vec<usize>>>,
    /// The shapes of its outputs, in order; `None` where a mistake hides one.
    pub outputs: Vec<Option<Vec<usize>>>,
    /// The weight file that it embeds.
    pub weights: Option<Weights>,
}

/// A weight file that becomes part of the program.
#[derive(Clone, Debug)]
pub struct Weights {
    /// As it was written.
    pub file: String,
    /// An expression for its bytes: `include_bytes!` of a path that rustc watches.
    pub bytes: TokenStream,
}

/// What became of a definition.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It runs.
    Ready(Box<Plan>),
    /// It does not: statements that are the errors, a `compile_error!("…");` for each mistake, at its place.
    Failed(TokenStream),
}

/// A network whose sizes are known only when it is bound.
#[derive(Clone, Debug)]
pub enum AnySize {
    /// It can be bound.
    Ready {
        /// What is bound.
        template: Box<Template>,
        /// Its state dict.
        parameters: Vec<Parameter>,
        /// Line and column of each of its layers.
        places: Vec<(usize, usize)>,
    },
    /// It has mistakes.
    Failed {
        /// Its symbols.
        symbols: Vec<String>,
        /// As in [`Outcome::Failed`].
        errors: TokenStream,
    },
}

impl AnySize {
    fn symbols(&self) -> &[String] {
        match self {
            AnySize::Ready { template, .. } => &template.symbols,
            AnySize::Failed { symbols, .. } => symbols,
        }
    }

    fn n_parameters(&self) -> usize {
        match self {
            AnySize::Ready { parameters, .. } => {
                let learned = parameters.iter().filter(|parameter| parameter.learned);
                learned.map(|parameter| parameter.shape.iter().product::<usize>()).sum()
            }
            AnySize::Failed { .. } => 0,
        }
    }
}

/// The items of a network whose sizes are known only when it is bound.
pub fn emit_any_size(surface: &Surface, any_size: &AnySize) -> TokenStream {
    any_size::emit(surface, any_size)
}

/// The items of a network.
pub fn emit(surface: &Surface, outcome: &Outcome) -> TokenStream {
    let face = surface::surface(surface, outcome);
    match outcome {
        Outcome::Ready(plan) => {
            let body = definition(surface, plan);
            rust! { #face #body }
        }
        Outcome::Failed(_) => {
            let body = surface::failed_definition(surface);
            rust! { #face #body }
        }
    }
}

/// The plan, a function per step, and the trait that ties them to the type.
pub fn definition(surface: &Surface, plan: &Plan) -> TokenStream {
    let Surface { name, krate, .. } = surface;
    let names = words::names(plan, plan::ITEMS);
    let constants: Vec<Ident> = names.iter().map(plan::constant).collect();
    let steps = plan.steps.iter().zip(names.iter().zip(&constants)).enumerate().map(|(index, (step, (name, constant)))| {
        let (about, value, index) = (format!(" {}", words::describe(step)), plan::step(step), plan::int(index));
        rust! {
            #[doc = #about]
            const #constant: rt::Step = #value;
            #[inline]
            fn #name(frame: &mut rt::Frame<'_>) { frame.step(#index) }
        }
    });
    let lists = plan::lists(plan, &constants);
    let (inputs, outputs) = (surface::ports(surface, &surface.inputs), surface::ports(surface, &surface.outputs));
    rust! {
        const _: () = {
            use #krate::rt;
            #(#steps)*
            #lists
            impl rt::Definition for #name {
                type Inputs = #inputs;
                type Outputs = #outputs;
                fn linked() -> rt::Linked { rt::Linked { plan: &PLAN, kernels: &KERNELS } }
                fn net(&self) -> &rt::Net { &self.net }
                fn run(frame: &mut rt::Frame<'_>) { #(#names(frame);)* }
            }
        };
    }
}

#[cfg(test)]
mod tests;
