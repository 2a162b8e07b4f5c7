//! The runtime by its public interface: weight files, sessions, instruction sets, embedded weights. One binary, to link once.

mod common;
mod embedded;
mod isa;
mod sessions;
mod weights;
