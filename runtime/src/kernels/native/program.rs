//! Expressions of elements: each operation of a program over a block of them, then the next. Floor 2.
//!
//! A block stays in the first-level cache, so that deciding what an operation is costs once for many vectors. Products are never
//! fused with sums: the bits are the same on every instruction set.

use super::args::Operand;
use super::math;
use super::share::Share;
use crate::simd::{Simd, Unfused};

/// What an operation of a program computes, as [`Function`](convoke_compiler::program::Function) defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    /// `a`
    Same,
    /// `−a`
    Neg,
    /// `|a|`
    Abs,
    /// `√a`
    Sqrt,
    /// `exp a`
    Exp,
    /// `ln a`
    Ln,
    /// `tanh a`
    Tanh,
    /// `1 / (1 + exp(−a))`
    Sigmoid,
    /// `a + b`
    Add,
    /// `a − b`
    Sub,
    /// `a · b`
    Mul,
    /// `a / b`
    Div,
    /// The smaller, or the one that is no NaN.
    Min,
    /// The larger, or the one that is no NaN.
    Max,
    /// `c` where `a < b`, else `d`
    IfLess,
    /// `c` where `a ≤ b`, else `d`
    IfLessOrEqual,
    /// `c` where `a = b`, else `d`
    IfEqual,
}

/// Where an operation reads or writes: a block of elements in memory that the kernel knows by this number.
///
/// The first [`ProgramArgs::MAX_INPUTS`] are the program's inputs, then come registers, then numbers; [`ProgramArgs::OUTPUT`] is its output.
pub type Block = u32;

/// One operation of a program.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ProgramOp {
    /// What it computes.
    pub code: Code,
    /// What it writes: a register or the output.
    pub to: Block,
    /// What it reads, as many as it computes with; the others are the first input.
    pub of: [Block; 4],
}

/// An element-wise kernel that runs a program: three nested loops over operands by strides.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ProgramArgs {
    /// The operations.
    pub ops: *const ProgramOp,
    /// How many there are.
    pub n_ops: usize,
    /// The numbers, each as often as a vector has lanes at most: 16 times.
    pub numbers: *const [f32; 16],
    /// How many there are.
    pub n_numbers: usize,
    /// Outermost to innermost.
    pub sizes: [usize; 3],
    /// What is written.
    pub output: Operand,
    /// What is read.
    pub inputs: [Operand; ProgramArgs::MAX_INPUTS],
    /// How many of them are.
    pub n_inputs: usize,
    /// [`ProgramArgs::SCRATCH`] elements for each share.
    pub scratch: *mut f32,
}

impl ProgramArgs {
    /// Values that a program reads.
    pub const MAX_INPUTS: usize = 8;
    /// Results that are kept at a time.
    pub const MAX_REGISTERS: usize = 16;
    /// Different numbers.
    pub const MAX_NUMBERS: usize = 64;
    /// The block of the output.
    pub const OUTPUT: usize = Self::MAX_INPUTS + Self::MAX_REGISTERS + Self::MAX_NUMBERS;
    /// Elements that an operation computes before the next one does: a whole number of vectors.
    pub const BLOCK: usize = 256;
    /// Elements of scratch: a block for each register, for each input and for the output.
    pub const SCRATCH: usize = (Self::MAX_REGISTERS + Self::MAX_INPUTS + 1) * Self::BLOCK;
}

const BLOCK: usize = ProgramArgs::BLOCK;

/// Elements that an operation reads: one after another, or the same for all (`mask` 0).
#[derive(Clone, Copy)]
struct Elements {
    first: *mut f32,
    mask: usize,
}

/// A share of the elements: of the outermost loop that has as many turns as there are shares, or the longest.
///
/// # Safety
/// The machine has the instruction set, the operands are valid for the sizes, the scratch for what it must hold, and the operations
/// read and write blocks that there are.
#[inline(always)]
pub unsafe fn layer<S: Simd>(a: &ProgramArgs, share: Share) {
    let [n0, n1, n2] = a.sizes;
    let axis = match () {
        _ if n0 >= share.n_parts => 0,
        _ if n1 >= share.n_parts => 1,
        _ => 2,
    };
    // Neighbours of the innermost loop stay together by cache lines.
    let (from, to) = share.of(a.sizes[axis], if axis == 2 { 64 } else { 1 });
    let mut starts = [0; 3];
    let mut ends = [n0, n1, n2];
    (starts[axis], ends[axis]) = (from, to);
    // SAFETY: the caller's promise; each share has scratch of its own.
    unsafe {
        let a = &ProgramArgs { scratch: a.scratch.add(share.part * ProgramArgs::SCRATCH), ..*a };
        let mut blocks = [Elements { first: a.scratch, mask: usize::MAX }; ProgramArgs::OUTPUT + 1];
        for register in 0..ProgramArgs::MAX_REGISTERS {
            blocks[ProgramArgs::MAX_INPUTS + register].first = a.scratch.add(register * BLOCK);
        }
        for number in 0..a.n_numbers.min(ProgramArgs::MAX_NUMBERS) {
            let first = a.numbers.add(number).cast_mut().cast();
            blocks[ProgramArgs::MAX_INPUTS + ProgramArgs::MAX_REGISTERS + number] = Elements { first, mask: 0 };
        }
        for i in starts[0]..ends[0] {
            for j in starts[1]..ends[1] {
                let mut start = starts[2];
                while start < ends[2] {
                    let n = (ends[2] - start).min(BLOCK);
                    let at = |operand: &Operand| {
                        let [s0, s1, s2] = operand.strides;
                        operand.first.wrapping_add(i * s0 + j * s1 + start * s2)
                    };
                    block::<S>(a, &mut blocks, n, at);
                    start += n;
                }
            }
        }
    }
}

