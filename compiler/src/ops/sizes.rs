//! The shape rules of layers where sizes are expressions: what an output's sizes are, and what has to hold for them.
//!
//! They say nothing of mistakes: where a condition fails, the rule in numbers ([`super::Layer::infer`]) is asked at sizes where it
//! does, and has the message.

use super::window::Spec;
use crate::dim::Round;
use crate::facts::Condition;
use crate::shape::Sizes;
use crate::size::Size;

/// An output's sizes, provided that the conditions hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// Of the output.
    pub sizes: Sizes,
    /// What the layer asks of its input's sizes.
    pub asks: Vec<Condition>,
}

impl Inferred {
    /// Sizes that ask for nothing.
    pub fn always(sizes: Sizes) -> Inferred {
        Inferred { sizes, asks: Vec::new() }
    }

    /// As large as the input.
    pub fn same(input: &Sizes) -> Inferred {
        Inferred::always(input.clone())
    }
}

/// A number of the language as a size.
pub fn number(value: usize) -> Option<Size> {
    i64::try_from(value).ok().map(Size::constant)
}

/// An axis of a value, counted from the end where it is negative; `None` if there is no such axis.
pub fn axis(written: i64, of: &Sizes) -> Option<usize> {
    let n = i64::try_from(of.0.len()).ok()?;
    let axis = if written < 0 { n.checked_add(written)? } else { written };
    usize::try_from(axis).ok().filter(|&axis| axis < of.0.len())
}

/// The other values as large as the first, axis by axis.
pub fn alike(inputs: &[&Sizes]) -> Option<Inferred> {
    let (first, others) = inputs.split_first()?;
    let mut inferred = Inferred::same(first);
    for other in others {
        if other.0.len() != first.0.len() {
            return None;
        }
        let pairs = first.0.iter().zip(&other.0);
        inferred.asks.extend(pairs.filter(|(a, b)| a != b).map(|(a, b)| Condition::equal(a.clone(), b.clone())));
    }
    Some(inferred)
}

/// Two values of which sizes of 1 are repeated, their last axes being aligned. Sizes that are not known to be 1 have to be equal.
pub fn broadcast(inputs: &[&Sizes]) -> Option<Inferred> {
    let [a, b] = inputs else { return None };
    let n = a.0.len().max(b.0.len());
    let one = Size::constant(1);
    let size = |of: &Sizes, axis: usize| (axis + of.0.len()).checked_sub(n).map_or(one.clone(), |axis| of.0[axis].clone());
    let (mut sizes, mut asks) = (Vec::new(), Vec::new());
    for axis in 0..n {
        let (a, b) = (size(a, axis), size(b, axis));
        if b != one && a != one && a != b {
            asks.push(Condition::equal(a.clone(), b.clone()));
        }
        sizes.push(if a == one { b } else { a });
    }
    Some(Inferred { sizes: Sizes(sizes), asks })
}

/// Windows on a map or sequence, which then has so many channels.
pub fn windows(spec: &Spec, input: &Sizes, channels: Size) -> Option<Inferred> {
    let [_, height, width] = input.chw();
    let mut asks = Vec::new();
    let height = positions(spec, 0, &height, &mut asks)?;
    let width = positions(spec, 1, &width, &mut asks)?;
    Some(Inferred { sizes: input.resized(channels, [height, width]), asks })
}

