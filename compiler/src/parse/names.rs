//! The names of a state dict: paths while a network is evaluated, and which names are taken. Floor 10.

use super::syntax::Place;
use std::collections::HashMap;

/// Where the evaluation stands: the path of names, and the places that led there, blocks included.
#[derive(Clone, Default)]
pub struct Trail {
    path: String,
    places: Vec<Place>,
}

/// What [`Trail::leave`] goes back to.
pub struct Left {
    path_len: usize,
    n_places: usize,
}

impl Trail {
    /// The path of names: `layer2.0.conv1`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The places that led to one of them.
    pub fn places_before(&self, place: Place) -> &[Place] {
        let n = self.places.iter().position(|on_trail| on_trail.id == place.id).unwrap_or(self.places.len());
        &self.places[..n]
    }

    /// Into a stage.
    pub fn enter(&mut self, component: &str, place: Place) -> Left {
        let left = self.pass(place);
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path += component;
        left
    }

    /// Into something without a name of its own: a block that is called, a layer.
    pub fn pass(&mut self, place: Place) -> Left {
        let left = Left { path_len: self.path.len(), n_places: self.places.len() };
        self.places.push(place);
        left
    }

    /// Back to where [`Trail::enter`] or [`Trail::pass`] was called.
    pub fn leave(&mut self, left: Left) {
        self.path.truncate(left.path_len);
        self.places.truncate(left.n_places);
    }
}

/// The names that are taken.
#[derive(Default)]
pub struct Names {
    taken: HashMap<String, Vec<Place>>,
}

/// A name that is taken.
pub struct Again {
    /// The token that tells the two apart, at the second.
    pub place: Place,
    /// Which name, and where the first is.
    pub message: String,
}

impl Names {
    /// Takes the name of a tensor of `layer`, which is the end of the trail.
    pub fn add(&mut self, name: String, trail: &Trail, layer: Place) -> Result<(), Again> {
        let Some(first) = self.taken.get(&name) else {
            self.taken.insert(name, trail.places.clone());
            return Ok(());
        };
        let differ = first.iter().zip(&trail.places).find(|(first, second)| first.id != second.id);
        Err(match differ {
            Some((first, second)) => Again {
                place: *second,
                message: format!(
                    "there is a second `{name}`; the first is made on line {}\nhelp: give one of them a name of its own: `-> name: …`",
                    first.line()
                ),
            },
            None => Again {
                place: trail.places.iter().rev().nth(1).copied().unwrap_or(layer),
                message: format!(
                    "there is a second `{name}`: each round of the loop makes one\nhelp: put the loop's variable into the name: `\"name{{i}}\": …`"
                ),
            },
        })
    }
}
