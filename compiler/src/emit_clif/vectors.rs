//! The operations of an element-wise expression on vectors of four floats, one IEEE operation after the other as the kernels have them
//! (`kernels/native/program.rs` and `math.rs` of the runtime): the same formulas, so the same bits.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32X4, I32X4};
use cranelift_codegen::ir::{ConstantData, InstBuilder, MemFlagsData, Value};
use cranelift_frontend::FunctionBuilder;

use crate::program::{Function, Operand, Operation};

/// `ln 2` in two parts; the first has few enough bits that its product with an exponent is exact.
const LN2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// 1.5 · 2²³: added and subtracted, it rounds to the nearest integer.
const MAGIC: f32 = 12_582_912.0;
/// The bits of √½, from which exponents of mantissas from √½ to √2 are counted.
const ROOT_HALF: u32 = 0x3f35_04f3;

/// Makes vectors in a block.
pub struct Vectors<'a, 'b> {
    builder: &'a mut FunctionBuilder<'b>,
    /// Numbers that the block has, by their bits.
    numbers: Vec<(u32, Value)>,
}

impl<'a, 'b> Vectors<'a, 'b> {
    /// In the block that the builder is at.
    pub fn new(builder: &'a mut FunctionBuilder<'b>) -> Vectors<'a, 'b> {
        Vectors { builder, numbers: Vec::new() }
    }

    /// The result of a program, from an element of each of its inputs in every lane.
    pub fn run(&mut self, operations: &[Operation], inputs: &[Value]) -> Value {
        let mut values = inputs.to_vec();
        for operation in operations {
            let mut of = [values[0]; 4];
            for (of, operand) in of.iter_mut().zip(operation.operands()) {
                *of = match *operand {
                    Operand::Value(value) => values[usize::from(value)],
                    Operand::Number(number) => self.number(number),
                };
            }
            let value = self.operation(operation.function, of);
            values.push(value);
        }
        values[values.len() - 1]
    }

    fn operation(&mut self, function: Function, [a, b, c, d]: [Value; 4]) -> Value {
        match function {
            Function::Same => a,
            Function::Neg => {
                let zero = self.number(-0.0);
                self.sub(zero, a)
            }
            Function::Abs => self.abs(a),
            Function::Sqrt => self.builder.ins().sqrt(a),
            Function::Exp => self.exp(a),
            Function::Ln => self.ln(a),
            Function::Tanh => self.tanh(a),
            Function::Sigmoid => self.sigmoid(a),
            Function::Add => self.add(a, b),
            Function::Sub => self.sub(a, b),
            Function::Mul => self.mul(a, b),
            Function::Div => self.div(a, b),
            // A vector's minimum is the second where one is NaN; where that is the NaN, the first is wanted.
            Function::Min => {
                let min = self.min(a, b);
                self.choose(FloatCC::Equal, [b, b], [min, a])
            }
            Function::Max => {
                let max = self.max(a, b);
                self.choose(FloatCC::Equal, [b, b], [max, a])
            }
            Function::IfLess => self.choose(FloatCC::LessThan, [a, b], [c, d]),
            Function::IfLessOrEqual => self.choose(FloatCC::LessThanOrEqual, [a, b], [c, d]),
            Function::IfEqual => self.choose(FloatCC::Equal, [a, b], [c, d]),
        }
    }

    /// The same float in every lane.
    fn number(&mut self, number: f32) -> Value {
        self.lanes(number.to_bits())
    }

    /// The same bits in every lane, as floats.
    fn lanes(&mut self, bits: u32) -> Value {
        if let Some(&(_, value)) = self.numbers.iter().find(|(known, _)| *known == bits) {
            return value;
        }
        let bytes: Vec<u8> = [bits; 4].into_iter().flat_map(u32::to_le_bytes).collect();
        let constant = self.builder.func.dfg.constants.insert(ConstantData::from(bytes));
        let value = self.builder.ins().vconst(F32X4, constant);
        self.numbers.push((bits, value));
        value
    }

