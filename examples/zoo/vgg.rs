//! VGG: Simonyan, Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition* (2014), table 1.
//!
//! Columns A, B, D and E of the table, each as it is and with batch norm; as in torchvision. Five stages of 3x3 convolutions, halved
//! by pooling; nine tenths of the parameters of VGG-16 are in the three linear layers, most of its arithmetic in the first stages.

use convoke::network;

network! {
    const CLASSES = 1000;

    /// VGG-11, column A, as torchvision's `vgg11`.
    pub Vgg11(image: [3, 224, 224]) { vgg(image, 1, 1, 2, 2, 2) }

    /// VGG-13, column B, as torchvision's `vgg13`.
    pub Vgg13(image: [3, 224, 224]) { vgg(image, 2, 2, 2, 2, 2) }

    /// VGG-16, column D, as torchvision's `vgg16`.
    pub Vgg16(image: [3, 224, 224]) { vgg(image, 2, 2, 3, 3, 3) }

    /// The convolutions of VGG-16 alone, torchvision's `vgg16().features`.
    pub Vgg16Features(image: [3, 224, 224]) -> [512, 7, 7] { image -> features: stages(2, 2, 3, 3, 3, false) }

    /// They take images of any size that is halved five times without rest.
    pub Vgg16FeaturesAnySize(image: [3, H, W]) -> [512, H / 32, W / 32] where H % 32 == 0, W % 32 == 0 {
        image -> features: stages(2, 2, 3, 3, 3, false)
    }

    /// VGG-19, column E, as torchvision's `vgg19`.
    pub Vgg19(image: [3, 224, 224]) { vgg(image, 2, 2, 4, 4, 4) }

    /// VGG-11 with batch norm, as torchvision's `vgg11_bn`.
    pub Vgg11Bn(image: [3, 224, 224]) { vgg(image, 1, 1, 2, 2, 2, norm = true) }

    /// VGG-13 with batch norm, as torchvision's `vgg13_bn`.
    pub Vgg13Bn(image: [3, 224, 224]) { vgg(image, 2, 2, 2, 2, 2, norm = true) }

    /// VGG-16 with batch norm, as torchvision's `vgg16_bn`.
    pub Vgg16Bn(image: [3, 224, 224]) { vgg(image, 2, 2, 3, 3, 3, norm = true) }

    /// VGG-19 with batch norm, as torchvision's `vgg19_bn`.
    pub Vgg19Bn(image: [3, 224, 224]) { vgg(image, 2, 2, 4, 4, 4, norm = true) }

    /// Stages of n1 to n5 convolutions.
    block vgg(x, n1, n2, n3, n4, n5, norm = false) {
        x
            -> features: stages(n1, n2, n3, n4, n5, norm)
            -> flatten
            -> classifier: {
                linear(4096) -> relu -> dropout
                -> linear(4096) -> relu -> dropout
                -> linear(CLASSES)
            }
    }

    block stages(x, n1, n2, n3, n4, n5, norm) {
        x
            -> for _i in 0..n1 { conv(64, 3x3, pad = 1) -> if norm { batch_norm } -> relu } -> max_pool(2x2)
            -> for _i in 0..n2 { conv(128, 3x3, pad = 1) -> if norm { batch_norm } -> relu } -> max_pool(2x2)
            -> for _i in 0..n3 { conv(256, 3x3, pad = 1) -> if norm { batch_norm } -> relu } -> max_pool(2x2)
            -> for _i in 0..n4 { conv(512, 3x3, pad = 1) -> if norm { batch_norm } -> relu } -> max_pool(2x2)
            -> for _i in 0..n5 { conv(512, 3x3, pad = 1) -> if norm { batch_norm } -> relu } -> max_pool(2x2)
    }
}

const _: () = assert!(Vgg11::PARAMETERS == 132_863_336);
const _: () = assert!(Vgg11Bn::PARAMETERS == 132_868_840);
const _: () = assert!(Vgg13::PARAMETERS == 133_047_848);
const _: () = assert!(Vgg13Bn::PARAMETERS == 133_053_736);
const _: () = assert!(Vgg16::PARAMETERS == 138_357_544);
const _: () = assert!(Vgg16Bn::PARAMETERS == 138_365_992);
const _: () = assert!(Vgg19::PARAMETERS == 143_667_240);
const _: () = assert!(Vgg19Bn::PARAMETERS == 143_678_248);

const _: () = assert!(Vgg11::MACS == 7_609_090_048);
const _: () = assert!(Vgg11Bn::MACS == 7_609_090_048);
const _: () = assert!(Vgg13::MACS == 11_308_466_176);
const _: () = assert!(Vgg13Bn::MACS == 11_308_466_176);
const _: () = assert!(Vgg16::MACS == 15_470_264_320);
const _: () = assert!(Vgg16Bn::MACS == 15_470_264_320);
const _: () = assert!(Vgg19::MACS == 19_632_062_464);
const _: () = assert!(Vgg19Bn::MACS == 19_632_062_464);
