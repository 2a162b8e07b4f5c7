//! The language of `network!`: from tokens to graphs, or to all that is wrong with them. Floor 10.
//!
//! | File | |
//! |---|---|
//! | `syntax` | the tree |
//! | `parser` `items` `body` `chain` `expr` `closure` | tokens → tree |
//! | `check` `bind` | names, calls, recursion: all that needs no evaluation |
//! | `resolve` `apply` `several` `element` `value` `convert` `names` | tree → graph: blocks, arithmetic, closures, shapes, state-dict names |
//! | `symbols` | sizes that are known only when a network is bound |
//! | `network` | a network's inputs and outputs |
//! | `weights` | a weight file's header against a graph |
//! | `report` | mistakes, each once and on its token |

mod apply;
mod bind;
mod body;
mod chain;
mod check;
mod closure;
mod convert;
mod element;
mod expr;
mod items;
mod names;
mod network;
mod parser;
mod report;
mod resolve;
mod several;
mod symbols;
mod syntax;
mod value;
mod weights;

pub use network::{AnySize, Network, Port};
pub use report::Reports;
pub use weights::{Header, Tensor};

use network::{Around, network};
use proc_macro2::TokenStream;
use resolve::{Resolver, Scope};
use std::collections::HashSet;

/// Reads the header of the weight file of that name, or says why it cannot be read.
pub type ReadHeader<'a> = dyn Fn(&str) -> Result<Header, String> + 'a;

/// A whole invocation.
pub struct Invocation {
    /// Its networks in order; those have graphs that nothing is wrong with.
    pub networks: Vec<Network>,
    /// Where generated code finds the runtime: `::convoke`.
    pub krate: Option<TokenStream>,
    /// All that is wrong.
    pub reports: Reports,
}

/// Reads an invocation, whatever its tokens are.
pub fn read(tokens: TokenStream, read_header: &ReadHeader<'_>) -> Invocation {
    let mut reports = Reports::default();
    let source = parser::parse(tokens, &mut reports);
    let recursive = check::check(&source, &mut reports);
    let mut constants: Scope<'_> = Vec::new();
    for constant in &source.constants {
        let value = Resolver::new(&source, &recursive, &constants, None, &[], &mut reports).constant(&constant.value);
        constants.push((&constant.name.text, value));
    }
    let checked = reports.is_empty();
    let around = Around { source: &source, recursive: &recursive, constants: &constants, checked, read_header };
    let mut networks: Vec<Network> = source.networks.iter().map(|written| network(written, &around, &mut reports)).collect();
    // A second type of one name was reported, and would be again by rustc.
    let mut names = HashSet::new();
    networks.retain(|network| names.insert(network.name.to_string()));
    Invocation { networks, krate: source.krate, reports }
}

#[cfg(test)]
mod tests;
