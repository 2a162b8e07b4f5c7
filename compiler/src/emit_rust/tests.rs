use super::*;
use crate::lower::lower;
use crate::passes::optimise;
use crate::text;

const LENET5: &str = r#"network LeNet5
input image [1, 32, 32]
%1 = conv(%0, filters = 6, window = 5x5) "c1" : [6, 28, 28]
%2 = tanh(%1) "1" : [6, 28, 28]
%3 = avg_pool(%2, window = 2x2) "2" : [6, 14, 14]
%4 = conv(%3, filters = 16, window = 5x5) "c3" : [16, 10, 10]
%5 = tanh(%4) "4" : [16, 10, 10]
%6 = avg_pool(%5, window = 2x2) "5" : [16, 5, 5]
%7 = conv(%6, filters = 120, window = 5x5) "c5" : [120, 1, 1]
%8 = tanh(%7) "7" : [120, 1, 1]
%9 = flatten(%8) "8" : [120]
%10 = linear(%9, outputs = 84) "f6" : [84]
%11 = tanh(%10) "10" : [84]
%12 = linear(%11, outputs = 10) "output" : [10]
output output %12
"#;

/// A network's items as a person would format them.
fn emitted(text: &str) -> String {
    let graph = text::parse(text).expect("a text form");
    let shapes = |ports: &[crate::graph::Port]| ports.iter().map(|port| graph.shape(port.value).0.clone()).collect();
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

#[test]
fn lenet5_reads_well() {
    assert!(emitted(LENET5).contains("c1_tanh_avg_pool(frame);"));
}
