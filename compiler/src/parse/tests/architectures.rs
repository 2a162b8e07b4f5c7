//! The state dicts of known networks: torchvision's names and parameter counts.

use super::{graphs, n_parameters, names};

fn check(text: &str, n: usize, expected: &[&str]) {
    let graph = graphs(text).remove(0);
    let names = names(&graph);
    for name in expected {
        assert!(names.iter().any(|found| found == name), "no {name} among {names:#?}");
    }
    assert_eq!(n_parameters(&graph), n);
}

#[test]
fn lenet5() {
    check(
        "pub LeNet5(image: [1, 32, 32]) -> [10] {
            image
                -> c1: conv(6, 5x5) -> tanh -> avg_pool(2x2)
                -> c3: conv(16, 5x5) -> tanh -> avg_pool(2x2)
                -> c5: conv(120, 5x5) -> tanh
                -> flatten
                -> f6: linear(84) -> tanh
                -> output: linear(10)
        }",
        61_706,
        &["c1.weight", "c1.bias", "c5.weight", "f6.weight", "output.bias"],
    );
}

#[test]
fn resnet34_and_50() {
    let text = "
        round = floor;
        pub ResNet34(image: [3, 224, 224]) -> [1000] {
            image
                -> conv1: conv(64, 7x7, stride = 2, pad = 3, bias = false) -> bn1: batch_norm -> relu
                -> max_pool(3x3, stride = 2, pad = 1)
                -> layer1: { 3 * basic(64) }
                -> layer2: { basic(128, stride = 2) -> 3 * basic(128) }
                -> layer3: { basic(256, stride = 2) -> 5 * basic(256) }
                -> layer4: { basic(512, stride = 2) -> 2 * basic(512) }
                -> adaptive_avg_pool(1x1) -> flatten
                -> fc: linear(1000)
        }
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
        pub ResNet50(image: [3, 224, 224]) {
            image
                -> conv1: conv(64, 7x7, stride = 2, pad = 3, bias = false) -> bn1: batch_norm -> relu
                -> max_pool(3x3, stride = 2, pad = 1)
                -> layer1: 3 * bottleneck(64)
                -> layer2: { bottleneck(128, 2) -> 3 * bottleneck(128) }
                -> layer3: { bottleneck(256, 2) -> 5 * bottleneck(256) }
                -> layer4: { bottleneck(512, 2) -> 2 * bottleneck(512) }
                -> adaptive_avg_pool(1) -> flatten
                -> fc: linear(1000)
        }
        block bottleneck(x, width, stride = 1) {
            let shortcut = if x.channels != 4 * width {
                x -> downsample: { conv(4 * width, 1x1, stride = stride, bias = false) -> batch_norm }
            } else {
                x
            };
            x -> conv1: conv(width, 1x1, bias = false) -> bn1: batch_norm -> relu
              -> conv2: conv(width, 3x3, stride = stride, pad = 1, bias = false) -> bn2: batch_norm -> relu
              -> conv3: conv(4 * width, 1x1, bias = false) -> bn3: batch_norm
              -> add(shortcut) -> relu
        }";
    let expected = [
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.conv1.weight",
        "layer2.0.downsample.0.weight",
        "layer2.0.downsample.1.running_mean",
        "layer4.2.bn2.bias",
        "fc.bias",
    ];
    check(text, 21_797_672, &expected);
    let resnet50 = &graphs(text)[1];
    assert_eq!(n_parameters(resnet50), 25_557_032);
    assert!(names(resnet50).contains(&"layer1.0.downsample.0.weight".to_owned()));
    assert!(!names(resnet50).contains(&"layer1.1.downsample.0.weight".to_owned()));
}

#[test]
fn googlenet() {
    check(
        "pub GoogLeNet(image: [3, 224, 224]) {
            image
                -> conv1: unit(64, 7x7, stride = 2, pad = 3) -> max_pool(3x3, stride = 2, round = ceil)
                -> conv2: unit(64, 1x1) -> conv3: unit(192, 3x3, pad = 1) -> max_pool(3x3, stride = 2, round = ceil)
                -> inception3a: inception(64, 96, 128, 16, 32, 32)
                -> inception3b: inception(128, 128, 192, 32, 96, 64)
                -> max_pool(3x3, stride = 2, round = ceil)
                -> inception4a: inception(192, 96, 208, 16, 48, 64)
                -> inception4b: inception(160, 112, 224, 24, 64, 64)
                -> inception4c: inception(128, 128, 256, 24, 64, 64)
                -> inception4d: inception(112, 144, 288, 32, 64, 64)
                -> inception4e: inception(256, 160, 320, 32, 128, 128)
                -> max_pool(2x2, stride = 2, round = ceil)
                -> inception5a: inception(256, 160, 320, 32, 128, 128)
                -> inception5b: inception(384, 192, 384, 48, 128, 128)
                -> adaptive_avg_pool(1x1) -> flatten -> dropout(0.2)
                -> fc: linear(1000)
        }
        block inception(x, n1, r3, n3, r5, n5, p) {
            concat(
                x -> branch1: unit(n1, 1x1),
                x -> branch2: { unit(r3, 1x1) -> unit(n3, 3x3, pad = 1) },
                x -> branch3: { unit(r5, 1x1) -> unit(n5, 3x3, pad = 1) },
                x -> branch4: { max_pool(3x3, stride = 1, pad = 1, round = ceil) -> unit(p, 1x1) },
            )
        }
        block unit(x, width, kernel, stride = 1, pad = 0) {
            x -> conv: conv(width, kernel, stride = stride, pad = pad, bias = false, round = floor) -> bn: batch_norm(eps = 1e-3) -> relu
        }",
        6_624_904,
        &["conv1.conv.weight", "inception3a.branch4.1.conv.weight", "inception5b.branch2.0.bn.running_mean", "fc.weight"],
    );
}

