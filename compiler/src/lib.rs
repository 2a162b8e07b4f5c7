//! The compiler behind convoke, as a library: see the `convoke` crate for what users write.
//!
//! # The pipeline
//!
//! `parse → resolve (blocks, names, arithmetic) → infer → verify → passes → choose algorithms → place memory → verify → emit`
//!
//! # The floors
//!
//! A module imports only from lower floors; `tests/` checks it.
//!
//! | Floor | Modules |
//! |---|---|
//! | 0 | `diag` `dim` |
//! | 1 | `shape` |
//! | 2 | `graph` `tensor` |
//! | 3 | `plan` |
//! | 4 | `ops/*` |
//! | 5 | `registry` `text` `infer` `verify` `evaluate` |
//! | 6 | `passes/*` |
//! | 7 | `lower` |
//! | 8 | `parse` `emit_rust` |
#![forbid(unsafe_code)]

pub mod plan;

#[cfg(feature = "planner")]
pub mod diag;
#[cfg(feature = "planner")]
pub mod dim;
#[cfg(feature = "parse")]
pub mod emit_rust;
#[cfg(feature = "planner")]
pub mod evaluate;
#[cfg(feature = "planner")]
pub mod graph;
#[cfg(feature = "planner")]
pub mod infer;
#[cfg(feature = "planner")]
pub mod lower;
#[cfg(feature = "planner")]
pub mod ops;
#[cfg(feature = "parse")]
pub mod parse;
#[cfg(feature = "planner")]
pub mod passes;
#[cfg(feature = "planner")]
pub mod registry;
#[cfg(feature = "planner")]
pub mod shape;
#[cfg(feature = "planner")]
pub mod tensor;
#[cfg(feature = "planner")]
pub mod text;
#[cfg(feature = "planner")]
pub mod verify;
