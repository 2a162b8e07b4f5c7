//! A kernel with its arguments, and where among them its pointers stand. Floor 2.

use std::mem::offset_of;
use std::ptr::from_mut;

use super::native::Entry;
use super::native::args::*;
use super::native::program::ProgramArgs;
use super::program::ProgramCall;
use super::strips::StripCall;

/// Where the pointer of an operand in an array of them stands.
fn nth(operands: usize, index: usize) -> usize {
    operands + index * size_of::<Operand>() + offset_of!(Operand, first)
}

/// A kernel and its arguments.
#[derive(Debug)]
pub enum Call {
    /// By whatever algorithm.
    Conv(Entry<ConvArgs>, Box<ConvArgs>),
    /// Convolutions, some rows of each at a time.
    Strips(Entry<StripCall>, Box<StripCall>),
    /// Fully connected.
    Linear(Entry<LinearArgs>, LinearArgs),
    /// Pooling.
    Pool(Entry<PoolArgs>, Box<PoolArgs>),
    /// One element-wise function.
    Map(Entry<MapArgs>, Box<MapArgs>),
    /// An expression of elements.
    Program(Entry<ProgramArgs>, Box<ProgramCall>),
    /// The mean of the channels.
    Mean(Entry<MeanArgs>, MeanArgs),
    /// By mean and variance.
    Norm(Entry<NormArgs>, Box<NormArgs>),
    /// By neighbouring channels.
    LocalNorm(Entry<LocalNormArgs>, LocalNormArgs),
    /// A map at another size.
    Resize(Entry<ResizeArgs>, ResizeArgs),
    /// Over channels.
    Softmax(Entry<SoftmaxArgs>, SoftmaxArgs),
    /// Step by step.
    Recurrent(Entry<RecurrentArgs>, Box<RecurrentArgs>),
    /// Zeros around a map.
    Border(Entry<BorderArgs>, BorderArgs),
}

/// One pointer of the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first input.
    A,
    /// The second input, or a residual.
    B,
    /// The input of that number.
    Nth(usize),
    /// The output.
    Out,
    /// A second output.
    Also,
}

impl Call {
    /// Where a pointer stands among the arguments, in bytes.
    pub fn field(&self, slot: Slot) -> usize {
        match (self, slot) {
            (Call::Conv(..), Slot::A) => offset_of!(ConvArgs, input.first),
            (Call::Conv(..), Slot::B) => offset_of!(ConvArgs, residual.first),
            (Call::Conv(_, args), Slot::Out) if args.strip_rows > 0 => offset_of!(ConvArgs, pool.output.first),
            (Call::Conv(..), Slot::Out) => offset_of!(ConvArgs, output.first),
            (Call::Strips(..), Slot::A) => offset_of!(StripCall, input),
            (Call::Strips(..), Slot::Nth(index)) => offset_of!(StripCall, residuals) + index * size_of::<*const f32>(),
            (Call::Strips(..), _) => offset_of!(StripCall, output),
            (Call::Linear(..), Slot::A) => offset_of!(LinearArgs, input),
            (Call::Linear(..), Slot::B) => offset_of!(LinearArgs, residual),
            (Call::Linear(..), Slot::Out) => offset_of!(LinearArgs, output),
            (Call::Pool(..), Slot::A | Slot::B) => offset_of!(PoolArgs, input.first),
            (Call::Pool(..), Slot::Out) => offset_of!(PoolArgs, output.first),
            (Call::Map(..), Slot::A) => nth(offset_of!(MapArgs, inputs), 0),
            (Call::Map(..), Slot::B) => nth(offset_of!(MapArgs, inputs), 1),
            (Call::Map(..), Slot::Out) => offset_of!(MapArgs, output.first),
            (Call::Program(..), Slot::Nth(index)) => nth(offset_of!(ProgramArgs, inputs), index),
            (Call::Program(..), _) => offset_of!(ProgramArgs, output.first),
            (Call::Mean(..), Slot::A | Slot::B) => offset_of!(MeanArgs, input.first),
            (Call::Mean(..), Slot::Out) => offset_of!(MeanArgs, output.first),
            (Call::Norm(..), Slot::A | Slot::B) => offset_of!(NormArgs, input.first),
            (Call::Norm(..), Slot::Out) => offset_of!(NormArgs, output.first),
            (Call::LocalNorm(..), Slot::A | Slot::B) => offset_of!(LocalNormArgs, input.first),
            (Call::LocalNorm(..), Slot::Out) => offset_of!(LocalNormArgs, output.first),
            (Call::Resize(..), Slot::A | Slot::B) => offset_of!(ResizeArgs, input.first),
            (Call::Resize(..), Slot::Out) => offset_of!(ResizeArgs, output.first),
            (Call::Softmax(..), Slot::A | Slot::B) => offset_of!(SoftmaxArgs, input.first),
            (Call::Softmax(..), Slot::Out) => offset_of!(SoftmaxArgs, output.first),
            (Call::Recurrent(..), Slot::A) => offset_of!(RecurrentArgs, input),
            (Call::Recurrent(..), Slot::B) => offset_of!(RecurrentArgs, first_hidden),
            (Call::Recurrent(..), Slot::Nth(_)) => offset_of!(RecurrentArgs, first_cell),
            (Call::Recurrent(..), Slot::Out) => offset_of!(RecurrentArgs, output),
            (Call::Recurrent(..), Slot::Also) => offset_of!(RecurrentArgs, last_cell),
            (Call::Border(..), _) => offset_of!(BorderArgs, map.first),
            (_, Slot::Nth(_) | Slot::Also) => unreachable!("no other kernel has so many inputs or outputs"),
        }
    }