#[test]
fn densenet121() {
    check(
        "const GROWTH = 32;
        round = floor;
        pub DenseNet121(image: [3, 224, 224]) {
            image
                -> features: {
                    conv0: conv(64, 7x7, stride = 2, pad = 3, bias = false) -> norm0: batch_norm -> relu0: relu
                    -> pool0: max_pool(3x3, stride = 2, pad = 1)
                    -> denseblock1: dense_block(6) -> transition1: transition
                    -> denseblock2: dense_block(12) -> transition2: transition
                    -> denseblock3: dense_block(24) -> transition3: transition
                    -> denseblock4: dense_block(16)
                    -> norm5: batch_norm
                }
                -> relu -> adaptive_avg_pool(1x1) -> flatten
                -> classifier: linear(1000)
        }
        block dense_block(x, n) {
            x -> for i in 1..=n { \"denselayer{i}\": dense_layer }
        }
        block dense_layer(x) {
            concat(x, x
                -> norm1: batch_norm -> relu1: relu -> conv1: conv(4 * GROWTH, 1x1, bias = false)
                -> norm2: batch_norm -> relu2: relu -> conv2: conv(GROWTH, 3x3, pad = 1, bias = false))
        }
        block transition(x) {
            x -> norm: batch_norm -> relu -> conv: conv(x.channels / 2, 1x1, bias = false) -> pool: avg_pool(2x2)
        }",
        7_978_856,
        &[
            "features.conv0.weight",
            "features.denseblock1.denselayer1.norm1.weight",
            "features.denseblock4.denselayer16.conv2.weight",
            "features.transition2.conv.weight",
            "classifier.weight",
        ],
    );
}

#[test]
fn vgg16() {
    check(
        "pub Vgg16(image: [3, 224, 224]) {
            image
                -> features: {
                    for i in 0..2 { for _j in 0..2 { conv(64 * (i + 1), 3x3, pad = 1) -> relu } -> max_pool(2x2) }
                    -> for i in 0..3 {
                        for _j in 0..3 { conv(if i == 0 { 256 } else { 512 }, 3x3, pad = 1) -> relu } -> max_pool(2x2)
                    }
                }
                -> flatten
                -> classifier: { linear(4096) -> relu -> dropout -> linear(4096) -> relu -> dropout -> linear(1000) }
        }",
        138_357_544,
        &[
            "features.0.weight",
            "features.2.weight",
            "features.5.weight",
            "features.28.bias",
            "classifier.0.weight",
            "classifier.6.bias",
        ],
    );
}

#[test]
fn mobilenet_v2() {
    check(
        "round = floor;
        pub MobileNetV2(image: [3, 224, 224]) {
            image
                -> features: {
                    unit(32, 3x3, stride = 2, pad = 1)
                    -> inverted(16, 1, expand = 1)
                    -> inverted(24, 2) -> inverted(24)
                    -> inverted(32, 2) -> 2 * inverted(32)
                    -> inverted(64, 2) -> 3 * inverted(64)
                    -> 3 * inverted(96)
                    -> inverted(160, 2) -> 2 * inverted(160)
                    -> inverted(320)
                    -> unit(1280, 1x1)
                }
                -> adaptive_avg_pool(1x1) -> flatten
                -> classifier: { dropout(0.2) -> linear(1000) }
        }
        block inverted(x, width, stride = 1, expand = 6) {
            let hidden = x.channels * expand;
            let y = x -> conv: {
                if expand != 1 { unit(hidden, 1x1) }
                -> unit(hidden, 3x3, stride = stride, pad = 1, groups = hidden)
                -> conv(width, 1x1, bias = false) -> batch_norm
            };
            if stride == 1 && x.channels == width { add(x, y) } else { y }
        }
        block unit(x, width, kernel, stride = 1, pad = 0, groups = 1) {
            x -> conv(width, kernel, stride = stride, pad = pad, groups = groups, bias = false) -> batch_norm -> relu6
        }",
        3_504_872,
        &[
            "features.0.0.weight",
            "features.1.conv.0.0.weight",
            "features.1.conv.1.weight",
            "features.1.conv.2.bias",
            "features.2.conv.1.0.weight",
            "features.18.1.running_var",
            "classifier.1.weight",
        ],
    );
}

#[test]
fn cifar_resnet20() {
    check(
        "const N = 3;
        round = floor;
        pub ResNet20(image: [3, 32, 32]) -> [10] {
            image
                -> conv1: conv(16, 3x3, pad = 1, bias = false) -> bn1: batch_norm -> relu
                -> layer1: { N * basic(16) }
                -> layer2: { basic(32, 2) -> (N - 1) * basic(32) }
                -> layer3: { basic(64, 2) -> (N - 1) * basic(64) }
                -> adaptive_avg_pool(1x1) -> flatten -> linear: linear(10)
        }
        block basic(x, width, stride = 1) {
            let shortcut = if stride != 1 { x -> subsample(stride) -> pad_channels(width / 4) } else { x };
            x -> conv1: conv(width, 3x3, stride = stride, pad = 1, bias = false) -> bn1: batch_norm -> relu
              -> conv2: conv(width, 3x3, pad = 1, bias = false) -> bn2: batch_norm
              -> add(shortcut) -> relu
        }",
        269_722,
        &["conv1.weight", "layer1.0.conv1.weight", "layer3.2.bn2.running_var", "linear.weight"],
    );
}
