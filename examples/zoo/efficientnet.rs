//! EfficientNet: Tan, Le, *EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks* (2019), table 1.
//!
//! Inverted residuals as in MobileNet v2, with SiLU and with squeeze-and-excitation: each channel is weighed by what a small network
//! makes of the means of all (Hu et al., *Squeeze-and-Excitation Networks*, 2018). As in torchvision, whose stochastic depth drops
//! blocks while it trains and is nothing when predicting: there it stands outside of `block`, so that it takes no index.

use convoke::network;

network! {
    const CLASSES = 1000;
    round = floor;

    /// EfficientNet-B0, as torchvision's `efficientnet_b0`.
    pub EfficientNetB0(image: [3, 224, 224]) {
        image
            -> features: {
                unit(32, 3, stride = 2)
                -> { mbconv(16, 3, expand = 1) }
                -> { mbconv(24, 3, stride = 2) -> mbconv(24, 3) }
                -> { mbconv(40, 5, stride = 2) -> mbconv(40, 5) }
                -> { mbconv(80, 3, stride = 2) -> 2 * mbconv(80, 3) }
                -> { 3 * mbconv(112, 5) }
                -> { mbconv(192, 5, stride = 2) -> 3 * mbconv(192, 5) }
                -> { mbconv(320, 3) }
                -> unit(1280, 1)
            }
            -> global_avg_pool -> flatten
            -> classifier: { dropout(0.2) -> linear(CLASSES) }
    }

    /// Expand, depthwise, weigh the channels, project without an activation; the shortcut joins the narrow ends.
    block mbconv(x, width, k, stride = 1, expand = 6) {
        let inner = expand * x.channels;
        let projected = x -> block: {
            if expand != 1 { unit(inner, 1) }
            -> unit(inner, k, stride = stride, groups = inner)
            -> squeeze_excite(x.channels / 4)
            -> { conv(width, 1x1, bias = false) -> batch_norm }
        };
        if stride == 1 && x.channels == width { projected -> add(x) } else { projected }
    }

    /// Each channel times a number in 0 .. 1, which depends on the means of all channels.
    block squeeze_excite(x, narrow) {
        x -> scale(x -> global_avg_pool -> fc1: conv(narrow, 1x1) -> silu -> fc2: conv(x.channels, 1x1) -> sigmoid)
    }

    /// A convolution with windows of k x k.
    block unit(x, width, k, stride = 1, groups = 1) {
        x -> conv(width, k, stride = stride, pad = (k - 1) / 2, groups = groups, bias = false) -> batch_norm -> silu
    }
}

const _: () = assert!(EfficientNetB0::PARAMETERS == 5_288_548);

const _: () = assert!(EfficientNetB0::MACS == 385_814_752);
