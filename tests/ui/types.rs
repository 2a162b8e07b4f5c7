//! Inputs and outputs are types: a wrong size does not compile.
use convoke::{Map, Vector, network};

network! {
    pub Net(image: [1, 32, 32]) -> [10] { image -> flatten -> linear(10) }
}

const _: () = assert!(Net::PARAMETERS == 10);

fn main() {
    let net = Net::random(1);
    let mut session = net.session();
    let _ = session.run(&Map::<3, 32, 32>::zeros());
    let _: &Vector<12> = session.run(&Map::zeros()).unwrap();
}
