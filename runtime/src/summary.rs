//! A network's layers as a table: [`Summary`]. Floor 5.

use std::fmt;

use convoke_compiler::plan::{Algorithm, Combination, Conv, Kernel, Plan, Reduce, cost};

use crate::numbers::thousands;

/// The layers of a network, for printing: what `summary()` returns.
///
/// One row for each layer as it was written: its path in the state dict and its call, its output's sizes, learned
/// parameters, the bytes of its activation, multiply-adds, and the kernel that computes it. Layers that were fused share
/// their step's number; `—` is for those with nothing left to compute. `F(4x4) 0.33` is Winograd's convolution in tiles of 4x4, which
/// is estimated to take 0.33 of the direct one's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    name: String,
    layers: Vec<LayerSummary>,
    n_parameters: usize,
    macs: u64,
    arena_bytes: usize,
}

/// A row of a [`Summary`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LayerSummary {
    /// Its path in the state dict: `layer2.0.conv1`.
    pub path: String,
    /// The layer and its arguments.
    pub call: String,
    /// Its output's sizes, `[C, H, W]` or `[N]`.
    pub output: Vec<usize>,
    /// Learned parameters.
    pub parameters: usize,
    /// Bytes of its output as f32, whether or not fusing has left it to be stored.
    pub activation_bytes: usize,
    /// Multiply-adds of one image.
    pub macs: u64,
    /// The step that computes it, and by what; nothing where there is nothing left to compute.
    pub kernel: Option<String>,
    /// Why a convolution goes through Winograd's transforms, or does not although it could: an estimate from sizes.
    pub reason: Option<String>,
}

impl Summary {
    /// The layers of a plan.
    pub fn of(plan: &Plan) -> Summary {
        let mut last_step = None;
        let layers = plan
            .layers
            .iter()
            .map(|layer| {
                let mut reason = None;
                let kernel = layer.step.and_then(|step| Some((step, plan.steps.get(step)?))).map(|(step, made)| {
                    let first = last_step != Some(step);
                    last_step = Some(step);
                    if !first {
                        return format!("{step}: fused");
                    }
                    let mut name = format!("{step}: {}", kernel_words(&made.kernel));
                    let conv = match &made.kernel {
                        Kernel::Conv(conv) => Some(conv),
                        Kernel::Strips(strips) => strips.convs().find(|conv| conv.algorithm.tile().is_some()),
                        _ => None,
                    };
                    if let Some(conv) = conv
                        && let Some((algorithm, ratio)) = cost::relative(conv, plan.n_parameters())
                    {
                        if conv.algorithm == algorithm {
                            name += &format!(" {ratio:.2}");
                        }
                        reason = Some(reason_for(conv, algorithm, ratio));
                    }
                    name
                });
                LayerSummary {
                    path: layer.path.to_string(),
                    call: layer.call.to_string(),
                    output: layer.shape.to_vec(),
                    parameters: layer.n_parameters,
                    activation_bytes: layer.shape.iter().product::<usize>() * size_of::<f32>(),
                    macs: layer.macs,
                    kernel,
                    reason,
                }
            })
            .collect();
        Summary {
            name: plan.name.to_string(),
            layers,
            n_parameters: plan.n_parameters(),
            macs: plan.macs(),
            arena_bytes: plan.arena_len * size_of::<f32>(),
        }
    }

    /// The rows.
    pub fn layers(&self) -> &[LayerSummary] {
        &self.layers
    }
}

/// Why a convolution is computed as it is: `ratio` is the time of Winograd's `algorithm` over that of the direct one, by the estimate.
fn reason_for(conv: &Conv, algorithm: Algorithm, ratio: f64) -> String {
    let tile = algorithm.tile().unwrap_or(1);
    let more = ((tile + 2) * (tile + 2)) as f64 / 9.0;
    let [height, width] = conv.size();
    let tiles = height.div_ceil(tile) * width.div_ceil(tile);
    let fewer = tiles as f64 * more / (height * width) as f64;
    if algorithm == Algorithm::WinogradF4Plain {
        return format!(
            "F({tile}x{tile}, 3x3) takes {fewer:.2} of the direct convolution's multiply-adds: with its transforms, that of the weights as \
             they are used among them, {ratio:.2} of its time by the estimate"
        );
    }
    format!(
        "F({tile}x{tile}, 3x3) takes {fewer:.2} of the direct convolution's multiply-adds and {more:.2} times its weights: with its \
         transforms, {ratio:.2} of its time by the estimate"
    )
}

