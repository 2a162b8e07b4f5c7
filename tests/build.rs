//! Writes networks of random graphs as `network!` would emit them, for `random_backends.rs`: a few hundred definitions in one file,
//! which rustc compiles once.

use convoke_compiler::emit_rust::{self, Surface};
use convoke_compiler::graph::{Graph, Port};
use convoke_compiler::testing::random_graph;
use convoke_compiler::{lower, passes};
use proc_macro2::{Ident, Span, TokenStream};
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

/// As many graphs.
const N_GRAPHS: u64 = 300;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let (mut source, mut names) = (String::new(), String::new());
    for seed in 0..N_GRAPHS {
        // Others than those of `random_plans.rs`, and most of them smaller.
        let graph = random_graph(1_000_000 + seed, 3 + seed as usize % 14);
        let optimised = passes::optimise(graph.clone()).expect("passes");
        let plan = lower::lower(&optimised, &graph).expect("a plan");
        let shapes = |ports: &[Port]| ports.iter().map(|port| Some(graph.shape(port.value).0.clone())).collect();
        let Graph { name, inputs, outputs, .. } = &graph;
        let surface = Surface {
            attrs: TokenStream::new(),
            vis: TokenStream::new(),
            name: Ident::new(name, Span::call_site()),
            krate: "::convoke".parse().expect("a path"),
            inputs: shapes(inputs),
            outputs: shapes(outputs),
            weights: None,
        };
        writeln!(source, "/// A random graph.\npub struct {name} {{ net: ::convoke::rt::Net }}").expect("memory");
        writeln!(source, "{}", emit_rust::definition(&surface, &plan)).expect("memory");
        writeln!(names, "Emitted::of::<{name}>(),").expect("memory");
    }
    writeln!(source, "/// All of them.\npub const NETWORKS: &[Emitted] = &[{names}];").expect("memory");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    fs::write(folder.join("random.rs"), source).expect("a writable folder");
}
