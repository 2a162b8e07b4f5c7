//! Sizes that are known only when a network is bound: expressions over its symbols. Floor 0.
//!
//! A [`Size`] is a polynomial over symbols and floors of quotients, `64·⌊(H + 1)/2⌋ − 3`, in a normal form: equal ones are equal
//! values. What windows, one after another, make of an axis is one floor, however they were written.

use std::fmt;

/// A size as an expression. Its arithmetic is checked: `None` is an overflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size {
    /// Sorted by their atoms; no factor is 0, no product occurs twice.
    pub(crate) terms: Vec<Term>,
    /// What is added to them.
    pub(crate) constant: i64,
}

/// A product of atoms and an integer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Term {
    /// Sorted; at least one.
    pub(crate) atoms: Vec<Atom>,
    pub(crate) factor: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Atom {
    /// By its index among the network's symbols.
    Symbol(usize),
    /// `⌊of/by⌋`, `by` being at least 2.
    Floor { of: Box<Size>, by: i64 },
}

impl Size {
    /// A number.
    pub fn constant(value: i64) -> Size {
        Size { terms: Vec::new(), constant: value }
    }

    /// A symbol, by its index among those of the network.
    pub fn symbol(index: usize) -> Size {
        Size { terms: vec![Term { atoms: vec![Atom::Symbol(index)], factor: 1 }], constant: 0 }
    }

