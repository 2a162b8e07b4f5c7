//! Small definitions and their graphs, in text form.

use super::{graphs, names};
use crate::text;

fn paths(body: &str) -> Vec<String> {
    let text = format!("Net(x: [4, 8, 8]) {{ {body} }} block twice(x, n) {{ x -> conv(n, 1x1) -> conv(n, 1x1) }}");
    graphs(&text)[0].nodes.iter().map(|node| format!("{} {}", node.call.layer, node.call.path)).collect()
}

#[test]
fn prints_as_a_graph() {
    let graph = &graphs(
        "Net(image: [3, 8, 8]) -> (mask: [4, 8, 8], class: [2]) {
            round = floor;
            let features = image -> stem: conv(4, 3x3, pad = 1) -> relu;
            (mask: features, class: features -> max_pool(3x3) -> flatten -> fc: linear(2))
        }",
    )[0];
    assert_eq!(
        text::parse(&text::print(graph)).as_ref(),
        Ok(&{
            let mut graph = graph.clone();
            graph.nodes.iter_mut().for_each(|node| node.call.origin = crate::graph::Origin::NONE);
            graph
        })
    );
    assert_eq!(graph.outputs.iter().map(|port| port.name.as_str()).collect::<Vec<_>>(), ["mask", "class"]);
    assert_eq!(graph.nodes[2].call.args.word("round"), "floor");
}

#[test]
fn unnamed_stages_take_their_index_and_named_ones_count() {
    assert_eq!(
        paths("x -> conv(1, 1x1) -> a: relu -> relu -> b: { relu -> { relu } }"),
        ["conv 0", "relu a", "relu 2", "relu b.0", "relu b.1.0"]
    );
}

#[test]
fn repetitions_loops_and_conditions_count_what_they_give() {
    assert_eq!(
        paths(
            "x -> 2 * twice(4) -> if false { relu } -> if true { relu -> relu6 } -> for i in 0..2 { \"c{i}\": conv(i + 1, 1x1) -> tanh } -> tanh"
        ),
        ["conv 0.0", "conv 0.1", "conv 1.0", "conv 1.1", "relu 2", "relu6 3", "conv c0", "tanh 5", "conv c1", "tanh 7", "tanh 8"]
    );
}

#[test]
fn a_name_makes_a_group_of_what_would_be_spliced() {
    assert_eq!(
        paths("x -> a: 2 * twice(4) -> b: if true { relu -> relu6 } -> c: for _i in 0..2 { tanh } -> relu"),
        ["conv a.0.0", "conv a.0.1", "conv a.1.0", "conv a.1.1", "relu b.0", "relu6 b.1", "tanh c.0", "tanh c.1", "relu 3"]
    );
}

#[test]
fn a_call_as_a_source_stands_in_place() {
    assert_eq!(paths("let y = twice(x, 4); concat(x, y) -> relu"), ["conv 0", "conv 1", "concat ", "relu 0"]);
    assert_eq!(paths("add(x, x) -> mul(x) -> concat(x, x)"), ["add ", "mul 0", "concat 1"]);
    assert_eq!(names(&graphs("Net(x: [1, 2, 2]) { conv(x, 2, 1x1, bias = false) }")[0]), ["weight"]);
}

#[test]
fn a_chain_among_arguments_is_named_as_what_is_around_the_call() {
    let path = "x -> conv1: conv(4, 1x1) -> join: add(x -> downsample: { conv(4, 1x1) -> batch_norm }) -> relu";
    assert_eq!(paths(path), ["conv conv1", "conv downsample.0", "batch_norm downsample.1", "add join", "relu 2"]);
}

#[test]
fn networks_share_blocks_and_constants() {
    let graphs = graphs(
        "const A = 2; const B = A * 3 + 1;
        Small(x: [1, 4, 4]) { x -> both(A) }
        Large(x: [1, 4, 4]) -> [B, 4, 4] { x -> both(B) }
        block both(x, n) { x -> conv(n, 3x3, pad = same) }",
    );
    assert_eq!(graphs.len(), 2);
    assert_eq!(graphs[1].shape(graphs[1].outputs[0].value).to_string(), "[7, 4, 4]");
}

#[test]
fn blocks_take_windows_words_pads_and_other_blocks_outputs() {
    let graph = &graphs(
        "Net(x: [1, 9, 9], other: [2, 9, 9]) {
            x -> unit(2, (3, 1), (1, 0), floor) -> join(other) -> unit(2, 1x3, pad = same)
        }
        block unit(x, n, kernel, pad = 0, round = exact) { x -> conv(n, kernel, pad = pad, round = round) }
        block join(x, y) { if x.height == y.height && !(x.channels < y.channels) { x -> add(y) } else { y } }",
    )[0];
    assert_eq!(graph.shape(graph.outputs[0].value).to_string(), "[2, 9, 9]");
    assert_eq!(graph.nodes[0].call.args.pair("window"), [3, 1]);
}

#[test]
fn the_textbooks_check() {
    let graph = &graphs("Net(x: [3, 32, 32]) -> [10, 32, 32] { x -> conv1: conv(10, 5x5, pad = 2) }")[0];
    assert_eq!(super::n_parameters(graph), 760);
}
