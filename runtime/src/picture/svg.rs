//! The figure as an SVG file. Floor 5.
//!
//! Kinds of layers differ in colour, and in print without colours by their words and the weight of their fill. Widths of texts are
//! estimated: a file has no font with it.

use std::fmt::Write;

use super::blocks::{Blocks, Kind, Node};
use super::layout::{Layout, layout};

/// Around the figure, in pixels.
const MARGIN: f64 = 16.0;
/// For name and caption.
const HEAD: f64 = 44.0;

/// Fill and outline.
fn colours(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Port => ["#ffffff", "#444444"],
        Kind::Conv => ["#cfe2f7", "#3a6ea5"],
        Kind::Linear => ["#d5ecd0", "#4a8a3f"],
        Kind::Pool => ["#fadcc4", "#b8692b"],
        Kind::Combine => ["#fbf0b8", "#a08a1c"],
        Kind::Rearrange => ["#f1f1f1", "#888888"],
        Kind::Element => ["#eadcf3", "#7d559b"],
    }
}

/// The lines of a node, by their class.
fn lines(node: &Node) -> Vec<(&'static str, Vec<(&'static str, &str)>)> {
    let name = (!node.name.is_empty()).then_some(("name", &*node.name));
    let call = (!node.call.is_empty()).then_some(("call", &*node.call));
    let mut lines = vec![("call", name.into_iter().chain(call).collect())];
    if !node.followers.is_empty() {
        lines.push(("next", vec![("next", &*node.followers)]));
    }
    lines.push(("fact", vec![("fact", &*node.facts)]));
    lines
}

/// The baseline of a line below the one before it, in pixels.
fn leading(class: &str) -> f64 {
    if class == "call" { 15.0 } else { 13.0 }
}

/// How wide a text is, in pixels, by the classes of the style sheet below.
fn text_width(class: &str, text: &str) -> f64 {
    let per_em = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | '·' | '\'' | '|' | ' ' | 'f' | 't' | 'r' | '(' | ')' => 0.33,
        'm' | 'w' | 'M' | 'W' => 0.86,
        _ if c.is_ascii_lowercase() || c.is_ascii_digit() => 0.56,
        _ if c.is_ascii() => 0.67,
        '×' => 0.6,
        _ => 1.0,
    };
    let size = match class {
        "name" => 12.0 * 1.06,
        "call" => 12.0,
        "title" => 11.0 * 1.06,
        "next" => 11.0,
        _ => 10.0,
    };
    size * text.chars().map(per_em).sum::<f64>()
}

/// Width and height of a node.
pub fn node_size(node: &Node) -> [f64; 2] {
    let lines = lines(node);
    let width = |texts: &[(&str, &str)]| {
        texts.iter().map(|(class, text)| text_width(class, text)).sum::<f64>() + 6.0 * texts.len().saturating_sub(1) as f64
    };
    let widest = lines.iter().map(|(_, texts)| width(texts)).fold(0.0, f64::max);
    [(widest + 22.0).max(76.0), lines.iter().map(|(class, _)| leading(class)).sum::<f64>() + 9.0]
}

/// Width of a box's title with the space around it.
pub fn title_width(title: &str) -> f64 {
    text_width("title", title) + 12.0
}

/// The whole file.
pub fn write(blocks: &Blocks, caption: &str) -> String {
    let layout = layout(blocks);
    let whole = layout.groups[0];
    let head = text_width("name", &blocks.name) * 1.4;
    let width = whole.width.max(head).max(text_width("fact", caption) + 8.0) + 2.0 * MARGIN;
    let height = whole.height + HEAD + MARGIN;
    let mut text = String::new();
    draw(&mut text, blocks, &layout, caption, [width.ceil(), height.ceil()])
        .unwrap_or_else(|_| unreachable!("texts take everything"));
    text
}

