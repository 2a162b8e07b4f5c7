//! Sizes that are known only when a network is bound: what is proved, what is asked, what is refused.

use super::{invocation, mistakes};
use crate::parse::AnySize;

/// A definition of one network in which nothing is wrong.
fn any_size(text: &str) -> AnySize {
    let invocation = invocation(text);
    assert!(invocation.reports.is_empty(), "{:#?}", invocation.reports.messages());
    let network = invocation.networks.into_iter().next().expect("a network");
    assert_eq!(network.graph.as_ref().map(crate::verify::verify), Some(Ok(())));
    network.any_size.expect("it has symbols")
}

const UNIT: &str =
    "block unit(x, n, stride = 1) { x -> conv(n, 3x3, stride = stride, pad = 1, round = floor) -> batch_norm -> relu }";

#[test]
fn symbols_are_capital_letters_or_named_in_a_condition() {
    let any = any_size(
        "Net(a: [3, H, W], b: [1, W, H]) { concat(a -> one: conv(4, 1x1) -> global_avg_pool, b -> two: conv(4, 1x1) -> global_avg_pool) }",
    );
    assert_eq!((any.symbols, any.example), (vec!["H".to_owned(), "W".into()], vec![1, 1]));
    let any = any_size("const W = 8; Net(a: [3, height, W]) where height >= 10, height % 4 == 0 { a -> relu }");
    assert_eq!((any.symbols, any.example), (vec!["height".to_owned()], vec![12]));
    assert_eq!(any.conditions.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["height >= 10", "height % 4 == 0"]);
}

#[test]
fn a_shortcut_fits_whatever_the_size() {
    let text = format!(
        "Net(x: [3, H, W]) -> [10] {{
            x -> conv(8, 7x7, stride = 2, pad = 3, round = floor) -> max_pool(3x3, stride = 2, pad = 1, round = floor)
              -> basic(16) -> adaptive_avg_pool(1x1) -> flatten -> linear(10)
        }}
        block basic(x, n) {{
            let shortcut = x -> down: conv(n, 1x1, stride = 2, round = floor);
            x -> a: unit(n, stride = 2) -> b: unit(n) -> add(shortcut)
        }} {UNIT}"
    );
    let any = any_size(&text);
    assert_eq!(any.example, [1, 1]);
    assert_eq!(any.inputs[0].display(&any.symbols).to_string(), "[3, H, W]");
}

#[test]
fn an_example_meets_what_layers_ask_for() {
    // Twice halved and doubled again: what is added agrees where the size divides.
    let body = "{ let y = x -> max_pool(2x2, round = floor) -> max_pool(2x2, round = floor) -> upsample(4); add(x, y) }";
    assert_eq!(any_size(&format!("Net(x: [3, H, W]) {body}")).example, [4, 4]);
    assert_eq!(any_size(&format!("Net(x: [3, H, W]) where H >= 9, W % 6 == 0 {body}")).example, [12, 12]);
    let any = any_size("Net(x: [3, H, W]) { x -> conv(4, 5x3, stride = 3) -> conv(4, 3x3) }");
    assert_eq!(any.example, [11, 9]);
}

#[test]
fn declared_outputs_are_expressions() {
    any_size("Net(x: [3, H, W]) -> [3, H / 2, W + 2] where H % 2 == 0 { x -> avg_pool((2, 1), round = exact) -> pad((0, 1)) }");
    let found = mistakes("Net(x: [3, H, W])\n-> [3, H / 2, W] { x -> avg_pool((2, 1), round = ceil) }");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("2:8 the output is [3, ⌊(H + 1)/2⌋, W], but [3, ⌊H/2⌋, W] is declared"), "{found:#?}");
}

#[test]
fn properties_are_expressions_and_conditions_on_them_are_decided() {
    let body =
        "{ let y = x -> conv(4, 3x3, pad = 1); if y.height == x.height && x.height >= 8 { y -> relu } else { y -> tanh } }";
    any_size(&format!("Net(x: [3, H, W]) where H > 7 {body}"));
    let found = mistakes(&format!("Net(x: [3, H, W]) {body}"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("whether H >= 8 is known only when the network is bound"), "{found:#?}");
    let found = mistakes("Net(x: [3, H, W]) { x -> conv(x.width, 1x1) }");
    assert!(found[0].contains("here is W, which is known only when the network is bound"), "{found:#?}");
}

#[test]
fn what_can_never_hold_is_a_mistake_with_both_expressions() {
    let found =
        mistakes("Net(x: [3, H, W]) where H % 2 == 1 {\nlet y = x -> max_pool(2x2, round = floor) -> upsample(2);\nadd(x, y) }");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("[3, H, W]") && found[0].contains("[3, 2·⌊H/2⌋, 2·⌊W/2⌋]"), "{found:#?}");
    let found = mistakes("Net(x: [3, H, W]) where H <= 4 {\nx -> conv(4, 5x5) }");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("2:14 a 5x5 window is"), "{found:#?}");
}

