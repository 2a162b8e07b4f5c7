//! Weights from a seed: the same bits on every platform and in every version. Floor 3.
//!
//! SplitMix64 (Steele, Lea, Flood, *Fast splittable pseudorandom number generators*, 2014), started from the seed and the
//! tensor's name, so that a tensor's values depend on nothing else: not on the other tensors, nor on their order. Normal
//! deviates by Marsaglia's polar method (1964) with a logarithm made of IEEE operations only, as libraries' differ in the last bit.

use convoke_compiler::plan::{Init, Parameter};

/// The generator of one tensor.
struct SplitMix64(u64);

impl SplitMix64 {
    /// Started from the network's seed and the tensor's name (FNV-1a).
    fn new(seed: u64, name: &str) -> SplitMix64 {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        // One step between the two, so that seeds that differ in one bit do not give names that differ in one bit.
        SplitMix64(SplitMix64(seed).next() ^ hash)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in −1 .. 1, of 53 bits.
    fn signed(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (2.0 / (1_u64 << 53) as f64) - 1.0
    }

    /// Two independent deviates of mean 0 and variance 1.
    fn normal_pair(&mut self) -> [f64; 2] {
        loop {
            let (u, v) = (self.signed(), self.signed());
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * ln(s) / s).sqrt();
                return [u * scale, v * scale];
            }
        }
    }
}

/// The natural logarithm of a normal number in 0 .. 1, to 1e-15 of its value or better: `2 artanh((m − 1)/(m + 1))` of the mantissa.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = (bits >> 52) as i64 - 1023;
    let mantissa = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000);
    // Into √½ .. √2, where the series needs few terms.
    let (mantissa, exponent) =
        if mantissa > std::f64::consts::SQRT_2 { (mantissa / 2.0, exponent + 1) } else { (mantissa, exponent) };
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let series = (0..12).rev().fold(0.0, |sum, k| sum * s * s + 1.0 / f64::from(2 * k + 1));
    exponent as f64 * std::f64::consts::LN_2 + 2.0 * s * series
}

/// The values of a parameter of a network with that seed.
pub(super) fn fill(seed: u64, parameter: &Parameter, values: &mut [f32]) {
    match parameter.init {
        Init::Constant(value) => values.fill(value),
        Init::He { fan_in } => {
            let deviation = (2.0 / fan_in.max(1) as f64).sqrt();
            let mut generator = SplitMix64::new(seed, &parameter.name);
            for pair in values.chunks_mut(2) {
                for (value, normal) in pair.iter_mut().zip(generator.normal_pair()) {
                    *value = (normal * deviation) as f32;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seed: u64, name: &'static str, fan_in: usize, n: usize) -> Vec<f32> {
        let parameter = Parameter { name: name.into(), shape: vec![n].into(), init: Init::He { fan_in }, learned: true };
        let mut values = vec![0.0; n];
        fill(seed, &parameter, &mut values);
        values
    }

    #[test]
    fn splitmix64_is_the_published_one() {
        // The first outputs for the seed 1234567, from the authors' C code.
        let mut generator = SplitMix64(1234567);
        let outputs: Vec<u64> = (0..3).map(|_| generator.next()).collect();
        assert_eq!(outputs, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn the_logarithm_is_right() {
        for i in 1..100_000 {
            let x = f64::from(i) / 100_000.0;
            assert!((ln(x) - x.ln()).abs() <= 1e-15 * x.ln().abs().max(0.1), "ln {x}: {} for {}", ln(x), x.ln());
        }
        assert!((ln(1e-300) - 1e-300_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_variance_is_two_over_fan_in() {
        let values = sample(3, "conv1.weight", 50, 200_000);
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 200_000.0;
        let variance = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 200_000.0;
        // Four standard errors of each.
        assert!(mean.abs() < 4.0 * 0.2 / 200_000_f64.sqrt(), "mean {mean}");
        assert!((variance / 0.04 - 1.0).abs() < 4.0 * (2.0_f64 / 200_000.0).sqrt(), "variance {variance}");
    }

    #[test]
    fn values_depend_on_seed_and_name_alone() {
        assert_eq!(sample(1, "a.weight", 9, 7), sample(1, "a.weight", 9, 7));
        assert_eq!(sample(1, "a.weight", 9, 7)[..6], sample(1, "a.weight", 9, 6));
        assert_ne!(sample(1, "a.weight", 9, 7), sample(2, "a.weight", 9, 7));
        assert_ne!(sample(1, "a.weight", 9, 7), sample(1, "b.weight", 9, 7));
    }

    #[test]
    fn values_are_the_same_in_every_version() {
        let bits: Vec<u32> = sample(0, "conv1.weight", 27, 4).iter().map(|v| v.to_bits()).collect();
        assert_eq!(bits, [3171341242, 1041984703, 1054407603, 1044679286]);
    }
}
