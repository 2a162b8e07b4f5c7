//! Results of several values: what their names are bound to, and what is wrong with them.

use super::{graphs, mistakes};
use crate::text;

/// The graph of a body, without its paths and shapes.
fn lines(text: &str) -> Vec<String> {
    let printed = text::print(&graphs(text)[0]);
    let short = |line: &str| line.split(" : ").next().unwrap_or_default().split(" \"").next().unwrap_or_default().to_owned();
    printed.lines().skip(2).map(short).collect()
}

#[test]
fn names_are_bound_to_slices_of_the_layer_and_unnamed_ones_to_nothing() {
    assert_eq!(
        lines("Net(x: [8, 4, 4]) { let (a, b) = x -> split(2); concat(b, a) }"),
        [
            "%1 = split(%0, parts = 2)",
            "%2 = slice(%1, range = 0..4)",
            "%3 = slice(%1, range = 4..8)",
            "%4 = concat(%3, %2)",
            "output output %4"
        ]
    );
    assert_eq!(
        lines("Net(x: [8, 4, 4]) { let (_, b, _) = split(x, [1, 2, 1], axis = -2); b }"),
        ["%1 = split(%0, parts = [1, 2, 1], axis = -2)", "%2 = slice(%1, range = 1..3, axis = 1)", "output output %2"]
    );
    assert_eq!(
        lines("Net(x: [8, 4, 4]) { let (a) = x -> { relu -> split([8]) }; a }"),
        ["%1 = relu(%0)", "%2 = split(%1, parts = [8])", "output output %2"]
    );
}

#[test]
fn states_are_results_where_they_are_named() {
    assert_eq!(
        lines("Net(x: [7, 5]) { let (y, _, c) = x -> a: lstm(4); let alone = y -> b: gru(3); concat(alone, c -> c: linear(3)) }"),
        [
            "%1 = lstm(%0, hidden = 4, states = true)",
            "%2 = slice(%1, range = 0..-8)",
            "%3 = reshape(%2, sizes = [-1, 4])",
            "%4 = slice(%1, range = -4..)",
            "%5 = reshape(%4, sizes = [1, 4])",
            "%6 = gru(%3, hidden = 3)",
            "%7 = linear(%5, outputs = 3)",
            "%8 = concat(%6, %7)",
            "output output %8"
        ]
    );
    // Who asks for them by hand has them by name, too, or the output alone.
    assert_eq!(
        lines("Net(x: [7, 5]) { x -> rnn(4, nonlinearity = relu, states = true) -> relu }"),
        [
            "%1 = rnn(%0, hidden = 4, nonlinearity = relu, states = true)",
            "%2 = slice(%1, range = 0..-4)",
            "%3 = reshape(%2, sizes = [-1, 4])",
            "%4 = relu(%3)",
            "output output %4"
        ]
    );
}

#[test]
fn blocks_and_branches_give_several_values() {
    let expected = ["%1 = relu(%0)", "%2 = tanh(%0)", "%3 = mul(%1, %2)", "output output %3"];
    assert_eq!(lines("Net(x: [8]) { let (a, b) = x -> both; mul(a, b) } block both(x) { (x -> relu, x -> tanh) }"), expected);
    assert_eq!(
        lines("Net(x: [8]) { let (a, b) = if x.len == 8 { (x -> relu, x -> tanh) } else { x -> split(2) }; mul(a, b) }"),
        expected
    );
    // As many windows or paddings.
    assert_eq!(lines("Net(x: [8, 4, 4]) { let p = if true { (1, 1) } else { (0, 0) }; x -> pad(p) }").len(), 2);
}

#[test]
fn ranges_and_lists_are_evaluated() {
    assert_eq!(
        lines(
            "Net(x: [8, 4, 4]) { x -> slice(1..x.channels / 2 + 1) -> slice(..-1, axis = 1) -> slice(-2.., -1, step = 2) -> reshape([2, _, -x.len + 129]) }"
        ),
        [
            "%1 = slice(%0, range = 1..5)",
            "%2 = slice(%1, range = ..-1, axis = 1)",
            "%3 = slice(%2, range = -2.., axis = -1, step = 2)",
            "%4 = reshape(%3, sizes = [2, -1, 1])",
            "output output %4"
        ]
    );
}

#[test]
fn mistakes_are_one_error_each_on_their_token() {
    for (body, expected) in [
        (
            "x -> split(2) -> relu",
            "1:28 `split` gives 2 values, and here is room for one\nhelp: name them: `let (a, b) = …;`; `_` stands for one that is not used",
        ),
        ("x -> split(2)", "1:28 `split` gives 2 values"),
        ("let a = x -> split(2); a -> relu", "1:36 `split` gives 2 values"),
        ("concat(x -> split(2), x)", "1:35 `split` gives 2 values"),
        (
            "let (a, b, c) = x -> split(2); add(add(a, b), c)",
            "1:34 `split` gives 2 values, but here are 3 names\nhelp: write `let (a, b) = …;`",
        ),
        ("let (a) = x -> split(2); a", "1:27 `split` gives 2 values, but here is 1 name"),
        (
            "let (a, b) = x -> relu; add(a, b)",
            "1:27 one value has one name, and here is a value of the flow\nhelp: write `let a = …;`",
        ),
        ("let (a, b) = 3x3; x -> conv(a, b)", "1:27 one value has one name, and here is the pair 3x3"),
        ("let (a, a) = x -> split(2); a", "1:31 there is a second result called `a`"),
        ("let (a, b) = x -> split(2); x", "1:28 the value `a` is never used"),
        ("let () = x -> split(2); x", "1:27 expected names"),
        ("let (3, b) = x -> split(2); b", "1:28 expected a name, or `_`"),
        ("let (a, b) = x -> split(3); add(a, b)", "1:47 axis 0 of [8, 4, 4] does not split into 3 equal parts: 8/3 = 2.67"),
        ("x -> slice(0..=3)", "1:35 a range of positions ends before its last number"),
        ("x -> slice(3)", "1:34 `range` of `slice` is a range, as in"),
        ("x -> slice(0..true)", "1:37 the ends of a range are integers, but here is `true`"),
        ("x -> reshape([_, _])", "1:40 only one size"),
        ("x -> reshape([0, _])", "1:37 a size in `sizes` of `reshape` is at least 1"),
        ("x -> reshape(_)", "1:36 expected a value, but found `_`"),
        ("x -> conv([3], 3x3)", "1:33 `filters` of `conv` is an integer of at least 1, but here is the list [3]"),
        ("x -> split([4, 0, 4])", "1:38 `parts` of `split` is at least 1, but here is 0"),
    ] {
        let found = mistakes(&format!("Net(x: [8, 4, 4]) {{   {body} }}"));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{body}: {found:#?}");
    }
}
