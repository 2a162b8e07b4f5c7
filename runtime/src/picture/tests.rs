//! Figures of plans made by hand and at random: everything is drawn once, and nothing lies on what it should not.

use super::blocks::{Blocks, Child};
use super::layout::{Layout, Rect, layout};
use super::*;
use convoke_compiler::plan::{Layer, Port, Source};

fn layer(path: &str, call: &str, shape: &[usize], n_parameters: usize, reads: &[Source]) -> Layer {
    let (path, call) = (path.to_owned().into(), call.to_owned().into());
    Layer { path, call, shape: shape.to_vec().into(), n_parameters, macs: 0, step: None, reads: reads.to_vec().into() }
}

fn plan(name: &str, n_inputs: usize, layers: Vec<Layer>, results: &[Source]) -> Plan {
    let port = |kind: &str, index: usize| Port { name: format!("{kind}{index}").into(), shape: vec![8, 9, 9].into() };
    Plan {
        name: name.to_owned().into(),
        parameters: vec![].into(),
        inputs: (0..n_inputs).map(|index| port("image", index)).collect(),
        outputs: (0..results.len()).map(|index| port("scores", index)).collect(),
        arena_len: 0,
        packs: vec![].into(),
        steps: vec![].into(),
        layers: layers.into(),
        results: results.to_vec().into(),
    }
}

/// An Inception module of two branches and a residual block, both in groups.
fn modules() -> Plan {
    use Source::{Input, Layer};
    let shape = &[8, 9, 9];
    let layers = vec![
        layer("stem.conv", "conv(8, 3x3, pad = (1, 0), stride = 2)", shape, 216, &[Input(0)]),
        layer("stem.bn", "batch_norm", shape, 16, &[Layer(0)]),
        layer("mixed.branch1.conv", "conv(4, 1x1)", &[4, 9, 9], 36, &[Layer(1)]),
        layer("mixed.branch2.0", "max_pool(3x3)", shape, 0, &[Layer(1)]),
        layer("mixed.branch2.1", "conv(4, 1x1)", &[4, 9, 9], 36, &[Layer(3)]),
        layer("mixed", "concat", shape, 0, &[Layer(2), Layer(4)]),
        layer("layer1.0.conv1", "conv(8, 3x3)", shape, 584, &[Layer(5)]),
        layer("layer1.0.relu", "relu", shape, 0, &[Layer(6)]),
        layer("layer1.0.conv2", "conv(8, 3x3)", shape, 584, &[Layer(7)]),
        layer("layer1.0.add", "add", shape, 0, &[Layer(8), Layer(5)]),
        layer("layer1.1", "tanh", shape, 0, &[Layer(9)]),
    ];
    plan("Modules", 1, layers, &[Layer(10)])
}

/// Layers at random paths that read at random what is before them.
fn random(seed: u64) -> Plan {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % n
    };
    let n_inputs = 1 + next(3);
    let n_layers = next(40);
    let mut layers: Vec<Layer> = vec![];
    let mut path: Vec<usize> = vec![];
    for index in 0..n_layers {
        match next(4) {
            0 if path.len() < 4 => path.push(next(3)),
            1 => drop(path.pop()),
            _ => {}
        }
        let groups: String = path.iter().map(|component| format!("group{component}.")).collect();
        let known = |pick: usize| if pick < n_inputs { Source::Input(pick) } else { Source::Layer(pick - n_inputs) };
        let reads: Vec<Source> = match next(3) {
            0 => (0..1 + next(4)).map(|_| known(next(n_inputs + index))).collect(),
            _ => vec![known((n_inputs + index - 1).saturating_sub(next(2)))],
        };
        let call = ["conv(8, 3x3, stride = 2)", "relu", "max_pool(2x2)", "batch_norm", "concat", "linear(7)"][next(6)];
        layers.push(layer(&format!("{groups}l{index}"), call, &[8, 9, 9], next(2) * 1000, &reads));
    }
    let results: Vec<Source> =
        (0..1 + next(2)).map(|_| if n_layers == 0 { Source::Input(0) } else { Source::Layer(next(n_layers)) }).collect();
    plan("Random", n_inputs, layers, &results)
}

