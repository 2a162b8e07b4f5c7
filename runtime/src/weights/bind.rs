//! Which tensor of a file is which parameter of a network, and all that does not fit in one message. Floor 3.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::LoadOptions;
use super::StateDict;
use super::convert::{READABLE, element_bytes};
use super::header::{Entry, Header, shown, shown_shape};
use super::options::below;

/// Where a parameter's values come from.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    /// The file.
    Stored(Entry),
    /// The seed.
    Seeded,
}

/// Most lines of one kind in a message.
const MOST_LINES: usize = 500;

/// What does not fit.
#[derive(Default)]
struct Mismatches {
    /// Parameters by index, in the order of their names.
    missing: Vec<usize>,
    /// Names in the file, sorted.
    unexpected: Vec<String>,
    /// Lines about tensors that are there, but not as they should be.
    misshapen: Vec<(String, String)>,
    /// Paths that are to start fresh and that the network does not have.
    unknown: Vec<String>,
}

/// The source of each parameter of the network.
///
/// # Errors
/// In lines that continue "the file …": every missing, unexpected and misshapen tensor, sorted, and what could be meant.
pub(super) fn bind(state: StateDict, header: &Header, options: &LoadOptions) -> Result<Vec<Binding>, String> {
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, parameter) in state.parameters.iter().enumerate() {
        by_name.insert(&parameter.name, index);
    }
    let mut bindings: Vec<Option<Binding>> = vec![None; state.parameters.len()];
    let mut sources: Vec<Option<&str>> = vec![None; state.parameters.len()];
    let mut mismatches = Mismatches::default();
    for (tensor, entry) in &header.tensors {
        let name = options.parameter_name(tensor);
        if options.is_fresh(&name) {
            continue;
        }
        let Some(&index) = by_name.get(name.as_str()) else {
            if !options.allows_unexpected() && !is_no_mistake(&name) {
                mismatches.unexpected.push(tensor.clone());
            }
            continue;
        };
        if let Some(other) = sources[index].replace(tensor) {
            let line = format!("`{name}` is both `{}` and `{}` of the file", shown(other), shown(tensor));
            mismatches.misshapen.push((name, line));
            continue;
        }
        let parameter = &state.parameters[index];
        if entry.shape != *parameter.shape {
            let line = format!("`{name}` is {} in the file, {:?} in the network", shown_shape(&entry.shape), parameter.shape);
            mismatches.misshapen.push((name, line));
        } else if element_bytes(entry.dtype).is_none() {
            let line = format!("`{name}` has elements of type {}; {READABLE} can be read", entry.dtype);
            mismatches.misshapen.push((name, line));
        }
        bindings[index] = Some(Binding::Stored(entry.clone()));
    }
    for (name, index) in by_name {
        if options.is_fresh(name) {
            bindings[index] = Some(Binding::Seeded);
        } else if bindings[index].is_none() {
            mismatches.missing.push(index);
        }
    }
    // A path that names nothing is a slip of the pen: the head would silently come from the file.
    let has = |path: &str| state.parameters.iter().any(|parameter| below(&parameter.name, path).is_some());
    mismatches.unknown = options.fresh_paths().iter().filter(|path| !has(path)).cloned().collect();
    match bindings.into_iter().collect::<Option<Vec<_>>>() {
        Some(bindings) if mismatches.is_empty() => Ok(bindings),
        _ => Err(mismatches.report(state, header)),
    }
}

/// What PyTorch's files hold and prediction has no use for.
fn is_no_mistake(name: &str) -> bool {
    name == "num_batches_tracked"
        || name.ends_with(".num_batches_tracked")
        || ["aux1.", "aux2.", "AuxLogits.", "aux_classifier."].iter().any(|head| name.starts_with(head))
}

