//! Recurrent layers: what is done at each step of a sequence.

use super::{List, View};

/// What a recurrent layer does at each step, with `W·x` and its biases in the input `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// `h ← tanh(x + U·h)`
    Tanh,
    /// `h ← max(x + U·h, 0)`
    Relu,
    /// Gates i, f, g, o: `c ← σ(f)·c + σ(i)·tanh(g)`, `h ← σ(o)·tanh(c)`, each gate being `x + U·h`.
    Lstm,
    /// Gates r, z, n: `h ← (1 − σ(z))·n + σ(z)·h` with `n = tanh(x + σ(r)·(U·h + b))`, r and z being `x + U·h`.
    Gru,
}

impl Cell {
    /// Rows of its matrices for each element of its state.
    pub const fn n_gates(self) -> usize {
        match self {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Gru => 3,
            Cell::Lstm => 4,
        }
    }
}

/// One layer of a recurrent network in one or both directions, from what it makes of its input to the states at every step.
///
/// A sequence is a map of one row: steps are columns, features are channels. Of two directions the second goes from the last step
/// to the first; its features come after those of the first. States are rows, one of each direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent {
    /// What is done at each step.
    pub cell: Cell,
    /// Elements of the state of one direction, before it is projected.
    pub hidden: usize,
    /// What the gates are before `U·h` is added: gate after gate of one direction, then of the other; features lie side by side.
    pub input: View,
    /// The states at every step.
    pub output: View,
    /// What h is before the first step; zero where absent.
    pub first_hidden: Option<View>,
    /// What c is before the first step; zero where absent.
    pub first_cell: Option<View>,
    /// Where c goes after the last step.
    pub last_cell: Option<View>,
    /// Indices into [`Plan::packs`](super::Plan::packs): `U` of each direction.
    pub packs: List<usize>,
    /// The same of what projects h to fewer elements; none where nothing does.
    pub projections: List<usize>,
}

impl Recurrent {
    /// How many directions.
    pub fn n_directions(&self) -> usize {
        self.packs.len()
    }

    /// Elements of the output of one direction.
    pub fn width(&self) -> usize {
        self.output.channels / self.n_directions().max(1)
    }
}
