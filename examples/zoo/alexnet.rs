//! AlexNet, twice: as it was published, and as torchvision has it.
//!
//! - 2012: Krizhevsky, Sutskever, Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*, figure 2. It ran on two GPUs, which
//!   is why there are two groups of channels. Weights are named as in Caffe's `bvlc_alexnet`, `conv1` to `fc8`; that trained with other
//!   constants than the paper's, `alpha = 1e-4, k = 1.0`.
//! - 2014: Krizhevsky, *One weird trick for parallelizing convolutional neural networks*: for one GPU, without groups and without local
//!   response normalisation, with 64 and 192 filters where it had 96 and 256.

use convoke::network;

network! {
    const CLASSES = 1000;

    /// The AlexNet of 2012.
    pub AlexNet2012(image: [3, 227, 227]) {
        image
            -> conv1: conv(96, 11x11, stride = 4) -> relu -> norm -> max_pool(3x3, stride = 2)
            -> conv2: conv(256, 5x5, pad = 2, groups = 2) -> relu -> norm -> max_pool(3x3, stride = 2)
            -> conv3: conv(384, 3x3, pad = 1) -> relu
            -> conv4: conv(384, 3x3, pad = 1, groups = 2) -> relu
            -> conv5: conv(256, 3x3, pad = 1, groups = 2) -> relu -> max_pool(3x3, stride = 2)
            -> flatten
            -> fc6: linear(4096) -> relu -> dropout
            -> fc7: linear(4096) -> relu -> dropout
            -> fc8: linear(CLASSES)
    }

    /// Section 3.3. Its alpha of 1e-4 is that of each channel; here, as in PyTorch, alpha is that of all five.
    block norm(x) { x -> local_response_norm(5, alpha = 5e-4, beta = 0.75, k = 2.0) }

    /// AlexNet, as torchvision's `alexnet`.
    pub AlexNet(image: [3, 224, 224]) {
        image
            -> features: {
                conv(64, 11x11, stride = 4, pad = 2, round = floor) -> relu -> max_pool(3x3, stride = 2)
                -> conv(192, 5x5, pad = 2) -> relu -> max_pool(3x3, stride = 2)
                -> conv(384, 3x3, pad = 1) -> relu
                -> conv(256, 3x3, pad = 1) -> relu
                -> conv(256, 3x3, pad = 1) -> relu -> max_pool(3x3, stride = 2)
            }
            -> adaptive_avg_pool(6x6) -> flatten
            -> classifier: {
                dropout -> linear(4096) -> relu
                -> dropout -> linear(4096) -> relu
                -> linear(CLASSES)
            }
    }
}

const _: () = assert!(AlexNet2012::PARAMETERS == 60_965_224);
const _: () = assert!(AlexNet::PARAMETERS == 61_100_840);

const _: () = assert!(AlexNet2012::MACS == 724_406_816);
const _: () = assert!(AlexNet::MACS == 714_188_480);
