//! Residual networks: He, Zhang, Ren, Sun, *Deep Residual Learning for Image Recognition* (2015), table 1 and figures 3 and 5.
//!
//! As torchvision has them: where a bottleneck halves the map, its 3x3 convolution strides, not its first 1x1. Beside them the
//! plain network of 34 layers, the middle of figure 3, which trains to a larger error than 18 layers do: what shortcuts are for.

use convoke::network;

network! {
    const CLASSES = 1000;
    round = floor;

    /// ResNet-18, as torchvision's `resnet18`.
    pub ResNet18(image: [3, 224, 224]) { of_two(image, 2, 2, 2, 2) }

    /// ResNet-34, as torchvision's `resnet34`.
    pub ResNet34(image: [3, 224, 224]) { of_two(image, 3, 4, 6, 3) }

    /// ResNet-50, as torchvision's `resnet50`.
    pub ResNet50(image: [3, 224, 224]) { of_three(image, 3, 4, 6, 3) }

    /// ResNet-50 on images of any size: what is fed to the linear layer are means over the last map, whatever its size.
    pub ResNet50AnySize(image: [3, H, W]) -> [CLASSES] { of_three(image, 3, 4, 6, 3) }

    /// ResNet-101, as torchvision's `resnet101`.
    pub ResNet101(image: [3, 224, 224]) { of_three(image, 3, 4, 23, 3) }

    /// ResNet-152, as torchvision's `resnet152`.
    pub ResNet152(image: [3, 224, 224]) { of_three(image, 3, 8, 36, 3) }

    /// The plain network of 34 layers: ResNet-34 without shortcuts.
    pub Plain34(image: [3, 224, 224]) {
        stem(image)
            -> layer1: { 3 * plain(64) }
            -> layer2: { plain(128, stride = 2) -> 3 * plain(128) }
            -> layer3: { plain(256, stride = 2) -> 5 * plain(256) }
            -> layer4: { plain(512, stride = 2) -> 2 * plain(512) }
            -> adaptive_avg_pool(1x1) -> flatten
            -> fc: linear(CLASSES)
    }

    /// Four stages of n1 to n4 blocks of two convolutions.
    block of_two(x, n1, n2, n3, n4) {
        stem(x)
            -> layer1: { n1 * basic(64) }
            -> layer2: { basic(128, stride = 2) -> (n2 - 1) * basic(128) }
            -> layer3: { basic(256, stride = 2) -> (n3 - 1) * basic(256) }
            -> layer4: { basic(512, stride = 2) -> (n4 - 1) * basic(512) }
            -> adaptive_avg_pool(1x1) -> flatten
            -> fc: linear(CLASSES)
    }

    /// Four stages of n1 to n4 bottlenecks of three convolutions.
    block of_three(x, n1, n2, n3, n4) {
        stem(x)
            -> layer1: { n1 * bottleneck(64) }
            -> layer2: { bottleneck(128, stride = 2) -> (n2 - 1) * bottleneck(128) }
            -> layer3: { bottleneck(256, stride = 2) -> (n3 - 1) * bottleneck(256) }
            -> layer4: { bottleneck(512, stride = 2) -> (n4 - 1) * bottleneck(512) }
            -> adaptive_avg_pool(1x1) -> flatten
            -> fc: linear(CLASSES)
    }

    block stem(x) {
        x -> conv1: conv(64, 7x7, stride = 2, pad = 3, bias = false) -> bn1: batch_norm -> relu
          -> max_pool(3x3, stride = 2, pad = 1)
    }

    /// Figure 5, left: two 3x3 convolutions around a shortcut.
    block basic(x, width, stride = 1) {
        plain_to(x, width, stride) -> add(shortcut(x, width, stride)) -> relu
    }

    /// Figure 5, right: the 3x3 convolution between 1x1 convolutions that narrow and widen.
    block bottleneck(x, width, stride = 1) {
        x -> conv1: conv(width, 1x1, bias = false) -> bn1: batch_norm -> relu
          -> conv2: conv(width, 3x3, stride = stride, pad = 1, bias = false) -> bn2: batch_norm -> relu
          -> conv3: conv(4 * width, 1x1, bias = false) -> bn3: batch_norm
          -> add(shortcut(x, 4 * width, stride)) -> relu
    }

    /// What flows in, projected where the shape changes (option B).
    block shortcut(x, width, stride) {
        if stride != 1 || x.channels != width {
            x -> downsample: { conv(width, 1x1, stride = stride, bias = false) -> batch_norm }
        } else {
            x
        }
    }

    block plain(x, width, stride = 1) { plain_to(x, width, stride) -> relu }

    block plain_to(x, width, stride) {
        x -> conv1: conv(width, 3x3, stride = stride, pad = 1, bias = false) -> bn1: batch_norm -> relu
          -> conv2: conv(width, 3x3, pad = 1, bias = false) -> bn2: batch_norm
    }
}

const _: () = assert!(ResNet18::PARAMETERS == 11_689_512);
const _: () = assert!(ResNet34::PARAMETERS == 21_797_672);
const _: () = assert!(ResNet50::PARAMETERS == 25_557_032);
const _: () = assert!(ResNet50AnySize::PARAMETERS == ResNet50::PARAMETERS);
const _: () = assert!(ResNet101::PARAMETERS == 44_549_160);
const _: () = assert!(ResNet152::PARAMETERS == 60_192_808);
const _: () = assert!(Plain34::PARAMETERS == 21_623_848);

const _: () = assert!(ResNet18::MACS == 1_814_073_344);
const _: () = assert!(ResNet34::MACS == 3_663_761_408);
const _: () = assert!(ResNet50::MACS == 4_089_184_256);
const _: () = assert!(ResNet101::MACS == 7_801_405_440);
const _: () = assert!(ResNet152::MACS == 11_513_626_624);
const _: () = assert!(Plain34::MACS == 3_644_493_824);
