//! The compiler behind convoke, as a library: see the `convoke` crate for what users write.
//!
//! # The pipeline
//!
//! `parse → resolve (blocks, names, arithmetic) → infer → verify → passes → choose algorithms → place memory → verify → emit`
//!
//! A network with sizes that are known only at run time is evaluated twice at once: in numbers at the smallest sizes that it can
//! have, and in expressions (`size`) for all, of which `facts` proves what it can. What is emitted is its `template`; bound to sizes,
//! it goes through the same pipeline from inference on, in the user's program.
//!
//! # The floors
//!
//! A module imports only from lower floors; `tests/` checks it.
//!
//! | Floor | Modules |
//! |---|---|
//! | 0 | `diag` `dim` `size` |
//! | 1 | `facts` `program` `shape` |
//! | 2 | `graph` `tensor` |
//! | 3 | `plan/*` |
//! | 4 | `ops/*` |
//! | 5 | `registry` |
//! | 6 | `infer` |
//! | 7 | `text` `verify` `evaluate` |
//! | 8 | `template` `passes/*` |
//! | 9 | `lower/*` |
//! | 10 | `parse/*` `emit_rust/*` `emit_clif/*` |
#![forbid(unsafe_code)]

pub mod plan;
pub mod program;

#[cfg(feature = "planner")]
pub mod diag;
#[cfg(feature = "planner")]
pub mod dim;
#[cfg(feature = "jit")]
pub mod emit_clif;
#[cfg(feature = "parse")]
pub mod emit_rust;
#[cfg(feature = "planner")]
pub mod evaluate;
#[cfg(feature = "planner")]
pub mod facts;
#[cfg(feature = "planner")]
pub mod graph;
#[cfg(feature = "planner")]
pub mod infer;
#[cfg(feature = "planner")]
pub mod lower;
#[cfg(feature = "planner")]
pub mod ops;
#[cfg(feature = "parse")]
pub mod parse;
#[cfg(feature = "planner")]
pub mod passes;
#[cfg(feature = "planner")]
pub mod registry;
#[cfg(feature = "planner")]
pub mod shape;
#[cfg(feature = "planner")]
pub mod size;
#[cfg(feature = "planner")]
pub mod template;
#[cfg(feature = "planner")]
pub mod tensor;
#[cfg(any(feature = "testing", all(test, feature = "planner")))]
#[doc(hidden)]
pub mod testing;
#[cfg(feature = "planner")]
pub mod text;
#[cfg(feature = "planner")]
pub mod verify;

#[cfg(feature = "parse")]
use {
    emit_rust::{AnySize, Outcome, Surface, Weights},
    parse::{Invocation, Network, ReadHeader, Reports},
    plan::Plan,
    proc_macro2::{Span, TokenStream},
    quote::quote_spanned,
    template::Template,
};

/// Expands an invocation of `network!`. Whatever the tokens are, it returns: mistakes become `compile_error!`s at their places,
/// and the types are there nevertheless.
///
/// `dynamic` says whether the runtime can plan: without that, sizes that are known only at run time are a mistake.
#[cfg(feature = "parse")]
pub fn network(tokens: TokenStream, read_header: &ReadHeader<'_>, dynamic: bool) -> TokenStream {
    let Invocation { networks, krate, mut reports } = parse::read(tokens, read_header);
    let made: Vec<Option<Made>> = networks.iter().map(|network| make(network, dynamic, &mut reports)).collect();
    let Some(first) = networks.first().map(|network| &network.name) else { return reports.tokens() };

    // The errors stand in a constant of the first network; those of the others depend on it, which keeps them silent.
    let mut errors = (!reports.is_empty()).then(|| reports.tokens());
    let n_errors = reports.len();
    let krate = krate.unwrap_or_else(|| quote_spanned!(Span::mixed_site() => ::convoke));
    let items = networks.iter().zip(made).map(|(network, made)| {
        let surface = surface(network, &krate, n_errors > 0);
        let made = made.filter(|_| n_errors == 0);
        let mut errors = || {
            let silent = || quote_spanned!(Span::mixed_site() => let _ = #first::PARAMETERS;);
            errors.take().unwrap_or_else(silent)
        };
        match (made, &network.any_size) {
            (Some(Made::Plan(plan)), _) => emit_rust::emit(&surface, &Outcome::Ready(plan)),
            (Some(Made::Template(any_size)), _) => emit_rust::emit_any_size(&surface, &any_size),
            (None, Some(any_size)) if dynamic => {
                let failed = AnySize::Failed { symbols: any_size.symbols.clone(), errors: errors() };
                emit_rust::emit_any_size(&surface, &failed)
            }
            (None, _) => emit_rust::emit(&surface, &Outcome::Failed(errors())),
        }
    });
    items.collect()
}

/// What becomes of a network in which nothing is wrong.
#[cfg(feature = "parse")]
enum Made {
    /// All sizes are known.
    Plan(Box<Plan>),
    /// Some are known when it is bound.
    Template(AnySize),
}

/// From a graph to its plan or template; `None` after a mistake.
#[cfg(feature = "parse")]
fn make(network: &Network, dynamic: bool, reports: &mut Reports) -> Option<Made> {
    let Some(graph) = &network.graph else {
        if reports.is_empty() {
            reports.add_whole(network, "this definition has no graph, which is a mistake of the compiler: please report it");
        }
        return None;
    };
    if let Some(any_size) = &network.any_size {
        if !dynamic {
            let names = any_size.symbols.join(" and ");
            let message = format!(
                "{names}: a size that is known only at run time needs the feature `dynamic`\nhelp: write `features = [\"dynamic\"]` at `convoke` in Cargo.toml"
            );
            reports.add_whole(network, message);
            return None;
        }
        let parse::AnySize { symbols, conditions, inputs, example, places } = any_size.clone();
        let verified = verify::verify(graph);
        let template = verified.and_then(|()| Template::new(graph.clone(), symbols, conditions, inputs, example));
        let ready = |template| AnySize::Ready { template: Box::new(template), parameters: lower::parameters(graph), places };
        return template.map_err(|message| reports.add_whole(network, message)).ok().map(ready).map(Made::Template);
    }
    let optimised = verify::verify(graph).and_then(|()| passes::optimise(graph.clone()));
    let plan = optimised.and_then(|optimised| lower::lower(&optimised, graph));
    plan.map_err(|message| reports.add_whole(network, message)).ok().map(|plan| Made::Plan(Box::new(plan)))
}

#[cfg(feature = "parse")]
fn surface(network: &Network, krate: &TokenStream, failed: bool) -> Surface {
    let bytes = |file: &String| match failed {
        // The file may not be there, which has been reported.
        true => quote_spanned!(Span::mixed_site() => &[]),
        false => quote_spanned! { Span::mixed_site() =>
            ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file))
        },
    };
    Surface {
        attrs: network.attrs.clone(),
        vis: network.vis.clone(),
        name: network.name.clone(),
        krate: krate.clone(),
        inputs: network.inputs.iter().map(parse::Port::sizes).collect(),
        outputs: network.outputs.iter().map(parse::Port::sizes).collect(),
        weights: network.weights.as_ref().map(|file| Weights { file: file.clone(), bytes: bytes(file) }),
    }
}