fn draw(f: &mut String, blocks: &Blocks, layout: &Layout, caption: &str, [width, height]: [f64; 2]) -> std::fmt::Result {
    let name = escaped(&blocks.name);
    writeln!(
        f,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#1a1a1a">"##
    )?;
    writeln!(f, "<title>{name}</title>")?;
    writeln!(f, r##"<rect width="{width}" height="{height}" fill="#ffffff"/>"##)?;
    writeln!(f, r#"<text x="{MARGIN}" y="24" font-size="16" font-weight="bold">{name}</text>"#)?;
    writeln!(f, r##"<text x="{MARGIN}" y="39" font-size="10" fill="#555555">{}</text>"##, escaped(caption))?;
    // The figure in the middle.
    let left = ((width - layout.groups[0].width) / 2.0).round();
    writeln!(f, r#"<g transform="translate({left} {HEAD})">"#)?;
    for (group, rect) in blocks.groups.iter().zip(&layout.groups).skip(1) {
        writeln!(f, r#"<g class="group" data-path="{}">"#, escaped(&group.path))?;
        writeln!(
            f,
            r##"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="6" fill="#000000" fill-opacity="0.035" stroke="#9a9a9a"/>"##,
            rect.x, rect.y, rect.width, rect.height
        )?;
        let (x, y, title) = (rect.x + 7.0, rect.y + 14.0, escaped(&group.title));
        writeln!(f, r##"<text x="{x:.1}" y="{y:.1}" font-size="11" font-weight="bold" fill="#555555">{title}</text></g>"##)?;
    }
    for wire in &layout.wires {
        let [x, y] = wire.points.last().copied().unwrap_or_default();
        let line = path(&wire.points);
        writeln!(f, r##"<g class="edge" data-from="{}" data-to="{}">"##, wire.from, wire.to)?;
        writeln!(f, r##"<path d="{line}" fill="none" stroke="#444444" stroke-width="1.2"/>"##)?;
        writeln!(f, r##"<path d="M{:.1} {:.1}h7l-3.5 6.5z" fill="#444444"/></g>"##, x - 3.5, y - 6.5)?;
    }
    for (index, (node, rect)) in blocks.nodes.iter().zip(&layout.nodes).enumerate() {
        let [fill, stroke] = colours(node.kind);
        let round = if node.kind == Kind::Port { rect.height / 2.0 } else { 4.0 };
        writeln!(f, r#"<g class="node" data-node="{index}"><title>{}</title>"#, escaped(&node.details))?;
        writeln!(
            f,
            r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="{round:.1}" fill="{fill}" stroke="{stroke}"/>"#,
            rect.x, rect.y, rect.width, rect.height
        )?;
        let (x, mut y) = (rect.x + rect.width / 2.0, rect.y + 1.0);
        for (class, texts) in lines(node) {
            y += leading(class);
            let style = match class {
                "next" => r#" font-size="11""#,
                "fact" => r##" font-size="10" fill="#444444""##,
                _ => "",
            };
            match *texts {
                // Side by side: the gap between them stays, however wide they turn out.
                [(_, name), (_, call)] => {
                    let split = x + (text_width("name", name) - text_width("call", call)) / 2.0;
                    let (left, right, name, call) = (split - 3.0, split + 3.0, escaped(name), escaped(call));
                    write!(f, r#"<text x="{left:.1}" y="{y:.1}" text-anchor="end" font-weight="bold">{name}</text>"#)?;
                    writeln!(f, r#"<text x="{right:.1}" y="{y:.1}">{call}</text>"#)?;
                }
                _ => {
                    for (class, text) in texts {
                        let weight = if class == "name" { r#" font-weight="bold""# } else { "" };
                        let text = escaped(text);
                        writeln!(f, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="middle"{weight}{style}>{text}</text>"#)?;
                    }
                }
            }
        }
        writeln!(f, "</g>")?;
    }
    writeln!(f, "</g>\n</svg>")
}

/// Straight down, and in a curve to the side.
fn path(points: &[[f64; 2]]) -> String {
    let mut text = String::new();
    let mut last: Option<[f64; 2]> = None;
    for &[x, y] in points {
        text += &match last {
            None => format!("M{x:.1} {y:.1}"),
            Some([from, _]) if (from - x).abs() < 0.5 => format!("V{y:.1}"),
            Some([from, above]) => {
                let middle = (above + y) / 2.0;
                format!("C{from:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}")
            }
        };
        last = Some([x, y]);
    }
    text
}

/// As text or an attribute's value in XML; characters that XML does not know are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '"' => escaped += "&quot;",
            '\n' => escaped.push('\n'),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}
