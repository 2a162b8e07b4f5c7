//! Sizes that do not fit.
use convoke::network;

network! {
    pub Tiles(x: [3, 7, 7]) {
        x -> conv(10, 3x3, stride = 3)
    }

    pub PoolTiles(x: [3, 7, 9]) {
        x -> max_pool(2x2)
    }

    pub TooLarge(x: [3, 4, 4]) {
        x -> conv(10, 5x5)
    }

    pub Groups(x: [6, 8, 8]) {
        x -> a: conv(8, 3x3, groups = 4) -> b: conv(10, 3x3, groups = 4)
    }

    pub Filters(x: [8, 8, 8]) {
        x -> conv(10, 3x3, groups = 4)
    }

    pub Add(x: [3, 8, 8]) {
        let half = x -> avg_pool(2x2);
        x -> add(half)
    }

    pub Concat(x: [3, 8, 8]) {
        let half = x -> avg_pool(2x2);
        concat(x, half)
    }

    pub LinearOnMap(x: [3, 8, 8]) {
        x -> linear(10)
    }

    pub ConvOnVector(x: [3]) {
        x -> conv(10, 3x3)
    }

    pub Declared(x: [3, 8, 8]) -> [16, 8, 8] {
        x -> conv(16, 3x3)
    }

    pub DeclaredVector(x: [3, 8, 8]) -> [12] {
        x -> flatten -> linear(10)
    }

    pub DeclaredRank(x: [3, 8, 8]) -> [10] {
        x -> conv(10, 3x3)
    }

    pub DeclaredCount(x: [3, 8, 8]) -> (a: [3, 8, 8], b: [3, 8, 8]) {
        x -> relu
    }

    pub Overflow(x: [3, 8, 8]) {
        x -> conv(1000000000000, 1x1) -> flatten -> linear(1000000000000)
    }

    pub OverflowingInput(x: [1000000000000, 1000000000, 8]) {
        x -> relu
    }

    pub Zero(x: [0, 8, 8]) -> [3, -1, 8] {
        x -> relu
    }

    pub Both(x: [3, 7, 7]) {
        let a = x -> max_pool(2x2) -> conv(10, 3x3);
        let b = x -> conv(4, 9x9) -> relu -> max_pool(2x2);
        concat(a, b) -> add(x)
    }
}

fn main() {}