/// The algorithms of convolutions that a step computes some rows of each at a time, in order; of others what computes it.
fn kernel_words(kernel: &Kernel) -> String {
    let Kernel::Strips(strips) = kernel else { return kernel_name(kernel).to_owned() };
    let names: Vec<&str> = strips.convs().map(|conv| algorithm_name(conv.algorithm)).collect();
    format!("{}, in strips", names.join(" → "))
}

fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Direct => "direct",
        Algorithm::Depthwise => "depthwise",
        Algorithm::Grouped => "grouped",
        Algorithm::Pixels => "direct, by pixels",
        Algorithm::WinogradF2 => "F(2x2)",
        Algorithm::WinogradF4 => "F(4x4)",
        Algorithm::WinogradF4Plain => "F(4x4), plain weights",
    }
}

/// What computes a step, in a word or two.
pub(crate) fn kernel_name(kernel: &Kernel) -> &'static str {
    match kernel {
        Kernel::Strips(_) => "in strips",
        Kernel::Conv(conv) => algorithm_name(conv.algorithm),
        Kernel::Linear(_) => "linear",
        Kernel::Pool(pool) => match pool.reduce {
            Reduce::Max => "max pool",
            Reduce::Average { .. } => "avg pool",
        },
        Kernel::Affine(_) => "affine",
        Kernel::Activate(_) => "activate",
        Kernel::Map(_) => "map",
        Kernel::Combine(combine) => match combine.combination {
            Combination::Add => "add",
            Combination::Mul => "mul",
        },
        Kernel::Prelu(_) => "prelu",
        Kernel::Scale(_) => "scale",
        Kernel::Norm(_) => "norm",
        Kernel::LocalNorm(_) => "local norm",
        Kernel::Resize(_) => "resize",
        Kernel::Softmax(softmax) if softmax.log => "log_softmax",
        Kernel::Softmax(_) => "softmax",
        Kernel::Recurrent(_) => "recurrent",
        Kernel::MeanChannels(_) => "mean",
        Kernel::Copy(_) => "copy",
        Kernel::ClearBorder(_) => "clear",
    }
}

/// Bytes of an element.
const WORD: usize = size_of::<f32>();
/// Columns that a table takes at most, where paths leave room for calls.
const WIDTH: usize = 120;
/// Columns that a call gets at least.
const LEAST_CALL: usize = 12;
const HEADS: [&str; 7] = ["layer", "call", "output", "parameters", "bytes", "MACs", "kernel"];

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<[String; 7]> = self.layers.iter().map(row).collect();
        let n_layers = self.layers.len();
        let layers = format!("{n_layers} layer{}", if n_layers == 1 { "" } else { "s" });
        rows.push([
            "total".to_owned(),
            layers,
            String::new(),
            thousands(self.n_parameters as u64),
            bytes(self.layers.iter().map(|layer| layer.activation_bytes).sum()),
            thousands(self.macs),
            String::new(),
        ]);
        let mut widths: [usize; 7] = std::array::from_fn(|column| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(HEADS[column].len())
        });
        let others: usize = widths.iter().sum::<usize>() - widths[1] + 2 * (HEADS.len() - 1);
        widths[1] = widths[1].min(WIDTH.saturating_sub(others).max(LEAST_CALL));
        writeln!(f, "{}", self.name)?;
        write_row(f, &HEADS.map(str::to_owned), &widths)?;
        let n_rows = rows.len();
        for (i, row) in rows.iter().enumerate() {
            if i == 0 || i + 1 == n_rows {
                writeln!(f, "{}", "─".repeat(widths.iter().sum::<usize>() + 2 * (HEADS.len() - 1)))?;
            }
            write_row(f, row, &widths)?;
        }
        let weights = bytes(WORD * self.n_parameters);
        writeln!(f, "weights {weights}{}", most(&self.layers, WORD * self.n_parameters, |layer| WORD * layer.parameters))?;
        let total = self.layers.iter().map(|layer| layer.activation_bytes).sum();
        let largest = most(&self.layers, total, |layer| layer.activation_bytes);
        write!(f, "outputs of all layers {}{largest}; memory for one image {}", bytes(total), bytes(self.arena_bytes))
    }
}

/// The layer with the most of something, and its share of all.
fn most(layers: &[LayerSummary], total: usize, of: impl Fn(&LayerSummary) -> usize) -> String {
    let largest = layers.iter().map(&of).max().unwrap_or(0);
    match layers.iter().find(|layer| of(layer) == largest) {
        Some(layer) if layers.len() > 1 && largest > 0 => {
            let name = if layer.path.is_empty() { &layer.call } else { &layer.path };
            let percent = 100.0 * largest as f64 / total as f64;
            format!(", most of one layer {} ({name}, {percent:.0} %)", bytes(largest))
        }
        _ => String::new(),
    }
}

