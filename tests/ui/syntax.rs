//! Malformed definitions.
use convoke::network;

network! {
    pub MissingArrow(x: [3, 8, 8]) {
        let a = x conv(8, 3x3) -> relu;
        a -> relu tanh
    }

    pub ArrowAtTheEnd(x: [3, 8, 8]) {
        let a = x -> ;
        let b = x -> { relu -> };
        a -> add(b ->) ->
    }

    pub MissingComma(x: [3, 8, 8] y: [1]) -> [3 8, 8] {
        x -> conv(8 3x3, stride = 2 pad = 1) -> add(y)
    }

    pub Keywords(x: [3, 8, 8], type: [1]) {
        let loop = x -> relu;
        x -> loop: relu -> match -> conv(8, 3x3, type = 3)
    }

    basic(x, width) { x -> conv(width, 3x3) }

    pub block visible(x) { x -> relu }

    fn helper(x) { x -> relu }

    pub Empty(x: [3, 8, 8]) {}

    pub NoResult(x: [3, 8, 8]) { let a = x -> relu; }

    pub Semicolon(x: [3, 8, 8]) { x -> relu; }

    pub MissingSemicolon(x: [3, 8, 8]) {
        let a = x -> relu
        let b = a -> relu;
        add(a, b)
    }

    pub MissingBeforeTheResult(x: [3, 8, 8]) {
        let a = x -> relu
        a -> tanh
    }

    pub MissingEquals(x: [3, 8, 8]) {
        let a x -> relu;
        a -> tanh
    }

    pub MissingColon(x: [3, 8, 8]) {
        x -> layer1 { relu -> tanh } -> conv1 conv(8, 3x3) -> linear 10
    }

    pub Assignment(x: [3, 8, 8]) {
        y = x -> relu;
        add(x, y)
    }

    pub Arrows(x: [3, 8, 8]) { x => relu }

    pub Labels(x: [3, 8, 8]) {
        concat(a: x -> relu, x -> b = relu) -> "c" relu -> d::relu
    }

    pub Groups(x: [3, 8, 8]) { x -> {} -> { -> relu } -> { relu; } -> { x -> relu } }

    pub Repeats(x: [3, 8, 8]) { x -> 3 relu -> 3 * -> 2 + 1 * relu }

    pub Loop(x: [3, 8, 8]) { x -> for i in 3 { relu } -> for in 0..3 { relu } -> for i 0..3 { relu } }

    pub Sizes(x: [], y: [1, 3, 8, 8], z: 3) { add(x, y) -> add(z) }

    pub NoInput() { relu }

    pub Typed(x: [3, 8, 8]) { let n: usize = 3; x -> conv(n, 3x3) }

    const TYPED: usize = 3;

    block no_flow() { 3 }

    block typed(x: Map, n: usize) -> Map { x -> conv(n, 3x3) }

    pub Methods(x: [3, 8, 8]) { x.relu() }

    pub Documented(x: [3, 8, 8]) {
        /// The stem.
        x -> relu
    }

    pub NoBody(x: [3, 8, 8]);

    pub NoSizes(x) { x -> relu }

    #[cfg(test)]
    pub Conditional(x: [3, 8, 8]) { x -> relu }

    #[inline]
    block attributed(x) { x -> relu }

    weights = "file";
    size = 3;
}

network! {}

network! { struct Net; }

network! { pub }

fn main() {}
