//! LeNet-5: LeCun, Bottou, Bengio, Haffner, *Gradient-based learning applied to document recognition* (1998), figure 2.
//!
//! As it is taught today: the pools have no weights of their own, C3 sees all six maps, and the output is a linear layer.

use convoke::network;

network! {
    /// LeNet-5. `LeNet5::new()` reads the handwritten digits of this package's `digits` example.
    pub LeNet5(image: [1, 32, 32]) {
        weights = "digits/lenet5.safetensors";

        image
            -> c1: conv(6, 5x5) -> tanh -> avg_pool(2x2)
            -> c3: conv(16, 5x5) -> tanh -> avg_pool(2x2)
            -> c5: conv(120, 5x5) -> tanh
            -> flatten
            -> f6: linear(84) -> tanh
            -> output: linear(10)
    }
}

const _: () = assert!(LeNet5::PARAMETERS == 61_706);
const _: () = assert!(LeNet5::MACS == 117_600 + 240_000 + 48_000 + 10_080 + 840);
