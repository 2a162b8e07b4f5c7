//! `adaptive_max_pool(size)`: pools a map to `size`, whatever its own is, by the maximum of each window.
//!
//! - Formula: row i of n over a map of m rows is the maximum of rows `floor(i·m/n)` up to, and without, `ceil((i+1)·m/n)`; columns
//!   likewise. A NaN in the window is its maximum.
//! - Shapes: `[C, H, W]` to `[C, rows, columns]`, `[C, L]` to `[C, size]`; the map may also grow.
//! - Parameters: none.
//! - Example: `adaptive_max_pool(6x6)` takes `[256, 13, 13]` to `[256, 6, 6]`.
//! - Source: He et al., *Spatial pyramid pooling* (2014); PyTorch's `nn.AdaptiveMaxPool2d`
//!   and `nn.AdaptiveMaxPool1d`.

use super::sizes::Inferred;
use super::{Inputs, Layer, Lowering, Param, pool};
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan::{Reduce, Windows};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct AdaptiveMaxPool;

impl Layer for AdaptiveMaxPool {
    const NAME: &'static str = "adaptive_max_pool";
    const ABOUT: &'static str = "maximum of each window, the windows chosen so that the output has the given size";
    const SOURCE: &'static str = "`nn.AdaptiveMaxPool2d`, `nn.AdaptiveMaxPool1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[pool::SIZE];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        pool::infer_adaptive(Self::NAME, args, inputs[0])
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        pool::adaptive_sizes(args, inputs[0])
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        pool::adaptive(args.pair("size"), inputs[0], pool::maximum)
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Pool { reduce: Reduce::Max, windows: Windows::Adaptive }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{counting, evaluate, tensor};

    fn size(rows: usize, columns: usize) -> (&'static str, Arg) {
        ("size", Arg::Pair([rows, columns]))
    }

    #[test]
    fn to_one_pixel_it_is_the_maximum_of_each_channel() {
        assert_eq!(evaluate::<AdaptiveMaxPool>(&[size(1, 1)], &[counting(&[2, 2, 2])], &[]).data, [4.0, 8.0]);
    }

    #[test]
    fn windows_overlap_where_sizes_do_not_divide() {
        // 5 columns to 3: columns 0..2, 1..4 and 3..5.
        let input = tensor(&[1, 1, 5], &[5.0, 1.0, 2.0, 7.0, 3.0]);
        assert_eq!(evaluate::<AdaptiveMaxPool>(&[size(1, 3)], &[input], &[]).data, [5.0, 7.0, 7.0]);
    }
}
