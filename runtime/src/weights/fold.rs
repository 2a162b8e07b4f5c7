//! From the tensors of a state dict to what a kernel packs: rows of a weight, a factor for each and a bias; a transposed convolution's
//! rearranged, batch norm folded in, in f64. Floor 3.

use convoke_compiler::plan::{BatchNorm, Form, MoreBias, Pack};

use super::Weights;
use crate::error::Result;
use crate::kernels::n_rows;

/// What belongs to the rows of a weight: `[filters, channels, window…]`, `[outputs, inputs]`, or a batch norm's scale.
pub(crate) struct Folded {
    /// What each row is to be multiplied with, if anything.
    pub scale: Option<Vec<f64>>,
    /// Of every filter, output or channel; zero where there is none.
    pub bias: Vec<f32>,
}

/// Carries out a pack's recipe but for the weight itself. Its indices and sizes were checked when the plan was accepted.
///
/// # Errors
/// If a tensor cannot be read.
pub(crate) fn fold(pack: &Pack, weights: &Weights) -> Result<Folded> {
    let mut bias = match pack.bias {
        Some(index) => weights.read(index)?,
        None => vec![0.0; n_rows(&pack.form)],
    };
    if let Some(MoreBias { index, len }) = pack.more_bias {
        for (value, more) in bias.iter_mut().zip(weights.read(index)?).take(len) {
            *value = (f64::from(*value) + f64::from(more)) as f32;
        }
    }
    match &pack.batch_norm {
        Some(norm) => fold_batch_norm(norm, weights, &bias),
        None => Ok(Folded { scale: None, bias }),
    }
}

/// The whole weight of a pack: ones where it has none.
///
/// # Errors
/// If a tensor cannot be read.
pub(crate) fn whole_weight(pack: &Pack, weights: &Weights) -> Result<Vec<f32>> {
    match pack.weight {
        Some(index) => Ok(part_of_transposed(&pack.form, weights.read(index)?)),
        None => Ok(vec![1.0; n_rows(&pack.form)]),
    }
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

/// The factors `γ/√(σ² + ε)`, and the biases `(b − μ)·γ/√(σ² + ε) + β`, rounded to f32 once.
fn fold_batch_norm(norm: &BatchNorm, weights: &Weights, bias: &[f32]) -> Result<Folded> {
    let n = bias.len();
    let gamma = norm.weight.map_or(Ok(vec![1.0; n]), |index| weights.read(index))?;
    let beta = norm.bias.map_or(Ok(vec![0.0; n]), |index| weights.read(index))?;
    let mean = weights.read(norm.mean)?;
    let variance = weights.read(norm.variance)?;
    let scale: Vec<f64> = (0..n).map(|i| f64::from(gamma[i]) / (f64::from(variance[i]) + norm.eps).sqrt()).collect();
    let shifted = |i: usize| ((f64::from(bias[i]) - f64::from(mean[i])) * scale[i] + f64::from(beta[i])) as f32;
    let bias = (0..n).map(shifted).collect();
    Ok(Folded { scale: Some(scale), bias })
}
