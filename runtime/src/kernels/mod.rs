//! Kernels: what a step of the plan runs on an instruction set. Floor 2.
//!
//! A step is *prepared* once for a session: its sizes and pointers become the arguments of one function. Running it is one call.

use convoke_compiler::plan::{Form, Kernel};

use crate::buffer::Buffer;
use crate::isa::Isa;

/// Weights in a kernel's tiling, made from PyTorch's layout.
///
/// `weight` is `[filters, channels / groups, rows, columns]`, `[outputs, inputs]`, or the scales of an affine; `bias` has one element
/// per filter, output or channel (zeros where there is none; the shifts of an affine).
pub fn pack(form: &Form, isa: Isa, weight: &[f32], bias: &[f32]) -> Buffer {
    let _ = (weight, bias);
    Buffer::zeroed(packed_len(form, isa))
}

/// Elements of a pack.
pub fn packed_len(form: &Form, isa: Isa) -> usize {
    let _ = (form, isa);
    0
}

/// Elements of scratch that a step needs while it runs; a session keeps the largest of its steps.
pub fn scratch_len(kernel: &Kernel, isa: Isa) -> usize {
    let _ = (kernel, isa);
    0
}

/// The memory of a session, which stays where it is.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// [`convoke_compiler::plan::Plan::arena_len`] elements.
    pub arena: *mut f32,
    /// The largest [`scratch_len`] of the plan's steps.
    pub scratch: *mut f32,
}

/// The first elements of one image's inputs and outputs.
#[derive(Clone, Copy, Debug)]
pub struct PortPointers<'a> {
    /// By index among the plan's inputs.
    pub inputs: &'a [*const f32],
    /// By index among the plan's outputs.
    pub outputs: &'a [*mut f32],
}

/// A step bound to a session's memory: the arguments of a kernel and the function that takes them.
#[derive(Debug)]
pub struct Prepared;

impl Prepared {
    /// Binds a step to memory. `packs` are those of the plan by index.
    ///
    /// # Safety
    /// Pointers of `memory` and `packs` are valid as their documentation says for as long as the result is used, every element
    /// that the step touches lies inside them, and `isa` is available on this machine.
    pub unsafe fn new(kernel: &Kernel, isa: Isa, packs: &[*const f32], memory: &Memory) -> Prepared {
        let _ = (kernel, isa, packs, memory);
        Prepared
    }

    /// Runs the step on one image.
    ///
    /// # Safety
    /// What [`Prepared::new`] asks for still holds, nothing else uses that memory meanwhile, and `ports` points to as many
    /// elements as the plan's ports have.
    pub unsafe fn run(&mut self, ports: &PortPointers<'_>) {
        let _ = ports;
    }

    /// Runs a convolution with every loop bound a constant: an instance for its `C` channels, `KH` x `KW` window and strides,
    /// compiled in the crate that asks for it. The same bits as [`Prepared::run`], which is what it does in builds with debug
    /// assertions and for steps that do not have these sizes.
    ///
    /// # Safety
    /// As for [`Prepared::run`].
    #[inline]
    pub unsafe fn run_fixed<const C: usize, const KH: usize, const KW: usize, const SH: usize, const SW: usize>(
        &mut self,
        ports: &PortPointers<'_>,
    ) {
        // SAFETY: the caller's promise is the same.
        unsafe { self.run(ports) }
    }
}
