//! Every kernel on every instruction set that the machine has, against its definition in f64.
//!
//! Memory is guarded: it begins, and in a second run ends, at a page that faults. What a kernel may not read is NaN, and what it may
//! not write must be unchanged.

mod conv;
mod guard;
pub mod layers;
pub mod math;
mod norms;
#[cfg(convoke_object)]
mod object;
pub mod program;
mod recurrent;
mod strips;
mod winograd;

use convoke_compiler::plan::{Activation, Form, Kernel, Place, View};

use super::{Kernels, Memory, PackPointer, Prepared, scratch_len};
use crate::buffer::Buffer;
use crate::isa::Isa;
use guard::{Guarded, Side};

/// The instruction sets to test.
pub fn isas() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available())
}

/// Pseudo-random floats between −1 and 1 (xorshift64*: Vigna, 2016).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }
}

/// A dense map `[H, W, C]` of the definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    pub size: [usize; 3],
    pub data: Vec<f64>,
}

impl Map {
    pub fn from_fn(size: [usize; 3], mut f: impl FnMut(usize, usize, usize) -> f64) -> Map {
        let [h, w, c] = size;
        let mut data = Vec::with_capacity(h * w * c);
        for y in 0..h {
            for x in 0..w {
                for k in 0..c {
                    data.push(f(y, x, k));
                }
            }
        }
        Map { size, data }
    }

    pub fn random(size: [usize; 3], random: &mut Random) -> Map {
        Map::from_fn(size, |_, _, _| random.float() as f64)
    }

    pub fn at(&self, y: usize, x: usize, c: usize) -> f64 {
        let [_, w, channels] = self.size;
        self.data[(y * w + x) * channels + c]
    }

    pub fn map(self, f: impl Fn(f64) -> f64) -> Map {
        Map { data: self.data.into_iter().map(f).collect(), ..self }
    }
}

/// The share of a normal distribution below x: a series about 0, a continued fraction far out (Abramowitz & Stegun, 26.2.11, 26.2.14).
fn normal_below(x: f64) -> f64 {
    let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    if x.abs() < 3.0 {
        let (mut term, mut sum, mut n) = (x, x, 1.0);
        while term.abs() > 1e-18 * sum.abs() {
            n += 2.0;
            term *= x * x / n;
            sum += term;
        }
        return 0.5 + density * sum;
    }
    let beyond = density / (1..300).rev().fold(x.abs(), |below, k| x.abs() + k as f64 / below);
    if x < 0.0 { beyond } else { 1.0 - beyond }
}

/// The definition of an activation.
pub fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Relu if x < 0.0 => 0.0,
        Activation::Relu => x,
        Activation::LeakyRelu { slope } if x < 0.0 => x * slope as f64,
        Activation::LeakyRelu { .. } => x,
        Activation::Relu6 if x < 0.0 => 0.0,
        Activation::Relu6 if x > 6.0 => 6.0,
        Activation::Relu6 => x,
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Silu if x < 0.0 => x * x.exp() / (1.0 + x.exp()),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Gelu => x * normal_below(x),
        Activation::GeluTanh => {
            let w = 2.0 * std::f64::consts::FRAC_2_PI.sqrt() * (x + 0.044715 * x.powi(3));
            if w < 0.0 { x * w.exp() / (1.0 + w.exp()) } else { x / (1.0 + (-w).exp()) }
        }
        Activation::HardSigmoid => (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::HardSwish => x * ((x + 3.0).clamp(0.0, 6.0) / 6.0),
        Activation::Elu { alpha } if x < 0.0 => alpha as f64 * x.exp_m1(),
        Activation::Elu { .. } => x,
        Activation::Softplus { beta, threshold } => {
            let y = beta as f64 * x;
            if y > threshold as f64 { x } else { (y.max(0.0) + (-y.abs()).exp().ln_1p()) / beta as f64 }
        }
    }
}

/// An arena under construction: views after one another, with gaps.
#[derive(Default)]
pub struct Arena {
    len: usize,
    /// What is stored before the kernel runs; NaN elsewhere.
    writes: Vec<(usize, f32)>,
    /// Whether a linear layer's weights are bf16.
    pub bf16: bool,
}

impl Arena {
    /// A view of a map, NHWC, its pixels `slack` elements further apart than needed, in a border (top, left, bottom, right).
    pub fn view(&mut self, size: [usize; 3], slack: usize, border: [usize; 4]) -> View {
        let [height, width, channels] = size;
        let [top, left, bottom, right] = border;
        let pixel = channels + slack;
        let row = (left + width + right) * pixel;
        let offset = self.len + top * row + left * pixel;
        // The last pixel has no slack behind it, so that an end of the arena is an end of the view.
        self.len += (top + height + bottom) * row - slack;
        View { place: Place::Arena, offset, height, width, channels, row, pixel, channel: 1 }
    }