    /// Its value if it depends on no symbol.
    pub fn known(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// `self + other`
    pub fn plus(&self, other: &Size) -> Option<Size> {
        let terms = self.terms.iter().chain(&other.terms).cloned().collect();
        Some(Size { terms: merged(terms)?, constant: self.constant.checked_add(other.constant)? })
    }

    /// `self − other`
    pub fn minus(&self, other: &Size) -> Option<Size> {
        self.plus(&other.scaled(-1)?)
    }

    /// `factor · self`
    pub fn scaled(&self, factor: i64) -> Option<Size> {
        self.times(&Size::constant(factor))
    }

    /// `self · other`
    pub fn times(&self, other: &Size) -> Option<Size> {
        let mut terms = Vec::new();
        for a in &self.terms {
            for b in &other.terms {
                let mut atoms: Vec<Atom> = a.atoms.iter().chain(&b.atoms).cloned().collect();
                atoms.sort();
                terms.push(Term { atoms, factor: a.factor.checked_mul(b.factor)? });
            }
        }
        for (of, by) in [(&self.terms, other.constant), (&other.terms, self.constant)] {
            for term in of {
                terms.push(Term { atoms: term.atoms.clone(), factor: term.factor.checked_mul(by)? });
            }
        }
        Some(Size { terms: merged(terms)?, constant: self.constant.checked_mul(other.constant)? })
    }

    /// `⌊self/by⌋`; `None` also where `by` is not positive.
    pub fn floor_div(&self, by: i64) -> Option<Size> {
        if by <= 0 {
            return None;
        }
        // What divides comes out: ⌊(by·q + r)/by⌋ = q + ⌊r/by⌋.
        let split = |part: fn(i64, i64) -> i64| {
            let terms = self.terms.iter().map(|term| Term { atoms: term.atoms.clone(), factor: part(term.factor, by) });
            Size { terms: terms.filter(|term| term.factor != 0).collect(), constant: part(self.constant, by) }
        };
        let (whole, rest) = (split(i64::div_euclid), split(i64::rem_euclid));
        if rest.terms.is_empty() {
            return Some(whole);
        }
        // ⌊(g·y + c)/(g·k)⌋ = ⌊(y + ⌊c/g⌋)/k⌋
        let common = rest.terms.iter().fold(by, |common, term| gcd(common, term.factor));
        let terms = rest.terms.iter().map(|term| Term { atoms: term.atoms.clone(), factor: term.factor / common }).collect();
        let rest = Size { terms, constant: rest.constant.div_euclid(common) };
        let by = by / common;
        if by == 1 {
            return whole.plus(&rest);
        }
        // ⌊(⌊e/a⌋ + c)/b⌋ = ⌊(e + a·c)/(a·b)⌋
        if let [Term { atoms, factor: 1 }] = rest.terms.as_slice()
            && let [Atom::Floor { of, by: inner }] = atoms.as_slice()
        {
            let of = of.plus(&Size::constant(inner.checked_mul(rest.constant)?))?;
            return whole.plus(&of.floor_div(inner.checked_mul(by)?)?);
        }
        let floor = Atom::Floor { of: Box::new(rest), by };
        whole.plus(&Size { terms: vec![Term { atoms: vec![floor], factor: 1 }], constant: 0 })
    }

    /// `⌈self/by⌉`
    pub fn ceil_div(&self, by: i64) -> Option<Size> {
        self.plus(&Size::constant(by.checked_sub(1)?))?.floor_div(by)
    }

    /// `self mod by`, as a Euclidean remainder.
    pub fn remainder(&self, by: i64) -> Option<Size> {
        self.minus(&self.floor_div(by)?.scaled(by)?)
    }

    /// Its value where the symbols have these values; `None` on overflow or where one is missing.
    pub fn at(&self, symbols: &[i64]) -> Option<i64> {
        self.terms.iter().try_fold(self.constant, |sum, term| {
            let product = term.atoms.iter().try_fold(term.factor, |product, atom| product.checked_mul(atom.at(symbols)?))?;
            sum.checked_add(product)
        })
    }

    /// With the symbols' names in plain letters, as text forms have it: `64*floor((H + 1)/2)*W - 3`.
    pub fn plain(&self, names: &[String]) -> String {
        let mut text = String::new();
        for term in &self.terms {
            text += match (text.is_empty(), term.factor < 0) {
                (true, true) => "-",
                (true, false) => "",
                (false, true) => " - ",
                (false, false) => " + ",
            };
            let factor = Some(term.factor.unsigned_abs()).filter(|&factor| factor != 1).map(|factor| factor.to_string());
            let atom = |atom: &Atom| match atom {
                Atom::Symbol(symbol) => names.get(*symbol).cloned().unwrap_or_default(),
                Atom::Floor { of, by } if of.as_symbol().is_some() => format!("floor({}/{by})", of.plain(names)),
                Atom::Floor { of, by } => format!("floor(({})/{by})", of.plain(names)),
            };
            text += &factor.into_iter().chain(term.atoms.iter().map(atom)).collect::<Vec<_>>().join("*");
        }
        match self.constant {
            constant if self.terms.is_empty() => constant.to_string(),
            0 => text,
            constant => format!("{text} {} {}", if constant < 0 { '-' } else { '+' }, constant.unsigned_abs()),
        }
    }

    /// The symbol that it is, by index.
    pub fn as_symbol(&self) -> Option<usize> {
        match (self.terms.as_slice(), self.constant) {
            ([Term { atoms, factor: 1 }], 0) => match atoms.as_slice() {
                [Atom::Symbol(index)] => Some(*index),
                _ => None,
            },
            _ => None,
        }
    }

    /// With the symbols' names, as people read it: `64·⌊(H + 1)/2⌋ − 3`.
    pub fn display<'a>(&'a self, names: &'a [String]) -> impl fmt::Display + 'a {
        Named { size: self, names }
    }

    /// The only symbol it depends on; `None` if there are several or none.
    pub(crate) fn only_symbol(&self) -> Option<usize> {
        match self.symbols().as_slice() {
            [symbol] => Some(*symbol),
            _ => None,
        }
    }

    /// Sorted.
    pub(crate) fn symbols(&self) -> Vec<usize> {
        let mut symbols: Vec<usize> = self.terms.iter().flat_map(|term| &term.atoms).flat_map(Atom::symbols).collect();
        symbols.sort_unstable();
        symbols.dedup();
        symbols
    }

    /// P with f(n + P) = f(n) + k for all n, if every term is a multiple of one symbol or of floors of such; `None` otherwise.
    pub(crate) fn period(&self) -> Option<i64> {
        self.terms.iter().try_fold(1, |period, term| match term.atoms.as_slice() {
            [atom] => lcm(period, atom.period()?),
            _ => None,
        })
    }
}

/// A size with the names of its symbols.
struct Named<'a> {
    size: &'a Size,
    names: &'a [String],
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named { size: Size { terms, constant }, names } = *self;
        for (index, term) in terms.iter().enumerate() {
            f.write_str(match (index, term.factor < 0) {
                (0, true) => "−",
                (0, false) => "",
                (_, true) => " − ",
                (_, false) => " + ",
            })?;
            let factor = term.factor.unsigned_abs();
            if factor != 1 {
                write!(f, "{factor}·")?;
            }
            for (index, atom) in term.atoms.iter().enumerate() {
                f.write_str(if index > 0 { "·" } else { "" })?;
                match atom {
                    Atom::Symbol(symbol) => f.write_str(names.get(*symbol).map_or("?", String::as_str))?,
                    Atom::Floor { of, by } if of.terms.len() == 1 && of.constant == 0 && of.terms[0].factor == 1 => {
                        write!(f, "⌊{}/{by}⌋", of.display(names))?;
                    }
                    Atom::Floor { of, by } => write!(f, "⌊({})/{by}⌋", of.display(names))?,
                }
            }
        }
        match *constant {
            constant if terms.is_empty() => write!(f, "{constant}"),
            0 => Ok(()),
            constant => write!(f, " {} {}", if constant < 0 { '−' } else { '+' }, constant.unsigned_abs()),
        }
    }
}

