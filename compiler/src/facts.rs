//! What can be proved of sizes for all values that a network's symbols may have. Floor 1.
//!
//! What windows make of an axis is a sum of floors of one symbol; such a function f of n has a period P with
//! `f(n + P) = f(n) + k` for all n, so that a look at one period decides any comparison for all sizes. Bounds decide the rest, as
//! far as they go; what is left depends on the sizes, and is checked when they are given.

mod domain;

pub use self::domain::Domain;

use crate::size::{Atom, Size, Term, lcm};
use std::fmt;

/// How two sizes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `==`
    Equal,
    /// `>=`
    AtLeast,
}

/// A comparison of two sizes: what `where` says of the symbols, or what a layer asks of its input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// One side.
    pub left: Size,
    /// How it is compared with the other.
    pub relation: Relation,
    /// The other side.
    pub right: Size,
}

impl Condition {
    /// `left == right`
    pub fn equal(left: Size, right: Size) -> Condition {
        Condition { left, relation: Relation::Equal, right }
    }

    /// `left >= right`
    pub fn at_least(left: Size, right: Size) -> Condition {
        Condition { left, relation: Relation::AtLeast, right }
    }

    /// Whether it holds where the symbols have these values; not if a side cannot be counted there.
    pub fn holds(&self, symbols: &[i64]) -> bool {
        match (self.left.at(symbols), self.right.at(symbols), self.relation) {
            (Some(left), Some(right), Relation::Equal) => left == right,
            (Some(left), Some(right), Relation::AtLeast) => left >= right,
            _ => false,
        }
    }

    /// As people read it: `⌊H/2⌋ ≥ 3`.
    pub fn display<'a>(&'a self, names: &'a [String]) -> impl fmt::Display + 'a {
        Named { condition: self, names }
    }
}

/// A condition with the names of its symbols.
struct Named<'a> {
    condition: &'a Condition,
    names: &'a [String],
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named { condition: Condition { left, relation, right }, names } = *self;
        let relation = if *relation == Relation::Equal { '=' } else { '≥' };
        write!(f, "{} {relation} {}", left.display(names), right.display(names))
    }
}

/// What can be said of a comparison for all values that the symbols may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds for all.
    Always,
    /// It holds for none.
    Never,
    /// It depends on them, or could not be decided.
    Depends,
}

/// What is known of the symbols, by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts(pub Vec<Domain>);

/// Most values of a symbol that are looked at one by one.
const MAX_PERIOD: usize = 1 << 16;

/// Bounds of what an expression can be; none where there is no bound or none was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    least: Option<i64>,
    most: Option<i64>,
}

impl Range {
    const UNKNOWN: Range = Range { least: None, most: None };

    fn of(value: i64) -> Range {
        Range { least: Some(value), most: Some(value) }
    }

    fn plus(self, other: Range) -> Range {
        let sum = |a: Option<i64>, b: Option<i64>| a?.checked_add(b?);
        Range { least: sum(self.least, other.least), most: sum(self.most, other.most) }
    }

    /// `factor` times a product of values of which none is negative.
    fn scaled(self, factor: i64) -> Range {
        let product = |bound: Option<i64>| bound?.checked_mul(factor);
        match factor < 0 {
            true => Range { least: product(self.most), most: product(self.least) },
            false => Range { least: product(self.least), most: product(self.most) },
        }
    }
}

impl Facts {
    /// What conditions say of so many symbols, each by itself: conditions on several at once bound none of them.
    ///
    /// A domain may come out empty: then no size meets the conditions.
    pub fn of(n_symbols: usize, conditions: &[Condition]) -> Facts {
        let mut facts = Facts(vec![Domain::default(); n_symbols]);
        for condition in conditions {
            facts.learn(condition);
        }
        facts
    }

