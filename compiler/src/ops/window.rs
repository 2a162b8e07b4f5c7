//! What convolution and pooling share: how a window fits a map, and how that is said when it does not.

use crate::diag::Problem;
use crate::dim::{self, Misfit, Round, Window};
use crate::graph::Padding;

/// A window on a map, with its padding worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Height and width of the output.
    pub output: [usize; 2],
    /// Top, left, bottom, right, as written.
    pub pad: [usize; 4],
}

/// The window of a layer, as its arguments give it.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Down and across.
    pub window: [usize; 2],
    /// Down and across.
    pub stride: [usize; 2],
    /// Down and across.
    pub dilation: [usize; 2],
    /// As written.
    pub pad: Padding,
    /// What to do with what is left over.
    pub round: Round,
}

/// Fits a window to a map of `size` (height and width), or says why it does not fit and what would.
pub fn fit(spec: &Spec, size: [usize; 2]) -> Result<Fit, Problem> {
    let sides = match spec.pad {
        Padding::Sides(sides) => sides,
        Padding::Same => {
            let [top, bottom] = dim::same_pad(size[0], spec.window[0], spec.stride[0], spec.dilation[0]);
            let [left, right] = dim::same_pad(size[1], spec.window[1], spec.stride[1], spec.dilation[1]);
            [top, left, bottom, right]
        }
    };
    let mut output = [0; 2];
    for axis in 0..2 {
        let window = Window {
            kernel: spec.window[axis],
            stride: spec.stride[axis],
            dilation: spec.dilation[axis],
            pad: [sides[axis], sides[axis + 2]],
        };
        // With `same`, the padding was made for a count of ceil(n / stride): what is left over is meant.
        let round = if spec.pad == Padding::Same { Round::Floor } else { spec.round };
        output[axis] = window.positions(size[axis], round).map_err(|misfit| match misfit {
            Misfit::NotTiled { .. } => Problem::argument("stride", "the window does not tile the input"),
            Misfit::TooLarge { .. } => Problem::argument("window", "the window is larger than the input"),
            Misfit::Overflow => Problem::layer("a size overflows"),
        })?;
    }
    Ok(Fit { output, pad: sides })
}