impl Atom {
    fn at(&self, symbols: &[i64]) -> Option<i64> {
        match self {
            Atom::Symbol(index) => symbols.get(*index).copied(),
            Atom::Floor { of, by } => Some(of.at(symbols)?.div_euclid(*by)),
        }
    }

    pub(crate) fn symbols(&self) -> Vec<usize> {
        match self {
            Atom::Symbol(index) => vec![*index],
            Atom::Floor { of, .. } => of.symbols(),
        }
    }

    pub(crate) fn period(&self) -> Option<i64> {
        match self {
            Atom::Symbol(_) => Some(1),
            Atom::Floor { of, by } => of.period()?.checked_mul(*by),
        }
    }
}

/// Sorted, with one term for each product.
fn merged(mut terms: Vec<Term>) -> Option<Vec<Term>> {
    terms.sort();
    let mut merged: Vec<Term> = Vec::with_capacity(terms.len());
    for term in terms {
        match merged.last_mut() {
            Some(last) if last.atoms == term.atoms => last.factor = last.factor.checked_add(term.factor)?,
            _ => merged.push(term),
        }
    }
    merged.retain(|term| term.factor != 0);
    Some(merged)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

pub(crate) fn lcm(a: i64, b: i64) -> Option<i64> {
    (a / gcd(a, b)).checked_mul(b)
}

/// What tests of sizes write.
#[cfg(test)]
pub(crate) mod testing {
    use super::Size;

    /// The first symbol.
    pub fn h() -> Size {
        Size::symbol(0)
    }

    /// The second.
    pub fn w() -> Size {
        Size::symbol(1)
    }

    /// A number.
    pub fn number(value: i64) -> Size {
        Size::constant(value)
    }

    /// `⌊(n + 2·pad − kernel)/stride⌋ + 1`
    pub fn window(n: &Size, kernel: i64, stride: i64, pad: i64) -> Size {
        n.plus(&number(2 * pad - kernel)).unwrap().floor_div(stride).unwrap().plus(&number(1)).unwrap()
    }

    /// As it is printed.
    pub fn text(size: &Size) -> String {
        size.display(&["H".to_owned(), "W".to_owned()]).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{h, number, text, w, window};
    use super::*;

    #[test]
    fn windows_of_stride_2_that_are_written_differently_give_one_expression() {
        // 7x7/2 with pad 3, 3x3/2 with pad 1 and 1x1/2 all halve, rounded up.
        let halved: Vec<Size> = [(7, 3), (3, 1), (1, 0)].map(|(kernel, pad)| window(&h(), kernel, 2, pad)).to_vec();
        assert_eq!(halved[0], halved[1]);
        assert_eq!(halved[1], halved[2]);
        assert_eq!(text(&halved[0]), "⌊(H + 1)/2⌋");
        assert_eq!(halved[0], h().ceil_div(2).unwrap());
    }

    #[test]
    fn floors_of_floors_are_one_floor() {
        let thirty_seconds = (0..5).fold(h(), |n, _| window(&n, 3, 2, 1));
        assert_eq!(text(&thirty_seconds), "⌊(H + 31)/32⌋");
        assert_eq!(text(&h().floor_div(2).unwrap().scaled(2).unwrap()), "2·⌊H/2⌋");
    }

    #[test]
    fn what_divides_comes_out_of_a_floor() {
        let size = h().scaled(6).unwrap().plus(&w().scaled(4).unwrap()).unwrap().plus(&number(9)).unwrap();
        assert_eq!(text(&size.floor_div(4).unwrap()), "H + W + ⌊H/2⌋ + 2");
        for (a, b) in [(1, 1), (2, 5), (7, 3), (100, 11)] {
            assert_eq!(size.floor_div(4).unwrap().at(&[a, b]), Some((6 * a + 4 * b + 9) / 4));
        }
    }

    #[test]
    fn a_product_and_its_text() {
        let size = h().floor_div(2).unwrap().times(&w()).unwrap().scaled(64).unwrap().minus(&number(3)).unwrap();
        assert_eq!(text(&size), "64·W·⌊H/2⌋ − 3");
        assert_eq!(size.at(&[9, 2]), Some(64 * 4 * 2 - 3));
        assert_eq!(number(i64::MAX).plus(&number(1)), None);
        assert_eq!(h().scaled(i64::MAX).unwrap().scaled(2), None);
    }
}
