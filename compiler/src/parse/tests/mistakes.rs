//! Where mistakes are reported, and how often; how they read is recorded in `tests/ui`.

use super::{invocation, mistakes};

#[test]
fn one_mistake_is_one_error() {
    let found =
        mistakes("Net(x: [3, 7, 7]) -> [10] {\n x -> conv(10, 3x3, stride = 3) -> max_pool(2x2)\n -> flatten -> linear(10) }");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("2:30 "), "{found:#?}");
}

#[test]
fn all_mistakes_are_found_at_once() {
    let found = mistakes(
        "Net(x: [3, 8, 8], unused: [1]) {
let a = x -> covn(4, 3x3);
let b = x -> conv(4, 0x3, strid = 2);
add(a, b) -> relu(3)
}
block lonely(x) { x -> reul }",
    );
    let at: Vec<&str> = found.iter().map(|message| message.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(at, ["1:19", "2:14", "3:22", "3:27", "4:19", "6:24"], "{found:#?}");
}

#[test]
fn a_mistake_in_a_block_is_reported_once_with_its_uses() {
    let found = mistakes(
        "Net(x: [3, 8, 8]) { x -> layer1: { 3 * unit(9, kernel = 9x9) } }
block unit(x, n, kernel) { x -> inner(n, kernel) -> relu }
block inner(x, n, kernel) { x -> conv1: conv(n, kernel) }",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    let message = &found[0];
    assert!(message.starts_with("3:49 "), "{message}");
    assert!(
        message.contains("in `layer1.0.0`, by `inner(9, 9x9)`, line 2, in `layer1.0`, by `unit(9, kernel = 9x9)`, line 1"),
        "{message}"
    );
}

#[test]
fn two_tensors_of_one_name_are_told_apart() {
    let twice = mistakes("Net(x: [1, 4, 4]) {\nx -> a: conv(1, 1x1)\n-> a: conv(1, 1x1) }");
    assert_eq!(twice.len(), 1, "{twice:#?}");
    assert!(twice[0].starts_with("3:4 there is a second `a.weight`; the first is made on line 2"), "{twice:#?}");
    let groups = mistakes(
        "Net(x: [1, 4, 4]) {\nx -> a: { 2 * unit }\n-> a: { 2 * unit } } block unit(x) { x -> conv(1, 1x1) -> batch_norm }",
    );
    assert_eq!(groups.len(), 1, "{groups:#?}");
    assert!(groups[0].starts_with("3:4 "), "{groups:#?}");
    let rounds = mistakes("Net(x: [1, 4, 4]) {\nx -> for i in 0..3 { a: conv(i + 1, 1x1) } }");
    assert_eq!(rounds.len(), 1, "{rounds:#?}");
    assert!(rounds[0].contains("each round of the loop"), "{rounds:#?}");
}

#[test]
fn recursion_names_the_cycle_and_ends() {
    let found = mistakes("Net(x: [1, 4, 4]) { x -> a } block a(x) { x -> b } block b(x) { x -> a }");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("`a` uses `b` uses `a`"), "{found:#?}");
}

#[test]
fn evaluation_is_bounded() {
    for body in [
        "x -> for i in 0..1000000000 { relu }",
        "x -> for i in 0..1000000000000 { if i < 0 { relu } }",
        "x -> 1000000000 * a",
        "x -> for i in 0..1000000 { for j in 0..1000000 { if false { relu } } }",
    ] {
        let found = mistakes(&format!(
            "Net(x: [1, 4, 4]) {{ {body} }} block a(x) {{ x -> 10 * b }} block b(x) {{ x -> 10 * c }} block c(x) {{ x -> relu }}"
        ));
        assert_eq!(found.len(), 1, "{body}: {found:#?}");
        assert!(found[0].contains("at most") || found[0].contains("more than"), "{found:#?}");
    }
}

#[test]
fn what_is_known_of_a_failed_network_is_kept() {
    let read = invocation(
        "Net(a: [3, 8, 8], b: [HEIGHT]) -> (m: [2], n: [3]) { (a -> foo, b -> foo) } Other(a: [3, 8, 8]) { a -> foo -> reshape([5]) }",
    );
    let shapes = |ports: &[crate::parse::Port]| {
        ports.iter().map(|port| port.shape.as_ref().map_or("?".to_owned(), ToString::to_string)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shapes(&read.networks[0].inputs), "[3, 8, 8] ?");
    assert_eq!(shapes(&read.networks[0].outputs), "[2] [3]");
    assert_eq!(shapes(&read.networks[1].outputs), "[5]");
}
