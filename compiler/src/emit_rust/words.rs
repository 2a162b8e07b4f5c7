//! Words for steps: the names of their items, and what they do as a line of documentation.

use crate::plan::{
    Activation, Cell, Combination, Conv, FusedPool, Kernel, Linear, Place, Plan, Pool, Reduce, Region, Step, View, Windows,
};
use crate::registry;
use proc_macro2::{Ident, Span};
use std::collections::HashSet;

/// A name for each step's function, made from what it fuses: `layer1_0_conv1_bn1_relu`. No two are the same, none is in `taken`.
pub fn names(plan: &Plan, taken: &[&str]) -> Vec<Ident> {
    let mut used: HashSet<String> = taken.iter().map(|name| name.to_string()).collect();
    let mut names = Vec::new();
    for step in plan.steps.iter() {
        let base = base_name(step);
        let numbered = (2..).map(|n| format!("{base}_{n}"));
        let unused = std::iter::once(base.clone()).chain(numbered).find(|name| !used.contains(name));
        let name = unused.unwrap_or(base);
        used.insert(name.clone());
        names.push(Ident::new(&name, Span::mixed_site()));
    }
    names
}

/// A step's name in lower case, with underscores for what a name in Rust cannot hold.
fn base_name(step: &Step) -> String {
    let mut name = String::new();
    for c in step.name.chars().flat_map(char::to_lowercase) {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if name.ends_with('_') || name.is_empty() => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_end_matches('_');
    match name.chars().next() {
        None => kernel_word(&step.kernel).to_string(),
        Some(first) if first.is_ascii_digit() => format!("{}_{name}", kernel_word(&step.kernel)),
        Some(_) if syn::parse_str::<Ident>(name).is_err() => format!("{name}_{}", kernel_word(&step.kernel)),
        Some(_) => name.to_string(),
    }
}

/// What a kernel is called in a name.
fn kernel_word(kernel: &Kernel) -> &'static str {
    match kernel {
        Kernel::Conv(_) => "conv",
        Kernel::Strips(_) => "strips",
        Kernel::Linear(_) => "linear",
        Kernel::Pool(_) => "pool",
        Kernel::Affine(_) => "batch_norm",
        Kernel::Activate(_) => "activation",
        Kernel::Prelu(_) => "prelu",
        Kernel::Map(_) => "map",
        Kernel::MeanChannels(_) => "mean",
        Kernel::Combine(_) => "combine",
        Kernel::Scale(_) => "scale",
        Kernel::Norm(_) => "norm",
        Kernel::LocalNorm(_) => "local_response_norm",
        Kernel::Resize(_) => "resize",
        Kernel::Softmax(_) => "softmax",
        Kernel::Recurrent(_) => "recurrent",
        Kernel::Copy(_) => "copy",
        Kernel::ClearBorder(_) => "zeros",
    }
}

/// What a step does: `` `conv1` 7x7/2, 3 → 64 channels, then `bn1`, relu, max_pool 3x3/2, 224x224 → 56x56``.
pub fn describe(step: &Step) -> String {
    let mut words = step.name.split(" + ").map(|word| match registry::layer(word) {
        Some(_) => word.to_string(),
        None => format!("`{word}`"),
    });
    let first = words.next().unwrap_or_default();
    let pool = fused_pool(&step.kernel).map(|pool| windows(&pool.windows)).unwrap_or_default();
    let mut rest: Vec<String> = words.collect();
    if let Some(last) = rest.last_mut() {
        last.push_str(&pool);
    }
    let then = if rest.is_empty() { String::new() } else { format!(", then {}", rest.join(", ")) };
    match &step.kernel {
        Kernel::Conv(conv) => format!("{first} {}{then}, {}", conv_words(conv), sides(&conv.input, &conv.output)),
        Kernel::Strips(strips) => {
            let convs: Vec<String> = strips.convs().map(conv_words).collect();
            let (convs, sides) = (convs.join("; "), sides(strips.input(), &strips.last.output));
            format!("{first}{then}: {convs}, some rows of each at a time, {sides}")
        }
        Kernel::Linear(Linear { input, output, .. }) => format!("{first}: {} → {}{then}", input.len(), output.channels),
        Kernel::Pool(Pool { input, output, windows: w, reduce, .. }) => {
            let reduce = match reduce {
                Reduce::Max => "maximum",
                Reduce::Average { .. } => "mean",
            };
            format!("{first}: {reduce} over windows{}{then}, {}", windows(w), sides(input, output))
        }
        Kernel::Affine(affine) => format!("{first}: a factor and a shift for each of {} channels{then}", affine.input.channels),
        Kernel::Activate(activate) => format!("{first}: {} of {}", activation(activate.activation), map(&activate.input)),
        Kernel::Prelu(prelu) => format!("{first}: negative elements of {} times a weight", map(&prelu.input)),
        Kernel::Map(step) => {
            let (n, s) = (step.operations.len(), if step.operations.len() == 1 { "" } else { "s" });
            format!("{first}: an expression of {n} operation{s} of each element of {}", map(&step.output))
        }
        Kernel::Combine(combine) => {
            let what = match combine.combination {
                Combination::Add => "sum",
                Combination::Mul => "product",
            };
            format!("{first}: {what} of two {}, element by element{then}", map(&combine.output))
        }
        Kernel::Scale(scale) => format!("{first}: each channel of {} times a number{then}", map(&scale.input)),
        Kernel::Norm(norm) => {
            let groups = match norm.groups {
                1 => String::new(),
                groups => format!(" in {groups} groups of channels"),
            };
            let whose = match norm.region {
                Region::Map => "its",
                Region::Row => "each row's",
                Region::Pixel => "each pixel's",
            };
            format!("{first}: {} by {whose} mean and variance{groups}{then}", map(&norm.input))
        }
        Kernel::LocalNorm(norm) => format!("{first}: {} over {} neighbouring channels", map(&norm.input), norm.size),
        Kernel::Resize(resize) => {
            format!("{first}: {} channels, {}", resize.input.channels, sides(&resize.input, &resize.output))
        }
        Kernel::MeanChannels(mean) => format!("{first} of the channels of {}", map(&mean.input)),
        Kernel::Softmax(softmax) => format!("{first} of {}", map(&softmax.input)),
        Kernel::Recurrent(layer) => {
            let cell = match layer.cell {
                Cell::Tanh => "tanh of sums",
                Cell::Relu => "max(sum, 0)",
                Cell::Lstm => "long short-term memory",
                Cell::Gru => "gated recurrent units",
            };
            let both = if layer.n_directions() > 1 { " in both directions" } else { "" };
            format!("{first}: {} steps of {cell}{both}, {} hidden elements", layer.input.width, layer.hidden)
        }
        Kernel::Copy(copy) => match (copy.input.place, copy.output.place, step.name.split_once(" to ")) {
            (_, Place::Output(_), Some((value, port))) => {
                format!("Copies `{value}` to the output `{port}`: {}", map(&copy.output))
            }
            (Place::Input(_), ..) => format!("Copies {first} into the arena: {}", map(&copy.output)),
            _ => format!("Copies a part of {first} to its place: {}", map(&copy.output)),
        },
        Kernel::ClearBorder(clear) => {
            let [top, left, bottom, right] = clear.border;
            format!("Zeros at the top, left, bottom and right of {}: {top}, {left}, {bottom}, {right}", map(&clear.view))
        }
    }
}

