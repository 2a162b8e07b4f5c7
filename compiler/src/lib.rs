//! The compiler behind convoke, as a library: see the `convoke` crate for what users write.
//!
//! # The pipeline
//!
//! `parse → resolve (blocks, names, arithmetic) → infer → verify → passes → choose algorithms → place memory → verify → emit`
//!
//! # The floors
//!
//! A module imports only from lower floors; `tests/` checks it.
//!
//! | Floor | Modules |
//! |---|---|
//! | 0 | `diag` `dim` |
//! | 1 | `program` `shape` |
//! | 2 | `graph` `tensor` |
//! | 3 | `plan/*` |
//! | 4 | `ops/*` |
//! | 5 | `registry` |
//! | 6 | `infer` |
//! | 7 | `text` `verify` `evaluate` |
//! | 8 | `passes/*` |
//! | 9 | `lower/*` |
//! | 10 | `parse/*` `emit_rust/*` |
#![forbid(unsafe_code)]

pub mod plan;
pub mod program;

#[cfg(feature = "planner")]
pub mod diag;
#[cfg(feature = "planner")]
pub mod dim;
#[cfg(feature = "parse")]
pub mod emit_rust;
#[cfg(feature = "planner")]
pub mod evaluate;
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
    emit_rust::{Outcome, Surface, Weights},
    parse::{Invocation, Network, ReadHeader, Reports},
    plan::Plan,
    proc_macro2::{Span, TokenStream},
    quote::quote_spanned,
};

/// Expands an invocation of `network!`. Whatever the tokens are, it returns: mistakes become `compile_error!`s at their places,
/// and the types are there nevertheless.
#[cfg(feature = "parse")]
pub fn network(tokens: TokenStream, read_header: &ReadHeader<'_>) -> TokenStream {
    let Invocation { networks, krate, mut reports } = parse::read(tokens, read_header);
    let plans: Vec<Option<Plan>> = networks.iter().map(|network| plan_of(network, &mut reports)).collect();
    let Some(first) = networks.first().map(|network| &network.name) else { return reports.tokens() };

    // The errors stand in a constant of the first network; those of the others depend on it, which keeps them silent.
    let mut errors = (!reports.is_empty()).then(|| reports.tokens());
    let n_errors = reports.len();
    let krate = krate.unwrap_or_else(|| quote_spanned!(Span::mixed_site() => ::convoke));
    let items = networks.iter().zip(plans).map(|(network, plan)| {
        let outcome = match plan.filter(|_| n_errors == 0) {
            Some(plan) => Outcome::Ready(Box::new(plan)),
            None => {
                let silent = || quote_spanned!(Span::mixed_site() => let _ = #first::PARAMETERS;);
                Outcome::Failed(errors.take().unwrap_or_else(silent))
            }
        };
        emit_rust::emit(&surface(network, &krate, n_errors > 0), &outcome)
    });
    items.collect()
}

/// From a graph to its plan; `None` after a mistake.
#[cfg(feature = "parse")]
fn plan_of(network: &Network, reports: &mut Reports) -> Option<Plan> {
    let Some(graph) = &network.graph else {
        if reports.is_empty() {
            reports.add_whole(network, "this definition has no graph, which is a mistake of the compiler: please report it");
        }
        return None;
    };
    let optimised = verify::verify(graph).and_then(|()| passes::optimise(graph.clone()));
    let plan = optimised.and_then(|optimised| lower::lower(&optimised, graph));
    plan.map_err(|message| reports.add_whole(network, message)).ok()
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