fn inside(inner: Rect, outer: Rect) -> bool {
    let ends = inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;
    inner.x >= outer.x && inner.y >= outer.y && ends
}

fn overlap(a: Rect, b: Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/// What a group holds, at any depth.
fn members(blocks: &Blocks, group: usize) -> Vec<Child> {
    let deeper = |child: &Child| match *child {
        Child::Node(_) => vec![*child],
        Child::Group(inner) => [vec![*child], members(blocks, inner)].concat(),
    };
    blocks.groups[group].children.iter().flat_map(deeper).collect()
}

fn check(plan: &Plan) {
    let blocks = Blocks::of(plan);
    let Layout { nodes, groups, wires } = layout(&blocks);
    let rect = |child: Child| match child {
        Child::Node(node) => nodes[node],
        Child::Group(group) => groups[group],
    };
    // Every layer is in one node, every node in one place.
    let named: Vec<&str> = blocks.nodes.iter().flat_map(|node| node.details.lines()).collect();
    for layer in plan.layers.iter() {
        let line = format!("{}: {}", layer.path, layer.call);
        assert_eq!(named.iter().filter(|&&name| name == line).count(), 1, "{line}");
    }
    let everything = members(&blocks, 0);
    assert_eq!(everything.len(), nodes.len() + groups.len() - 1, "{everything:?}");
    // Boxes hold their members and nothing else; other boxes do not meet.
    for (group, &around) in groups.iter().enumerate() {
        let held = members(&blocks, group);
        for &child in &everything {
            if held.contains(&child) {
                assert!(inside(rect(child), around), "{child:?} leaves group {group}");
            } else if child != Child::Group(group)
                && !matches!(child, Child::Group(other) if members(&blocks, other).contains(&Child::Group(group)))
            {
                assert!(group == 0 || !overlap(rect(child), around), "{child:?} is in group {group}");
            }
        }
    }
    for (a, &first) in nodes.iter().enumerate() {
        nodes[..a].iter().for_each(|&second| assert!(!overlap(first, second), "node {a} lies on another"));
    }
    // Every value that is read has one line to each of its readers, downwards, through no other node.
    let n_reads: usize = blocks.nodes.iter().map(|node| node.reads.len()).sum();
    assert_eq!(wires.len(), n_reads);
    for wire in &wires {
        assert!(blocks.nodes[wire.to].reads.contains(&wire.from));
        let [first, last] = [wire.points[0], wire.points[wire.points.len() - 1]];
        let (from, to) = (nodes[wire.from], nodes[wire.to]);
        assert!((first[1] - from.y - from.height).abs() < 0.1 && (last[1] - to.y).abs() < 0.1, "{wire:?} {from:?} {to:?}");
        assert!(first[0] > from.x && first[0] < from.x + from.width && last[0] > to.x && last[0] < to.x + to.width, "{wire:?}");
        for pair in wire.points.windows(2) {
            assert!(pair[1][1] >= pair[0][1] - 0.01, "{wire:?} goes up");
            let (left, right) = (pair[0][0].min(pair[1][0]), pair[0][0].max(pair[1][0]));
            let swept =
                Rect { x: left, y: pair[0][1] + 0.02, width: right - left, height: (pair[1][1] - pair[0][1] - 0.04).max(0.0) };
            for (index, &node) in nodes.iter().enumerate() {
                assert!(!overlap(swept, node), "{wire:?} crosses node {index} at {node:?}");
            }
        }
    }
    let picture = Picture::of(plan);
    let (svg, dot) = (picture.to_svg(), picture.to_dot());
    check_xml(&svg);
    assert_eq!(svg.matches("class=\"node\"").count(), nodes.len());
    assert_eq!(svg.matches("class=\"edge\"").count(), n_reads);
    assert_eq!(svg.matches("class=\"group\"").count(), groups.len() - 1);
    assert_eq!(dot.matches(" -> ").count(), n_reads);
    assert_eq!(dot.matches("tooltip=").count(), nodes.len());
    assert_eq!(dot.matches("subgraph cluster_").count(), groups.len() - 1);
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());
}

