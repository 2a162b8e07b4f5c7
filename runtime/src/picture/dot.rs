//! The figure in Graphviz's language. Floor 5.

use super::blocks::{Blocks, Child, Kind, Node};

/// The whole graph.
pub fn write(blocks: &Blocks, caption: &str) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&blocks.name));
    text += &format!("  label={}; labelloc=t; labeljust=l;\n", quoted(&format!("{}\n{caption}", blocks.name)));
    text += "  graph [fontname=\"Helvetica\", fontsize=11, color=\"#9a9a9a\", style=rounded];\n";
    text +=
        "  node [fontname=\"Helvetica\", fontsize=11, shape=box, style=\"rounded,filled\", margin=\"0.12,0.05\", height=0.3];\n";
    text += "  edge [color=\"#444444\", arrowsize=0.6];\n";
    group(blocks, 0, 1, &mut text);
    for (to, node) in blocks.nodes.iter().enumerate() {
        node.reads.iter().for_each(|from| text += &format!("  n{from} -> n{to};\n"));
    }
    text + "}\n"
}

fn group(blocks: &Blocks, index: usize, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for child in &blocks.groups[index].children {
        match *child {
            Child::Node(node) => *text += &format!("{indent}n{node} {};\n", attributes(&blocks.nodes[node])),
            Child::Group(inner) => {
                *text +=
                    &format!("{indent}subgraph cluster_{inner} {{\n{indent}  label={};\n", quoted(&blocks.groups[inner].title));
                group(blocks, inner, depth + 1, text);
                *text += &format!("{indent}}}\n");
            }
        }
    }
}

fn attributes(node: &Node) -> String {
    let first = [&*node.name, &*node.call].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join("  ");
    let lines = [&*first, &*node.followers, &*node.facts];
    let label = lines.iter().filter(|line| !line.is_empty()).copied().collect::<Vec<_>>().join("\n");
    let fill = match node.kind {
        Kind::Port => "#ffffff",
        Kind::Conv => "#cfe2f7",
        Kind::Linear => "#d5ecd0",
        Kind::Pool => "#fadcc4",
        Kind::Combine => "#fbf0b8",
        Kind::Rearrange => "#f1f1f1",
        Kind::Element => "#eadcf3",
    };
    let shape = if node.kind == Kind::Port { ", shape=oval" } else { "" };
    format!("[label={}, tooltip={}, fillcolor=\"{fill}\"{shape}]", quoted(&label), quoted(&node.details))
}

/// A text in quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted += "\\n",
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
