//! `reshape([sizes])`: the same elements under another shape.
//!
//! - Formula: the elements stay in the order channel, row, column.
//! - Shapes: to one of as many elements; one size may be left open by `_` (or −1), and is then what the others leave. There is no
//!   axis for the batch.
//! - Parameters: none.
//! - Example: `reshape([8, _])` makes `[2, 3, 4]` to `[8, 3]`; `reshape([16, 4, 4])` makes a vector `[256]` a map again.
//! - Source: PyTorch's `x.reshape(n, …)`.

use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param, axes};
use crate::diag::Problem;
use crate::dim;
use crate::facts::Condition;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::size::Size;
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct Reshape;

/// A step copies along so many axes at a time.
const MAX_AXES: usize = 3;
/// More steps than this take longer than going by way of a vector.
const MAX_STEPS: usize = 8;

/// Whether a few copies, or none, take a map to its new shape.
fn is_direct(a: [usize; 3], b: [usize; 3]) -> bool {
    let Some(axes) = axes::common(a, b) else { return false };
    let mut sizes: Vec<usize> = axes.iter().map(|axis| axis.size).collect();
    sizes.sort_unstable();
    let n_steps: usize = sizes.iter().take(sizes.len().saturating_sub(MAX_AXES)).product();
    // Rows of rows are mostly one stretch of pixels.
    a[0] == b[0] || n_steps <= MAX_STEPS
}

impl Layer for Reshape {
    const NAME: &'static str = "reshape";
    const ABOUT: &'static str = "the same elements under another shape, in the order C, H, W; `_` is the size that is left";
    const SOURCE: &'static str = "`x.reshape(…)`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] =
        &[Param { name: "sizes", kind: Kind::Sizes, default: Default::Required, about: "in brackets; one may be `_`" }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let (input, sizes) = (inputs[0], args.list("sizes"));
        let wrong = |message: String| Problem::argument("sizes", message);
        if sizes.len() > 3 {
            return Err(wrong(format!("a value has at most three axes, but here are {}", sizes.len())));
        }
        let given: Vec<usize> = sizes.iter().filter_map(|&size| usize::try_from(size).ok()).collect();
        let terms: Vec<String> = given.iter().map(usize::to_string).collect();
        let product = dim::product(given.iter().copied());
        let shown = product.map_or_else(|| "more than memory can address".to_owned(), |product| product.to_string());
        let arithmetic = if given.len() > 1 { format!("{} = {shown}", terms.join(" · ")) } else { shown };
        let n = input.len();
        if given.len() == sizes.len() {
            return match product == Some(n) {
                true => Ok(Shape(given)),
                false => Err(wrong(format!("{input} has {n} elements, but the new shape {arithmetic}"))),
            };
        }
        match product.filter(|product| *product > 0 && n.is_multiple_of(*product)) {
            Some(product) => Ok(Shape(sizes.iter().map(|&size| usize::try_from(size).unwrap_or(n / product)).collect())),
            None => Err(wrong(format!("{input} has {n} elements, which {arithmetic} does not divide, so that nothing fits `_`"))),
        }
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        let (len, given) = (inputs[0].len()?, args.list("sizes"));
        let product = given.iter().filter(|&&size| size > 0).try_fold(1i64, |product, &size| product.checked_mul(size))?;
        let open = given.iter().any(|&size| size < 0);
        let ask = match open {
            true => Condition::equal(len.remainder(product)?, Size::constant(0)),
            false => Condition::equal(len.clone(), Size::constant(product)),
        };
        let left = len.floor_div(product)?;
        let sizes = given.iter().map(|&size| if size < 0 { left.clone() } else { Size::constant(size) });
        Some(Inferred { sizes: Sizes(sizes.collect()), asks: vec![ask] })
    }

    fn recover(args: &Args) -> Option<Shape> {
        let sizes: Option<Vec<usize>> = args.list("sizes").iter().map(|&size| usize::try_from(size).ok()).collect();
        sizes.filter(|sizes| sizes.len() <= 3).map(Shape)
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        match Self::infer(args, &[&inputs[0].shape]) {
            Ok(shape) => inputs[0].clone().with_shape(shape),
            Err(problem) => unreachable!("the shape rule has accepted it: {problem}"),
        }
    }

    fn lower(args: &Args, inputs: &[&Shape], output: &Shape) -> Lowering {
        let input = inputs[0];
        if input == output {
            return Lowering::Identity;
        }
        if output.as_vector().is_some() {
            return Lowering::Flatten;
        }
        match is_direct(input.chw(), output.chw()) {
            true => Lowering::Reshape,
            // By way of the vector of all elements.
            false => Lowering::Parts(vec![("0", "flatten", Args::default()), ("1", Self::NAME, args.clone())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{args, counting, evaluate, infer, problem};

    fn sizes(sizes: &[i64]) -> Vec<(&'static str, Arg)> {
        vec![("sizes", Arg::List(sizes.to_vec()))]
    }

    #[test]
    fn elements_keep_their_order_and_an_open_size_is_found() {
        let output = evaluate::<Reshape>(&sizes(&[4, -1, 1]), &[counting(&[2, 2, 3])], &[]);
        assert_eq!((output.shape, output.data), (Shape::map(4, 3, 1), counting(&[12]).data));
        assert_eq!(infer::<Reshape>(&sizes(&[-1]), &[Shape::map(2, 2, 3)]), Ok(Shape::vector(12)));
        assert_eq!(infer::<Reshape>(&sizes(&[3, -1]), &[Shape::map(3, 2, 2)]), Ok(Shape::sequence(3, 4)));
        assert_eq!(infer::<Reshape>(&sizes(&[3, 2, 2]), &[Shape::vector(12)]), Ok(Shape::map(3, 2, 2)));
    }

    #[test]
    fn what_does_not_come_out_is_a_problem() {
        assert_eq!(
            problem::<Reshape>(&sizes(&[2, 2, 2]), &[Shape::vector(12)]),
            "[12] has 12 elements, but the new shape 2 · 2 · 2 = 8"
        );
        assert_eq!(
            problem::<Reshape>(&sizes(&[5, -1, 1]), &[Shape::vector(12)]),
            "[12] has 12 elements, which 5 · 1 = 5 does not divide, so that nothing fits `_`"
        );
    }

    #[test]
    fn shapes_without_common_axes_go_by_way_of_a_vector() {
        let lower = |a: Shape, b: Shape| {
            let b_sizes: Vec<i64> = b.0.iter().map(|&size| size as i64).collect();
            Reshape::lower(&args::<Reshape>(&sizes(&b_sizes)), &[&a], &b)
        };
        assert_eq!(lower(Shape::map(6, 4, 5), Shape::map(6, 2, 10)), Lowering::Reshape);
        assert_eq!(lower(Shape::vector(12), Shape::map(3, 2, 2)), Lowering::Reshape);
        assert_eq!(lower(Shape::map(3, 2, 2), Shape::vector(12)), Lowering::Flatten);
        assert!(matches!(lower(Shape::map(2, 3, 5), Shape::map(3, 2, 5)), Lowering::Parts(_)));
    }
}