    fn integers(&mut self, floats: Value) -> Value {
        self.builder.ins().bitcast(I32X4, MemFlagsData::new(), floats)
    }

    fn floats(&mut self, integers: Value) -> Value {
        self.builder.ins().bitcast(F32X4, MemFlagsData::new(), integers)
    }

    fn add(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().fadd(a, b)
    }

    fn sub(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().fsub(a, b)
    }

    fn mul(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().fmul(a, b)
    }

    fn div(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().fdiv(a, b)
    }

    /// `a · b + c`, the product rounded.
    fn mul_add(&mut self, a: Value, b: Value, c: Value) -> Value {
        let product = self.mul(a, b);
        self.add(product, c)
    }

    /// `then` where the comparison of two vectors holds, else `otherwise`.
    fn choose(&mut self, condition: FloatCC, [a, b]: [Value; 2], [then, otherwise]: [Value; 2]) -> Value {
        let mask = self.builder.ins().fcmp(condition, a, b);
        let mask = self.floats(mask);
        self.builder.ins().bitselect(mask, then, otherwise)
    }

    /// The smaller; `b` where one of them is NaN. In these words Cranelift knows the processor's own instruction.
    fn min(&mut self, a: Value, b: Value) -> Value {
        self.choose(FloatCC::LessThan, [a, b], [a, b])
    }

    /// The larger; `b` where one of them is NaN.
    fn max(&mut self, a: Value, b: Value) -> Value {
        self.choose(FloatCC::LessThan, [b, a], [a, b])
    }

    fn abs(&mut self, v: Value) -> Value {
        let all_but_the_sign = self.lanes(0x7fff_ffff);
        self.builder.ins().band(v, all_but_the_sign)
    }

    /// The magnitude of one, which is not negative, with the sign of the other.
    fn copy_sign(&mut self, magnitude: Value, sign: Value) -> Value {
        let bit = self.lanes(0x8000_0000);
        let sign = self.builder.ins().band(sign, bit);
        let magnitude = self.abs(magnitude);
        self.builder.ins().bor(magnitude, sign)
    }

    /// `2ⁿ` for integers from −126 to 127.
    fn pow2(&mut self, n: Value) -> Value {
        // n + 1.5·2²³ holds the integer in its low bits.
        let magic = self.number(MAGIC);
        let sum = self.add(n, magic);
        let bias = self.lanes(127);
        let [sum, bias] = [sum, bias].map(|floats| self.integers(floats));
        let exponent = self.builder.ins().iadd(sum, bias);
        let bits = self.builder.ins().ishl_imm_u(exponent, 23);
        self.floats(bits)
    }

    /// n and r with `x = n · ln 2 + r`, `|r| ≤ ln 2 / 2`.
    fn reduce(&mut self, x: Value) -> [Value; 2] {
        let [log2_e, magic, high, low] = [std::f32::consts::LOG2_E, MAGIC, -LN2[0], -LN2[1]].map(|number| self.number(number));
        let rounded = self.mul_add(x, log2_e, magic);
        let n = self.sub(rounded, magic);
        let r = self.mul_add(n, high, x);
        [n, self.mul_add(n, low, r)]
    }

    /// A polynomial, from the highest coefficient down.
    fn polynomial(&mut self, x: Value, coefficients: &[f32]) -> Value {
        let mut p = self.number(coefficients[0]);
        for &coefficient in &coefficients[1..] {
            let coefficient = self.number(coefficient);
            p = self.mul_add(p, x, coefficient);
        }
        p
    }