#[test]
fn what_has_to_be_known_is_named() {
    let found = mistakes("Net(x: [3, H, 8]) {\nx -> flatten\n-> linear(10) }");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("3:4 `linear` cannot read [24·H]"), "{found:#?}");
    let found = mistakes("Net(x: [C, H, W]) { x -> conv(4, 1x1) }");
    assert!(found[0].contains("`conv` cannot read [C, H, W]"), "{found:#?}");
}

#[test]
fn without_a_planner_at_run_time_every_size_has_to_be_known() {
    let expand = |dynamic| {
        let tokens = "Net(x: [3, H, W]) { x -> relu }".parse().expect("tokens");
        crate::network(tokens, &|_| Ok(super::Header::default()), dynamic).to_string()
    };
    assert!(expand(false).contains("needs the feature `dynamic`"));
    assert!(!expand(true).contains("compile_error"));
}

#[test]
fn parts_of_known_axes_are_values_of_any_size() {
    any_size(
        "Net(x: [8, H, W]) { let (a, b) = x -> split(2); let c = x -> slice(2..6); concat(a, b -> relu, c -> slice(1..-1, axis = 0)) }",
    );
    let found = mistakes("Net(x: [8, H, W]) { let (a, b) = x -> split(2, axis = 1); add(a, b) }");
    assert!(found[0].contains("`split` cannot read [8, H, W]"), "{found:#?}");
    let any = any_size("Net(x: [8, H, W]) { x -> slice(1..-1, axis = 1) -> reshape([4, _]) }");
    assert_eq!(any.example, [3, 1]);
}

#[test]
fn recurrent_layers_take_any_number_of_steps() {
    let any = any_size(
        "Net(x: [L, 6], s: [2, 5]) -> (y: [L, 10], h: [2, 5], z: [3, 4], c: [3, 8]) where L >= 2 {
            let (y, h) = x -> a: gru(5, bidirectional = true, h0 = s);
            let (_, z, c) = y -> b: lstm(8, layers = 3, proj_size = 4);
            (y: y, h: h, z: z, c: c)
        }",
    );
    assert_eq!((any.symbols, any.example), (vec!["L".to_owned()], vec![2]));
    let found = mistakes("Net(x: [L, 6], s: [1, 5]) {\nlet (_, h) = gru(x, 5, bidirectional = true, h0 = s); h }");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("`h0` of this `gru` is [2, 5]"), "{found:#?}");
    let found = mistakes("Net(x: [6, F]) -> [F, 5] { x -> gru(5) }");
    assert!(found.len() == 1 && found[0].contains("`gru` cannot read [6, F]"), "{found:#?}");
}

#[test]
fn conditions_that_make_no_sense_are_mistakes() {
    for (condition, expected) in [
        ("H", "a condition compares sizes"),
        ("H != 3", "a condition compares sizes"),
        ("3 > 2", "this says nothing"),
        ("H >= 8, H < 8", "no H and W meets all of these conditions"),
        ("H % 4 == 5", "no H and W"),
        ("H / 0 == 1", "divides by zero"),
        ("K == 1", "`K` is not defined"),
        ("", "`where` is followed by conditions"),
    ] {
        let found = mistakes(&format!("Net(x: [3, H, W]) where {condition} {{ x -> relu }}"));
        assert_eq!(found.len(), 1, "{condition}: {found:#?}");
        assert!(found[0].contains(expected), "{condition}: {found:#?}");
    }
    let found = mistakes("Net(x: [3, 2 * H, W]) where H >= 2 { x -> relu }");
    assert!(found[0].contains("a size of an input is a number or a name") || found[0].contains("not defined"), "{found:#?}");
    let found = mistakes("Net(x: [3, HEIGHT, W]) { x -> relu }");
    assert!(found[0].contains("`HEIGHT` is not defined here"), "{found:#?}");
}
