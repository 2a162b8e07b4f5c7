//! Reshaping and shuffling as copies between views, which have three axes, along all of which a copy goes at once; and views of
//! values that are repeated.

use crate::ops::axes;
use crate::plan::View;
use crate::shape::Shape;

/// An axis of elements: how many, and how far apart they are in either of two places.
#[derive(Clone, Copy, Debug)]
struct Axis {
    size: usize,
    strides: [usize; 2],
}

/// What to copy so that the second view holds the elements of the first in the order C, H, W of either map. `None` if the maps have
/// no [axes in common](axes::common).
pub fn reshaping(views: [View; 2], [a, b]: [[usize; 3]; 2]) -> Option<Vec<[View; 2]>> {
    let stride = |view: &View, axis: usize| [view.channel, view.row, view.pixel][axis];
    let mut axes: Vec<Axis> = Vec::new();
    for common in axes::common(a, b)? {
        let strides = [0, 1].map(|side| stride(&views[side], common.parts[side].0) * common.parts[side].1);
        match axes.last_mut() {
            // One stretch in both places.
            Some(last) if (0..2).all(|side| strides[side] == last.strides[side] * last.size) => last.size *= common.size,
            _ => axes.push(Axis { size: common.size, strides }),
        }
    }
    // What does not fit into one copy are several: one for each position of the smallest axes.
    let mut starts = vec![[0, 0]];
    while axes.len() > 3 {
        let smallest = (0..axes.len()).min_by_key(|&axis| axes[axis].size)?;
        let Axis { size, strides } = axes.remove(smallest);
        let moved = |[a, b]: [usize; 2]| (0..size).map(move |position| [a + position * strides[0], b + position * strides[1]]);
        starts = starts.into_iter().flat_map(moved).collect();
    }
    axes.resize(3, Axis { size: 1, strides: [0, 0] });
    let view = |side: usize, start: usize| View {
        offset: views[side].offset + start,
        width: axes[0].size,
        pixel: axes[0].strides[side],
        height: axes[1].size,
        row: axes[1].strides[side],
        channels: axes[2].size,
        channel: axes[2].strides[side],
        ..views[side]
    };
    Some(starts.into_iter().map(|[a, b]| [view(0, a), view(1, b)]).collect())
}

/// What to copy so that the second view holds the channels of the first, of all `groups` in turn.
pub fn shuffling(views: [View; 2], groups: usize) -> Vec<[View; 2]> {
    let [from, to] = views;
    let n = from.channels / groups;
    // Pixels in one stretch in both places are one axis, and groups and their channels two.
    let stretch = |view: &View| view.height == 1 || view.row == view.width * view.pixel;
    if views.iter().all(stretch) {
        let pixels = |view: View| View { height: view.height * view.width, row: view.pixel, ..view };
        let from = View { width: groups, pixel: n * from.channel, channels: n, ..pixels(from) };
        let to = View { width: groups, pixel: to.channel, channels: n, channel: groups * to.channel, ..pixels(to) };
        return vec![[from, to]];
    }
    (0..groups).map(|group| [from.taken(0, group * n, 1, n), to.taken(0, group, groups, n)]).collect()
}

/// A value's view along the axes of a result that it is repeated to: its last axes are aligned with the result's.
pub fn aligned(view: View, shape: &Shape, result: &Shape) -> View {
    let missing = result.0.len() - shape.0.len();
    let own = |axis: usize| match axes::of_map(shape, axis) {
        0 => (view.channels, view.channel),
        1 => (view.height, view.row),
        _ => (view.width, view.pixel),
    };
    let mut aligned = View { height: 1, width: 1, channels: 1, row: 1, pixel: 1, channel: 1, ..view };
    for axis in 0..shape.0.len() {
        let (size, stride) = own(axis);
        match axes::of_map(result, axis + missing) {
            0 => (aligned.channels, aligned.channel) = (size, stride),
            1 => (aligned.height, aligned.row) = (size, stride),
            _ => (aligned.width, aligned.pixel) = (size, stride),
        }
    }
    aligned
}
