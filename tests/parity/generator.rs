//! The generator of weights and inputs that the scripts beside this file have, too, so that nothing but outputs is stored.

/// FNV-1a of 64 bits.
pub fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

/// Uniform in [-1, 1): SplitMix64 from the FNV-1a hash of the name; running variances in [0.5, 1.5), the matrices of recurrent layers in
/// [-1/4, 1/4). As in `make.py`.
pub fn values(name: &str, len: usize) -> Vec<f32> {
    let hash = fnv1a(name);
    (1..=len as u64)
        .map(|i| {
            let mut z = hash.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let uniform = ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 23) - 1.0;
            let value = match () {
                _ if name.ends_with("running_var") => uniform / 2.0 + 1.0,
                _ if name.contains(".weight_") => uniform / 4.0,
                _ => uniform,
            };
            value as f32
        })
        .collect()
}