/// The program on `n` elements, of each operand from where `at` says.
#[inline(always)]
unsafe fn block<S: Simd>(
    a: &ProgramArgs,
    blocks: &mut [Elements; ProgramArgs::OUTPUT + 1],
    n: usize,
    at: impl Fn(&Operand) -> *mut f32,
) {
    // SAFETY: the caller's promise; what is not whole vectors of neighbours goes through blocks of scratch, of which only `n` elements
    // mean anything.
    unsafe {
        let whole = n & (S::LANES - 1) == 0;
        let staged = |index: usize| a.scratch.add((ProgramArgs::MAX_REGISTERS + index) * BLOCK);
        for (index, operand) in a.inputs.iter().enumerate().take(a.n_inputs) {
            let from = at(operand);
            blocks[index].first = if whole && operand.strides[2] == 1 {
                from
            } else {
                let to = staged(index);
                for k in 0..n {
                    *to.add(k) = *from.add(k * operand.strides[2]);
                }
                to
            };
        }
        let output = at(&a.output);
        let direct = whole && a.output.strides[2] == 1;
        let result = if direct { output } else { staged(ProgramArgs::MAX_INPUTS) };
        blocks[ProgramArgs::OUTPUT].first = result;
        let mut op = a.ops;
        for _ in 0..a.n_ops {
            run::<S>(&*op, blocks, n);
            op = op.add(1);
        }
        if !direct {
            for k in 0..n {
                *output.add(k * a.output.strides[2]) = *result.add(k);
            }
        }
    }
}

/// One operation on whole vectors that hold `n` elements.
#[inline(always)]
unsafe fn run<S: Simd>(op: &ProgramOp, blocks: &[Elements; ProgramArgs::OUTPUT + 1], n: usize) {
    // SAFETY: the caller's promise; an index beyond the blocks, which there is none of, would read the output.
    unsafe {
        let block = |index: u32| blocks[(index as usize).min(ProgramArgs::OUTPUT)];
        let to = block(op.to).first;
        let [a, b, c, d] = op.of.map(block);
        macro_rules! each {
            (|$($arg:ident),*| $value:expr) => {{
                let mut i = 0;
                while i < n {
                    $(let $arg = S::load($arg.first.add(i & $arg.mask));)*
                    S::store(to.add(i), $value);
                    i += S::LANES;
                }
            }};
        }
        match op.code {
            Code::Same => each!(|a| a),
            Code::Neg => each!(|a| S::sub(S::splat(-0.0), a)),
            Code::Abs => each!(|a| S::abs(a)),
            Code::Sqrt => each!(|a| S::sqrt(a)),
            Code::Exp => each!(|a| math::exp::<Unfused<S>>(a)),
            Code::Ln => each!(|a| math::ln_of::<Unfused<S>>(a)),
            Code::Tanh => each!(|a| math::tanh::<Unfused<S>>(a)),
            Code::Sigmoid => each!(|a| math::sigmoid::<Unfused<S>>(a)),
            Code::Add => each!(|a, b| S::add(a, b)),
            Code::Sub => each!(|a, b| S::sub(a, b)),
            Code::Mul => each!(|a, b| S::mul(a, b)),
            Code::Div => each!(|a, b| S::div(a, b)),
            // A vector's minimum is the second where one is NaN; where that is the NaN, the first is wanted.
            Code::Min => each!(|a, b| S::if_equal(b, b, S::min(a, b), a)),
            Code::Max => each!(|a, b| S::if_equal(b, b, S::max(a, b), a)),
            Code::IfLess => each!(|a, b, c, d| S::if_less(a, b, c, d)),
            Code::IfLessOrEqual => each!(|a, b, c, d| S::if_less_or_equal(a, b, c, d)),
            Code::IfEqual => each!(|a, b, c, d| S::if_equal(a, b, c, d)),
        }
    }
}
