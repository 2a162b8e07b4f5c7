//! GoogLeNet: Szegedy et al., *Going Deeper with Convolutions* (2014), table 1 and figure 3.
//!
//! As torchvision has it: batch norm after every convolution, and 3x3 where the paper's third branch has 5x5. The auxiliary
//! classifiers serve training only and are absent.

use convoke::network;

network! {
    const CLASSES = 1000;

    /// GoogLeNet, as torchvision's `googlenet`.
    pub GoogLeNet(image: [3, 224, 224]) { googlenet(image) }

    /// GoogLeNet with torchvision's `transform_input = True`, which its pretrained weights have.
    pub GoogLeNetTransformInput(image: [3, 224, 224]) { googlenet(transform_input(image)) }

    /// From ImageNet's means and deviations, by which torchvision normalises images, to 0.5 and 0.5, with which its weights were trained.
    block transform_input(x) {
        concat(
            x -> slice(0..1) -> map(|x| x * (0.229 / 0.5) + (0.485 - 0.5) / 0.5),
            x -> slice(1..2) -> map(|x| x * (0.224 / 0.5) + (0.456 - 0.5) / 0.5),
            x -> slice(2..3) -> map(|x| x * (0.225 / 0.5) + (0.406 - 0.5) / 0.5),
        )
    }

    block googlenet(x) {
        x
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
            -> max_pool(2x2)
            -> inception5a: inception(256, 160, 320, 32, 128, 128)
            -> inception5b: inception(384, 192, 384, 48, 128, 128)
            -> adaptive_avg_pool(1x1) -> flatten -> dropout(0.2)
            -> fc: linear(CLASSES)
    }

    /// Four branches, concatenated over channels: `n1` filters of 1x1, `n3` of 3x3 after `r3` of 1x1, `n5` after `r5`, and pooling.
    block inception(x, n1, r3, n3, r5, n5, pooled) {
        concat(
            x -> branch1: unit(n1, 1x1),
            x -> branch2: { unit(r3, 1x1) -> unit(n3, 3x3, pad = 1) },
            x -> branch3: { unit(r5, 1x1) -> unit(n5, 3x3, pad = 1) },
            x -> branch4: { max_pool(3x3, stride = 1, pad = 1) -> unit(pooled, 1x1) },
        )
    }

    block unit(x, width, window, stride = 1, pad = 0) {
        x -> conv: conv(width, window, stride = stride, pad = pad, bias = false, round = floor)
          -> bn: batch_norm(eps = 1e-3) -> relu
    }
}

const _: () = assert!(GoogLeNet::PARAMETERS == 6_624_904);
const _: () = assert!(GoogLeNetTransformInput::PARAMETERS == 6_624_904);

const _: () = assert!(GoogLeNet::MACS == 1_498_376_192);
