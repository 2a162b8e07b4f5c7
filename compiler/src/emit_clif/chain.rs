//! One element-wise step as loops: over rows, over vectors of four elements, and over what is left, one by one. No result of an
//! operation is stored but the last.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F32X4, I64};
use cranelift_codegen::ir::{BlockArg, InstBuilder, MemFlagsData, Value};
use cranelift_frontend::FunctionBuilder;

use super::host::{Code, Host, Wanted};
use super::vectors::Vectors;
use crate::program::Operation;

/// An expression over three nested loops: `extern "C" fn(arguments, part, n_parts)`, a share of the elements as a kernel computes it.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a> {
    /// The loops, outermost first.
    pub sizes: [usize; 3],
    /// What is written, then the expression's inputs.
    pub operands: &'a [Walk],
    /// The expression.
    pub operations: &'a [Operation],
}

/// How the loops walk through an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Where the arguments hold the pointer to its first element, in bytes.
    pub pointer: usize,
    /// Of each loop, in elements.
    pub strides: [usize; 3],
}

/// Lanes of a vector.
const LANES: usize = 4;
/// Elements of the innermost loop that stay in one share: some cache lines.
const UNIT: usize = 64;
/// From so many rows on, shares are made of whole rows.
const MANY_ROWS: usize = 16;

impl Chain<'_> {
    /// Its machine code.
    ///
    /// # Errors
    /// If the verifier was asked and found a mistake, or Cranelift cannot make code of it.
    pub fn compile(&self, host: &Host, wanted: Wanted) -> Result<Code, String> {
        host.compile(host.signature(&[I64; 3]), wanted, |builder| self.build(builder))
    }

    fn build(&self, builder: &mut FunctionBuilder<'_>) {
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        let &[arguments, part, n_parts] = builder.block_params(entry) else { unreachable!("the signature has three") };
        let firsts: Vec<Value> = self
            .operands
            .iter()
            .map(|walk| builder.ins().load(I64, MemFlagsData::trusted(), arguments, walk.pointer as i32))
            .collect();
        let [outer, middle, inner] = self.sizes;
        let n_rows = outer * middle;
        let whole = |builder: &mut FunctionBuilder<'_>, n: usize| [0, n].map(|n| builder.ins().iconst(I64, n as i64));
        let (rows, columns) = if n_rows >= MANY_ROWS {
            (share(builder, [part, n_parts], n_rows, 1), whole(builder, inner))
        } else {
            (whole(builder, n_rows), share(builder, [part, n_parts], inner, UNIT))
        };
        self::each(builder, rows, 1, |builder, row| {
            let pointers: Vec<Value> =
                self.operands.iter().zip(&firsts).map(|(walk, &first)| self.row(builder, walk, first, row)).collect();
            self.columns(builder, &pointers, columns);
        });
        builder.ins().return_(&[]);
    }

    /// The first element of a row of an operand; rows are counted through both outer loops.
    fn row(&self, builder: &mut FunctionBuilder<'_>, walk: &Walk, first: Value, row: Value) -> Value {
        let [outer, middle, _] = self.sizes;
        let [s0, s1, _] = walk.strides;
        let mut step = |of: Value, stride: usize| builder.ins().imul_imm_u(of, bytes(stride));
        let offset = match () {
            // Of both loops in one stride, too.
            _ if outer == 1 || s0 == middle * s1 => step(row, s1),
            _ if middle == 1 => step(row, s0),
            _ => {
                let i = builder.ins().udiv_imm_u(row, middle as i64);
                let before = builder.ins().imul_imm_u(i, middle as i64);
                let j = builder.ins().isub(row, before);
                let [i, j] = [(i, s0), (j, s1)].map(|(of, stride)| builder.ins().imul_imm_u(of, bytes(stride)));
                builder.ins().iadd(i, j)
            }
        };
        builder.ins().iadd(first, offset)
    }

    /// The innermost loop from one element up to another.
    fn columns(&self, builder: &mut FunctionBuilder<'_>, pointers: &[Value], [from, to]: [Value; 2]) {
        // What does not move is read once.
        let fixed: Vec<Option<Value>> = self
            .operands
            .iter()
            .zip(pointers)
            .enumerate()
            .map(|(index, (walk, &pointer))| {
                (index > 0 && walk.strides[2] == 0).then(|| {
                    let element = builder.ins().load(F32, MemFlagsData::new(), pointer, 0);
                    builder.ins().splat(F32X4, element)
                })
            })
            .collect();
        let len = builder.ins().isub(to, from);
        let in_vectors = builder.ins().band_imm_s(len, -(LANES as i64));
        let middle = builder.ins().iadd(from, in_vectors);
        for (bounds, n) in [([from, middle], LANES), ([middle, to], 1)] {
            self::each(builder, bounds, n, |builder, at| {
                let mut inputs = Vec::with_capacity(self.operands.len());
                for ((walk, &pointer), &fixed) in self.operands.iter().zip(pointers).zip(&fixed).skip(1) {
                    inputs.push(fixed.unwrap_or_else(|| {
                        let from = element(builder, walk, pointer, at);
                        load(builder, from, walk.strides[2], n)
                    }));
                }
                let result = Vectors::new(builder).run(self.operations, &inputs);
                let to = element(builder, &self.operands[0], pointers[0], at);
                store(builder, result, to, self.operands[0].strides[2], n);
            });
        }
    }
}

