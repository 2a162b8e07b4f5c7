//! The accuracy of the activations that are more than bounds, as the kernels run them.

use convoke_compiler::plan::{Activate, Activation, Kernel};

use super::{Arena, Map, activate, isas};

/// Floats that cover the range: every exponent, both signs, special values.
pub fn inputs() -> Vec<f32> {
    let mut inputs = vec![0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MIN_POSITIVE, f32::MAX, f32::MIN];
    inputs.extend((0..u32::MAX / 40_009).map(|i| f32::from_bits(i * 40_009)));
    inputs.extend((-120_000..120_000).map(|i| i as f32 * 1e-3 + 1e-5));
    inputs
}

/// Distance in units of the last place of the correctly rounded value; below the normal range, of the smallest one there is.
pub fn ulp(value: f64, expected: f64) -> f64 {
    if value == expected || (value.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let rounded = (expected.abs() as f32).max(f32::MIN_POSITIVE);
    let unit = f64::from(f32::from_bits(rounded.to_bits() + 1)) - f64::from(rounded);
    (value - expected).abs() / unit
}

fn check_accuracy(activation: Activation, most: impl Fn(f64) -> f64, define: impl Fn(f64) -> f64) {
    let inputs = inputs();
    let map = Map { size: [1, 1, inputs.len()], data: inputs.iter().map(|&x| x as f64).collect() };
    let mut arena = Arena::default();
    let view = arena.view(map.size, 0, [0; 4]);
    let output = arena.view(map.size, 0, [0; 4]);
    arena.put(&view, &map);
    let kernel = Kernel::Activate(Activate { input: view, output, activation });
    for isa in isas() {
        let result = arena.run(&kernel, isa, None, &output);
        let mut worst = (0.0, 0.0, 0.0);
        for (&x, &y) in map.data.iter().zip(&result.data) {
            let error = ulp(y, define(x));
            if error / most(x) > worst.0 / most(worst.1) || error.is_nan() {
                worst = (error, x, y);
            }
        }
        let (error, x, y) = worst;
        println!("{activation:?} on {isa}: {error:.2} ULP at {x:e}");
        assert!(error <= most(x), "{isa}: {activation:?} of {x:e} is {y:e}, {error} ULP from {:e}", define(x));
    }
}

#[test]
fn sigmoid_is_within_4_ulp() {
    check_accuracy(Activation::Sigmoid, |_| 4.0, |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) });
}

#[test]
fn tanh_is_within_4_ulp() {
    check_accuracy(Activation::Tanh, |_| 4.0, f64::tanh);
}

/// Those whose definition in f64 is the tests' own, at finite arguments and NaN.
fn check_within(activation: Activation, most: impl Fn(f64) -> f64) {
    check_accuracy(activation, most, |x| match x {
        // The limit, which the formula does not have.
        f64::NEG_INFINITY if matches!(activation, Activation::Silu | Activation::Gelu | Activation::GeluTanh) => 0.0,
        x => activate(activation, x),
    });
}

#[test]
fn silu_is_within_5_ulp() {
    check_within(Activation::Silu, |_| 5.0);
}

#[test]
fn gelu_is_within_8_ulp() {
    check_within(Activation::Gelu, |_| 8.0);
}

#[test]
fn gelu_by_tanh_is_within_6_ulp_and_3_for_each_unit_of_a_negative_exponent() {
    check_within(Activation::GeluTanh, |x| if x < 0.0 { 6.0 - 3.0 * (1.6 * x + 0.072 * x.powi(3)).max(-110.0) } else { 6.0 });
}

#[test]
fn elu_is_within_3_ulp() {
    check_within(Activation::Elu { alpha: 1.0 }, |_| 3.0);
}

#[test]
fn softplus_is_within_4_ulp() {
    check_within(Activation::Softplus { beta: 1.0, threshold: 20.0 }, |_| 4.0);
}

#[test]
fn functions_of_straight_lines_are_within_2_ulp() {
    check_within(Activation::HardSigmoid, |_| 1.0);
    // The product is rounded, too; −∞ times 0 is NaN in both.
    check_within(Activation::HardSwish, |_| 2.0);
}
