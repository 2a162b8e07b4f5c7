//! What there are two of, and what is never used.
use convoke::network;

network! {
    pub Tensors(x: [3, 8, 8]) {
        x -> a: conv(8, 3x3)
          -> a: conv(8, 3x3)
          -> { conv(8, 1x1) }
          -> layer1: { conv(8, 1x1) -> batch_norm }
          -> layer1: { conv(8, 1x1) -> batch_norm }
          -> for i in 0..3 { b: conv(i + 1, 1x1) }
    }

    pub InPlace(x: [3, 8, 8]) {
        let a = unit(x, 8);
        let b = unit(x, 8);
        concat(a, b)
    }

    pub Chains(x: [3, 8, 8]) {
        concat(x -> conv(8, 1x1), x -> conv(8, 1x1))
    }

    pub Unused(x: [3, 8, 8], mask: [3, 8, 8], _meant: [2]) {
        let y = x -> relu;
        x -> relu
    }

    block unit(x, n) { x -> conv(n, 1x1) }
    block unit(x, n) { x -> conv(n, 3x3) }
    block relu(x) { x -> tanh }
    block ignores(x, n, n) { x -> conv(n, 1x1) }
    block starts_anew(x, y) { y -> tanh }

    const N = 3;
    const N = 4;

    pub Unused(x: [3, 8, 8]) { x -> conv(N, 1x1) }

    pub Inputs(x: [3, 8, 8], x: [1]) { x -> linear(N) }

    pub Outputs(x: [3, 8, 8]) -> (a: [3, 8, 8], b: [3, 8, 8]) { (a: x, c: x -> relu) }

    pub SameOutputs(x: [3, 8, 8]) { (a: x, a: x -> relu) }
}

fn main() {}
