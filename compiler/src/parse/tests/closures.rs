//! Closures: the programs that they are, and what is wrong with those that are none.

use super::{graphs, mistakes};

/// The program of `x -> map(closure)`, in a block with a number, a flag and a value beside it.
fn program(closure: &str) -> String {
    let text = format!(
        "const HALF = 0.5; Net(x: [4, 8, 8]) {{ use_it(x, 3, true) }} block use_it(x, n, flag) {{ \
         let same = if flag && n > 0 {{ x }} else {{ x -> relu }}; same -> map({closure}) }}"
    );
    graphs(&text)[0].nodes[0].call.args.closure("f").to_string()
}

#[test]
fn operators_bind_as_in_rust() {
    assert_eq!(program("|v| v + 2 * v - -v"), "[1: mul(2.0, 0), add(0, 1), neg(0), sub(2, 3)]");
    assert_eq!(program("|v| (v + 2.0) / v"), "[1: add(0, 2.0), div(1, 0)]");
    assert_eq!(program("|v| -v * v"), "[1: neg(0), mul(1, 0)]");
}

#[test]
fn what_is_the_same_is_computed_once_and_what_is_known_not_at_all() {
    assert_eq!(program("|v| exp(v) / (1.0 + exp(v))"), "[1: exp(0), add(1.0, 1), div(1, 2)]");
    assert_eq!(program("|v| v * (n + 1) * HALF * sqrt(4.0)"), "[1: mul(0, 4.0), mul(1, 0.5), mul(2, 2.0)]");
    assert_eq!(program("|v| if flag { v * v } else { exp(v) }"), "[1: mul(0, 0)]");
    assert_eq!(program("|v| v / x.channels"), "[1: div(0, 4.0)]");
    assert_eq!(program("|v| v"), "[1: same(0)]");
}

#[test]
fn names_are_those_of_parameters_and_lets() {
    assert_eq!(program("|n| { let m = n * n; let n = m + 1.0; n * m }"), "[1: mul(0, 0), add(1, 1.0), mul(2, 1)]");
    let text = "Net(a: [4], b: [4]) { a -> map(b, |x, y| x - y) -> map(f = |x| abs(x)) }";
    let graph = &graphs(text)[0];
    assert_eq!(graph.nodes[0].call.args.closure("f").to_string(), "[2: sub(0, 1)]");
    assert_eq!(graph.nodes[0].inputs.len(), 2);
}

#[test]
fn conditions_choose() {
    assert_eq!(program("|v| if v < 0.0 { 0.0 } else { v }"), "[1: if_less(0, 0.0, 0.0, 0)]");
    assert_eq!(program("|v| if v >= 1.0 { 1.0 } else { v }"), "[1: if_less_or_equal(1.0, 0, 1.0, 0)]");
    assert_eq!(program("|v| if v != 1.0 { 2.0 } else { v }"), "[1: if_equal(0, 1.0, 0, 2.0)]");
    assert_eq!(program("|v| if !(v > 1.0) { 2.0 } else { v }"), "[1: if_less(1.0, 0, 0, 2.0)]");
    assert_eq!(
        program("|v| if 0.0 < v && v < 1.0 || v == 7.0 { 2.0 } else { v }"),
        "[1: if_equal(0, 7.0, 2.0, 0), if_less(0, 1.0, 2.0, 1), if_less(0.0, 0, 2, 1)]"
    );
    assert_eq!(
        program("|v| if v < 0.0 { 0.0 } else if v < 1.0 { v } else { 1.0 }"),
        "[1: if_less(0, 1.0, 0, 1.0), if_less(0, 0.0, 0.0, 1)]"
    );
    assert_eq!(program("|v| clamp(v, -1.0, 1.0)"), "[1: if_less(0, -1.0, -1.0, 0), if_less(1.0, 1, 1.0, 1)]");
}

#[test]
fn closures_are_arguments_of_blocks_and_constants() {
    let text = "const SQUARE = |x| x * x;
        Net(x: [4, 8, 8]) { x -> unit(SQUARE) -> unit(|v| v + 1.0) -> unit }
        block unit(x, f = |v| exp(v)) { x -> map(f) }";
    let programs: Vec<String> = graphs(text)[0].nodes.iter().map(|node| node.call.args.closure("f").to_string()).collect();
    assert_eq!(programs, ["[1: mul(0, 0)]", "[1: add(0, 1.0)]", "[1: exp(0)]"]);
}

#[test]
fn an_expression_that_keeps_too_much_is_one_mistake() {
    let roots: String = (0..40).map(|i| format!("let r{i} = sqrt(x + {i}.5); ")).collect();
    let sum: String = (0..40).map(|i| format!(" + r{i}")).collect::<String>().trim_start_matches(" + ").to_owned();
    let found = mistakes(&format!("Net(x: [4]) {{ x -> map(|x| {{ {roots} ({sum}) * r39 }}) }}"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("this expression is too large: more than 16 results wait"), "{found:#?}");
}
