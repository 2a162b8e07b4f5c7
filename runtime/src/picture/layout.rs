//! Where everything is drawn: each group is laid out by itself and is one item of the group around it. Floor 5.
//!
//! In layers, after Sugiyama, Tagawa, Toda, *Methods for visual understanding of hierarchical system structures* (1981): ranks by longest
//! paths, few crossings by barycentres, then positions that keep lines straight. A value enters a group at its upper edge and
//! leaves it at the lower one, so that no line crosses a box that it has no business with, and boxes hold their members alone.

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
    rank(&mut items, &edges, children.len());
    let mut keys: Vec<f64> = (0..items.len()).map(|item| item as f64).collect();
    let links = link(&mut items, &edges, &mut keys);
    let into = links.iter().enumerate().map(|(index, link)| ((link.to, link.value), index)).collect();
    let mut level = Level { items, links, into, ..Level::default() };
    level.place(order(&level, &keys), levels, title_width(blocks, group));
    level
}

/// What the title needs at the upper left.
fn title_width(blocks: &Blocks, group: usize) -> f64 {
    if group == 0 { 0.0 } else { svg::title_width(&blocks.groups[group].title) }
}

/// Ranks by longest paths; children come in an order in which they read only what is before them. Outputs stand at the end.
fn rank(items: &mut [Item], edges: &BTreeSet<(usize, usize, usize)>, n_children: usize) {
    let mut into: Vec<Vec<usize>> = vec![vec![]; items.len()];
    edges.iter().for_each(|&(from, to, _)| into[to].push(from));
    for item in 0..n_children {
        items[item].rank = into[item].iter().map(|&from| items[from].rank + 1).max().unwrap_or(1).max(1);
    }
    let last = items[..n_children].iter().map(|item| item.rank).max().unwrap_or(1);
    for item in items {
        if matches!(item.what, What::Exit(_)) {
            item.rank = last + 1;
        }
    }
}

/// Edges as links from rank to rank. What a value passes on its way to several readers, it passes once.
fn link(items: &mut Vec<Item>, edges: &BTreeSet<(usize, usize, usize)>, keys: &mut Vec<f64>) -> Vec<Link> {
    let mut links = vec![];
    let mut bends: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
    for &(from, to, value) in edges {
        let mut last = from;
        for rank in items[from].rank + 1..items[to].rank {
            let next = *bends.entry((from, value, rank)).or_insert_with(|| {
                items.push(Item { what: What::Bend, rank, x: 0.0, y: 0.0, width: LINE, height: 0.0 });
                // Beside what it passes, at the side of its reader.
                keys.push(keys[to] - 0.5);
                links.push(Link { from: last, to: items.len() - 1, value, offset: 0.0 });
                items.len() - 1
            });
            last = next;
        }
        links.push(Link { from: last, to, value, offset: 0.0 });
    }
    links
}

/// The items of each rank from left to right.
fn order(level: &Level, keys: &[f64]) -> Vec<Vec<usize>> {
    let n_ranks = level.items.iter().map(|item| item.rank + 1).max().unwrap_or(1);
    let mut ranks: Vec<Vec<usize>> = vec![vec![]; n_ranks];
    for (index, item) in level.items.iter().enumerate() {
        ranks[item.rank].push(index);
    }
    ranks.iter_mut().for_each(|rank| rank.sort_by(|&a, &b| keys[a].total_cmp(&keys[b])));
    let mut best = (crossings(level, &ranks), ranks.clone());
    for sweep in 0..12 {
        if best.0 == 0 {
            break;
        }
        let down = sweep % 2 == 0;
        let mut at = positions(level, &ranks);
        for step in 1..n_ranks {
            let rank = if down { step } else { n_ranks - 1 - step };
            let mean = |item: usize| {
                let ends = level.links.iter().filter_map(|link| match down {
                    true => (link.to == item).then_some(at[link.from]),
                    false => (link.from == item).then_some(at[link.to]),
                });
                let (sum, n) = ends.fold((0.0, 0.0), |(sum, n), end| (sum + end, n + 1.0));
                if n == 0.0 { at[item] } else { sum / n }
            };
            let mut sorted: Vec<(f64, usize)> = ranks[rank].iter().map(|&item| (mean(item), item)).collect();
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            ranks[rank] = sorted.into_iter().map(|(_, item)| item).collect();
            ranks[rank].iter().enumerate().for_each(|(position, &item)| at[item] = position as f64);
        }
        let n_crossings = crossings(level, &ranks);
        if n_crossings < best.0 {
            best = (n_crossings, ranks.clone());
        }
    }
    best.1
}

