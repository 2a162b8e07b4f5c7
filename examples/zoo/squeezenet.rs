//! SqueezeNet: Iandola et al., *SqueezeNet: AlexNet-level accuracy with 50x fewer parameters* (2016), figures 1 and 2, in version 1.1.

use convoke::network;

network! {
    const CLASSES = 1000;

    /// SqueezeNet 1.1, as torchvision's `squeezenet1_1`.
    pub SqueezeNet1_1(image: [3, 224, 224]) {
        image
            -> features: {
                conv(64, 3x3, stride = 2, round = floor) -> relu
                -> max_pool(3x3, stride = 2, round = ceil)
                -> fire(16, 64) -> fire(16, 64)
                -> max_pool(3x3, stride = 2, round = ceil)
                -> fire(32, 128) -> fire(32, 128)
                -> max_pool(3x3, stride = 2, round = ceil)
                -> fire(48, 192) -> fire(48, 192) -> fire(64, 256) -> fire(64, 256)
            }
            -> classifier: { dropout -> conv(CLASSES, 1x1) -> relu -> adaptive_avg_pool(1x1) }
            -> flatten
    }

    /// Few channels, which a 1x1 and a 3x3 convolution read side by side.
    block fire(x, narrow, wide) {
        let squeezed = x -> squeeze: conv(narrow, 1x1) -> relu;
        concat(
            squeezed -> expand1x1: conv(wide, 1x1) -> relu,
            squeezed -> expand3x3: conv(wide, 3x3, pad = 1) -> relu,
        )
    }
}

const _: () = assert!(SqueezeNet1_1::PARAMETERS == 1_235_496);

const _: () = assert!(SqueezeNet1_1::MACS == 349_151_936);
