use convoke::network;

network! {
    pub Wrong(image: [3, 7, 7]) {
        image
            -> conv1: conv(10, 3x3, stride = 3) -> relu
            -> max_pol(2x2) -> flatten
            -> fc: linear(4)
    }
}

fn main() {}
