//! From the tensors of a state dict to the weight and bias that a kernel packs: a transposed convolution's rearranged, batch norm folded
//! in, in f64. Floor 3.

use convoke_compiler::plan::{BatchNorm, Form, MoreBias, Pack};

use super::Weights;
use crate::error::Result;

/// A weight in PyTorch's layout and a bias for every output, zero where there is none.
pub(crate) struct Folded {
    /// `[filters, channels, window…]`, `[outputs, inputs]`, or a batch norm's scale. Permuting and tiling are the kernel's.
    pub weight: Vec<f32>,
    /// Of every filter, output or channel.
    pub bias: Vec<f32>,
}

/// Carries out a pack's recipe. Its indices and sizes were checked when the plan was accepted.
///
/// # Errors
/// If a tensor cannot be read.
pub(crate) fn fold(pack: &Pack, weights: &Weights) -> Result<Folded> {
    let n_outputs = n_outputs(&pack.form);
    let mut weight = match pack.weight {
        Some(index) => part_of_transposed(&pack.form, weights.read(index)?),
        None => vec![1.0; n_outputs],
    };
    let mut bias = match pack.bias {
        Some(index) => weights.read(index)?,
        None => vec![0.0; n_outputs],
    };
    if let Some(MoreBias { index, len }) = pack.more_bias {
        for (value, more) in bias.iter_mut().zip(weights.read(index)?).take(len) {
            *value = (f64::from(*value) + f64::from(more)) as f32;
        }
    }
    let bias = match &pack.batch_norm {
        Some(norm) => fold_batch_norm(norm, weights, &mut weight, &bias)?,
        None => bias,
    };
    Ok(Folded { weight, bias })
}

/// The weight of a convolution that is a part of a transposed one, `[filters, channels, window…]`, from `[channels · groups,
/// filters / groups, kernel…]`; that of any other form as it is.
fn part_of_transposed(form: &Form, weight: Vec<f32>) -> Vec<f32> {
    let Form::ConvPart { filters, channels, window: [rows, columns], groups, kernel, first, step, .. } = *form else {
        return weight;
    };
    let per_group = filters / groups;
    let tap = |axis: usize, from_last: usize| step[axis].saturating_mul(from_last).saturating_add(first[axis]);
    let mut part = Vec::with_capacity(filters * channels * rows * columns);
    for f in 0..filters {
        for c in 0..channels {
            let window = ((f / per_group * channels + c) * per_group + f % per_group) * kernel[0] * kernel[1];
            for i in (0..rows).rev().map(|i| tap(0, i)) {
                for j in (0..columns).rev().map(|j| tap(1, j)) {
                    let inside = i < kernel[0] && j < kernel[1];
                    part.push(if inside { weight[window + i * kernel[1] + j] } else { 0.0 });
                }
            }
        }
    }
    part
}

/// Filters, rows or channels: how many biases a form has.
pub(crate) fn n_outputs(form: &Form) -> usize {
    match *form {
        Form::Conv { filters, .. } | Form::ConvPart { filters, .. } => filters,
        Form::Linear { outputs, .. } | Form::Rows { outputs, .. } => outputs,
        Form::Recurrent { cell, hidden, .. } => hidden.saturating_mul(cell.n_gates()),
        Form::Elements { map } => map.iter().product(),
        Form::Slopes { channels, .. } | Form::Affine { channels } => channels,
    }
}

/// Scales `weight` by `γ/√(σ² + ε)` and returns `(b − μ)·γ/√(σ² + ε) + β`, each rounded to f32 once.
fn fold_batch_norm(norm: &BatchNorm, weights: &Weights, weight: &mut [f32], bias: &[f32]) -> Result<Vec<f32>> {
    let n = bias.len();
    let gamma = norm.weight.map_or(Ok(vec![1.0; n]), |index| weights.read(index))?;
    let beta = norm.bias.map_or(Ok(vec![0.0; n]), |index| weights.read(index))?;
    let mean = weights.read(norm.mean)?;
    let variance = weights.read(norm.variance)?;
    let scale: Vec<f64> = (0..n).map(|i| f64::from(gamma[i]) / (f64::from(variance[i]) + norm.eps).sqrt()).collect();
    for (row, scale) in weight.chunks_exact_mut(weight.len() / n).zip(&scale) {
        for value in row {
            *value = (f64::from(*value) * scale) as f32;
        }
    }
    Ok((0..n).map(|i| ((f64::from(bias[i]) - f64::from(mean[i])) * scale[i] + f64::from(beta[i])) as f32).collect())
}
