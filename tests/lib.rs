//! Networks that several suites share: each exercises one way in which values meet.

pub mod random;

use convoke::network;

network! {
    round = floor;

    /// LeNet-5 (LeCun et al., 1998): few channels, `tanh`, pooling in epilogues, a map that is flattened into a linear layer.
    pub LeNet5(image: [1, 32, 32]) -> [10] {
        image
            -> c1: conv(6, 5x5) -> tanh -> avg_pool(2x2)
            -> c3: conv(16, 5x5) -> tanh -> avg_pool(2x2)
            -> c5: conv(120, 5x5) -> tanh
            -> flatten
            -> f6: linear(84) -> tanh
            -> output: linear(10)
    }

    /// A small residual network with both kinds of shortcut: projected and option A.
    pub Residual(image: [3, 21, 19]) {
        image
            -> conv1: conv(16, 7x7, stride = 2, pad = 3, bias = false) -> bn1: batch_norm -> relu
            -> max_pool(3x3, stride = 2, pad = 1)
            -> layer1: { 2 * basic(16) }
            -> layer2: { basic(24, stride = 2) -> basic(24) }
            -> layer3: { option_a(48) -> bottleneck(12) }
            -> adaptive_avg_pool(1x1) -> flatten -> dropout
            -> fc: linear(7) -> softmax
    }

    /// Two 3x3 convolutions around a shortcut, projected where the shape changes.
    block basic(x, width, stride = 1) {
        let shortcut = if stride != 1 || x.channels != width {
            x -> downsample: { conv(width, 1x1, stride = stride, bias = false) -> batch_norm }
        } else {
            x
        };
        x -> conv1: conv(width, 3x3, stride = stride, pad = 1, bias = false) -> bn1: batch_norm -> relu
          -> conv2: conv(width, 3x3, pad = 1, bias = false) -> bn2: batch_norm
          -> add(shortcut) -> relu
    }

    /// A shortcut without parameters: every second pixel, channels padded with zeros.
    block option_a(x, width) {
        let extra = (width - x.channels) / 2;
        let shortcut = x -> subsample(2) -> pad_channels(extra, extra);
        x -> conv1: conv(width, 3x3, stride = 2, pad = 1, bias = false) -> bn1: batch_norm -> relu
          -> conv2: conv(width, 3x3, pad = 1) -> add(shortcut) -> relu
    }

    /// 1x1, grouped 3x3, 1x1 around a shortcut.
    block bottleneck(x, width) {
        x -> conv1: conv(width, 1x1) -> relu
          -> conv2: conv(width, 3x3, pad = 1, groups = 3) -> leaky_relu(0.1)
          -> conv3: conv(x.channels, 1x1, bias = false) -> bn: batch_norm(eps = 1e-3)
          -> add(x) -> relu6
    }

    /// Branches that are concatenated in place, twice over.
    pub Inception(image: [3, 17, 23]) {
        image
            -> stem: unit(18, 3x3, pad = 1)
            -> mixed1: inception(5, 6, 10, 3, 7, 9)
            -> max_pool(2x2, stride = 2, round = ceil)
            -> mixed2: inception(8, 6, 16, 3, 20, 4)
            -> head: conv(11, 1x1) -> adaptive_max_pool(2x3)
    }

    block inception(x, n1, r3, n3, r5, n5, p) {
        concat(
            x -> branch1: unit(n1, 1x1),
            x -> branch2: { unit(r3, 1x1) -> unit(n3, 3x3, pad = 1) },
            x -> branch3: { unit(r5, 1x1) -> unit(n5, 5x5, pad = 2) },
            x -> branch4: { max_pool(3x3, stride = 1, pad = 1) -> unit(p, 1x1) },
        )
    }

    block unit(x, width, kernel, pad = 0) {
        x -> conv: conv(width, kernel, pad = pad, bias = false) -> bn: batch_norm(eps = 1e-3) -> relu
    }

    /// Densely connected: every layer reads all that came before; batch norm before its convolution.
    pub Dense(image: [3, 20, 20]) {
        image
            -> features: {
                "conv0": conv(12, 3x3, pad = 1, bias = false)
                -> "denseblock1": { for i in 1..=4 { "denselayer{i}": dense_layer(6) } }
                -> "transition1": { norm: batch_norm -> relu -> conv: conv(17, 1x1, bias = false) -> pool: avg_pool(2x2) }
                -> "denseblock2": { for i in 1..=3 { "denselayer{i}": dense_layer(6) } }
                -> "norm5": batch_norm
            }
            -> relu -> adaptive_avg_pool(1x1) -> flatten -> classifier: linear(10)
    }

    block dense_layer(x, growth) {
        let new = x -> norm1: batch_norm -> relu -> conv1: conv(4 * growth, 1x1, bias = false)
                    -> norm2: batch_norm -> relu -> conv2: conv(growth, 3x3, pad = 1, bias = false);
        concat(x, new)
    }

    /// Depthwise separable, dilated, grouped and spatially separable convolutions.
    pub Separable(image: [4, 15, 18]) {
        image
            -> expand: conv(26, 1x1) -> relu6
            -> depthwise: conv(26, 3x3, stride = 2, pad = 1, groups = 26, bias = false) -> bn: batch_norm -> relu6
            -> project: conv(20, 1x1)
            -> dilated: conv(20, 3x3, pad = 2, dilation = 2, groups = 5) -> sigmoid
            -> down: conv(9, 3x1, pad = (1, 0)) -> across: conv(9, 1x3, pad = (0, 1)) -> tanh
            -> multiplied: conv(18, 3x3, pad = same, groups = 9)
    }

    /// Maps so large that convolutions are computed in strips of rows, with an activation that takes a pass of its own between them.
    pub Strips(image: [2, 190, 170]) {
        image
            -> expand: conv(12, 1x1) -> relu6
            -> depthwise: conv(12, 3x3, pad = 1, groups = 12) -> silu
            -> project: conv(9, 3x3, stride = 2, pad = 1) -> out: conv(3, 1x1, bias = false)
    }

    /// Along a sequence: causal and dilated convolutions around shortcuts, a gate, pooling, and the way back up.
    pub Waves(samples: [3, 101]) -> (mask: [1, 50], class: [6]) {
        let features = samples
            -> stem: conv(24, 7, stride = 2, pad = (6, 0), round = floor) -> bn: batch_norm -> relu
            -> "causal": { for i in 0..3 { "{i}": causal(24, i + 1) } };
        let small = features -> max_pool(3) -> squeeze: conv(20, 3, pad = same, groups = 4) -> gelu;
        let up = small -> up: conv_transpose(9, 3, stride = 3, bias = false) -> mix: conv(24, 1);
        (
            mask: concat(features, up) -> depthwise: depthwise_conv(3, pad = 1) -> mask: conv(1, 2) -> sigmoid,
            class: small -> scale(small -> global_avg_pool -> sigmoid) -> adaptive_avg_pool(4) -> flatten -> fc: linear(6),
        )
    }

    block causal(x, width, dilation) {
        x -> conv1: conv(width, 3, pad = (2 * dilation, 0), dilation = dilation) -> relu -> conv2: conv(width, 1) -> add(x)
    }

    /// Two inputs and two outputs, one of them a map.
    pub Pair(left: [5, 12, 9], right: [5, 12, 9]) {
        let seen = left -> stem: shared_stem;
        let other = right -> right_conv: conv(8, 3x3, pad = 1) -> relu;
        let both = seen -> mul(other);
        (mask: both -> mask: conv(1, 1x1) -> sigmoid, class: concat(seen, both) -> adaptive_avg_pool(1x1) -> flatten -> fc: linear(4))
    }

    /// Expressions of elements: of one value and of several, in blocks that take them.
    pub Mapped(left: [3, 11, 9], right: [3, 11, 9]) {
        let soft = left -> mapped(SOFTSIGN);
        let mixed = right -> map(left, |r, l| if r > l && l != 0.0 { r - 0.5 * l } else { clamp(l, -0.25, r) });
        soft -> conv: conv(5, 3x3) -> mapped(|x| x * tanh(ln(1.0 + exp(x))))
            -> flatten -> concat(mixed -> flatten -> map(|x| -abs(x) / sqrt(1.0 + x * x)))
    }

    const SOFTSIGN = |x| x / (1.0 + abs(x));

    block mapped(x, f) { x -> map(f) }

    block shared_stem(x) { x -> conv(8, 3x3, pad = 1) -> batch_norm -> relu }
}

/// The README's Rust code, compiled and run as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