fn bytes(elements: usize) -> i64 {
    (elements * size_of::<f32>()) as i64
}

/// A share of `len` elements of which `unit` stay together: from, and up to.
fn share(builder: &mut FunctionBuilder<'_>, [part, n_parts]: [Value; 2], len: usize, unit: usize) -> [Value; 2] {
    let next = builder.ins().iadd_imm_u(part, 1);
    [part, next].map(|part| {
        let units = builder.ins().imul_imm_u(part, len.div_ceil(unit) as i64);
        let units = builder.ins().udiv(units, n_parts);
        let elements = builder.ins().imul_imm_u(units, unit as i64);
        let len = builder.ins().iconst(I64, len as i64);
        builder.ins().umin(elements, len)
    })
}

/// A loop from one number up to another by `step`, of which their distance is a multiple.
fn each(
    builder: &mut FunctionBuilder<'_>,
    [from, to]: [Value; 2],
    step: usize,
    body: impl FnOnce(&mut FunctionBuilder<'_>, Value),
) {
    let [turn, after] = [builder.create_block(), builder.create_block()];
    let at = builder.append_block_param(turn, I64);
    let any = builder.ins().icmp(IntCC::UnsignedLessThan, from, to);
    builder.ins().brif(any, turn, &[BlockArg::from(from)], after, &[]);
    builder.switch_to_block(turn);
    body(builder, at);
    let next = builder.ins().iadd_imm_u(at, step as i64);
    let more = builder.ins().icmp(IntCC::UnsignedLessThan, next, to);
    builder.ins().brif(more, turn, &[BlockArg::from(next)], after, &[]);
    builder.switch_to_block(after);
}

/// Where element `at` of a row is.
fn element(builder: &mut FunctionBuilder<'_>, walk: &Walk, row: Value, at: Value) -> Value {
    let offset = match walk.strides[2] {
        // In the words that an address of the processor's is recognised by.
        1 => builder.ins().ishl_imm_u(at, 2),
        stride => builder.ins().imul_imm_u(at, bytes(stride)),
    };
    builder.ins().iadd(row, offset)
}

/// The first `n` lanes from elements `stride` apart.
fn load(builder: &mut FunctionBuilder<'_>, from: Value, stride: usize, n: usize) -> Value {
    let flags = MemFlagsData::new();
    if stride == 1 && n == LANES {
        return builder.ins().load(F32X4, flags, from, 0);
    }
    let first = builder.ins().load(F32, flags, from, 0);
    let mut vector = builder.ins().scalar_to_vector(F32X4, first);
    for lane in 1..n {
        let at = builder.ins().iadd_imm_u(from, bytes(lane * stride));
        let element = builder.ins().load(F32, flags, at, 0);
        vector = builder.ins().insertlane(vector, element, lane as u8);
    }
    vector
}

/// Writes the first `n` lanes to elements `stride` apart.
fn store(builder: &mut FunctionBuilder<'_>, vector: Value, to: Value, stride: usize, n: usize) {
    let flags = MemFlagsData::new();
    if stride == 1 && n == LANES {
        builder.ins().store(flags, vector, to, 0);
        return;
    }
    for lane in 0..n {
        let at = builder.ins().iadd_imm_u(to, bytes(lane * stride));
        let element = builder.ins().extractlane(vector, lane as u8);
        builder.ins().store(flags, element, at, 0);
    }
}
