//! All networks of the zoo by name, behind one type: for what takes any of them.

use crate::{
    alexnet, crnn, densenet, efficientnet, fcn, googlenet, inception_v3, lenet, mobilenet, resnet, resnet_cifar, resnext,
    separable, squeezenet, unet, vgg,
};
use convoke::rt::{Definition, Plan};
use convoke::{LoadOptions, Network, Result};
use std::path::Path;

/// A network of any kind, or why there is none.
pub type Loaded = Result<Box<dyn Network>>;

/// One network of the zoo.
pub struct Member {
    /// Its name, torchvision's where that has it: `resnet50`.
    pub name: &'static str,
    /// Reads its weights from a safetensors file.
    pub load: fn(&Path, &LoadOptions) -> Loaded,
    /// Takes its weights from the bytes of a safetensors file.
    pub from_bytes: fn(Vec<u8>, &LoadOptions) -> Loaded,
    /// Makes weights up, from a seed.
    pub random: fn(u64) -> Box<dyn Network>,
    /// What running it takes; its parameters are those of the state dict.
    pub plan: fn() -> &'static Plan,
}

macro_rules! members {
    ($($name:literal: $network:ty,)*) => {
        /// The zoo, family by family.
        pub const MEMBERS: &[Member] = &[$(
            Member {
                name: $name,
                load: |path, options| Ok(Box::new(<$network>::load_with(path, options)?)),
                from_bytes: |bytes, options| Ok(Box::new(<$network>::from_bytes_with(bytes, options)?)),
                random: |seed| Box::new(<$network>::random(seed)),
                plan: <$network>::plan,
            },
        )*];
    };
}

members! {
    "lenet5": lenet::LeNet5,
    "alexnet": alexnet::AlexNet,
    "alexnet_2012": alexnet::AlexNet2012,
    "vgg11": vgg::Vgg11,
    "vgg11_bn": vgg::Vgg11Bn,
    "vgg13": vgg::Vgg13,
    "vgg13_bn": vgg::Vgg13Bn,
    "vgg16": vgg::Vgg16,
    "vgg16_bn": vgg::Vgg16Bn,
    "vgg19": vgg::Vgg19,
    "vgg19_bn": vgg::Vgg19Bn,
    "googlenet": googlenet::GoogLeNet,
    "googlenet_transform_input": googlenet::GoogLeNetTransformInput,
    "inception_v3": inception_v3::InceptionV3,
    "inception_v3_transform_input": inception_v3::InceptionV3TransformInput,
    "resnet18": resnet::ResNet18,
    "resnet34": resnet::ResNet34,
    "resnet50": resnet::ResNet50,
    "resnet101": resnet::ResNet101,
    "resnet152": resnet::ResNet152,
    "plain34": resnet::Plain34,
    "cifar_resnet20": resnet_cifar::ResNet20,
    "cifar_resnet32": resnet_cifar::ResNet32,
    "cifar_resnet44": resnet_cifar::ResNet44,
    "cifar_resnet56": resnet_cifar::ResNet56,
    "cifar_resnet110": resnet_cifar::ResNet110,
    "resnext50_32x4d": resnext::ResNeXt50_32x4d,
    "resnext101_32x8d": resnext::ResNeXt101_32x8d,
    "densenet121": densenet::DenseNet121,
    "densenet169": densenet::DenseNet169,
    "mobilenet_v1": mobilenet::MobileNetV1,
    "mobilenet_v2": mobilenet::MobileNetV2,
    "squeezenet1_1": squeezenet::SqueezeNet1_1,
    "efficientnet_b0": efficientnet::EfficientNetB0,
    "separable": separable::SpatiallySeparable,
    "crnn": crnn::Crnn,
    "unet": unet::UNet,
    "fcn_resnet50": fcn::FcnResNet50,
}

/// The network of that name.
pub fn member(name: &str) -> Option<&'static Member> {
    MEMBERS.iter().find(|member| member.name == name)
}
