//! What convolution and pooling share: how a window fits a map, and how that is said when it does not.

use crate::diag::Problem;
use crate::dim::{self, Misfit, Round, Window};
use crate::graph::Padding;
use crate::plan;
use crate::shape::Shape;
use crate::tensor::Float;

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

impl Spec {
    /// The window along one axis, with the padding that [`fit`] has worked out.
    pub fn axis(&self, axis: usize, pad: [usize; 4]) -> Window {
        Window {
            kernel: self.window[axis],
            stride: self.stride[axis],
            dilation: self.dilation[axis],
            pad: [pad[axis], pad[axis + 2]],
        }
    }

    /// Top, left, bottom, right, on a map of `size` (height and width).
    fn sides(&self, size: [usize; 2]) -> [usize; 4] {
        match self.pad {
            Padding::Sides(sides) => sides,
            Padding::Same => {
                let [top, bottom] = dim::same_pad(size[0], self.window[0], self.stride[0], self.dilation[0]);
                let [left, right] = dim::same_pad(size[1], self.window[1], self.stride[1], self.dilation[1]);
                [top, left, bottom, right]
            }
        }
    }

    /// Stride and dilation as a kernel wants them: a stride that is never taken, or a dilation within one element, may be any
    /// number, and is made one whose addresses exist.
    pub fn steps(&self, input: &Shape, output: &Shape) -> ([usize; 2], [usize; 2]) {
        let ([_, height, width], [_, out_height, out_width]) = (input.chw(), output.chw());
        let (size, out) = ([height, width], [out_height, out_width]);
        let stride = [0, 1].map(|axis| if out[axis] == 1 { self.stride[axis].min(size[axis]) } else { self.stride[axis] });
        let dilation = [0, 1].map(|axis| if self.window[axis] == 1 { 1 } else { self.dilation[axis] });
        (stride, dilation)
    }

    /// The windows of a pooling.
    pub fn windows(&self, input: &Shape, output: &Shape) -> plan::Windows {
        let [_, height, width] = input.chw();
        let (stride, dilation) = self.steps(input, output);
        plan::Windows::Sliding { window: self.window, stride, dilation, pad: self.sides([height, width]) }
    }
}

/// `[channels, height, width]` of a layer's input, or that the layer does not read a vector.
pub fn map(name: &str, input: &Shape) -> Result<[usize; 3], Problem> {
    input
        .as_map()
        .ok_or_else(|| Problem::input(0, format!("`{name}` reads a map [C, H, W], but its input is the vector {input}")))
}

/// The larger one; a NaN is larger than any number, as in PyTorch.
pub fn maximum<T: Float>(a: T, b: T) -> T {
    if b <= a || a.to_f64().is_nan() { a } else { b }
}

/// The shape rule of a pooling.
pub fn infer_pool(name: &str, spec: &Spec, input: &Shape) -> Result<Shape, Problem> {
    let [channels, ..] = map(name, input)?;
    let [height, width] = fit(spec, input.chw())?.output;
    Ok(Shape::map(channels, height, width))
}

/// Fits a window to a map of `[channels, height, width]`, or says why it does not fit and what would.
pub fn fit(spec: &Spec, [_channels, height, width]: [usize; 3]) -> Result<Fit, Problem> {
    let size = [height, width];
    let sides = spec.sides(size);
    let mut output = [0; 2];
    for axis in 0..2 {
        // With `same`, the padding was made for a count of ceil(n / stride): what is left over is meant.
        let round = if spec.pad == Padding::Same { Round::Floor } else { spec.round };
        output[axis] = spec.axis(axis, sides).positions(size[axis], round).map_err(|misfit| match misfit {
            Misfit::NotTiled { .. } => Problem::argument("stride", "the window does not tile the input"),
            Misfit::TooLarge { .. } => Problem::argument("window", "the window is larger than the input"),
            Misfit::Overflow => Problem::layer("a size overflows"),
        })?;
    }
    Ok(Fit { output, pad: sides })
}
