//! Machine code for the machine that it is made on, by Cranelift: what a plan's steps are run by where it was made at run time. Floor 10.
//!
//! - `driver`: all steps of a plan as one function, which calls a kernel for each, with constants for all that can be one;
//! - `chain`: one element-wise step as loops with the sizes and strides that it has;
//! - `vectors`: the operations of its expression on vectors of four, with the bits that the kernels have;
//! - `host`: the target, and the way from Cranelift's representation to bytes.
//!
//! All of it is data: bytes that refer to nothing but the addresses that they were made with. Who puts them where they can be
//! executed answers for them; that is the runtime's `jit`.

mod chain;
mod driver;
mod host;
#[cfg(test)]
mod tests;
mod vectors;

pub use chain::{Chain, Walk};
pub use driver::{Bind, Call, Driver, FrameLayout};
pub use host::{Code, Host, Listing, Wanted};