/// Where each item stands in its rank.
fn positions(level: &Level, ranks: &[Vec<usize>]) -> Vec<f64> {
    let mut at = vec![0.0; level.items.len()];
    for rank in ranks {
        rank.iter().enumerate().for_each(|(position, &item)| at[item] = position as f64);
    }
    at
}

/// How often lines cross.
fn crossings(level: &Level, ranks: &[Vec<usize>]) -> usize {
    let at = positions(level, ranks);
    let mut by_rank: Vec<Vec<[f64; 2]>> = vec![vec![]; ranks.len()];
    for link in &level.links {
        by_rank[level.items[link.from].rank].push([at[link.from], at[link.to]]);
    }
    let cross = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]) * (a[1] - b[1]) < 0.0;
    by_rank
        .iter()
        .map(|links| links.iter().enumerate().map(|(i, a)| links[..i].iter().filter(|b| cross(a, b)).count()).sum::<usize>())
        .sum()
}

impl Level {
    /// Gives the items of the ordered ranks their places.
    fn place(&mut self, ranks: Vec<Vec<usize>>, levels: &[Level], title: f64) {
        self.place_across(&ranks, levels);
        let edge = |item: &Item, side: f64| item.x + side * item.width / 2.0;
        let left = self.items.iter().map(|item| edge(item, -1.0)).fold(f64::INFINITY, f64::min);
        let right = self.items.iter().map(|item| edge(item, 1.0)).fold(f64::NEG_INFINITY, f64::max);
        // The title has room, and no line goes through it.
        let entries = self.items.iter().filter(|item| matches!(item.what, What::Entry(_))).map(|item| item.x);
        let first = entries.fold(f64::INFINITY, f64::min);
        let missing = (title + LINE + left - first).max((title + LINE + left - right) / 2.0);
        let inside = INSIDE.max(missing);
        self.items.iter_mut().for_each(|item| item.x += inside - left);
        self.width = right - left + 2.0 * inside;
        self.meet(levels);
        self.place_down(&ranks, title);
    }

    /// Where the value meets the upper or lower edge of an item, relative to its middle.
    fn port(&self, levels: &[Level], item: usize, value: usize, is_entry: bool) -> f64 {
        let What::Child(Child::Group(group)) = self.items[item].what else { return 0.0 };
        let level = &levels[group];
        let wanted = if is_entry { What::Entry(value) } else { What::Exit(value) };
        let port = level.items.iter().find(|item| item.what == wanted);
        port.map_or(0.0, |port| port.x - level.width / 2.0)
    }

    /// Moves items to where their lines are straight, as far as their neighbours let them.
    fn place_across(&mut self, ranks: &[Vec<usize>], levels: &[Level]) {
        let gaps: Vec<Vec<f64>> = ranks
            .iter()
            .map(|rank| {
                rank.windows(2).map(|pair| (self.items[pair[0]].width + self.items[pair[1]].width) / 2.0 + BESIDE).collect()
            })
            .collect();
        for (rank, gaps) in ranks.iter().zip(&gaps) {
            let mut x = -gaps.iter().sum::<f64>() / 2.0;
            for (position, &item) in rank.iter().enumerate() {
                self.items[item].x = x;
                x += gaps.get(position).copied().unwrap_or(0.0);
            }
        }
        // Per item: its neighbour, how much further left the neighbour's middle is on a straight line, and how much that counts.
        let mut pulls: Vec<[Vec<(usize, f64, f64)>; 2]> = vec![[vec![], vec![]]; self.items.len()];
        let (mut n_in, mut n_out) = (vec![0; self.items.len()], vec![0; self.items.len()]);
        for link in &self.links {
            n_in[link.to] += 1;
            n_out[link.from] += 1;
        }
        let entering: BTreeSet<usize> =
            self.items.iter().filter_map(|item| if let What::Entry(value) = item.what { Some(value) } else { None }).collect();
        for link in &self.links {
            let shift = self.port(levels, link.to, link.value, true) - self.port(levels, link.from, link.value, false);
            // A chain is straight; a shortcut for what enters goes around the rest.
            let is_chain = n_out[link.from] == 1 && n_in[link.to] == 1;
            let is_bent = [link.from, link.to].iter().any(|&end| self.items[end].what == What::Bend);
            let weight = if is_chain {
                8.0
            } else if is_bent && entering.contains(&link.value) {
                0.001
            } else {
                1.0
            };
            pulls[link.to][0].push((link.from, shift, weight));
            pulls[link.from][1].push((link.to, -shift, weight));
        }
        for sweep in 0..200 {
            let sides: &[usize] = if sweep >= 40 { &[0, 1] } else { &[[0], [1]][sweep % 2] };
            for step in 0..ranks.len() {
                let rank = if sweep % 2 == 0 { step } else { ranks.len() - 1 - step };
                let mut wishes = vec![];
                for &item in &ranks[rank] {
                    let (mut sum, mut total) = (0.0, 0.0);
                    for &(other, shift, weight) in sides.iter().flat_map(|&side| &pulls[item][side]) {
                        sum += weight * (self.items[other].x - shift);
                        total += weight;
                    }
                    wishes.push(if total == 0.0 { (self.items[item].x, 0.01) } else { (sum / total, total) });
                }
                for (&item, x) in ranks[rank].iter().zip(spread(&wishes, &gaps[rank])) {
                    self.items[item].x = x;
                }
            }
        }
    }

