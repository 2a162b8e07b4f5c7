//! Elements of a weight file as f32. Floor 3.

use super::dtype::Dtype;
use crate::buffer::bytes_of;

/// Element types that are read.
pub(super) const READABLE: &str = "F32, F16, BF16 and F64";

/// Bytes of one element of a type that is read.
pub(super) fn element_bytes(dtype: Dtype) -> Option<usize> {
    match dtype {
        Dtype::F16 | Dtype::Bf16 => Some(2),
        Dtype::F32 => Some(4),
        Dtype::F64 => Some(8),
        _ => None,
    }
}

/// The elements of little-endian `bytes`, as many as there are values, of a type that is read. F64 is rounded; the others are exact.
pub(super) fn convert(values: &mut [f32], dtype: Dtype, bytes: &[u8]) {
    match dtype {
        Dtype::F32 => {
            bytes_of(values).copy_from_slice(bytes);
            from_little_endian(values);
        }
        Dtype::F64 => each(values, bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F16 => each(values, bytes, |b| f16_to_f32(u16::from_le_bytes(b))),
        Dtype::Bf16 => each(values, bytes, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
        other => unreachable!("elements of {other} are refused before they are read"),
    }
}

fn each<const N: usize>(values: &mut [f32], bytes: &[u8], f: impl Fn([u8; N]) -> f32) {
    for (value, &bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
        *value = f(bytes);
    }
}

/// Floats whose bytes were read in little-endian order. Nothing to do where memory has the same.
pub(super) fn from_little_endian(values: &mut [f32]) {
    if cfg!(target_endian = "big") {
        values.iter_mut().for_each(|value| *value = f32::from_bits(u32::from_le(value.to_bits())));
    }
}

/// IEEE 754 binary16: 1 sign, 5 exponent and 10 mantissa bits. Every value is one of f32's.
fn f16_to_f32(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let exponent = u32::from(half >> 10) & 0x1f;
    let mantissa = u32::from(half) & 0x3ff;
    let magnitude = match exponent {
        // Subnormal or zero: mantissa · 2^−24, both exact.
        0 => (mantissa as f32 * f32::from_bits((127 - 24) << 23)).to_bits(),
        // Infinite or NaN.
        0x1f => 0x7f80_0000 | mantissa << 13,
        _ => (exponent + 127 - 15) << 23 | mantissa << 13,
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_its_definitions_value() {
        for half in 0..=u16::MAX {
            let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
            let exponent = i32::from(half >> 10 & 0x1f);
            let mantissa = f64::from(half & 0x3ff) / 1024.0;
            let found = f16_to_f32(half);
            match exponent {
                0 => assert_eq!(f64::from(found), sign * mantissa * 2_f64.powi(-14)),
                0x1f if mantissa == 0.0 => assert_eq!(f64::from(found), sign * f64::INFINITY),
                0x1f => assert!(found.is_nan()),
                _ => assert_eq!(f64::from(found), sign * (1.0 + mantissa) * 2_f64.powi(exponent - 15)),
            }
            assert_eq!(found.is_sign_negative(), sign < 0.0);
        }
    }

    #[test]
    fn each_type_is_converted() {
        for (dtype, bytes) in [
            (Dtype::F32, (-1.5_f32).to_le_bytes().to_vec()),
            (Dtype::F64, (-1.5_f64).to_le_bytes().to_vec()),
            (Dtype::F16, 0xbe00_u16.to_le_bytes().to_vec()),
            (Dtype::Bf16, 0xbfc0_u16.to_le_bytes().to_vec()),
        ] {
            assert_eq!(element_bytes(dtype), Some(bytes.len()));
            let mut values = [0.0; 3];
            convert(&mut values, dtype, &bytes.repeat(3));
            assert_eq!(values, [-1.5; 3], "{dtype}");
        }
        assert_eq!(element_bytes(Dtype::I32), None);
    }
}
