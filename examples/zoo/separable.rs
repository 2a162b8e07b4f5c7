//! A spatially separable network: every 3x3 window is a 3x1 followed by a 1x3, with two thirds of its weights.
//!
//! Szegedy et al., *Rethinking the Inception Architecture for Computer Vision* (2015), section 3.2 and figure 3. A 3x3 filter of rank
//! one equals its two factors exactly, (3 4 5)ᵀ(1 2 3) for example; others they approximate. Here in a small VGG for CIFAR-10.

use convoke::network;

network! {
    const CLASSES = 10;

    /// Six spatially separable convolutions for images of 32x32.
    pub SpatiallySeparable(image: [3, 32, 32]) {
        image
            -> features: {
                separable(32) -> separable(32) -> max_pool(2x2)
                -> separable(64) -> separable(64) -> max_pool(2x2)
                -> separable(128) -> separable(128) -> max_pool(2x2)
            }
            -> adaptive_avg_pool(1x1) -> flatten
            -> classifier: linear(CLASSES)
    }

    /// Down, then across.
    block separable(x, width) {
        x -> conv(width, 3x1, pad = (1, 0), bias = false)
          -> conv(width, 1x3, pad = (0, 1), bias = false) -> batch_norm -> relu
    }
}

const _: () = assert!(SpatiallySeparable::PARAMETERS == 226_730);

const _: () = assert!(SpatiallySeparable::MACS == 31_753_472);
