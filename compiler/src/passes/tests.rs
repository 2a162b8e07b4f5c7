use super::*;
use crate::evaluate::evaluate_f64;
use crate::testing::{random_graph, random_input, random_weights};
use crate::text::{parse, print};

/// What a pass makes of a graph, both as text.
fn check(pass: Pass, before: &str, after: &str) {
    let indented = |text: &str| text.lines().map(|line| line.trim().to_string() + "\n").collect::<String>();
    let mut graph = parse(&indented(before)).expect("a graph");
    pass(&mut graph);
    assert_eq!(verify(&graph), Ok(()));
    let printed: String =
        print(&graph).lines().filter(|line| line.starts_with('%')).map(|line| line.to_string() + "\n").collect();
    let expected: String = indented(after).lines().filter(|line| !line.is_empty()).map(|line| line.to_string() + "\n").collect();
    assert_eq!(printed, expected);
}

#[test]
fn a_separable_convolution_becomes_its_two_layers() {
    check(
        split_layers::run,
        "network N
         input x [4, 8, 8]
         %1 = separable_conv(%0, filters = 6, window = 3x3, pad = 1, bias = false) \"sep\"
         output y %1",
        "%2 = depthwise_conv(%0, window = 3x3, pad = 1, bias = false) \"sep.depthwise\" : [4, 8, 8]
         %1 = conv(%2, filters = 6, window = 1, bias = false) \"sep.pointwise\" : [6, 8, 8]",
    );
}

#[test]
fn dropout_is_gone_in_prediction() {
    check(
        drop_identities::run,
        "network N
         input x [4]
         %1 = dropout(%0)
         %2 = linear(%1, outputs = 3) \"fc\"
         %3 = dropout(%2)
         output y %3",
        "%2 = linear(%0, outputs = 3) \"fc\" : [3]",
    );
}

#[test]
fn what_nobody_reads_is_not_computed() {
    check(
        dead_code::run,
        "network N
         input x [4]
         %1 = linear(%0, outputs = 3) \"aux\"
         %2 = relu(%1)
         %3 = linear(%0, outputs = 2) \"fc\"
         output y %3",
        "%3 = linear(%0, outputs = 2) \"fc\" : [2]",
    );
}

#[test]
fn a_batch_norm_folds_into_the_convolution_before_it_and_nowhere_else() {
    check(
        fold_batch_norm::run,
        "network N
         input x [4, 8, 8]
         %1 = batch_norm(%0) \"bn0\"
         %2 = conv(%1, filters = 4, window = 3x3, pad = 1) \"conv1\"
         %3 = batch_norm(%2, eps = 0.001) \"bn1\"
         %4 = conv(%3, filters = 4, window = 1x1) \"conv2\"
         %5 = batch_norm(%4) \"bn2\"
         %6 = add(%5, %4)
         %7 = relu(%6)
         %8 = batch_norm(%7) \"bn3\"
         output y %8",
        "%1 = batch_norm(%0) \"bn0\" : [4, 8, 8]
         %3 = conv(%1, filters = 4, window = 3x3, pad = 1) \"conv1\" -> batch_norm(eps = 0.001) \"bn1\" : [4, 8, 8]
         %4 = conv(%3, filters = 4, window = 1x1) \"conv2\" : [4, 8, 8]
         %5 = batch_norm(%4) \"bn2\" : [4, 8, 8]
         %6 = add(%5, %4) : [4, 8, 8]
         %7 = relu(%6) : [4, 8, 8]
         %8 = batch_norm(%7) \"bn3\" : [4, 8, 8]",
    );
}

#[test]
fn the_later_side_of_a_residual_takes_the_sum_and_waits_for_the_other() {
    check(
        fuse_residuals::run,
        "network N
         input x [4, 8, 8]
         %1 = conv(%0, filters = 4, window = 1x1) \"a\"
         %2 = conv(%0, filters = 4, window = 1x1) \"b\"
         %3 = add(%1, %2)
         %4 = conv(%3, filters = 4, window = 1x1) \"c\"
         %5 = relu(%3)
         %6 = add(%4, %5)
         %7 = add(%6, %6)
         output y %7",
        "%1 = conv(%0, filters = 4, window = 1x1) \"a\" : [4, 8, 8]
         %3 = conv(%0, filters = 4, window = 1x1) \"b\" -> add(%1) : [4, 8, 8]
         %5 = relu(%3) : [4, 8, 8]
         %6 = conv(%3, filters = 4, window = 1x1) \"c\" -> add(%5) : [4, 8, 8]
         %7 = add(%6, %6) : [4, 8, 8]",
    );
}

#[test]
fn a_sum_is_not_taken_in_behind_an_activation() {
    check(
        fuse_residuals::run,
        "network N
         input x [4, 8, 8]
         %1 = conv(%0, filters = 4, window = 1x1) \"a\" -> relu
         %2 = add(%1, %0)
         output y %2",
        "%1 = conv(%0, filters = 4, window = 1x1) \"a\" -> relu : [4, 8, 8]
         %2 = add(%1, %0) : [4, 8, 8]",
    );
}

#[test]
fn activations_follow_what_makes_their_input() {
    check(
        fuse_activations::run,
        "network N
         input x [4, 8, 8]
         %1 = relu(%0)
         %2 = conv(%1, filters = 4, window = 1x1) \"a\" -> batch_norm \"bn\" -> add(%0)
         %3 = relu(%2)
         %4 = tanh(%3)
         %5 = max_pool(%4, window = 2x2)
         %6 = relu6(%5)
         %7 = batch_norm(%6) \"norm\"
         %8 = sigmoid(%7)
         %9 = add(%8, %6)
         %10 = leaky_relu(%9)
         output y %10
         output z %8",
        "%1 = relu(%0) : [4, 8, 8]
         %3 = conv(%1, filters = 4, window = 1x1) \"a\" -> batch_norm \"bn\" -> add(%0) -> relu : [4, 8, 8]
         %4 = tanh(%3) : [4, 8, 8]
         %6 = max_pool(%4, window = 2x2) -> relu6 : [4, 4, 4]
         %8 = batch_norm(%6) \"norm\" -> sigmoid : [4, 4, 4]
         %10 = add(%8, %6) -> leaky_relu : [4, 4, 4]",
    );
}

