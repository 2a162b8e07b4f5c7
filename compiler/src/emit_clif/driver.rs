//! All steps of a plan as one function: for each, pointers to an image's inputs and outputs where it touches them, and a call.

use cranelift_codegen::ir::{InstBuilder, MemFlagsData, SourceLoc, types::I64};

use super::host::{Code, Host, Wanted};
use crate::plan::Place;

/// The function that runs a plan, `extern "C" fn(frame)`: the frame's layout and what is called in turn.
///
/// A step of one share is `entry(arguments, 0, 1)`, any other `shares(hand, entry, arguments, n_shares)`.
#[derive(Clone, Copy, Debug)]
pub struct Driver<'a> {
    /// Where the frame holds what.
    pub layout: FrameLayout,
    /// The address of the function that divides a step among threads.
    pub shares: usize,
    /// The steps in order.
    pub calls: &'a [Call],
}

/// Where the frame that a driver is given holds its pointers, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct FrameLayout {
    /// To the table of the steps' arguments, by step.
    pub arguments: usize,
    /// To what `shares` is handed.
    pub hand: usize,
    /// To the table of inputs, by index.
    pub inputs: usize,
    /// To the table of outputs.
    pub outputs: usize,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The address of the function that computes it.
    pub entry: usize,
    /// In how many shares.
    pub n_shares: usize,
    /// What of its arguments differs from image to image.
    pub binds: Vec<Bind>,
}

/// A pointer among a step's arguments that follows an input or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Which. What lies in the arena stays where it is.
    pub place: Place,
    /// From its first byte.
    pub offset: i64,
    /// Where among the arguments, in bytes.
    pub field: usize,
}

/// Bytes of a pointer.
const POINTER: usize = 8;

impl Driver<'_> {
    /// Its machine code.
    ///
    /// # Errors
    /// If the verifier was asked and found a mistake, or Cranelift cannot make code of it.
    pub fn compile(&self, host: &Host, wanted: Wanted) -> Result<Code, String> {
        let signature = host.signature(&[I64]);
        let [of_kernel, of_shares] = [&[I64; 3][..], &[I64; 4]].map(|parameters| host.signature(parameters));
        host.compile(signature, wanted, |builder| {
            let [of_kernel, of_shares] = [of_kernel, of_shares].map(|signature| builder.import_signature(signature));
            let flags = MemFlagsData::trusted();
            let block = builder.create_block();
            builder.append_block_params_for_function_params(block);
            builder.switch_to_block(block);
            let frame = builder.block_params(block)[0];
            let FrameLayout { arguments, hand, inputs, outputs } = self.layout;
            let [table, inputs, outputs] =
                [arguments, inputs, outputs].map(|at| builder.ins().load(I64, flags, frame, at as i32));
            for (index, call) in self.calls.iter().enumerate() {
                builder.set_srcloc(SourceLoc::new(index as u32));
                let arguments = builder.ins().load(I64, flags, table, (index * POINTER) as i32);
                for bind in &call.binds {
                    let (table, index) = match bind.place {
                        Place::Input(index) => (inputs, index),
                        Place::Output(index) => (outputs, index),
                        Place::Arena | Place::Strip => continue,
                    };
                    let first = builder.ins().load(I64, flags, table, (index * POINTER) as i32);
                    let first = if bind.offset == 0 { first } else { builder.ins().iadd_imm_s(first, bind.offset) };
                    builder.ins().store(flags, first, arguments, bind.field as i32);
                }
                let entry = builder.ins().iconst(I64, call.entry as i64);
                if call.n_shares > 1 {
                    let hand = builder.ins().load(I64, flags, frame, hand as i32);
                    let shares = builder.ins().iconst(I64, self.shares as i64);
                    let n = builder.ins().iconst(I64, call.n_shares as i64);
                    builder.ins().call_indirect(of_shares, shares, &[hand, entry, arguments, n]);
                } else {
                    let [part, n_parts] = [0, 1].map(|number| builder.ins().iconst(I64, number));
                    builder.ins().call_indirect(of_kernel, entry, &[arguments, part, n_parts]);
                }
            }
            builder.ins().return_(&[]);
        })
    }
}
