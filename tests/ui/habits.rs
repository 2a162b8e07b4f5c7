//! What people write who come from Rust, Python or PyTorch.
use convoke::network;

network! {
    pub Methods(image: [1, 32, 32]) { image -> conv(6, 5x5).tanh() }

    pub NoSource(image: [1, 32, 32]) { conv(6, 5x5) -> add(image) }

    pub Positions(image: [1, 32, 32]) { image -> conv(6, 5, 5) }

    pub Returns(image: [1, 32, 32]) { return image -> relu }

    pub Mutable(image: [1, 32, 32]) { let mut a = image -> relu; a }

    pub Sum(image: [1, 32, 32]) { let a = image -> tanh; a + image }

    pub SumOfChains(image: [1, 32, 32]) { image -> conv(1, 1x1) + image }

    pub Spaces(image: [1, 32, 32]) { image -> conv(6, 5 x 5) }

    pub Equals(image: [1, 32, 32]) { image -> if (image.channels = 1) { relu } }

    pub GroupTimes(image: [1, 32, 32]) { image -> 3 * { conv(1, 1x1) -> relu } }

    pub Sequential(image: [1, 32, 32]) { image -> { conv(1, 1x1), relu } }

    pub LetInGroup(image: [1, 32, 32]) { image -> for i in 0..3 { let y = i; conv(y, 1x1) } }

    pub Map(image: Map<1, 32, 32>) -> Vector<10> { image -> relu }

    pub Arguments(image: [1, 32, 32], classes = 10) { image -> flatten -> linear(classes) }

    network Named(image: [1, 32, 32]) { image -> relu }

    pub Generic<T>(image: [1, 32, 32]) { image -> relu }

    pub Bare { image -> relu }

    static N = 3;

    const UNENDED = 3
}

fn main() {}
