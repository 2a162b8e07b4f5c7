//! `adaptive_avg_pool(size)`: pools a map to `size`, whatever its own is, by the mean of each window.
//!
//! - Formula: row i of n over a map of m rows is the mean of rows `floor(i·m/n)` up to, and without, `ceil((i+1)·m/n)`; columns likewise.
//! - Shapes: `[C, H, W]` to `[C, rows, columns]`, `[C, L]` to `[C, size]`; the map may also grow.
//! - Parameters: none.
//! - Example: `adaptive_avg_pool(1x1)` takes `[512, 7, 7]` to `[512, 1, 1]`.
//! - Source: Lin et al., *Network in network* (2013), for one pixel; PyTorch's `nn.AdaptiveAvgPool2d`
//!   and `nn.AdaptiveAvgPool1d`.

use super::sizes::Inferred;
use super::{Inputs, Layer, Lowering, Param, pool};
use crate::diag::Problem;
use crate::graph::Args;
use crate::plan::{Reduce, Windows};
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct AdaptiveAvgPool;

impl Layer for AdaptiveAvgPool {
    const NAME: &'static str = "adaptive_avg_pool";
    const ABOUT: &'static str = "mean of each window, the windows chosen so that the output has the given size";
    const SOURCE: &'static str = "`nn.AdaptiveAvgPool2d`, `nn.AdaptiveAvgPool1d`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] = &[pool::SIZE];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        pool::infer_adaptive(Self::NAME, args, inputs[0])
    }

    fn infer_sizes(args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        pool::adaptive_sizes(args, inputs[0])
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        pool::adaptive(args.pair("size"), inputs[0], |elements| pool::mean(elements, elements.len()))
    }

    fn lower(_args: &Args, _inputs: &[&Shape], _output: &Shape) -> Lowering {
        Lowering::Pool { reduce: Reduce::Average { count_pad: false }, windows: Windows::Adaptive }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{counting, evaluate};

    fn size(rows: usize, columns: usize) -> (&'static str, Arg) {
        ("size", Arg::Pair([rows, columns]))
    }

    #[test]
    fn to_one_pixel_it_is_the_mean_of_each_channel() {
        assert_eq!(evaluate::<AdaptiveAvgPool>(&[size(1, 1)], &[counting(&[2, 2, 2])], &[]).data, [2.5, 6.5]);
    }

    #[test]
    fn windows_overlap_where_sizes_do_not_divide() {
        // 5 columns to 3: columns 0..2, 1..4 and 3..5.
        assert_eq!(evaluate::<AdaptiveAvgPool>(&[size(1, 3)], &[counting(&[1, 1, 5])], &[]).data, [1.5, 3.0, 4.5]);
    }

    #[test]
    fn a_map_may_grow() {
        assert_eq!(evaluate::<AdaptiveAvgPool>(&[size(2, 3)], &[counting(&[1, 1, 2])], &[]).data, [1.0, 1.5, 2.0, 1.0, 1.5, 2.0]);
    }
}
