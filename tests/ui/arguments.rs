//! Arguments that are missing, repeated, too many, or of another kind.
use convoke::network;

network! {
    const K = 3;

    pub Missing(x: [3, 8, 8]) {
        x -> conv -> conv(8) -> conv(window = 3x3) -> linear -> basic -> add
    }

    block basic(x, width, stride = 1) { x -> conv(width, 3x3, stride = stride) }

    pub Repeated(x: [3, 8, 8]) {
        x -> conv(8, 3x3, filters = 8, stride = 1, stride = 2) -> basic(8, width = 8) -> conv(filters = 8, 3x3)
    }

    pub TooMany(x: [3, 8, 8]) {
        x -> relu(3) -> basic(8, 1, 2) -> add(x, x) -> relu(x) -> conv(x, 8, 3x3)
    }

    pub Kinds(x: [3, 8, 8]) {
        x -> conv(3x3, 8)
          -> conv(8, 3x3, bias = 1)
          -> conv(8, (3, 3, 3))
          -> conv(8.5, 3x3)
          -> max_pool(2x2, pad = same)
          -> conv(8, 3x3, pad = floor)
          -> conv(true, 3x3, stride = x)
          -> batch_norm(eps = relu)
          -> basic(x)
          -> add(3)
    }

    pub Small(x: [3, 8, 8]) {
        x -> conv(0, 3x3) -> conv(-8, 3x3) -> conv(8, 3x3, stride = 0) -> conv(8, 3x3, stride = (1, 0))
          -> conv(8, (0, 3)) -> max_pool(2x2, pad = -1)
          -> conv(99999999999999999999, 3x3)
    }

    pub Windows(x: [3, 8, 8]) {
        x -> conv(8, 0x3)
          -> conv(8, 3x3, pad = 0x1)
          -> conv(8, 3X3)
          -> conv(8, 3x)
          -> conv(8, 3x3x3)
          -> conv(8, 3xK)
          -> conv(8, KxK)
          -> conv(8, Kx3)
          -> conv(8usize, 3x3)
          -> conv(8, [3, 3])
          -> conv(8, "3x3")
    }
}

fn main() {}