/// Elements are closed in turn, attributes are in quotes, and nothing is left unescaped.
fn check_xml(text: &str) {
    let mut open = vec![];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "{before}");
        for entity in before.split('&').skip(1) {
            assert!(["lt;", "gt;", "amp;", "quot;"].iter().any(|known| entity.starts_with(known)), "&{entity}");
        }
        let (tag, after) = after.split_once('>').expect("a tag that ends");
        rest = after;
        let parts: Vec<&str> = tag.split('"').collect();
        assert!(parts.len() % 2 == 1 && parts.iter().step_by(2).rev().skip(1).all(|part| part.ends_with('=')), "<{tag}>");
        let name = tag.trim_end_matches('/').split(' ').next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "</{name}>"),
            None if tag.ends_with('/') => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
}

#[test]
fn layers_stand_in_the_groups_that_their_paths_name() {
    let blocks = Blocks::of(&modules());
    let titles: Vec<&str> = blocks.groups.iter().map(|group| &*group.title).collect();
    assert_eq!(titles, ["", "mixed", "branch2", "layer1", "0"]);
    let text = |node: &blocks::Node| [&*node.name, &*node.call, &*node.followers].join("|");
    let texts: Vec<String> = blocks.nodes.iter().map(text).collect();
    let expected = [
        "image0||",
        "stem|conv 8, 3×3, stride 2|batch_norm",
        "branch1|conv 4, 1×1|",
        "|max_pool 3×3|",
        "|conv 4, 1×1|",
        "|concat|",
        "conv1|conv 8, 3×3|relu",
        "conv2|conv 8, 3×3|",
        "|add|",
        "|tanh|",
        "scores0||",
    ];
    assert_eq!(texts, expected);
    assert_eq!(blocks.nodes[1].facts, "8×9×9 · 232 parameters");
    assert_eq!(blocks.nodes[8].reads, [5, 7]);
    check(&modules());
}

#[test]
fn nothing_lies_on_what_it_should_not() {
    for seed in 0..120 {
        check(&random(seed));
    }
}

#[test]
fn names_are_escaped() {
    let name = "a<b>&\"c\"\\ \u{1}";
    let layers = vec![
        layer(&format!("{name}.x"), "conv(1, 1x1)", &[1], 0, &[Source::Input(0)]),
        layer(&format!("{name}.y"), "conv(1, 1x1)", &[1], 0, &[Source::Layer(0)]),
    ];
    let picture = Picture::of(&plan(name, 1, layers, &[Source::Layer(1)]));
    check_xml(&picture.to_svg());
    assert!(picture.to_svg().contains("a&lt;b&gt;&amp;&quot;c&quot;\\ "));
    assert!(picture.to_dot().contains("label=\"a<b>&\\\"c\\\"\\\\ \""), "{}", picture.to_dot());
}

/// Many readers of one value share a line past the ranks between.
#[test]
fn a_long_network_is_drawn_in_time() {
    let read = |index: usize| if index == 0 { vec![Source::Input(0)] } else { vec![Source::Layer(index - 1), Source::Input(0)] };
    let layers: Vec<Layer> = (0..600).map(|index| layer(&format!("l{index}"), "add", &[8, 9, 9], 0, &read(index))).collect();
    let svg = Picture::of(&plan("Long", 1, layers, &[Source::Layer(599)])).to_svg();
    assert_eq!(svg.matches("class=\"node\"").count(), 602);
}
