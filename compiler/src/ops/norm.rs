//! What the norms of an image by its own mean and variance share: `group_norm`, `layer_norm`, `instance_norm`.

use super::{Default, Kind, Lowering, Param, Weight};
use crate::diag::Problem;
use crate::graph::{Arg, Args};
use crate::plan::{Init, Region, ScaleOf};
use crate::shape::Shape;
use crate::tensor::{Float, Tensor};

/// `eps`
pub const EPS: Param =
    Param { name: "eps", kind: Kind::Number, default: Default::Value(Arg::Number(1e-5)), about: "added to the variance" };

/// `affine`, true where it is not written.
pub const AFFINE: Param = Param {
    name: "affine",
    kind: Kind::Flag,
    default: Default::Value(Arg::Flag(true)),
    about: "whether weight and bias are there",
};

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
    let weight = |name: &'static str, value| Weight {
        name: name.into(),
        shape: shape.clone(),
        init: Init::Constant(value),
        learned: true,
    };
    let mut weights = vec![weight("weight", 1.0)];
    if bias {
        weights.push(weight("bias", 0.0));
    }
    weights
}

/// By the mean and variance of groups of channels over the whole map, with weights by channel.
pub fn lower(groups: usize, args: &Args) -> Lowering {
    Lowering::Norm { groups, eps: args.number("eps"), region: Region::Map, scale_of: ScaleOf::Channel }
}

/// `(x − μ)/√(σ² + eps)`, mean and variance being those of a group of channels in a region; then the weights.
pub fn evaluate<T: Float>(norm: &Lowering, input: &Tensor<T>, weights: &[Tensor<T>]) -> Tensor<T> {
    let &Lowering::Norm { groups, eps, region, scale_of } = norm else { unreachable!("{norm:?} is a norm's") };
    let [channels, height, width] = input.shape.chw();
    let per_group = channels / groups;
    // Along the axes of a map: how many regions, and how large.
    let (n, size) = match region {
        Region::Map => ([1, 1], [height, width]),
        Region::Row => ([height, 1], [1, width]),
        Region::Pixel => ([height, width], [1, 1]),
    };
    // Of a group in a region: the sum of a function of its elements, over their number.
    let mean = |[group, row, column]: [usize; 3], f: &dyn Fn(T) -> T| {
        let mut sum = T::ZERO;
        for c in group * per_group..(group + 1) * per_group {
            for y in row * size[0]..(row + 1) * size[0] {
                for x in column * size[1]..(column + 1) * size[1] {
                    sum += f(input.at(c, y, x));
                }
            }
        }
        sum / T::of((per_group * size[0] * size[1]) as f64)
    };
    let statistics: Vec<(T, T)> = (0..groups * n[0] * n[1])
        .map(|i| {
            let at = [i / (n[0] * n[1]), i / n[1] % n[0], i % n[1]];
            let mu = mean(at, &|x| x);
            (mu, mean(at, &|x| (x - mu) * (x - mu)))
        })
        .collect();
    Tensor::from_fn(input.shape.clone(), |c, y, x| {
        let (mu, variance) = statistics[(c / per_group * n[0] + y / size[0]) * n[1] + x / size[1]];
        let normal = (input.at(c, y, x) - mu) / (variance + T::of(eps)).sqrt();
        let of = |weight: &Tensor<T>| match scale_of {
            ScaleOf::Channel => weight.data[c],
            ScaleOf::Element => weight.at(c, y, x),
            ScaleOf::Place => weight.data[y % size[0] * width + x % size[1]],
        };
        match weights {
            [] => normal,
            [weight] => normal * of(weight),
            [weight, bias, ..] => normal * of(weight) + of(bias),
        }
    })
}
