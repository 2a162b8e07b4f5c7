//! Arithmetic of sizes: how windows fit an axis. Everything is checked; an overflow is a problem, not a wrap. Floor 0.
//!
//! Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning* (2016), relationship 15.

/// The largest count of elements: their bytes, as f32, fit the machine's address space.
pub const MAX_LEN: usize = isize::MAX as usize / size_of::<f32>();

/// The product of sizes, if it is a count of elements that a machine can hold.
pub fn product(sizes: impl IntoIterator<Item = usize>) -> Option<usize> {
    sizes.into_iter().try_fold(1usize, |product, size| product.checked_mul(size)).filter(|&len| len <= MAX_LEN)
}

/// What to do with positions at the end of an axis that a stride does not reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// The windows must tile the axis.
    Exact,
    /// Leave the remainder out (PyTorch's habit).
    Floor,
    /// One more window that hangs over the end (PyTorch's `ceil_mode`).
    Ceil,
}

impl Round {
    /// The words of the language.
    pub const WORDS: &'static [&'static str] = &["exact", "floor", "ceil"];

    /// From its word.
    pub fn of(word: &str) -> Round {
        match word {
            "floor" => Round::Floor,
            "ceil" => Round::Ceil,
            _ => Round::Exact,
        }
    }
}

/// A window along one axis, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its length.
    pub kernel: usize,
    /// Distance between two windows.
    pub stride: usize,
    /// Distance between two of its elements.
    pub dilation: usize,
    /// Padding before and after the axis.
    pub pad: [usize; 2],
}

/// Why a window does not fit an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The dilated window, in elements, is larger than the padded axis.
    TooLarge {
        /// Of the dilated window.
        extent: usize,
        /// Of the axis with its padding.
        padded: usize,
    },
    /// The stride leaves `left_over` positions at the end.
    NotTiled {
        /// Elements.
        left_over: usize,
    },
    /// A size exceeds what the machine can count.
    Overflow,
}

impl Window {
    /// The length that a dilated window spans: `dilation·(kernel − 1) + 1`.
    pub fn extent(&self) -> Option<usize> {
        self.dilation.checked_mul(self.kernel.checked_sub(1)?)?.checked_add(1)
    }

    /// Elements of the axis and its padding; `None` on overflow.
    pub fn padded(&self, n: usize) -> Option<usize> {
        n.checked_add(self.pad[0])?.checked_add(self.pad[1]).filter(|&padded| padded <= MAX_LEN)
    }

    /// The window's elements that lie on an axis of `n` elements when it stands at output position `at`: `(element of the window, index)`.
    pub fn inside(&self, at: usize, n: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let Window { kernel, stride, dilation, pad } = *self;
        (0..kernel).filter_map(move |i| Some((i, (at * stride + i * dilation).checked_sub(pad[0]).filter(|&index| index < n)?)))
    }

    /// How many elements the window covers at output position `at` of the axis with its padding; undilated.
    pub fn within_padding(&self, at: usize, n: usize) -> usize {
        (n + self.pad[0] + self.pad[1] - at * self.stride).min(self.kernel)
    }

    /// Whether the first of several windows lies wholly outside of an axis of `n` elements, which a dilation of more than `n` may do:
    /// its elements stand before and after the axis.
    ///
    /// With padding of at most half the window no other window does, if the first does not.
    pub fn first_is_outside(&self, n: usize) -> bool {
        // The first element that does not stand before the axis is so far behind its start.
        let first = self.dilation - self.pad[0] % self.dilation;
        first < self.dilation && first >= n
    }

    /// Output positions along an axis of `n` elements:
    /// `floor((n + 2·pad − dilation·(kernel − 1) − 1) / stride) + 1`, or its ceiling, or an error if it is not whole.
    ///
    /// With [`Round::Ceil`], as in PyTorch, a last window that would start in the padding at the end is dropped, and the only window
    /// may hang over the end by less than a stride.
    pub fn positions(&self, n: usize, round: Round) -> Result<usize, Misfit> {
        let padded = self.padded(n).ok_or(Misfit::Overflow)?;
        let extent = self.extent().ok_or(Misfit::Overflow)?;
        let span = match padded.checked_sub(extent) {
            Some(span) => span,
            // PyTorch: the first window may be the one that hangs over.
            None if round == Round::Ceil && extent - padded < self.stride => return Ok(1),
            None => return Err(Misfit::TooLarge { extent, padded }),
        };
        let (whole, left_over) = (span / self.stride, span % self.stride);
        match round {
            _ if left_over == 0 => Ok(whole + 1),
            Round::Exact => Err(Misfit::NotTiled { left_over }),
            Round::Floor => Ok(whole + 1),
            Round::Ceil if (whole + 1).saturating_mul(self.stride) >= n + self.pad[0] => Ok(whole + 1),
            Round::Ceil => Ok(whole + 2),
        }
    }
}

