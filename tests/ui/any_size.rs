//! Sizes that are known only when a network is bound: what can never hold, and what has to be known.

use convoke::network;

network! {
    round = floor;

    pub NeverEqual(image: [3, H, W]) where H % 2 == 1 {
        let halved = image -> max_pool(2x2) -> upsample(2);
        add(image, halved)
    }

    pub TooSmall(image: [3, H, W]) where H <= 4 {
        image -> conv1: conv(8, 5x5)
    }

    pub Unknown(image: [3, H, 8]) {
        image -> conv1: conv(8, 3x3) -> flatten -> fc: linear(10)
    }

    pub Declared(image: [3, H, W]) -> [3, H / 2, W] {
        image -> avg_pool((2, 1), round = ceil)
    }

    pub Undecided(image: [3, H, W]) {
        if image.height > 8 { image -> relu } else { image -> tanh }
    }

    pub Argument(image: [3, H, W]) {
        image -> conv1: conv(W, 1x1)
    }

    pub Impossible(image: [3, H, W]) where H >= 8, H < 8 {
        image -> relu
    }

    pub NoCondition(image: [3, H, W]) where H, 3 > 2 {
        image -> relu
    }

    pub Doubled(image: [3, 2 * H, W]) where H >= 1 {
        image -> relu
    }
}

fn main() {
    // The types are there, whatever is wrong.
    let net = NeverEqual::random(0);
    let _ = net.bind(&[32, 32]);
    let _ = TooSmall::SYMBOLS;
}
