//! From what a classifier puts out to what a person reads.

use convoke::Vector;

/// Probabilities of a classifier's outputs: `exp(x − max) / Σ exp(x − max)`.
pub fn softmax<const N: usize>(logits: &Vector<N>) -> Vector<N> {
    let max = logits[logits.argmax()];
    let sum: f32 = logits.as_slice().iter().map(|x| (x - max).exp()).sum();
    Vector::from_fn(|i| (logits[i] - max).exp() / sum)
}

#[cfg(test)]
mod tests {
    use super::softmax;
    use convoke::Vector;

    #[test]
    fn softmax_sums_to_one_and_does_not_overflow() {
        assert_eq!(softmax(&Vector::from([1000.0, 1000.0, 0.0])).as_slice(), [0.5, 0.5, 0.0]);
    }
}