    /// Stores a map in a view.
    pub fn put(&mut self, view: &View, map: &Map) {
        let [h, w, c] = map.size;
        for y in 0..h {
            for x in 0..w {
                for k in 0..c {
                    let at = view.offset + y * view.row + x * view.pixel + k * view.channel;
                    self.writes.push((at, map.at(y, x, k) as f32));
                }
            }
        }
    }

    /// Stores zeros around a view.
    pub fn clear(&mut self, view: &View, [top, left, bottom, right]: [usize; 4]) {
        for y in 0..top + view.height + bottom {
            for x in 0..left + view.width + right {
                if y < top || y >= top + view.height || x < left || x >= left + view.width {
                    let at = view.offset + y * view.row + x * view.pixel - top * view.row - left * view.pixel;
                    self.writes.extend((0..view.channels).map(|c| (at + c, 0.0)));
                }
            }
        }
    }

    /// Runs a step at both ends of guarded memory, whole and in shares, backwards, checks that nothing but the output changes, and
    /// returns the output.
    pub fn run(&self, kernel: &Kernel, isa: Isa, pack: Option<&Buffer>, output: &View) -> Map {
        self.run_all(kernel, isa, pack.map_or(&[], std::slice::from_ref), &[*output]).remove(0)
    }

    /// [`Arena::run`] for a step with several packs or outputs.
    pub fn run_all(&self, kernel: &Kernel, isa: Isa, packs: &[Buffer], outputs: &[View]) -> Vec<Map> {
        // SAFETY: `run_by` asks for shares of a step whose memory is there.
        self.run_by(kernel, isa, packs, outputs, &|step, part| unsafe { step.share(part) })
    }

    /// [`Arena::run_all`] with something else that computes a share of the step.
    pub fn run_by(
        &self,
        kernel: &Kernel,
        isa: Isa,
        packs: &[Buffer],
        outputs: &[View],
        share: &dyn Fn(&mut Prepared, usize),
    ) -> Vec<Map> {
        // One number of shares for each step, so that tests stay quick; steps are many.
        let n_shares = [2, 3, 5, 16][self.len % 4];
        let runs = [(Side::Start, 1), (Side::End, 1), (if self.len % 8 < 4 { Side::Start } else { Side::End }, n_shares)];
        let [first, others @ ..] = runs.map(|(side, n_shares)| {
            let mut arena = Guarded::new(self.len, side);
            arena.fill(f32::NAN);
            for &(at, value) in &self.writes {
                arena[at] = value;
            }
            let before = arena.to_vec();
            let mut scratch = Guarded::new(scratch_len(kernel, isa, n_shares), side);
            scratch.fill(f32::NAN);
            let memory = Memory { arena: arena.as_mut_ptr(), scratch: scratch.as_mut_ptr() };
            let guarded = |pack: &Buffer| {
                let mut copy = Guarded::new(pack.len(), side);
                copy.copy_from_slice(pack);
                copy
            };
            let guarded: Vec<Guarded> = packs.iter().map(guarded).collect();
            let linear = Form::Linear { outputs: 1, map: [1; 3] };
            let form = if self.bf16 { linear.bf16() } else { linear };
            let packs: Vec<PackPointer> = guarded.iter().map(|pack| PackPointer::new(pack, &form)).collect();
            // SAFETY: the arena holds every view, the scratch is as long as asked for, and `isas` yields what is available.
            let mut step = unsafe { Prepared::new(kernel, Kernels::all().table(isa), &packs, &memory, n_shares) };
            (0..n_shares).rev().for_each(|part| share(&mut step, part));
            let mut written = vec![false; self.len];
            let result = outputs.iter().map(|output| {
                Map::from_fn([output.height, output.width, output.channels], |y, x, c| {
                    let at = output.offset + y * output.row + x * output.pixel + c * output.channel;
                    written[at] = true;
                    arena[at] as f64
                })
            });
            let result: Vec<Map> = result.collect();
            for (i, (after, before)) in arena.iter().zip(&before).enumerate() {
                assert!(written[i] || after.to_bits() == before.to_bits(), "{isa}: wrote {after} at {i} in {kernel:?}");
            }
            result
        });
        let bits = |maps: &[Map]| maps.iter().flat_map(|map| &map.data).map(|x| x.to_bits()).collect::<Vec<_>>();
        for (other, (side, n)) in others.iter().zip(&runs[1..]) {
            assert_eq!(bits(&first), bits(other), "{isa}: differs in {n} shares at the {side:?} of memory: {kernel:?}");
        }
        first
    }
}

/// Asserts that a result is within `tolerance` of its definition, NaN where that is NaN.
pub fn check(result: &Map, expected: &Map, tolerance: f64, what: &dyn std::fmt::Debug) {
    assert_eq!(result.size, expected.size);
    for (i, (a, b)) in result.data.iter().zip(&expected.data).enumerate() {
        let close = (a - b).abs() <= tolerance || a == b || (a.is_nan() && b.is_nan());
        assert!(close, "{a} instead of {b} (± {tolerance}) at {i} of {:?}: {what:?}", result.size);
    }
}
