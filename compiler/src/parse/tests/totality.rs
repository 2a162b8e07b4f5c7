//! Whatever the tokens are, the parser returns: no panic, no endless loop.

use super::super::{Header, read};
use crate::ops::{Default, Kind};
use crate::registry;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

const DEFINITION: &str = "
    round = floor; crate = ::other;
    const N = 3; const WINDOW = (3, 1);
    /// Documentation.
    pub(crate) Net(image: [3, 16, 16], other: [N]) -> (mask: [4, 16, 16], class: [10]) {
        round = ceil; weights = \"file\";
        let a = image -> stem: conv(4, 3x3, pad = 1) -> { relu -> 2 * unit(4, 1x1) } -> (N - 1) * unit(4);
        let b = if a.channels != 4 && !false { a } else if N % 2 == 1 { a -> tanh } else { add(a, a) };
        let (c, _, d) = b -> split([1, 2, x.channels - 3], axis = -3);
        let e = concat(c -> reshape([1, _]), d -> slice(..-1)) -> slice(0.., 1);
        (mask: b -> for i in 1..=N { \"layer{i}\": unit(4, kernel = 1x1) -> if i < 2 { relu } else { tanh } },
         class: concat(other, other -> linear(7)))
    }
    block unit(x, n, kernel = WINDOW, pad = (1, 0)) { x -> conv(n, kernel, pad = pad, bias = false) -> batch_norm(eps = 1e-3) }";

/// Every stream that differs from `tokens` in one place: a token less, a token twice, two neighbours swapped, a token from elsewhere.
fn mutations(tokens: &TokenStream, strangers: &[TokenTree]) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut all = Vec::new();
    for at in 0..trees.len() {
        let mut without = trees.clone();
        let taken = without.remove(at);
        let mut twice = trees.clone();
        twice.insert(at, taken.clone());
        all.extend([without.clone().into_iter().collect(), twice.into_iter().collect()]);
        if at > 0 {
            without.insert(at - 1, taken.clone());
            all.push(without.into_iter().collect());
        }
        let stranger =
            |tree: &TokenTree| [&trees[..at], std::slice::from_ref(tree), &trees[at + 1..]].concat().into_iter().collect();
        all.extend(strangers.iter().map(stranger));
        if let TokenTree::Group(group) = &taken {
            for inside in mutations(&group.stream(), strangers) {
                let mut outside = trees.clone();
                outside[at] = Group::new(group.delimiter(), inside).into();
                all.push(outside.into_iter().collect());
            }
            let mut opened = trees.clone();
            opened.splice(at..=at, group.stream());
            all.push(opened.into_iter().collect());
        }
    }
    all
}

/// How many mistakes the tokens have.
fn count(tokens: TokenStream) -> usize {
    read(tokens, &|_| Ok(Header::default())).reports.len()
}

/// From tokens to items, with all passes.
fn expand(tokens: TokenStream) -> TokenStream {
    crate::network(tokens, &|_| Ok(Header::default()), true)
}

#[test]
fn mutated_definitions_are_read_to_the_end() {
    let tokens: TokenStream = DEFINITION.parse().expect("tokens");
    let strangers = "-> ; , : {} () [0] = * . if for let 0x3 3x \"{\" -".parse::<TokenStream>().expect("tokens");
    let strangers: Vec<TokenTree> = strangers.into_iter().collect();
    let strangers = [strangers, vec![Group::new(Delimiter::None, "x -> y".parse().expect("tokens")).into()]].concat();
    let mutations = mutations(&tokens, &strangers);
    assert!(mutations.len() > 3000);
    for tokens in mutations.iter().step_by(16) {
        assert!(!expand(tokens.clone()).is_empty());
    }
    let n_wrong = mutations.into_iter().filter(|tokens| count(tokens.clone()) > 0).count();
    assert!(n_wrong > 2000, "{n_wrong}");
}

