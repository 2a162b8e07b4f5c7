//! MobileNets: depthwise separable convolutions.
//!
//! - v1: Howard et al., *MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications* (2017), table 1 and figure 3.
//!   torchvision does not have it: the names are those of nested `nn.Sequential`s, as in most of its ports.
//! - v2: Sandler et al., *MobileNetV2: Inverted Residuals and Linear Bottlenecks* (2018), tables 1 and 2; as in torchvision.

use convoke::network;

network! {
    const CLASSES = 1000;
    round = floor;

    /// MobileNet v1.
    pub MobileNetV1(image: [3, 224, 224]) {
        image
            -> model: {
                { conv(32, 3x3, stride = 2, pad = 1, bias = false) -> batch_norm -> relu }
                -> separable(64)
                -> separable(128, stride = 2) -> separable(128)
                -> separable(256, stride = 2) -> separable(256)
                -> separable(512, stride = 2) -> 5 * separable(512)
                -> separable(1024, stride = 2) -> separable(1024)
            }
            -> adaptive_avg_pool(1x1) -> flatten
            -> fc: linear(CLASSES)
    }

    /// Every channel by itself, then 1x1 over the channels.
    block separable(x, width, stride = 1) {
        x -> conv(x.channels, 3x3, stride = stride, pad = 1, groups = x.channels, bias = false) -> batch_norm -> relu
          -> conv(width, 1x1, bias = false) -> batch_norm -> relu
    }

    /// MobileNet v2, as torchvision's `mobilenet_v2`.
    pub MobileNetV2(image: [3, 224, 224]) { v2(image) }

    /// MobileNet v2 on images of any size.
    pub MobileNetV2AnySize(image: [3, H, W]) -> [CLASSES] { v2(image) }

    /// Table 2.
    block v2(image) {
        image
            -> features: {
                unit(32, 3x3, stride = 2, pad = 1)
                -> inverted(16, expand = 1)
                -> inverted(24, stride = 2) -> inverted(24)
                -> inverted(32, stride = 2) -> 2 * inverted(32)
                -> inverted(64, stride = 2) -> 3 * inverted(64)
                -> 3 * inverted(96)
                -> inverted(160, stride = 2) -> 2 * inverted(160)
                -> inverted(320)
                -> unit(1280, 1x1)
            }
            -> adaptive_avg_pool(1x1) -> flatten
            -> classifier: { dropout(0.2) -> linear(CLASSES) }
    }

    /// An inverted residual: expand, depthwise, project without an activation; the shortcut joins the narrow ends.
    block inverted(x, width, stride = 1, expand = 6) {
        let inner = expand * x.channels;
        let projected = x -> conv: {
            if expand != 1 { unit(inner, 1x1) }
            -> unit(inner, 3x3, stride = stride, pad = 1, groups = inner)
            -> conv(width, 1x1, bias = false) -> batch_norm
        };
        if stride == 1 && x.channels == width { x -> add(projected) } else { projected }
    }

    block unit(x, width, window, stride = 1, pad = 0, groups = 1) {
        x -> conv(width, window, stride = stride, pad = pad, groups = groups, bias = false) -> batch_norm -> relu6
    }
}

const _: () = assert!(MobileNetV1::PARAMETERS == 4_231_976);
const _: () = assert!(MobileNetV2::PARAMETERS == 3_504_872);
const _: () = assert!(MobileNetV2AnySize::PARAMETERS == MobileNetV2::PARAMETERS);

const _: () = assert!(MobileNetV1::MACS == 568_740_352);
const _: () = assert!(MobileNetV2::MACS == 300_774_272);
