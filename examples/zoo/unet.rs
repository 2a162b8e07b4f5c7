//! U-Net: Ronneberger, Fischer, Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation* (2015), figure 1.
//!
//! Down the left side maps are halved and their channels doubled; up the right side transposed convolutions undo that, and what the
//! left side had at each size is put beside them. As it is built today: padded convolutions with batch norm, so that sizes stay and
//! nothing is cropped. Weights are named as in github.com/milesial/Pytorch-UNet (with `bilinear = False`), whose width is the paper's.

use convoke::network;

network! {
    const CLASSES = 2;
    /// Filters at the top; 64 in the paper.
    const WIDTH = 16;

    /// A small U-Net: the scores of each pixel for each class.
    pub UNet(image: [3, 128, 128]) -> [CLASSES, 128, 128] { unet(image) }

    /// The same for images of four times as many pixels.
    pub UNet256(image: [3, 256, 256]) -> [CLASSES, 256, 256] { unet(image) }

    /// The same for images of any size that is halved four times without rest.
    pub UNetAnySize(image: [3, H, W]) -> [CLASSES, H, W] where H % 16 == 0, W % 16 == 0 { unet(image) }

    block unet(image) {
        let x1 = image -> inc: double(WIDTH);
        let x2 = x1 -> down1: down;
        let x3 = x2 -> down2: down;
        let x4 = x3 -> down3: down;
        let x5 = x4 -> down4: down;
        x5 -> up1: up(x4) -> up2: up(x3) -> up3: up(x2) -> up4: up(x1)
            -> outc: { conv: conv(CLASSES, 1x1) }
    }

    /// Half the size, twice the channels.
    block down(x) {
        x -> maxpool_conv: { max_pool(2x2) -> double(2 * x.channels) }
    }

    /// Twice the size, half the channels; behind them those of the left side.
    block up(x, left) {
        let enlarged = x -> up: conv_transpose(x.channels / 2, 2x2, stride = 2);
        concat(left, enlarged) -> conv: double(left.channels)
    }

    block double(x, width) {
        x -> double_conv: {
            conv(width, 3x3, pad = 1, bias = false) -> batch_norm -> relu
            -> conv(width, 3x3, pad = 1, bias = false) -> batch_norm -> relu
        }
    }
}

const _: () = assert!(UNet::PARAMETERS == 1_942_594);
const _: () = assert!(UNetAnySize::PARAMETERS == UNet::PARAMETERS);

const _: () = assert!(UNet::MACS == 758_382_592);
const _: () = assert!(UNet256::MACS == 4 * UNet::MACS);
