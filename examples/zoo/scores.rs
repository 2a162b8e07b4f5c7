//! From what a classifier puts out to what a person reads.

use convoke::Vector;

/// Probabilities of a classifier's outputs: `exp(x − max) / Σ exp(x − max)`.
pub fn softmax<const N: usize>(logits: &Vector<N>) -> Vector<N> {
    let probabilities = probabilities(logits.as_slice());
    Vector::from_fn(|i| probabilities[i])
}

/// As [`softmax`], where the number of classes is known only when the program runs.
pub fn probabilities(logits: &[f32]) -> Vec<f32> {
    let max = logits.iter().fold(f32::NEG_INFINITY, |max, &x| max.max(x));
    let mut exps: Vec<f32> = logits.iter().map(|x| (x - max).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.iter_mut().for_each(|exp| *exp /= sum);
    exps
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