fn row(layer: &LayerSummary) -> [String; 7] {
    let or_nothing = |n: u64| if n == 0 { String::new() } else { thousands(n) };
    [
        layer.path.clone(),
        // As written but for the blanks around `=`, which cost a fifth of the column.
        layer.call.replace(" = ", "="),
        format!("{:?}", layer.output),
        or_nothing(layer.parameters as u64),
        bytes(layer.activation_bytes),
        or_nothing(layer.macs),
        layer.kernel.clone().unwrap_or_else(|| "—".to_owned()),
    ]
}

/// Text to the left, numbers to the right.
fn write_row(f: &mut fmt::Formatter<'_>, row: &[String; 7], widths: &[usize; 7]) -> fmt::Result {
    let mut line = String::new();
    for (column, (text, &width)) in row.iter().zip(widths).enumerate() {
        let text = shortened(text, width);
        line += &if (3..=5).contains(&column) { format!("{text:>width$}") } else { format!("{text:<width$}") };
        line += "  ";
    }
    writeln!(f, "{}", line.trim_end())
}

/// At most `width` characters, the last of them `…` where some are left out.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width - 1).collect();
    short.push('…');
    short
}

/// `784 B`, `12.3 kB`, `102 MB`: powers of 1000, three digits.
fn bytes(n: usize) -> String {
    let mut value = n as f64;
    let mut unit = 0;
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 99.95 { 0 } else { 1 };
    format!("{value:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_compiler::plan::{Init, Layer, Parameter};

    fn layer(path: &'static str, call: &'static str, shape: &[usize], n_parameters: usize, macs: u64) -> Layer {
        Layer {
            path: path.into(),
            call: call.into(),
            shape: shape.to_vec().into(),
            n_parameters,
            macs,
            step: None,
            reads: vec![].into(),
        }
    }

    #[test]
    fn a_table_is_aligned_and_totals_are_exact() {
        let plan = Plan {
            name: "Tiny".into(),
            parameters: vec![Parameter::learned("conv1.weight", &[9_472], Init::Constant(0.0))].into(),
            inputs: vec![].into(),
            outputs: vec![].into(),
            arena_len: 12_345,
            packs: vec![].into(),
            steps: vec![].into(),
            layers: vec![
                layer("conv1", "conv(64, 7x7, stride = 2, pad = 3)", &[64, 112, 112], 9_472, 118_013_952),
                layer("", "relu", &[64, 112, 112], 0, 0),
            ]
            .into(),
            results: vec![].into(),
        };
        let text = Summary::of(&plan).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "layer  call                            output          parameters   bytes         MACs  kernel");
        assert_eq!(lines[3], "conv1  conv(64, 7x7, stride=2, pad=3)  [64, 112, 112]       9,472  3.2 MB  118,013,952  —");
        assert_eq!(lines[4], "       relu                            [64, 112, 112]              3.2 MB               —");
        assert_eq!(lines[6], "total  2 layers                                             9,472  6.4 MB  118,013,952");
        assert_eq!(lines[7], "weights 37.9 kB, most of one layer 37.9 kB (conv1, 100 %)");
        assert_eq!(
            lines[8],
            "outputs of all layers 6.4 MB, most of one layer 3.2 MB (conv1, 50 %); memory for one image 49.4 kB"
        );
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn a_long_call_is_cut_to_the_width() {
        let call = "conv(512, 3x3, stride = 2, pad = 1, dilation = 2, groups = 32, bias = false, round = floor)";
        let plan = Plan {
            name: "Long".into(),
            parameters: vec![].into(),
            inputs: vec![].into(),
            outputs: vec![].into(),
            arena_len: 0,
            packs: vec![].into(),
            steps: vec![].into(),
            layers: vec![layer("layer4.2.downsample.0", call, &[2048, 14, 14], 2_359_296, 1_234_567_890)].into(),
            results: vec![].into(),
        };
        let text = Summary::of(&plan).to_string();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.contains('…'), "{text}");
    }

    #[test]
    fn bytes_are_scaled() {
        for (n, expected) in [(784, "784 B"), (4704, "4.7 kB"), (99_960, "100 kB"), (999_999, "1.0 MB"), (102_000_000, "102 MB")]
        {
            assert_eq!(bytes(n), expected);
        }
    }
}
