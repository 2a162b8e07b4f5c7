//! What definitions mean: graphs, names, counts; and what is said when they mean nothing.

mod any_size;
mod architectures;
mod closures;
mod graphs;
mod mistakes;
mod several;
mod totality;

use super::{Header, Invocation, read};
use crate::graph::Graph;
use crate::registry;

/// Reads a definition that names no weight file.
fn invocation(text: &str) -> Invocation {
    let tokens = text.parse().unwrap_or_else(|error| panic!("these are no tokens: {error}\n{text}"));
    read(tokens, &|_| Ok(Header::default()))
}

/// The graphs of a definition in which nothing is wrong.
fn graphs(text: &str) -> Vec<Graph> {
    let invocation = invocation(text);
    assert!(invocation.reports.is_empty(), "{:#?}", invocation.reports.messages());
    let graphs = invocation.networks.into_iter().map(|network| network.graph.expect("nothing is wrong")).collect::<Vec<_>>();
    for graph in &graphs {
        assert_eq!(crate::verify::verify(graph), Ok(()));
    }
    graphs
}

/// Every entry of the state dict, in order, with its number of elements and whether it is learned.
fn state_dict(graph: &Graph) -> Vec<(String, usize, bool)> {
    let of_node = |node: &crate::graph::Node| {
        let shapes: Vec<_> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
        registry::parameters(&node.call, &shapes)
    };
    let weights = graph.nodes.iter().flat_map(of_node);
    weights.map(|(name, weight)| (name, weight.shape.len(), weight.learned)).collect()
}

fn names(graph: &Graph) -> Vec<String> {
    state_dict(graph).into_iter().map(|(name, ..)| name).collect()
}

fn n_parameters(graph: &Graph) -> usize {
    state_dict(graph).iter().filter(|(.., learned)| *learned).map(|(_, len, _)| len).sum()
}

/// All mistakes as `line:column message`.
fn mistakes(text: &str) -> Vec<String> {
    let messages = invocation(text).reports.messages();
    messages.into_iter().map(|(line, column, message)| format!("{line}:{column} {message}")).collect()
}
