//! What the norms of an image by its own mean and variance share: `group_norm`, `layer_norm`, `instance_norm`.

use super::Weight;
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan::Init;
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// That `eps` is not negative.
pub fn check(args: &Args) -> Result<(), Problem> {
    let eps = args.number("eps");
    if eps < 0.0 {
        let message = format!("`eps` is added to a variance before its root is taken, but {eps} is negative");
        return Err(Problem::argument("eps", message).help("PyTorch's is `eps = 1e-5`"));
    }
    Ok(())
}

/// `weight`, and `bias` if it is there, of one shape.
pub fn weights(shape: &Shape, bias: bool) -> Vec<Weight> {
    let weight = |name, value| Weight { name, shape: shape.clone(), init: Init::Constant(value), learned: true };
    let mut weights = vec![weight("weight", 1.0)];
    if bias {
        weights.push(weight("bias", 0.0));
    }
    weights
}

/// `(x − μ)/√(σ² + eps)`, mean and variance being those of a group of channels; then weights by channel or by element.
pub fn evaluate<T: Float>(eps: f64, groups: usize, input: &Tensor<T>, weights: &[Tensor<T>]) -> Tensor<T> {
    let [channels, height, width] = input.shape.chw();
    let per_group = channels / groups;
    let n = T::of((per_group * height * width) as f64);
    // Of a group: the sum of a function of its elements, over their number.
    let mean = |group: usize, f: &dyn Fn(T) -> T| {
        let mut sum = T::ZERO;
        for c in group * per_group..(group + 1) * per_group {
            for y in 0..height {
                for x in 0..width {
                    sum += f(input.at(c, y, x));
                }
            }
        }
        sum / n
    };
    let statistics: Vec<(T, T)> = (0..groups)
        .map(|group| {
            let mu = mean(group, &|x| x);
            (mu, mean(group, &|x| (x - mu) * (x - mu)))
        })
        .collect();
    Tensor::from_fn(input.shape.clone(), |c, y, x| {
        let (mu, variance) = statistics[c / per_group];
        let normal = (input.at(c, y, x) - mu) / (variance + T::of(eps)).sqrt();
        let of = |weight: &Tensor<T>| if weight.data.len() == channels { weight.data[c] } else { weight.at(c, y, x) };
        match weights {
            [] => normal,
            [weight] => normal * of(weight),
            [weight, bias, ..] => normal * of(weight) + of(bias),
        }
    })
}
