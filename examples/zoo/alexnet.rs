//! AlexNet: Krizhevsky, Sutskever, Hinton, *ImageNet Classification with Deep Convolutional Neural Networks* (2012), in the form of
//! Krizhevsky, *One weird trick for parallelizing convolutional neural networks* (2014), which torchvision has.
//!
//! It is figure 2 of 2012 on one GPU: no groups, no local response normalisation, 64 and 192 filters where it had 96 and 256.

use convoke::network;

network! {
    const CLASSES = 1000;

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

const _: () = assert!(AlexNet::PARAMETERS == 61_100_840);

const _: () = assert!(AlexNet::MACS == 714_188_480);
