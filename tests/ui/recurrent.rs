//! Recurrent layers, where something is wrong.
use convoke::network;

network! {
    pub OfMap(x: [8, 1, 20]) {
        x -> lstm(16)
    }

    pub OfVector(x: [20]) {
        x -> gru(16)
    }

    pub Elsewhere(x: [20, 8]) {
        x -> a: lstm(hidden_size = 16) -> b: rnn(16, num_layers = 2) -> c: gru(16, batch_first = true)
    }

    pub Arguments(x: [20, 8]) {
        x -> a: rnn(16, nonlinearity = sigmoid) -> b: lstm(16, proj_size = 16) -> c: gru(16, dropout = 2.0)
            -> d: gru(0) -> e: rnn(4, layers = 100) -> f: gru(16, proj_size = 4)
    }

    pub ThreeOfTwo(x: [20, 8]) {
        let (y, h, c) = x -> gru(16);
        concat(y, h, c)
    }

    pub Sizes(x: [20, 8]) {
        let (y, h, c) = x -> lstm(16, layers = 2, bidirectional = true);
        (y -> add(h), c -> add(h) -> linear(8) -> add(x))
    }

    pub States(x: [20, 8], h: [2, 16], c: [2, 16]) {
        let a = x -> lstm(16, h0 = h, c0 = c);
        let b = x -> lstm(16, h0 = h, bidirectional = true);
        let d = x -> gru(16, h0 = 0, bidirectional = true);
        concat(a, b, d)
    }

    pub Axis(x: [20, 8]) {
        x -> softmax(axis = 2)
    }
}

fn main() {}
