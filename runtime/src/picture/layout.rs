//! Where everything is drawn: each group is laid out by itself and is one item of the group around it. Floor 5.
//!
//! In layers, after Sugiyama, Tagawa, Toda, *Methods for visual understanding of hierarchical system structures* (1981): ranks by longest
//! paths, few crossings by barycentres, then positions that keep lines straight. A value enters a group at its upper edge and
//! leaves it at the lower one, so that no line crosses a box that it has no business with, and boxes hold their members alone.

mod place;
mod ranks;

use std::collections::{BTreeMap, BTreeSet};

use super::blocks::{Blocks, Child};
use super::svg;

/// Between neighbours, in pixels.
const BESIDE: f64 = 18.0;
/// Between a box and what it holds.
const INSIDE: f64 = 14.0;
/// Between ranks, at least.
const BELOW: f64 = 22.0;
/// For the title of a box.
const TITLE: f64 = 18.0;
/// For the head of an arrow.
const HEAD: f64 = 7.0;
/// What a line takes up.
const LINE: f64 = 10.0;

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Rect {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Across.
    pub width: f64,
    /// Down.
    pub height: f64,
}

/// A line from a node to its reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// The node that is read.
    pub from: usize,
    /// The node that reads.
    pub to: usize,
    /// Points that it goes through, downwards; it bends only between a point and the next.
    pub points: Vec<[f64; 2]>,
}

/// Everything placed.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// By node.
    pub nodes: Vec<Rect>,
    /// By group; the first is the whole.
    pub groups: Vec<Rect>,
    /// A line for each node and what it reads.
    pub wires: Vec<Wire>,
}

/// What stands at a place in a rank. Values go by the node that makes them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Child(Child),
    /// Where a value from outside enters, at the upper edge.
    Entry(usize),
    /// Where a value leaves, at the lower edge.
    Exit(usize),
    /// A line that passes a rank.
    Bend,
}

#[derive(Clone, Debug)]
struct Item {
    what: What,
    rank: usize,
    /// Its middle.
    x: f64,
    /// Its top.
    y: f64,
    width: f64,
    height: f64,
}

/// A value from an item to one in the next rank.
#[derive(Clone, Copy, Debug)]
struct Link {
    from: usize,
    to: usize,
    value: usize,
    /// Where it meets `to`, relative to that one's middle; known at the end.
    offset: f64,
}

/// A group, laid out.
#[derive(Clone, Debug, Default)]
struct Level {
    items: Vec<Item>,
    links: Vec<Link>,
    /// The link that brings a value to an item.
    into: BTreeMap<(usize, usize), usize>,
    /// Top and bottom of each rank.
    bands: Vec<[f64; 2]>,
    width: f64,
    height: f64,
}

/// Places everything.
pub fn layout(blocks: &Blocks) -> Layout {
    let outer = outer_groups(blocks);
    let mut levels: Vec<Level> = vec![Level::default(); blocks.groups.len()];
    // Inner groups have higher indices.
    for group in (0..blocks.groups.len()).rev() {
        levels[group] = level(blocks, &outer, &levels, group);
    }
    let mut layout =
        Layout { nodes: vec![Rect::default(); blocks.nodes.len()], groups: vec![Rect::default(); levels.len()], wires: vec![] };
    layout.groups[0] = Rect { x: 0.0, y: 0.0, width: levels[0].width, height: levels[0].height };
    for (group, level) in levels.iter().enumerate() {
        let origin = layout.groups[group];
        for item in &level.items {
            let (x, y) = (origin.x + item.x - item.width / 2.0, origin.y + item.y);
            let rect = Rect { x, y, width: item.width, height: item.height };
            match item.what {
                What::Child(Child::Node(node)) => layout.nodes[node] = rect,
                What::Child(Child::Group(inner)) => layout.groups[inner] = rect,
                _ => {}
            }
        }
    }
    for (to, node) in blocks.nodes.iter().enumerate() {
        for &from in &node.reads {
            layout.wires.push(Wire { from, to, points: wire(&outer, &levels, &layout.groups, from, to) });
        }
    }
    layout
}

/// The groups around each node, from the whole inwards.
fn outer_groups(blocks: &Blocks) -> Vec<Vec<usize>> {
    let mut around: Vec<Vec<usize>> = vec![vec![]; blocks.groups.len()];
    let mut outer = vec![vec![]; blocks.nodes.len()];
    for (index, group) in blocks.groups.iter().enumerate() {
        let mut path = around[index].clone();
        path.push(index);
        for child in &group.children {
            match *child {
                Child::Node(node) => outer[node] = path.clone(),
                Child::Group(inner) => around[inner] = path.clone(),
            }
        }
    }
    outer
}

/// The child of a group that a node is or is in; `None` if it is outside.
fn child_of(outer: &[Vec<usize>], group: usize, node: usize) -> Option<Child> {
    let depth = outer[node].iter().position(|&around| around == group)?;
    Some(outer[node].get(depth + 1).map_or(Child::Node(node), |&inner| Child::Group(inner)))
}