    fn learn(&mut self, Condition { left, relation, right }: &Condition) {
        let Some(difference) = left.minus(right) else { return };
        let constant = difference.constant;
        match (difference.terms.as_slice(), relation) {
            // factor·n + constant ≥ 0
            ([Term { atoms, factor }], relation) => {
                let Some(domain) = self.domain(atoms) else { return };
                match (relation, *factor > 0) {
                    (Relation::AtLeast, true) => domain.least = domain.least.max(-constant.div_euclid(*factor)),
                    (Relation::AtLeast, false) => domain.at_most(constant.div_euclid(-factor)),
                    (Relation::Equal, _) if constant % factor == 0 => {
                        domain.least = domain.least.max(-constant / factor);
                        domain.at_most(-constant / factor);
                    }
                    // No size meets it.
                    (Relation::Equal, _) => domain.at_most(0),
                }
            }
            // n − by·⌊(n + shift)/by⌋ + constant = 0
            ([Term { atoms, factor: 1 }, Term { atoms: floor, factor }], Relation::Equal) => {
                let [Atom::Floor { of, by }] = floor.as_slice() else { return };
                let [Term { atoms: inside, factor: 1 }] = of.terms.as_slice() else { return };
                if inside != atoms || factor.checked_neg() != Some(*by) {
                    return;
                }
                // n + shift leaves shift − constant.
                let possible = of.constant.checked_sub(constant).is_some_and(|remainder| (0..*by).contains(&remainder));
                match self.domain(atoms) {
                    Some(domain) if possible => domain.leaves(*by, (-constant).rem_euclid(*by)),
                    Some(domain) => domain.at_most(0),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// The domain of a symbol that is a product by itself.
    fn domain(&mut self, atoms: &[Atom]) -> Option<&mut Domain> {
        match atoms {
            [Atom::Symbol(index)] => self.0.get_mut(*index),
            _ => None,
        }
    }

    /// Whether a condition holds for all values of the symbols, for none, or for some.
    pub fn decide(&self, Condition { left, relation, right }: &Condition) -> Verdict {
        let Some(difference) = left.minus(right) else { return Verdict::Depends };
        let range = self.range(&difference);
        let (least, most) = (range.least, range.most);
        match relation {
            Relation::AtLeast if least.is_some_and(|least| least >= 0) => Verdict::Always,
            Relation::AtLeast if most.is_some_and(|most| most < 0) => Verdict::Never,
            Relation::AtLeast => Verdict::Depends,
            Relation::Equal if least == Some(0) && most == Some(0) => Verdict::Always,
            Relation::Equal if least.is_some_and(|least| least > 0) || most.is_some_and(|most| most < 0) => Verdict::Never,
            Relation::Equal if self.is_never_zero(&difference) => Verdict::Never,
            Relation::Equal => Verdict::Depends,
        }
    }

    /// Exact where each term depends on one symbol alone and is no product.
    fn range(&self, size: &Size) -> Range {
        let mut range = Range::of(size.constant);
        for (index, domain) in self.0.iter().enumerate() {
            let terms = size.terms.iter().filter(|term| Self::is_of(term, index)).cloned().collect();
            range = range.plus(along(&Size { terms, constant: 0 }, index, domain));
        }
        let others = size.terms.iter().filter(|term| !(0..self.0.len()).any(|index| Self::is_of(term, index)));
        others.fold(range, |range, term| range.plus(self.product(term)))
    }

    /// Whether a term is a multiple of an atom that depends on this symbol alone.
    fn is_of(term: &Term, symbol: usize) -> bool {
        matches!(term.atoms.as_slice(), [atom] if atom.symbols() == [symbol])
    }

    /// The range of a product: bounds only where no factor can be negative.
    fn product(&self, term: &Term) -> Range {
        let mut range = Range::of(1);
        for atom in &term.atoms {
            let of = match atom {
                Atom::Symbol(index) => match self.0.get(*index) {
                    Some(domain) => Range { least: domain.values().next(), most: domain.most },
                    None => Range::UNKNOWN,
                },
                Atom::Floor { of, by } => {
                    let Range { least, most } = self.range(of);
                    Range { least: least.map(|least| least.div_euclid(*by)), most: most.map(|most| most.div_euclid(*by)) }
                }
            };
            if of.least.is_none_or(|least| least < 0) {
                return Range::UNKNOWN;
            }
            let product = |a: Option<i64>, b: Option<i64>| a?.checked_mul(b?);
            range = Range { least: product(range.least, of.least), most: product(range.most, of.most) };
        }
        range.scaled(term.factor)
    }

    /// Whether an expression of one symbol is zero for none of its values. `false` if that cannot be decided.
    fn is_never_zero(&self, size: &Size) -> bool {
        let Some((symbol, domain)) = size.only_symbol().and_then(|symbol| Some((symbol, self.0.get(symbol)?))) else {
            return false;
        };
        let Some(walk) = Walk::new(size, symbol, domain) else { return false };
        walk.values.iter().all(|&(_, value)| match (value, walk.slope) {
            (0, _) => false,
            (_, 0) => true,
            // Zero is reached after a whole number of periods, or passed over.
            (value, slope) => !(value % slope == 0 && value / slope < 0) || domain.most.is_some(),
        }) && (domain.most.is_none() || walk.complete)
    }
}

/// The values of an expression of one symbol over the first period of its domain.
struct Walk {
    /// The symbol's value and the expression's.
    values: Vec<(i64, i64)>,
    /// What a period adds.
    slope: i64,
    /// Whether the domain has no other values.
    complete: bool,
}

impl Walk {
    fn new(size: &Size, symbol: usize, domain: &Domain) -> Option<Walk> {
        let period = lcm(size.period()?, domain.modulus)?;
        let n = usize::try_from(period / domain.modulus).ok().filter(|&n| n <= MAX_PERIOD)?;
        let mut point = vec![0; symbol + 1];
        let mut at = |n: i64| {
            point[symbol] = n;
            size.at(&point)
        };
        let first = domain.values().next()?;
        let slope = at(first.checked_add(period)?)?.checked_sub(at(first)?)?;
        let values: Vec<(i64, i64)> = domain.values().take(n).map(|n| Some((n, at(n)?))).collect::<Option<_>>()?;
        let complete = domain.values().nth(n).is_none();
        Some(Walk { values, slope, complete })
    }
}

/// The range of an expression of one symbol over its domain; exact where it has a period, see [`Size::period`].
fn along(size: &Size, symbol: usize, domain: &Domain) -> Range {
    if size.terms.is_empty() {
        return Range::of(0);
    }
    let Some(walk) = Walk::new(size, symbol, domain) else { return Range::UNKNOWN };
    let mut range = Range {
        least: walk.values.iter().map(|&(_, value)| value).min(),
        most: walk.values.iter().map(|&(_, value)| value).max(),
    };
    if walk.complete || walk.slope == 0 {
        return range;
    }
    // Further periods lie above the first, or below it; the last one is where the domain ends.
    let far = match domain.most {
        None => None,
        Some(most) => {
            let shift = (most - domain.least).rem_euclid(domain.modulus);
            let last = Domain { least: (most - shift - walk.values.len() as i64 * domain.modulus).max(domain.least), ..*domain };
            let mut point = vec![0; symbol + 1];
            let values = last.values().map(|n| {
                point[symbol] = n;
                size.at(&point)
            });
            let values: Option<Vec<i64>> = values.collect();
            values.and_then(|values| if walk.slope > 0 { values.into_iter().max() } else { values.into_iter().min() })
        }
    };
    match walk.slope > 0 {
        true => range.most = far,
        false => range.least = far,
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::testing::{h, number, text, w, window};

    fn facts(domain: Domain) -> Facts {
        Facts(vec![domain, Domain::default()])
    }

    fn equal(left: &Size, right: &Size) -> Condition {
        Condition::equal(left.clone(), right.clone())
    }

    fn at_least(left: &Size, right: &Size) -> Condition {
        Condition::at_least(left.clone(), right.clone())
    }

    #[test]
    fn conditions_on_one_symbol_bound_it() {
        let of = |conditions: &[Condition]| Facts::of(2, conditions).0[0];
        let any = Domain::default();
        assert_eq!(of(&[at_least(&h(), &number(32))]), Domain { least: 32, ..any });
        assert_eq!(of(&[at_least(&h().scaled(2).unwrap(), &number(63))]), Domain { least: 32, ..any });
        assert_eq!(of(&[at_least(&number(63), &h().scaled(2).unwrap())]), Domain { most: Some(31), ..any });
        assert_eq!(of(&[equal(&h().scaled(3).unwrap(), &number(96))]), Domain { least: 32, most: Some(32), ..any });
        assert_eq!(of(&[equal(&h().scaled(3).unwrap(), &number(97))]).values().next(), None);
        let leaves = |by: i64, remainder: i64| equal(&h().remainder(by).unwrap(), &number(remainder));
        assert_eq!(of(&[leaves(32, 0)]), Domain { modulus: 32, ..any });
        assert_eq!(of(&[leaves(6, 5), leaves(4, 3)]), Domain { modulus: 12, remainder: 11, ..any });
        assert_eq!(of(&[leaves(6, 5), leaves(4, 2)]).values().next(), None);
        assert_eq!(of(&[leaves(6, 7)]).values().next(), None);
        let shifted = equal(&h().plus(&number(3)).unwrap().remainder(4).unwrap(), &number(1));
        assert_eq!(of(&[shifted]), Domain { modulus: 4, remainder: 2, ..any });
        assert_eq!(of(&[at_least(&h(), &w())]), any);
    }

    #[test]
    fn the_u_nets_skip_fits_where_the_size_divides() {
        // Twice halved and twice doubled.
        let down = h().floor_div(2).unwrap().floor_div(2).unwrap();
        let up = down.scaled(4).unwrap();
        let any = facts(Domain { least: 8, ..Domain::default() });
        assert_eq!(any.decide(&equal(&up, &h())), Verdict::Depends);
        let fours = facts(Domain { least: 8, modulus: 4, ..Domain::default() });
        assert_eq!(fours.decide(&equal(&up, &h())), Verdict::Always);
        let odd = facts(Domain { least: 8, modulus: 4, remainder: 1, ..Domain::default() });
        assert_eq!(odd.decide(&equal(&up, &h())), Verdict::Never);
    }

    #[test]
    fn a_window_fits_from_some_size_on() {
        let five = number(5);
        let from = |least| facts(Domain { least, ..Domain::default() });
        assert_eq!(from(5).decide(&at_least(&h(), &five)), Verdict::Always);
        assert_eq!(from(4).decide(&at_least(&h(), &five)), Verdict::Depends);
        let small = facts(Domain { most: Some(4), ..Domain::default() });
        assert_eq!(small.decide(&at_least(&h(), &five)), Verdict::Never);
        let halved = window(&h(), 3, 2, 1);
        assert_eq!(from(9).decide(&at_least(&halved, &five)), Verdict::Always);
        assert_eq!(from(8).decide(&at_least(&halved, &five)), Verdict::Depends);
        // Falling, and bounded.
        let left = number(10).minus(&halved).unwrap();
        assert_eq!(facts(Domain { most: Some(20), ..Domain::default() }).decide(&at_least(&left, &number(0))), Verdict::Always);
        assert_eq!(facts(Domain { most: Some(21), ..Domain::default() }).decide(&at_least(&left, &number(0))), Verdict::Depends);
        assert_eq!(from(21).decide(&at_least(&left, &number(0))), Verdict::Never);
    }

    #[test]
    fn several_symbols() {
        let any = Facts(vec![Domain { least: 2, ..Domain::default() }, Domain { least: 3, ..Domain::default() }]);
        let area = h().times(&w()).unwrap();
        assert_eq!(any.decide(&at_least(&area, &number(6))), Verdict::Always);
        assert_eq!(any.decide(&at_least(&area, &number(7))), Verdict::Depends);
        assert_eq!(any.decide(&equal(&area, &w().times(&h()).unwrap())), Verdict::Always);
        assert_eq!(any.decide(&equal(&area, &number(5))), Verdict::Never);
        assert_eq!(any.decide(&equal(&h(), &w())), Verdict::Depends);
        assert_eq!(any.decide(&equal(&h().plus(&w()).unwrap(), &number(4))), Verdict::Never);
    }

    /// Whatever is decided agrees with trying all values.
    #[test]
    fn verdicts_agree_with_trying() {
        let mut state = 1u64;
        let mut random = |n: i64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as i64 % n
        };
        let (mut n_decided, mut n_open) = (0, 0);
        for _ in 0..3000 {
            let side = |random: &mut dyn FnMut(i64) -> i64| {
                let mut size = h();
                for _ in 0..random(4) {
                    size = match random(3) {
                        0 => size.scaled(1 + random(3)).unwrap(),
                        1 => size.plus(&number(random(9) - 4)).unwrap(),
                        _ => size.floor_div(1 + random(4)).unwrap(),
                    };
                }
                size
            };
            let (left, right) = (side(&mut random), side(&mut random));
            let modulus = 1 + random(4);
            let least = 1 + random(12);
            let domain = Domain {
                least,
                most: (random(3) == 0).then_some(least + modulus + random(60)),
                modulus,
                remainder: random(modulus),
            };
            let relation = if random(2) == 0 { Relation::Equal } else { Relation::AtLeast };
            let holds = |n: i64| {
                let (left, right) = (left.at(&[n]).unwrap(), right.at(&[n]).unwrap());
                match relation {
                    Relation::Equal => left == right,
                    Relation::AtLeast => left >= right,
                }
            };
            let found: Vec<bool> = domain.values().take(5000).map(holds).collect();
            let expected = match (found.iter().all(|&holds| holds), found.iter().any(|&holds| holds)) {
                (true, _) => Verdict::Always,
                (_, false) => Verdict::Never,
                _ => Verdict::Depends,
            };
            let verdict = facts(domain).decide(&Condition { left: left.clone(), relation, right: right.clone() });
            match verdict {
                Verdict::Depends => n_open += usize::from(expected != Verdict::Depends),
                decided => {
                    n_decided += 1;
                    assert_eq!(decided, expected, "{} {relation:?} {} for {domain:?}", text(&left), text(&right));
                }
            }
        }
        assert!(n_decided > 1000 && n_open < 30, "{n_decided} decided, {n_open} left open that could have been");
    }
}
