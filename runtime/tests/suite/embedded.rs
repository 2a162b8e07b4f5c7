//! Weights that are part of the program. `data/small.safetensors` is `Loaded::random(42)`, saved.

use crate::common::Folder;
use convoke::{Map, network};

network! {
    /// With its weights.
    pub Embedded(image: [1, 6, 6]) {
        weights = "tests/data/small.safetensors";
        image -> conv1: conv(2, 3x3, bias = false) -> bn1: batch_norm -> relu -> max_pool(2x2) -> flatten -> fc: linear(3)
    }

    /// The same, to be loaded.
    pub Loaded(image: [1, 6, 6]) {
        image -> conv1: conv(2, 3x3, bias = false) -> bn1: batch_norm -> relu -> max_pool(2x2) -> flatten -> fc: linear(3)
    }
}

#[test]
fn embedded_weights_are_those_of_the_file() {
    let image = Map::from_fn(|_, y, x| ((y * 5 + x * 3) % 7) as f32 - 3.0);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/small.safetensors");
    let mut embedded = Embedded::new().session();
    let expected = embedded.run(&image).unwrap();
    assert_eq!(Loaded::load(file).unwrap().session().run(&image).unwrap(), expected);
}

#[test]
fn random_weights_are_the_same_in_every_version() {
    let folder = Folder::new();
    let path = folder.file("random.safetensors");
    Loaded::random(42).save(&path).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/small.safetensors");
    assert_eq!(std::fs::read(path).unwrap(), std::fs::read(file).unwrap());
}
