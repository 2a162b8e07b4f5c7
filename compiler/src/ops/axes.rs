//! What the layers on axes share: counting them from the end, ranges of positions, and what two shapes have in common.
//!
//! Axes are those of one image, without the batch: 0 is the channel; of a sequence 1 is its length. Negative ones count from the end, as in PyTorch.

use crate::diag::Problem;
use crate::shape::Shape;

/// The axis of a shape that is meant, from 0; or why there is none.
pub fn resolve(layer: &str, argument: &'static str, axis: i64, shape: &Shape) -> Result<usize, Problem> {
    let n = shape.0.len();
    let count = i64::try_from(n).unwrap_or(i64::MAX);
    let from_start = if axis < 0 { axis.checked_add(count) } else { Some(axis) };
    let found = from_start.and_then(|axis| usize::try_from(axis).ok()).filter(|&axis| axis < n);
    found.ok_or_else(|| {
        let message = match n {
            1 => format!("`{layer}` has no axis {axis} to work on: the vector {shape} has the axis 0 alone"),
            _ => format!(
                "`{layer}` has no axis {axis} to work on: {shape} has the axes 0 to {0} or, counted from the end, -{n} to -1",
                n - 1
            ),
        };
        let batch = if axis == count { "the batch is no axis here: the channel's is 0" } else { "" };
        Problem::argument(argument, message).help(batch)
    })
}

/// Several axes of a shape, from 0, in the order in which they are written; none may be there twice.
pub fn several(layer: &str, argument: &'static str, written: &[i64], shape: &Shape) -> Result<Vec<usize>, Problem> {
    let mut axes = Vec::new();
    for &axis in written {
        let found = resolve(layer, argument, axis, shape)?;
        if axes.contains(&found) {
            return Err(Problem::argument(argument, format!("`{layer}` is given axis {found} of {shape} twice")));
        }
        axes.push(found);
    }
    Ok(axes)
}

/// Where an axis of a shape is among channel, height and width.
pub fn of_map(shape: &Shape, axis: usize) -> usize {
    match shape.0.len() {
        2 if axis == 1 => 2,
        _ => axis,
    }
}

/// The positions that a range means on an axis of `n`: never none; or why it means none.
pub fn positions(layer: &str, range: [Option<i64>; 2], axis: usize, shape: &Shape) -> Result<std::ops::Range<usize>, Problem> {
    let n = shape.0[axis];
    let end = |end: i64| {
        let count = i64::try_from(n).unwrap_or(i64::MAX);
        let from_start = if end < 0 { end.checked_add(count) } else { Some(end) };
        from_start.and_then(|end| usize::try_from(end).ok()).filter(|&end| end <= n).ok_or_else(|| {
            let message = format!("`{layer}` finds no {end} on axis {axis} of {shape}, which has {n}");
            Problem::argument("range", message).help(format!("positions are 0 to {n} or, counted from the end, from -{n} on"))
        })
    };
    let (from, to) = (range[0].map_or(Ok(0), end)?, range[1].map_or(Ok(n), end)?);
    if from >= to {
        let message = format!("the range from {from} to {to} on axis {axis} of {shape} has no elements");
        return Err(
            Problem::argument("range", message).help("a range ends before its second number: `0..1` is the first element")
        );
    }
    Ok(from..to)
}

/// The number of elements before, on and after an axis of a row-major shape.
pub fn around(shape: &Shape, axis: usize) -> [usize; 3] {
    [shape.0[..axis].iter().product(), shape.0[axis], shape.0[axis + 1..].iter().product()]
}

/// An axis that two maps of as many elements have in common, both being read in the order C, H, W.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Common {
    /// How many positions.
    pub size: usize,
    /// For each map, which of its axes it is a part of (0 is the channel), and how many positions of that axis one is here.
    pub parts: [(usize, usize); 2],
}

/// The axes into which both maps fall apart, the innermost first; `None` if there are no such axes. Axes of one element are left out.
pub fn common(a: [usize; 3], b: [usize; 3]) -> Option<Vec<Common>> {
    let maps = [a, b];
    // The axis that is taken apart, how much of it is left, and how many positions of it were taken.
    let mut left = maps.map(|map| (2, map[2], 1));
    let mut axes = Vec::new();
    loop {
        for (map, (axis, rest, step)) in maps.iter().zip(&mut left) {
            while *rest == 1 && *axis > 0 {
                (*axis, *rest, *step) = (*axis - 1, map[*axis - 1], 1);
            }
        }
        let [(_, rest_a, _), (_, rest_b, _)] = left;
        let size = rest_a.min(rest_b);
        if rest_a == 1 && rest_b == 1 {
            return Some(axes);
        }
        if size <= 1 || !rest_a.is_multiple_of(size) || !rest_b.is_multiple_of(size) {
            return None;
        }
        axes.push(Common { size, parts: left.map(|(axis, _, step)| (axis, step)) });
        left = left.map(|(axis, rest, step)| (axis, rest / size, step * size));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_count_from_both_ends() {
        let map = Shape::map(3, 4, 5);
        assert_eq!([0, 2, -1, -3].map(|axis| resolve("slice", "axis", axis, &map)), [Ok(0), Ok(2), Ok(2), Ok(0)]);
        assert_eq!(
            resolve("slice", "axis", 3, &map).unwrap_err().to_string(),
            "`slice` has no axis 3 to work on: [3, 4, 5] has the axes 0 to 2 or, counted from the end, -3 to -1\n\
             help: the batch is no axis here: the channel's is 0"
        );
        assert!(resolve("slice", "axis", i64::MIN, &map).is_err() && resolve("slice", "axis", -2, &Shape::vector(3)).is_err());
    }

    #[test]
    fn ranges_are_those_of_python_but_never_empty_nor_beyond_the_axis() {
        let map = Shape::map(3, 7, 5);
        let of = |from, to| positions("slice", [from, to], 1, &map);
        assert_eq!(of(None, None), Ok(0..7));
        assert_eq!(of(Some(2), Some(-2)), Ok(2..5));
        assert_eq!(of(Some(-1), None), Ok(6..7));
        for (from, to) in
            [(Some(8), None), (None, Some(8)), (Some(-8), None), (Some(3), Some(3)), (Some(5), Some(2)), (None, Some(0))]
        {
            assert!(of(from, to).is_err(), "{from:?} {to:?}");
        }
    }

    #[test]
    fn maps_fall_apart_into_axes_that_both_have() {
        let sizes = |a, b| common(a, b).map(|axes| axes.iter().map(|axis| axis.size).collect::<Vec<_>>());
        assert_eq!(sizes([6, 4, 5], [6, 1, 20]), Some(vec![5, 4, 6]));
        assert_eq!(sizes([120, 1, 1], [6, 4, 5]), Some(vec![5, 4, 6]));
        assert_eq!(sizes([8, 2, 3], [2, 4, 6]), Some(vec![3, 2, 4, 2]));
        assert_eq!(sizes([2, 3, 1], [3, 2, 1]), None);
        assert_eq!(sizes([1, 1, 1], [1, 1, 1]), Some(vec![]));
        assert_eq!(common([4, 1, 1], [2, 2, 1]).unwrap()[1], Common { size: 2, parts: [(0, 2), (0, 1)] });
    }
}