    /// `exp(r) − 1` for `|r| ≤ ln 2 / 2`.
    fn exp_m1_near_0(&mut self, r: Value) -> Value {
        let p = self.polynomial(r, &[1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
        let square = self.mul(r, r);
        self.mul_add(square, p, r)
    }

    fn exp(&mut self, x: Value) -> Value {
        // Beyond these it is 0 and infinity all the same; NaN is the second operand and stays.
        let [least, most, half, magic, one] = [-105.0, 89.5, 0.5, MAGIC, 1.0].map(|number| self.number(number));
        let x = self.min(most, x);
        let x = self.max(least, x);
        let [n, r] = self.reduce(x);
        let y = self.exp_m1_near_0(r);
        let y = self.add(y, one);
        // y · 2ⁿ in two factors: n itself may lie outside of the exponent's range.
        let rounded = self.mul_add(n, half, magic);
        let half = self.sub(rounded, magic);
        let rest = self.sub(n, half);
        let [half, rest] = [half, rest].map(|n| self.pow2(n));
        let y = self.mul(y, half);
        self.mul(y, rest)
    }

    fn sigmoid(&mut self, x: Value) -> Value {
        let [zero, one] = [0.0, 1.0].map(|number| self.number(number));
        let magnitude = self.abs(x);
        let minus = self.sub(zero, magnitude);
        let e = self.exp(minus);
        let above = self.choose(FloatCC::LessThan, [x, zero], [e, one]);
        let below = self.add(one, e);
        self.div(above, below)
    }

    /// `tanh |x| = m / (m + 2)` with `m = exp(2|x|) − 1`.
    fn tanh(&mut self, x: Value) -> Value {
        let [one, two, most] = [1.0, 2.0, 9.1].map(|number| self.number(number));
        let magnitude = self.abs(x);
        // From 9.02 on it rounds to 1.
        let a = self.min(most, magnitude);
        let double = self.add(a, a);
        let [n, r] = self.reduce(double);
        let scale = self.pow2(n);
        let [near_0, less] = [self.exp_m1_near_0(r), self.sub(scale, one)];
        let m = self.mul_add(scale, near_0, less);
        let below = self.add(m, two);
        let ratio = self.div(m, below);
        self.copy_sign(ratio, x)
    }

    /// `k · ln 2 + 2 · artanh((m − 1)/(m + 1))` with `x = m · 2ᵏ`, m about 1.
    fn ln(&mut self, x: Value) -> Value {
        let [zero, one, least, higher, by] = [0.0, 1.0, f32::MIN_POSITIVE, 8_388_608.0, 23.0].map(|number| self.number(number));
        // Below the normal range 23 bits higher.
        let scaled = self.mul(x, higher);
        let y = self.choose(FloatCC::LessThan, [x, least], [scaled, x]);
        let less = self.choose(FloatCC::LessThan, [x, least], [by, zero]);
        // The exponent, and m from √½ to √2.
        let [root_half, mask] = [ROOT_HALF, 0x007f_ffff].map(|bits| self.lanes(bits));
        let [bits, root_half, mask] = [y, root_half, mask].map(|floats| self.integers(floats));
        let above = self.builder.ins().isub(bits, root_half);
        let exponent = self.builder.ins().sshr_imm_u(above, 23);
        let exponent = self.builder.ins().fcvt_from_sint(F32X4, exponent);
        let k = self.sub(exponent, less);
        let low = self.builder.ins().band(above, mask);
        let m = self.builder.ins().iadd(low, root_half);
        let m = self.floats(m);
        let [above, below] = [self.sub(m, one), self.add(m, one)];
        let s = self.div(above, below);
        let z = self.mul(s, s);
        let p = self.polynomial(z, &[1.403_657_2e-1, 1.399_516_3e-1, 2.001_108_2e-1, 3.333_320_3e-1]);
        let cube = self.mul(s, z);
        let near_1 = self.mul_add(cube, p, s);
        let [ln2_high, ln2_low] = LN2.map(|number| self.number(number));
        let double = self.add(near_1, near_1);
        let low = self.mul_add(k, ln2_low, double);
        let log = self.mul_add(k, ln2_high, low);
        let [infinite, minus_infinite, nan] = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN].map(|number| self.number(number));
        // Infinity and NaN are their own logarithms.
        let log = self.choose(FloatCC::LessThan, [x, infinite], [log, x]);
        let log = self.choose(FloatCC::Equal, [x, zero], [minus_infinite, log]);
        self.choose(FloatCC::LessThan, [x, zero], [nan, log])
    }
}
