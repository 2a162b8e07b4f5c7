//! Convolutional networks as Rust source: checked, fused and specialised while your crate compiles.
#![deny(missing_docs)]

#[doc(hidden)]
pub mod buffer;
mod error;
#[doc(hidden)]
pub mod isa;
#[doc(hidden)]
pub mod kernels;
mod network;
#[doc(hidden)]
pub mod rt;
mod session;
mod simd;
mod summary;
mod tensor;
mod weights;

pub use convoke_compiler::plan::Port;

pub use crate::error::{Error, ErrorKind, Result};
pub use crate::isa::Isa;
pub use crate::network::{Network, SliceSession};
pub use crate::session::{Backend, Session, SessionOptions};
pub use crate::summary::{LayerSummary, Summary};
pub use crate::tensor::{Map, Value, Vector};
pub use crate::weights::LoadOptions;
