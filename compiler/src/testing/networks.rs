//! Known networks in the text form, for tests that look at whole plans.

use std::fmt::Write;

/// Writes the text form line by line.
struct Text {
    text: String,
    last: usize,
}

impl Text {
    fn layer(&mut self, layer: &str, inputs: &[usize], args: &str, path: &str) -> usize {
        self.last += 1;
        let mut parts: Vec<String> = inputs.iter().map(|input| format!("%{input}")).collect();
        if !args.is_empty() {
            parts.push(args.to_string());
        }
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "%{} = {layer}({}) \"{path}\"", self.last, parts.join(", "));
        self.last
    }

    fn unit(&mut self, x: usize, filters: usize, args: &str, [conv, norm]: [&str; 2]) -> usize {
        let x = self.layer("conv", &[x], &format!("filters = {filters}, {args}, bias = false, round = floor"), conv);
        self.layer("batch_norm", &[x], "", norm)
    }
}

/// LeNet-5 (LeCun et al., 1998).
pub fn lenet5() -> String {
    r#"network LeNet5
input image [1, 32, 32]
%1 = conv(%0, filters = 6, window = 5x5) "c1"
%2 = tanh(%1) "1"
%3 = avg_pool(%2, window = 2x2) "2"
%4 = conv(%3, filters = 16, window = 5x5) "c3"
%5 = tanh(%4) "4"
%6 = avg_pool(%5, window = 2x2) "5"
%7 = conv(%6, filters = 120, window = 5x5) "c5"
%8 = tanh(%7) "7"
%9 = flatten(%8) "8"
%10 = linear(%9, outputs = 84) "f6"
%11 = tanh(%10) "10"
%12 = linear(%11, outputs = 10) "output"
output output %12
"#
    .to_string()
}

/// ResNet-50 (He et al., 2015), as in torchvision.
pub fn resnet50() -> String {
    let mut net = Text { text: "network ResNet50\ninput image [3, 224, 224]\n".to_string(), last: 0 };
    let mut x = net.unit(0, 64, "window = 7x7, stride = 2x2, pad = 3", ["conv1", "bn1"]);
    x = net.layer("relu", &[x], "", "relu");
    x = net.layer("max_pool", &[x], "window = 3x3, stride = 2x2, pad = 1, round = floor", "maxpool");
    for (stage, n_blocks) in [3, 4, 6, 3].into_iter().enumerate() {
        let width = 64 << stage;
        for block in 0..n_blocks {
            let stride = if block == 0 && stage > 0 { 2 } else { 1 };
            let path = |layer: &str| format!("layer{}.{block}.{layer}", stage + 1);
            let by_stride = format!("stride = {stride}x{stride}");
            let shortcut = match block {
                0 => {
                    let args = format!("window = 1x1, {by_stride}");
                    net.unit(x, 4 * width, &args, [&path("downsample.0"), &path("downsample.1")])
                }
                _ => x,
            };
            x = net.unit(x, width, "window = 1x1", [&path("conv1"), &path("bn1")]);
            x = net.layer("relu", &[x], "", &path("relu1"));
            x = net.unit(x, width, &format!("window = 3x3, {by_stride}, pad = 1"), [&path("conv2"), &path("bn2")]);
            x = net.layer("relu", &[x], "", &path("relu2"));
            x = net.unit(x, 4 * width, "window = 1x1", [&path("conv3"), &path("bn3")]);
            x = net.layer("add", &[x, shortcut], "", &path("add"));
            x = net.layer("relu", &[x], "", &path("relu3"));
        }
    }
    x = net.layer("adaptive_avg_pool", &[x], "size = 1x1", "avgpool");
    x = net.layer("flatten", &[x], "", "flatten");
    x = net.layer("linear", &[x], "outputs = 1000", "fc");
    net.text + &format!("output logits %{x}\n")
}

/// A dense block (Huang et al., 2017) of three layers after a stem, each of which reads all before it.
pub fn dense_block() -> String {
    let mut net = Text { text: "network Dense\ninput image [3, 16, 16]\n".to_string(), last: 0 };
    let mut x = net.layer("conv", &[0], "filters = 8, window = 3x3, pad = 1", "stem");
    for layer in 1..=3 {
        let path = |name: &str| format!("denselayer{layer}.{name}");
        let mut new = net.layer("batch_norm", &[x], "", &path("norm1"));
        new = net.layer("relu", &[new], "", &path("relu1"));
        new = net.unit(new, 16, "window = 1x1", [&path("conv1"), &path("norm2")]);
        new = net.layer("relu", &[new], "", &path("relu2"));
        new = net.layer("conv", &[new], "filters = 4, window = 3x3, pad = 1, bias = false", &path("conv2"));
        x = net.layer("concat", &[x, new], "", &path("concat"));
    }
    x = net.layer("adaptive_avg_pool", &[x], "size = 1x1", "pool");
    x = net.layer("flatten", &[x], "", "flatten");
    net.text + &format!("output features %{x}\n")
}

/// A stage of He et al.'s CIFAR networks with its parameterless shortcut (option A).
pub fn option_a() -> String {
    r#"network OptionA
input image [3, 32, 32]
%1 = conv(%0, filters = 16, window = 3x3, pad = 1, bias = false) "conv1"
%2 = relu(%1) "relu"
%3 = subsample(%2, stride = 2x2) "shortcut.0"
%4 = pad_channels(%3, before = 8) "shortcut.1"
%5 = conv(%2, filters = 32, window = 3x3, stride = 2x2, pad = 1, bias = false, round = floor) "conv2"
%6 = relu(%5) "relu2"
%7 = conv(%6, filters = 32, window = 3x3, pad = 1, bias = false) "conv3"
%8 = add(%7, %4) "add"
%9 = relu(%8) "relu3"
%10 = conv(%9, filters = 32, window = 3x3, pad = 1, bias = false) "conv4"
%11 = adaptive_avg_pool(%10, size = 1x1) "pool"
%12 = flatten(%11) "flatten"
%13 = linear(%12, outputs = 10) "fc"
output logits %13
"#
    .to_string()
}
