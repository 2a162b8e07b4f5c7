use super::*;
use crate::lower::lower;
use crate::passes::optimise;
use crate::testing::{dense_block, lenet5, option_a, resnet50};
use crate::text;

/// A network's items as a person would format them.
fn emitted(text: &str) -> String {
    let graph = text::parse(text).expect("a text form");
    let shapes = |ports: &[crate::graph::Port]| ports.iter().map(|port| Some(graph.shape(port.value).0.clone())).collect();
    let surface = Surface {
        attrs: quote::quote!(#[doc = " As it was written."]),
        vis: quote::quote!(pub),
        name: Ident::new(&graph.name, proc_macro2::Span::call_site()),
        krate: quote::quote!(::convoke),
        inputs: shapes(&graph.inputs),
        outputs: shapes(&graph.outputs),
        weights: None,
    };
    let optimised = optimise(graph.clone()).expect("passes");
    let plan = lower(&optimised, &graph).expect("a plan");
    let tokens = emit(&surface, &Outcome::Ready(Box::new(plan)));
    prettyplease::unparse(&syn::parse2(tokens).expect("Rust"))
}

/// The file is what a person judges; `UPDATE=1` writes it anew.
#[test]
fn lenet5_reads_well() {
    let (file, found) = (concat!(env!("CARGO_MANIFEST_DIR"), "/src/emit_rust/lenet5.expected.rs"), emitted(&lenet5()));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &found).expect("a writable file");
    }
    let expected = std::fs::read_to_string(file).expect("a readable file");
    let differs = expected.lines().zip(found.lines()).enumerate().find(|(_, (expected, found))| expected != found);
    assert!(expected == found, "differs from {file}, first in {differs:?}");
}

#[test]
fn every_step_has_a_name_of_its_own() {
    let found = emitted(&resnet50());
    let functions = found.matches("(frame: &mut rt::Frame<'_>) {\n        frame.").count();
    assert_eq!(functions, found.matches(": rt::Step = rt::Step::new(").count());
    assert!(found.contains("fn layer4_2_conv3_bn3_add_relu(frame"));
}

#[test]
fn names_that_rust_does_not_have_are_mended() {
    let found = emitted(
        "network Odd
input x [4]
%1 = linear(%0, outputs = 4) \"0\"
%2 = linear(%1, outputs = 4) \"match\"
%3 = linear(%2, outputs = 4) \"Größe-1\"
%4 = linear(%3, outputs = 4) \"plan\"
%5 = linear(%4, outputs = 4) \"a b\"
%6 = linear(%5, outputs = 4) \"a_b\"
output y %6
",
    );
    for name in ["linear_0", "match_linear", "gr_e_1", "plan_2", "a_b", "a_b_2"] {
        assert!(found.contains(&format!("fn {name}(frame")), "{name}: {found}");
    }
}

#[test]
fn a_failed_definition_keeps_its_surface() {
    let surface = Surface {
        attrs: TokenStream::new(),
        vis: quote::quote!(pub),
        name: Ident::new("Broken", proc_macro2::Span::call_site()),
        krate: quote::quote!(::convoke),
        inputs: vec![Some(vec![3, 8, 8]), Some(vec![4])],
        outputs: vec![None],
        weights: None,
    };
    let tokens = emit(&surface, &Outcome::Failed(quote::quote!(compile_error!("wrong");)));
    let found = prettyplease::unparse(&syn::parse2(tokens).expect("Rust"));
    for part in [
        "pub const INPUT: ([usize; 3], [usize; 1]) = ([3, 8, 8], [4]);",
        "pub const OUTPUT: [usize; Self::PARAMETERS] = [0; Self::PARAMETERS];",
        "type Inputs = (::convoke::Map<3, 8, 8>, ::convoke::Vector<4>);",
        "type Outputs = ::convoke::Vector<{ Broken::PARAMETERS }>;",
        "pub fn session(&self) -> ::convoke::Session<Self>",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    assert_eq!(found.matches("compile_error!").count(), 1);
}

#[test]
fn what_a_step_does_is_said_in_words() {
    let lines: Vec<String> = [resnet50(), option_a(), dense_block()]
        .iter()
        .flat_map(|net| emitted(net).lines().map(str::to_string).collect::<Vec<_>>())
        .collect();
    for expected in [
        "/// Zeros at the top, left, bottom and right of [3, 224, 224]: 3, 3, 2, 2",
        "/// Copies `image` into the arena: [3, 224, 224]",
        "/// `conv1` 7x7/2, 3 → 64 channels, then `bn1`, relu, max_pool 3x3/2, 224x224 → 56x56",
        "/// `layer4.2.conv3` 1x1, 512 → 2048 channels, then `bn3`, add, relu, at 7x7",
        "/// `avgpool`: mean over windows, 7x7 → 1x1",
        "/// `fc`: 2048 → 1000",
        "/// Copies a part of pad_channels to its place: [16, 16, 16]",
        "/// `denselayer2.norm1`: a factor and a shift for each of 12 channels, then relu",
    ] {
        assert!(lines.iter().any(|line| line.trim() == expected), "{expected}");
    }
}
