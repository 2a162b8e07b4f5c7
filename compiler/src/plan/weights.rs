//! Weights of a plan: the state dict, and in which form kernels read it.

use super::{Algorithm, Cell, List, Text};
use std::borrow::Cow;

/// One tensor of the state dict.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, as in PyTorch: `layer2.0.conv1.weight`.
    pub name: Text,
    /// Its sizes, as in PyTorch.
    pub shape: List<usize>,
    /// How it starts when a network is random.
    pub init: Init,
    /// Whether it is learned; running statistics are not and do not count as parameters.
    pub learned: bool,
}

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal with mean 0 and variance `2 / fan_in`: He et al., *Delving Deep into Rectifiers* (2015).
    He {
        /// Inputs that are summed into one output.
        fan_in: usize,
    },
    /// All the same.
    Constant(f32),
}

/// Weights in the form that a kernel reads: which parameters they are made of. How they are tiled is the kernel's.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// For which kernel.
    pub form: Form,
    /// Index of the weight among the parameters; none for a batch norm alone.
    pub weight: Option<usize>,
    /// Index of the bias.
    pub bias: Option<usize>,
    /// A second bias, of which some elements are added to the first, in f64.
    pub more_bias: Option<MoreBias>,
    /// A batch norm that is folded in, in f64: `w·γ/√(σ² + ε)`, `(b − μ)·γ/√(σ² + ε) + β`.
    pub batch_norm: Option<BatchNorm>,
}

/// The second of the two biases that PyTorch's recurrent layers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoreBias {
    /// Index among the parameters; as long as the first.
    pub index: usize,
    /// How many of its elements, the first ones, are added.
    pub len: usize,
}

/// Indices of a batch norm's parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// γ; 1 where absent.
    pub weight: Option<usize>,
    /// β; 0 where absent.
    pub bias: Option<usize>,
    /// μ
    pub mean: usize,
    /// σ²
    pub variance: usize,
    /// ε
    pub eps: f64,
}

/// The kernel that a pack is for, with the sizes that decide how it is tiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Of a weight `[filters, channels, window…]`, `channels` being those of one group.
    Conv {
        /// The kernel.
        algorithm: Algorithm,
        /// Filters of all groups together.
        filters: usize,
        /// Channels of one group.
        channels: usize,
        /// Down and across.
        window: [usize; 2],
        /// Groups.
        groups: usize,
    },
    /// Of a weight `[channels · groups, filters / groups, kernel…]` of a transposed convolution, a part that is a convolution: element t
    /// of its window is element `first + step·(window − 1 − t)` of the kernel, and zero beyond it.
    ConvPart {
        /// The kernel.
        algorithm: Algorithm,
        /// Filters of all groups together.
        filters: usize,
        /// Channels of one group.
        channels: usize,
        /// Of the convolution, down and across.
        window: [usize; 2],
        /// Groups.
        groups: usize,
        /// Down and across.
        kernel: [usize; 2],
        /// Down and across.
        first: [usize; 2],
        /// Down and across.
        step: [usize; 2],
    },
    /// Of a weight `[outputs, inputs]`. The inputs are those of a flattened map `[C, H, W]`, which is read as `[H, W, C]`.
    Linear {
        /// Rows.
        outputs: usize,
        /// The map; `[inputs, 1, 1]` for a vector.
        map: [usize; 3],
    },
    /// As [`Linear`](Form::Linear), two weights to an element: bf16, f32 cut to 8 significant bits. No plan has it; it is what loading
    /// may make of a linear layer's.
    LinearBf16 {
        /// Rows.
        outputs: usize,
        /// The map; `[inputs, 1, 1]` for a vector.
        map: [usize; 3],
    },
    /// Of a weight `[outputs, inputs]` that each pixel of a map is multiplied by: a direct convolution of 1x1.
    Rows {
        /// Rows.
        outputs: usize,
        /// Columns: channels of the map.
        inputs: usize,
    },
    /// Of the weight `[gates · hidden, width]` that a recurrent layer's state is multiplied by at each step. Of the bias, as long as
    /// its rows, a [`Cell::Gru`] reads the last third.
    Recurrent {
        /// What is done at each step.
        cell: Cell,
        /// Rows for each gate.
        hidden: usize,
        /// Columns: elements of the state.
        width: usize,
    },
    /// Of each channel the factor of its negative elements.
    Slopes {
        /// Elements of the weight: one for all channels, or as many as channels.
        weights: usize,
        /// Channels.
        channels: usize,
    },
    /// Scale and shift of each element of a map `[C, H, W]`, which are read as `[H, W, C]`.
    Elements {
        /// The map.
        map: [usize; 3],
    },
    /// Scale and shift of each channel: a batch norm's, or a weight and a bias.
    Affine {
        /// Channels.
        channels: usize,
    },
}

impl Form {
    /// The form of the convolution that a part of a transposed one or a matrix for each pixel is; any other form as it is.
    pub fn of_part(&self) -> Form {
        match *self {
            Form::Rows { outputs: filters, inputs: channels } => {
                Form::Conv { algorithm: Algorithm::Direct, filters, channels, window: [1, 1], groups: 1 }
            }
            Form::ConvPart { algorithm, filters, channels, window, groups, .. } => {
                Form::Conv { algorithm, filters, channels, window, groups }
            }
            form => form,
        }
    }
}

impl Form {
    /// The form of the same weights for [`Algorithm::direct`].
    pub fn direct(mut self) -> Form {
        if let Form::Conv { algorithm, .. } | Form::ConvPart { algorithm, .. } = &mut self {
            *algorithm = algorithm.direct();
        }
        self
    }
}

impl Form {
    /// The form of the same weights in bf16, where there is one.
    pub fn bf16(self) -> Form {
        match self {
            Form::Linear { outputs, map } => Form::LinearBf16 { outputs, map },
            form => form,
        }
    }
}

impl Parameter {
    /// A tensor that is learned.
    pub const fn learned(name: &'static str, shape: &'static [usize], init: Init) -> Parameter {
        Parameter { name: Cow::Borrowed(name), shape: Cow::Borrowed(shape), init, learned: true }
    }

    /// A running statistic.
    pub const fn statistic(name: &'static str, shape: &'static [usize], init: Init) -> Parameter {
        Parameter { name: Cow::Borrowed(name), shape: Cow::Borrowed(shape), init, learned: false }
    }
}
