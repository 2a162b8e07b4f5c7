//! Layers and blocks that give several values, and the layers that rearrange them.
use convoke::network;

network! {
    pub Names(x: [8, 6, 6]) {
        let (a, b, c) = x -> split(2);
        let (d, e) = x -> relu;
        let (f) = x -> halves;
        let g = x -> split([2, 6]) -> relu;
        let h = x -> halves;
        concat(a, b, c, d, e, f, g, h)
    }

    pub Unused(x: [8, 6, 6]) {
        let (a, b) = x -> halves;
        x
    }

    pub Parts(x: [7, 6, 6]) {
        let (a, _) = x -> split(2);
        let (b, _) = x -> split([3, 3]);
        let (c, _) = x -> split(2, axis = 3);
        concat(a, b, c)
    }

    pub Positions(x: [8, 6, 6]) {
        concat(
            x -> slice(0..9),
            x -> slice(4..2, axis = 1),
            x -> slice(-7.., axis = -1),
            x -> slice(0..=3),
            x -> slice(3),
            x -> slice(0..2, axis = -4),
        )
    }

    pub Shapes(x: [8, 6, 6]) {
        concat(
            x -> reshape([8, 6, 5]),
            x -> reshape([5, _, 1]),
            x -> reshape([_, _, 6]),
            x -> reshape(288),
            x -> reshape([]),
        )
    }

    block halves(x) {
        let (a, b) = x -> split(2);
        (left: a, right: b)
    }
}

fn main() {}
