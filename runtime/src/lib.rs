//! Convolutional networks as Rust source: checked, fused and specialised while your crate compiles.
//!
//! A network is written once, in [`network!`]. The compiler works out every shape and reports every mistake at its place, with
//! the arithmetic; batch norm, activations, residuals and pooling are fused; memory is laid out; and what is left is emitted
//! as Rust with constants for sizes, over kernels for AVX-512, AVX2 and any other machine, chosen when the program runs.
//! Weights are read from safetensors files under PyTorch's names.
//!
//! # Quick start
//!
//! ```
//! use convoke::{Map, network};
//!
//! network! {
//!     /// LeNet-5 (LeCun et al., 1998).
//!     pub LeNet5(image: [1, 32, 32]) {
//!         image
//!             -> c1: conv(6, 5x5) -> tanh -> avg_pool(2x2)
//!             -> c3: conv(16, 5x5) -> tanh -> avg_pool(2x2)
//!             -> c5: conv(120, 5x5) -> tanh
//!             -> flatten
//!             -> f6: linear(84) -> tanh
//!             -> output: linear(10)
//!     }
//! }
//!
//! const _: () = assert!(LeNet5::PARAMETERS == 61_706);
//!
//! fn main() -> Result<(), convoke::Error> {
//!     let net = LeNet5::random(0);            // or LeNet5::load("lenet5.safetensors")?
//!     let mut session = net.session();        // owns the memory that running takes
//!     let image = Map::<1, 32, 32>::from_fn(|_, y, x| ((x + y) % 2) as f32);
//!     let scores = session.run(&image)?;      // &Vector<10>, without allocating
//!     println!("class {}", scores.argmax());
//!     println!("{}", LeNet5::summary());      // layers, sizes, parameters, multiply-adds, kernels
//!     Ok(())
//! }
//! ```
//!
//! An input of other sizes does not compile:
//!
//! ```compile_fail
//! # use convoke::{Map, network};
//! # network! { Tiny(image: [1, 4, 4]) { image -> flatten -> fc: linear(2) } }
//! Tiny::random(0).session().run(&Map::<1, 5, 5>::zeros());
//! ```
//!
//! # Where to look
//!
//! | | |
//! |---|---|
//! | [`network!`] | the language: networks, blocks, layers; what the macro makes of them |
//! | [`Map`], [`Sequence`], [`Vector`] | inputs and outputs of three axes, two and one, with their sizes as types; from and to slices |
//! | [`Session`], [`SessionOptions`] | running a network, one image or a batch at a time |
//! | [`LoadOptions`] | weight files with other names, a prefix, or without a head; numerics, weights as bf16, the instruction set |
//! | [`Summary`] | a network as a table |
//! | `explain` of a network | its plan, step by step; for sizes bound at run time also the code that Cranelift makes of it |
//! | [`Profile`] | where its time goes, step by step, beside the least that each could take |
//! | [`Network`] | any network behind one type, over slices |
//! | [`Error`] | what can go wrong, in sentences |
//!
//! # Weights
//!
//! `load` and `from_bytes` read safetensors: f32 as it is, f16, bf16 and f64 converted. Names and layouts are those of PyTorch's
//! state dicts; every tensor that is missing, unexpected or of other sizes is reported, all in one error. A NaN among the
//! weights is accepted. `random(seed)` gives He-initialised weights, the same for the same seed on every machine and in
//! every version. `save` writes a file that `load` and PyTorch read. Files are not trusted: whatever they hold, the
//! result is a network or an [`Error`].
//!
//! # Instruction sets
//!
//! The widest of [`Isa::ALL`] that the machine has is used. The environment's `CONVOKE_ISA` (`avx512`, `avx2`, `portable`) or
//! [`LoadOptions::isa`] asks for another. A word that is unknown, or an instruction set that the machine lacks, is an error of
//! `load` and `from_bytes`; `random`, `new` and `session`, which cannot fail, leave it to the session's first run and to
//! `session_with`.
//!
//! An image's result has the same bits in a batch as alone, and by all [back ends](Backend); between instruction sets it may
//! differ in the last bits, as sums are ordered differently.
//!
//! # Threads
//!
//! A session divides the steps of an image among the cores, where the network is large enough to gain by it; the result has the same
//! bits for any number of threads. [`SessionOptions::threads`] limits them, the environment's `CONVOKE_THREADS` where that is not
//! called. The threads are those of one pool for the process, started when a session first wants them: several sessions at once
//! share the cores, and threads without work sleep after 50 µs. Loading uses the cores as well. A panic in one of the threads is
//! a panic of the call that it worked for.
//!
//! # Numerics
//!
//! A 3x3 convolution at stride 1 goes through Winograd's transforms, F(2x2, 3x3) or F(4x4, 3x3), where an estimate of arithmetic,
//! transforms and bytes says that it gains: `summary()` says where, and why. The estimate knows sizes only, so that the choice
//! depends on neither threads nor the instruction set. F(2x2) errs as little as sums as they are defined do, F(4x4) by about 2·10⁻⁶ of the
//! values' root mean square. [`LoadOptions::numerics`] with [`Numerics::Direct`] does without.
//!
//! Weights are f32. [`LoadOptions::weights`] with [`WeightType::Bf16`] rounds those of linear layers to half of their bytes, and of the
//! time that reading them takes; sums stay f32.
//!
//! # Features
//!
//! | Feature | |
//! |---|---|
//! | `ndarray` | maps, sequences and vectors from and to views of [`ndarray`](https://docs.rs/ndarray) |
//! | `image` | maps from and to buffers of [`image`](https://docs.rs/image), and `Preprocess`, which resizes, crops and normalises as torchvision does |
//! | `dynamic` | networks of any size: `image: [3, H, W]`, bound to sizes at run time, see [`BoundSession`] |
//! | `jit` | `dynamic`, and machine code by Cranelift for the sizes that a network is bound to, see [`Backend`]; needs Rust 1.95 |
//!
//! None is on by default.
//!
//! # The map of the code
//!
//! A module imports only from lower floors; a test checks it.
//!
//! | Floor | Modules | |
//! |---|---|---|
//! | 0 | `error` `buffer` `isa` `numbers` | errors, aligned memory, the instruction set, numbers as text |
//! | 1 | `tensor` `simd` `threads` | maps, sequences and vectors; one vector type per instruction set; the threads that share a step |
//! | 2 | `kernels` `object` `arrays` `images` | what steps run on, also as an object of its own; conversions of inputs and outputs |
//! | 3 | `weights` `jit/*` | files, names, folding; machine code that is made at run time |
//! | 4 | `rt` | plans accepted, memory and steps of a session: what generated code uses |
//! | 5 | `summary` `picture` | |
//! | 6 | `profile` `explain` | |
//! | 7 | `session` | |
//! | 8 | `network` `any_size/*` | any network behind one type; networks that are bound to sizes at run time |
#![deny(missing_docs)]