#[test]
fn deep_and_long_definitions_are_refused() {
    let deep = |open: &str, close: &str| format!("Net(x: [1, 4, 4]) {{ x -> {}relu{} }}", open.repeat(2000), close.repeat(2000));
    let blocks: String = (0..2000).map(|i| format!("block b{i}(x) {{ x -> b{} }} ", i + 1)).collect();
    for text in [
        deep("{", "}"),
        deep("a: {", "}"),
        deep("if true { x -> ", "}"),
        format!("Net(x: [1, 4, 4]) {{ x -> conv({}1, 1x1) }}", "-".repeat(5000)),
        format!("Net(x: [1, 4, 4]) {{ x -> conv({}1{}, 1x1) }}", "(".repeat(2000), ")".repeat(2000)),
        format!("Net(x: [1, 4, 4]) {{ x -> conv({}1, 1x1) }}", "1 + ".repeat(5000)),
        format!("Net(x: [1, 4, 4]) {{ x -> b0 }} {blocks} block b2000(x) {{ x -> relu }}"),
    ] {
        assert!(count(text.parse().expect("tokens")) > 0, "{}", &text[..60]);
    }
}

#[test]
fn any_sizes_are_expanded_or_refused() {
    const VALUES: &[&str] = &[
        "0",
        "1",
        "2",
        "3",
        "8",
        "-1",
        "1000",
        "2147483648",
        "1099511627776",
        "9223372036854775807",
        "1e300",
        "3x3",
        "1x8",
        "8x1",
        "(0, 0)",
        "(1, 2, 3, 4)",
        "(1099511627776, 1)",
        "1099511627776x1099511627776",
        "true",
        "same",
        "floor",
        "ceil",
        "x",
    ];
    // Beside each the window of those arguments that are not tried.
    let inputs = [
        ("[8, 8, 8]", "3x3"),
        ("[1, 1, 1]", "3x3"),
        ("[8]", "3x3"),
        ("[3, 1099511627776, 1]", "3x3"),
        ("[1, 1, 1000000]", "3x3"),
        ("[8, 8]", "3"),
        ("[1099511627776, 1]", "1"),
    ];
    let mut n_accepted = 0;
    for layer in registry::LAYERS {
        let n_required = layer.signature().iter().filter(|param| param.default == Default::Required).count();
        for (index, _) in layer.signature().iter().enumerate() {
            for value in VALUES {
                for (shape, window) in inputs {
                    let required: Vec<&str> =
                        layer.signature().iter().map(|p| if p.kind == Kind::Pair { window } else { "4" }).collect();
                    let mut args = required[..n_required.max(index + 1)].to_vec();
                    args[index] = value;
                    let named: Vec<String> =
                        layer.signature().iter().zip(args).map(|(param, arg)| format!("{} = {arg}", param.name)).collect();
                    let text = format!("Net(x: {shape}) {{ x -> relu -> {}({}) }}", layer.name(), named.join(", "));
                    let tokens: TokenStream = text.parse().expect("tokens");
                    if count(tokens.clone()) == 0 {
                        n_accepted += 1;
                        assert!(!expand(tokens).is_empty(), "{text}");
                    }
                }
            }
        }
    }
    assert!(n_accepted > 100, "{n_accepted}");
}

/// One mistake is one error: most of what is missing a token, or has two of it, brings a single message.
#[test]
fn a_slip_brings_one_message() {
    let text = "
        pub Net(image: [3, 32, 32]) -> [10] {
            round = floor;
            let stem = image -> conv1: conv(16, 3x3, pad = 1, bias = false) -> bn1: batch_norm -> relu;
            stem -> layer1: { 3 * basic(16) } -> layer2: { basic(32, stride = 2) -> 2 * basic(32) }
                -> adaptive_avg_pool(1x1) -> flatten -> fc: linear(10)
        }
        block basic(x, width, stride = 1) {
            let shortcut = if stride != 1 || x.channels != width {
                x -> downsample: { conv(width, 1x1, stride = stride, bias = false) -> batch_norm }
            } else { x };
            x -> conv1: conv(width, 3x3, stride = stride, pad = 1) -> bn1: batch_norm -> relu
              -> for i in 0..2 { \"c{i}\": conv(width, 3x3, pad = 1) } -> add(shortcut) -> relu
        }";
    let tokens: TokenStream = text.parse().expect("tokens");
    assert_eq!(count(tokens.clone()), 0);
    let counts: Vec<usize> = mutations(&tokens, &[]).into_iter().map(count).filter(|&n| n > 0).collect();
    let n_single = counts.iter().filter(|&&n| n == 1).count();
    assert!(n_single * 10 > counts.len() * 7, "{n_single} of {}", counts.len());
    assert!(counts.iter().all(|&n| n <= 6), "{counts:?}");
}
