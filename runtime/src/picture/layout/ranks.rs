//! Which rank each item of a group is in, and its place there: longest paths, and few crossings by barycentres. Floor 5.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, LINE, Level, Link, What};

/// Ranks by longest paths; children come in an order in which they read only what is before them. Outputs stand at the end.
pub(super) fn rank(items: &mut [Item], edges: &BTreeSet<(usize, usize, usize)>, n_children: usize) {
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
pub(super) fn link(items: &mut Vec<Item>, edges: &BTreeSet<(usize, usize, usize)>, keys: &mut Vec<f64>) -> Vec<Link> {
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
pub(super) fn order(level: &Level, keys: &[f64]) -> Vec<Vec<usize>> {
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
