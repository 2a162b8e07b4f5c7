//! Names that mean nothing here.
use convoke::network;

const OUTSIDE: usize = 10;

network! {
    const WIDTH = 8;

    pub Layers(x: [3, 8, 8]) {
        x -> covn(8, 3x3)
          -> Conv2d(8, 3x3)
          -> maxpool(2x2)
          -> BatchNorm2d
          -> view(10)
          -> baisc(8)
          -> banana
    }

    block basic(x, width) { x -> conv(width, 3x3) }

    pub Values(image: [3, 8, 8]) -> [CLASSES] {
        let shortcut = imgae -> relu;
        image -> conv(WIDHT, 3x3) -> conv(OUTSIDE, 3x3) -> add(shortcut) -> linear(n)
    }

    pub Options(x: [3, 8, 8]) {
        x -> conv(8, 3x3, strid = 2)
          -> conv(out_channels = 8, kernel_size = 3x3, padding = 1)
          -> max_pool(2x2, ceil_mode = true)
          -> relu(inplace = true)
          -> basic(8, witdh = 3)
          -> conv(8, 3x3, round = flor, pad = smae)
          -> conv(8, 3x3, round = same)
    }

    pub Properties(x: [3, 8, 8]) {
        x -> conv(x.chanels, 3x3) -> conv(x.depth, 3x3) -> flatten -> linear(x.len + WIDTH.len)
    }

    pub VectorsHaveALength(x: [3]) {
        x -> linear(x.channels)
    }

    pub Confused(x: [3, 8, 8]) {
        let y = x -> tanh;
        x -> y -> add(relu)
    }

    pub LayersAreNoValues(x: [3, 8, 8]) {
        x -> conv1: conv(8, 1x1) -> relu -> add(conv1)
    }

    pub OfTheCrate(x: [3, HEIGHT, 8]) {
        x -> conv(8, 3x3)
    }

    pub Settings(x: [3, 8, 8]) {
        round = down;
        x -> relu
    }
}

fn main() {
    let _ = OUTSIDE;
}
