//! The values that a symbol may have: [`Domain`]. Floor 1.

use super::MAX_PERIOD;
use crate::size::lcm;

/// The values that a symbol may have: from `least` to `most`, those that leave `remainder` when divided by `modulus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    /// At least 1.
    pub least: i64,
    /// At least `least`.
    pub most: Option<i64>,
    /// At least 1.
    pub modulus: i64,
    /// Less than the modulus.
    pub remainder: i64,
}

impl Default for Domain {
    /// Every size.
    fn default() -> Domain {
        Domain { least: 1, most: None, modulus: 1, remainder: 0 }
    }
}

impl Domain {
    /// Not more than that.
    pub(super) fn at_most(&mut self, bound: i64) {
        self.most = Some(self.most.map_or(bound, |most| most.min(bound)));
    }

    /// Only what leaves `remainder` when divided by `modulus`, too.
    pub(super) fn leaves(&mut self, modulus: i64, remainder: i64) {
        let both = lcm(self.modulus, modulus).filter(|&both| both / self.modulus <= MAX_PERIOD as i64);
        // Left out, the condition is still checked when sizes are given.
        let Some(both) = both else { return };
        let candidates = (0..both / self.modulus).map(|i| self.remainder + i * self.modulus);
        match candidates.into_iter().find(|candidate| candidate % modulus == remainder) {
            Some(candidate) => (self.modulus, self.remainder) = (both, candidate),
            None => self.at_most(0),
        }
    }

    /// The value itself, if it is one of the domain, or the next ones below and above it.
    pub fn around(&self, value: i64) -> Vec<i64> {
        let most = self.most.unwrap_or(i64::MAX);
        let down = value.min(most).checked_sub((value.min(most).wrapping_sub(self.remainder)).rem_euclid(self.modulus));
        let below = down.filter(|&below| below >= self.least);
        let from = value.max(self.least);
        let above = from.checked_add((self.remainder.wrapping_sub(from)).rem_euclid(self.modulus)).filter(|&above| above <= most);
        let mut around: Vec<i64> = below.into_iter().chain(above).collect();
        around.dedup();
        around
    }

    /// The values, smallest first.
    pub fn values(&self) -> impl Iterator<Item = i64> + use<> {
        let Domain { least, most, modulus, remainder } = *self;
        let first = least + (remainder - least).rem_euclid(modulus);
        (0..)
            .map_while(move |i| first.checked_add(modulus.checked_mul(i)?))
            .take_while(move |&n| most.is_none_or(|most| n <= most))
    }
}
