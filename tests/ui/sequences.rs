//! Values of two axes: what windows are along them, and what does not fit.
use convoke::network;

network! {
    pub Tiles(x: [3, 7]) {
        x -> conv(10, 3, stride = 3)
    }

    pub PoolTiles(x: [3, 9]) {
        x -> max_pool(2)
    }

    pub TooLong(x: [3, 4]) {
        x -> conv(10, 5) -> relu
    }

    pub Padding(x: [3, 9]) {
        x -> max_pool(2, stride = 1, pad = 2)
    }

    pub PaddingAlone(x: [3, 2]) {
        x -> max_pool(2, stride = 1, pad = 1, dilation = 3)
    }

    pub PaddingAloneOnAMap(x: [3, 9, 1]) {
        x -> max_pool(2x2, stride = 1, pad = 1, dilation = 2)
    }

    pub TwoAxes(x: [3, 9]) {
        x -> conv(10, 3x5)
    }

    pub TwoStrides(x: [3, 9]) {
        x -> conv(10, 3, stride = (1, 2))
    }

    pub FourSides(x: [3, 9]) {
        x -> pad((0, 1, 0, 2))
    }

    pub Bilinear(x: [3, 9]) {
        x -> upsample(2, mode = bilinear)
    }

    pub LinearOnMap(x: [3, 9, 9]) {
        x -> resize(4x4, mode = linear)
    }

    pub FlattenMissing(x: [3, 9]) -> [4] {
        x -> linear(4)
    }

    pub Add(x: [3, 8]) {
        let half = x -> avg_pool(2);
        x -> add(half)
    }

    pub Concat(x: [3, 8], y: [3, 8, 8]) {
        concat(x, y)
    }

    pub AddMap(x: [3, 8], y: [3, 8, 8]) {
        x -> add(y)
    }

    pub Scale(x: [3, 8]) {
        x -> scale(x -> conv(4, 3))
    }

    pub Properties(x: [3, 8]) {
        x -> conv(x.width, 3) -> conv(x.height, 3) -> conv(x.length, 3)
    }

    pub OfAMap(x: [3, 8, 8]) {
        x -> conv(x.length, 3x3)
    }

    pub Declared(x: [3, 8]) -> [4, 8] {
        x -> conv(4, 3)
    }

    pub Volume(x: [3, 8, 8, 8]) {
        x -> relu
    }

    pub Deep(x: [1, 3, 8, 8, 8]) {
        x -> relu
    }
}

fn main() {}
