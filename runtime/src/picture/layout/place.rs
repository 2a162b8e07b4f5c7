//! Where the ordered items of a group stand, in pixels: lines as straight as their neighbours let them be. Floor 5.

use std::collections::{BTreeMap, BTreeSet};

use super::super::blocks::Child;
use super::{BELOW, BESIDE, INSIDE, Item, LINE, Level, Link, TITLE, What};

impl Level {
    /// Gives the items of the ordered ranks their places.
    pub(super) fn place(&mut self, ranks: Vec<Vec<usize>>, levels: &[Level], title: f64) {
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
    pub(super) fn port(&self, levels: &[Level], item: usize, value: usize, is_entry: bool) -> f64 {
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
        self.straighten(ranks, &gaps);
    }

    /// Lines that pass several ranks do so straight down where there is room.
    fn straighten(&mut self, ranks: &[Vec<usize>], gaps: &[Vec<f64>]) {
        let mut places = vec![(0, 0); self.items.len()];
        for (rank, items) in ranks.iter().enumerate() {
            items.iter().enumerate().for_each(|(position, &item)| places[item] = (rank, position));
        }
        let is_bend = |item: usize| self.items[item].what == What::Bend;
        let next: BTreeMap<usize, usize> =
            self.links.iter().filter(|link| is_bend(link.from) && is_bend(link.to)).map(|link| (link.from, link.to)).collect();
        let inner: BTreeSet<usize> = next.values().copied().collect();
        let starts: Vec<usize> = next.keys().copied().filter(|item| !inner.contains(item)).collect();
        for start in starts {
            let chain: Vec<usize> = std::iter::successors(Some(start), |item| next.get(item).copied()).collect();
            let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
            for &item in &chain {
                let (rank, position) = places[item];
                if position > 0 {
                    least = least.max(self.items[ranks[rank][position - 1]].x + gaps[rank][position - 1]);
                }
                if let Some(&right) = ranks[rank].get(position + 1) {
                    most = most.min(self.items[right].x - gaps[rank][position]);
                }
            }
            if least <= most {
                let mean = chain.iter().map(|&item| self.items[item].x).sum::<f64>() / chain.len() as f64;
                chain.iter().for_each(|&item| self.items[item].x = mean.clamp(least, most));
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