    /// Where lines meet their readers: as straight as can be, apart from each other.
    fn meet(&mut self, levels: &[Level]) {
        for item in 0..self.items.len() {
            let mut into: Vec<usize> = (0..self.links.len()).filter(|&link| self.links[link].to == item).collect();
            if matches!(self.items[item].what, What::Child(Child::Node(_))) {
                let start = |link: usize| {
                    let Link { from, value, .. } = self.links[link];
                    self.items[from].x + self.port(levels, from, value, false) - self.items[item].x
                };
                into.sort_by(|&a, &b| start(a).total_cmp(&start(b)));
                let half = (self.items[item].width / 2.0 - 12.0).max(0.0);
                let middle = (into.len() as f64 - 1.0) / 2.0;
                let apart = if middle > 0.0 { (half / middle).min(22.0) } else { 0.0 };
                let offsets: Vec<f64> = match *into {
                    [only] => vec![if start(only).abs() < half { start(only) } else { 0.0 }],
                    // Straight where that is in reach.
                    [left, right] if start(left) > -half && start(left) + apart < half => {
                        vec![start(left), start(right).clamp(start(left) + apart, half)]
                    }
                    [left, right] if start(right) < half && start(right) - apart > -half => {
                        vec![start(left).clamp(-half, start(right) - apart), start(right)]
                    }
                    _ => (0..into.len()).map(|at| (at as f64 - middle) * apart).collect(),
                };
                into.iter().zip(offsets).for_each(|(&link, offset)| self.links[link].offset = offset);
            } else {
                into.iter().for_each(|&link| self.links[link].offset = self.port(levels, item, self.links[link].value, true));
            }
        }
    }

    /// Ranks below one another, further apart where lines go far to the side.
    fn place_down(&mut self, ranks: &[Vec<usize>], title: f64) {
        let mut y = 0.0;
        for (rank, items) in ranks.iter().enumerate() {
            let height = items.iter().map(|&item| self.items[item].height).fold(0.0, f64::max);
            for &item in items {
                self.items[item].y = y + (height - self.items[item].height) / 2.0;
            }
            self.bands.push([y, y + height]);
            let across = self.links.iter().filter(|link| self.items[link.from].rank == rank);
            let far = across.map(|link| (self.items[link.from].x - self.items[link.to].x).abs()).fold(0.0, f64::max);
            let below = BELOW + (far * 0.05).min(24.0);
            y += height
                + if rank == 0 && title > 0.0 {
                    below.max(TITLE + INSIDE)
                } else if rank == 0 {
                    INSIDE
                } else {
                    below
                };
        }
        let last = ranks.len() - 1;
        // Where values leave, they leave at the lower edge.
        let has_exits = ranks[last].iter().any(|&item| matches!(self.items[item].what, What::Exit(_)));
        self.height = if has_exits { self.bands[last][1] } else { self.bands[last][1] + INSIDE };
    }

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

/// Positions as near to the wishes (position and weight) as their distances allow, by pooling adjacent violators.
fn spread(wishes: &[(f64, f64)], gaps: &[f64]) -> Vec<f64> {
    // Without the distances, positions need only not to fall: blocks of them share their mean.
    let mut blocks: Vec<(f64, f64, usize)> = vec![];
    let mut start = 0.0;
    let mut starts = vec![];
    for (index, &(wish, weight)) in wishes.iter().enumerate() {
        starts.push(start);
        let mut block = (wish - start, weight, 1);
        while let Some(&(mean, total, n)) = blocks.last()
            && mean >= block.0
        {
            blocks.pop();
            block = ((mean * total + block.0 * block.1) / (total + block.1), total + block.1, n + block.2);
        }
        blocks.push(block);
        start += gaps.get(index).copied().unwrap_or(0.0);
    }
    let means = blocks.iter().flat_map(|&(mean, _, n)| std::iter::repeat_n(mean, n));
    means.zip(starts).map(|(mean, start)| mean + start).collect()
}
