//! Tensors of the naive evaluation, generic over f32 and f64: plain, slow, and the definition of what is right. Floor 2.

use crate::shape::Shape;

/// The number type of a naive evaluation: f32 or f64.
pub trait Float:
    Copy
    + PartialOrd
    + std::fmt::Debug
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::AddAssign
    + 'static
{
    /// Zero.
    const ZERO: Self;
    /// Minus infinity, where a maximum starts.
    const NEG_INFINITY: Self;
    /// The nearest value.
    fn of(value: f64) -> Self;
    /// Widened to f64, exact.
    fn to_f64(self) -> f64;
    /// Natural exponential.
    fn exp(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// `exp(x) − 1`
    fn exp_m1(self) -> Self;
    /// `ln(1 + x)`
    fn ln_1p(self) -> Self;
    /// The error function: `2/√π · ∫ exp(−t²) dt` from 0 to x.
    fn erf(self) -> Self;
}

macro_rules! float {
    ($t:ty) => {
        impl Float for $t {
            const ZERO: Self = 0.0;
            const NEG_INFINITY: Self = <$t>::NEG_INFINITY;
            fn of(value: f64) -> Self {
                value as $t
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn exp(self) -> Self {
                <$t>::exp(self)
            }
            fn tanh(self) -> Self {
                <$t>::tanh(self)
            }
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            fn ln(self) -> Self {
                <$t>::ln(self)
            }
            fn exp_m1(self) -> Self {
                <$t>::exp_m1(self)
            }
            fn ln_1p(self) -> Self {
                <$t>::ln_1p(self)
            }
            fn erf(self) -> Self {
                erf(self as f64) as $t
            }
        }
    };
}
float!(f32);
float!(f64);

/// The error function by its series without cancellation, `2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n + 1))`
/// (Abramowitz & Stegun, *Handbook of Mathematical Functions*, 7.1.6).
fn erf(x: f64) -> f64 {
    // From 5.93 on it rounds to 1.
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > 1e-17 * sum.abs() {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// A dense row-major tensor of one image: `[C, H, W]`, `[C, L]` or `[N]`; of a parameter: its state-dict shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T> {
    /// The sizes.
    pub shape: Shape,
    /// `shape.len()` elements.
    pub data: Vec<T>,
}

impl<T: Float> Tensor<T> {
    /// All zero.
    pub fn zeros(shape: Shape) -> Tensor<T> {
        let data = vec![T::ZERO; shape.len()];
        Tensor { shape, data }
    }

    /// Each element from its channel, row and column; a sequence is a map of one row, a vector N channels of one pixel.
    pub fn from_fn(shape: Shape, mut f: impl FnMut(usize, usize, usize) -> T) -> Tensor<T> {
        let [channels, height, width] = shape.chw();
        let mut data = Vec::with_capacity(shape.len());
        for c in 0..channels {
            for y in 0..height {
                for x in 0..width {
                    data.push(f(c, y, x));
                }
            }
        }
        Tensor { shape, data }
    }

    /// The element at a channel, row and column.
    pub fn at(&self, c: usize, y: usize, x: usize) -> T {
        let [_, height, width] = self.shape.chw();
        self.data[(c * height + y) * width + x]
    }

    /// The element at a position that may lie outside of the map, where it is `None`.
    pub fn get(&self, c: usize, y: isize, x: isize) -> Option<T> {
        let [_, height, width] = self.shape.chw();
        let (y, x) = (usize::try_from(y).ok()?, usize::try_from(x).ok()?);
        (y < height && x < width).then(|| self.at(c, y, x))
    }

    /// The same elements under a shape of as many; panics if it has another count.
    pub fn with_shape(self, shape: Shape) -> Tensor<T> {
        assert_eq!(self.data.len(), shape.len(), "elements of a tensor {shape}");
        Tensor { shape, data: self.data }
    }

    /// Every element replaced.
    pub fn map(&self, f: impl Fn(T) -> T) -> Tensor<T> {
        Tensor { shape: self.shape.clone(), data: self.data.iter().map(|&v| f(v)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_has_its_values_of_tables() {
        for (x, expected) in
            [(0.0, 0.0), (0.5, 0.520_499_877_813_046_5), (1.0, 0.842_700_792_949_714_9), (3.0, 0.999_977_909_503_001_4)]
        {
            assert!((erf(x) - expected).abs() < 1e-15 && (erf(-x) + expected).abs() < 1e-15, "{x}: {}", erf(x));
        }
        assert_eq!([erf(7.0), erf(f64::NEG_INFINITY)], [1.0, -1.0]);
        assert!(erf(f64::NAN).is_nan());
    }
}