fn conv_words(conv: &Conv) -> String {
    let mut words = format!("{}{}", pair(conv.window), by_stride(conv.stride));
    words.push_str(&format!(", {} → {} channels", conv.input.channels, conv.output.channels));
    if conv.groups > 1 {
        words.push_str(&format!(" in {} groups", conv.groups));
    }
    if conv.dilation != [1, 1] {
        words.push_str(&format!(", dilation {}", pair(conv.dilation)));
    }
    words
}

fn fused_pool(kernel: &Kernel) -> Option<&FusedPool> {
    match kernel {
        Kernel::Conv(conv) => conv.epilogue.pool.as_ref(),
        _ => None,
    }
}

/// ` 3x3/2`; nothing for adaptive windows, which the sizes say.
fn windows(windows: &Windows) -> String {
    match windows {
        Windows::Sliding { window, stride, .. } => format!(" {}{}", pair(*window), by_stride(*stride)),
        Windows::Adaptive => String::new(),
    }
}

fn activation(activation: Activation) -> &'static str {
    match activation {
        Activation::Identity => "identity",
        Activation::Relu => "max(x, 0)",
        Activation::LeakyRelu { .. } => "x or its fraction where negative",
        Activation::Relu6 => "min(max(x, 0), 6)",
        Activation::Sigmoid => "1/(1 + exp(−x))",
        Activation::Tanh => "tanh",
        Activation::Silu => "x/(1 + exp(−x))",
        Activation::Gelu => "x Φ(x)",
        Activation::GeluTanh => "x Φ(x) by tanh",
        Activation::HardSigmoid => "min(max(x + 3, 0), 6)/6",
        Activation::HardSwish => "x min(max(x + 3, 0), 6)/6",
        Activation::Elu { .. } => "x or a fraction of exp(x) − 1 where negative",
        Activation::Softplus { .. } => "ln(1 + exp(x))",
    }
}

/// `3x3`
fn pair([down, across]: [usize; 2]) -> String {
    format!("{down}x{across}")
}

/// `/2`, and nothing for a stride of 1.
fn by_stride([down, across]: [usize; 2]) -> String {
    match (down, across) {
        (1, 1) => String::new(),
        _ if down == across => format!("/{down}"),
        _ => format!("/({down}, {across})"),
    }
}

/// `224x224 → 56x56`, `at 56x56`
fn sides(input: &View, output: &View) -> String {
    let (before, after) = (pair([input.height, input.width]), pair([output.height, output.width]));
    if before == after { format!("at {after}") } else { format!("{before} → {after}") }
}

/// `[64, 56, 56]`, `[10]`
fn map(view: &View) -> String {
    match view.height * view.width {
        1 => format!("[{}]", view.channels),
        _ => format!("[{}, {}, {}]", view.channels, view.height, view.width),
    }
}

/// `61706` as `61,706`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
