//! Mistakes, collected and then reported all at once, each once, on its own tokens. Floor 10.

use super::network::Network;
use super::syntax::Place;
use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use std::collections::HashMap;

/// All mistakes of one invocation.
#[derive(Clone, Default)]
pub struct Reports {
    entries: Vec<Entry>,
    known: HashMap<(u32, Kind), usize>,
    /// How often each block is used, by the place of its name.
    n_uses: HashMap<u32, usize>,
}

/// Mistakes of one kind at one place are one mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Malformed.
    Syntax,
    /// A name that means nothing, or means two things.
    Name,
    /// An argument or value of the wrong kind.
    Value,
    /// Sizes that do not fit.
    Shape,
    /// Two tensors of one name.
    Tensor,
    /// Too much to evaluate.
    Limit,
    /// A weight file that does not fit.
    Weights,
}

/// The use of a block that a mistake was met in.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// Where the use stands.
    pub place: Place,
    /// `layer2.0`
    pub path: String,
    /// `basic(128, stride = 2)`
    pub call: String,
    /// The name of the block where it is defined.
    pub block: Place,
}

#[derive(Clone)]
struct Entry {
    place: Place,
    message: String,
    uses: Vec<Use>,
    n_others: usize,
}

impl Reports {
    /// A mistake that does not depend on who uses it.
    pub(super) fn add(&mut self, place: Place, kind: Kind, message: impl Into<String>) {
        self.add_in(place, kind, message, &[]);
    }

    /// A mistake met while the innermost of `uses` was evaluated.
    pub(super) fn add_in(&mut self, place: Place, kind: Kind, message: impl Into<String>, uses: &[Use]) {
        if let Some(&known) = self.known.get(&(place.id, kind)) {
            self.entries[known].n_others += 1;
            return;
        }
        self.known.insert((place.id, kind), self.entries.len());
        self.entries.push(Entry { place, message: message.into(), uses: uses.to_vec(), n_others: 0 });
    }

    /// A block is used once more.
    pub(super) fn count_use(&mut self, block: Place) {
        *self.n_uses.entry(block.id).or_default() += 1;
    }

    /// A mistake of a network as a whole.
    pub fn add_whole(&mut self, network: &Network, message: impl Into<String>) {
        self.add(network.place, Kind::Limit, message);
    }

    /// How many mistakes there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all is well.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every mistake by line and column (from 1), in the order of the source.
    pub fn messages(&self) -> Vec<(usize, usize, String)> {
        self.sorted().into_iter().map(|(line, column, entry)| (line, column + 1, entry.text(&self.n_uses))).collect()
    }

    /// `compile_error!`s, which can stand among items and among statements.
    pub fn tokens(&self) -> TokenStream {
        self.sorted().into_iter().flat_map(|(_, _, entry)| compile_error(entry.place, &entry.text(&self.n_uses))).collect()
    }

    fn sorted(&self) -> Vec<(usize, usize, &Entry)> {
        let mut sorted: Vec<_> = self
            .entries
            .iter()
            .map(|entry| {
                let start = entry.place.start.start();
                (start.line, start.column, entry)
            })
            .collect();
        sorted.sort_by_key(|&(line, column, _)| (line, column));
        sorted
    }
}

impl Entry {
    /// The message with the uses that led there, the innermost first.
    fn text(&self, n_uses: &HashMap<u32, usize>) -> String {
        let mut text = self.message.clone();
        for (i, Use { place, path, call, .. }) in self.uses.iter().rev().enumerate() {
            text += if i == 0 { "\nnote: in " } else { ", in " };
            text += &match path.as_str() {
                "" => format!("`{call}`, line {}", place.line()),
                path => format!("`{path}`, by `{call}`, line {}", place.line()),
            };
        }
        let n_uses = self.uses.last().and_then(|used| n_uses.get(&used.block.id).copied()).unwrap_or_default();
        match (self.uses.is_empty(), self.n_others, n_uses) {
            (true, ..) | (_, 0, ..=1) => {}
            (_, 0, n) => text += &format!(", which is one of {n} uses of this block"),
            (_, 1, _) => text += ", and in one more use of this block",
            (_, n, _) => text += &format!(", and in {n} more uses of this block"),
        }
        text
    }
}

/// `::core::compile_error! { "message" }`, spanned so that rustc underlines from the first to the last token.
fn compile_error(place: Place, message: &str) -> TokenStream {
    let punct = |c, spacing| spanned(Punct::new(c, spacing), place.start);
    let ident = |word| TokenTree::from(Ident::new(word, place.start));
    let text = spanned(Literal::string(message), place.end);
    let group = spanned(Group::new(Delimiter::Brace, TokenStream::from(text)), place.end);
    let joint = Spacing::Joint;
    let alone = Spacing::Alone;
    [
        punct(':', joint),
        punct(':', alone),
        ident("core"),
        punct(':', joint),
        punct(':', alone),
        ident("compile_error"),
        punct('!', alone),
        group,
    ]
    .into_iter()
    .collect()
}

fn spanned(token: impl Into<TokenTree>, span: Span) -> TokenTree {
    let mut token = token.into();
    token.set_span(span);
    token
}
