//! Fully convolutional networks: Long, Shelhamer, Darrell, *Fully Convolutional Networks for Semantic Segmentation* (2015).
//!
//! A classifier whose linear layers are convolutions scores every pixel of a coarse map, which is then enlarged to the image's size. As
//! torchvision has it: a ResNet-50 whose last two stages read their maps with gaps (dilation) instead of halving them, so that the coarse
//! map is an eighth of the image, and bilinear enlargement. The auxiliary classifier serves training only and is absent.

use convoke::network;

network! {
    const CLASSES = 21;
    round = floor;

    /// FCN on a ResNet-50, as torchvision's `fcn_resnet50`: the scores of each pixel for each class.
    pub FcnResNet50(image: [3, 224, 224]) -> [CLASSES, 224, 224] {
        image
            -> backbone: {
                conv1: conv(64, 7x7, stride = 2, pad = 3, bias = false) -> bn1: batch_norm -> relu
                -> max_pool(3x3, stride = 2, pad = 1)
                -> layer1: { 3 * bottleneck(64) }
                -> layer2: { bottleneck(128, stride = 2) -> 3 * bottleneck(128) }
                -> layer3: { bottleneck(256) -> 5 * bottleneck(256, dilation = 2) }
                -> layer4: { bottleneck(512, dilation = 2) -> 2 * bottleneck(512, dilation = 4) }
            }
            -> classifier: {
                conv(512, 3x3, pad = 1, bias = false) -> batch_norm -> relu -> dropout(0.1)
                -> conv(CLASSES, 1x1)
            }
            -> resize((image.height, image.width), mode = bilinear)
    }

    /// 1x1, 3x3 and 1x1 convolutions around a shortcut, which is projected where the shape changes.
    block bottleneck(x, width, stride = 1, dilation = 1) {
        let shortcut = if stride != 1 || x.channels != 4 * width {
            x -> downsample: { conv(4 * width, 1x1, stride = stride, bias = false) -> batch_norm }
        } else {
            x
        };
        x -> conv1: conv(width, 1x1, bias = false) -> bn1: batch_norm -> relu
          -> conv2: conv(width, 3x3, stride = stride, pad = dilation, dilation = dilation, bias = false) -> bn2: batch_norm -> relu
          -> conv3: conv(4 * width, 1x1, bias = false) -> bn3: batch_norm
          -> add(shortcut) -> relu
    }
}

const _: () = assert!(FcnResNet50::PARAMETERS == 32_957_013);

const _: () = assert!(FcnResNet50::MACS == 26_484_498_432);
