//! The residual networks for CIFAR-10: He, Zhang, Ren, Sun, *Deep Residual Learning for Image Recognition* (2015), section 4.2.
//!
//! `6n + 2` layers in three stages of n blocks, at 32x32, 16x16 and 8x8. Their shortcuts have no parameters (option A): where a
//! stage begins, every second pixel, and zeros for the channels that are new.

use convoke::network;

network! {
    const CLASSES = 10;

    /// ResNet-20.
    pub ResNet20(image: [3, 32, 32]) {
        resnet(image, 3)
    }

    /// ResNet-32.
    pub ResNet32(image: [3, 32, 32]) {
        resnet(image, 5)
    }

    /// ResNet-44.
    pub ResNet44(image: [3, 32, 32]) {
        resnet(image, 7)
    }

    /// ResNet-56.
    pub ResNet56(image: [3, 32, 32]) {
        resnet(image, 9)
    }

    /// ResNet-110.
    pub ResNet110(image: [3, 32, 32]) {
        resnet(image, 18)
    }

    /// Three stages of n blocks.
    block resnet(x, n) {
        x -> conv1: conv(16, 3x3, pad = 1, bias = false) -> bn1: batch_norm -> relu
          -> layer1: { n * basic(16) }
          -> layer2: { basic(32, stride = 2) -> (n - 1) * basic(32) }
          -> layer3: { basic(64, stride = 2) -> (n - 1) * basic(64) }
          -> adaptive_avg_pool(1x1) -> flatten
          -> linear: linear(CLASSES)
    }

    /// Two 3x3 convolutions around a shortcut.
    block basic(x, width, stride = 1) {
        let shortcut = if stride != 1 { x -> subsample(stride) -> pad_channels((width - x.channels) / 2) } else { x };
        x -> conv1: conv(width, 3x3, stride = stride, pad = 1, bias = false, round = floor) -> bn1: batch_norm -> relu
          -> conv2: conv(width, 3x3, pad = 1, bias = false) -> bn2: batch_norm
          -> add(shortcut) -> relu
    }
}

const _: () = assert!(ResNet20::PARAMETERS == 269_722);
const _: () = assert!(ResNet32::PARAMETERS == 464_154);
const _: () = assert!(ResNet44::PARAMETERS == 658_586);
const _: () = assert!(ResNet56::PARAMETERS == 853_018);
const _: () = assert!(ResNet110::PARAMETERS == 1_727_962);

const _: () = assert!(ResNet20::MACS == 40_551_040);
const _: () = assert!(ResNet32::MACS == 68_862_592);
const _: () = assert!(ResNet44::MACS == 97_174_144);
const _: () = assert!(ResNet56::MACS == 125_485_696);
const _: () = assert!(ResNet110::MACS == 252_887_680);
