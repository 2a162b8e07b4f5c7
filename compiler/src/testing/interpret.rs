//! A plan, step by step, as its documentation defines it: plain loops over views, sums in f64.
//!
//! It reads memory where a kernel would, borders included, so that a layout that is wrong gives wrong results.

use crate::ops::map::run;
use crate::plan::{
    Activation, BatchNorm, Cell, Combination, Conv, Epilogue, Form, Kernel, Linear, MoreBias, Norm, Pack, Place, Plan, Recurrent,
    Reduce, Region, Resize, Sampling, ScaleOf, View, Windows,
};
use crate::program::Program;
use crate::tensor::Float;

/// A plan with its weights and memory.
pub struct Machine<'a> {
    /// What runs.
    pub plan: &'a Plan,
    /// Each parameter's elements.
    pub parameters: Vec<Vec<f32>>,
    /// Zeros at first.
    pub arena: Vec<f32>,
    /// The map between two convolutions of a step, with its border.
    strip: Vec<f32>,
    /// Each input's elements.
    pub inputs: Vec<Vec<f32>>,
    /// Each output's elements.
    pub outputs: Vec<Vec<f32>>,
}

impl<'a> Machine<'a> {
    /// With memory as a session has it at first. `weights` gives the elements of a parameter by its name.
    pub fn new(plan: &'a Plan, weights: &dyn Fn(&str) -> Vec<f32>) -> Machine<'a> {
        let zeros = |shape: &[usize]| vec![0.0; shape.iter().product()];
        Machine {
            plan,
            parameters: plan.parameters.iter().map(|parameter| weights(&parameter.name)).collect(),
            arena: vec![0.0; plan.arena_len],
            strip: Vec::new(),
            inputs: plan.inputs.iter().map(|port| zeros(&port.shape)).collect(),
            outputs: plan.outputs.iter().map(|port| zeros(&port.shape)).collect(),
        }
    }

    /// Runs one step.
    pub fn step(&mut self, index: usize) {
        let step = &self.plan.steps[index];
        let output = *step.kernel.output();
        let result = match &step.kernel {
            Kernel::Conv(conv) => self.conv(conv),
            Kernel::Strips(strips) => {
                for (conv, next) in strips.convs().zip(strips.convs().skip(1)) {
                    let result = self.conv(conv);
                    let [_, _, bottom, _] = next.border();
                    self.strip = vec![0.0; (next.pad[0] + conv.output.height + bottom) * conv.output.row];
                    self.write(&conv.output, result);
                }
                self.conv(&strips.last)
            }
            Kernel::Linear(linear) => self.linear(linear),
            Kernel::Pool(pool) => {
                let size = [pool.input.height, pool.input.width];
                let pooled =
                    |y, x, c| reduce(pool.reduce, &pool.windows, size, &output, [y, x], |y, x| self.at(&pool.input, y, x, c));
                map(&output, |y, x, c| activate(pool.activation, pooled(y, x, c)))
            }
            Kernel::Affine(affine) => {
                let (scale, shift) = self.folded(&self.plan.packs[affine.pack], output.channels, 1);
                map(&output, |y, x, c| activate(affine.activation, scale[c] * self.inside(&affine.input, y, x, c) + shift[c]))
            }
            Kernel::Activate(step) => map(&output, |y, x, c| activate(step.activation, self.inside(&step.input, y, x, c))),
            Kernel::Prelu(step) => {
                let slopes = &self.parameters[self.plan.packs[step.pack].weight.expect("a weight")];
                map(&output, |y, x, c| match self.inside(&step.input, y, x, c) {
                    value if value < 0.0 => value * f64::from(slopes[if slopes.len() == 1 { 0 } else { c }]),
                    value => value,
                })
            }
            Kernel::Map(step) => {
                let program = Program { n_inputs: step.inputs.len(), operations: step.operations.clone() };
                map(&output, |y, x, c| run(&program, step.inputs.iter().map(|input| self.inside(input, y, x, c)).collect()))
            }
            Kernel::Combine(step) => map(&output, |y, x, c| {
                let side = |view: &View| {
                    let at = |size: usize, position: usize| if size == 1 { 0 } else { position };
                    self.inside(view, at(view.height, y), at(view.width, x), at(view.channels, c))
                };
                let (a, b) = (side(&step.a), side(&step.b));
                let result = match step.combination {
                    Combination::Add => a + b,
                    Combination::Mul => a * b,
                };
                activate(step.activation, result)
            }),
            Kernel::Scale(step) => map(&output, |y, x, c| {
                activate(step.activation, self.inside(&step.input, y, x, c) * self.inside(&step.by, 0, 0, c))
            }),
            Kernel::Norm(step) => self.norm(step),
            Kernel::LocalNorm(step) => map(&output, |y, x, c| {
                let (first, end) = (c.saturating_sub(step.size / 2), (c + step.size.div_ceil(2)).min(output.channels));
                let sum: f64 = (first..end).map(|c| self.inside(&step.input, y, x, c).powi(2)).sum();
                let base = f64::from(step.k) + f64::from(step.alpha) * sum / step.size as f64;
                self.inside(&step.input, y, x, c) / base.powf(f64::from(step.beta))
            }),
            Kernel::Resize(step) => self.resize(step),
            Kernel::Softmax(step) => map(&output, |y, x, c| {
                let pixel = |c| self.inside(&step.input, y, x, c);
                let largest = (0..output.channels).map(pixel).fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = (0..output.channels).map(|c| (pixel(c) - largest).exp()).sum();
                if step.log { pixel(c) - largest - sum.ln() } else { (pixel(c) - largest).exp() / sum }
            }),
            Kernel::Recurrent(layer) => {
                let (result, cells) = self.recurrent(layer);
                if let Some(view) = &layer.last_cell {
                    self.write(view, cells);
                }
                result
            }
            Kernel::MeanChannels(step) => map(&output, |y, x, _| {
                let channels = step.input.channels;
                (0..channels).map(|c| self.inside(&step.input, y, x, c)).sum::<f64>() / channels as f64
            }),
            Kernel::Copy(copy) => map(&output, |y, x, c| self.inside(&copy.input, y, x, c)),
            Kernel::ClearBorder(clear) => return self.clear(&clear.view, clear.border),
        };
        self.write(&output, result);
    }

    /// Writes a view's elements, in the order row, column, channel.
    fn write(&mut self, view: &View, elements: Vec<f64>) {
        let mut elements = elements.into_iter();
        for y in 0..view.height as isize {
            for x in 0..view.width as isize {
                for c in 0..view.channels {
                    *self.element(view, y, x, c) = elements.next().map_or(f32::NAN, |value| value as f32);
                }
            }
        }
    }

    /// The states at every step, and the cells after the last one.
    fn recurrent(&self, layer: &Recurrent) -> (Vec<f64>, Vec<f64>) {
        let Recurrent { cell, hidden, input, output, .. } = layer;
        let (n, width, rows) = (*hidden, layer.width(), cell.n_gates() * hidden);
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut states = vec![0.0; output.len()];
        let mut cells = Vec::new();
        for (d, &pack) in layer.packs.iter().enumerate() {
            let (matrix, bias) = self.folded(&self.plan.packs[pack], rows, width);
            let state = |view: &Option<View>, len: usize| -> Vec<f64> {
                (0..len).map(|i| view.as_ref().map_or(0.0, |view| self.inside(view, d, 0, i))).collect()
            };
            let (mut h, mut c) = (state(&layer.first_hidden, width), state(&layer.first_cell, n));
            for step in 0..input.width {
                let t = if d > 0 { input.width - 1 - step } else { step };
                let x = |g: usize, j: usize| self.inside(input, 0, t, d * rows + g * n + j);
                let product = |g: usize, j: usize| -> f64 {
                    let row = &matrix[(g * n + j) * width..];
                    row.iter().zip(&h).map(|(weight, value)| weight * value).sum()
                };
                let gate = |g: usize, j: usize| x(g, j) + product(g, j);
                let mut new = Vec::new();
                for j in 0..n {
                    new.push(match cell {
                        Cell::Tanh => gate(0, j).tanh(),
                        Cell::Relu => gate(0, j).max(0.0),
                        Cell::Lstm => {
                            c[j] = sigmoid(gate(1, j)) * c[j] + sigmoid(gate(0, j)) * gate(2, j).tanh();
                            sigmoid(gate(3, j)) * c[j].tanh()
                        }
                        Cell::Gru => {
                            let inside = product(2, j) + bias[2 * n + j];
                            let candidate = (x(2, j) + sigmoid(gate(0, j)) * inside).tanh();
                            let update = sigmoid(gate(1, j));
                            (1.0 - update) * candidate + update * h[j]
                        }
                    });
                }
                if let Some(&projection) = layer.projections.get(d) {
                    let (matrix, _) = self.folded(&self.plan.packs[projection], width, n);
                    new = matrix.chunks(n).map(|row| row.iter().zip(&new).map(|(weight, value)| weight * value).sum()).collect();
                }
                h = new;
                let first = t * output.channels + d * width;
                states[first..first + width].copy_from_slice(&h);
            }
            cells.extend(c);
        }
        (states, cells)
    }

    fn conv(&self, conv: &Conv) -> Vec<f64> {
        let (filters, groups) = (conv.output.channels, conv.groups);
        let (channels, [rows, columns]) = (conv.input.channels / groups, conv.window);
        let (weight, bias) = self.folded(&self.plan.packs[conv.pack], filters, channels * rows * columns);
        let convolved = |y: usize, x: usize, f: usize| {
            let mut sum = bias[f];
            for c in 0..channels {
                for i in 0..rows {
                    for j in 0..columns {
                        let row = (y * conv.stride[0] + i * conv.dilation[0]) as isize - conv.pad[0] as isize;
                        let column = (x * conv.stride[1] + j * conv.dilation[1]) as isize - conv.pad[1] as isize;
                        let channel = f / (filters / groups) * channels + c;
                        sum += weight[((f * channels + c) * rows + i) * columns + j] * self.at(&conv.input, row, column, channel);
                    }
                }
            }
            self.finish(&conv.epilogue, y, x, f, sum)
        };
        let Some(pool) = &conv.epilogue.pool else { return map(&conv.output, convolved) };
        let before = View::new(Place::Arena, 0, [pool.size[0], pool.size[1], filters], [pool.size[1] * filters, filters, 1]);
        let values = map(&before, convolved);
        map(&conv.output, |y, x, f| {
            let value = |y: isize, x: isize| values[(y as usize * before.width + x as usize) * filters + f];
            reduce(pool.reduce, &pool.windows, pool.size, &conv.output, [y, x], value)
        })
    }

    fn norm(&self, norm: &Norm) -> Vec<f64> {
        let pack = &self.plan.packs[norm.pack];
        let view = &norm.output;
        let (len, row) = match norm.form() {
            Form::Elements { map: [channels, rows, columns] } => (channels * rows * columns, if rows > 1 { columns } else { 0 }),
            _ => (view.channels, 0),
        };
        let (scale, shift) = self.folded(pack, len, 1);
        let per_group = view.channels / norm.groups;
        map(view, |y, x, c| {
            let first = c / per_group * per_group;
            let (rows, columns) = match norm.region {
                Region::Map => (0..view.height, 0..view.width),
                Region::Row => (y..y + 1, 0..view.width),
                Region::Pixel => (y..y + 1, x..x + 1),
            };
            let elements: Vec<f64> = rows
                .flat_map(|y| columns.clone().map(move |x| (y, x)))
                .flat_map(|(y, x)| (first..first + per_group).map(move |c| self.inside(&norm.input, y, x, c)))
                .collect();
            let mean = |f: &dyn Fn(f64) -> f64| elements.iter().map(|&x| f(x)).sum::<f64>() / elements.len() as f64;
            let mu = mean(&|x| x);
            let normal = (self.inside(&norm.input, y, x, c) - mu) / (mean(&|x| (x - mu).powi(2)) + f64::from(norm.eps)).sqrt();
            let at = match norm.scale_of {
                ScaleOf::Channel => c,
                ScaleOf::Element => (c * view.height + y) * view.width + x,
                ScaleOf::Place => row * y + x,
            };
            activate(norm.activation, normal * scale[at] + shift[at])
        })
    }

    fn resize(&self, resize: &Resize) -> Vec<f64> {
        let Resize { input, output, sampling } = resize;
        let source = |i: usize, n: usize, out: usize| -> (usize, usize, f64) {
            let (i_, n_, out_) = (i as f64, n as f64, out as f64);
            let at = match sampling {
                Sampling::Nearest => return (i * n / out, i * n / out, 0.0),
                Sampling::Bilinear { align_corners: true } => i_ * (n_ - 1.0) / (out_ - 1.0).max(1.0),
                Sampling::Bilinear { align_corners: false } => ((i_ + 0.5) * n_ / out_ - 0.5).max(0.0),
            };
            let first = at as usize;
            (first, (first + 1).min(n - 1), at - first as f64)
        };
        map(output, |y, x, c| {
            let (top, bottom, down) = source(y, input.height, output.height);
            let (left, right, across) = source(x, input.width, output.width);
            let row = |y| self.inside(input, y, left, c) * (1.0 - across) + self.inside(input, y, right, c) * across;
            row(top) * (1.0 - down) + row(bottom) * down
        })
    }

    /// A weight as a convolution has it: of a part of a transposed one, its elements in their places.
    fn as_conv(&self, form: &crate::plan::Form, weight: Vec<f64>) -> Vec<f64> {
        let crate::plan::Form::ConvPart { filters, channels, window, groups, kernel, first, step, .. } = *form else {
            return weight;
        };
        let per_group = filters / groups;
        let mut part = Vec::new();
        for f in 0..filters {
            for c in 0..channels {
                for (i, j) in (0..window[0]).flat_map(|i| (0..window[1]).map(move |j| (i, j))) {
                    let row = first[0] + step[0] * (window[0] - 1 - i);
                    let column = first[1] + step[1] * (window[1] - 1 - j);
                    let at = |c: usize, f: usize| ((c * per_group + f) * kernel[0] + row) * kernel[1] + column;
                    let inside = row < kernel[0] && column < kernel[1];
                    part.push(if inside { weight[at(f / per_group * channels + c, f % per_group)] } else { 0.0 });
                }
            }
        }
        part
    }

    fn linear(&self, linear: &Linear) -> Vec<f64> {
        let Linear { input, output, pack, epilogue } = linear;
        let pack = &self.plan.packs[*pack];
        let crate::plan::Form::Linear { map: [channels, height, width], .. } = pack.form else { panic!("{pack:?}") };
        let len = input.len();
        assert!(input.is_dense() && len == channels * height * width, "{input:?}");
        let (weight, bias) = self.folded(pack, output.channels, len);
        let memory = self.memory(input.place);
        map(output, |_, _, o| {
            let mut sum = bias[o];
            for c in 0..channels {
                for pixel in 0..height * width {
                    let value = memory[input.offset + pixel * channels + c];
                    sum += weight[o * len + c * height * width + pixel] * f64::from(value);
                }
            }
            self.finish(epilogue, 0, 0, o, sum)
        })
    }

    /// Residual and activation.
    fn finish(&self, epilogue: &Epilogue, y: usize, x: usize, c: usize, sum: f64) -> f64 {
        let residual = epilogue.residual.map_or(0.0, |residual| self.inside(&residual, y, x, c));
        activate(epilogue.activation, sum + residual)
    }

    /// Weight and bias with the batch norm folded in; for a batch norm alone scale and shift.
    fn folded(&self, pack: &Pack, outputs: usize, per_output: usize) -> (Vec<f64>, Vec<f64>) {
        let parameter = |index: Option<usize>, otherwise: f64, len: usize| match index {
            Some(index) => self.parameters[index].iter().map(|&value| f64::from(value)).collect(),
            None => vec![otherwise; len],
        };
        let mut weight = self.as_conv(&pack.form, parameter(pack.weight, 1.0, outputs * per_output));
        let mut bias = parameter(pack.bias, 0.0, outputs);
        assert_eq!((weight.len(), bias.len()), (outputs * per_output, outputs), "{pack:?}");
        if let Some(MoreBias { index, len }) = pack.more_bias {
            let more = &self.parameters[index][..len];
            bias.iter_mut().zip(more).for_each(|(value, &more)| *value += f64::from(more));
        }
        if let Some(BatchNorm { weight: gamma, bias: beta, mean, variance, eps }) = pack.batch_norm {
            let (gamma, beta) = (parameter(gamma, 1.0, outputs), parameter(beta, 0.0, outputs));
            let (mean, variance) = (parameter(Some(mean), 0.0, outputs), parameter(Some(variance), 1.0, outputs));
            for o in 0..outputs {
                let scale = gamma[o] / (variance[o] + eps).sqrt();
                weight[o * per_output..(o + 1) * per_output].iter_mut().for_each(|value| *value *= scale);
                bias[o] = (bias[o] - mean[o]) * scale + beta[o];
            }
        }
        (weight, bias)
    }

    fn clear(&mut self, view: &View, [top, left, bottom, right]: [usize; 4]) {
        let (rows, columns) = (0..view.height as isize, 0..view.width as isize);
        for y in -(top as isize)..(view.height + bottom) as isize {
            for x in -(left as isize)..(view.width + right) as isize {
                if !(rows.contains(&y) && columns.contains(&x)) {
                    (0..view.channels).for_each(|c| *self.element(view, y, x, c) = 0.0);
                }
            }
        }
    }

    fn memory(&self, place: Place) -> &[f32] {
        match place {
            Place::Arena => &self.arena,
            Place::Strip => &self.strip,
            Place::Input(port) => &self.inputs[port],
            Place::Output(port) => &self.outputs[port],
        }
    }

    fn at(&self, view: &View, y: isize, x: isize, c: usize) -> f64 {
        f64::from(self.memory(view.place)[index(view, y, x, c)])
    }

    fn inside(&self, view: &View, y: usize, x: usize, c: usize) -> f64 {
        assert!(y < view.height && x < view.width && c < view.channels, "[{c}, {y}, {x}] of {view:?}");
        self.at(view, y as isize, x as isize, c)
    }

    fn element(&mut self, view: &View, y: isize, x: isize, c: usize) -> &mut f32 {
        let index = index(view, y, x, c);
        match view.place {
            Place::Arena => &mut self.arena[index],
            Place::Strip => &mut self.strip[index],
            Place::Input(_) => panic!("a step writes to an input"),
            Place::Output(port) => &mut self.outputs[port][index],
        }
    }
}

/// Where an element is in its place; rows and columns may be those of a border.
pub fn index(view: &View, y: isize, x: isize, c: usize) -> usize {
    let index = view.offset as isize + y * view.row as isize + x * view.pixel as isize + (c * view.channel) as isize;
    usize::try_from(index).unwrap_or_else(|_| panic!("[{c}, {y}, {x}] of {view:?} lies before its place"))
}

/// The elements of a map in the order row, column, channel.
fn map(view: &View, f: impl Fn(usize, usize, usize) -> f64) -> Vec<f64> {
    let mut elements = Vec::with_capacity(view.len());
    for y in 0..view.height {
        for x in 0..view.width {
            elements.extend((0..view.channels).map(|c| f(y, x, c)));
        }
    }
    elements
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::LeakyRelu { slope } if x < 0.0 => x * f64::from(slope),
        Activation::LeakyRelu { .. } => x,
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Gelu => x / 2.0 * (1.0 + Float::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => x / 2.0 * (1.0 + (std::f64::consts::FRAC_2_PI.sqrt() * (x + 0.044715 * x.powi(3))).tanh()),
        Activation::HardSigmoid => (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Elu { alpha } if x < 0.0 => f64::from(alpha) * x.exp_m1(),
        Activation::Elu { .. } => x,
        Activation::Softplus { beta, threshold } if f64::from(beta) * x > f64::from(threshold) => x,
        Activation::Softplus { beta, .. } => (f64::from(beta) * x).exp().ln_1p() / f64::from(beta),
    }
}

/// One pooled element of a map of `size`.
fn reduce(
    reduce: Reduce,
    windows: &Windows,
    size: [usize; 2],
    output: &View,
    at: [usize; 2],
    value: impl Fn(isize, isize) -> f64,
) -> f64 {
    let outputs = [output.height, output.width];
    // Positions of the window along an axis that lie in the map, and how many lie in the map or its padding.
    let axis = |axis: usize| -> (Vec<isize>, usize) {
        let n = size[axis] as isize;
        match *windows {
            Windows::Adaptive => {
                let (i, m, out) = (at[axis], size[axis], outputs[axis]);
                let inside: Vec<isize> = (i * m / out..((i + 1) * m).div_ceil(out)).map(|position| position as isize).collect();
                let count = inside.len();
                (inside, count)
            }
            Windows::Sliding { window, stride, dilation, pad } => {
                let start = (at[axis] * stride[axis]) as isize - pad[axis] as isize;
                let all = (0..window[axis]).map(|i| start + (i * dilation[axis]) as isize);
                let padded = all.clone().filter(|&position| position < n + pad[axis + 2] as isize).count();
                (all.filter(|position| (0..n).contains(position)).collect(), padded)
            }
        }
    };
    let ((rows, n_rows), (columns, n_columns)) = (axis(0), axis(1));
    let values = rows.iter().flat_map(|&y| columns.iter().map(move |&x| (y, x))).map(|(y, x)| value(y, x));
    match reduce {
        Reduce::Max => values.fold(f64::NEG_INFINITY, f64::max),
        Reduce::Average { count_pad: true } => values.sum::<f64>() / (n_rows * n_columns) as f64,
        Reduce::Average { count_pad: false } => values.sum::<f64>() / (rows.len() * columns.len()) as f64,
    }
}
