//! Inception-v3: Szegedy et al., *Rethinking the Inception Architecture for Computer Vision* (2015), table 1 and figures 5 to 7.
//!
//! As torchvision has it; the modules' letters are its own. The auxiliary classifier serves training only and is absent.

use convoke::network;

network! {
    const CLASSES = 1000;

    /// Inception-v3, as torchvision's `inception_v3`.
    pub InceptionV3(image: [3, 299, 299]) { inception_v3(image) }

    /// Inception-v3 with torchvision's `transform_input = True`, which its pretrained weights have.
    pub InceptionV3TransformInput(image: [3, 299, 299]) { inception_v3(transform_input(image)) }

    /// From ImageNet's means and deviations, by which torchvision normalises images, to 0.5 and 0.5, with which its weights were trained.
    block transform_input(x) {
        concat(
            x -> slice(0..1) -> map(|x| x * (0.229 / 0.5) + (0.485 - 0.5) / 0.5),
            x -> slice(1..2) -> map(|x| x * (0.224 / 0.5) + (0.456 - 0.5) / 0.5),
            x -> slice(2..3) -> map(|x| x * (0.225 / 0.5) + (0.406 - 0.5) / 0.5),
        )
    }

    block inception_v3(x) {
        x
            -> Conv2d_1a_3x3: unit(32, 3x3, stride = 2)
            -> Conv2d_2a_3x3: unit(32, 3x3)
            -> Conv2d_2b_3x3: unit(64, 3x3, pad = 1)
            -> max_pool(3x3, stride = 2)
            -> Conv2d_3b_1x1: unit(80, 1x1)
            -> Conv2d_4a_3x3: unit(192, 3x3)
            -> max_pool(3x3, stride = 2)
            -> Mixed_5b: a(32) -> Mixed_5c: a(64) -> Mixed_5d: a(64)
            -> Mixed_6a: b
            -> Mixed_6b: c(128) -> Mixed_6c: c(160) -> Mixed_6d: c(160) -> Mixed_6e: c(192)
            -> Mixed_7a: d
            -> Mixed_7b: e -> Mixed_7c: e
            -> adaptive_avg_pool(1x1) -> dropout -> flatten
            -> fc: linear(CLASSES)
    }

    /// Figure 5 at 35x35: two 3x3 in place of a 5x5, beside a 5x5.
    block a(x, pooled) {
        concat(
            x -> branch1x1: unit(64, 1x1),
            x -> branch5x5_1: unit(48, 1x1) -> branch5x5_2: unit(64, 5x5, pad = 2),
            x -> branch3x3dbl_1: unit(64, 1x1) -> branch3x3dbl_2: unit(96, 3x3, pad = 1) -> branch3x3dbl_3: unit(96, 3x3, pad = 1),
            x -> avg_pool(3x3, stride = 1, pad = 1) -> branch_pool: unit(pooled, 1x1),
        )
    }

    /// From 35x35 to 17x17.
    block b(x) {
        concat(
            x -> branch3x3: unit(384, 3x3, stride = 2),
            x -> branch3x3dbl_1: unit(64, 1x1) -> branch3x3dbl_2: unit(96, 3x3, pad = 1) -> branch3x3dbl_3: unit(96, 3x3, stride = 2),
            x -> max_pool(3x3, stride = 2),
        )
    }

    /// Figure 6 at 17x17: 1x7 and 7x1 in place of 7x7.
    block c(x, width) {
        concat(
            x -> branch1x1: unit(192, 1x1),
            x -> branch7x7_1: unit(width, 1x1)
              -> branch7x7_2: unit(width, 1x7, pad = (0, 3))
              -> branch7x7_3: unit(192, 7x1, pad = (3, 0)),
            x -> branch7x7dbl_1: unit(width, 1x1)
              -> branch7x7dbl_2: unit(width, 7x1, pad = (3, 0))
              -> branch7x7dbl_3: unit(width, 1x7, pad = (0, 3))
              -> branch7x7dbl_4: unit(width, 7x1, pad = (3, 0))
              -> branch7x7dbl_5: unit(192, 1x7, pad = (0, 3)),
            x -> avg_pool(3x3, stride = 1, pad = 1) -> branch_pool: unit(192, 1x1),
        )
    }

    /// From 17x17 to 8x8.
    block d(x) {
        concat(
            x -> branch3x3_1: unit(192, 1x1) -> branch3x3_2: unit(320, 3x3, stride = 2),
            x -> branch7x7x3_1: unit(192, 1x1)
              -> branch7x7x3_2: unit(192, 1x7, pad = (0, 3))
              -> branch7x7x3_3: unit(192, 7x1, pad = (3, 0))
              -> branch7x7x3_4: unit(192, 3x3, stride = 2),
            x -> max_pool(3x3, stride = 2),
        )
    }

    /// Figure 7 at 8x8: 1x3 beside 3x1 in place of 3x3.
    block e(x) {
        let narrow = x -> branch3x3_1: unit(384, 1x1);
        let double = x -> branch3x3dbl_1: unit(448, 1x1) -> branch3x3dbl_2: unit(384, 3x3, pad = 1);
        concat(
            x -> branch1x1: unit(320, 1x1),
            narrow -> branch3x3_2a: unit(384, 1x3, pad = (0, 1)),
            narrow -> branch3x3_2b: unit(384, 3x1, pad = (1, 0)),
            double -> branch3x3dbl_3a: unit(384, 1x3, pad = (0, 1)),
            double -> branch3x3dbl_3b: unit(384, 3x1, pad = (1, 0)),
            x -> avg_pool(3x3, stride = 1, pad = 1) -> branch_pool: unit(192, 1x1),
        )
    }

    block unit(x, width, window, stride = 1, pad = 0) {
        x -> conv: conv(width, window, stride = stride, pad = pad, bias = false) -> bn: batch_norm(eps = 1e-3) -> relu
    }
}

const _: () = assert!(InceptionV3::PARAMETERS == 23_834_568);
const _: () = assert!(InceptionV3TransformInput::PARAMETERS == 23_834_568);

const _: () = assert!(InceptionV3::MACS == 5_713_216_096);