    /// Points one of the kernel's pointers somewhere.
    #[inline]
    pub fn set(&mut self, slot: Slot, to: *mut f32) {
        let field = self.field(slot);
        // SAFETY: `field` is that of a pointer to floats in these arguments, which are borrowed for writing.
        unsafe { self.arguments().add(field).cast::<*mut f32>().write(to) }
    }

    /// Where the arguments begin.
    #[inline]
    pub fn arguments(&mut self) -> *mut u8 {
        match self {
            Call::Conv(_, args) => from_mut(&mut **args).cast(),
            Call::Strips(_, call) => from_mut(&mut **call).cast(),
            Call::Linear(_, args) => from_mut(args).cast(),
            Call::Pool(_, args) => from_mut(&mut **args).cast(),
            Call::Map(_, args) => from_mut(&mut **args).cast(),
            Call::Program(_, call) => from_mut(&mut call.args).cast(),
            Call::Mean(_, args) => from_mut(args).cast(),
            Call::Norm(_, args) => from_mut(&mut **args).cast(),
            Call::LocalNorm(_, args) => from_mut(args).cast(),
            Call::Resize(_, args) => from_mut(args).cast(),
            Call::Softmax(_, args) => from_mut(args).cast(),
            Call::Recurrent(_, args) => from_mut(&mut **args).cast(),
            Call::Border(_, args) => from_mut(args).cast(),
        }
    }

    /// The address of the kernel's function, an `Entry` of whatever arguments it takes.
    #[cfg(feature = "jit")]
    pub fn entry(&self) -> usize {
        match self {
            Call::Conv(kernel, _) => *kernel as usize,
            Call::Strips(kernel, _) => *kernel as usize,
            Call::Linear(kernel, _) => *kernel as usize,
            Call::Pool(kernel, _) => *kernel as usize,
            Call::Map(kernel, _) => *kernel as usize,
            Call::Program(kernel, _) => *kernel as usize,
            Call::Mean(kernel, _) => *kernel as usize,
            Call::Norm(kernel, _) => *kernel as usize,
            Call::LocalNorm(kernel, _) => *kernel as usize,
            Call::Resize(kernel, _) => *kernel as usize,
            Call::Softmax(kernel, _) => *kernel as usize,
            Call::Recurrent(kernel, _) => *kernel as usize,
            Call::Border(kernel, _) => *kernel as usize,
        }
    }

    /// Calls the kernel for a share of its work.
    ///
    /// # Safety
    /// The arguments are what the kernel asks for, and the machine has its instruction set.
    pub unsafe fn run(&self, part: usize, n: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Call::Conv(kernel, args) => kernel(&**args, part, n),
                Call::Strips(kernel, call) => kernel(&**call, part, n),
                Call::Linear(kernel, args) => kernel(args, part, n),
                Call::Pool(kernel, args) => kernel(&**args, part, n),
                Call::Map(kernel, args) => kernel(&**args, part, n),
                Call::Program(kernel, call) => kernel(&call.args, part, n),
                Call::Mean(kernel, args) => kernel(args, part, n),
                Call::Norm(kernel, args) => kernel(&**args, part, n),
                Call::LocalNorm(kernel, args) => kernel(args, part, n),
                Call::Resize(kernel, args) => kernel(args, part, n),
                Call::Softmax(kernel, args) => kernel(args, part, n),
                Call::Recurrent(kernel, args) => kernel(&**args, part, n),
                Call::Border(kernel, args) => kernel(args, part, n),
            }
        }
    }
}
