//! ResNeXt: Xie, Girshick, Dollár, Tu, He, *Aggregated Residual Transformations for Deep Neural Networks* (2016), table 1 and
//! figure 3(c).
//!
//! A residual network whose bottlenecks have a grouped convolution in their middle. 32x4d: 32 groups of 4 channels in the first stage.

use convoke::network;

network! {
    const CLASSES = 1000;
    round = floor;

    /// ResNeXt-50 (32x4d), as torchvision's `resnext50_32x4d`.
    pub ResNeXt50_32x4d(image: [3, 224, 224]) { resnext(image, 3, 4, 6, 3, depth = 4) }

    /// ResNeXt-101 (32x8d), as torchvision's `resnext101_32x8d`.
    pub ResNeXt101_32x8d(image: [3, 224, 224]) { resnext(image, 3, 4, 23, 3, depth = 8) }

    /// Stages of n1 to n4 bottlenecks with 32 groups of `depth` channels, which double from stage to stage.
    block resnext(x, n1, n2, n3, n4, depth) {
        x
            -> conv1: conv(64, 7x7, stride = 2, pad = 3, bias = false) -> bn1: batch_norm -> relu
            -> max_pool(3x3, stride = 2, pad = 1)
            -> layer1: { n1 * bottleneck(256, depth) }
            -> layer2: { bottleneck(512, 2 * depth, stride = 2) -> (n2 - 1) * bottleneck(512, 2 * depth) }
            -> layer3: { bottleneck(1024, 4 * depth, stride = 2) -> (n3 - 1) * bottleneck(1024, 4 * depth) }
            -> layer4: { bottleneck(2048, 8 * depth, stride = 2) -> (n4 - 1) * bottleneck(2048, 8 * depth) }
            -> adaptive_avg_pool(1x1) -> flatten
            -> fc: linear(CLASSES)
    }

    block bottleneck(x, width, depth, stride = 1) {
        let shortcut = if x.channels != width {
            x -> downsample: { conv(width, 1x1, stride = stride, bias = false) -> batch_norm }
        } else {
            x
        };
        x -> conv1: conv(32 * depth, 1x1, bias = false) -> bn1: batch_norm -> relu
          -> conv2: conv(32 * depth, 3x3, stride = stride, pad = 1, groups = 32, bias = false) -> bn2: batch_norm -> relu
          -> conv3: conv(width, 1x1, bias = false) -> bn3: batch_norm
          -> add(shortcut) -> relu
    }
}

const _: () = assert!(ResNeXt50_32x4d::PARAMETERS == 25_028_904);
const _: () = assert!(ResNeXt101_32x8d::PARAMETERS == 88_791_336);

const _: () = assert!(ResNeXt50_32x4d::MACS == 4_230_479_872);
const _: () = assert!(ResNeXt101_32x8d::MACS == 16_414_015_488);
