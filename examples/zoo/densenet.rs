//! DenseNet: Huang, Liu, van der Maaten, Weinberger, *Densely Connected Convolutional Networks* (2016), figure 2 and table 1.
//!
//! Every layer reads all maps before it in its block and adds `GROWTH` of its own.

use convoke::network;

network! {
    const CLASSES = 1000;
    const GROWTH = 32;

    /// DenseNet-121, as torchvision's `densenet121`.
    pub DenseNet121(image: [3, 224, 224]) { densenet(image, 6, 12, 24, 16) }

    /// DenseNet-169, as torchvision's `densenet169`.
    pub DenseNet169(image: [3, 224, 224]) { densenet(image, 6, 12, 32, 32) }

    /// Four dense blocks of n1 to n4 layers, with transitions between them.
    block densenet(x, n1, n2, n3, n4) {
        x
            -> features: {
                conv0: conv(64, 7x7, stride = 2, pad = 3, bias = false, round = floor) -> norm0: batch_norm -> relu
                -> max_pool(3x3, stride = 2, pad = 1, round = floor)
                -> denseblock1: dense(n1) -> transition1: transition
                -> denseblock2: dense(n2) -> transition2: transition
                -> denseblock3: dense(n3) -> transition3: transition
                -> denseblock4: dense(n4) -> norm5: batch_norm
            }
            -> relu -> adaptive_avg_pool(1x1) -> flatten
            -> classifier: linear(CLASSES)
    }

    block dense(x, n) {
        x -> for i in 1..=n { "denselayer{i}": layer }
    }

    /// DenseNet-B: a 1x1 bottleneck before the 3x3 convolution, and both after their batch norm.
    block layer(x) {
        let new = x -> norm1: batch_norm -> relu -> conv1: conv(4 * GROWTH, 1x1, bias = false)
                    -> norm2: batch_norm -> relu -> conv2: conv(GROWTH, 3x3, pad = 1, bias = false);
        concat(x, new)
    }

    /// DenseNet-C: half the channels, half the sides.
    block transition(x) {
        x -> norm: batch_norm -> relu -> conv: conv(x.channels / 2, 1x1, bias = false) -> avg_pool(2x2)
    }
}

const _: () = assert!(DenseNet121::PARAMETERS == 7_978_856);
const _: () = assert!(DenseNet169::PARAMETERS == 14_149_480);

const _: () = assert!(DenseNet121::MACS == 2_834_161_664);
const _: () = assert!(DenseNet169::MACS == 3_359_843_328);