/// Output positions along an axis of `n` elements, see [`crate::dim::Window::positions`].
fn positions(spec: &Spec, axis: usize, n: &Size, asks: &mut Vec<Condition>) -> Option<Size> {
    let one = Size::constant(1);
    let stride = i64::try_from(spec.stride[axis]).ok()?;
    let Some(sides) = spec.pad.sides() else { return n.ceil_div(stride) };
    let pad = [sides[axis], sides[axis + 2]];
    let extent = i64::try_from(spec.axis(axis, [0; 4]).extent()?).ok()?;
    let [before, after] = [i64::try_from(pad[0]).ok()?, i64::try_from(pad[1]).ok()?];
    let padded = n.plus(&Size::constant(before.checked_add(after)?))?;
    let span = padded.minus(&Size::constant(extent))?;
    let zero = Size::constant(0);
    // See `Window::first_is_outside`.
    let dilation = spec.dilation[axis];
    let first = dilation - pad[0] % dilation;
    if spec.pool && first < dilation {
        asks.push(Condition::at_least(n.clone(), number(first.checked_add(1)?)?));
    }
    match spec.round {
        Round::Exact => {
            asks.push(Condition::at_least(padded, Size::constant(extent)));
            asks.push(Condition::equal(span.remainder(stride)?, zero));
            span.floor_div(stride)?.plus(&one)
        }
        Round::Floor => {
            asks.push(Condition::at_least(padded, Size::constant(extent)));
            span.floor_div(stride)?.plus(&one)
        }
        // The first window may hang over by less than a stride; a last one that would start in the padding after is dropped.
        Round::Ceil if after < extent => {
            asks.push(Condition::at_least(padded, Size::constant(extent.checked_sub(stride)?.checked_add(1)?)));
            let over = after.checked_sub(extent)?.min(stride.checked_neg()?);
            n.plus(&Size::constant(before.checked_add(over)?))?.ceil_div(stride)?.plus(&one)
        }
        Round::Ceil => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, Verdict};
    use crate::graph::Padding;

    fn spec(window: usize, stride: usize, pad: [usize; 2], dilation: usize, round: Round) -> Spec {
        let pad = Padding::Sides([pad[0], pad[0], pad[1], pad[1]]);
        Spec { window: [window; 2], stride: [stride; 2], dilation: [dilation; 2], pad, round, pool: false }
    }

    #[test]
    fn positions_are_those_in_numbers_wherever_the_conditions_hold() {
        for round in [Round::Exact, Round::Floor, Round::Ceil] {
            for (window, dilation) in [(1, 1), (2, 1), (3, 1), (3, 2), (7, 1)] {
                for stride in 1..=4 {
                    for pad in [[0, 0], [1, 1], [0, 1], [2, 1], [3, 3]] {
                        let spec = spec(window, stride, pad, dilation, round);
                        let mut asks = Vec::new();
                        let Some(size) = positions(&spec, 0, &Size::symbol(0), &mut asks) else {
                            assert!(round == Round::Ceil && pad[1] > dilation * (window - 1), "{spec:?}");
                            continue;
                        };
                        for n in 1..40 {
                            let expected = spec.axis(0, [pad[0], pad[0], pad[1], pad[1]]).positions(n, round);
                            let holds = asks.iter().all(|ask| ask.holds(&[n as i64]));
                            let found = holds.then(|| size.at(&[n as i64]).unwrap() as usize);
                            assert_eq!(found, expected.ok(), "{spec:?} on {n}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn same_padding_asks_for_nothing() {
        let same = Spec { pad: Padding::Same, ..spec(4, 3, [0, 0], 1, Round::Exact) };
        let input = Sizes(vec![Size::constant(8), Size::symbol(0), Size::symbol(1)]);
        let inferred = windows(&same, &input, Size::constant(5)).unwrap();
        assert_eq!(inferred.sizes.display(&["H".into(), "W".into()]).to_string(), "[5, ⌊(H + 2)/3⌋, ⌊(W + 2)/3⌋]");
        assert_eq!(inferred.asks, []);
    }

    #[test]
    fn values_that_are_added_are_alike_where_their_expressions_are() {
        let map = |height: Size| Sizes(vec![Size::constant(8), height, Size::symbol(1)]);
        let doubled = Size::symbol(0).floor_div(2).unwrap().scaled(2).unwrap();
        assert_eq!(alike(&[&map(Size::symbol(0)), &map(Size::symbol(0))]).unwrap().asks, []);
        let asks = alike(&[&map(Size::symbol(0)), &map(doubled)]).unwrap().asks;
        assert_eq!(asks.len(), 1);
        assert_eq!(Facts::of(2, &[]).decide(&asks[0]), Verdict::Depends);
    }
}