#[cfg(feature = "dynamic")]
#[doc(hidden)]
pub mod any_size;
#[cfg(feature = "ndarray")]
mod arrays;
#[doc(hidden)]
pub mod buffer;
mod error;
#[doc(hidden)]
pub mod explain;
#[cfg(feature = "image")]
mod images;
#[doc(hidden)]
pub mod isa;
#[cfg(feature = "jit")]
#[doc(hidden)]
pub mod jit;
#[doc(hidden)]
pub mod kernels;
mod network;
mod numbers;
mod picture;
mod profile;
#[doc(hidden)]
pub mod rt;
mod session;
mod simd;
mod summary;
mod tensor;
#[doc(hidden)]
pub mod threads;
mod weights;

pub use convoke_compiler::plan::Port;
pub use convoke_macros::network;

#[cfg(feature = "dynamic")]
pub use crate::any_size::{AnySession, BindTimes, BoundSession, Tensor};
pub use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "dynamic")]
pub use crate::explain::ExplainOptions;
#[cfg(feature = "image")]
pub use crate::images::{IMAGENET_MEAN, IMAGENET_STD, Preprocess};
pub use crate::isa::Isa;
pub use crate::network::{Network, SliceSession};
pub use crate::picture::Picture;
pub use crate::profile::{Profile, StepProfile};
pub use crate::session::{Backend, Session, SessionOptions};
pub use crate::summary::{LayerSummary, Summary};
pub use crate::tensor::{Map, Sequence, Value, Vector};
pub use crate::weights::{LoadOptions, Numerics, WeightType};
