//! `concat(a, b, …)`: the channels of maps of one height and width, or of sequences of one length, after one another.
//!
//! - Formula: `out = a[0], a[1], …, b[0], b[1], …`, channel by channel.
//! - Shapes: `[C₁, H, W]`, `[C₂, H, W]`, … to `[C₁ + C₂ + …, H, W]`; sequences `[C₁, L]`, `[C₂, L]`, … to
//!   `[C₁ + C₂ + …, L]`; vectors `[N₁]`, `[N₂]`, … to `[N₁ + N₂ + …]`.
//! - Parameters: none.
//! - Example: `concat(x, y)` takes `[64, 28, 28]` and `[32, 28, 28]` to `[96, 28, 28]`.
//! - Source: Szegedy et al., *Going deeper with convolutions* (2014); PyTorch's `torch.cat(…, dim=1)`.

use super::sizes::{self, Inferred};
use super::{Inputs, Layer, Lowering, Param, combine};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Concat;

impl Layer for Concat {
    const NAME: &'static str = "concat";
    const ABOUT: &'static str = "channels of maps of one height and width, or of sequences of one length, after one another";
    const SOURCE: &'static str = "`torch.cat(…, dim=1)`";
    const INPUTS: Inputs = Inputs::Many;
    const SIGNATURE: &'static [Param] = &[];

    fn infer(_args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let mut shape = inputs[0].clone();
        for (position, input) in inputs.iter().enumerate().skip(1) {
            if input.0[1..] != shape.0[1..] {
                return Err(unlike(inputs[0], position, input));
            }
            let sum = shape.0[0].checked_add(input.0[0]);
            shape.0[0] = sum.ok_or_else(|| Problem::layer("the channels are more than can be counted"))?;
        }
        Ok(shape)
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let rest = |sizes: &Sizes| Sizes(sizes.0[1..].to_vec());
        let rests: Vec<Sizes> = inputs.iter().map(|input| rest(input)).collect();
        let Inferred { sizes, asks } = sizes::alike(&rests.iter().collect::<Vec<_>>())?;
        let channels = inputs[1..].iter().try_fold(inputs[0].0[0].clone(), |sum, input| sum.plus(&input.0[0]))?;
        Some(Inferred { sizes: Sizes([vec![channels], sizes.0].concat()), asks })
    }

    fn evaluate<T: Float>(_args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let mut shape = inputs[0].shape.clone();
        shape.0[0] = inputs.iter().map(|input| input.shape.0[0]).sum();
        // Channels are the slowest axis, so the elements only follow one another.
        Tensor { shape, data: inputs.iter().flat_map(|input| &input.data).copied().collect() }
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Concat
    }
}

/// One of the inputs does not have the sides of the first.
fn unlike(first: &Shape, position: usize, input: &Shape) -> Problem {
    let number = position + 1;
    let joined = match first.kind() {
        "sequence" => "sequences of one length",
        _ => "maps of one height and width",
    };
    let message = format!("`concat` joins channels of {joined}, but input {number} is {input} where the first is {first}");
    let help = match (first.kind(), input.kind()) {
        (one, other) if one == other => {
            let (a, b) = (first.chw(), input.chw());
            let first_is_larger = a[1] >= b[1] && a[2] >= b[2];
            let (large, small) = if first_is_larger { (a, b) } else { (b, a) };
            let [larger, smaller] = if first_is_larger {
                ["the first".into(), format!("input {number}")]
            } else {
                [format!("input {number}"), "the first".into()]
            };
            match (combine::stride(large, small), combine::border(large, small)) {
                (_, Some(pad)) => {
                    let (pad, sides) = (combine::padding(first, pad), combine::sides(first, large));
                    format!("with `pad` greater by {pad} in the window before it, {smaller} is {sides}")
                }
                (Some(stride), _) => {
                    format!("a stride of {stride} on the way to {larger} makes it {}", combine::sides(first, small))
                }
                _ => String::new(),
            }
        }
        (kind, "vector") | ("vector", kind) => format!("write `flatten` after the {kind}, so that both are vectors"),
        _ => "write `flatten` after both, so that they are vectors".into(),
    };
    Problem::input(position, message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{counting, evaluate, infer, problem};

    #[test]
    fn channels_follow_one_another() {
        let output = evaluate::<Concat>(&[], &[counting(&[1, 1, 2]), counting(&[2, 1, 2]), counting(&[1, 1, 2])], &[]);
        assert_eq!((output.shape, output.data), (Shape::map(4, 1, 2), vec![1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0]));
    }

    #[test]
    fn vectors_follow_one_another_and_one_alone_is_itself() {
        assert_eq!(infer::<Concat>(&[], &[Shape::vector(3), Shape::vector(4)]), Ok(Shape::vector(7)));
        assert_eq!(infer::<Concat>(&[], &[Shape::map(3, 2, 2)]), Ok(Shape::map(3, 2, 2)));
    }

    #[test]
    fn inputs_of_other_sides_are_named_and_the_lost_border_or_stride_is_found() {
        let first = "`concat` joins channels of maps of one height and width, but input";
        let maps = [Shape::map(64, 28, 28), Shape::map(32, 28, 28), Shape::map(16, 26, 26)];
        assert_eq!(
            problem::<Concat>(&[], &maps),
            format!(
                "{first} 3 is [16, 26, 26] where the first is [64, 28, 28]\n\
                 help: with `pad` greater by 1 in the window before it, input 3 is 28x28"
            )
        );
        assert_eq!(
            problem::<Concat>(&[], &[Shape::map(64, 14, 14), Shape::map(32, 28, 28)]),
            format!(
                "{first} 2 is [32, 28, 28] where the first is [64, 14, 14]\nhelp: a stride of 2 on the way to input 2 makes it 14x14"
            )
        );
        assert_eq!(
            problem::<Concat>(&[], &[Shape::map(64, 14, 14), Shape::vector(32)]),
            format!(
                "{first} 2 is [32] where the first is [64, 14, 14]\nhelp: write `flatten` after the map, so that both are vectors"
            )
        );
    }

    #[test]
    fn sequences_are_joined_like_maps() {
        assert_eq!(infer::<Concat>(&[], &[Shape::sequence(3, 7), Shape::sequence(4, 7)]), Ok(Shape::sequence(7, 7)));
        assert_eq!(
            problem::<Concat>(&[], &[Shape::sequence(3, 7), Shape::sequence(3, 5)]),
            "`concat` joins channels of sequences of one length, but input 2 is [3, 5] where the first is [3, 7]\n\
             help: with `pad` greater by 1 in the window before it, input 2 is 7 long"
        );
    }

    #[test]
    fn channels_that_cannot_be_counted_are_a_problem() {
        let wide = Shape::vector(crate::dim::MAX_LEN);
        let inputs = vec![wide; 9];
        assert_eq!(problem::<Concat>(&[], &inputs), "the channels are more than can be counted");
    }
}