#[test]
fn pooling_is_fused_where_few_rows_have_to_be_kept() {
    check(
        fuse_pools::run,
        "network N
         input x [4, 16, 16]
         %1 = conv(%0, filters = 4, window = 3x3, pad = 1) \"a\" -> relu
         %2 = max_pool(%1, window = 3x3, stride = 2x2, pad = 1, round = floor)
         %3 = conv(%2, filters = 4, window = 3x3, pad = 1) \"b\"
         %4 = max_pool(%3, window = 3x3, stride = 1x1, pad = 1)
         %5 = conv(%4, filters = 4, window = 1x1) \"c\"
         %6 = avg_pool(%5, window = 2x2)
         %7 = conv(%6, filters = 4, window = 1x1, groups = 4) \"d\"
         %8 = avg_pool(%7, window = 2x2)
         output y %8",
        "%2 = conv(%0, filters = 4, window = 3x3, pad = 1) \"a\" -> relu -> max_pool(window = 3x3, stride = 2x2, pad = 1, round = floor) : [4, 8, 8]
         %3 = conv(%2, filters = 4, window = 3x3, pad = 1) \"b\" : [4, 8, 8]
         %4 = max_pool(%3, window = 3x3, stride = 1x1, pad = 1) : [4, 8, 8]
         %6 = conv(%4, filters = 4, window = 1x1) \"c\" -> avg_pool(window = 2x2) : [4, 4, 4]
         %7 = conv(%6, filters = 4, window = 1x1, groups = 4) \"d\" : [4, 4, 4]
         %8 = avg_pool(%7, window = 2x2) : [4, 2, 2]",
    );
}

#[test]
fn an_activation_goes_before_a_maximum_where_that_is_the_same() {
    check(
        fuse_pools::run,
        "network N
         input x [4, 16, 16]
         %1 = conv(%0, filters = 4, window = 3x3) \"a\"
         %2 = max_pool(%1, window = 2x2) -> relu
         %3 = conv(%2, filters = 4, window = 1x1, pad = 1) \"b\"
         %4 = max_pool(%3, window = 3x3) -> tanh
         %5 = conv(%4, filters = 4, window = 3x3, pad = 1) \"c\"
         %6 = avg_pool(%5, window = 3x3) -> relu
         output y %6",
        "%2 = conv(%0, filters = 4, window = 3x3) \"a\" -> relu -> max_pool(window = 2x2) : [4, 7, 7]
         %3 = conv(%2, filters = 4, window = 1x1, pad = 1) \"b\" : [4, 9, 9]
         %4 = max_pool(%3, window = 3x3) -> tanh : [4, 3, 3]
         %5 = conv(%4, filters = 4, window = 3x3, pad = 1) \"c\" : [4, 3, 3]
         %6 = avg_pool(%5, window = 3x3) -> relu : [4, 1, 1]",
    );
}

#[test]
fn lists_that_grow_are_concatenated_one_by_one() {
    check(
        nest_concats::run,
        "network N
         input x [4, 8, 8]
         %1 = relu(%0)
         %2 = tanh(%0)
         %3 = sigmoid(%0)
         %4 = concat(%1, %2)
         %5 = concat(%1, %2, %3)
         %6 = concat(%1, %2, %3, %1)
         %7 = concat(%2, %1, %3)
         output y %4
         output z %5
         output u %6
         output v %7",
        "%1 = relu(%0) : [4, 8, 8]
         %2 = tanh(%0) : [4, 8, 8]
         %3 = sigmoid(%0) : [4, 8, 8]
         %4 = concat(%1, %2) : [8, 8, 8]
         %5 = concat(%4, %3) : [12, 8, 8]
         %6 = concat(%5, %1) : [16, 8, 8]
         %7 = concat(%2, %1, %3) : [12, 8, 8]",
    );
}

#[test]
fn no_pass_changes_what_a_graph_means() {
    let mut n_fused = 0;
    for seed in 0..300 {
        let original = random_graph(seed, 4 + seed as usize % 24);
        let weights = random_weights(&original);
        let inputs: Vec<_> =
            original.inputs.iter().zip(seed..).map(|(port, seed)| random_input(seed, original.shape(port.value))).collect();
        let expected = evaluate_f64(&original, &weights, &inputs);
        let mut graph = original.clone();
        for (name, pass) in PASSES {
            pass(&mut graph);
            assert_eq!(verify(&graph), Ok(()), "seed {seed}, after {name}");
            let found = evaluate_f64(&graph, &weights, &inputs);
            // Passes only move calls: the same numbers are summed in the same order.
            assert_eq!(found, expected, "seed {seed}, after {name}\n{}", print(&graph));
        }
        n_fused += graph.nodes.iter().map(|node| node.epilogue.len()).sum::<usize>();
    }
    assert!(n_fused > 300, "only {n_fused} layers were fused, so that little was tested");
}

#[test]
fn the_error_of_a_broken_graph_names_what_is_broken() {
    let mut graph = random_graph(1, 5);
    graph.outputs[0].value = crate::graph::ValueId(u32::MAX);
    assert!(optimise(graph).is_err());
}