/// What position `at` of `positions` covers of an axis of `n` elements: `floor(at·n/positions) .. ceil((at + 1)·n/positions)`, PyTorch's
/// adaptive pooling.
pub fn adaptive(at: usize, positions: usize, n: usize) -> std::ops::Range<usize> {
    let (at, positions, n) = (at as u128, positions as u128, n as u128);
    (at * n / positions) as usize..((at + 1) * n).div_ceil(positions) as usize
}

/// Padding before and after an axis that gives `ceil(n / stride)` positions, the odd element after; saturates.
pub fn same_pad(n: usize, kernel: usize, stride: usize, dilation: usize) -> [usize; 2] {
    let last = n.div_ceil(stride).saturating_sub(1) * stride;
    let needed = dilation.saturating_mul(kernel.saturating_sub(1)).saturating_add(last).saturating_add(1);
    let pad = needed.saturating_sub(n);
    [pad / 2, pad - pad / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(kernel: usize, stride: usize, pad: usize) -> Window {
        Window { kernel, stride, dilation: 1, pad: [pad; 2] }
    }

    #[test]
    fn the_textbooks_window_arithmetic() {
        assert_eq!(window(3, 1, 0).positions(7, Round::Exact), Ok(5));
        assert_eq!(window(3, 2, 0).positions(7, Round::Exact), Ok(3));
        assert_eq!(window(3, 3, 0).positions(7, Round::Exact), Err(Misfit::NotTiled { left_over: 1 }));
        assert_eq!(window(3, 3, 0).positions(7, Round::Floor), Ok(2));
        assert_eq!(window(3, 3, 0).positions(7, Round::Ceil), Ok(3));
        assert_eq!(window(3, 1, 1).positions(7, Round::Exact), Ok(7));
        assert_eq!(window(5, 1, 0).positions(32, Round::Exact), Ok(28));
        for kernel in [3, 5, 7] {
            assert_eq!(window(kernel, 1, (kernel - 1) / 2).positions(32, Round::Exact), Ok(32));
        }
    }

    #[test]
    fn a_window_that_would_start_in_the_padding_is_dropped() {
        // 1 + 2·1 − 1 = 2 elements in steps of 2, rounded up to a window that starts at 2 + pad: outside.
        assert_eq!(window(1, 2, 1).positions(2, Round::Ceil), Ok(2));
        assert_eq!(window(2, 2, 1).positions(3, Round::Ceil), Ok(2));
    }

    #[test]
    fn rounded_up_the_first_window_may_hang_over_by_less_than_a_stride() {
        assert_eq!(window(3, 2, 0).positions(2, Round::Ceil), Ok(1));
        assert_eq!(window(3, 2, 0).positions(1, Round::Ceil), Err(Misfit::TooLarge { extent: 3, padded: 1 }));
        assert_eq!(window(3, 2, 0).positions(2, Round::Floor), Err(Misfit::TooLarge { extent: 3, padded: 2 }));
    }

    #[test]
    fn same_padding_keeps_the_size_and_puts_the_odd_element_after() {
        assert_eq!(same_pad(7, 3, 1, 1), [1, 1]);
        assert_eq!(same_pad(7, 4, 1, 1), [1, 2]);
        assert_eq!(same_pad(8, 3, 2, 1), [0, 1]);
        assert_eq!(same_pad(9, 1, 2, 1), [0, 0]);
    }

    #[test]
    fn a_window_lies_outside_of_the_axis_if_the_first_one_does() {
        let mut n_outside = 0;
        for (kernel, stride, dilation, n) in (0..5 * 4 * 6 * 9).map(|i| (1 + i % 5, 1 + i / 5 % 4, 1 + i / 20 % 6, 1 + i / 120)) {
            for pad in (0..=kernel / 2).flat_map(|before| (0..=kernel / 2).map(move |after| [before, after])) {
                for round in [Round::Floor, Round::Ceil] {
                    let window = Window { kernel, stride, dilation, pad };
                    let Ok(positions) = window.positions(n, round) else { continue };
                    let outside = (0..positions).any(|at| window.inside(at, n).next().is_none());
                    assert_eq!(window.first_is_outside(n), outside, "{window:?} on {n}, {round:?}");
                    n_outside += usize::from(outside);
                }
            }
        }
        assert!(n_outside > 10, "{n_outside}");
    }

    #[test]
    fn overflow_is_a_misfit() {
        assert_eq!(window(3, 1, usize::MAX).positions(7, Round::Exact), Err(Misfit::Overflow));
        let wide = Window { kernel: 3, stride: 1, dilation: usize::MAX, pad: [0; 2] };
        assert_eq!(wide.positions(7, Round::Exact), Err(Misfit::Overflow));
    }
}
