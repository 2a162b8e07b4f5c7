//! Shares of a kernel's work: what one thread of several computes. Floor 2.
//!
//! A kernel divides its output into units (rows, blocks of filters, groups) and each share takes neighbours among them. No sum
//! is divided, so results do not depend on the number of shares; where there are more of them than units, some are empty.

use super::{div, div_ceil};

/// One share of several.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Which one, from 0.
    pub part: usize,
    /// Of how many.
    pub n_parts: usize,
}

impl Share {
    /// All of the work.
    pub const WHOLE: Share = Share { part: 0, n_parts: 1 };

    /// This share of `len` elements of which `unit` stay together: from, and up to.
    #[inline(always)]
    pub fn of(self, len: usize, unit: usize) -> (usize, usize) {
        let n_units = div_ceil(len, unit);
        let bound = |part: usize| (div(n_units * part, self.n_parts) * unit).min(len);
        (bound(self.part), bound(self.part + 1))
    }

    /// Its place in a grid of shares, `columns` of which lie side by side: that among the rows, and that among the columns.
    #[inline(always)]
    pub fn in_grid(self, columns: usize) -> (Share, Share) {
        let row = div(self.part, columns);
        let across = Share { part: self.part - row * columns, n_parts: columns };
        (Share { part: row, n_parts: div(self.n_parts, columns) }, across)
    }

    /// How shares of rows and channels are laid out where either can be divided: all by rows, unless there are too few.
    #[inline(always)]
    pub fn rows_or_blocks(self, n_rows: usize, n_blocks: usize) -> (Share, Share) {
        self.in_grid(if n_rows >= self.n_parts || n_rows >= n_blocks { 1 } else { self.n_parts })
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn shares_are_disjoint_and_complete() {
        for (len, unit) in [(0, 1), (1, 1), (7, 2), (64, 32), (100, 64), (13, 1), (5, 8)] {
            for n_parts in [1, 2, 3, 5, 16] {
                let mut next = 0;
                for part in 0..n_parts {
                    let (from, to) = Share { part, n_parts }.of(len, unit);
                    assert_eq!(from, next, "share {part} of {n_parts} of {len} by {unit}");
                    assert!(from % unit == 0 || from == len);
                    next = to;
                }
                assert_eq!(next, len, "{n_parts} shares of {len} by {unit}");
            }
        }
    }

    #[test]
    fn a_grid_has_each_place_once() {
        let mut places: Vec<(usize, usize)> = (0..12)
            .map(|part| {
                let (down, across) = Share { part, n_parts: 12 }.in_grid(3);
                assert_eq!((down.n_parts, across.n_parts), (4, 3));
                (down.part, across.part)
            })
            .collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 12);
    }
}
