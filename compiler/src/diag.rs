//! What is wrong, said so that it can be mended: found, expected, the arithmetic, and what to write instead. Floor 0.

/// A mistake found by a layer's shape rule. The parser turns it into a compile error on the token that is to blame.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The part of the call that is wrong.
    pub blame: Blame,
    /// What was found and what was expected, with the arithmetic: one sentence, lower case, no full stop.
    pub message: String,
    /// What to write instead; empty where there is nothing to say.
    pub help: String,
}

/// The part of a call that a [`Problem`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The layer's word.
    Layer,
    /// The argument of that name; the layer's word where it was left to its default.
    Argument(&'static str),
    /// The value at that position among the inputs; the first is what flows in along the arrow.
    Input(usize),
}

impl Problem {
    /// A problem with the layer as a whole.
    pub fn layer(message: impl Into<String>) -> Problem {
        Problem { blame: Blame::Layer, message: message.into(), help: String::new() }
    }

    /// A problem with one argument.
    pub fn argument(name: &'static str, message: impl Into<String>) -> Problem {
        Problem { blame: Blame::Argument(name), message: message.into(), help: String::new() }
    }

    /// A problem with one input.
    pub fn input(position: usize, message: impl Into<String>) -> Problem {
        Problem { blame: Blame::Input(position), message: message.into(), help: String::new() }
    }

    /// With what to write instead.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = help.into();
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, "\nhelp: {}", self.help)?;
        }
        Ok(())
    }
}

/// The candidate that `found` was probably meant to be: within a third of its length by edit distance.
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(found, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= found.len().max(candidate.len()).div_ceil(3))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Damerau–Levenshtein distance with adjacent transpositions, in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let substitute = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substitute.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_when_it_is_near() {
        let names = ["conv", "max_pool", "avg_pool", "batch_norm"];
        assert_eq!(nearest("maxpool", names), Some("max_pool"));
        assert_eq!(nearest("covn", names), Some("conv"));
        assert_eq!(nearest("banana", names), None);
    }
}
