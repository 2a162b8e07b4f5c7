//! Mistakes in blocks: they are reported there, once, with their uses.
use convoke::network;

network! {
    pub Net(image: [3, 32, 32]) {
        image
            -> conv1: conv(64, 3x3, pad = 1)
            -> layer1: { 3 * basic(64) }
            -> layer2: { basic(128, stride = 2) -> 3 * basic(128) }
            -> flatten
            -> fc: linear(10)
    }

    pub Nested(image: [3, 32, 32]) { image -> features: { relu -> stem(64) } }

    block basic(x, width, stride = 1) {
        x -> conv1: conv(width, 3x3, stride = stride, pad = 1)
          -> conv2: conv(width, 3x3)
          -> add(x)
    }

    block stem(x, width) { x -> deeper: inner(width, 3x3) -> other: inner(width + 1, kernel = 5x5) }

    block inner(x, width, kernel) { x -> conv(width, kernel, groups = 5) }

    pub Other(image: [3, 32, 32]) { image -> odd(stride = 2) -> odd(stride = 3) }

    block odd(x, stride) { x -> conv(4, 2x2, stride = stride, groups = 3) }

    pub Cycle(x: [3, 8, 8]) { x -> first }
    block first(x) { x -> conv(8, 3x3) -> second(2) }
    block second(x, n) { x -> conv(n, 1x1) -> if n > 1 { first } }
    block itself(x) { itself(x) }

    pub Results(x: [3, 8, 8]) { x -> gives_a_number -> gives_two -> 2 * relu }
    block gives_a_number(x) { x.channels }
    block gives_two(x) { (x -> relu, x -> tanh) }
}

fn main() {}