/// Lays a group out; those inside it are.
fn level(blocks: &Blocks, outer: &[Vec<usize>], levels: &[Level], group: usize) -> Level {
    let children = &blocks.groups[group].children;
    let mut items: Vec<Item> = vec![];
    let mut index: BTreeMap<Child, usize> = BTreeMap::new();
    for &child in children {
        let [width, height] = match child {
            Child::Node(node) => svg::node_size(&blocks.nodes[node]),
            Child::Group(inner) => [levels[inner].width, levels[inner].height],
        };
        index.insert(child, items.len());
        items.push(Item { what: What::Child(child), rank: 1, x: 0.0, y: 0.0, width, height });
    }
    let (mut entries, mut exits) = (BTreeMap::new(), BTreeMap::new());
    let mut edges: BTreeSet<(usize, usize, usize)> = BTreeSet::new();
    for (to, node) in blocks.nodes.iter().enumerate() {
        for &from in &node.reads {
            let ends = [from, to].map(|end| child_of(outer, group, end).map(|child| index[&child]));
            let line = |what| Item { what, rank: 0, x: 0.0, y: 0.0, width: LINE, height: 0.0 };
            let mut end_at = |ports: &mut BTreeMap<usize, usize>, what| {
                *ports.entry(from).or_insert_with(|| {
                    items.push(line(what));
                    items.len() - 1
                })
            };
            match ends {
                [Some(a), Some(b)] if a != b => drop(edges.insert((a, b, from))),
                [Some(a), None] => drop(edges.insert((a, end_at(&mut exits, What::Exit(from)), from))),
                [None, Some(b)] => drop(edges.insert((end_at(&mut entries, What::Entry(from)), b, from))),
                _ => {}
            }
        }
    }
    ranks::rank(&mut items, &edges, children.len());
    let mut keys: Vec<f64> = (0..items.len()).map(|item| item as f64).collect();
    let links = ranks::link(&mut items, &edges, &mut keys);
    let into = links.iter().enumerate().map(|(index, link)| ((link.to, link.value), index)).collect();
    let mut level = Level { items, links, into, ..Level::default() };
    level.place(ranks::order(&level, &keys), levels, title_width(blocks, group));
    level
}

/// What the title needs at the upper left.
fn title_width(blocks: &Blocks, group: usize) -> f64 {
    if group == 0 { 0.0 } else { svg::title_width(&blocks.groups[group].title) }
}

impl Level {
    /// The points of a value's line from an item to another, which may be ranks apart.
    fn route(&self, levels: &[Level], from: usize, to: usize, value: usize) -> Vec<[f64; 2]> {
        let mut links = vec![];
        let mut at = to;
        while at != from {
            let Some(&index) = self.into.get(&(at, value)) else { break };
            let link = &self.links[index];
            links.push(link);
            at = link.from;
        }
        let mut points = vec![];
        for link in links.iter().rev() {
            let (start, end) = (&self.items[link.from], &self.items[link.to]);
            let x = start.x + self.port(levels, link.from, value, false);
            if link.from == from {
                points.push([x, start.y + start.height]);
            }
            points.push([x, self.bands[start.rank][1]]);
            // Down into a node, for the arrow's head.
            let head = if matches!(end.what, What::Child(Child::Node(_))) { HEAD } else { 0.0 };
            points.push([end.x + link.offset, self.bands[end.rank][0] - head]);
        }
        if let Some(last) = links.first() {
            points.push([self.items[to].x + last.offset, self.items[to].y]);
        }
        points
    }
}

/// The line from a node to its reader: out of its groups, across, and into the reader's.
fn wire(outer: &[Vec<usize>], levels: &[Level], groups: &[Rect], from: usize, to: usize) -> Vec<[f64; 2]> {
    let n_shared = outer[from].iter().zip(&outer[to]).take_while(|(a, b)| a == b).count();
    let mut points: Vec<[f64; 2]> = vec![];
    let mut add = |group: usize, ends: [What; 2]| {
        let level = &levels[group];
        let [Some(a), Some(b)] = ends.map(|end| level.items.iter().position(|item| item.what == end)) else { return };
        let route = level.route(levels, a, b, from);
        points.extend(route.into_iter().map(|[x, y]| [x + groups[group].x, y + groups[group].y]));
    };
    let child = |group, node| What::Child(child_of(outer, group, node).unwrap_or(Child::Node(node)));
    for &group in outer[from][n_shared..].iter().rev() {
        add(group, [child(group, from), What::Exit(from)]);
    }
    let shared = outer[from][n_shared - 1];
    add(shared, [child(shared, from), child(shared, to)]);
    for &group in &outer[to][n_shared..] {
        add(group, [What::Entry(from), child(group, to)]);
    }
    // Straight down, the ends are enough.
    let mut bare: Vec<[f64; 2]> = vec![];
    for point in points {
        if let [.., before, last] = &mut *bare
            && [before[0], point[0]].iter().all(|x| (x - last[0]).abs() < 0.01)
        {
            *last = point;
        } else {
            bare.push(point);
        }
    }
    bare
}
