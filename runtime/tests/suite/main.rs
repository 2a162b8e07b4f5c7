//! The runtime by its public interface: weight files, sessions, threads, instruction sets, embedded weights. One binary, to link
//! once.

mod common;
mod embedded;
mod isa;
mod sessions;
mod threads;
mod weights;