impl Mismatches {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misshapen.is_empty() && self.unknown.is_empty()
    }

    fn report(mut self, state: StateDict, header: &Header) -> String {
        self.misshapen.sort_unstable();
        let counts: Vec<String> = [
            (self.missing.len(), "missing"),
            (self.unexpected.len(), "unexpected"),
            (self.misshapen.len(), "misshapen"),
            (self.unknown.len(), "unknown"),
        ]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
        let mut text = format!("does not hold the weights of `{}`: {}", state.name, counts.join(", "));
        let missing = self.missing.iter().map(|&index| {
            let parameter = &state.parameters[index];
            let near = self.near_name(parameter.name.as_ref(), &parameter.shape, header);
            let near = near.map_or(String::new(), |near| format!(" (the file has `{}` of that shape)", shown(near)));
            format!("missing: `{}` {:?}{near}", parameter.name, parameter.shape)
        });
        let unexpected = self
            .unexpected
            .iter()
            .map(|name| format!("unexpected: `{}` {}", shown(name), shown_shape(&header.tensors[name].shape)));
        let misshapen = self.misshapen.iter().map(|(_, line)| format!("misshapen: {line}"));
        lines(&mut text, missing);
        lines(&mut text, unexpected);
        let unknown = self
            .unknown
            .iter()
            .map(|path| format!("unknown: `{path}`, which is to start fresh, is no layer of the network with parameters"));
        lines(&mut text, misshapen);
        lines(&mut text, unknown);
        if let Some(help) = self.help(state) {
            let _ = write!(text, "\n  help: {help}");
        }
        text
    }

    /// The unexpected tensor of the same shape whose name is nearest, where few are missing and one is near.
    fn near_name<'a>(&'a self, name: &str, shape: &[usize], header: &Header) -> Option<&'a str> {
        const FEW: usize = 16;
        if self.missing.len() > FEW || self.unexpected.len() > FEW {
            return None;
        }
        self.unexpected
            .iter()
            .filter(|other| header.tensors[*other].shape == shape)
            .map(|other| (distance(name, other), other.as_str()))
            .min()
            .filter(|(distance, _)| *distance <= name.len() / 3)
            .map(|(_, other)| other)
    }

    /// What to write, where one option accounts for what is wrong.
    fn help(&self, state: StateDict) -> Option<String> {
        // Of a hostile file, there may be many.
        const TRIED: usize = 64;
        let missing: Vec<&str> = self.missing.iter().map(|&index| &*state.parameters[index].name).collect();
        let prefix = self.unexpected.iter().take(TRIED).find_map(|name| {
            let prefix = missing.iter().find_map(|missing| name.strip_suffix(missing))?;
            let all = missing.iter().all(|missing| self.unexpected.binary_search(&format!("{prefix}{missing}")).is_ok());
            (prefix.ends_with('.') && all).then(|| shown(prefix))
        });
        if let Some(prefix) = prefix {
            return Some(format!(
                "the file's names begin with `{prefix}`: load them by `LoadOptions::new().prefix(\"{prefix}\")`"
            ));
        }
        // Misshapen tensors of one layer: a head for other classes.
        let layer = |name: &str| name.rsplit_once('.').map(|(layer, _)| layer.to_owned());
        let head = layer(&self.misshapen.first()?.0)?;
        let only = self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.misshapen.iter().all(|(name, _)| layer(name).as_ref() == Some(&head));
        only.then(|| format!("to start `{head}` from a seed, as a new head: `LoadOptions::new().fresh(\"{head}\")`"))
    }
}

/// Appends lines, up to a limit.
fn lines(text: &mut String, lines: impl ExactSizeIterator<Item = String>) {
    let n = lines.len();
    for line in lines.take(MOST_LINES) {
        let _ = write!(text, "\n  {line}");
    }
    if n > MOST_LINES {
        let _ = write!(text, "\n  … and {} more", n - MOST_LINES);
    }
}

/// Insertions, deletions and replacements from one name to the other (Levenshtein, 1965); names of a file may be long, so within limits.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 200;
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted() {
        for (a, b, expected) in [("", "abc", 3), ("conv1.weight", "conv_1.weight", 1), ("kitten", "sitting", 3), ("a", "a", 0)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn what_pytorch_adds_is_no_mistake() {
        for name in [
            "bn1.num_batches_tracked",
            "num_batches_tracked",
            "aux1.conv.conv.weight",
            "AuxLogits.fc.bias",
            "aux_classifier.4.bias",
        ] {
            assert!(is_no_mistake(name), "{name}");
        }
        assert!(!is_no_mistake("auxiliary.weight"));
    }
}
