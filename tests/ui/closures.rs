//! Closures that are no expressions of elements, each with what to write instead.

convoke::network! {
    const MISH = |x| x * tanh(ln(1.0 + exp(x)));

    pub Functions(x: [4], y: [4]) {
        let a = x -> map(|x| relu(x)) -> map(|x| cosine(x)) -> map(|x| tahn(x)) -> map(|x| log(x));
        let b = y -> map(|x| max(x)) -> map(|x| clamp(x, low = 0.0, high = 1.0)) -> map(|x| x.max(0.0)) -> map(|x| x.powi(2));
        a -> map(b, |a, b| a + z) -> map(|x| x + y) -> map(|x| x -> relu) -> map(|x| x.channels)
    }

    pub Numbers(x: [4]) {
        let a = x -> map(|x| x * (1 / 2)) -> map(|x| x % 2) -> map(|x| x as f32) -> map(|x| x & 1) -> map(|x| x * 1e40);
        let b = a -> map(|x| x < 1.0) -> map(|x| if x { 1.0 } else { 0.0 }) -> map(|x| if x > 0.0 { x }) -> map(|x| (x, x));
        b -> map(|x| 1.0f32 * x) -> map(|x| if x + 1.0 { x } else { 0.0 }) -> map(|x| tanh)
    }

    pub Parameters(x: [4], y: [5]) {
        let a = x -> map(|| 1.0) -> map(move |x| x) -> map(|x: f32| x) -> map(|x| -> f32 { x }) -> map(|x, x| x);
        let b = a -> map(|x, y| x * y) -> map(a, |x| x) -> map(|_x| 0.5) -> map(|unused| 0.5) -> map(|x| x, a);
        b -> map(y, |x, y| x * y) -> map(b) -> map -> map(MISH, 3) -> relu(MISH) -> map(|x| x * MISH)
    }

    pub Nested(x: [4]) {
        x -> map(|x| |y| y) -> map(|x| { let y = x; }) -> map(|x| { x; }) -> map(|x| x * )
    }
}

fn main() {}
