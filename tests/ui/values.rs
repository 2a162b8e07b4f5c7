//! Arithmetic, conditions and loops, all evaluated while compiling.
use convoke::network;

network! {
    const ZERO = 0;
    const HUGE = 1000000 * 1000000 * 1000000;
    const LAYER = conv(3, 3x3);
    const LATER = SOONER + 1;
    const SOONER = 1;

    pub Arithmetic(x: [3, 8, 8]) {
        x -> conv(x.channels / ZERO, 3x3)
          -> conv(8 % (ZERO * 2), 3x3)
          -> conv(HUGE, 3x3)
          -> conv(3x3 + 1, 3x3)
          -> conv(2 + true, 3x3)
          -> conv(!3, -true)
          -> conv(1.5 * 2, 3x3)
          -> conv(LATER, 1x1)
    }

    pub Conditions(x: [3, 8, 8]) {
        let a = if x.channels { x } else { x -> relu };
        let b = if x == a { x } else { a };
        let c = if 1 < 2 < 3 { b } else { a };
        let d = if true { c };
        d -> if 3 && true { relu } -> if 3x3 == 3 { relu } -> if floor == ceil { relu }
    }

    pub Loops(x: [3, 8, 8]) {
        x -> for i in 0..3x3 { relu }
          -> (0 - 1) * unit
          -> true * unit
          -> for i in 0..2 { "{x}": relu -> "a{i + 1}": tanh -> "a.b": tanh -> "open{": tanh }
    }

    pub Flow(x: [3, 8, 8]) {
        let n = 3;
        n -> relu -> add(n.channels)
    }

    block unit(x) { x -> relu }
}

network! {
    pub Endless(x: [3, 8, 8]) { x -> for i in 0..1000000000 { relu } }
    pub Idle(x: [3, 8, 8]) { x -> for i in 0..1000000000 { if i < 0 { relu } } }
}

fn main() {}
