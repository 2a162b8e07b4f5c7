//! Networks of random graphs, as `network!` would emit them: `build.rs` has. Their types have no methods of their own, which would
//! take rustc longer than all that they are compared for.

use convoke::rt::{Definition, Frame, Linked};

include!(concat!(env!("OUT_DIR"), "/random.rs"));

/// What is emitted of a network.
#[derive(Clone, Copy, Debug)]
pub struct Emitted {
    /// Its plan, and the kernels that it calls.
    pub linked: fn() -> Linked,
    /// What runs it: all of its steps in order.
    pub run: fn(&mut Frame<'_>),
}

impl Emitted {
    const fn of<D: Definition>() -> Emitted {
        Emitted { linked: D::linked, run: D::run }
    }
}
