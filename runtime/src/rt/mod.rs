//! What generated code uses, and nothing that users write: `network!` emits paths into this module. Floor 4.
//!
//! A [`Definition`] is implemented by `network!` for each network. Its plan is accepted (`accept`: every address checked) when
//! a [`Net`] is made of it and weights; a session prepares the plan's steps and hands them to [`Definition::run`] as a [`Frame`].

mod accept;
mod frame;
mod net;
mod ports;

// So that constants of plans do not depend on what a user calls things.
pub use core::option::Option::{None, Some};

pub use convoke_compiler::plan::*;

pub use self::frame::{Engine, Frame};
pub use self::net::{Linked, Net};
#[cfg(feature = "dynamic")]
pub(crate) use self::net::{isa_of, packed};
pub use self::ports::{MAX_PORTS, Ports};
pub use crate::kernels::{Kernels, Split};

pub(crate) use self::ports::check;

/// A network as a type: implemented by [`network!`](crate::network).
pub trait Definition: Sized + 'static {
    /// What it takes: [`Map`](crate::Map), [`Sequence`](crate::Sequence), [`Vector`](crate::Vector) or a tuple of up to eight.
    type Inputs: Ports;
    /// What it gives.
    type Outputs: Ports;

    /// Its plan, and the kernels that it calls.
    fn linked() -> Linked;

    /// What running it takes.
    fn plan() -> &'static Plan {
        Self::linked().plan
    }

    /// Its plan and weights.
    fn net(&self) -> &Net;

    /// Every step of the plan once, in order.
    fn run(frame: &mut Frame<'_>);
}
